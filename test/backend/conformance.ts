/**
 * What every backend must do, whatever its kernels: one body of tests, run for each backend and instruction set.
 *
 * Sizes stand at and beside the widths of vectors and tiles: {1, N − 1, N, N + 1, 2N + 1} for lanes (4, 8, 16) and tiles (6, 14, 24, 48).
 */
import { describe, expect, it } from 'vitest';
import type { Backend, ExecutionOptions } from '../../lib/backend/backend.js';
import type { Layout } from '../../lib/types.js';
import { inputIndex, outputIndex, referenceConv, type ReferenceResult, weightIndex } from '../reference/conv.js';
import {
  type ConvCase,
  convCase,
  type ConvDescription,
  directOnly,
  inputLength,
  outputLength,
  planCase,
  runCase,
  titleOf,
} from '../support/conv-cases.js';
import { expectExact, expectSameBits, expectWithinBound } from '../support/expect-within-bound.js';
import { GuardedArray, largeGuard, nanGuard } from '../support/guarded-array.js';

const edgeSizes = [...new Set([4, 6, 8, 14, 16, 24, 48].flatMap((size) => [1, size - 1, size, size + 1, 2 * size + 1]))].sort(
  (a, b) => a - b,
);
const layouts: readonly Layout[] = ['channelsFirst', 'channelsLast'];

/** Large enough that a backend has reason to use several threads and every kind of tile, rests included. */
const threadedCases: readonly ConvDescription[] = [
  { inChannels: 35, outChannels: 50, input: [37, 41], kernel: [3, 3], dilation: 2, padding: 'same' },
  { inChannels: 24, outChannels: 33, input: [4001], kernel: [5], dilation: 3, padding: 'same', activation: 'relu' },
  { groups: 50, input: [61, 67], kernel: [3, 3], dilation: 2, padding: 'same' },
  { groups: 4, inChannels: 32, outChannels: 36, input: [29, 31], kernel: [3, 3], padding: 'same', stride: 2 },
  { inChannels: 9, outChannels: 17, input: [11, 12, 13], kernel: [3, 3, 3], dilation: 2, padding: 'same' },
];

/** `makeBackend` is called inside the tests, so that a backend that can't be had fails them one by one. */
export function conformance(makeBackend: () => Backend): void {
  let made: Backend | undefined;
  const backend = () => (made ??= makeBackend());

  const itMatches = (description: ConvDescription, seed = 1, alter?: (convolution: ConvCase) => void) => {
    const convolution = convCase(description, seed);
    alter?.(convolution);
    it(titleOf(convolution), () => {
      expectWithinBound(runCase(backend(), convolution), reference(convolution), convolution.shape);
    });
  };

  describe('edge sizes', () => {
    describe.each(layouts)('%s', (layout) => {
      it.each(edgeSizes)('%i input channels', (inChannels) => {
        expectEdges(backend(), { inChannels, outChannels: 7, input: [5, 9], kernel: [3, 3], dilation: 2, padding: 'same', layout });
      });
      it.each(edgeSizes)('%i output channels', (outChannels) => {
        expectEdges(backend(), { inChannels: 5, outChannels, input: [5, 9], kernel: [3, 3], dilation: 2, padding: 'same', layout });
      });
      it.each(edgeSizes)('width %i', (width) => {
        for (const outChannels of [1, 5, 17]) {
          expectEdges(backend(), { inChannels: 3, outChannels, input: [4, width], kernel: [3, 3], padding: 'same', layout });
        }
      });
      it.each(edgeSizes)('length %i', (length) => {
        expectEdges(backend(), { inChannels: 4, outChannels: 6, input: [length], kernel: [3], dilation: 3, padding: 'same', layout });
      });
      it.each(edgeSizes)('depthwise, %i channels', (groups) => {
        expectEdges(backend(), { groups, input: [6, 7], kernel: [3, 3], dilation: 2, padding: 'same', layout });
      });
      it.each(edgeSizes)('depthwise, width %i', (width) => {
        expectEdges(backend(), { groups: 3, input: [5, width], kernel: [3, 3], dilation: 2, padding: 'same', layout });
        expectEdges(backend(), { groups: 3, input: [5, width], kernel: [5, 5], padding: 'same', layout });
      });
      it.each(edgeSizes)('%i channels of each of two groups', (channels) => {
        const sizes = { groups: 2, inChannels: 2 * channels, outChannels: 2 * channels };
        expectEdges(backend(), { ...sizes, input: [4, 5], kernel: [2, 2], layout });
      });
      it.each(edgeSizes)('pointwise, %i pixels', (width) => {
        expectEdges(backend(), { inChannels: 17, outChannels: 19, input: [width], kernel: [1], layout });
      });
    });
  });

  describe.each(layouts)('stride × dilation × padding × groups, %s', (layout) => {
    for (const stride of [1, 2, 3]) {
      for (const dilation of [1, 2, 5]) {
        it(`stride ${stride}, dilation ${dilation}`, () => {
          const paddings: NonNullable<ConvDescription['padding']>[] = [0, dilation, 7, [[0, 4], [3, 0]], [[9, 1], [2, 11]]]; // prettier-ignore
          for (const padding of paddings) {
            for (const [groups, inChannels, outChannels] of [
              [1, 5, 6],
              [3, 6, 9],
              [10, 10, 10],
              [4, 4, 12],
            ] as const) {
              const convolution = convCase({
                groups,
                inChannels,
                outChannels,
                input: [13, 19],
                kernel: [3, 3],
                stride,
                dilation,
                padding,
                layout,
              });
              expectMatch(backend(), convolution);
            }
          }
        });
      }
    }
  });

  describe.each(layouts)('named shapes, %s', (layout) => {
    const small = { inChannels: 6, outChannels: 9, layout };
    itMatches({ ...small, input: [40], kernel: [2], dilation: 16 });
    itMatches({ ...small, input: [40], kernel: [3], dilation: 8, padding: [[16, 0]] });
    itMatches({ ...small, input: [65], kernel: [51], dilation: 1, padding: 'same' });
    itMatches({ ...small, input: [70], kernel: [11], dilation: 5, stride: 4, padding: 'same' });
    itMatches({ ...small, input: [33, 33], kernel: [3, 3], dilation: 18, padding: 'same' });
    itMatches({ ...small, input: [7, 7], kernel: [3, 3], dilation: 20, padding: 'same' });
    itMatches({ ...small, input: [9, 11], kernel: [1, 5], dilation: [1, 2], padding: 'same' });
    itMatches({ ...small, input: [9, 11], kernel: [5, 1], dilation: [2, 1], padding: 'same' });
    itMatches({ ...small, input: [12, 10], kernel: [4, 2], stride: [3, 2], dilation: [2, 3], padding: [[3, 1], [0, 2]] }); // prettier-ignore
    itMatches({ ...small, input: [8, 1], kernel: [3, 3], padding: 'same' });
    itMatches({ ...small, input: [1, 1], kernel: [3, 3], padding: 'same' });
    itMatches({ ...small, input: [5, 6, 7], kernel: [3, 3, 3], dilation: 2, padding: 'same' });
    itMatches({ ...small, input: [7, 6, 5], kernel: [3, 2, 1], stride: [2, 1, 3], dilation: [1, 3, 1], padding: [[2, 0], [1, 3], [0, 1]] }); // prettier-ignore
    itMatches({ ...small, groups: 3, input: [5, 6, 7], kernel: [2, 3, 2], padding: 1 });
    itMatches({ groups: 5, input: [5, 6, 7], kernel: [3, 3, 3], padding: 'same', layout });
    itMatches({ groups: 12, input: [50], kernel: [3], dilation: 4, padding: 'same', layout });
    itMatches({ ...small, input: [10, 10], kernel: [1, 1], stride: 2 });
    itMatches({ ...small, batch: 3, input: [7, 9], kernel: [3, 3], padding: 'same', activation: 'relu' });
    // Every output of the outer rows lies in padding alone: they are the bias.
    itMatches({ ...small, input: [3, 4], kernel: [2, 2], padding: 6 });
    itMatches({ ...small, batch: 0, input: [5, 5], kernel: [3, 3] });
    itMatches({ ...small, input: [0, 5], kernel: [1, 3] });
    itMatches({ ...small, input: [0, 5], kernel: [3, 3], padding: 2, activation: 'relu' });
  });

  describe.each(layouts)('padding modes, %s', (layout) => {
    for (const paddingMode of ['reflect', 'replicate', 'circular'] as const) {
      itMatches({ inChannels: 5, outChannels: 9, input: [23], kernel: [3], dilation: 4, padding: 'same', paddingMode, layout });
      itMatches({ inChannels: 5, outChannels: 9, input: [9, 11], kernel: [3, 3], dilation: 2, padding: [[8, 3], [0, 10]], paddingMode, layout }); // prettier-ignore
      itMatches({ groups: 9, input: [9, 11], kernel: [3, 3], dilation: 2, padding: 'same', paddingMode, layout });
      itMatches({
        batch: 2,
        groups: 2,
        inChannels: 4,
        outChannels: 6,
        input: [6, 7],
        kernel: [2, 3],
        stride: 2,
        padding: 4,
        paddingMode,
        layout,
      });
      itMatches({ inChannels: 3, outChannels: 4, input: [4, 5, 6], kernel: [3, 3, 3], padding: 'same', paddingMode, layout });
    }
    itMatches({ inChannels: 3, outChannels: 4, input: [1, 5], kernel: [3, 3], padding: 4, paddingMode: 'replicate', layout });
  });

  describe('small integers', () => {
    const descriptions: ConvDescription[] = [
      { inChannels: 48, outChannels: 49, input: [17, 15], kernel: [3, 3], dilation: 3, padding: 'same' },
      { inChannels: 31, outChannels: 65, input: [203], kernel: [4], dilation: 7 },
      { groups: 25, input: [21, 35], kernel: [5, 5], dilation: 2, padding: 'same' },
      { batch: 2, groups: 2, inChannels: 34, outChannels: 18, input: [9, 10], kernel: [3, 3], stride: 2, padding: 1, activation: 'relu' },
      { inChannels: 5, outChannels: 17, input: [6, 7, 8], kernel: [3, 3, 3], padding: 'same', paddingMode: 'circular' },
      { inChannels: 3, outChannels: 8, input: [16, 49], kernel: [7, 7], stride: 2, padding: 3, paddingMode: 'reflect' },
    ];
    for (const layout of layouts) {
      for (const description of descriptions) {
        const convolution = convCase({ ...description, layout }, 2, 'integers');
        it(`are exact: ${titleOf(convolution)}`, () => {
          expectExact(runCase(backend(), convolution), reference(convolution), convolution.shape);
        });
      }
    }
  });

  describe('same bits', () => {
    const titled = layouts.flatMap((layout) =>
      threadedCases.map((description) => {
        const convolution = convCase({ ...description, layout }, 3);
        return [titleOf(convolution), { convolution, layout, description }] as const;
      }),
    );

    it.each(titled)('for 1, 2, 3 and 7 threads and a second run: %s', (_, { convolution }) => {
      const results = [1, 2, 3, 7].map((threads) => {
        const plan = planCase(backend(), convolution, { ...directOnly, threads });
        expect(plan.info.threads).toBeGreaterThanOrEqual(1);
        expect(plan.info.threads).toBeLessThanOrEqual(threads);
        const [first, second] = [outputOf(convolution), outputOf(convolution)];
        plan.run(convolution.input, first);
        plan.run(convolution.input, second);
        expectSameBits(second, first);
        return first;
      });
      for (const result of results.slice(1)) expectSameBits(result, results[0]!);
      expectWithinBound(results[0]!, reference(convolution), convolution.shape);
    });

    it.each(titled)('at every place of a batch of any size: %s', (_, { convolution, layout, description }) => {
      const image = runCase(backend(), convolution);
      for (const batch of [2, 3]) {
        const other = convCase({ ...description, layout, batch }, 4);
        for (let place = 0; place < batch; place++) {
          const input = other.input.slice();
          input.set(convolution.input, place * convolution.input.length);
          const result = runCase(backend(), { ...other, input, weight: convolution.weight, bias: convolution.bias });
          expectSameBits(result.subarray(place * image.length, (place + 1) * image.length), image);
        }
      }
    });

    const alignedCases: readonly ConvDescription[] = [
      { inChannels: 17, outChannels: 33, input: [9, 35], kernel: [3, 3], dilation: 2, padding: 'same' },
      { inChannels: 8, outChannels: 16, input: [70], kernel: [3], stride: 2, padding: 1 },
      { groups: 17, input: [9, 35], kernel: [3, 3], padding: 'same' },
      { inChannels: 4, outChannels: 5, input: [8, 9], kernel: [3, 3], padding: 'same', paddingMode: 'reflect' },
    ];
    for (const layout of layouts) {
      it.each(alignedCases)(`at every alignment, within guard bands: %j, ${layout}`, (description) => {
        const convolution = convCase({ ...description, layout, batch: 2 }, 5);
        const expected = runCase(backend(), convolution);
        for (let offset = 0; offset <= 16; offset++) {
          const guard = offset % 2 === 0 ? nanGuard : largeGuard;
          const input = new GuardedArray(convolution.input, offset, guard);
          const weight = new GuardedArray(convolution.weight, 3 * offset, guard);
          const bias = new GuardedArray(convolution.bias!, 5 * offset, guard);
          const output = new GuardedArray(outputOf(convolution), 7 * offset, guard);
          planCase(backend(), { ...convolution, weight: weight.view, bias: bias.view }).run(input.view, output.view);
          expectSameBits(output.view, expected);
          expectSameBits(input.view, convolution.input);
          for (const [name, array] of Object.entries({ input, weight, bias, output })) array.expectIntactGuards(name);
        }
      });
    }

    it('from a plan made of a sibling of another size', () => {
      for (const layout of layouts) {
        const sizes: ConvDescription = {
          inChannels: 19,
          outChannels: 21,
          kernel: [3, 3],
          input: [12, 13],
          dilation: 2,
          padding: 'same',
          layout,
        };
        const lender = convCase(sizes, 6);
        const borrower = { ...convCase({ ...sizes, input: [7, 40], batch: 2 }, 7), weight: lender.weight, bias: lender.bias };
        const output = outputOf(borrower);
        planCase(backend(), borrower, directOnly, planCase(backend(), lender)).run(borrower.input, output);
        expectSameBits(output, runCase(backend(), borrower));
      }
    });
  });

  describe('values that are not ordinary', () => {
    const descriptions: ConvDescription[] = [
      { inChannels: 5, outChannels: 18, input: [9, 21], kernel: [3, 3], dilation: 2, padding: 'same' },
      { inChannels: 5, outChannels: 3, input: [9, 21], kernel: [3, 3], stride: 2, padding: 1 },
      { groups: 6, input: [9, 21], kernel: [3, 3], dilation: 2, padding: 'same' },
      { groups: 2, inChannels: 4, outChannels: 6, input: [40], kernel: [3], dilation: 5, padding: 'same' },
      { inChannels: 3, outChannels: 4, input: [6, 9], kernel: [3, 3], padding: 'same', paddingMode: 'reflect' },
      { inChannels: 2, outChannels: 5, input: [4, 5, 6], kernel: [3, 3, 3], padding: 'same', activation: 'relu' },
    ];
    const titled = layouts.flatMap((layout) =>
      descriptions.map((description, seed) => {
        const laidOut = { ...description, layout };
        return [titleOf(convCase(laidOut)), { description: laidOut, seed }] as const;
      }),
    );

    it.each(titled)('a NaN reaches exactly the outputs whose taps touch it: %s', (_, { description, seed }) => {
      const convolution = convCase(description, seed);
      const clean = runCase(backend(), convolution);
      const { length } = convolution.input;
      for (const place of [0, length - 1, Math.floor(length / 3), Math.floor((2 * length) / 3)]) {
        const input = convolution.input.slice();
        input[place] = NaN;
        const poisoned = { ...convolution, input };
        const exact = reference(poisoned);
        const result = runCase(backend(), poisoned);
        expectWithinBound(result, exact, convolution.shape);
        const untouched = (values: Float32Array) => values.filter((_, index) => !Number.isNaN(exact.value[index]));
        expectSameBits(untouched(result), untouched(clean));
      }
    });

    it.each(titled)('infinities follow IEEE: %s', (_, { description, seed }) => {
      const convolution = convCase(description, seed);
      const { input, weight } = convolution;
      input[0] = Infinity;
      input[Math.floor(input.length / 2)] = -Infinity;
      input[input.length - 1] = Infinity;
      // 0 · ∞ is NaN.
      weight[Math.floor(weight.length / 2)] = 0;
      expectWithinBound(runCase(backend(), convolution), reference(convolution), convolution.shape);
    });

    it.each(titled)('a weight on a tap in the padding is never multiplied: %s', (_, { description, seed }) => {
      for (const value of [NaN, Infinity, -Infinity]) {
        const convolution = convCase(description, seed);
        const { shape, weight } = convolution;
        weight[weightIndex(shape, 0, 0, 0, 0, 0)] = value;
        weight[weightIndex(shape, shape.outChannels - 1, 0, shape.kernel[0] - 1, shape.kernel[1] - 1, shape.kernel[2] - 1)] = value;
        const exact = reference(convolution);
        expect(exact.value.some(Number.isFinite), 'some outputs stay finite').toBe(true);
        expectWithinBound(runCase(backend(), convolution), exact, shape);
      }
    });

    it('relu keeps NaN, as input, weight and bias, and gives 0 for −∞', () => {
      for (const layout of layouts) {
        const convolution = convCase({ inChannels: 3, outChannels: 19, input: [5, 6], kernel: [1, 1], activation: 'relu', layout }, 8);
        const { shape, input, weight, bias } = convolution;
        input[inputIndex(shape, 0, 1, 0, 2, 3)] = NaN;
        weight[weightIndex(shape, 4, 2, 0, 0, 0)] = NaN;
        bias![17] = NaN;
        bias![18] = -Infinity;
        const result = runCase(backend(), convolution);
        expectWithinBound(result, reference(convolution), shape);
        expect(result[outputIndex(shape, 0, 0, 0, 2, 3)]).toBeNaN();
        expect(result[outputIndex(shape, 0, 4, 0, 0, 0)]).toBeNaN();
        expect(result[outputIndex(shape, 0, 17, 0, 4, 5)]).toBeNaN();
        expect(result[outputIndex(shape, 0, 18, 0, 0, 0)]).toBe(0);
      }
    });

    it.each(titled)('denormals are kept: %s', (_, { description, seed }) => {
      const convolution = convCase(description, seed, 'integers');
      const { input, bias } = convolution;
      const tiniest = 2 ** -149;
      // Sums of small multiples of the tiniest denormal are exact.
      for (let index = 0; index < input.length; index++) input[index]! *= tiniest;
      for (let index = 0; index < bias!.length; index++) bias![index]! *= tiniest;
      const exact = reference(convolution);
      expect(exact.value.some((value) => value !== 0 && Math.abs(value) < 2 ** -126)).toBe(true);
      expectExact(runCase(backend(), convolution), exact, convolution.shape);
    });
  });

  describe('plans', () => {
    const description: ConvDescription = {
      batch: 2,
      inChannels: 12,
      outChannels: 20,
      input: [20, 23],
      kernel: [3, 3],
      dilation: 3,
      padding: 'same',
    };

    it('say what runs: the instruction set asked for, a direct algorithm, sizes in bytes', () => {
      for (const each of [description, ...threadedCases]) {
        const { info } = planCase(backend(), convCase(each));
        expect(info.isa).toBe(backend().isa);
        expect(info.algorithm).not.toBe('');
        expect(info.algorithm).not.toMatch(/winograd/i);
        for (const size of [info.threads, info.workspaceBytes, info.weightBytes])
          expect(Number.isSafeInteger(size) && size >= 0).toBe(true);
        expect(info.weightBytes).toBeGreaterThan(0);
      }
    });

    it('start afresh at each run, whatever ran before', () => {
      for (const paddingMode of ['zeros', 'circular'] as const) {
        const convolution = convCase({ ...description, paddingMode }, 10);
        const other = convCase({ ...description, paddingMode }, 11);
        const expected = runCase(backend(), convolution);
        const plan = planCase(backend(), convolution);
        plan.run(other.input.fill(NaN), outputOf(other));
        const output = outputOf(convolution);
        plan.run(convolution.input, output);
        expectSameBits(output, expected);
      }
    });

    it('compute the same bits asynchronously, from the input as it was', async () => {
      for (const each of [description, ...threadedCases]) {
        const convolution = convCase(each, 12);
        const plan = planCase(backend(), convolution);
        const expected = runCase(backend(), convolution);
        const input = convolution.input.slice();
        const output = outputOf(convolution);
        const promise = plan.runAsync(input, output);
        input.fill(NaN);
        await promise;
        expectSameBits(output, expected);
      }
    });

    it('compute many inputs at once, while run() computes another', async () => {
      const cases = Array.from({ length: 8 }, (_, index) => ({
        ...convCase(description, 13),
        input: convCase(description, 20 + index).input,
      }));
      const expected = cases.map((convolution) => runCase(backend(), convolution));
      const plan = planCase(backend(), cases[0]!);
      const outputs = cases.map(outputOf);
      const promises = cases.slice(1).map(({ input }, index) => plan.runAsync(input, outputs[index + 1]!));
      plan.run(cases[0]!.input, outputs[0]!);
      await Promise.all(promises);
      outputs.forEach((output, index) => {
        expectSameBits(output, expected[index]!);
      });
    });

    it('read shared memory in place', async () => {
      const convolution = convCase(description, 14);
      const expected = runCase(backend(), convolution);
      const shared = (length: number) => new Float32Array(new SharedArrayBuffer(4 * length));
      const input = shared(inputLength(convolution.shape));
      const output = shared(outputLength(convolution.shape));
      input.set(convolution.input);
      const plan = planCase(backend(), convolution);
      plan.run(input, output);
      expectSameBits(output, expected);
      output.fill(NaN);
      await plan.runAsync(input, output);
      expectSameBits(output, expected);
    });
  });
}

function reference({ shape, input, weight, bias }: ConvCase): ReferenceResult {
  return referenceConv(shape, input, weight, bias);
}

/** NaNs: an output that is not written shows. */
function outputOf({ shape }: ConvCase): Float32Array {
  return new Float32Array(outputLength(shape)).fill(NaN);
}

function expectMatch(backend: Backend, convolution: ConvCase, execution: ExecutionOptions = directOnly): void {
  expectWithinBound(runCase(backend, convolution, execution), reference(convolution), convolution.shape);
}

/** Random floats within the bound, small integers exactly, without bias and with bias and relu. */
function expectEdges(backend: Backend, description: ConvDescription): void {
  expectMatch(backend, convCase(description, 1, 'floats', false));
  const exact = convCase({ ...description, activation: 'relu' }, 2, 'integers');
  expectExact(runCase(backend, exact), reference(exact), exact.shape);
}
