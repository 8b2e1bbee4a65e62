/** The environment variables: defaults, values and refusals. How they act is tested in backend/select.test.ts. */
import { describe, expect, it } from 'vitest';
import { readEnvironment } from '../lib/environment.js';

describe('readEnvironment', () => {
  it('has a default for everything; an empty value is none', () => {
    const defaults = { backend: 'auto', isa: undefined, threads: undefined, requireNative: false };
    expect(readEnvironment({})).toEqual(defaults);
    expect(readEnvironment({ ATROUS_BACKEND: '', ATROUS_ISA: '', ATROUS_NUM_THREADS: '', ATROUS_REQUIRE_NATIVE: '' })).toEqual(defaults);
  });

  it('reads each variable', () => {
    expect(
      readEnvironment({
        ATROUS_BACKEND: 'typescript',
        ATROUS_ISA: 'neon',
        ATROUS_NUM_THREADS: '12',
        ATROUS_REQUIRE_NATIVE: '1',
        OTHER: 'x',
      }),
    ).toEqual({ backend: 'typescript', isa: 'neon', threads: 12, requireNative: true });
    expect(readEnvironment({ ATROUS_REQUIRE_NATIVE: '0' }).requireNative).toBe(false);
  });

  it.each([
    ['ATROUS_BACKEND', 'cuda', "one of 'auto', 'native', 'typescript', received 'cuda'"],
    ['ATROUS_BACKEND', 'Native', 'one of'],
    ['ATROUS_ISA', 'avx9', "one of 'scalar', 'sse2', 'avx2', 'avx512', 'neon', received 'avx9'"],
    ['ATROUS_ISA', 'toString', 'one of'],
    ['ATROUS_NUM_THREADS', '0', "one of the integers 1 to 1024, received '0'"],
    ['ATROUS_NUM_THREADS', '1025', 'one of'],
    ['ATROUS_NUM_THREADS', '-1', 'one of'],
    ['ATROUS_NUM_THREADS', '1.5', 'one of'],
    ['ATROUS_NUM_THREADS', '0x10', 'one of'],
    ['ATROUS_NUM_THREADS', 'four', 'one of'],
    ['ATROUS_NUM_THREADS', '9'.repeat(400), 'one of'],
    ['ATROUS_REQUIRE_NATIVE', 'yes', "one of '0', '1', received 'yes'"],
  ])('refuses %s=%s', (variable, value, message) => {
    const read = () => readEnvironment({ [variable]: value });
    expect(read).toThrow(RangeError);
    expect(read).toThrow(expect.objectContaining({ code: 'ERR_ATROUS_ENVIRONMENT' }));
    expect(read).toThrow(`Expected the environment variable ${variable} to be ${message}`);
  });
});
