/**
 * The loader, alone in folders made for it: its file one folder below a package root that holds no binary, a broken one, or the real one.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { afterEach, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const transpile = (path: string): string =>
  ts.transpileModule(readFileSync(join(root, path), 'utf8'), {
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
  }).outputText;
const loader: Files = {
  'package.json': '{ "type": "module" }',
  'lib/addon.mjs': transpile('lib/addon.ts'),
  'lib/platform.js': transpile('lib/platform.ts'),
};
const realBinary = join(root, 'build/Release/atrous.node');

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/** By path: the content of a file, or the file to copy there. */
type Files = Readonly<Record<string, string | { readonly copyOf: string }>>;

interface Loaded {
  readonly isas?: string[];
  readonly message?: string;
  readonly code?: string;
  readonly isError: boolean;
  readonly same: boolean;
}

/** What loadAddon() gives in a package of these files, in a process of its own that starts with `prelude`. */
function load(files: Files, prelude = ''): Loaded {
  const folder = mkdtempSync(join(tmpdir(), 'atrous-loader-'));
  folders.push(folder);
  const all: Files = { ...loader, ...files };
  for (const [path, content] of Object.entries(all)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    if (typeof content === 'string') writeFileSync(join(folder, path), content);
    else copyFileSync(content.copyOf, join(folder, path));
  }
  const script = `${prelude}
    const { loadAddon } = await import('./lib/addon.mjs');
    const { addon, loadError } = loadAddon();
    const same = loadAddon().addon === addon && loadAddon().loadError === loadError;
    console.log(JSON.stringify({ isas: addon?.isas, message: loadError?.message, code: loadError?.code, isError: loadError instanceof Error, same }));`;
  const output = execFileSync(process.execPath, ['--input-type=module', '--eval', script], { cwd: folder, encoding: 'utf8' });
  const result = JSON.parse(output) as Loaded;
  expect(result.same, 'loads once').toBe(true);
  expect(result.isError).toBe(result.isas === undefined);
  return result;
}

const pretend = (platform: string, arch: string) =>
  `Object.defineProperty(process, 'platform', { value: '${platform}' }); Object.defineProperty(process, 'arch', { value: '${arch}' });`;

describe('loadAddon', () => {
  it('finds nothing in an empty package, and says for what', () => {
    expect(load({}, pretend('linux', 'riscv64')).message).toMatch(/^there is no binary for linux-riscv64/);
    expect(load({}, pretend('darwin', 'arm64')).message).toMatch(/^there is no binary for darwin-arm64/);
  });

  it('takes a Linux without glibc for musl', () => {
    const musl = `process.report.getReport = () => ({ header: {} });`;
    expect(load({}, pretend('linux', 'x64') + musl).message).toMatch(/^there is no binary for linux-x64-musl/);
    const glibc = `process.report.getReport = () => ({ header: { glibcVersionRuntime: '2.36' } });`;
    expect(load({}, pretend('linux', 'x64') + glibc).message).toMatch(/^there is no binary for linux-x64:/);
  });

  it('reports a broken binary instead of passing over it', () => {
    const broken = 'not a shared library';
    expect(load({ 'prebuilds/win32-x64.node': broken }, pretend('win32', 'x64'))).toMatchObject({
      code: 'ERR_DLOPEN_FAILED',
      message: expect.stringMatching(/prebuilds.win32-x64\.node/) as string,
    });
    const both = { 'build/Release/atrous.node': broken, 'prebuilds/win32-x64.node': 'also broken' };
    expect(load(both, pretend('win32', 'x64'))).toMatchObject({
      code: 'ERR_DLOPEN_FAILED',
      message: expect.stringMatching(/build.Release.atrous\.node/) as string,
    });
  });

  const built = existsSync(realBinary);
  if (!built) console.warn('SKIPPED: loading a real binary, build/Release/atrous.node is missing (npm run build:native)');

  it.skipIf(!built).each([
    ['of this machine’s own build', 'build/Release/atrous.node', ''],
    ['made for a platform', 'prebuilds/win32-x64.node', pretend('win32', 'x64')],
    ['made for musl', 'prebuilds/linux-arm64-musl.node', `${pretend('linux', 'arm64')} process.report.getReport = () => ({ header: {} });`],
  ])('loads a binary %s', (_, path, prelude) => {
    expect(load({ [path]: { copyOf: realBinary } }, prelude).isas).toContain('scalar');
  });

  it.skipIf(!built)('prefers the own build', () => {
    const files = { 'build/Release/atrous.node': { copyOf: realBinary }, 'prebuilds/win32-x64.node': 'broken' };
    expect(load(files, pretend('win32', 'x64')).isas).toContain('scalar');
  });
});
