/** The plan with output pixels in lanes, forced, at the edges of its vectors, panels and packed tiles. */
import { describe, it } from 'vitest';
import type { Layout, PaddingMode } from '../../../lib/types.js';
import { convCase } from '../../support/conv-cases.js';
import { expectWithinBound } from '../../support/expect-within-bound.js';
import { probe } from '../../support/probe.js';
import {
  beside,
  expectBatchesAgree,
  expectRefused,
  expectRight,
  expectSiblingServes,
  expectThreadsAgree,
  reference,
  resultOf,
} from './forced-plan.js';

const layouts: readonly Layout[] = ['channelsFirst', 'channelsLast'];
const valueModes: readonly PaddingMode[] = ['reflect', 'replicate', 'circular'];

describe.each(probe.isas)('direct-w-lanes, %s', (isa) => {
  const forced = { candidate: 'direct-w-lanes', isa };
  const { lanes } = probe.describe(isa);

  describe.each(layouts)('%s', (layout) => {
    // Panels have at most 12 outputs.
    it.each(beside(lanes, 6, 8, 12))('%i output channels', (outChannels) => {
      expectRight(forced, {
        inChannels: 3,
        outChannels,
        input: [3, 2 * lanes + 1],
        kernel: [2, 3],
        padding: 'same',
        layout,
        activation: 'relu',
      });
      expectRight(forced, { inChannels: 2, outChannels, input: [5, Math.max(1, lanes - 1)], kernel: [3, 3], padding: 'same', layout });
    });

    it.each(beside(lanes, 64))('%i input channels', (inChannels) => {
      expectRight(forced, { inChannels, outChannels: 5, input: [4, 9], kernel: [3, 3], padding: 'same', layout });
      // Tiles of 64 elements a channel, which would lie whole 256-byte steps apart.
      expectRight(forced, { inChannels, outChannels: 2, input: [62], kernel: [3], padding: 'same', layout });
    });

    it.each(beside(lanes, 2 * lanes, 3 * lanes, 4 * lanes, 6 * lanes, 96, 128))('width %i', (width) => {
      for (const outChannels of [1, 5, 13]) {
        expectRight(forced, { inChannels: 2, outChannels, input: [3, width], kernel: [2, 3], padding: 'same', layout });
      }
    });

    // A map no wider than a vector: one row a vector.
    it.each([1, 2, 3, 4, 5, 7, 8, 13, 33])('height %i of narrow maps', (height) => {
      for (const width of new Set([1, lanes - 1, lanes].filter((size) => size > 0))) {
        for (const outChannels of [1, 4, 9]) {
          expectRight(forced, { inChannels: 3, outChannels, input: [height, width], kernel: [3, 3], dilation: 2, padding: 'same', layout });
        }
      }
    });

    // A tile holds 65,536 floats: each of these needs more and is cut along its width, its height, or the height of a narrow map.
    it.each<readonly [what: string, input: readonly number[], kernel: readonly number[], inChannels: number, dilation: number]>([
      ['width', [2100], [3], 33, 1],
      ['width, each tap by itself', [1100], [3], 24, 1000],
      ['height', [70, 70], [3, 3], 16, 1],
      ['height and width', [3, 1500], [3, 3], 40, 1],
      ['height of a narrow map', [Math.ceil(70_000 / (16 * (lanes + 1))), lanes], [3, 3], 16, 1],
    ])('tiles cut along the %s', (_, input, kernel, inChannels, dilation) => {
      expectRight(forced, { inChannels, outChannels: 2, input, kernel, dilation, padding: 'same', layout });
    });

    // Taps fall into as many runs of a row as the stride has more factors than it shares with the dilation.
    it.each([
      [2, 2],
      [2, 4],
      [4, 2],
      [4, 6],
      [6, 4],
      [3, 6],
      [4, 1],
      [5, 3],
    ])('stride %i and dilation %i', (stride, dilation) => {
      // prettier-ignore
      for (const width of [37, 40, 300]) {
        expectRight(forced, { inChannels: 3, outChannels: 5, input: [9, width], kernel: [3, 4], stride, dilation, padding: [[2, 5], [7, 4]], layout }); // prettier-ignore
      }
    });

    describe.each([1, 2, 3])('stride %i', (stride) => {
      // Where taps lie further apart than outputs (dilation 20), the tile holds each tap's elements by themselves.
      it.each([1, 2, 5, 20])('dilation %i', (dilation) => {
        const paddings = [dilation, dilation + 3, [[0, 2 * dilation], [2 * dilation + 1, 1]]] as const; // prettier-ignore
        for (const padding of paddings) {
          expectRight(forced, { inChannels: 3, outChannels: 5, input: [9, 13], kernel: [3, 3], stride, dilation, padding, layout });
        }
        expectRight(forced, { inChannels: 3, outChannels: 5, input: [2 * dilation + 3], kernel: [3], stride, dilation, layout });
        expectRight(forced, { inChannels: 3, outChannels: 5, input: [3 * dilation + 50], kernel: [4], stride, dilation, padding: [[7, 0]], layout }); // prettier-ignore
      });

      it.each(valueModes)('%s', (paddingMode) => {
        const description = { inChannels: 5, outChannels: 6, kernel: [3, 3], stride, dilation: 2, paddingMode, layout };
        expectRight(forced, { ...description, input: [7, 9], padding: [[6, 3], [0, 8]] }); // prettier-ignore
        expectRight(forced, { ...description, input: [5, 6], padding: 'same', batch: 2, activation: 'relu' });
      });
    });

    it.each(beside(lanes))('groups of %i channels', (channels) => {
      const sizes = { groups: 3, inChannels: 3 * channels, outChannels: 3 * channels };
      expectRight(forced, { ...sizes, input: [4, 5], kernel: [3, 2], padding: 'same', layout });
      expectRight(forced, { groups: channels, outChannels: 2 * channels, input: [4, lanes + 1], kernel: [3, 3], padding: 1, layout });
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

    it('refuses weights that are not finite where zeros would be multiplied by them', () => {
      const description = { inChannels: 2, outChannels: 3, input: [4, 5], kernel: [3, 3], dilation: 2, layout };
      for (const special of [NaN, Infinity, -Infinity]) {
        const spoil = ({ weight }: { weight: Float32Array }) => {
          weight[weight.length - 1] = special;
        };
        expectRefused(forced, { ...description, padding: 'same' }, spoil);
        expectRefused(forced, { ...description, padding: [[0, 1], [0, 0]] }, spoil); // prettier-ignore
        for (const accepted of [{ input: [5, 6] }, { padding: 2, paddingMode: 'replicate' }] as const) {
          const convolution = convCase({ ...description, ...accepted });
          spoil(convolution);
          expectWithinBound(resultOf(forced, convolution), reference(convolution), convolution.shape);
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
      // So few tiles that threads share the panels of one.
      expectThreadsAgree(forced, { inChannels: 128, outChannels: 130, input: [5, 5], kernel: [3, 3], padding: 'same', layout });
    });

    it('gives the same bits wherever an image stands in its batch', () => {
      expectBatchesAgree(forced, { inChannels: 5, outChannels: 7, input: [5, 9], kernel: [3, 3], padding: 'same', layout });
    });

    it('shares packed weights between input sizes', () => {
      const description = { inChannels: 5, outChannels: 13, kernel: [3, 3], padding: 1, layout };
      // Of the same panels, and, narrow, of others.
      expectSiblingServes(forced, { ...description, input: [5, 6 * lanes] }, [11, 6 * lanes]);
      expectSiblingServes(forced, { ...description, input: [5, 6 * lanes] }, [2, 2]);
    });
  });
});
