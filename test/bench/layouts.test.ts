/** Channels last and back, and our own implementations in either layout. */
import { describe, expect, it } from 'vitest';
import { checkAgainst, makeReference } from '../../bench/check.js';
import {
  channelsLastDims,
  channelsLastWeightDims,
  fromChannelsLast,
  toChannelsLast,
  weightToChannelsLast,
} from '../../bench/channels-last.js';
import { preparePublic } from '../../bench/own.js';
import { makeProblem } from '../../bench/problem.js';
import { shapes } from '../../bench/shapes.js';

const count = (length: number): Float32Array => Float32Array.from({ length }, (_, index) => index);

describe('channels last', () => {
  it('has the channels of a pixel together, image after image', () => {
    const dims = [2, 3, 2, 2];
    const last = toChannelsLast(count(24), dims);
    expect(channelsLastDims(dims)).toEqual([2, 2, 2, 3]);
    for (const [b, c, y, x] of [
      [0, 0, 0, 0],
      [0, 2, 1, 0],
      [1, 1, 0, 1],
      [1, 2, 1, 1],
    ] as const) {
      expect(last[((b * 2 + y) * 2 + x) * 3 + c]).toBe(((b * 3 + c) * 2 + y) * 2 + x);
    }
    expect(fromChannelsLast(last, dims)).toEqual(count(24));
  });

  it('has the weights of a tap together, outputs innermost', () => {
    const dims = [4, 3, 2, 5];
    const last = weightToChannelsLast(count(120), dims);
    expect(channelsLastWeightDims(dims)).toEqual([2, 5, 3, 4]);
    for (const [k, c, i, j] of [
      [0, 0, 0, 0],
      [3, 1, 1, 4],
      [2, 2, 0, 3],
    ] as const) {
      expect(last[((i * 5 + j) * 3 + c) * 4 + k]).toBe(((k * 3 + c) * 2 + i) * 5 + j);
    }
  });
});

describe('Conv as it is timed', () => {
  it.each([
    ['channels last', 'ctx21_64_d4_last', {}],
    ['channels last, depthwise, in one dimension', 'tasnet512_3200_d8_last', {}],
    ['eight images', 'tiny8_16_b8_d2', {}],
    ['eight images in channels last', 'tiny8_16_b8_d2', { layout: 'channelsLast' } as const],
    ['a stride and a dilation', 'res128_56_s2_d2', { inChannels: 8, outChannels: 16 }],
    ['a stride in channels last', 'stem3to64_224_k7_s2_d1', { input: [30, 33], layout: 'channelsLast' } as const],
  ])('is right with %s', async (_, name, more) => {
    const problem = makeProblem({ ...shapes.find((shape) => shape.name === name)!, ...more });
    // The reference runs in channels first.
    const reference = await makeReference({ ...problem, layout: 'channelsFirst' });
    const contender = preparePublic(problem, { threads: 1, tolerance: 1e-5 });
    await contender.run();
    expect(checkAgainst(reference, contender.output(), contender.algorithm, 1e-5)).toMatchObject({ ok: true });
  });
});
