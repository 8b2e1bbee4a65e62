/** The package as npm publishes it, installed into an empty project: what is in it, how it loads, and how it does without its binary. */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { model, node as onnxNode } from '../network/onnx/model.js';
import { built, root } from '../support/built.js';

const folder = mkdtempSync(join(tmpdir(), 'atrous-package-'));
const template = join(folder, 'template');
/** A command of the repository's own devDependencies. */
const tool = (name: string): string => join(root, 'node_modules/.bin', name);

const environment = { ...process.env, ATROUS_BACKEND: '', ATROUS_ISA: '', ATROUS_REQUIRE_NATIVE: '' };

let tarball: string;
let packed: string[];

beforeAll(() => {
  // What `npm pack` runs first, less the second build of dist/, which other tests are loading.
  execFileSync(process.execPath, [built('cli.js'), 'build'], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  const report = execFileSync('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [entry] = JSON.parse(report) as [{ filename: string; files: { path: string }[] }];
  tarball = join(folder, entry.filename);
  packed = entry.files.map(({ path }) => path);

  cpSync(join(root, 'test/packaging/consumer'), template, { recursive: true });
  writeFileSync(join(template, 'package.json'), '{ "private": true }\n');
  execFileSync('npm', ['install', '--offline', '--ignore-scripts', '--no-audit', '--no-fund', tarball], {
    cwd: template,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** A project with the package installed, for one test to spoil. */
function project(): string {
  const path = mkdtempSync(join(folder, 'project-'));
  cpSync(template, path, { recursive: true, verbatimSymlinks: true });
  return path;
}

const binaries = (path: string): string[] =>
  readdirSync(join(path, 'node_modules/atrous/prebuilds')).map((name) => join(path, 'node_modules/atrous/prebuilds', name));

function node(path: string, script: string, extra: Record<string, string> = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [script], {
    cwd: path,
    encoding: 'utf8',
    env: { ...environment, ...extra },
  });
  return { status, stdout, stderr };
}

describe('the tarball', () => {
  it('holds what a user needs', () => {
    for (const path of [
      'dist/index.js',
      'dist/index.cjs',
      'dist/index.d.ts',
      'dist/index.d.cts',
      'dist/cli.js',
      'LICENSE',
      'CHANGELOG.md',
      'README.md',
    ]) {
      expect(packed).toContain(path);
    }
    expect(packed.filter((path) => path.startsWith('prebuilds/'))).toHaveLength(1);
  });

  it('holds what `atrous build` needs, and not at its root, where package managers would compile unasked', () => {
    expect(packed).toEqual(
      expect.arrayContaining(['native/binding.gyp', 'native/sources.gypi', 'native/addon/addon.cpp', 'native/isa/list.inc']),
    );
    expect(packed).not.toContain('binding.gyp');
  });

  it('holds nothing else', () => {
    for (const path of packed) expect(path).toMatch(/^(dist|native|prebuilds)\/|^(package\.json|LICENSE|README\.md|CHANGELOG\.md)$/);
    for (const path of packed) expect(path).not.toMatch(/probe|CMakeLists|\.o$|\.test\.|(?<!\.d)\.ts$/);
  });

  it('has no install script', () => {
    const { scripts, dependencies, gypfile } = JSON.parse(
      readFileSync(join(template, 'node_modules/atrous/package.json'), 'utf8'),
    ) as Record<string, Record<string, string> | false>;
    for (const name of ['preinstall', 'install', 'postinstall']) expect(scripts).not.toHaveProperty(name);
    expect({ dependencies, gypfile }).toEqual({ dependencies: undefined, gypfile: false });
  });

  it('is clean to publint', () => {
    const { status, stdout, stderr } = spawnSync(tool('publint'), ['run', tarball, '--strict'], { cwd: root, encoding: 'utf8' });
    expect(status, stdout + stderr).toBe(0);
  });

  it('resolves with types under node10, node16 (import and require) and bundlers', () => {
    const { status, stdout, stderr } = spawnSync(tool('attw'), [tarball, '--no-definitely-typed', '--no-emoji', '--format', 'ascii'], {
      cwd: root,
      encoding: 'utf8',
    });
    expect(status, stdout + stderr).toBe(0);
  });

  it.each([
    ['import, node16', 'node16', 'node16', 'types.mts'],
    ['require, node16', 'node16', 'node16', 'types.cts'],
    ['import, nodenext', 'nodenext', 'nodenext', 'types.mts'],
    ['bundler', 'esnext', 'bundler', 'types.mts'],
  ])('type-checks a strict consumer: %s', (_, module, resolution, file) => {
    const options = [
      '--noEmit',
      '--strict',
      '--exactOptionalPropertyTypes',
      '--target',
      'es2022',
      '--module',
      module,
      '--moduleResolution',
      resolution,
    ];
    const { status, stdout } = spawnSync(tool('tsc'), [...options, file], { cwd: template, encoding: 'utf8' });
    expect(stdout).toBe('');
    expect(status).toBe(0);
  });
});

describe.each(['import.mjs', 'require.cjs'])('%s', (script) => {
  it('computes with the native backend', () => {
    const { status, stdout, stderr } = node(template, script);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({ result: [7, 10, 13], backend: 'native' });
  });

  it('computes in pure TypeScript where there is no binary, with one warning', () => {
    const path = project();
    for (const binary of binaries(path)) rmSync(binary);
    const { status, stdout, stderr } = node(path, script);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      result: [7, 10, 13],
      backend: 'typescript',
      loadError: expect.stringContaining('no binary') as string,
    });
    expect(stderr.match(/\[ATROUS_NO_NATIVE\]/g)).toHaveLength(1);
  });

  it('fails where there is no binary and ATROUS_REQUIRE_NATIVE=1', () => {
    const path = project();
    for (const binary of binaries(path)) rmSync(binary);
    const { status, stderr } = node(path, script, { ATROUS_REQUIRE_NATIVE: '1' });
    expect(status).toBe(1);
    expect(stderr).toContain('ERR_ATROUS_NATIVE_UNAVAILABLE');
  });

  it.each([
    ['is no binary', () => Buffer.from('not a binary')],
    ['is made for another processor', (binary: Buffer) => Buffer.concat([binary.subarray(0, 18), Buffer.of(0xff), binary.subarray(19)])],
  ])('reports a binary that %s, and computes in pure TypeScript', (_, spoil) => {
    const path = project();
    for (const binary of binaries(path)) writeFileSync(binary, spoil(readFileSync(binary)));
    const { status, stdout, stderr } = node(path, script);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      result: [7, 10, 13],
      backend: 'typescript',
      loadError: expect.stringContaining('.node') as string,
    });
    expect(stderr.match(/\[ATROUS_NO_NATIVE\].*\.node/g)).toHaveLength(1);
    expect(node(path, script, { ATROUS_REQUIRE_NATIVE: '1' })).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('.node') as string,
    });
  });
});

describe('both module systems in one process', () => {
  it('warn once together', () => {
    const path = project();
    for (const binary of binaries(path)) rmSync(binary);
    const { status, stderr } = node(path, 'both.mjs');
    expect(status).toBe(0);
    expect(stderr.match(/\[ATROUS_NO_NATIVE\]/g)).toHaveLength(1);
  });
});

describe('the installed command', () => {
  const run = (path: string, args: readonly string[]) =>
    // Whether it compiles is asked here, not how fast it is: optimised, a build takes minutes.
    spawnSync(join(path, 'node_modules/.bin/atrous'), args, { cwd: path, encoding: 'utf8', env: { ...environment, CXXFLAGS: '-O0' } });

  it('runs', () => {
    const { status, stdout } = run(template, ['info', '--json']);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ backend: 'native' });
  });

  it('builds the binary from the sources in the package', ({ skip }) => {
    const { status: unreachable } = spawnSync('npm', ['view', 'node-addon-api', 'version'], { cwd: root });
    if (unreachable !== 0) {
      process.stderr.write('SKIPPED: `atrous build` fetches node-gyp, and the npm registry does not answer\n');
      skip();
    }
    const path = project();
    for (const binary of binaries(path)) rmSync(binary);
    const { status, stdout, stderr } = run(path, ['build', '--json']);
    expect(status, stderr).toBe(0);
    const { binary, isas } = JSON.parse(stdout) as { binary: string; isas: string[] };
    expect(isas.at(-1)).toBe('scalar');
    expect(binary).toContain('node_modules/atrous/build/Release');
    expect(JSON.parse(node(path, 'import.mjs').stdout)).toMatchObject({ result: [7, 10, 13], backend: 'native' });
  }, 600_000);
});

describe.each([
  ['import.mjs', "import { fromOnnx } from 'atrous'; import { readFileSync } from 'node:fs';"],
  ['require.cjs', "const { fromOnnx } = require('atrous'); const { readFileSync } = require('node:fs');"],
])('fromOnnx, %s', (kind, imports) => {
  const run = (path: string) => {
    const bytes = model({ inputs: { x: [1, 1, 4] }, nodes: [onnxNode('Relu', ['x'], ['y'])] });
    writeFileSync(join(path, 'model.onnx'), bytes);
    const script = `onnx-${kind}`;
    const body =
      "try { console.log(fromOnnx(readFileSync('model.onnx')).outputDims([1, 1, 4]).join()); } catch ({ code, message }) { console.log(code, message); }";
    writeFileSync(join(path, script), `${imports}\n${body}\n`);
    return node(path, script);
  };

  it('reads a model where its optional dependency is installed', () => {
    const path = project();
    cpSync(join(root, 'node_modules/@bufbuild'), join(path, 'node_modules/@bufbuild'), { recursive: true });
    expect(run(path)).toEqual({ status: 0, stdout: '1,1,4\n', stderr: '' });
  });

  it('says what to install where it is not', () => {
    const path = project();
    rmSync(join(path, 'node_modules/@bufbuild'), { recursive: true, force: true });
    const { stdout } = run(path);
    expect(stdout).toContain('ERR_ATROUS_MISSING_PACKAGE fromOnnx needs the package @bufbuild/protobuf');
    expect(stdout).toContain('npm install @bufbuild/protobuf');
  });
});
