/** All options together, drawn at random: each backend and instruction set against the float64 reference, and the public functions too. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadAddon } from '../../lib/addon.js';
import { type Backend, type ConvPlan } from '../../lib/backend/backend.js';
import { createNativeBackend } from '../../lib/backend/native.js';
import { typescriptBackend } from '../../lib/backend/typescript.js';
import { conv } from '../../lib/conv.js';
import { referenceConv } from '../reference/conv.js';
import { arbitraryConv } from '../support/arbitrary-conv.js';
import { type ConvCase, outputLength, planCase, publicArguments } from '../support/conv-cases.js';
import { expectSameBits, expectWithinBound } from '../support/expect-within-bound.js';
import { GuardedArray, largeGuard, nanGuard } from '../support/guarded-array.js';

const seed = Number(process.env.ATROUS_TEST_SEED ?? Date.now() % 2 ** 31);
const runs = 200;
console.log(`Property tests: seed ${seed}, ${runs} runs each; ATROUS_TEST_SEED=${seed} runs them again.`);

fc.configureGlobal({ seed, numRuns: runs });

describe.each(backends())('%s', (_, backend) => {
  it('is within the bound, stays inside its views and repeats its bits', () => {
    fc.assert(
      fc.property(arbitraryConv, fc.integer({ min: 0, max: 15 }), fc.constantFrom(1, 2, 3), (convolution, offset, threads) => {
        const plan = planGuarded(backend, convolution, threads);
        const first = runGuarded(plan, convolution, offset, nanGuard);
        expectWithinBound(first, reference(convolution), convolution.shape);
        const second = runGuarded(plan, convolution, 0, largeGuard);
        expectSameBits(second, first);
      }),
    );
  });
});

describe.each(['typescript', 'native'] as const)('conv() with backend %s', (backend) => {
  it('is within the bound', () => {
    fc.assert(
      fc.property(arbitraryConv, (convolution) => {
        const { input, weight, options } = publicArguments(convolution);
        const output = conv(input, weight, { ...options, backend, algorithm: 'direct' });
        expect(output.dims.reduce((product, size) => product * size, 1)).toBe(outputLength(convolution.shape));
        expectWithinBound(output.data, reference(convolution), convolution.shape);
      }),
      { numRuns: runs / 2 },
    );
  });
});

function backends(): (readonly [label: string, backend: Backend])[] {
  const loaded = loadAddon();
  if (!('addon' in loaded)) throw new Error('The native binary, which this test needs, does not load', { cause: loaded.loadError });
  const native = loaded.addon.isas.map((isa) => [`native ${isa}`, createNativeBackend(loaded.addon, isa)] as const);
  return [['typescript', typescriptBackend], ...native];
}

function reference({ shape, input, weight, bias }: ConvCase) {
  return referenceConv(shape, input, weight, bias);
}

/** Weights and bias are guarded too, and unusable once the plan is made. */
function planGuarded(backend: Backend, convolution: ConvCase, threads: number): ConvPlan {
  const weight = new GuardedArray(convolution.weight, 3);
  const bias = convolution.bias && new GuardedArray(convolution.bias, 1);
  const execution = { algorithm: 'direct', tolerance: 0, threads } as const;
  const plan = planCase(backend, { ...convolution, weight: weight.view, bias: bias?.view ?? null }, execution);
  weight.expectIntactGuards('weight');
  bias?.expectIntactGuards('bias');
  weight.view.fill(NaN);
  bias?.view.fill(NaN);
  return plan;
}

function runGuarded(plan: ConvPlan, convolution: ConvCase, offset: number, guard: number): Float32Array {
  const input = new GuardedArray(convolution.input, offset, guard);
  const output = new GuardedArray(new Float32Array(outputLength(convolution.shape)).fill(NaN), 15 - offset, guard);
  plan.run(input.view, output.view);
  input.expectIntactGuards('input');
  output.expectIntactGuards('output');
  expectSameBits(input.view, convolution.input);
  return output.view;
}
