/** What a refused argument throws, and the ranges that property tests draw from. */
import fc from 'fast-check';
import { expect } from 'vitest';

export const largest = 2 ** 31 - 1;
export const size = (min: number, max: number): fc.Arbitrary<number> => fc.integer({ min, max });
export const windows = { kernel: size(1, 6), stride: size(1, 5), dilation: size(1, 4) };

/** An error of that class, with the code of its class, whose message holds `part`. */
export function rejected(name: 'TypeError' | 'RangeError', part: string): unknown {
  const code = name === 'TypeError' ? 'ERR_ATROUS_ARGUMENT_TYPE' : 'ERR_ATROUS_ARGUMENT_RANGE';
  return expect.objectContaining({ name, code, message: expect.stringContaining(part) as string });
}
