/** What old processors run: the built package under qemu's models of them, where a wrong instruction is a SIGILL. */
import { execFileSync, spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { built } from '../support/built.js';

const qemu = ['qemu-x86_64-static', 'qemu-x86_64'].find((name) => spawnSync(name, ['--version']).status === 0);
const supported = qemu !== undefined && process.platform === 'linux' && process.arch === 'x64';
if (!supported)
  process.stderr.write('SKIPPED: test/native/dispatch.test.ts needs qemu-x86_64 (Debian: qemu-user-static) on x86-64 Linux\n');

// Integers: every instruction set gives the same bits. 24 output channels are a full and a half AVX-512 vector.
const script = `
  const { conv, features } = require(process.argv[1]);
  const integers = (count, seed) => Float32Array.from({ length: count }, (_, i) => ((i * 7 + seed) % 11) - 5);
  const input = { data: integers(2 * 5 * 9 * 23, 1), dims: [2, 5, 9, 23] };
  const results = [[24, 5, 1], [5, 1, 5]].map(([outChannels, inChannels, groups]) => {
    const weight = { data: integers(outChannels * inChannels * 9, 2), dims: [outChannels, inChannels, 3, 3] };
    const options = { dilation: 2, padding: 'same', groups, threads: 2 };
    const native = conv(input, weight, { ...options, backend: 'native' });
    const reference = conv(input, weight, { ...options, backend: 'typescript' });
    return native.data.length > 0 && native.data.every((value, i) => value === reference.data[i]);
  });
  console.log(JSON.stringify({ isas: features().isas, isa: features().isa, results }));
`;

describe.skipIf(!supported)('dispatch', () => {
  it.each([
    ['Nehalem', ['sse2', 'scalar']],
    ['Haswell', ['avx2', 'sse2', 'scalar']],
  ])('on %s takes the best of %j', (cpu, isas) => {
    const output = execFileSync(qemu!, ['-cpu', cpu, process.execPath, '-e', script, built('index.cjs')], {
      encoding: 'utf8',
      // qemu warns on stderr of what it leaves out of the model (x2apic, invpcid): shown only when the run fails.
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env.PATH, ATROUS_REQUIRE_NATIVE: '1' },
    });
    expect(JSON.parse(output)).toEqual({ isas, isa: isas[0], results: [true, true] });
  });
});
