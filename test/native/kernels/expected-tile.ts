/** What a kernel must write into a tile, element by element: sums in float64 with the bound on their rounding. Everything else stays as it was. */
import { expect } from 'vitest';
import { errorBound } from '../../support/expect-within-bound.js';
import { nanGuard } from '../../support/guarded-array.js';
import { Random } from '../../support/random.js';

/**
 * Values to compute with: `'floats'` in [−1, 1), small `'integers'`, `'denormals'` that are small integers times 2⁻¹⁴⁹, and floats with a few
 * `'non-finite'` ones among them.
 */
export type Values = 'floats' | 'integers' | 'denormals' | 'non-finite';

/** Inputs, and weights and biases to go with them: integers times denormals stay exact, two denormals would vanish. */
export function tileData(values: Values, seed: number, lengths: { input: number; weight: number; bias: number }) {
  const random = new Random(seed);
  const kind = hasExactSums(values) ? 'integers' : 'floats';
  const scale = (data: Float32Array) => (values === 'denormals' ? data.map((value) => value * 2 ** -149) : data);
  const data = {
    input: scale(random[kind](lengths.input)),
    weight: random[kind](lengths.weight),
    bias: scale(random[kind](lengths.bias)),
  };
  if (values === 'non-finite') {
    for (const [array, value] of [
      [data.input, NaN],
      [data.weight, -Infinity],
      [data.bias, NaN],
      [data.input, Infinity],
    ] as const)
      // prettier-ignore
      if (array.length > 0) array[random.integer(0, array.length - 1)] = value;
  }
  return data;
}

/** Whether float32 holds the sums of such values, in any order. */
function hasExactSums(values: Values): boolean {
  return values === 'integers' || values === 'denormals';
}

/** An array in which every element that is not written shows. */
export function untouched(length: number): Float32Array {
  return new Float32Array(new Uint32Array(length).fill(nanGuard).buffer);
}

export class ExpectedTile {
  readonly #value: Float64Array;
  readonly #magnitude: Float64Array;
  /** −1: not to be written. */
  readonly #terms: Int32Array;
  readonly #relu: boolean;

  constructor(length: number, relu: boolean) {
    this.#value = new Float64Array(length);
    this.#magnitude = new Float64Array(length);
    this.#terms = new Int32Array(length).fill(-1);
    this.#relu = relu;
  }

  /** Element `index` becomes `bias` and whatever products are added to it. */
  start(index: number, bias: number): void {
    if (this.#terms[index] !== -1) throw new Error(`Two outputs share element ${index}`);
    this.#value[index] = bias;
    this.#magnitude[index] = Math.abs(bias);
    this.#terms[index] = 0;
  }

  /** `value`, of sums of altogether `terms` products one after the other whose absolute values make up `magnitude`. */
  set(index: number, value: number, magnitude: number, terms: number): void {
    this.start(index, 0);
    this.#value[index] = value;
    this.#magnitude[index] = magnitude;
    this.#terms[index] = terms;
  }

  add(index: number, product: number): void {
    this.#value[index]! += product;
    this.#magnitude[index]! += Math.abs(product);
    this.#terms[index]!++;
  }

  /** `others`: whether what is not an output must stay as it was, or may hold anything, as the slack behind vectors. */
  expect(actual: Float32Array, title: string, values: Values, others: 'untouched' | 'anything' = 'untouched'): void {
    const bits = new Uint32Array(actual.buffer, actual.byteOffset, actual.length);
    const reference = { value: this.#value, magnitude: this.#magnitude, terms: this.#terms };
    for (let index = 0; index < actual.length; index++) {
      if (this.#terms[index] === -1) {
        if (others === 'untouched' && bits[index] !== nanGuard) expect.fail(`${title}: element ${index} was written: ${actual[index]}`);
        continue;
      }
      const sum = this.#value[index]!;
      const exact = this.#relu && sum < 0 ? 0 : sum;
      const bound = hasExactSums(values) || !Number.isFinite(exact) ? 0 : errorBound(reference, index);
      const right = Number.isNaN(exact)
        ? Number.isNaN(actual[index]) && bits[index] !== nanGuard
        : actual[index] === exact || Math.abs(actual[index]! - exact) <= bound;
      if (!right) {
        expect.fail(
          `${title}: element ${index} of ${actual.length} is ${actual[index]}, exactly ${exact} (${this.#terms[index]} products, bound ${bound})`,
        );
      }
    }
  }
}
