/** Effective kernel sizes: examples, taps counted, errors. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { effectiveKernelSize } from '../../lib/geometry/effective-kernel-size.js';
import { largest, rejected, windows } from './arguments.js';

describe('effectiveKernelSize', () => {
  it.each([
    [1, 1, 1],
    [1, 100, 1],
    [3, 1, 3],
    [3, 2, 5],
    [3, 18, 37],
    [7, 4, 25],
    [2, largest, largest + 1],
    [largest, 2 ** 22, (largest - 1) * 2 ** 22 + 1],
  ])('kernel %d, dilation %d: %d', (kernel, dilation, expected) => {
    expect(effectiveKernelSize(kernel, dilation)).toBe(expected);
  });

  it('spans as many elements as its taps do', () => {
    fc.assert(
      fc.property(windows.kernel, windows.dilation, (kernel, dilation) => {
        const taps = Array.from({ length: kernel }, (_, tap) => tap * dilation);
        expect(effectiveKernelSize(kernel, dilation)).toBe(taps.at(-1)! - taps[0]! + 1);
      }),
    );
  });

  it.each([
    [0, 1, 'RangeError', 'Expected kernel to be an integer ≥ 1, received 0'],
    [3, -0, 'RangeError', 'Expected dilation to be an integer ≥ 1, received -0'],
    [3, 2 ** 31, 'RangeError', 'dilation'],
    [2.5, 1, 'RangeError', 'kernel'],
    [NaN, 1, 'RangeError', 'kernel'],
    [3, Infinity, 'RangeError', 'dilation'],
    ['3', 1, 'TypeError', "Expected kernel to be an integer ≥ 1, received '3'"],
    [3, undefined, 'TypeError', 'dilation'],
    [3n, 1, 'TypeError', 'kernel'],
    [largest, largest, 'RangeError', '2^53'],
  ] as [unknown, unknown, 'TypeError' | 'RangeError', string][])('(%s, %s): %s', (kernel, dilation, name, part) => {
    expect(() => effectiveKernelSize(kernel as number, dilation as number)).toThrow(rejected(name, part));
  });
});
