/** What every plan of short algorithms is asked where it chooses the scheme itself: kernels of every size, all options, threads, and what it must leave to others. */
import { describe, expect, it } from 'vitest';
import type { Layout, PaddingMode } from '../../../lib/types.js';
import type { ReferenceResult } from '../../reference/conv.js';
import { type ConvCase, convCase, type ConvDescription, titleOf } from '../../support/conv-cases.js';
import { expectSameBits } from '../../support/expect-within-bound.js';
import { probe } from '../../support/probe.js';
import { expectBatchesAgree, expectRefused, expectSiblingServes, type Forced, reference, resultOf } from './forced-plan.js';

const layouts: readonly Layout[] = ['channelsFirst', 'channelsLast'];
const paddingModes: readonly PaddingMode[] = ['zeros', 'reflect', 'replicate', 'circular'];

/** Each with more than the million products that the plan asks for, and with a rest in every vector of channels. */
const sizes = { inChannels: 25, outChannels: 37 };
const layer: ConvDescription = { ...sizes, input: [13, 15], kernel: [3, 3], padding: 'same' };

const solutions = new Map<string, { readonly convolution: ConvCase; readonly exact: ReferenceResult }>();

/** Computed once for all instruction sets and tolerances: a million products take the reference 20 ms. */
function solved(description: ConvDescription) {
  const key = JSON.stringify(description);
  let solution = solutions.get(key);
  if (!solution) {
    const convolution = convCase(description, 1);
    solutions.set(key, (solution = { convolution, exact: reference(convolution) }));
  }
  return solution;
}

/** Within the tolerance of the plan, which accepts it. */
export function expectRightWithinTolerance(forced: Forced, description: ConvDescription): void {
  const { convolution, exact } = solved(description);
  expectWithinTolerance(forced, convolution, exact, resultOf(forced, convolution));
}

export function describeShortPlan(candidate: string): void {
  describe.each(probe.isas)(`${candidate}, %s`, (isa) => {
    const forced: Forced = { candidate, isa, tolerance: 1e-5 };
    const right = (description: ConvDescription, tolerance = 1e-5) => {
      expectRightWithinTolerance({ ...forced, tolerance }, description);
    };

    // From one that admits few algorithms to one that admits all.
    describe.each([5e-6, 1e-5, 1e-4])('tolerance %d', (tolerance) => {
      it.each<[kernel: number[], input: number[]]>([
        [
          [2, 2],
          [19, 17],
        ],
        [
          [3, 3],
          [13, 11],
        ],
        [
          [5, 5],
          [9, 11],
        ],
        [
          [7, 7],
          [9, 10],
        ],
        [
          [1, 3],
          [19, 21],
        ],
        [
          [3, 1],
          [19, 21],
        ],
        [
          [3, 2],
          [19, 11],
        ],
        [[3], [401]],
        [[7], [190]],
        [
          [3, 3, 3],
          [4, 5, 6],
        ],
        [
          [2, 1, 3],
          [6, 7, 8],
        ],
        // More taps than any algorithm has: groups of them.
        [[9], [150]],
        [[16], [90]],
        [[31], [67]],
      ])('kernel %j', (kernel, input) => {
        // prettier-ignore
        for (const dilation of [1, 2, 3]) right({ ...sizes, input, kernel, dilation, padding: 'same' }, tolerance);
      });
    });

    describe.each(layouts)('%s', (layout) => {
      it.each(paddingModes)('%s', (paddingMode) => {
        const description = { ...layer, dilation: 2, paddingMode, layout };
        right({ ...description, padding: [[6, 3], [0, 8]] }); // prettier-ignore
        right({ ...description, batch: 2, activation: 'relu' });
      });

      it('groups, one axis and three', () => {
        right({ groups: 3, inChannels: 27, outChannels: 51, input: [31, 33], kernel: [3, 3], padding: 1, layout });
        right({ ...sizes, input: [400], kernel: [3], dilation: 64, padding: [[128, 0]], layout });
        right({ ...sizes, input: [5, 7, 6], kernel: [3, 3, 3], dilation: 2, padding: 'same', layout });
      });

      it('gives the same bits for any number of threads, within and across regions', () => {
        for (const input of [
          [19, 23],
          [120, 90],
        ]) {
          // prettier-ignore
          const convolution = convCase({ ...layer, input, dilation: 2, layout });
          const single = resultOf(forced, convolution);
          for (const threads of [2, 3, 7]) expectSameBits(resultOf(forced, convolution, { threads }), single);
        }
      });

      it('gives the same bits wherever an image stands in its batch, and with shared weights', () => {
        expectBatchesAgree(forced, { ...layer, layout });
        expectSiblingServes(forced, { ...layer, layout }, [13, 16]);
        expectSiblingServes(forced, { ...layer, layout }, [7, 30]);
      });

      it('lets NaN and infinities reach the outputs that touch them and no others, and huge values no other image', () => {
        for (const special of [NaN, Infinity, -Infinity, 3e38]) {
          const convolution = convCase({ ...layer, batch: 2, dilation: 2, layout });
          convolution.input[40] = special;
          expectWithinTolerance(forced, convolution, reference(convolution), resultOf(forced, convolution));
        }
      });
    });

    it.each<[what: string, description: ConvDescription]>([
      ['a stride', { ...layer, input: [27, 31], stride: 2 }],
      ['a kernel of one tap', { ...layer, input: [41, 45], kernel: [1, 1] }],
      ['few products', { ...layer, inChannels: 3 }],
    ])('refuses %s', (_, description) => {
      expectRefused(forced, description);
    });

    it('refuses tolerance 0 and weights that are not finite', () => {
      expectRefused({ ...forced, tolerance: 0 }, layer);
      for (const special of [NaN, Infinity]) {
        expectRefused(forced, layer, ({ weight }) => {
          weight[5] = special;
        });
      }
    });
  });
}

/**
 * An error of at most `tolerance` of the largest Σ|w·x| of the image, since a tile's values mix. What is not finite is the exact result's
 * own, but for sums so huge that the order decides whether they overflow.
 */
export function expectWithinTolerance(
  { tolerance = 0 }: Forced,
  convolution: ConvCase,
  { value, magnitude, terms }: ReferenceResult,
  actual: Float32Array,
): void {
  const image = actual.length / convolution.shape.batch;
  let largest = 0;
  for (let index = 0; index < actual.length; index++) {
    if (index % image === 0) largest = largestFinite(magnitude.subarray(index, index + image));
    const exact = value[index]!;
    const bound = tolerance * largest + (terms[index]! + 2) * 2 ** -24 * magnitude[index]!;
    const right = Number.isFinite(exact)
      ? Math.abs(actual[index]! - exact) <= bound || (magnitude[index]! > 2 ** 127 && !Number.isFinite(actual[index]))
      : Object.is(actual[index], exact);
    if (!right) expect.fail(`${titleOf(convolution)}: element ${index} is ${actual[index]}, exactly ${exact}, bound ${bound}`);
  }
}

function largestFinite(values: Float64Array): number {
  return values.reduce((most, value) => (Number.isFinite(value) ? Math.max(most, value) : most), 0);
}
