/** Random convolutions for property tests: every option of every backend together, sizes at and beside the widths of vectors and tiles. */
import fc from 'fast-check';
import type { Activation, Layout, PaddingMode } from '../../lib/types.js';
import { type ConvCase, convCase, convShape, type ConvDescription, outputLength, weightLength } from './conv-cases.js';

/** {1, N − 1, N, N + 1, 2N + 1} for each number of lanes N. */
export const besideLanes = [...new Set([4, 8, 16].flatMap((lanes) => [1, lanes - 1, lanes, lanes + 1, 2 * lanes + 1]))];

/** Keeps a run near 10 ms in the reference. */
const mostProducts = 1_000_000;

const axisPadding = fc.tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 9 }));

const axis = fc.record({
  input: fc.oneof(
    { weight: 20, arbitrary: fc.integer({ min: 1, max: 20 }) },
    { weight: 10, arbitrary: fc.constantFrom(...besideLanes) },
    { weight: 1, arbitrary: fc.constant(0) },
  ),
  kernel: fc.integer({ min: 1, max: 5 }),
  stride: fc.oneof({ weight: 2, arbitrary: fc.constant(1) }, { weight: 1, arbitrary: fc.integer({ min: 2, max: 4 }) }),
  dilation: fc.integer({ min: 1, max: 6 }),
  padding: axisPadding,
});

type Axis = typeof axis extends fc.Arbitrary<infer Value> ? Value : never;

/** Counts of a group; groups that are all of one channel are depthwise. */
export const channels = fc.oneof(
  fc.record({ groups: fc.constant(1), inPerGroup: fc.constantFrom(...besideLanes), outPerGroup: fc.constantFrom(...besideLanes) }),
  fc.record({
    groups: fc.integer({ min: 2, max: 5 }),
    inPerGroup: fc.integer({ min: 1, max: 9 }),
    outPerGroup: fc.integer({ min: 1, max: 9 }),
  }),
  fc.record({ groups: fc.constantFrom(...besideLanes), inPerGroup: fc.constant(1), outPerGroup: fc.constantFrom(1, 1, 2, 3) }),
);

interface Draft extends Omit<ConvDescription, 'input' | 'kernel' | 'stride' | 'dilation' | 'padding'> {
  readonly axes: readonly Axis[];
  readonly paddingMode: PaddingMode;
}

const general: fc.Arbitrary<Draft> = fc
  .record({
    axes: fc.oneof(...[1, 2, 2, 3].map((count) => fc.array(axis, { minLength: count, maxLength: count }))),
    channels,
    batch: fc.oneof({ weight: 30, arbitrary: fc.integer({ min: 1, max: 3 }) }, { weight: 1, arbitrary: fc.constant(0) }),
    paddingMode: fc.constantFrom<PaddingMode[]>('zeros', 'zeros', 'zeros', 'reflect', 'replicate', 'circular'),
    layout: fc.constantFrom<Layout[]>('channelsFirst', 'channelsLast'),
    activation: fc.constantFrom<Activation[]>('none', 'relu'),
  })
  .map(({ channels: { groups, inPerGroup, outPerGroup }, ...rest }) => ({
    ...rest,
    groups,
    inChannels: groups * inPerGroup,
    outChannels: groups * outPerGroup,
  }));

/** What networks hold of depthwise layers, and backends have kernels of their own for; rare among all options. */
const depthwise: fc.Arbitrary<Draft> = fc
  .record({
    groups: fc.constantFrom(...besideLanes),
    sizes: fc.tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 70 })),
    kernel: fc.constantFrom(3, 5),
    dilation: fc.integer({ min: 1, max: 9 }),
    padding: axisPadding,
    activation: fc.constantFrom<Activation[]>('none', 'relu'),
  })
  .map(({ groups, sizes, activation, ...window }) => ({
    groups,
    activation,
    paddingMode: 'zeros',
    axes: sizes.map((input) => ({ ...window, input, stride: 1 })),
  }));

/** A case that a backend may meet: every kernel fits its padded input, every padding its mode. Empty batches and inputs are among them. */
export const arbitraryConv: fc.Arbitrary<ConvCase> = fc
  .oneof({ weight: 7, arbitrary: general }, { weight: 1, arbitrary: depthwise })
  .map(({ axes, ...rest }): ConvDescription => {
    const fitting = axes.map((values) => fit(values, rest.paddingMode));
    return {
      ...rest,
      input: fitting.map(({ input }) => input),
      kernel: fitting.map(({ kernel }) => kernel),
      stride: fitting.map(({ stride }) => stride),
      dilation: fitting.map(({ dilation }) => dilation),
      padding: fitting.map(({ padding }) => padding),
    };
  })
  .filter((description) => productCount(description) <= mostProducts)
  .chain((description) =>
    fc.record({ seed: fc.integer(), withBias: fc.boolean() }).map(({ seed, withBias }) => convCase(description, seed, 'floats', withBias)),
  );

/** The nearest axis that means something: padding within what its mode allows, dilation and then kernel within the padded input. */
function fit({ input, kernel, stride, dilation, padding }: Axis, mode: PaddingMode): Axis {
  const mostPadding = { zeros: Infinity, reflect: input - 1, replicate: Infinity, circular: input }[mode];
  const allowed = mode !== 'zeros' && input === 0 ? 0 : mostPadding;
  const begin = Math.min(padding[0], allowed);
  const end = Math.min(padding[1], allowed);
  const padded = input + begin + end;
  const fittingKernel = Math.max(1, Math.min(kernel, padded));
  const mostDilation = fittingKernel > 1 ? Math.floor((padded - 1) / (fittingKernel - 1)) : dilation;
  return { input, kernel: fittingKernel, stride, dilation: Math.min(dilation, mostDilation), padding: [begin, end] };
}

function productCount(description: ConvDescription): number {
  const shape = convShape(description);
  return (outputLength(shape) / shape.outChannels) * weightLength(shape);
}
