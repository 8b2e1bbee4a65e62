/** verify(): what it finds right and what it finds wrong. A native backend that errs is played by the pure-TypeScript one with a fault. */
import { describe, expect, it } from 'vitest';
import { loadAddon } from '../lib/addon.js';
import type { Backend } from '../lib/backend/backend.js';
import { typescriptBackend } from '../lib/backend/typescript.js';
import { readConvProblem } from '../lib/conv-problem.js';
import { type ConvOptions, type FloatTensor, tensor, verify } from '../lib/index.js';
import { compareBackends } from '../lib/verify.js';
import { convCase, publicArguments } from './support/conv-cases.js';

/** A backend whose result is altered before anybody sees it. */
function faulty(alter: (output: Float32Array) => void): Backend {
  return {
    ...typescriptBackend,
    name: 'native',
    isa: 'faulty',
    plan(...problem) {
      const plan = typescriptBackend.plan(...problem);
      return {
        info: { ...plan.info, algorithm: 'wrong', isa: 'faulty' },
        run(input, output) {
          plan.run(input, output);
          alter(output);
        },
        runAsync: (input, output) => plan.runAsync(input, output),
      };
    },
  };
}

function compare(input: FloatTensor, weight: FloatTensor, options: ConvOptions, alter: (output: Float32Array) => void) {
  return compareBackends(readConvProblem(input, weight, options, 'verify', undefined), faulty(alter));
}

const nextFloat = (value: number, steps: number): number => {
  const bits = new Int32Array(Float32Array.of(value).buffer);
  bits[0]! += steps;
  return new Float32Array(bits.buffer)[0]!;
};

describe('compareBackends', () => {
  const convolution = convCase({ inChannels: 8, outChannels: 3, input: [9, 7], kernel: [3, 3], dilation: 2, padding: 'same' });
  const { input, weight, options } = publicArguments(convolution);

  it('finds equal results equal', () => {
    expect(compare(input, weight, options, () => undefined)).toEqual({
      ok: true,
      maxError: 0,
      maxErrorOverBound: 0,
      algorithm: 'wrong',
      isa: 'faulty',
    });
  });

  it('allows for rounding', () => {
    const result = compare(input, weight, options, (output) => {
      output[5] = nextFloat(output[5]!, 1);
    });
    expect(result).toMatchObject({ ok: true });
    expect(result.maxError).toBeGreaterThan(0);
    expect(result.maxErrorOverBound).toBeGreaterThan(0);
    expect(result.maxErrorOverBound).toBeLessThan(0.1);
  });

  it('is exact about the bound: K + 3 units of Σ|w·x|', () => {
    // K = 2 products, Σ = 2: the bound is 5·2⁻²⁴·2 = 5·2⁻²³, five times the step between floats from 1 to 2.
    const x = tensor(Float32Array.of(1, 1), [1, 1, 2]);
    const off = (steps: number) =>
      compare(x, tensor(Float32Array.of(2, -1), [1, 1, 2]), { bias: Float32Array.of(-1) }, (output) => {
        output[0] = steps * 2 ** -23;
      });
    // With the bias K = 3 and Σ = 4: 6·2⁻²⁴·4 = 12·2⁻²³.
    expect(off(12)).toMatchObject({ ok: true, maxError: 12 * 2 ** -23 });
    expect(off(12).maxErrorOverBound).toBeCloseTo(1, 12);
    expect(off(12).maxErrorOverBound).toBeLessThanOrEqual(1);
    expect(off(13).ok).toBe(false);
  });

  it('finds a wrong tap, however small the weight', () => {
    const small = tensor(weight.data.map((value) => value * 1e-30), weight.dims); // prettier-ignore
    const wrong = tensor(small.data.slice(), small.dims);
    wrong.data[40] = -wrong.data[40]!;
    const withoutBias = { ...options, bias: undefined };
    const problem = readConvProblem(input, small, withoutBias, 'verify', undefined);
    const other = readConvProblem(input, wrong, withoutBias, 'verify', undefined);
    const backend: Backend = {
      ...typescriptBackend,
      name: 'native',
      isa: 'faulty',
      plan: (shape, given, bias, execution) =>
        typescriptBackend.plan(shape, given === problem.weight ? other.weight : given, bias, execution),
    };
    expect(compareBackends(problem, backend)).toMatchObject({ ok: false });
  });

  it('finds an element left out', () => {
    const result = compare(input, weight, options, (output) => {
      output[output.length - 1] = 0;
    });
    expect(result.ok).toBe(false);
    expect(result.maxErrorOverBound).toBeGreaterThan(1);
  });

  it('wants NaN and infinities in the same places', () => {
    const special = tensor(Float32Array.of(1, NaN, Infinity, -Infinity, 1), [1, 1, 5]);
    const one = tensor(Float32Array.of(1), [1, 1, 1]);
    expect(compare(special, one, {}, () => undefined)).toMatchObject({ ok: true, maxError: 0, maxErrorOverBound: 0 });
    expect(compare(special, one, { activation: 'relu' }, () => undefined).ok).toBe(true);
    const swaps: [number, number][] = [[0, NaN], [0, Infinity], [1, 1], [1, Infinity], [2, NaN], [2, -Infinity], [2, 3e38], [3, 0]]; // prettier-ignore
    for (const [index, value] of swaps) {
      const result = compare(special, one, {}, (output) => {
        output[index] = value;
      });
      expect(result, `${value} at ${index}`).toMatchObject({ ok: false, maxError: Infinity, maxErrorOverBound: Infinity });
    }
  });

  it('takes denormal products and zeros', () => {
    const tiny = tensor(Float32Array.of(1e-30, 2e-30, 0), [1, 1, 3]);
    const other = tensor(Float32Array.of(1e-12, 1e-12), [1, 1, 2]);
    expect(compare(tiny, other, {}, () => undefined).ok).toBe(true);
    expect(compare(tiny, other, {}, (output) => (output[0] = output[0]! + 2 ** -149)).ok).toBe(true);
    expect(compare(tiny, other, {}, (output) => (output[0] = output[0]! + 2 ** -140)).ok).toBe(false);
    expect(compare(tensor(new Float32Array(3), [1, 1, 3]), other, {}, () => undefined).maxErrorOverBound).toBe(0);
  });

  it('has nothing to find in an empty result', () => {
    const empty = tensor(new Float32Array(0), [0, 1, 3]);
    expect(compare(empty, tensor(new Float32Array(2), [1, 1, 2]), {}, () => undefined)).toMatchObject({ ok: true, maxError: 0 });
  });
});

describe('verify', () => {
  const x = tensor(new Float32Array(64).fill(1), [1, 1, 8, 8]);
  const w = tensor(new Float32Array(9).fill(1), [1, 1, 3, 3]);

  it('checks its arguments like conv', () => {
    expect(() => verify(x, w, { dialation: 2 } as ConvOptions)).toThrow(/unknown option 'dialation'/);
    expect(() => verify(x, tensor(new Float32Array(9), [3, 3]))).toThrow(/weight\.dims to be of rank 3, 4 or 5 .* for verify/);
  });

  it('refuses to compare the pure-TypeScript backend with itself', () => {
    expect(() => verify(x, w, { backend: 'typescript' })).toThrow(
      expect.objectContaining({ name: 'RangeError', message: expect.stringMatching(/backend.*'auto' or 'native' for verify/) as string }),
    );
  });

  const loaded = loadAddon();
  if (!('addon' in loaded)) console.warn(`SKIPPED: verify with the native binary, which does not load: ${loaded.loadError.message}`);

  it.skipIf(!('addon' in loaded))('finds the native backend right', () => {
    const { input, weight, options } = publicArguments(
      convCase({ inChannels: 33, outChannels: 21, input: [19, 21], kernel: [3, 3], dilation: 2, padding: 'same', activation: 'relu' }),
    );
    const result = verify(input, weight, options);
    expect(result.ok).toBe(true);
    expect('addon' in loaded && loaded.addon.isas).toContain(result.isa);
    expect(result.algorithm).not.toBe('direct');
  });

  it.skipIf('addon' in loaded)('says that there is no native backend', () => {
    expect(() => verify(x, w)).toThrow(expect.objectContaining({ code: 'ERR_ATROUS_NATIVE_UNAVAILABLE' }));
  });
});
