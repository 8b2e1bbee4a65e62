/** The plan of short algorithms, forced, for every kernel it knows, at the edges of its tiles, phases, regions and blocks. */
import { describe, expect, it } from 'vitest';
import type { Layout, PaddingMode } from '../../../lib/types.js';
import { type ConvCase, convCase, type ConvDescription, titleOf } from '../../support/conv-cases.js';
import { expectSameBits } from '../../support/expect-within-bound.js';
import { probe } from '../../support/probe.js';
import { beside, expectBatchesAgree, expectRefused, expectSiblingServes, type Forced, reference, resultOf } from './forced-plan.js';

const layouts: readonly Layout[] = ['channelsFirst', 'channelsLast'];
const valueModes: readonly PaddingMode[] = ['reflect', 'replicate', 'circular'];
const defaultTolerance = 1e-5;

describe.each(probe.isas)('winograd-k-lanes, %s', (isa) => {
  const forced = { candidate: 'winograd-k-lanes', isa, tolerance: defaultTolerance };
  const { lanes } = probe.describe(isa);
  const right = (description: ConvDescription, tolerance = defaultTolerance) => {
    const convolution = convCase(description, 1);
    expectWithinTolerance({ ...forced, tolerance }, convolution, resultOf({ ...forced, tolerance }, convolution));
  };

  // From the least that admits any algorithm to one that admits all.
  describe.each([5e-6, 1e-5, 1e-4])('tolerance %d', (tolerance) => {
    it.each([
      [
        [2, 2],
        [9, 11],
      ],
      [
        [3, 3],
        [9, 11],
      ],
      [
        [5, 5],
        [9, 11],
      ],
      [
        [7, 7],
        [13, 11],
      ],
      [
        [1, 3],
        [9, 11],
      ],
      [
        [3, 1],
        [9, 11],
      ],
      [
        [3, 2],
        [9, 11],
      ],
      [[3], [50]],
      [[7], [50]],
      [
        [3, 3, 3],
        [6, 7, 8],
      ],
      [
        [2, 1, 3],
        [6, 7, 8],
      ],
    ])('kernel %j', (kernel, input) => {
      for (const dilation of [1, 2, 3]) right({ inChannels: 6, outChannels: 7, input, kernel, dilation, padding: 'same' }, tolerance);
    });

    // More taps than any algorithm has: groups of them.
    it.each([8, 9, 12, 16, 31])('%i taps', (taps) => {
      for (const dilation of [1, 3])
        right({ inChannels: 5, outChannels: 6, input: [110], kernel: [taps], dilation, padding: 'same' }, tolerance);
    });
  });

  describe.each(layouts)('%s', (layout) => {
    it.each(beside(lanes, 4 * lanes))('%i output channels', (outChannels) => {
      right({ inChannels: 3, outChannels, input: [5, 7], kernel: [3, 3], padding: 'same', layout, activation: 'relu' });
    });

    it.each(beside(lanes, 64))('%i input channels', (inChannels) => {
      right({ inChannels, outChannels: 5, input: [5, 7], kernel: [3, 3], padding: 'same', layout });
    });

    // Tiles have up to eight outputs, and closed forms a whole phase.
    it.each(Array.from({ length: 18 }, (_, size) => size + 1))('size %i', (size) => {
      for (const dilation of [1, 2, 7]) {
        right({ inChannels: 3, outChannels: 4, input: [size, size], kernel: [3, 3], dilation, padding: 'same', layout });
        right({ inChannels: 3, outChannels: 4, input: [4 * size], kernel: [3], dilation, padding: 'same', layout });
      }
      right({ inChannels: 3, outChannels: 4, input: [size, 12], kernel: [3, 3], padding: [[2, 1], [0, 5]], layout }); // prettier-ignore
      right({ inChannels: 3, outChannels: 4, input: [size + 2, size + 5], kernel: [3, 3], layout });
    });

    it.each(valueModes)('%s', (paddingMode) => {
      const description = { inChannels: 5, outChannels: 6, kernel: [3, 3], dilation: 2, paddingMode, layout };
      right({ ...description, input: [7, 9], padding: [[6, 3], [0, 8]] }); // prettier-ignore
      right({ ...description, input: [5, 6], padding: 'same', batch: 2, activation: 'relu' });
    });

    it('groups, batches, one axis and three', () => {
      right({ groups: 3, inChannels: 9, outChannels: 15, batch: 2, input: [7, 9], kernel: [3, 3], padding: 1, layout });
      right({ groups: 4, inChannels: 4, outChannels: 4, input: [7, 9], kernel: [3, 3], padding: 1, layout });
      right({ inChannels: 5, outChannels: 6, input: [300], kernel: [3], dilation: 64, padding: [[128, 0]], layout });
      right({ inChannels: 4, outChannels: 9, input: [7, 8, 9], kernel: [3, 3, 3], dilation: 2, padding: 'same', layout });
      right({ inChannels: 3, outChannels: 4, input: [5, 6], kernel: [3, 3], padding: 5, layout });
    });

    it('several regions', () => {
      right({ inChannels: 40, outChannels: 5, input: [70, 61], kernel: [3, 3], dilation: 2, padding: 'same', layout });
      right({ inChannels: 40, outChannels: 5, input: [5000], kernel: [3], dilation: 16, padding: 'same', layout });
    });

    it('gives the same bits for any number of threads, within and across regions', () => {
      for (const input of [
        [19, 23],
        [120, 90],
      ]) {
        // prettier-ignore
        const convolution = convCase({ inChannels: 32, outChannels: 40, input, kernel: [3, 3], dilation: 2, padding: 'same', layout });
        const single = resultOf(forced, convolution);
        for (const threads of [2, 3, 7]) expectSameBits(resultOf(forced, convolution, { threads }), single);
      }
    });

    it('gives the same bits wherever an image stands in its batch, and with shared weights', () => {
      expectBatchesAgree(forced, { inChannels: 5, outChannels: 7, input: [5, 9], kernel: [3, 3], padding: 'same', layout });
      expectSiblingServes(forced, { inChannels: 5, outChannels: 7, input: [12, 9], kernel: [3, 3], padding: 'same', layout }, [12, 10]);
      expectSiblingServes(forced, { inChannels: 5, outChannels: 7, input: [12, 9], kernel: [3, 3], padding: 'same', layout }, [2, 30]);
    });

    it('lets NaN, infinities and huge values reach the outputs that touch them, and no others', () => {
      for (const special of [NaN, Infinity, -Infinity, 3e38]) {
        const convolution = convCase({ inChannels: 3, outChannels: 4, input: [9, 11], kernel: [3, 3], dilation: 2, padding: 'same', layout, batch: 2 }); // prettier-ignore
        convolution.input[40] = special;
        expectWithinTolerance(forced, convolution, resultOf(forced, convolution));
      }
    });
  });

  it.each<[what: string, description: ConvDescription]>([
    ['a stride', { inChannels: 3, outChannels: 4, input: [9, 11], kernel: [3, 3], stride: 2, padding: 1 }],
    ['a kernel of one tap', { inChannels: 3, outChannels: 4, input: [9, 11], kernel: [1, 1] }],
  ])('refuses %s', (_, description) => {
    expectRefused(forced, description);
  });

  it('refuses tolerance 0 and weights that are not finite', () => {
    const description = { inChannels: 3, outChannels: 4, input: [9, 11], kernel: [3, 3], padding: 1 };
    expectRefused({ ...forced, tolerance: 0 }, description);
    for (const special of [NaN, Infinity]) {
      expectRefused(forced, description, ({ weight }) => {
        weight[5] = special;
      });
    }
  });
});

/**
 * An error of at most `tolerance` of the largest Σ|w·x| anywhere, since a tile's values mix. What is not finite is the exact result's own,
 * but for huge sums, which may differ in when they overflow.
 */
function expectWithinTolerance({ tolerance = 0 }: Forced, convolution: ConvCase, actual: Float32Array): void {
  const { value, magnitude, terms } = reference(convolution);
  const largest = magnitude.reduce((most, sum) => (sum < 1e30 ? Math.max(most, sum) : most), 0);
  for (let index = 0; index < actual.length; index++) {
    const exact = value[index]!;
    const bound = tolerance * largest + (terms[index]! + 2) * 2 ** -24 * magnitude[index]!;
    const right = Number.isFinite(exact)
      ? Math.abs(actual[index]! - exact) <= bound || (magnitude[index]! > 2 ** 127 && !Number.isFinite(actual[index]))
      : Object.is(actual[index], exact);
    if (!right) expect.fail(`${titleOf(convolution)}: element ${index} is ${actual[index]}, exactly ${exact}, bound ${bound}`);
  }
}
