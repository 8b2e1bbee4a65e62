/**
 * The native backend against the pure-TypeScript one, on the caller's own problem.
 *
 * Over the K terms of an output (taps × channels of a group, and the bias) with S = Σ |w·x|, a direct float32 sum in any order errs by at
 * most (K + 2)·2⁻²⁴·S + K·2⁻¹⁴⁹. The pure-TypeScript sum is float64, rounded once: it errs by at most one more of each unit. So
 *
 *   |native − typescript| ≤ (K + 3)·2⁻²⁴·S + (K + 1)·2⁻¹⁴⁹
 *
 * S is a convolution too, of |x| with |w|. relu, which brings no two numbers further apart, leaves the bound as it is.
 *
 * A short algorithm sums within a tile, so its error follows the largest sums nearby, not the element's own: its bound has
 * `tolerance` times the largest S of the output channel's map beside.
 */
import type { Backend, ConvShape } from './backend/backend.js';
import { nativeBackend } from './backend/select.js';
import { typescriptBackend } from './backend/typescript.js';
import { type ConvProblem, planConv, readConvProblem } from './conv-problem.js';
import { rangeError } from './errors.js';
import { copyOf, zeros } from './tensor.js';
import type { ConvOptions, FloatTensor } from './types.js';

export interface Verification {
  /** Whether every element lies within the bound, and NaN and infinities stand in the same places. */
  readonly ok: boolean;
  /** Largest absolute difference; Infinity where one is a number and the other is not the same. */
  readonly maxError: number;
  /** Largest difference as a fraction of its element's bound; at most 1 where ok. */
  readonly maxErrorOverBound: number;
  /** The native kernels that ran. */
  readonly algorithm: string;
  readonly isa: string;
}

/**
 * Computes one convolution with the native backend and with the pure-TypeScript one, and compares them under the bound that float32 sums obey:
 * |native − typescript| ≤ (K + 3)·2⁻²⁴·Σ|w·x| + (K + 1)·2⁻¹⁴⁹ for sums of K terms. Where a short algorithm runs, `tolerance` times the
 * largest Σ|w·x| of the same map is allowed beside; `algorithm: 'direct'` compares the direct kernels.
 *
 * Arguments as those of {@link conv}; both backends run whatever ATROUS_BACKEND says. The pure-TypeScript ones may take seconds on a large layer.
 *
 * @throws As {@link conv}; RangeError ERR_ATROUS_ARGUMENT_RANGE for `backend: 'typescript'`, which would leave nothing to compare.
 * @throws {Error} ERR_ATROUS_NATIVE_UNAVAILABLE where no native binary loads.
 * @see Higham 2002, Accuracy and Stability of Numerical Algorithms, §3.1 (inner products).
 * @example
 * const { ok, maxErrorOverBound } = verify(x, w, { dilation: 2, padding: 'same' });
 */
export function verify(input: FloatTensor, weight: FloatTensor, options?: ConvOptions): Verification {
  const problem = readConvProblem(input, weight, options, 'verify', undefined);
  if (problem.backend === 'typescript') throw rangeError('backend', "'auto' or 'native' for verify", problem.backend);
  return compareBackends(problem, nativeBackend());
}

/** {@link verify} with a given native backend. */
export function compareBackends(problem: ConvProblem, native: Backend): Verification {
  const { shape } = problem.resolved;
  const terms = (shape.inChannels / shape.groups) * shape.kernel[0] * shape.kernel[1] * shape.kernel[2] + (problem.bias ? 1 : 0);
  const { output: got, info } = compute(problem, native);
  const { output: expected } = compute(problem, typescriptBackend);
  const { output: magnitude } = compute(absolute(problem), typescriptBackend);
  const largest = info.algorithm.startsWith('winograd') ? largestOfMaps(magnitude, shape) : undefined;
  let maxError = 0;
  let maxErrorOverBound = 0;
  for (let index = 0; index < got.length; index++) {
    if (Object.is(got[index], expected[index])) continue;
    // NaN where only one is a number, or both are opposite infinities.
    const error = Math.abs(got[index]! - expected[index]!);
    const allowance = largest ? problem.execution.tolerance * largest[mapOf(index, shape)]! : 0;
    const bound = (terms + 3) * 2 ** -24 * magnitude[index]! + (terms + 1) * 2 ** -149 + allowance;
    maxError = Math.max(maxError, Number.isFinite(error) ? error : Infinity);
    maxErrorOverBound = Math.max(maxErrorOverBound, Number.isFinite(error) ? error / bound : Infinity);
  }
  return { ok: maxErrorOverBound <= 1, maxError, maxErrorOverBound, algorithm: info.algorithm, isa: info.isa };
}

function compute({ resolved, input, weight, bias, execution }: ConvProblem, backend: Backend) {
  const output = zeros(resolved.outputDims, resolved.outputLength).data;
  const plan = planConv(backend, resolved, weight, bias, execution);
  plan.run(input, output);
  return { output, info: plan.info };
}

/** The problem whose outputs are Σ |w·x| + |bias|. */
function absolute(problem: ConvProblem): ConvProblem {
  return {
    ...problem,
    resolved: { ...problem.resolved, shape: { ...problem.resolved.shape, activation: 'none' } },
    input: magnitudes(problem.input),
    weight: magnitudes(problem.weight),
    bias: problem.bias && magnitudes(problem.bias),
  };
}

/** Which map, one of an image and an output channel, an output element belongs to. */
function mapOf(index: number, { layout, outChannels, output }: ConvShape): number {
  const pixels = output[0] * output[1] * output[2];
  if (layout === 'channelsFirst') return Math.floor(index / pixels);
  return Math.floor(index / (pixels * outChannels)) * outChannels + (index % outChannels);
}

/** The largest finite element of every map. */
function largestOfMaps(values: Float32Array, shape: ConvShape): Float64Array {
  const largest = new Float64Array(shape.batch * shape.outChannels);
  for (let index = 0; index < values.length; index++) {
    const map = mapOf(index, shape);
    if (values[index]! > largest[map]! && values[index]! < Infinity) largest[map] = values[index]!;
  }
  return largest;
}

function magnitudes(values: Float32Array): Float32Array {
  const result = copyOf(values);
  for (let index = 0; index < result.length; index++) result[index] = Math.abs(result[index]!);
  return result;
}
