/** Output sizes of convolutions and pools: worked examples, windows counted one by one, errors. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { effectiveKernelSize } from '../../lib/geometry/effective-kernel-size.js';
import { outputSize, type OutputSizeOptions } from '../../lib/geometry/output-size.js';
import { largest, rejected, size, windows } from './arguments.js';

/** Positions at which a window lies wholly on the padded axis. */
function countWindows(padded: number, effective: number, stride: number): number {
  let count = 0;
  while (count * stride + effective <= padded) count++;
  return count;
}

describe('outputSize', () => {
  it.each([
    [5, { kernel: 3 }, 3],
    [33, { kernel: 3, dilation: 6, padding: 'same' }, 33],
    [224, { kernel: 7, stride: 2, padding: 3 }, 112],
    [227, { kernel: 11, stride: 4 }, 55],
    [10, { kernel: 2, stride: 3 }, 3],
    [16000, { kernel: 2, dilation: 512, padding: 'causal' }, 16000],
    [10, { kernel: 3, stride: 4, padding: 'causal' }, 3],
    [900, { kernel: 3, padding: [10, 33] }, 941],
    [largest, { kernel: 1 }, largest],
    [largest, { kernel: 3, padding: largest }, 3 * largest - 2],
    [largest, { kernel: 2, stride: largest }, 1],
  ] as [number, OutputSizeOptions, number][])('%d, %o: %d', (input, options, expected) => {
    expect(outputSize(input, options)).toBe(expected);
  });

  it('counts the windows that fit', () => {
    fc.assert(
      fc.property(size(1, 40), fc.record({ ...windows, padding: fc.tuple(size(0, 9), size(0, 9)) }), (input, options) => {
        const padded = input + options.padding[0] + options.padding[1];
        const count = countWindows(padded, effectiveKernelSize(options.kernel, options.dilation), options.stride);
        if (count === 0) expect(() => outputSize(input, options)).toThrow(rejected('RangeError', 'kernel'));
        else expect(outputSize(input, options)).toBe(count);
      }),
    );
  });

  // PyTorch's F.max_pool1d and the pools of SqueezeNet and GoogLeNet.
  it.each([
    [112, { kernel: 3, stride: 2 }, 56],
    [56, { kernel: 3, stride: 2 }, 28],
    [13, { kernel: 3, stride: 2 }, 6],
    [14, { kernel: 3, stride: 2 }, 7],
    [1, { kernel: 2, stride: 2 }, 1],
    // A second window would begin at 2·2 = 4, behind the input and its begin padding: 3 + 1.
    [3, { kernel: 2, stride: 2, padding: 1 }, 2],
    // ⌈4/3⌉ + 1 = 3 windows, of which the last would begin at 6 ≥ 4 + 1.
    [4, { kernel: 2, stride: 3, padding: 1 }, 2],
    [7, { kernel: 3, stride: 2, padding: 'same' }, 4],
  ] as [number, OutputSizeOptions, number][])('ceil: %d, %o: %d', (input, options, expected) => {
    expect(outputSize(input, { ...options, rounding: 'ceil' })).toBe(expected);
  });

  it('ceil counts the window that hangs over the end, if it begins on the input', () => {
    fc.assert(
      fc.property(size(1, 40), fc.record({ ...windows, padding: size(0, 2) }), (input, options) => {
        const effective = effectiveKernelSize(options.kernel, options.dilation);
        fc.pre(options.padding <= effective / 2);
        // Windows until one reaches the end of the padded axis; a first window needs to reach it with its stride.
        const padded = input + 2 * options.padding;
        let count = 0;
        while (count === 0 ? effective < padded + options.stride : (count - 1) * options.stride + effective < padded) count++;
        if (count > 0 && (count - 1) * options.stride >= input + options.padding) count--;
        if (count === 0) expect(() => outputSize(input, { ...options, rounding: 'ceil' })).toThrow(rejected('RangeError', 'kernel'));
        else expect(outputSize(input, { ...options, rounding: 'ceil' })).toBe(count);
      }),
    );
  });

  it("'same' gives ⌈input / stride⌉, rounded either way", () => {
    fc.assert(
      fc.property(
        size(0, 60),
        fc.record({
          ...windows,
          padding: fc.constantFrom('same' as const, 'sameLower' as const),
          rounding: fc.constantFrom('floor' as const, 'ceil' as const),
        }),
        (input, options) => {
          expect(outputSize(input, options)).toBe(Math.ceil(input / options.stride));
        },
      ),
    );
  });

  describe('an empty input', () => {
    it.each([
      [{ kernel: 1 }, 0],
      [{ kernel: 2, stride: 2 }, 0],
      [{ kernel: 3, padding: 1 }, 0],
      [{ kernel: 3, padding: 2 }, 2],
      [{ kernel: 5, padding: 'causal' }, 0],
    ] as [OutputSizeOptions, number][])('%o: %d', (options, expected) => {
      expect(outputSize(0, options)).toBe(expected);
    });

    it('is an error where the formula is below 0', () => {
      expect(() => outputSize(0, { kernel: 3 })).toThrow(rejected('RangeError', 'kernel'));
    });
  });

  it.each([
    [3, { kernel: 4 }, 'RangeError', 'Expected the effective kernel size to be at most 3, the padded input size, received 4'],
    [3, { kernel: 4, stride: 9 }, 'RangeError', 'at most 3'],
    [-1, { kernel: 1 }, 'RangeError', 'input'],
    [-0, { kernel: 1 }, 'RangeError', 'Expected input to be an integer ≥ 0, received -0'],
    [2 ** 31, { kernel: 1 }, 'RangeError', 'input'],
    ['5', { kernel: 1 }, 'TypeError', 'input'],
    [5, undefined, 'TypeError', 'kernel'],
    [5, null, 'TypeError', 'options'],
    [5, 3, 'TypeError', 'options'],
    [5, {}, 'TypeError', 'kernel'],
    [5, Object.create({ kernel: 1 }), 'TypeError', 'options'],
    [5, { kernel: 3, dialation: 2 }, 'TypeError', "unknown option 'dialation'"],
    [5, { kernel: 3, outputPadding: 1 }, 'TypeError', "unknown option 'outputPadding'"],
    [5, { kernel: 3, stride: 0 }, 'RangeError', 'stride'],
    [5, { kernel: 3, stride: [1] }, 'TypeError', 'stride'],
    [5, { kernel: 3, padding: null }, 'TypeError', 'padding'],
    [5, { kernel: 3, padding: 'SAME' }, 'RangeError', "one of 'valid', 'same', 'sameLower', 'causal'"],
    [5, { kernel: 3, padding: [1] }, 'RangeError', 'padding'],
    [5, { kernel: 3, padding: [1, 1, 1] }, 'RangeError', 'padding'],
    [5, { kernel: 3, padding: [1, 0.5] }, 'RangeError', 'padding[1]'],
    [5, { kernel: 3, padding: new Array(2) }, 'TypeError', 'padding[0]'],
    [5, { kernel: 3, padding: -1 }, 'RangeError', 'padding'],
    [5, { kernel: 3, rounding: null }, 'TypeError', 'rounding'],
    [5, { kernel: 3, rounding: 'up' }, 'RangeError', 'rounding'],
  ] as [number, OutputSizeOptions, 'TypeError' | 'RangeError', string][])('(%o, %o) is refused', (input, options, name, part) => {
    expect(() => outputSize(input, options)).toThrow(rejected(name, part));
  });

  it('takes undefined for a default and leaves prototypes unread', () => {
    expect(outputSize(5, { kernel: 3, stride: undefined, padding: undefined })).toBe(3);
    const prototype = Object.prototype as { stride?: number };
    prototype.stride = 2;
    try {
      expect(outputSize(5, { kernel: 3 })).toBe(3);
    } finally {
      delete prototype.stride;
    }
  });
});
