/** The plan with output channels in lanes, forced, at the edges of its blocks, tiles, bands and runs of taps. */
import { describe, expect, it } from 'vitest';
import type { Layout, PaddingMode } from '../../../lib/types.js';
import { convCase } from '../../support/conv-cases.js';
import { expectWithinBound } from '../../support/expect-within-bound.js';
import { probe } from '../../support/probe.js';
import { beside, expectBatchesAgree, expectRight, expectSiblingServes, expectThreadsAgree, reference, resultOf } from './forced-plan.js';

const layouts: readonly Layout[] = ['channelsFirst', 'channelsLast'];
const valueModes: readonly PaddingMode[] = ['reflect', 'replicate', 'circular'];

describe.each(probe.isas)('direct-k-lanes, %s', (isa) => {
  const forced = { candidate: 'direct-k-lanes', isa };
  const { lanes, slots } = probe.describe(isa);
  const tilePixels = slots.k_lanes.map((row) => row.lastIndexOf(true) + 1);

  describe.each(layouts)('%s', (layout) => {
    it.each([...beside(lanes, 4 * lanes), 9 * lanes + 1])('%i output channels', (outChannels) => {
      expectRight(forced, { inChannels: 3, outChannels, input: [3, 7], kernel: [2, 3], padding: 'same', layout, activation: 'relu' });
    });

    // 64 channels would lie whole 256-byte steps apart, which the image avoids.
    it.each(beside(lanes, 64))('%i input channels', (inChannels) => {
      expectRight(forced, { inChannels, outChannels: 5, input: [4, 5], kernel: [3, 3], padding: 'same', layout });
      expectRight(forced, { inChannels, outChannels: 5, input: [4, 5], kernel: [3, 3], padding: 2, paddingMode: 'circular', layout });
    });

    // Rows are cut into columns of at most 96, or left whole up to 128; rows of one pixel and two are walked down the column.
    it.each(beside(lanes, 2, 3, 96, 128, ...tilePixels))('width %i', (width) => {
      for (const height of [1, 5]) {
        expectRight(forced, { inChannels: 2, outChannels: lanes + 1, input: [height, width], kernel: [2, 3], padding: 'same', layout });
      }
    });

    // Columns of one and two pixels: tiles are rows then. Bands end within the height.
    it.each([1, 2, 3, 31, 32, 33, 95, 96, 97, 200])('height %i', (height) => {
      for (const width of [1, 2, 3]) {
        expectRight(forced, {
          inChannels: 3,
          outChannels: 4,
          input: [height, width],
          kernel: [3, 1],
          dilation: 2,
          padding: 'same',
          layout,
        });
      }
    });

    describe.each([1, 2, 3])('stride %i', (stride) => {
      // Of the 3 taps of dilation 20 at most one lies inside.
      it.each([1, 2, 5, 20])('dilation %i', (dilation) => {
        const paddings = [dilation, dilation + 3, [[0, 2 * dilation], [2 * dilation + 1, 1]]] as const; // prettier-ignore
        for (const padding of paddings) {
          expectRight(forced, { inChannels: 3, outChannels: 5, input: [9, 13], kernel: [3, 3], stride, dilation, padding, layout });
        }
        expectRight(forced, { inChannels: 3, outChannels: 5, input: [2 * dilation + 3], kernel: [3], stride, dilation, layout });
      });

      it.each(valueModes)('%s', (paddingMode) => {
        const description = { inChannels: 5, outChannels: 6, kernel: [3, 3], stride, dilation: 2, paddingMode, layout };
        expectRight(forced, { ...description, input: [7, 9], padding: [[6, 3], [0, 8]] }); // prettier-ignore
        expectRight(forced, { ...description, input: [5, 6], padding: 'same', batch: 2, groups: 1, activation: 'relu' });
      });
    });

    it.each([...beside(lanes)])('groups of %i channels', (channels) => {
      const sizes = { groups: 3, inChannels: 3 * channels, outChannels: 3 * channels };
      expectRight(forced, { ...sizes, input: [4, 5], kernel: [3, 2], padding: 'same', layout });
      expectRight(forced, { groups: channels, outChannels: 2 * channels, input: [4, 5], kernel: [3, 3], padding: 1, layout });
    });

    it('one axis and three', () => {
      expectRight(forced, { inChannels: 5, outChannels: 6, input: [300], kernel: [3], dilation: 64, padding: [[128, 0]], layout });
      expectRight(forced, { inChannels: 4, outChannels: 9, input: [5, 6, 7], kernel: [3, 2, 3], dilation: 2, padding: 'same', layout });
      expectRight(forced, { inChannels: 4, outChannels: 9, input: [4, 3, 5], kernel: [2, 2, 2], stride: [2, 1, 3], padding: 3, layout });
      expectRight(forced, {
        inChannels: 3,
        outChannels: 3,
        input: [3, 4, 4],
        kernel: [3, 3, 3],
        padding: 2,
        paddingMode: 'replicate',
        layout,
      });
    });

    it('outputs that see padding alone', () => {
      expectRight(forced, { inChannels: 3, outChannels: 4, input: [2, 3], kernel: [2, 2], padding: 5, layout, activation: 'relu' });
      expectRight(forced, { inChannels: 3, outChannels: 4, input: [1, 3, 3], kernel: [1, 3, 3], stride: [2, 1, 1], padding: [[1, 0], [1, 1], [1, 1]], layout }); // prettier-ignore
    });

    it('skips padded taps: weights that are not finite count only where they meet the input', () => {
      for (const special of [NaN, Infinity]) {
        for (const tap of [0, 4, 8]) {
          const convolution = convCase({
            inChannels: 2,
            outChannels: 3,
            input: [4, 5],
            kernel: [3, 3],
            dilation: 2,
            padding: 'same',
            layout,
          });
          // Output channel 1, input channel 0.
          convolution.weight[layout === 'channelsFirst' ? 18 + tap : 6 * tap + 1] = special;
          const result = resultOf(forced, convolution);
          expectWithinBound(result, reference(convolution), convolution.shape);
          expect(result.some(Number.isFinite) && !result.every(Number.isFinite)).toBe(true);
        }
      }
    });

    it('gives the same bits for any number of threads', () => {
      expectThreadsAgree(forced, {
        inChannels: 24,
        outChannels: 37,
        input: [41, 37],
        kernel: [3, 3],
        dilation: 2,
        padding: 'same',
        layout,
      });
      expectThreadsAgree(forced, { inChannels: 18, outChannels: 21, input: [3203], kernel: [3], padding: 'same', layout });
      expectThreadsAgree(forced, {
        inChannels: 33,
        outChannels: 35,
        input: [6, 130],
        kernel: [3, 3],
        padding: 2,
        paddingMode: 'reflect',
        layout,
      });
    });

    it('gives the same bits wherever an image stands in its batch', () => {
      expectBatchesAgree(forced, { inChannels: 5, outChannels: 7, input: [5, 9], kernel: [3, 3], padding: 'same', layout });
      expectBatchesAgree(forced, {
        inChannels: 5,
        outChannels: 7,
        input: [5, 9],
        kernel: [3, 3],
        padding: 1,
        paddingMode: 'reflect',
        layout,
      });
    });

    it('shares packed weights between input sizes', () => {
      const description = { inChannels: 5, outChannels: 2 * lanes + 1, kernel: [3, 3], padding: 1, layout };
      expectSiblingServes(forced, { ...description, input: [5, 9] }, [11, 3]);
    });
  });
});
