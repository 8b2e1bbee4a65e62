/**
 * The objects of the instruction sets leave nothing behind but their table: a weak symbol (an inline function, a std:: template)
 * compiled with -mavx512f could be the copy that the linker keeps for everybody, and older processors would die of it.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from '../support/built.js';

const { variables } = JSON.parse(readFileSync(join(root, 'native/sources.gypi'), 'utf8')) as { variables: Record<string, string[]> };
const isas = [...variables.isas_any!, ...(variables[`isas_${process.arch}`] ?? [])];

const supported = process.platform === 'linux';
if (!supported) process.stderr.write('SKIPPED: test/native/symbols.test.ts reads ELF objects, and this is not Linux\n');

describe.skipIf(!supported).each(isas)('the object of %s', (isa) => {
  const object = join(root, 'build/Release/obj.target', isa, `native/isa/${isa}.o`);

  it('was built', () => {
    expect(existsSync(object), object).toBe(true);
  });

  it('defines one symbol that others see, its table, and no weak one', () => {
    const lines = execFileSync('nm', ['--defined-only', '--extern-only', '--format=posix', object], { encoding: 'utf8' })
      .trim()
      .split('\n');
    const symbols = lines.map((line) => line.split(' ').slice(0, 2));
    const name = `${isa}_kernels`;
    // Upper case: global. W, V and u are the weak and unique kinds.
    expect(symbols).toEqual([[`_ZN6atrous${name.length}${name}E`, expect.stringMatching(/^[DRB]$/)]]);
  });

  it('runs nothing when it is loaded', () => {
    const sections = execFileSync('readelf', ['--sections', '--wide', object], { encoding: 'utf8' });
    expect(sections).toMatch(/\.text/);
    expect(sections).not.toMatch(/\.init_array|\.ctors/);
  });
});
