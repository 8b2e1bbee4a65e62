/**
 * Transposed convolution on every backend and instruction set: against the float64 reference, the same bits whatever the threads, the batch
 * and the alignment, and values that are not ordinary.
 *
 * Sizes stand at and beside the widths of vectors (4, 8, 16); strides and dilations with and without a common divisor; kernels above and
 * below the stride, whose outputs no tap may reach.
 */
import { describe, expect, it } from 'vitest';
import { loadAddon, type NativeAddon } from '../../lib/addon.js';
import type { Backend } from '../../lib/backend/backend.js';
import { createNativeBackend } from '../../lib/backend/native.js';
import { typescriptBackend } from '../../lib/backend/typescript.js';
import type { Layout } from '../../lib/types.js';
import { inputIndex, type ReferenceResult } from '../reference/conv.js';
import { transposedWeightIndex } from '../reference/conv-transpose.js';
import { besideLanes } from '../support/arbitrary-conv.js';
import { directOnly, outputLength } from '../support/conv-cases.js';
import { expectExact, expectSameBits, expectWithinBound } from '../support/expect-within-bound.js';
import { GuardedArray, largeGuard, nanGuard } from '../support/guarded-array.js';
import {
  planTransposedCase,
  runTransposedCase,
  type TransposedCase,
  transposedCase,
  type TransposedDescription,
  transposedReference,
  transposedTitle,
} from '../support/transposed-cases.js';

const layouts: readonly Layout[] = ['channelsFirst', 'channelsLast'];

const backends: readonly (readonly [label: string, backend: Backend])[] = [
  ['typescript', typescriptBackend],
  ...addon().isas.map((isa) => [`native ${isa}`, createNativeBackend(addon(), isa)] as const),
];

function addon(): NativeAddon {
  const loaded = loadAddon();
  if (!('addon' in loaded)) throw new Error('The native binary does not load: npm run build:native', { cause: loaded.loadError });
  return loaded.addon;
}

/** All backends in one test, so that they share its reference; a failure says which it was. */
function everyBackend(check: (backend: Backend) => void): void {
  for (const [label, backend] of backends) {
    try {
      check(backend);
    } catch (error) {
      if (error instanceof Error) error.message = `${label}: ${error.message}`;
      throw error;
    }
  }
}

/** The pure-TypeScript backend's result as a reference, with the most terms an output may have: for problems that take the plain one seconds. */
function quickReference(convolution: TransposedCase): ReferenceResult {
  const { shape, input, weight, bias } = convolution;
  const value = Float64Array.from(runTransposedCase(typescriptBackend, convolution));
  const absolute = { ...convolution, shape: { ...shape, activation: 'none' as const }, input: input.map(Math.abs), weight: weight.map(Math.abs), bias: bias?.map(Math.abs) ?? null }; // prettier-ignore
  const magnitude = Float64Array.from(runTransposedCase(typescriptBackend, absolute));
  const most = (shape.inChannels / shape.groups) * shape.kernel.reduce((product, taps) => product * taps, 1);
  return { value, magnitude, terms: new Int32Array(value.length).fill(most) };
}

/** Each in both layouts. */
function titled(descriptions: readonly TransposedDescription[]) {
  return layouts.flatMap((layout) =>
    descriptions.map((description) => {
      const laidOut = { ...description, layout };
      return [transposedTitle(transposedCase(laidOut)), laidOut] as const;
    }),
  );
}

const named = titled([
  // One part, all phases: dilation10's upsampling, a pixel shuffle, HiFi-GAN's.
  { inChannels: 5, outChannels: 6, input: [3, 4], kernel: [16, 16], stride: 8, padding: 4 },
  { groups: 5, input: [3, 4], kernel: [16, 16], stride: 8, padding: 4 },
  { inChannels: 17, outChannels: 9, input: [7, 18], kernel: [2, 2], stride: 2 },
  { inChannels: 20, outChannels: 10, input: [33], kernel: [16], stride: 8, padding: 4 },
  // Phases with more taps and with fewer.
  { inChannels: 6, outChannels: 7, input: [9, 8], kernel: [3, 3], stride: 2, padding: 1, outputPadding: 1 },
  { inChannels: 3, outChannels: 4, input: [21], kernel: [7], stride: 3, padding: [[2, 0]], activation: 'relu' },
  // Phases without a tap: the kernel is smaller than the stride, or they divide each other.
  { inChannels: 3, outChannels: 4, input: [6, 5], kernel: [1, 2], stride: [2, 5], activation: 'relu' },
  { inChannels: 3, outChannels: 4, input: [9], kernel: [3], stride: 4, dilation: 2 },
  { inChannels: 3, outChannels: 4, input: [9, 7], kernel: [3, 2], stride: [4, 6], dilation: [6, 4], padding: [[3, 2], [0, 5]] }, // prettier-ignore
  // Dilation and stride without a common divisor: phases lie apart.
  { inChannels: 4, outChannels: 5, input: [13], kernel: [5], stride: 3, dilation: 4, padding: [[5, 1]] },
  { inChannels: 4, outChannels: 5, input: [6, 7], kernel: [4, 3], stride: [2, 3], dilation: [5, 2], outputPadding: [4, 1] },
  // Stride 1 is an ordinary convolution, unless padding cuts beyond its kernel or outputs are added.
  { inChannels: 9, outChannels: 10, input: [40], kernel: [3], dilation: 4 },
  { batch: 2, groups: 2, inChannels: 4, outChannels: 6, input: [9, 10], kernel: [3, 5], padding: [[1, 2], [0, 4]] }, // prettier-ignore
  { inChannels: 3, outChannels: 4, input: [12, 9], kernel: [3, 2], padding: [[4, 3], [0, 5]] }, // prettier-ignore
  { inChannels: 3, outChannels: 4, input: [12], kernel: [2], dilation: 5, padding: [[7, 0]], outputPadding: 4 },
  // Padding that cuts whole inputs off, up to a single output.
  { inChannels: 3, outChannels: 4, input: [9, 9], kernel: [3, 3], stride: 2, padding: [[8, 9], [7, 11]] }, // prettier-ignore
  { inChannels: 3, outChannels: 4, input: [9], kernel: [3], stride: 2, padding: [[18, 0]] },
  { inChannels: 7, outChannels: 3, input: [1, 1], kernel: [4, 4] },
  { groups: 3, inChannels: 6, outChannels: 9, input: [3, 4, 5], kernel: [2, 3, 4], stride: [2, 1, 3], dilation: [1, 2, 1], padding: [[0, 1], [2, 1], [1, 1]] }, // prettier-ignore
  { inChannels: 5, outChannels: 4, input: [4, 4, 4], kernel: [2, 2, 2], stride: 2 },
]);

/** Large enough for several pieces, and for several threads. */
const large = titled([
  { inChannels: 5, outChannels: 21, input: [13, 12], kernel: [16, 16], stride: 8, padding: 4 },
  { inChannels: 9, outChannels: 65, input: [60, 61], kernel: [3, 3], stride: 2, padding: 1, activation: 'relu' },
  { groups: 24, input: [50, 61], kernel: [4, 4], stride: 2, padding: 1 },
  { inChannels: 8, outChannels: 40, input: [700], kernel: [16], stride: 8, padding: 4 },
  { inChannels: 4, outChannels: 12, input: [10, 11, 12], kernel: [4, 4, 4], stride: 2, padding: 1 },
  { inChannels: 64, outChannels: 64, input: [5, 5], kernel: [4, 4], stride: 2, padding: 1 },
]);

it.each(named)('is within the bound, and exact on small integers: %s', (_, description) => {
  const floats = transposedCase(description, 1);
  const integers = transposedCase(description, 2, 'integers', false);
  const [bounded, exact] = [transposedReference(floats), transposedReference(integers)];
  everyBackend((backend) => {
    expectWithinBound(runTransposedCase(backend, floats), bounded, floats.shape);
    expectExact(runTransposedCase(backend, integers), exact, integers.shape);
  });
});

describe.each(layouts)('edge sizes, %s', (layout) => {
  it.each(besideLanes)('%i channels in, out, or pixels', (size) => {
    const window = { kernel: [4, 3], stride: [2, 3], padding: 1, layout };
    for (const description of [
      { ...window, inChannels: size, outChannels: 5, input: [3, 5] },
      { ...window, inChannels: 3, outChannels: size, input: [3, 5] },
      { ...window, inChannels: 3, outChannels: 5, input: [3, size] },
      { ...window, inChannels: 3, outChannels: 5, input: [size, 3] },
      { ...window, groups: size, input: [3, 5] },
    ]) {
      const convolution = transposedCase(description, 3);
      const reference = transposedReference(convolution);
      everyBackend((backend) => {
        expectWithinBound(runTransposedCase(backend, convolution), reference, convolution.shape);
      });
    }
  });
});

it.each(large)('has the same bits for 1, 2 and 7 threads and a second run: %s', (_, description) => {
  const convolution = transposedCase(description, 4);
  const reference = quickReference(convolution);
  everyBackend((backend) => {
    const results = [1, 2, 7].map((threads) => {
      const plan = planTransposedCase(backend, convolution, { ...directOnly, threads });
      const [first, second] = [1, 2].map(() => new Float32Array(outputLength(convolution.shape)).fill(NaN));
      plan.run(convolution.input, first!);
      plan.run(convolution.input, second!);
      expectSameBits(second!, first!);
      return first!;
    });
    for (const result of results.slice(1)) expectSameBits(result, results[0]!);
    expectWithinBound(results[0]!, reference, convolution.shape);
  });
});

it.each(large)('has the same bits at every place of a batch: %s', (_, description) => {
  const convolution = transposedCase(description, 5);
  const two = { ...transposedCase({ ...description, batch: 2 }, 6), weight: convolution.weight, bias: convolution.bias };
  for (let place = 0; place < 2; place++) two.input.set(convolution.input, place * convolution.input.length);
  everyBackend((backend) => {
    const image = runTransposedCase(backend, convolution);
    const result = runTransposedCase(backend, two, { ...directOnly, threads: 2 });
    for (let place = 0; place < 2; place++) expectSameBits(result.subarray(place * image.length, (place + 1) * image.length), image);
  });
});

it.each(named)('has the same bits at every alignment, and stays inside its views: %s', (_, description) => {
  const convolution = transposedCase(description, 7);
  everyBackend((backend) => {
    const expected = runTransposedCase(backend, convolution);
    for (const offset of [1, 7, 8]) {
      const guard = offset % 2 === 0 ? nanGuard : largeGuard;
      const arrays = {
        input: new GuardedArray(convolution.input, offset, guard),
        weight: new GuardedArray(convolution.weight, 3 * offset, guard),
        bias: new GuardedArray(convolution.bias!, 5 * offset, guard),
        output: new GuardedArray(new Float32Array(expected.length).fill(NaN), 7 * offset, guard),
      };
      const plan = planTransposedCase(backend, { ...convolution, weight: arrays.weight.view, bias: arrays.bias.view });
      plan.run(arrays.input.view, arrays.output.view);
      expectSameBits(arrays.output.view, expected);
      for (const [name, array] of Object.entries(arrays)) array.expectIntactGuards(name);
    }
  });
});

it.each(named)('has the same bits with the packed weights of another input size: %s', (_, description) => {
  const convolution = transposedCase(description, 8);
  const { weight, bias } = convolution;
  const other = { ...transposedCase({ ...description, input: description.input.map((size) => size + 9) }, 9), weight, bias };
  everyBackend((backend) => {
    const output = new Float32Array(outputLength(convolution.shape));
    planTransposedCase(backend, convolution, directOnly, planTransposedCase(backend, other)).run(convolution.input, output);
    expectSameBits(output, runTransposedCase(backend, convolution));
  });
});

it.each(named)('spreads NaN and infinities to exactly the outputs whose taps touch them: %s', (_, description) => {
  const convolution = transposedCase({ ...description, activation: 'none' }, 10);
  const { shape } = convolution;
  const [z, y, x] = shape.input.map((size) => Math.floor(size / 2));
  for (const special of [NaN, -Infinity]) {
    const input = convolution.input.slice();
    input[inputIndex(shape, 0, shape.inChannels - 1, z!, y!, x!)] = special;
    const spoilt = { ...convolution, input };
    const reference = transposedReference(spoilt);
    everyBackend((backend) => {
      const clean = runTransposedCase(backend, convolution);
      const result = runTransposedCase(backend, spoilt);
      expectWithinBound(result, reference, shape);
      const touched = result.map((value, index) => (Number.isFinite(reference.value[index]) ? value : clean[index]!));
      expectSameBits(touched, clean);
    });
  }
  const weight = convolution.weight.slice();
  weight[transposedWeightIndex(shape, 0, 0, 0, 0, shape.kernel[2] - 1)] = Infinity;
  const spoilt = { ...convolution, weight };
  const reference = transposedReference(spoilt);
  everyBackend((backend) => {
    expectWithinBound(runTransposedCase(backend, spoilt), reference, shape);
  });
});

it('keeps NaN in relu, and gives relu of the bias where no tap reaches', () => {
  const description = { inChannels: 1, outChannels: 2, input: [3], kernel: [1], stride: 2, outputPadding: 1, activation: 'relu' } as const;
  const convolution = transposedCase(description, 11);
  convolution.input.set([NaN, 1, -1]);
  convolution.weight.set([1, 2]);
  convolution.bias!.set([-0.5, 0.25]);
  everyBackend((backend) => {
    expect(Array.from(runTransposedCase(backend, convolution))).toEqual([NaN, 0, 0.5, 0, 0, 0, NaN, 0.25, 2.25, 0.25, 0, 0.25]);
  });
});

describe('short algorithms', () => {
  const winograd = { algorithm: 'winograd', tolerance: 1e-5, threads: 1 } as const;
  const convolutions = titled([
    { inChannels: 64, outChannels: 32, input: [20, 21], kernel: [4, 4], stride: 2, padding: 1 },
    { inChannels: 64, outChannels: 32, input: [300], kernel: [16], stride: 8, padding: 4 },
    { inChannels: 64, outChannels: 64, input: [300], kernel: [3], dilation: 4 },
  ]);
  const native = backends.filter(([label]) => label !== 'typescript');

  it.each(convolutions)('are as accurate as their tolerance, with the same bits for any threads: %s', (_, description) => {
    const convolution = transposedCase(description, 12);
    const { value } = quickReference(convolution);
    const mean = value.reduce((sum, element) => sum + element, 0) / value.length;
    const deviation = Math.sqrt(value.reduce((sum, element) => sum + (element - mean) ** 2, 0) / value.length);
    for (const [label, backend] of native) {
      expect(planTransposedCase(backend, convolution, winograd).info.algorithm, label).toMatch(/^(transposed-)?winograd/);
      const result = runTransposedCase(backend, convolution, winograd);
      for (const threads of [2, 3]) expectSameBits(runTransposedCase(backend, convolution, { ...winograd, threads }), result);
      const worst = value.reduce((most, exact, index) => Math.max(most, Math.abs(result[index]! - exact)), 0);
      // Single runs exceed the figure by up to a third.
      expect(worst / deviation, label).toBeLessThanOrEqual(1.5 * winograd.tolerance);
    }
  });

  it.each(convolutions)('spread a NaN like direct kernels: %s', (_, description) => {
    const convolution = transposedCase(description, 13);
    convolution.input[Math.floor(convolution.input.length / 2)] = NaN;
    const nans = (values: Float32Array) => Array.from(values, Number.isNaN);
    for (const [label, backend] of native) {
      const direct = nans(runTransposedCase(backend, convolution));
      expect(direct, label).toContain(true);
      expect(nans(runTransposedCase(backend, convolution, winograd)), label).toEqual(direct);
    }
  });
});
