/** The depthwise plan, forced, at the edges of its vectors, its groups of rows and its phases; and what it must leave to others. */
import { describe, expect, it } from 'vitest';
import type { Layout, PaddingMode } from '../../../lib/types.js';
import { type ConvDescription, convCase } from '../../support/conv-cases.js';
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

describe.each(probe.isas)('direct-depthwise, %s', (isa) => {
  const forced = { candidate: 'direct-depthwise', isa };
  const { lanes } = probe.describe(isa);

  describe.each(layouts)('%s', (layout) => {
    const multipliers = layout === 'channelsFirst' ? [1, 3] : [1];

    describe.each([
      [3, 3],
      [5, 5],
      [2, 4],
      [7, 1],
    ])('kernel %i×%i', (...kernel) => {
      // prettier-ignore
      const [height, width] = kernel;

      it.each(beside(lanes, 4 * lanes).concat(11 * lanes + 3))('width %i', (input) => {
        for (const rows of [1, 6]) expectRight(forced, { groups: 2, input: [rows, input], kernel, padding: 'same', layout });
      });

      // Rows go in groups, each the dilation below the other.
      it.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 13])('height %i', (input) => {
        for (const dilation of [1, 2, 3]) {
          expectRight(forced, { groups: 2, input: [input, lanes + 1], kernel, dilation, padding: 'same', activation: 'relu', layout });
        }
      });

      it.each(beside(lanes))('%i channels', (groups) => {
        for (const multiplier of multipliers) {
          expectRight(forced, { groups, outChannels: multiplier * groups, input: [5, 6], kernel, padding: 1, layout });
        }
      });

      // Up to dilations of which one tap of each axis lies inside.
      it.each([1, 2, 4, 9, 20])('dilation %i', (dilation) => {
        const [reachY, reachX] = [dilation * (height - 1), dilation * (width - 1)];
        const paddings = [
          'same',
          Math.max(reachX, reachY),
          [[0, reachY], [reachX + 3, 1]],
          [[reachY, 17], [2, reachX + 16]],
        ] as const; // prettier-ignore
        for (const padding of paddings) expectRight(forced, { groups: 3, input: [9, 13], kernel, dilation, padding, batch: 2, layout });
        expectRight(forced, { groups: 3, input: [reachY + 2, reachX + lanes], kernel, dilation, layout });
        expectRight(forced, { groups: 3, input: [9, 13], kernel, dilation: [dilation, 3], padding: [[reachY, 0], [9, 9]], layout }); // prettier-ignore
        expectRight(forced, { groups: 3, input: [9, 13], kernel, dilation: [2, dilation], padding: [[6, 6], [reachX, reachX]], layout }); // prettier-ignore
      });

      it.each([
        [2, 2],
        [1, 2],
        [2, 1],
        [3, 3],
        [4, 5],
      ])('stride %i×%i', (...stride) => {
        // prettier-ignore
        for (const dilation of [1, 2, 3, 4]) {
          for (const input of [[9, 13], [12, 2 * lanes + 2]]) {
            expectRight(forced, { groups: 3, input, kernel, stride, dilation, padding: 'same', layout });
            expectRight(forced, { groups: 3, input: input.map((size) => size + 16), kernel, stride, dilation, layout, activation: 'relu' });
          }
        }
      });

      it.each(valueModes)('%s', (paddingMode) => {
        for (const stride of [1, 2]) {
          const description = { groups: 5, kernel, stride, dilation: 2, paddingMode, layout };
          expectRight(forced, { ...description, input: [13, 15], padding: [[6, 3], [0, 8]] }); // prettier-ignore
          expectRight(forced, { ...description, input: [13, 2 * lanes + 15], padding: 'same', batch: 2, activation: 'relu' });
        }
      });

      it('outputs that see padding alone', () => {
        expectRight(forced, { groups: 3, input: [2, 3], kernel, padding: 3 * Math.max(height, width), activation: 'relu', layout });
      });

      it('gives the same bits wherever an image stands in its batch', () => {
        for (const paddingMode of ['zeros', 'reflect'] as const) {
          expectBatchesAgree(forced, { groups: 5, input: [17, 19], kernel, padding: 'same', paddingMode, layout });
        }
      });
    });

    it.each([2, 3, 5, 7, 31])('one axis, %i taps', (taps) => {
      for (const dilation of [1, 3, 8, 64]) {
        expectRight(forced, { groups: 3, input: [2 * dilation + 401], kernel: [taps], dilation, padding: 'same', layout });
        expectRight(forced, { groups: lanes + 1, input: [taps * dilation + 3], kernel: [taps], dilation, padding: [[dilation * (taps - 1), 0]], layout }); // prettier-ignore
        expectRight(forced, { groups: 2, input: [taps * dilation + 40], kernel: [taps], dilation, stride: 2, padding: 1, layout });
        const padding = [[dilation, 2]] as const;
        expectRight(forced, {
          groups: 2,
          input: [taps * dilation + 40],
          kernel: [taps],
          dilation,
          padding,
          paddingMode: 'circular',
          layout,
        });
      }
    });

    it('gives the same bits for any number of threads', () => {
      const kernel = [3, 3] as const;
      expectThreadsAgree(forced, { groups: 131, batch: 2, input: [40, 41], kernel, padding: 'same', layout });
      // How work is divided hardly depends on the instruction set.
      if (isa !== probe.isas[0]) return;
      // Fewer and more planes than items, and two images; rows that share inputs, and rows that do not.
      expectThreadsAgree(forced, { groups: 3, input: [350, 401], kernel, dilation: 2, padding: 'same', layout });
      expectThreadsAgree(forced, { groups: 5, input: [560, 602], kernel, stride: 2, padding: 'same', layout });
      // Planes of volumes.
      expectThreadsAgree(forced, { groups: 11, input: [11, 34, 35], kernel: [3, 3, 3], padding: 'same', layout });
      expectThreadsAgree(forced, { groups: 3, input: [23, 61, 62], kernel: [2, 3, 5], stride: [1, 1, 2], padding: 'same', layout });
      // Sections of one plane.
      expectThreadsAgree(forced, { groups: 1, input: [120_003], kernel: [31], dilation: 8, padding: 'same', layout });
    });

    it('plans beside a sibling', () => {
      expectSiblingServes(forced, { groups: 3, input: [7, 9], kernel: [3, 3], padding: 'same', layout }, [12, 5]);
    });

    describe.each([
      [3, 3, 3],
      [2, 2, 2],
      [3, 5, 5],
      [4, 1, 2],
      [1, 3, 3],
    ])('volumes, kernel %i×%i×%i', (...kernel) => {
      // prettier-ignore
      const [depth] = kernel;

      it.each([1, 2, 5])('depth %i', (input) => {
        for (const dilation of [1, 2, 3]) {
          const sizes = { groups: 3, input: [input, 7, lanes + 2], kernel, dilation, layout };
          expectRight(forced, { ...sizes, padding: 'same', batch: 2, activation: 'relu' });
          // Planes that see padding alone, before the volume and behind it.
          const reach = dilation * (depth - 1);
          expectRight(forced, { ...sizes, padding: [[reach + 2, reach + 1], [9, 5], [6, 12]] }); // prettier-ignore
        }
      });

      it.each([
        [2, 1, 1],
        [1, 1, 2],
        [2, 2, 2],
        [3, 1, 2],
      ])('stride %i×%i×%i', (...stride) => {
        // prettier-ignore
        for (const dilation of [1, 2]) {
          expectRight(forced, { groups: lanes + 1, input: [8, 10, 11], kernel, stride, dilation, padding: 'same', layout });
        }
        const outChannels = 2 * multipliers.at(-1)!;
        expectRight(forced, { groups: 2, outChannels, input: [7, 9, 2 * lanes + 3], kernel, stride, padding: [[4, 0], [1, 2], [0, 3]], layout }); // prettier-ignore
      });

      it.each(valueModes)('%s', (paddingMode) => {
        for (const stride of [1, 2]) {
          expectRight(forced, { groups: 4, input: [6, 7, 9], kernel, stride, padding: [[4, 1], [2, 5], [0, 6]], paddingMode, batch: 2, layout }); // prettier-ignore
        }
      });

      it('gives the same bits wherever an image stands in its batch', () => {
        expectBatchesAgree(forced, { groups: 5, input: [4, 9, 10], kernel, padding: 'same', layout });
      });

      it('an input that is not finite reaches the outputs whose taps touch it, and no others', () => {
        const convolution = convCase({ groups: 5, input: [7, 8, 9], kernel, padding: 'same', layout });
        for (const index of [0, 700, convolution.input.length - 1]) convolution.input[index] = NaN;
        const result = resultOf(forced, convolution);
        expectWithinBound(result, reference(convolution), convolution.shape);
        expect(result.some(Number.isFinite) && !result.every(Number.isFinite)).toBe(true);
      });
    });

    it('takes a plane as one of three axes, and one that lies in the padding', () => {
      expectRight(forced, { groups: 3, input: [1, 7, 9], kernel: [1, 3, 3], padding: [[0, 0], [2, 2], [2, 2]], layout }); // prettier-ignore
      expectRight(forced, { groups: 3, input: [1, 7, 9], kernel: [1, 3, 3], stride: [2, 1, 1], padding: [[1, 0], [1, 1], [1, 1]], layout }); // prettier-ignore
      expectRight(forced, { groups: 3, input: [2, 7, 9], kernel: [1, 3, 3], padding: [[1, 2], [1, 1], [1, 1]], layout }); // prettier-ignore
    });

    it('an input that is not finite reaches the outputs whose taps touch it, and no others', () => {
      for (const special of [NaN, Infinity, -Infinity]) {
        for (const stride of [1, 2]) {
          const convolution = convCase({ groups: 9, input: [9, 21], kernel: [3, 3], dilation: 2, stride, padding: 'same', layout });
          for (const index of [0, 20, 700, convolution.input.length - 1]) convolution.input[index] = special;
          const result = resultOf(forced, convolution);
          expectWithinBound(result, reference(convolution), convolution.shape);
          expect(result.some(Number.isFinite) && !result.every(Number.isFinite)).toBe(true);
        }
      }
    });
  });

  it.each<[what: string, description: ConvDescription]>([
    ['channels last with more outputs than inputs', { groups: 3, outChannels: 6, input: [7, 9], kernel: [3, 3], padding: 1, layout: 'channelsLast' }], // prettier-ignore
    ['two channels a group', { groups: 3, inChannels: 6, outChannels: 6, input: [7, 9], kernel: [3, 3], padding: 1 }],
  ])('refuses %s', (_, description) => {
    expectRefused(forced, description);
  });

  it('channels last skips padded taps: weights that are not finite count only where they meet the input', () => {
    for (const special of [NaN, Infinity]) {
      for (const tap of [0, 4, 8]) {
        const convolution = convCase({ groups: 3, input: [4, 5], kernel: [3, 3], dilation: 2, padding: 'same', layout: 'channelsLast' });
        convolution.weight[3 * tap + 1] = special;
        const result = resultOf(forced, convolution);
        expectWithinBound(result, reference(convolution), convolution.shape);
        expect(result.some(Number.isFinite) && !result.every(Number.isFinite)).toBe(true);
      }
    }
  });

  it('refuses weights that are not finite where zeros would be multiplied by them', () => {
    for (const special of [NaN, Infinity, -Infinity]) {
      expectRefused(forced, { groups: 3, input: [7, 9], kernel: [3, 3], padding: [[0, 0], [0, 1]] }, ({ weight }) => { weight[26] = special; }); // prettier-ignore
    }
  });
});
