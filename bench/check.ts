/**
 * Whether a result is right: every element is compared with the pure-TypeScript backend's under the bound of the public `verify`, which is
 * (K + 3)·2⁻²⁴·Σ|x·w| + (K + 1)·2⁻¹⁴⁹ for sums of K products; short algorithms may err by `tolerance` times the largest Σ|x·w| of the map
 * (an image's output channel) beside. One reference serves every instruction set and thread count here.
 */
import { typescriptBackend } from '../lib/backend/typescript.js';
import { prepareBackend } from './own.js';
import { product, type Problem } from './problem.js';
import type { Comparison } from './report/result.js';
import { timeRuns, type Started } from './timing.js';

export interface Reference {
  /** The right result, rounded to float32. */
  readonly output: Float32Array;
  /** Per element, how far off a float32 sum may be. */
  readonly bound: Float64Array;
  /** Per element, the largest Σ|x·w| of its map. */
  readonly largestOfMap: Float32Array;
  readonly standardDeviation: number;
  /** The pure-TypeScript backend, whose first run it was. */
  readonly started: Started;
}

export interface Check {
  readonly ok: boolean;
  readonly maxError: number;
  /** At most 1 in a right result. */
  readonly maxErrorOverBound: number;
}

export async function makeReference(problem: Problem): Promise<Reference> {
  // It computes plain sums only.
  const execution = { threads: 1, tolerance: 0 };
  const contender = prepareBackend(typescriptBackend, problem, execution);
  const firstMilliseconds = await timeRuns(contender, 1);
  const absolute = prepareBackend(
    typescriptBackend,
    {
      ...problem,
      input: problem.input.map(Math.abs),
      weight: problem.weight.map(Math.abs),
      bias: problem.bias?.map(Math.abs) ?? null,
    },
    execution,
  );
  await absolute.run();
  const terms = product(problem.weightDims) / problem.weightDims[0]! + (problem.bias ? 1 : 0);
  const output = contender.output().slice();
  return {
    output,
    largestOfMap: largestOfMaps(absolute.output(), problem),
    bound: Float64Array.from(absolute.output(), (sum) => (terms + 3) * 2 ** -24 * sum + (terms + 1) * 2 ** -149),
    standardDeviation: standardDeviation(output),
    started: { contender, firstMilliseconds },
  };
}

/** `algorithm` and `tolerance`: what the result was computed with. */
export function checkAgainst(reference: Reference, output: Float32Array, algorithm: string | null, tolerance: number): Check {
  const allowance = algorithm?.startsWith('winograd') ? tolerance : 0;
  let maxError = 0;
  let maxErrorOverBound = 0;
  let ok = output.length === reference.output.length;
  for (let i = 0; i < reference.output.length; i++) {
    const error = Math.abs(output[i]! - reference.output[i]!);
    const bound = reference.bound[i]! + allowance * reference.largestOfMap[i]!;
    // Written so that NaN fails.
    if (!(error <= bound)) ok = false;
    if (error > maxError) maxError = error;
    if (error / bound > maxErrorOverBound) maxErrorOverBound = error / bound;
  }
  return { ok, maxError, maxErrorOverBound };
}

/** Two results that each keep the bound differ by at most twice the bound. */
export function compareResults({ bound, standardDeviation }: Reference, ours: Float32Array, theirs: Float32Array): Comparison {
  let ok = ours.length === theirs.length;
  let maxDifference = 0;
  let maxDifferenceOverBounds = 0;
  for (let i = 0; i < ours.length; i++) {
    const difference = Math.abs(ours[i]! - theirs[i]!);
    if (!(difference <= 2 * bound[i]!)) ok = false;
    maxDifference = Math.max(maxDifference, difference);
    maxDifferenceOverBounds = Math.max(maxDifferenceOverBounds, difference / (2 * bound[i]!));
  }
  return { ok, maxDifferenceOverDeviation: maxDifference / standardDeviation, maxDifferenceOverBounds };
}

/** The promise for every thread count: the same bits. */
export function sameBits(a: Float32Array, b: Float32Array): boolean {
  return Buffer.from(a.buffer, a.byteOffset, a.byteLength).equals(Buffer.from(b.buffer, b.byteOffset, b.byteLength));
}

/** Whether a peer did the same work: within a thousandth of the standard deviation, which Winograd in float32 keeps and a wrong tap does not. */
export function roughlyEqual(reference: Reference, output: Float32Array): boolean {
  if (output.length !== reference.output.length) return false;
  const tolerance = 1e-3 * reference.standardDeviation;
  return output.every((value, i) => Math.abs(value - reference.output[i]!) <= tolerance);
}

function largestOfMaps(values: Float32Array, { outputDims }: Problem): Float32Array {
  const pixels = product(outputDims.slice(2));
  const result = new Float32Array(values.length);
  for (let begin = 0; begin < values.length; begin += pixels) {
    const largest = values.subarray(begin, begin + pixels).reduce((most, value) => Math.max(most, value), 0);
    result.fill(largest, begin, begin + pixels);
  }
  return result;
}

function standardDeviation(values: Float32Array): number {
  let sum = 0;
  let squares = 0;
  for (const value of values) {
    sum += value;
    squares += value * value;
  }
  const mean = sum / values.length;
  return Math.sqrt(Math.max(0, squares / values.length - mean * mean));
}
