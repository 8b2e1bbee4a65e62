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

/** What the depthwise plan accepts. */
const depthwiseConv: fc.Arbitrary<ConvCase> = fc
  .record({
    size: fc.constantFrom(3, 5),
    axes: fc.tuple(planeAxis, planeAxis),
    groups: fc.integer({ min: 1, max: 9 }),
    multiplier: fc.integer({ min: 1, max: 3 }),
    batch: fc.integer({ min: 1, max: 2 }),
    activation: fc.constantFrom('none', 'relu'),
    seed: fc.integer(),
    withBias: fc.boolean(),
  })
  .map(({ size, axes, groups, multiplier, batch, activation, seed: dataSeed, withBias }) => {
    // Padding enough for one output at least.
    const padding = axes.map(({ input, dilation, padding: [begin, end] }): [number, number] => {
      const missing = dilation * (size - 1) + 1 - input - begin - end;
      return [begin, end + Math.max(0, missing)];
    });
    const description = {
      batch,
      groups,
      outChannels: multiplier * groups,
      activation,
      input: axes.map(({ input }) => input),
      kernel: [size, size],
      dilation: axes.map(({ dilation }) => dilation),
      padding,
    };
    return convCase(description, dataSeed, 'floats', withBias);
  });

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
