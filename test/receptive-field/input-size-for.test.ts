/** Input sizes for wanted output sizes: published networks, sizes tried one by one, errors. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inputSizeFor } from '../../lib/receptive-field/input-size-for.js';
import { receptiveField } from '../../lib/receptive-field/receptive-field.js';
import type { WindowLayer } from '../../lib/receptive-field/window-layer.js';
import { rejected } from '../geometry/arguments.js';
import { convolutionLayer, dilated, frontEnd, repeat, transposedLayer } from './layers.js';

/** Output size of a stack, or 0 where something does not fit. */
function outputs(layers: readonly WindowLayer[], inputSize: number): number {
  try {
    return receptiveField(layers, inputSize).at(-1)!.outputSize!;
  } catch {
    return 0;
  }
}

const uNet: WindowLayer[] = [
  ...repeat(4, { kernel: 3 }).flatMap((convolution) => [convolution, convolution, { kernel: 2, stride: 2 }]),
  ...repeat(2, { kernel: 3 }),
  ...repeat(4, { kernel: 2, stride: 2, transposed: true }).flatMap((upsampling) => [upsampling, { kernel: 3 }, { kernel: 3 }]),
];

describe('inputSizeFor', () => {
  it.each([
    ['front end, 66 outputs', 66, frontEnd, 900],
    ['front end, one output: its field', 1, frontEnd, 380],
    ['U-Net, 388 outputs', 388, uNet, 572],
    ['an empty stack', 7, [], 7],
    [
      'ResNet stem, 56 outputs',
      56,
      [
        { kernel: 7, stride: 2, padding: 3 },
        { kernel: 3, stride: 2, padding: 1 },
      ],
      221,
    ],
    ['same padding', 10, [{ kernel: 3, stride: 4, padding: 'same' }], 37],
    ['causal', 100, dilated(2, [1, 2, 4]).map((layer) => ({ ...layer, padding: 'causal' as const })), 100],
    ['ceil mode', 56, [{ kernel: 3, stride: 2, rounding: 'ceil' }], 112],
    ['deconvolution', 1024, [{ kernel: 16, stride: 8, padding: 4, transposed: true }], 128],
    [
      'a range of sizes between',
      3,
      [
        { kernel: 2, stride: 2, transposed: true },
        { kernel: 1, stride: 2 },
      ],
      3,
    ],
    ['the largest', 2 ** 31 - 1, [{ kernel: 1 }], 2 ** 31 - 1],
  ] as [string, number, WindowLayer[], number][])('%s', (_, outputSize, layers, expected) => {
    expect(inputSizeFor(outputSize, layers)).toBe(expected);
    if (layers.length > 0) expect(outputs(layers, expected)).toBe(outputSize);
  });

  it('is the smallest of all input sizes, or an error where none fits', () => {
    const pool = convolutionLayer.map((layer): WindowLayer => ({ ...layer, rounding: 'ceil' }));
    const named = fc.record({
      kernel: fc.integer({ min: 1, max: 5 }),
      stride: fc.integer({ min: 1, max: 3 }),
      dilation: fc.integer({ min: 1, max: 3 }),
      padding: fc.constantFrom('same' as const, 'sameLower' as const, 'causal' as const),
      rounding: fc.constantFrom('floor' as const, 'ceil' as const),
    });
    const stack = fc.array(fc.oneof(convolutionLayer, pool, named, transposedLayer), { maxLength: 3 });
    fc.assert(
      fc.property(stack, fc.integer({ min: 1, max: 12 }), (layers, outputSize) => {
        // Strides up to 3 and fields up to 5·4·(1 + 3 + 9): 600 inputs are more than any of these stacks needs.
        const size =
          layers.length === 0
            ? outputSize
            : Array.from({ length: 600 }, (_, index) => index + 1).find((input) => outputs(layers, input) === outputSize);
        if (size === undefined) expect(() => inputSizeFor(outputSize, layers)).toThrow(rejected('RangeError', 'outputSize'));
        else expect(inputSizeFor(outputSize, layers)).toBe(size);
      }),
      { numRuns: 150 },
    );
  });

  it.each([
    [0, [], 'RangeError', 'outputSize'],
    [
      5,
      [{ kernel: 2, stride: 2, transposed: true }],
      'RangeError',
      'Expected outputSize to be a size that some input of the stack gives, received 5',
    ],
    [1, [{ kernel: 1, padding: 5 }], 'RangeError', 'outputSize'],
    [2 ** 31 - 1, [{ kernel: 2, stride: 2 }], 'RangeError', 'at most 2147483647 elements'],
    ['5', [], 'TypeError', 'outputSize'],
    [5, [{}], 'TypeError', 'layers[0].kernel'],
  ] as [number, WindowLayer[], 'TypeError' | 'RangeError', string][])('(%j, %j) is refused', (outputSize, layers, name, part) => {
    expect(() => inputSizeFor(outputSize, layers)).toThrow(rejected(name, part));
  });
});
