/** The plan of the house, checked: imports and #includes point downward, and each rule of the layers holds. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

function filesUnder(folder: string, ending: RegExp): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((path) => join(folder, path))
    .filter((path) => ending.test(path) && !path.includes('node_modules'))
    .sort();
}

const read = (path: string): string => readFileSync(join(root, path), 'utf8');

describe('lib', () => {
  // From the bottom up; a file belongs to the first layer that names it or its folder. A file may import its own layer and those below.
  const layers: readonly (readonly [name: string, members: RegExp])[] = [
    ['types and errors', /^lib\/(types|errors|typed-array)\.ts$/],
    ['geometry and validation', /^lib\/(geometry\/|receptive-field\/|(validate|tensor|environment)\.ts$)/],
    ['native binary', /^lib\/(addon|platform)\.ts$/],
    ['backends', /^lib\/backend\//],
    ['concepts', /^lib\/(?!index\.ts$)[^/]+\.ts$|^lib\/network\//],
    ['package root', /^lib\/index\.ts$/],
    ['command line', /^lib\/cli\//],
  ];
  const layerOf = (path: string): number => layers.findIndex(([, members]) => members.test(path));

  const files = filesUnder('lib', /\.ts$/);
  const imports = new Map(
    files.map((file) => {
      const targets = ts
        .preProcessFile(read(file))
        .importedFiles.map(({ fileName }) => fileName)
        .filter((name) => name.startsWith('.') && name.endsWith('.js'))
        .map((name) => normalize(join(dirname(file), name.replace(/\.js$/, '.ts'))));
      return [file, targets];
    }),
  );

  it.each(files)('%s imports only its own layer and those below', (file) => {
    expect(layerOf(file), 'the file belongs to a layer').toBeGreaterThanOrEqual(0);
    for (const target of imports.get(file)!) {
      // The command carries the benchmark with it.
      if (file === 'lib/cli/bench.ts' && target === 'bench/run.ts') continue;
      expect(existsSync(join(root, target)), `${target} exists`).toBe(true);
      expect(layerOf(target), `${target} belongs to lib`).toBeGreaterThanOrEqual(0);
      expect(layerOf(target), `${file} (${layers[layerOf(file)]?.[0]}) → ${target} (${layers[layerOf(target)]?.[0]})`).toBeLessThanOrEqual(
        layerOf(file),
      );
    }
  });

  it('has no circle of imports', () => {
    const done = new Set<string>();
    const visit = (file: string, path: readonly string[]): void => {
      expect(path, 'a circle of imports').not.toContain(file);
      if (done.has(file)) return;
      for (const target of imports.get(file) ?? []) visit(target, [...path, file]);
      done.add(file);
    };
    files.forEach((file) => {
      visit(file, []);
    });
  });

  it('reaches the native binary through its backend and features() only', () => {
    const importers = files.filter((file) => imports.get(file)!.includes('lib/addon.ts'));
    for (const file of importers) expect(file).toMatch(/^lib\/(backend\/|features\.ts$)/);
  });

  it('uses its public face from the command line only', () => {
    for (const file of files) if (imports.get(file)!.includes('lib/index.ts')) expect(file).toMatch(/^lib\/cli\//);
  });
});

describe('native', () => {
  const files = filesUnder('native', /\.(cpp|hpp|inc)$/);
  const layers = ['vec', 'kernels', 'isa', 'plan', 'addon'];
  // The probe stands beside the addon: a second way in, for tests.
  const layerOf = (path: string): number =>
    path.startsWith('native/probe/') ? layers.indexOf('addon') : layers.indexOf(path.split('/')[1]!);
  const includes = (path: string): string[] => [...read(path).matchAll(/^\s*#\s*include\s*([<"][^>"]+[>"])/gm)].map(([, name]) => name!);
  const own = (names: string[]): string[] => names.filter((name) => name.startsWith('"')).map((name) => `native/${name.slice(1, -1)}`);
  const system = (names: string[]): string[] => names.filter((name) => name.startsWith('<')).map((name) => name.slice(1, -1));

  const sources = JSON.parse(read('native/sources.gypi')) as { variables: Record<string, string[]> };
  const isas = ['isas_any', 'isas_x64', 'isas_arm64'].flatMap((list) => sources.variables[list]!);
  const isaFiles = isas.map((isa) => `native/isa/${isa}.cpp`);

  it.each(files)('%s includes only its own layer and those below', (file) => {
    expect(layerOf(file), 'the file belongs to a layer').toBeGreaterThanOrEqual(0);
    for (const target of own(includes(file))) {
      expect(files, `${target}, included from native/`).toContain(target);
      // One list of names: the table declares a constant for each row, which gives the three-line files their external symbol.
      if (file === 'native/kernels/table.hpp' && target === 'native/isa/list.inc') continue;
      expect(layerOf(target), `${file} → ${target}`).toBeLessThanOrEqual(layerOf(file));
    }
  });

  it('speaks N-API in the addon and the probe only', () => {
    for (const file of files) {
      if (system(includes(file)).some((name) => /napi|node_api/.test(name))) expect(file).toMatch(/^native\/(addon|probe)\//);
    }
  });

  it.each(isaFiles)('%s reaches nothing that could leave a shared symbol behind', (file) => {
    const reached = new Set<string>([file]);
    for (const path of reached) {
      const names = includes(path);
      for (const name of system(names)) expect(name, `included by ${path}`).toMatch(/^(cstddef|cstdint|[exi]mmintrin\.h|arm_neon\.h)$/);
      for (const target of own(names)) {
        expect(target, `included by ${path}`).toMatch(/^native\/(kernels|vec)\/|^native\/isa\/list\.inc$/);
        reached.add(target);
      }
    }
    expect(
      [...reached].filter((path) => path.startsWith('native/vec/')),
      'one vector type',
    ).toEqual([`native/vec/${basename(file, '.cpp')}.hpp`]);
  });

  it('knows several instruction sets in native/isa only', () => {
    for (const file of files) {
      if (isaFiles.includes(file)) continue;
      expect(
        own(includes(file)).filter((target) => target.startsWith('native/vec/') && !file.startsWith('native/probe/')),
        file,
      ).toEqual([]);
    }
  });

  it('has one row, one vector type and one three-line file for each instruction set', () => {
    const rows = [...read('native/isa/list.inc').matchAll(/^ATROUS_ISA\((\w+)\)/gm)].map(([, name]) => name!);
    expect([...rows].sort()).toEqual([...isas].sort());
    expect(filesUnder('native/vec', /\.hpp$/)).toEqual(isas.map((isa) => `native/vec/${isa}.hpp`).sort());
    for (const isa of isas) {
      expect(sources.variables[`${isa}_sources`]).toEqual([`native/isa/${isa}.cpp`]);
      expect(read('binding.gyp'), 'a target').toContain(`'target_name': '${isa}'`);
    }
  });

  it('compiles every source: sources.gypi lists each once', () => {
    const listed = Object.entries(sources.variables).flatMap(([name, list]) => (name.endsWith('_sources') ? list : []));
    expect([...listed].sort()).toEqual(filesUnder('native', /\.cpp$/));
  });

  it('never trades IEEE arithmetic or separate object files for speed', () => {
    const flags = Object.entries(sources.variables).flatMap(([name, list]) => (name.endsWith('_flags') ? list : []));
    expect(flags).toContain('-ffp-contract=off');
    for (const flag of flags) expect(flag).not.toMatch(/fast-math|Ofast|unsafe-math|flto|fp:fast/);
  });
});

describe('tests', () => {
  // The table, the list of its entries, unrolled loops, constants of shuffles and prefetches compute nothing of their own.
  const frames = ['table', 'all', 'unroll', 'with_unit', 'prefetch'];
  const kernels = filesUnder('native/kernels', /\.hpp$/)
    .map((path) => basename(path, '.hpp'))
    .filter((name) => !frames.includes(name));
  const tests = filesUnder('test', /\.test\.ts$/)
    .filter((path) => path !== 'test/architecture.test.ts')
    .map((path) => `${path}\n${read(path)}`)
    .join('\n');

  it.each(kernels)('name the kernel %s', (name) => {
    expect(new RegExp(`\\b${name.replaceAll('_', '[-_ ]')}`, 'i').test(tests), `a test that names ${name}`).toBe(true);
  });
});

describe('names and openings', () => {
  const files = ['lib', 'native', 'bench', 'test'].flatMap((folder) => filesUnder(folder, /\.(ts|cjs|mjs|cpp|hpp|inc)$/));

  it.each(files)('%s', (file) => {
    expect(basename(file)).not.toMatch(/^(utils?|helpers?|common|managers?|misc)\b/i);
    const text = read(file);
    const isThreeLines = file.startsWith('native/isa/') && text.includes('kernels/all.hpp');
    const headerSaysIt = file.endsWith('.cpp') && existsSync(join(root, file.replace(/cpp$/, 'hpp')));
    if (!isThreeLines && !headerSaysIt) expect(/^(#!.*\n)?\s*(\/\/|\/\*)/.test(text), 'opens with what it is').toBe(true);
  });
});
