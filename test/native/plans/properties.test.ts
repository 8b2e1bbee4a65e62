/** Every family on every instruction set, all options drawn at random: within the bound, the same bits at either edge of memory and for any number of threads. */
import fc from 'fast-check';
import { describe, it } from 'vitest';
import { arbitraryConv, besideLanes } from '../../support/arbitrary-conv.js';
import { type ConvCase, convCase, inputLength, outputLength } from '../../support/conv-cases.js';
import { expectSameBits, expectWithinBound } from '../../support/expect-within-bound.js';
import { probe } from '../../support/probe.js';
import { reference, resultOf } from './forced-plan.js';
import { propertySeed } from './property-seed.js';

const seed = propertySeed();

/** A backend meets no problem without inputs, and computes nothing for one without outputs. */
const anyConv = arbitraryConv.filter(({ shape }) => inputLength(shape) > 0 && outputLength(shape) > 0);

const planeAxis = fc.record({
  input: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constantFrom(...besideLanes)),
  dilation: fc.integer({ min: 1, max: 12 }),
  padding: fc.tuple(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 0, max: 30 })),
});

const depthAxis = fc.record({
  input: fc.integer({ min: 1, max: 6 }),
  dilation: fc.integer({ min: 1, max: 3 }),
  padding: fc.tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 5 })),
});

/** What the depthwise plan accepts, of both layouts. */
const depthwiseConv: fc.Arbitrary<ConvCase> = fc
  .record({
    kernel: fc.constantFrom([3, 3], [5, 5], [1, 3], [2, 1], [4, 3], [7, 2], [3, 3, 3], [2, 5, 5], [4, 2, 1]),
    axes: fc.tuple(planeAxis, planeAxis, depthAxis),
    stride: fc.constantFrom([1, 1, 1], [1, 1, 1], [2, 2, 1], [1, 2, 2], [3, 1, 3]),
    groups: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.constantFrom(...besideLanes)),
    multiplier: fc.integer({ min: 1, max: 3 }),
    batch: fc.integer({ min: 1, max: 2 }),
    layout: fc.constantFrom('channelsFirst', 'channelsLast'),
    activation: fc.constantFrom('none', 'relu'),
    seed: fc.integer(),
    withBias: fc.boolean(),
  })
  .map(
    ({
      kernel,
      axes: [height, width, depth],
      stride: strides,
      groups,
      multiplier,
      batch,
      layout,
      activation,
      seed: dataSeed,
      withBias,
    }) => {
      const axes = kernel.length === 3 ? [depth, height, width] : [height, width];
      const stride = kernel.length === 3 ? [strides[2], ...strides.slice(0, 2)] : strides.slice(0, 2);
      // Padding enough for one output at least.
      const padding = axes.map(({ input, dilation, padding: [begin, end] }, axis): [number, number] => {
        const missing = dilation * (kernel[axis]! - 1) + 1 - input - begin - end;
        return [begin, end + Math.max(0, missing)];
      });
      const description = {
        batch,
        groups,
        outChannels: layout === 'channelsLast' ? groups : multiplier * groups,
        layout,
        activation,
        input: axes.map(({ input }) => input),
        kernel,
        stride,
        dilation: axes.map(({ dilation }) => dilation),
        padding,
      };
      return convCase(description, dataSeed, 'floats', withBias);
    },
  )
  // Packed planes are stored with their padding.
  .filter(
    ({ shape }) => shape.layout === 'channelsLast' || shape.stride[2] === 1 || Math.max(...shape.paddingBegin, ...shape.paddingEnd) < 9,
  );

describe.each([
  ['direct-k-lanes', anyConv],
  ['direct-w-lanes', anyConv],
  ['direct-depthwise', depthwiseConv],
] as const)('%s', (candidate, arbitrary) => {
  it.each(probe.isas)('%s', (isa) => {
    fc.assert(
      fc.property(arbitrary, fc.constantFrom(2, 3, 7), (convolution, threads) => {
        const result = resultOf({ candidate, isa }, convolution);
        expectWithinBound(result, reference(convolution), convolution.shape);
        expectSameBits(resultOf({ candidate, isa }, convolution, { threads }), result);
      }),
      { seed, numRuns: 150 },
    );
  });
});
