/** The depthwise plan, forced, at the edges of its vectors, its groups of rows and its phases; and what it must leave to others. */
import { describe, it } from 'vitest';
import type { ConvDescription } from '../../support/conv-cases.js';
import { probe } from '../../support/probe.js';
import { beside, expectBatchesAgree, expectRefused, expectRight, expectSiblingServes, expectThreadsAgree } from './forced-plan.js';

describe.each(probe.isas)('direct-depthwise, %s', (isa) => {
  const forced = { candidate: 'direct-depthwise', isa };
  const { lanes } = probe.describe(isa);

  describe.each([3, 5])('kernel size %i', (size) => {
    const kernel = [size, size] as const;

    // A pitch of a multiple of 256 elements is avoided: 254 + 2 and 252 + 4 would be one.
    it.each(beside(lanes, 2 * lanes, 3 * lanes, 96, 128).concat(252, 254))('width %i', (width) => {
      for (const height of [1, 6]) expectRight(forced, { groups: 2, input: [height, width], kernel, padding: 'same' });
    });

    // Rows go in fours, each the dilation below the other.
    it.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 13])('height %i', (height) => {
      for (const dilation of [1, 2, 3]) {
        expectRight(forced, { groups: 2, input: [height, lanes + 1], kernel, dilation, padding: 'same', activation: 'relu' });
      }
    });

    it.each(beside(lanes))('%i channels', (groups) => {
      for (const multiplier of [1, 3]) expectRight(forced, { groups, outChannels: multiplier * groups, input: [5, 6], kernel, padding: 1 });
    });

    // Up to dilations of which one tap in nine lies inside.
    it.each([1, 2, 4, 9, 20])('dilation %i', (dilation) => {
      const reach = dilation * (size - 1);
      const paddings = ['same', reach, [[0, reach], [reach + 3, 1]], [[reach, 17], [2, reach + 16]]] as const; // prettier-ignore
      for (const padding of paddings) expectRight(forced, { groups: 3, input: [9, 13], kernel, dilation, padding, batch: 2 });
      expectRight(forced, { groups: 3, input: [reach + 2, reach + lanes], kernel, dilation });
      expectRight(forced, { groups: 3, input: [9, 13], kernel, dilation: [dilation, 3], padding: [[reach, 0], [6, 6]] }); // prettier-ignore
      expectRight(forced, { groups: 3, input: [9, 13], kernel, dilation: [2, dilation], padding: [[4, 4], [reach, reach]] }); // prettier-ignore
    });

    it('outputs that see padding alone', () => {
      expectRight(forced, { groups: 3, input: [2, 3], kernel, padding: 3 * size, activation: 'relu' });
    });

    it('gives the same bits for any number of threads', () => {
      // Fewer and more planes than items, and two images.
      expectThreadsAgree(forced, { groups: 5, input: [280, 301], kernel, dilation: 2, padding: 'same' });
      expectThreadsAgree(forced, { groups: 67, outChannels: 134, batch: 2, input: [40, 41], kernel, padding: 'same' });
    });

    it('gives the same bits wherever an image stands in its batch', () => {
      expectBatchesAgree(forced, { groups: 5, outChannels: 10, input: [7, 9], kernel, padding: 'same' });
    });

    it('plans beside a sibling', () => {
      expectSiblingServes(forced, { groups: 3, input: [7, 9], kernel, padding: 'same' }, [12, 5]);
    });

    it('takes a plane as one of three axes', () => {
      expectRight(forced, { groups: 3, input: [1, 7, 9], kernel: [1, size, size], padding: [[0, 0], [2, 2], [2, 2]] }); // prettier-ignore
    });
  });

  it.each<[what: string, description: ConvDescription]>([
    ['channels last', { groups: 3, input: [7, 9], kernel: [3, 3], padding: 1, layout: 'channelsLast' }],
    ['reflected padding', { groups: 3, input: [7, 9], kernel: [3, 3], padding: 1, paddingMode: 'reflect' }],
    ['a stride', { groups: 3, input: [7, 9], kernel: [3, 3], padding: 1, stride: [1, 2] }],
    ['a stride down the column', { groups: 3, input: [7, 9], kernel: [3, 3], padding: 1, stride: [2, 1] }],
    ['a rectangular kernel', { groups: 3, input: [7, 9], kernel: [3, 5], padding: 2 }],
    ['another size', { groups: 3, input: [7, 9], kernel: [7, 7], padding: 3 }],
    ['one axis', { groups: 3, input: [9], kernel: [3], padding: 1 }],
    ['two channels a group', { groups: 3, inChannels: 6, outChannels: 6, input: [7, 9], kernel: [3, 3], padding: 1 }],
    ['depth', { groups: 3, input: [2, 7, 9], kernel: [1, 3, 3], padding: [[0, 0], [1, 1], [1, 1]] }], // prettier-ignore
    ['a kernel with depth', { groups: 3, input: [3, 7, 9], kernel: [3, 3, 3], padding: [[0, 0], [1, 1], [1, 1]] }], // prettier-ignore
    // The one output of the depth lies in the padding.
    ['padding in depth', { groups: 3, input: [1, 7, 9], kernel: [1, 3, 3], stride: [2, 1, 1], padding: [[1, 0], [1, 1], [1, 1]] }], // prettier-ignore
  ])('refuses %s', (_, description) => {
    expectRefused(forced, description);
  });

  it('refuses weights that are not finite where zeros would be multiplied by them', () => {
    for (const special of [NaN, Infinity, -Infinity]) {
      expectRefused(forced, { groups: 3, input: [7, 9], kernel: [3, 3], padding: [[0, 0], [0, 1]] }, ({ weight }) => { weight[26] = special; }); // prettier-ignore
    }
  });
});
