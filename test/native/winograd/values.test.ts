/** Plans of every scheme against the float64 reference: 1-D, 2-D and 3-D, dilations, layouts, groups, regions, groups of taps, padding of every kind. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ReferenceResult, referenceConv } from '../../reference/conv.js';
import { arbitraryConv } from '../../support/arbitrary-conv.js';
import { type ConvCase, convCase, type ConvDescription, inputLength, outputLength, titleOf } from '../../support/conv-cases.js';
import { probe } from '../../support/probe.js';
import {
  algorithms,
  deviationOf,
  expectWithin,
  families,
  fitsFor,
  isShort,
  runScheme,
  type Scheme,
  schemeOf,
  schemesFor,
  schemeTitle,
  slack,
} from './forced-scheme.js';

const seed = Number(process.env.ATROUS_TEST_SEED ?? Date.now() % 2 ** 31);
console.log(`Properties of short algorithms: seed ${seed}; ATROUS_TEST_SEED=${seed} runs them again.`);
// A sanitizer makes each ten times as long.
fc.configureGlobal({ seed, numRuns: process.env.ATROUS_SANITIZED ? 50 : 300 });

/** Channel counts beside the widths of vectors; odd sizes; enough tiles for several regions along the axes of more than one. */
const cases: readonly ConvDescription[] = [
  // One axis.
  { inChannels: 17, outChannels: 33, input: [61], kernel: [3], padding: 'same' },
  { inChannels: 15, outChannels: 3, input: [70], kernel: [3], dilation: 7, padding: [[14, 0]], activation: 'relu' },
  { inChannels: 1, outChannels: 21, input: [45], kernel: [2], dilation: 4, layout: 'channelsLast' },
  { inChannels: 3, outChannels: 17, input: [67], kernel: [5], dilation: 2, padding: [[3, 9]] },
  { batch: 2, inChannels: 21, outChannels: 15, input: [53], kernel: [4], padding: 2, layout: 'channelsLast' },
  { groups: 3, inChannels: 9, outChannels: 51, input: [40], kernel: [7], padding: 'same', dilation: 3 },
  { inChannels: 3, outChannels: 5, input: [3], kernel: [3], dilation: 9, padding: 'same' },
  // One axis, groups of taps.
  { inChannels: 21, outChannels: 17, input: [90], kernel: [11], dilation: 3, padding: 'same', activation: 'relu' },
  { inChannels: 15, outChannels: 15, input: [600], kernel: [51], dilation: 8, padding: 'same' },
  { batch: 2, inChannels: 3, outChannels: 1, input: [150], kernel: [51], padding: [[0, 40]], layout: 'channelsLast' },
  { groups: 2, inChannels: 34, outChannels: 6, input: [41], kernel: [9], dilation: 2, padding: 8, layout: 'channelsLast' },
  { inChannels: 5, outChannels: 9, input: [64], kernel: [11], dilation: 5, padding: 25, paddingMode: 'reflect' },
  // Two axes.
  { inChannels: 33, outChannels: 21, input: [19, 26], kernel: [3, 3], padding: 'same' },
  { inChannels: 3, outChannels: 15, input: [33, 35], kernel: [3, 3], dilation: 2, padding: 'same', layout: 'channelsLast' },
  { batch: 2, inChannels: 16, outChannels: 32, input: [13, 17], kernel: [3, 3], dilation: [3, 1], padding: [[0, 5], [1, 0]], layout: 'channelsLast', activation: 'relu' }, // prettier-ignore
  { groups: 2, inChannels: 34, outChannels: 30, input: [15, 14], kernel: [3, 3], padding: 1, layout: 'channelsLast' },
  { groups: 5, inChannels: 15, outChannels: 15, input: [21, 12], kernel: [3, 3], dilation: 2, padding: 3 },
  { groups: 2, inChannels: 32, outChannels: 64, input: [18, 9], kernel: [3, 3], padding: 'same', layout: 'channelsLast' },
  { inChannels: 7, outChannels: 9, input: [17, 19], kernel: [5, 5], dilation: [1, 2], padding: 'same' },
  { inChannels: 5, outChannels: 4, input: [16, 15], kernel: [7, 5], padding: [[6, 6], [0, 0]] }, // prettier-ignore
  { inChannels: 17, outChannels: 3, input: [14, 23], kernel: [2, 3], dilation: [2, 1] },
  { inChannels: 9, outChannels: 17, input: [12, 31], kernel: [1, 3], dilation: [1, 5], padding: [[2, 1], [5, 5]] }, // prettier-ignore
  { inChannels: 9, outChannels: 17, input: [31, 12], kernel: [3, 1], dilation: [4, 1], padding: 'same', layout: 'channelsLast' },
  { inChannels: 3, outChannels: 21, input: [11, 50], kernel: [3, 9], dilation: [2, 3], padding: 'same' },
  ...(['reflect', 'replicate', 'circular'] as const).flatMap((paddingMode, n): ConvDescription[] => [
    { inChannels: 15, outChannels: 17, input: [14, 13], kernel: [3, 3], dilation: 2, padding: [[6, 1], [0, 5]], paddingMode }, // prettier-ignore
    {
      batch: 2,
      groups: 2,
      inChannels: 32,
      outChannels: 6,
      input: [9, 20],
      kernel: [3, 3],
      padding: n,
      paddingMode,
      layout: 'channelsLast',
    },
  ]),
  // Two axes, closed: every sub-grid is one tile, of lengths from 1 to 8; sub-grids that are empty.
  ...[5, 8, 17, 22, 25, 31].map((size, n): ConvDescription => ({
    batch: 1 + (n % 2),
    inChannels: [15, 33, 3][n % 3]!,
    outChannels: [17, 1, 32][n % 3]!,
    input: [size, 23],
    kernel: [3, 3],
    dilation: [Math.max(4, 2 * n), 6],
    padding: 'same',
    layout: n % 2 === 0 ? 'channelsFirst' : 'channelsLast',
  })),
  { inChannels: 4, outChannels: 18, input: [11, 12], kernel: [5, 5], dilation: [3, 2], padding: 'same' },
  { inChannels: 3, outChannels: 3, input: [7, 30], kernel: [3, 3], dilation: [9, 5], padding: 'same', activation: 'relu' },
  // Three axes.
  { inChannels: 3, outChannels: 17, input: [7, 9, 8], kernel: [3, 3, 3], padding: 'same' },
  { inChannels: 17, outChannels: 3, input: [9, 8, 11], kernel: [3, 3, 3], dilation: [1, 2, 3], padding: 'same', layout: 'channelsLast' },
  { groups: 2, inChannels: 6, outChannels: 34, input: [5, 10, 7], kernel: [2, 3, 2], padding: [[1, 0], [0, 1], [2, 2]], activation: 'relu' }, // prettier-ignore
  { batch: 2, inChannels: 5, outChannels: 4, input: [8, 6, 9], kernel: [3, 1, 3], dilation: [3, 1, 2], padding: 'same' },
  { inChannels: 3, outChannels: 5, input: [6, 7, 40], kernel: [3, 3, 9], padding: [[1, 1], [0, 2], [4, 4]], layout: 'channelsLast' }, // prettier-ignore
  { inChannels: 4, outChannels: 3, input: [5, 6, 7], kernel: [3, 3, 3], padding: 1, paddingMode: 'circular' },
];

const solved = cases.map((description, n): readonly [title: string, ConvCase, () => ReferenceResult] => {
  const convolution = convCase(description, n, 'floats', n % 3 !== 1);
  let result: ReferenceResult | undefined;
  // Once for all instruction sets.
  return [titleOf(convolution), convolution, () => (result ??= reference(convolution))];
});

function reference({ shape, input, weight, bias }: ConvCase): ReferenceResult {
  return referenceConv(shape, input, weight, bias);
}

function expectRight(convolution: ConvCase, scheme: Scheme, exact: ReferenceResult, run: { isa: string; threads: number }): void {
  const { outputs, error } = runScheme(convolution, scheme, run);
  expectWithin(slack * error * deviationOf(exact), outputs[0]!, exact, `${schemeTitle(scheme)} of ${titleOf(convolution)}`);
}

describe.each(families)('%s', (family) => {
  describe.each(probe.isas)('%s', (isa) => {
    it.each(solved)('%s', (_, convolution, exact) => {
      const schemes = schemesFor(family, convolution.shape);
      expect(schemes.length).toBeGreaterThan(0);
      schemes.forEach((scheme, n) => {
        expectRight(convolution, scheme, exact(), { isa, threads: 1 + (n % 2) });
      });
    });

    it('any convolution, any scheme that computes it', () => {
      fc.assert(
        fc.property(arbitraryConv, fc.nat(), fc.nat(), fc.integer({ min: 1, max: 3 }), (convolution, pick, turn, threads) => {
          const { shape } = convolution;
          const fits = fitsFor(family, shape);
          const combinations = fits[0].length * fits[1].length * fits[2].length;
          // Backends meet no empty ones.
          fc.pre(inputLength(shape) > 0 && outputLength(shape) > 0);
          fc.pre(combinations > 0 && shape.kernel.some((taps) => taps > 1));
          const [depth, height] = [fits[0].length, fits[1].length];
          const rows = [fits[0][pick % depth]!, fits[1][Math.floor(pick / depth) % height]!];
          const chosen = [...rows, fits[2][Math.floor(pick / depth / height) % fits[2].length]!];
          fc.pre(isShort(chosen));
          expectRight(convolution, schemeOf(family, shape, chosen, turn), reference(convolution), { isa, threads });
        }),
      );
    });
  });
});

it('every algorithm and every form of region is among the cases', () => {
  const all = solved.flatMap(([, { shape }]) => schemesFor('channels in lanes', shape).map((scheme) => ({ scheme, shape })));
  const used = new Set(all.flatMap(({ scheme }) => scheme.algorithms));
  expect([...used].sort((a, b) => a - b)).toEqual([...Array(algorithms.length + 1).keys()].map((number) => number - 1));
  for (const axis of [0, 1, 2] as const) {
    const cut = all.filter(({ scheme, shape }) => 'region' in scheme && scheme.region[axis] < shape.output[axis]);
    expect(cut.length).toBeGreaterThan(0);
    expect(cut.some(({ shape }) => shape.layout === 'channelsLast')).toBe(true);
  }
});

it('every algorithm with four outputs is among the cases with tiles in lanes', () => {
  const widths = solved.flatMap(([, { shape }]) => schemesFor('tiles in lanes', shape).map((scheme) => scheme.algorithms[2]));
  const fitting = algorithms.flatMap(({ form, outputs }, number) => (form === 'open' && outputs === 4 ? [number] : []));
  expect([...new Set(widths)].sort((a, b) => a - b)).toEqual([-1, ...fitting]);
});
