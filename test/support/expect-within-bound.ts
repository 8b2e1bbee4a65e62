/**
 * The promise of the direct kernels, asserted: |actual − exact| ≤ (K + 2)·2⁻²⁴·Σ|x·w| + K·2⁻¹⁴⁹ with K products, and for small integers equality.
 *
 * The first term is K roundings of relative 2⁻²⁴ of a float32 sum of rounded products and a last one's slack; the second is what products
 * below the normal range may lose.
 */
import { expect } from 'vitest';
import type { TransposedShape } from '../../lib/backend/backend.js';
import type { ReferenceResult } from '../reference/conv.js';

/** The allowed error of output `index`. */
export function errorBound({ magnitude, terms }: ReferenceResult, index: number): number {
  return (terms[index]! + 2) * 2 ** -24 * magnitude[index]! + terms[index]! * 2 ** -149;
}

/** Non-finite values must be the exact result's own; the others lie within the bound. */
export function expectWithinBound(actual: Float32Array, reference: ReferenceResult, shape: TransposedShape): void {
  expect(actual.length, 'elements').toBe(reference.value.length);
  let worst = -1;
  let worstRatio = 1;
  for (let index = 0; index < actual.length; index++) {
    const ratio = errorOverBound(actual[index]!, reference, index);
    if (ratio > worstRatio) [worst, worstRatio] = [index, ratio];
  }
  if (worst >= 0)
    expect.fail(complaint(actual, reference, shape, worst, `${worstRatio.toPrecision(3)} times the bound ${errorBound(reference, worst)}`));
}

/** Every element is the exact value: for data whose sums float32 holds. */
export function expectExact(actual: Float32Array, reference: ReferenceResult, shape: TransposedShape): void {
  expect(actual.length, 'elements').toBe(reference.value.length);
  for (let index = 0; index < actual.length; index++) {
    const exact = reference.value[index]!;
    const same = Number.isNaN(exact) ? Number.isNaN(actual[index]) : actual[index] === exact;
    if (!same) expect.fail(complaint(actual, reference, shape, index, 'the exact value'));
  }
}

/** Equal bits: NaNs and the sign of zero count. */
export function expectSameBits(actual: Float32Array, expected: Float32Array): void {
  expect(actual.length, 'elements').toBe(expected.length);
  const actualBits = bitsOf(actual);
  const expectedBits = bitsOf(expected);
  const index = actualBits.findIndex((bits, at) => bits !== expectedBits[at]);
  if (index >= 0) expect.fail(`Element ${index} of ${actual.length} has other bits: ${actual[index]} instead of ${expected[index]}`);
}

function bitsOf(values: Float32Array): Uint32Array {
  return new Uint32Array(values.buffer, values.byteOffset, values.length);
}

/** Infinity where no error is allowed: a finite value for a NaN, a NaN for a finite value, another infinity. */
function errorOverBound(actual: number, reference: ReferenceResult, index: number): number {
  const exact = reference.value[index]!;
  if (Number.isNaN(exact)) return Number.isNaN(actual) ? 0 : Infinity;
  if (actual === Math.fround(exact)) return 0;
  if (!Number.isFinite(actual) || !Number.isFinite(exact)) return Infinity;
  return Math.abs(actual - exact) / errorBound(reference, index);
}

function complaint(actual: Float32Array, reference: ReferenceResult, shape: TransposedShape, index: number, allowed: string): string {
  const { value, terms } = reference;
  return [
    `Output ${coordinatesOf(shape, index)} is ${actual[index]}, exactly ${value[index]} (a sum of ${terms[index]} products):`,
    `error ${Math.abs(actual[index]! - value[index]!)}, expected ${allowed}. ${JSON.stringify(shape)}`,
  ].join(' ');
}

/** `[image 0, channel 3, 0, 12, 5]`: depth, height and width last. */
function coordinatesOf({ layout, outChannels, output: [depth, height, width] }: TransposedShape, index: number): string {
  const sizes = layout === 'channelsFirst' ? [outChannels, depth, height, width] : [depth, height, width, outChannels];
  const coordinates: number[] = [];
  for (const size of sizes.reverse()) {
    coordinates.unshift(index % size);
    index = Math.floor(index / size);
  }
  const channel = layout === 'channelsFirst' ? coordinates.shift() : coordinates.pop();
  return `[image ${index}, channel ${channel}, ${coordinates.join(', ')}]`;
}
