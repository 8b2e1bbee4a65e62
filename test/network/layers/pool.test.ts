/** Pools against their definition, tap by tap; NaN; what does not fit. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildNetwork } from '../../../lib/network/network.js';
import { outputSize } from '../../../lib/geometry/output-size.js';
import type { FloatTensor } from '../../../lib/types.js';
import { rejected } from '../../geometry/arguments.js';
import { elementAt, indicesOf, largestDifference, randomTensor, runLayer, tensorOf } from './run-layer.js';

interface Window {
  readonly kernel: number[];
  readonly stride: number[];
  readonly dilation: number[];
  readonly padding: [number, number][];
  readonly rounding: 'floor' | 'ceil';
}

/** Positions of every tap of an output's window; a position may lie outside of the input. */
function positions({ kernel, stride, dilation, padding }: Window, output: readonly number[]): number[][] {
  return indicesOf(kernel).map((tap) => tap.map((t, axis) => output[axis]! * stride[axis]! - padding[axis]![0] + t * dilation[axis]!));
}

function pooled(input: FloatTensor, window: Window, mean: boolean, countIncludePad: boolean): FloatTensor {
  const sizes = input.dims.slice(2);
  const dims = sizes.map((size, axis) => {
    const [kernel, stride, dilation, padding] = [window.kernel[axis]!, window.stride[axis]!, window.dilation[axis]!, window.padding[axis]!];
    return outputSize(size, { kernel, stride, dilation, padding, rounding: window.rounding });
  });
  return tensorOf([...input.dims.slice(0, 2), ...dims], ([n, c, ...output]) => {
    const taps = positions(window, output);
    const inside = taps.filter((position) => position.every((at, axis) => at >= 0 && at < sizes[axis]!));
    const values = inside.map((position) => elementAt(input, [n!, c!, ...position]));
    if (!mean) return Math.max(-Infinity, ...values);
    const padded = taps.filter((position) =>
      position.every((at, axis) => at >= -window.padding[axis]![0] && at < sizes[axis]! + window.padding[axis]![1]),
    );
    const count = countIncludePad ? padded.length : inside.length;
    return count === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / count;
  });
}

const axis = fc.record({
  size: fc.integer({ min: 1, max: 9 }),
  kernel: fc.integer({ min: 1, max: 4 }),
  stride: fc.integer({ min: 1, max: 3 }),
  dilation: fc.integer({ min: 1, max: 3 }),
  padding: fc.tuple(fc.nat(3), fc.nat(3)),
});

const problem = fc
  .record({
    axes: fc.array(axis, { minLength: 1, maxLength: 3 }),
    rounding: fc.constantFrom<'floor' | 'ceil'>('floor', 'ceil'),
    batch: fc.integer({ min: 1, max: 2 }),
    channels: fc.integer({ min: 1, max: 3 }),
    seed: fc.nat(),
  })
  .filter(({ axes }) => axes.every(({ size, kernel, dilation, padding }) => size + padding[0] + padding[1] >= dilation * (kernel - 1) + 1));

describe.each([
  ['maxPool', false],
  ['avgPool', false],
  ['avgPool', true],
] as const)('%s, padding counted: %s', (kind, countIncludePad) => {
  it('is what its definition says', () => {
    fc.assert(
      fc.property(problem, ({ axes, rounding, batch, channels, seed }) => {
        const input = randomTensor([batch, channels, ...axes.map(({ size }) => size)], seed);
        const window: Window = {
          kernel: axes.map(({ kernel }) => kernel),
          stride: axes.map(({ stride }) => stride),
          dilation: axes.map(({ dilation }) => dilation),
          padding: axes.map(({ padding }) => padding),
          rounding,
        };
        const got = runLayer([input], (g, [x]) =>
          kind === 'maxPool' ? g.maxPool(x!, window) : g.avgPool(x!, { ...window, countIncludePad }),
        );
        const expected = pooled(input, window, kind === 'avgPool', countIncludePad);
        expect(got.dims).toEqual(expected.dims);
        // The mean's sum is in double precision in both, in another order.
        expect(largestDifference(got, expected)).toBeLessThanOrEqual(1e-6);
      }),
      { numRuns: 200 },
    );
  });
});

it('a NaN is the largest of every window that has it, and no other', () => {
  const input = { data: Float32Array.of(1, 2, NaN, 4, 5, 6), dims: [1, 1, 6] };
  const { data } = runLayer([input], (g, [x]) => g.maxPool(x!, { kernel: 2, stride: 1 }));
  expect(Array.from(data)).toEqual([2, NaN, NaN, 5, 6]);
});

it.each([[[4, 6]], [[5, 7]]])('images of %j halved, which has a loop of its own, NaN kept', (size) => {
  const input = randomTensor([2, 3, ...size]);
  input.data[9] = NaN;
  const window: Window = { kernel: [2, 2], stride: [2, 2], dilation: [1, 1], padding: [[0, 0], [0, 0]], rounding: 'floor' }; // prettier-ignore
  const got = runLayer([input], (g, [x]) => g.maxPool(x!, window));
  expect(got).toEqual(pooled(input, window, false, false));
});

it('the stride is the kernel where none is given', () => {
  expect(runLayer([randomTensor([1, 1, 9, 7])], (g, [x]) => g.maxPool(x!, { kernel: [3, 2] })).dims).toEqual([1, 1, 3, 3]);
});

it.each([
  [{}, 'TypeError', "Layer 'maxPool1' (maxPool): Expected kernel to be an integer ≥ 1"],
  [{ kernel: 9 }, 'RangeError', "Layer 'maxPool1' (maxPool): Expected the effective kernel size of spatial axis 0 to be at most 8"],
  [{ kernel: 2, rounding: 'up' }, 'RangeError', 'rounding'],
  [{ kernel: 2, size: 2 }, 'TypeError', "unknown option 'size'"],
] as const)('%j is refused', (options, name, part) => {
  expect(() => buildNetwork((g) => g.maxPool(g.input('x', [1, 1, 8]), options as never))).toThrow(rejected(name, part));
});

describe('of an empty axis', () => {
  it.each([
    ['avgPool', 0],
    ['maxPool', -Infinity],
  ] as const)('%s of padding alone gives %d, whatever stood in the memory before', (kind, expected) => {
    const network = buildNetwork((g) => {
      const x = g.input('x', [1, 1, null]);
      // Not the network's output, so that it stands in memory that other sizes used before.
      return g.slice(g[kind](x, { kernel: 2, stride: 1, padding: 1 }), [{ axis: 2, begin: 0 }]);
    });
    network.run(randomTensor([1, 1, 7]));
    expect(Array.from(network.run(randomTensor([1, 1, 0])).data)).toEqual([expected]);
  });
});
