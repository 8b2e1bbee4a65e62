/** Transposed convolutions with all options together, drawn at random: each backend and instruction set against the float64 reference, and convTranspose() too. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { conv } from '../../lib/conv.js';
import { convTranspose } from '../../lib/conv-transpose.js';
import { typescriptBackend } from '../../lib/backend/typescript.js';
import { createNativeBackend } from '../../lib/backend/native.js';
import { loadAddon } from '../../lib/addon.js';
import { arbitraryConv } from '../support/arbitrary-conv.js';
import { arbitraryTransposed } from '../support/arbitrary-transposed.js';
import { type ConvCase, directOnly, outputLength, publicArguments } from '../support/conv-cases.js';
import { expectSameBits, expectWithinBound } from '../support/expect-within-bound.js';
import { GuardedArray, largeGuard, nanGuard } from '../support/guarded-array.js';
import { Random } from '../support/random.js';
import { planTransposedCase, type TransposedCase, transposedArguments, transposedReference } from '../support/transposed-cases.js';

const seed = Number(process.env.ATROUS_TEST_SEED ?? Date.now() % 2 ** 31);
console.log(`Property tests: seed ${seed}; ATROUS_TEST_SEED=${seed} runs them again.`);

const loaded = loadAddon();
if (!('addon' in loaded)) throw new Error('The native binary, which this test needs, does not load', { cause: loaded.loadError });
const { addon } = loaded;
const backends = [typescriptBackend, ...addon.isas.map((isa) => createNativeBackend(addon, isa))];

it('is within the bound on every backend, stays inside its views and repeats its bits for any threads', () => {
  fc.assert(
    fc.property(arbitraryTransposed, fc.integer({ min: 0, max: 15 }), fc.constantFrom(2, 3), (convolution, offset, threads) => {
      const reference = transposedReference(convolution);
      for (const backend of backends) {
        const first = runGuarded(backend, convolution, offset, nanGuard, 1);
        expectWithinBound(first, reference, convolution.shape);
        expectSameBits(runGuarded(backend, convolution, 0, largeGuard, threads), first);
      }
    }),
    { seed, numRuns: 150 },
  );
});

describe.each(['typescript', 'native'] as const)('convTranspose() with backend %s', (backend) => {
  it('is within the bound', () => {
    fc.assert(
      fc.property(arbitraryTransposed, (convolution) => {
        const { input, weight, options } = transposedArguments(convolution);
        const output = convTranspose(input, weight, { ...options, backend, algorithm: 'direct' });
        expectWithinBound(output.data, transposedReference(convolution), convolution.shape);
      }),
      { seed, numRuns: 50 },
    );
  });

  it('is the adjoint of conv(): ⟨conv(x), y⟩ = ⟨x, convTranspose(y)⟩, exactly on small integers', () => {
    const zeroPadded = arbitraryConv.filter(({ shape }) => shape.paddingMode === 'zeros' && outputLength(shape) > 0);
    fc.assert(
      fc.property(zeroPadded, (convolution) => {
        const random = new Random(convolution.input.length);
        const x = random.integers(convolution.input.length);
        const w = random.integers(convolution.weight.length);
        const y = random.integers(outputLength(convolution.shape));
        const { input, weight, options } = publicArguments({ ...convolution, input: x, weight: w, bias: null });
        if (x.length === 0) return;
        const forward = conv(input, weight, { ...options, activation: 'none', backend });
        const { paddingMode: _, ...common } = options;
        const back = convTranspose({ data: y, dims: forward.dims }, adjointWeight(convolution, w), {
          ...common,
          activation: 'none',
          backend,
          ...adjointPadding(convolution),
        });
        expect(back.dims).toEqual(input.dims);
        expect(dot(forward.data, y)).toBe(dot(x, back.data));
      }),
      { seed, numRuns: 100 },
    );
  });
});

function runGuarded(backend: (typeof backends)[number], convolution: TransposedCase, offset: number, guard: number, threads: number) {
  const plan = planTransposedCase(backend, convolution, { ...directOnly, threads });
  const input = new GuardedArray(convolution.input, offset, guard);
  const output = new GuardedArray(new Float32Array(outputLength(convolution.shape)).fill(NaN), 15 - offset, guard);
  plan.run(input.view, output.view);
  input.expectIntactGuards('input');
  output.expectIntactGuards('output');
  expectSameBits(input.view, convolution.input);
  return output.view;
}

/**
 * The weight array of a convolution serves its adjoint as it is where channels are first: [K, C/groups, …]. With channels last
 * [...kernel, C/groups, K] is the same: the dims that the convolution calls input and output change their meaning only.
 */
function adjointWeight({ description, shape }: ConvCase, data: Float32Array) {
  const kernel = shape.kernel.slice(3 - description.kernel.length);
  const inPerGroup = shape.inChannels / shape.groups;
  const dims = shape.layout === 'channelsFirst' ? [shape.outChannels, inPerGroup, ...kernel] : [...kernel, inPerGroup, shape.outChannels];
  return { data, dims };
}

/** Padding of the convolution, and as much more output as it left unread at the end: taken from the padding there first. */
function adjointPadding({ description, shape }: ConvCase) {
  const axes = description.input.map((_, axis) => axis + 3 - description.input.length);
  const unread = axes.map((axis) => {
    const span = shape.dilation[axis]! * (shape.kernel[axis]! - 1) + 1;
    const padded = shape.input[axis]! + shape.paddingBegin[axis]! + shape.paddingEnd[axis]!;
    return padded - ((shape.output[axis]! - 1) * shape.stride[axis]! + span);
  });
  return {
    stride: axes.map((axis) => shape.stride[axis]!),
    dilation: axes.map((axis) => shape.dilation[axis]!),
    padding: axes.map((axis, i) => [shape.paddingBegin[axis]!, Math.max(0, shape.paddingEnd[axis]! - unread[i]!)] as const),
    outputPadding: axes.map((axis, i) => Math.max(0, unread[i]! - shape.paddingEnd[axis]!)),
  };
}

function dot(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, index) => sum + value * b[index]!, 0);
}
