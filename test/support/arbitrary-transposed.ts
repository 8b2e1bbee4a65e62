/** Random transposed convolutions for property tests: every option together, sizes at and beside the widths of vectors and pieces. */
import fc from 'fast-check';
import type { Activation, Layout } from '../../lib/types.js';
import { besideLanes, channels } from './arbitrary-conv.js';
import { inputLength, weightLength } from './conv-cases.js';
import { type TransposedCase, transposedCase, type TransposedDescription, transposedShape } from './transposed-cases.js';

/** The reference asks every tap of every output: a run stays near 10 ms. */
const mostSteps = 1_000_000;

const axis = fc
  .record({
    input: fc.oneof({ weight: 2, arbitrary: fc.integer({ min: 1, max: 12 }) }, { weight: 1, arbitrary: fc.constantFrom(...besideLanes) }),
    kernel: fc.integer({ min: 1, max: 7 }),
    stride: fc.integer({ min: 1, max: 5 }),
    dilation: fc.oneof({ weight: 2, arbitrary: fc.constant(1) }, { weight: 1, arbitrary: fc.integer({ min: 2, max: 6 }) }),
    // Shares of what there is to cut and to add.
    cut: fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true })),
    cuts: fc.boolean(),
    added: fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.double({ min: 0, max: 0.999, noNaN: true }) }),
  })
  .map(({ input, kernel, stride, dilation, cut, cuts, added }) => {
    const outputPadding = Math.floor(added * Math.max(stride, kernel > 1 ? dilation : 1));
    // One output is left at least.
    const room = (input - 1) * stride + (kernel > 1 ? dilation : 1) * (kernel - 1) + outputPadding;
    const begin = cuts ? Math.floor(cut[0] * room) : 0;
    const end = cuts ? Math.floor(cut[1] * (room - begin)) : 0;
    return { input, kernel, stride, dilation, padding: [begin, end] as const, outputPadding };
  });

export const arbitraryTransposed: fc.Arbitrary<TransposedCase> = fc
  .record({
    axes: fc.oneof(...[1, 2, 2, 3].map((count) => fc.array(axis, { minLength: count, maxLength: count }))),
    channels,
    batch: fc.integer({ min: 1, max: 3 }),
    layout: fc.constantFrom<Layout[]>('channelsFirst', 'channelsLast'),
    activation: fc.constantFrom<Activation[]>('none', 'relu'),
  })
  .map(({ axes, channels: { groups, inPerGroup, outPerGroup }, ...rest }): TransposedDescription => ({
    ...rest,
    groups,
    inChannels: groups * inPerGroup,
    outChannels: groups * outPerGroup,
    input: axes.map(({ input }) => input),
    kernel: axes.map(({ kernel }) => kernel),
    stride: axes.map(({ stride }) => stride),
    dilation: axes.map(({ dilation }) => dilation),
    padding: axes.map(({ padding }) => padding),
    outputPadding: axes.map(({ outputPadding }) => outputPadding),
  }))
  .filter((description) => stepCount(description) <= mostSteps)
  .chain((description) =>
    fc
      .record({ seed: fc.integer(), withBias: fc.boolean() })
      .map(({ seed, withBias }) => transposedCase(description, seed, 'floats', withBias)),
  );

/** Products, and taps that meet no input. */
function stepCount(description: TransposedDescription): number {
  const shape = transposedShape(description);
  const taps = [...shape.output, ...shape.kernel].reduce((product, size) => product * size, shape.batch * shape.outChannels);
  const products = (inputLength(shape) / shape.inChannels) * weightLength(shape);
  return taps + products;
}
