/** The plan of short algorithms with tiles in lanes, where it chooses the scheme itself: pieces of the width, phases, rows in place. */
import { describe, expect, it } from 'vitest';
import type { Layout } from '../../../lib/types.js';
import type { ReferenceResult } from '../../reference/conv.js';
import { type ConvCase, convCase, type ConvDescription } from '../../support/conv-cases.js';
import { expectSameBits } from '../../support/expect-within-bound.js';
import { probe } from '../../support/probe.js';
import { expectBatchesAgree, expectSiblingServes, type Forced, multiplyAdds, reference, resultOf } from './forced-plan.js';
import { describeShortPlan, expectRightWithinTolerance, expectWithinTolerance } from './short-plan.js';

describeShortPlan('winograd-w-lanes');

const layouts: readonly Layout[] = ['channelsFirst', 'channelsLast'];
/** With which a map of 13 × 15 and nine taps has the million products that the plan asks for. */
const sizes = { inChannels: 25, outChannels: 37 };
/** Signals of 2500 with three taps have them with these. */
const few = { inChannels: 9, outChannels: 17 };

/** Each with half a million products for every one of seven threads. */
const layers: readonly ConvDescription[] = [
  { inChannels: 16, outChannels: 33, input: [3000], kernel: [3], dilation: 8, padding: 'same' },
  { inChannels: 16, outChannels: 33, input: [3000], kernel: [3], dilation: 100, padding: 'same', activation: 'relu' },
  { inChannels: 5, outChannels: 17, input: [3500], kernel: [16], dilation: 40, padding: 'same', layout: 'channelsLast' },
  { groups: 2, inChannels: 16, outChannels: 34, input: [60, 67], kernel: [3, 3], dilation: 2, padding: 'same' },
  { inChannels: 8, outChannels: 17, input: [9, 1100], kernel: [1, 3], dilation: [1, 16] },
  { inChannels: 8, outChannels: 17, input: [1100, 9], kernel: [3, 1], dilation: [7, 1], padding: 'same' },
];

/** With one element that is not as the others, solved once for all instruction sets. */
const spoiltLayers = layers.map((layer) => {
  let solutions: { readonly convolution: ConvCase; readonly exact: ReferenceResult }[] | undefined;
  const solve = () => {
    const clean = convCase(layer, 4);
    const [depth, height, width] = clean.shape.input;
    const places = [[NaN, 0], [-Infinity, depth * height * width - 1], [3e38, 40]] as const; // prettier-ignore
    return places.map(([special, place]) => {
      const convolution = { ...clean, input: clean.input.slice() };
      convolution.input[place] = special;
      return { convolution, exact: reference(convolution) };
    });
  };
  return [JSON.stringify(layer), layer, () => (solutions ??= solve())] as const;
});

describe.each(probe.isas)('winograd-w-lanes by its pieces, %s', (isa) => {
  const forced: Forced = { candidate: 'winograd-w-lanes', isa, tolerance: 1e-5 };
  const right = (description: ConvDescription) => {
    expectRightWithinTolerance(forced, description);
  };

  // Tiles are of four outputs and rows of several tiles: every rest of both.
  it.each([13, 15, 16])('height %i, widths beside four tiles and vectors of them', (height) => {
    for (const width of [15, 16, 17, 18, 33]) right({ ...sizes, input: [height, width], kernel: [3, 3], padding: 'same' });
  });

  it.each([1, 2, 3, 4, 5, 7])('maps of width %i', (width) => {
    const input = [Math.ceil(1200 / width / 3), width];
    for (const dilation of [1, 2])
      right({ inChannels: 33, outChannels: 41, input, kernel: [3, 3], dilation, padding: 'same', activation: 'relu' });
    right({ ...sizes, input: [3 * input[0]!, width], kernel: [3, 1], padding: [[1, 1], [0, 0]] }); // prettier-ignore
    right({ ...sizes, input: [input[0]!, 3 * width], kernel: [1, 3], padding: [[0, 0], [1, 1]] }); // prettier-ignore
  });

  describe.each(layouts)('%s', (layout) => {
    // Phases that vectors divide and others; so many that they are cut into parts; more than four vectors that are not whole.
    it.each([15, 16, 33, 40, 50, 64, 67, 100, 131, 512, 1000])('signals of dilation %i', (dilation) => {
      right({ ...few, input: [2500], kernel: [3], dilation, padding: 'same', layout });
      right({ ...few, input: [2500 + 2 * dilation], kernel: [3], dilation, activation: 'relu', layout });
      right({ ...few, groups: 1, input: [1301], kernel: [5], dilation, padding: [[5 * dilation, 0]], layout }); // prettier-ignore
    });

    it.each([2, 8, 40])('groups of taps of dilation %i', (dilation) => {
      for (const taps of [8, 11, 16]) right({ ...few, input: [901], kernel: [taps], dilation, padding: 'same', layout });
      right({ ...few, input: [18, 61], kernel: [3, 9], dilation: [2, dilation], padding: 'same', layout });
    });

    it('dilations beyond the map', () => {
      right({ ...few, input: [3000], kernel: [3], dilation: 4000, padding: 'same', layout });
      right({ ...few, input: [3000], kernel: [3], dilation: 2999, padding: [[2999, 2999]], layout }); // prettier-ignore
      right({ ...sizes, input: [13, 15], kernel: [3, 3], dilation: 20, padding: 'same', layout });
      right({ ...sizes, input: [13, 15], kernel: [3, 3], dilation: [1, 14], padding: 'same', activation: 'relu', layout });
      right({ ...sizes, input: [13, 15], kernel: [3, 3], dilation: [40, 2], padding: 'same', layout });
    });

    it('kernels along one axis alone, and beside an axis left to the direct sum', () => {
      for (const dilation of [1, 3, 20]) {
        right({ ...sizes, input: [21, 23], kernel: [3, 1], dilation: [dilation, 1], padding: 'same', layout });
        right({ ...sizes, input: [21, 23], kernel: [1, 3], dilation: [1, dilation], padding: 'same', layout });
        right({ ...sizes, input: [6, 9, 9], kernel: [3, 1, 1], dilation: [dilation, 1, 1], padding: 'same', layout });
        // No algorithm of four outputs has six taps.
        right({ ...sizes, input: [9, 13], kernel: [3, 6], dilation: [1, dilation], padding: 'same', layout });
      }
    });

    it('few channels and odd ones, in groups', () => {
      right({ inChannels: 3, outChannels: 13, input: [60, 61], kernel: [3, 3], padding: 'same', activation: 'relu', layout });
      right({ inChannels: 1, outChannels: 5, input: [150, 155], kernel: [3, 3], padding: 'same', layout });
      right({ groups: 5, inChannels: 15, outChannels: 10, input: [101, 121], kernel: [3, 3], dilation: 2, padding: 3, layout });
      right({ groups: 4, inChannels: 12, outChannels: 4, input: [9001], kernel: [11], dilation: 5, padding: 'same', layout });
    });
  });

  // Without an algorithm along depth and height the columns of a piece are read and written where they stand, if all exist, and so do those
  // that vectors reach beyond them: dilations that are whole vectors, or whose tiles make up whole ones.
  describe('rows in place', () => {
    it.each([1, 2, 4, 8, 16, 32, 3, 12, 100])('signals of dilation %i', (dilation) => {
      for (const length of [2560, 2560 + 17]) {
        // No padding: the first piece is in place, too, and the last one's vectors end where the signal does or not.
        right({ ...few, input: [length + 2 * dilation], kernel: [3], dilation });
        right({ ...few, batch: 2, input: [length], kernel: [3], dilation, padding: 'same', activation: 'relu' });
      }
      right({ groups: 2, inChannels: 10, outChannels: 22, input: [4096], kernel: [4], dilation, padding: [[3 * dilation, 0]], activation: 'relu' }); // prettier-ignore
    });

    it.each([1, 2, 8, 16, 32])('rows of maps, dilation %i along them', (dilation) => {
      right({ ...few, input: [5, 512 + 2 * dilation], kernel: [1, 3], dilation: [1, dilation] });
      right({ ...few, input: [2, 3, 500], kernel: [1, 1, 3], dilation: [1, 1, dilation], padding: 'same', activation: 'relu' });
      // Rows and planes of nothing but padding.
      right({ ...few, input: [3, 3000], kernel: [1, 3], dilation: [1, dilation], padding: [[2, 1], [0, 0]] }); // prettier-ignore
      right({ ...few, input: [2, 2, 3000], kernel: [1, 1, 3], dilation: [1, 1, dilation], padding: [[1, 0], [0, 2], [0, 0]] }); // prettier-ignore
    });

    it('without a bias', () => {
      const convolution = convCase({ ...few, input: [2600], kernel: [3], dilation: 8 }, 1, 'floats', false);
      expectWithinTolerance(forced, convolution, reference(convolution), resultOf(forced, convolution));
    });
  });

  it('the same bits where threads draw two pieces at once, and the last is left alone', () => {
    const convolution = convCase({ ...few, input: [300, 500], kernel: [3, 3], padding: 'same' }, 5);
    const single = resultOf(forced, convolution);
    for (const threads of [2, 3]) expectSameBits(resultOf(forced, convolution, { threads }), single);
  });

  describe.each(spoiltLayers)('%s', (_, layer, spoilt) => {
    it('the same bits for any number of threads, place in a batch, and with shared weights', () => {
      const convolution = convCase(layer, 3);
      expect(multiplyAdds(convolution.shape)).toBeGreaterThanOrEqual(3_500_000);
      const single = resultOf(forced, convolution);
      for (const threads of [2, 3, 7]) expectSameBits(resultOf(forced, convolution, { threads }), single);
      expectBatchesAgree(forced, layer);
      expectSiblingServes(forced, layer, layer.input.map((size, axis) => (axis === layer.input.length - 1 ? 2 * size + 5 : size + 1))); // prettier-ignore
    });

    it('NaN and infinities reach the outputs that touch them and no others, and huge values no other image', () => {
      for (const { convolution, exact } of spoilt()) expectWithinTolerance(forced, convolution, exact, resultOf(forced, convolution));
    });
  });
});
