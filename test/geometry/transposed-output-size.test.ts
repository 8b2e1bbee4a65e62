/** Output sizes of transposed convolutions: ONNX's cases, the convolution they transpose, errors. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { effectiveKernelSize } from '../../lib/geometry/effective-kernel-size.js';
import { outputSize } from '../../lib/geometry/output-size.js';
import { transposedOutputSize, type TransposedOutputSizeOptions } from '../../lib/geometry/transposed-output-size.js';
import { largest, rejected, size, windows } from './arguments.js';

describe('transposedOutputSize', () => {
  it.each([
    [3, { kernel: 3 }, 5],
    [3, { kernel: 3, stride: 3, outputPadding: 1 }, 10],
    [3, { kernel: 3, stride: 2, outputPadding: 1 }, 8],
    [128, { kernel: 16, stride: 8, padding: 4 }, 1024],
    [28, { kernel: 3, stride: 2, padding: 1, outputPadding: 1 }, 56],
    [3, { kernel: 3, dilation: 2 }, 7],
    [3, { kernel: 3, dilation: 2, outputPadding: 1, padding: [1, 0] }, 7],
    [0, { kernel: 2, stride: 2 }, 0],
    [0, { kernel: 3, stride: 2 }, 1],
    [largest, { kernel: 1, stride: 2 ** 22 }, (largest - 1) * 2 ** 22 + 1],
  ] as [number, TransposedOutputSizeOptions, number][])('%d, %o: %d', (input, options, expected) => {
    expect(transposedOutputSize(input, options)).toBe(expected);
  });

  it('is the input size of the convolution it transposes', () => {
    fc.assert(
      fc.property(size(1, 30), fc.record({ ...windows, padding: fc.tuple(size(0, 4), size(0, 4)) }), (input, options) => {
        const outputs =
          (input - 1) * options.stride + effectiveKernelSize(options.kernel, options.dilation) - options.padding[0] - options.padding[1];
        if (outputs <= 0) {
          expect(() => transposedOutputSize(input, options)).toThrow(rejected('RangeError', 'output size to be positive'));
          return;
        }
        expect(transposedOutputSize(input, options)).toBe(outputs);
        expect(outputSize(outputs, options)).toBe(input);
      }),
    );
  });

  it('by name is input·stride, whatever the kernel', () => {
    const named = fc.record({
      ...windows,
      padding: fc.constantFrom('same' as const, 'sameLower' as const, 'causal' as const),
      outputPadding: fc.constantFrom(0, 1),
    });
    fc.assert(
      fc.property(size(0, 30), named, (input, options) => {
        fc.pre(options.outputPadding < Math.max(options.stride, options.dilation));
        expect(transposedOutputSize(input, options)).toBe(input * options.stride);
      }),
    );
  });

  it.each([
    [1, { kernel: 2, padding: 1 }, 'RangeError', 'Expected the output size to be positive (padding cuts the whole output), received 0'],
    [0, { kernel: 1, stride: 2 }, 'RangeError', 'output size'],
    [5, { kernel: 3, stride: 2, outputPadding: 2 }, 'RangeError', 'outputPadding'],
    [5, { kernel: 3, outputPadding: 0.5 }, 'RangeError', 'outputPadding'],
    [5, { kernel: 3, outputPadding: null }, 'TypeError', 'outputPadding'],
    [5, { kernel: 3, rounding: 'ceil' }, 'TypeError', "unknown option 'rounding'"],
    [largest, { kernel: 1, stride: largest }, 'RangeError', '2^53'],
  ] as [number, TransposedOutputSizeOptions, 'TypeError' | 'RangeError', string][])('(%o, %o) is refused', (input, options, name, part) => {
    expect(() => transposedOutputSize(input, options)).toThrow(rejected(name, part));
  });
});
