/** Plans of transposed convolutions: arrays at the edge of inaccessible pages, scratch that was never written, and shapes that contradict themselves. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadAddon, type NativeAddon } from '../../../lib/addon.js';
import { encodeTransposedShape } from '../../../lib/backend/native.js';
import { arbitraryTransposed } from '../../support/arbitrary-transposed.js';
import { expectSameBits, expectWithinBound } from '../../support/expect-within-bound.js';
import { edges, probe } from '../../support/probe.js';
import { transposedCase, type TransposedCase, transposedReference, transposedTitle } from '../../support/transposed-cases.js';
import { propertySeed } from './property-seed.js';

const seed = propertySeed();

function runAtEdges(isa: string, convolution: TransposedCase, threads: number, tolerance: number) {
  const { shape, weight, bias, input } = convolution;
  const title = `transposed ${isa} ${threads} threads ${transposedTitle(convolution)}`;
  const encoded = encodeTransposedShape(shape);
  const [begin, end] = edges.map((edge) =>
    probe.runTransposed({ title, shape: encoded, weight, bias, isa, threads, tolerance, input, edge }),
  );
  expectSameBits(end!.output, begin!.output);
  return begin!;
}

it('stay inside their arrays and scratch, with the same bits for any threads', () => {
  fc.assert(
    fc.property(arbitraryTransposed, fc.constantFrom(2, 3, 7), (convolution, threads) => {
      const reference = transposedReference(convolution);
      for (const isa of probe.isas) {
        const { output, algorithm } = runAtEdges(isa, convolution, 1, 0);
        expect(algorithm).toMatch(/^(transposed-)?direct/);
        expectWithinBound(output, reference, convolution.shape);
        expectSameBits(runAtEdges(isa, convolution, threads, 0).output, output);
      }
    }),
    { seed, numRuns: 80 },
  );
});

describe.each(probe.isas)('%s', (isa) => {
  it.each(['channelsFirst', 'channelsLast'] as const)('take short algorithms in many pieces, %s', (layout) => {
    const description = { inChannels: 32, outChannels: 32, kernel: [4, 4], stride: 2, padding: 1, input: [40, 61], layout };
    const convolution = transposedCase(description);
    const { output, algorithm } = runAtEdges(isa, convolution, 1, 1e-5);
    expect(algorithm).toBe('transposed-winograd');
    expectSameBits(runAtEdges(isa, convolution, 3, 1e-5).output, output);
  });
});

describe('sizes', () => {
  const loaded = loadAddon();
  if (!('addon' in loaded)) throw new Error('The native binary does not load: npm run build:native', { cause: loaded.loadError });
  const addon: NativeAddon = loaded.addon;
  const shape = Int32Array.of(1, 1, 1, 1, 1, 4, 4, 1, 3, 3, 1, 2, 2, 1, 1, 1, 0, 1, 1, 0, 0, 0, 1, 7, 7, 0, 0, 0);
  const create = (changes: Readonly<Record<number, number>>) =>
    addon.createTransposedPlan(Object.assign(shape.slice(), changes), new Float32Array(9), null, addon.isas[0]!, 1, 'auto', 0, null);

  it('of the output are free: what no tap reaches is bias', () => {
    const output = new Float32Array(21 * 7).fill(NaN);
    create({ 23: 21 }).run(new Float32Array(16).fill(1), output);
    expect(output).toEqual(new Float32Array(21 * 7));
  });

  // From batch (0) over input (4 … 6), kernel, stride, dilation and paddingBegin (16 … 18) to output (22 … 24), layout and activation (27).
  it.each(Array.from(shape.keys()).filter((index) => !(index >= 19 && index <= 21) && index !== 25))(
    'that integer %i spoils are refused',
    (index) => {
      const largest = 2 ** 31 - 1;
      for (const value of [-1, -(2 ** 31), largest]) {
        // Batch, stride of one input and dilation of one tap change nothing, nor does the size of an axis that stays below 2^31.
        const harmless = value === largest && [0, 4, 10, 13, 22].includes(index);
        if (harmless) continue;
        expect(() => create({ [index]: value }), `${value}`).toThrow(/^Expected (shape|weight) to have /);
      }
    },
  );

  it.each([
    ['input of 2^62 elements', { 0: 2 ** 31 - 1, 5: 2 ** 31 - 1, 11: 1 }],
    ['output of 2^62 elements', { 23: 2 ** 31 - 2, 24: 2 ** 31 - 2 }],
    ['more than 2^31 output channels × taps', { 3: 2 ** 30 }],
    ['groups that do not divide the channels', { 1: 2, 2: 3, 3: 2 }],
    ['unknown layout', { 26: 2 }],
    ['unknown activation', { 27: 2 }],
  ])('are refused: %s', (_, changes) => {
    expect(() => create(changes)).toThrow(/^Expected shape to have /);
  });
});
