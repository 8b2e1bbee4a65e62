/** The same bits for any number of threads, any pieces, batch and place in it, alignment, repetition, and with another plan's weights. */
import { describe, expect, it } from 'vitest';
import { loadAddon } from '../../../lib/addon.js';
import { createNativeBackend, encodeShape } from '../../../lib/backend/native.js';
import { type ConvCase, convCase, type ConvDescription, convShape, outputLength, planCase, titleOf } from '../../support/conv-cases.js';
import { expectSameBits } from '../../support/expect-within-bound.js';
import { GuardedArray, largeGuard } from '../../support/guarded-array.js';
import { probe } from '../../support/probe.js';
import { Random } from '../../support/random.js';
import {
  algorithms,
  families,
  type Family,
  inOnePiece,
  lanePieces,
  outputOf,
  runScheme,
  type Scheme,
  schemesFor,
  schemeTitle,
} from './forced-scheme.js';

/** Each with half a million products for every one of seven threads, which plans ask for before they wake one. */
const cases: readonly ConvDescription[] = [
  { inChannels: 33, outChannels: 65, input: [1200], kernel: [3], dilation: 5, padding: 'same' },
  { inChannels: 15, outChannels: 17, input: [800], kernel: [51], dilation: 8, padding: 'same', layout: 'channelsLast' },
  { inChannels: 33, outChannels: 65, input: [40, 37], kernel: [3, 3], dilation: 2, padding: 'same', activation: 'relu' },
  { groups: 3, inChannels: 96, outChannels: 96, input: [30, 32], kernel: [3, 3], padding: 'same', layout: 'channelsLast' },
  { inChannels: 32, outChannels: 48, input: [33, 33], kernel: [3, 3], dilation: 6, padding: 'same' },
  { inChannels: 32, outChannels: 64, input: [31, 29], kernel: [3, 3], dilation: 2, padding: 4, paddingMode: 'replicate' },
  { inChannels: 17, outChannels: 33, input: [10, 13, 16], kernel: [3, 3, 3], dilation: [1, 2, 1], padding: 'same' },
];
const titled = cases.map((description, n) => {
  const convolution = convCase(description, 200 + n);
  return [titleOf(convolution), convolution] as const;
});

/** Two of different algorithms. */
function someSchemes(family: Family, { shape }: ConvCase): Scheme[] {
  const schemes = schemesFor(family, shape);
  return [1, schemes.length - 2].map((index) => schemes[index]!);
}

/** The same algorithms in other pieces. */
function otherPieces(scheme: Scheme): Scheme[] {
  return 'region' in scheme ? [scheme] : [scheme, ...[1, 2, 7].map((turn) => ({ ...scheme, ...lanePieces(turn) }))];
}

/** The products that a plan counts when it decides how many threads are worth waking. */
function products({ shape }: ConvCase, { algorithms: numbers, tapGroups }: Scheme): number {
  const perPixel = numbers.reduce(
    (share, number) => (number < 0 ? share : (share * algorithms[number]!.products) / algorithms[number]!.outputs),
    1,
  );
  return ((outputLength(shape) * shape.inChannels) / shape.groups) * tapGroups * perPixel;
}

describe.each(families)('%s', (family) => {
  describe.each(probe.isas)('%s', (isa) => {
    it.each(titled)('threads and pieces: %s', (_, convolution) => {
      for (const scheme of someSchemes(family, convolution)) {
        expect(products(convolution, scheme), 'work for seven threads').toBeGreaterThanOrEqual(3_500_000);
        const whole = inOnePiece(scheme, convolution.shape);
        const expected = outputOf(convolution, whole, { isa });
        for (const threads of [2, 3, 7]) expectSameBits(outputOf(convolution, whole, { isa, threads, edge: 'end' }), expected);
        otherPieces(scheme).forEach((pieces, n) => {
          for (const threads of n === 0 ? [1, 2, 3, 7] : [n]) {
            expectSameBits(outputOf(convolution, pieces, { isa, threads, edge: 'begin' }), expected);
          }
        });
      }
    });

    it.each(titled)('batch, place in it and repetition: %s', (_, convolution) => {
      const { description, input, weight, bias } = convolution;
      const three = convShape({ ...description, batch: 3 });
      const other = new Random(7).floats(input.length);
      for (const scheme of someSchemes(family, convolution)) {
        const [one, another, again] = runScheme(convolution, scheme, { isa, edge: 'end' }, [input, other, input]).outputs;
        expectSameBits(again!, one!);
        const batch = new Float32Array(3 * input.length);
        [other, input, input].forEach((image, n) => {
          batch.set(image, n * input.length);
        });
        const images = outputOf({ ...convolution, shape: three, input: batch, weight, bias }, scheme, { isa, threads: 2, edge: 'begin' });
        [another!, one!, one!].forEach((image, n) => {
          expectSameBits(images.slice(n * image.length, (n + 1) * image.length), image);
        });
      }
    });

    it.each(titled)('a sibling’s weights: %s', (_, convolution) => {
      const { description, shape } = convolution;
      const larger = convShape({
        ...description,
        batch: 2,
        input: description.input.map((size) => size + (shape.dilation[2] < 5 ? 7 : 0)),
      });
      for (const scheme of someSchemes(family, convolution)) {
        const run = { isa, threads: 2, edge: 'end' } as const;
        const sibling = { shape: larger, scheme: inOnePiece(scheme, larger) };
        const alone = runScheme(convolution, scheme, run);
        const shared = runScheme(convolution, scheme, { ...run, sibling });
        expectSameBits(shared.outputs[0]!, alone.outputs[0]!);
        expect(shared.allocations, `${schemeTitle(scheme)} takes them over`).toBeLessThan(alone.allocations);
        expect(shared.weightBytes).toBe(alone.weightBytes);
      }
      // A sibling of other algorithms has nothing to lend.
      const unmixed = schemesFor(family, shape).filter((scheme) => !('second' in scheme) || scheme.second.every((number) => number < 0));
      const [one, other] = [unmixed[0]!, unmixed.at(-1)!];
      expect(one.algorithms).not.toEqual(other.algorithms);
      const alone = runScheme(convolution, one, { isa, edge: 'end' });
      const beside = runScheme(convolution, one, { isa, edge: 'end', sibling: { shape, scheme: other } });
      expectSameBits(beside.outputs[0]!, alone.outputs[0]!);
      expect(beside.allocations).toBe(alone.allocations);
    });
  });
});

describe.each(nativeBackends())('as the backend plans it, %s', (_, backend) => {
  it.each(titled)('%s', (_, convolution) => {
    const { input, shape } = convolution;
    const plans = [1, 2, 3, 7].map((threads) => planCase(backend, convolution, { algorithm: 'winograd', tolerance: 1e-5, threads }));
    const expected = new Float32Array(outputLength(shape)).fill(NaN);
    plans[0]!.run(input, expected);
    plans.forEach((plan, offset) => {
      expect(plan.info.algorithm).toMatch(/^winograd-/);
      // Arrays that begin at every distance from a multiple of 16 bytes, among numbers that would show.
      const from = new GuardedArray(input, offset, largeGuard);
      const to = new GuardedArray(new Float32Array(outputLength(shape)).fill(NaN), 3 - offset);
      plan.run(from.view, to.view);
      from.expectIntactGuards('The input');
      to.expectIntactGuards('The output');
      expectSameBits(from.view, input);
      expectSameBits(to.view, expected);
    });
  });

  it.each(titled)('the algorithm does not depend on threads or batch: %s', (_, { description, weight, bias }) => {
    const choices = [1, 2, 3, 7].flatMap((threads) =>
      [1, 2, 9].map((batch) => {
        const shape = encodeShape(convShape({ ...description, batch }));
        return probe.chooseShort({ shape, weight, bias, isa: backend.isa, threads, algorithm: 'auto', tolerance: 1e-5 })?.scheme.algorithms;
      }),
    );
    for (const choice of choices) expect(choice).toEqual(choices[0]);
  });
});

function nativeBackends() {
  const loaded = loadAddon();
  if (!('addon' in loaded)) throw new Error('The native binary does not load: npm run build:native', { cause: loaded.loadError });
  return loaded.addon.isas.map((isa) => [isa, createNativeBackend(loaded.addon, isa)] as const);
}
