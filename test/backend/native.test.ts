/**
 * Every instruction set of the native binary that this CPU runs, under the tests of every backend and on layers of real size.
 *
 * In this repository there is always a binary: without one these tests fail.
 */
import { describe, expect, it } from 'vitest';
import { loadAddon, type NativeAddon } from '../../lib/addon.js';
import { createNativeBackend } from '../../lib/backend/native.js';
import { typescriptBackend } from '../../lib/backend/typescript.js';
import type { ReferenceResult } from '../reference/conv.js';
import {
  type ConvCase,
  convCase,
  type ConvDescription,
  directOnly,
  outputLength,
  planCase,
  runCase,
  titleOf,
} from '../support/conv-cases.js';
import { expectWithinBound } from '../support/expect-within-bound.js';
import { conformance } from './conformance.js';

function addon(): NativeAddon {
  const loaded = loadAddon();
  if (!('addon' in loaded)) throw new Error('The native binary does not load: npm run build:native', { cause: loaded.loadError });
  return loaded.addon;
}

/** Many channels, many pixels, many of both: what takes every block and every loop of a kernel more than once. */
const layers: readonly ConvDescription[] = [
  { inChannels: 256, outChannels: 256, input: [33, 33], kernel: [3, 3], dilation: 6, padding: 'same' },
  { inChannels: 21, outChannels: 21, input: [64, 64], kernel: [3, 3], dilation: 2, padding: 'same' },
  { inChannels: 64, outChannels: 128, input: [16000], kernel: [2], dilation: 16 },
  { inChannels: 3, outChannels: 32, input: [150, 260], kernel: [3, 3], stride: 2, padding: 1, activation: 'relu' },
  { groups: 32, inChannels: 256, outChannels: 256, input: [28, 28], kernel: [3, 3], dilation: 2, padding: 'same' },
  { groups: 96, input: [112, 112], kernel: [3, 3], dilation: 4, padding: 'same' },
  { groups: 40, input: [33, 33], kernel: [5, 5], dilation: 2, padding: 'same' },
  { inChannels: 15, outChannels: 15, input: [6000], kernel: [51], dilation: 8, padding: 'same' },
  { inChannels: 24, outChannels: 24, input: [16, 16, 16], kernel: [3, 3, 3], dilation: 2, padding: 'same' },
];

const titledLayers = (['channelsFirst', 'channelsLast'] as const).flatMap((layout) =>
  layers.map((description) => {
    const convolution = convCase({ ...description, layout });
    return [titleOf(convolution), convolution] as const;
  }),
);

describe('native', () => {
  it('has the portable instruction set, and the best of this CPU first', () => {
    const { isas } = addon();
    expect(isas).toContain('scalar');
    const bestFirst = ['avx512', 'avx2', 'sse2', 'neon', 'scalar'];
    expect(isas).toEqual(bestFirst.filter((isa) => isas.includes(isa)));
  });

  describe.each(addon().isas)('%s', (isa) => {
    conformance(() => createNativeBackend(addon(), isa));
  });

  // A layer inside, instruction sets outside the loop: the reference of a layer costs up to a second. A sanitizer finds all it can in
  // smaller layers.
  it.skipIf(process.env.ATROUS_SANITIZED).each(titledLayers)('layer %s, on every instruction set', (_, convolution) => {
    const reference = fastReference(convolution);
    for (const isa of addon().isas) {
      const plan = planCase(createNativeBackend(addon(), isa), convolution);
      expect(plan.info).toMatchObject({ isa, algorithm: expect.stringMatching(/^direct-(k-lanes|w-lanes|depthwise)$/) as string });
      const output = new Float32Array(outputLength(convolution.shape)).fill(NaN);
      plan.run(convolution.input, output);
      expectWithinBound(output, reference, convolution.shape);
    }
  });

  it('has layers here for each family of kernels', () => {
    const families = titledLayers.flatMap(([, convolution]) =>
      addon().isas.map((isa) => planCase(createNativeBackend(addon(), isa), convolution, directOnly).info.algorithm),
    );
    expect(new Set(families)).toEqual(new Set(['direct-k-lanes', 'direct-w-lanes', 'direct-depthwise']));
  });
});

/**
 * What referenceConv gives, a hundred times as fast: the pure-TypeScript backend, itself held to referenceConv by its own tests, on the
 * data and on their absolute values. It rounds once, by a share of the bound of 1 / (K + 2); so it takes K down by one.
 */
function fastReference(convolution: ConvCase): ReferenceResult {
  const { shape, input, weight, bias } = convolution;
  const value = runCase(typescriptBackend, convolution);
  const magnitude = runCase(typescriptBackend, {
    ...convolution,
    shape: { ...shape, activation: 'none' },
    input: input.map(Math.abs),
    weight: weight.map(Math.abs),
    bias: bias?.map(Math.abs) ?? null,
  });
  const count = { ...shape, activation: 'none' } as const;
  const ones = runCase(typescriptBackend, {
    ...convolution,
    shape: count,
    input: input.map(() => 1),
    weight: weight.map(() => 1),
    bias: null,
  });
  return { value: Float64Array.from(value), magnitude: Float64Array.from(magnitude), terms: Int32Array.from(ones, (terms) => terms - 1) };
}
