/**
 * Paths from one output of a stack to each input element: tap sets convolved layer by layer, from the output back to the input.
 *
 * Through a convolution of stride s the counts are spread s apart and summed over the taps; through a transposed one they are summed over
 * the taps and every s-th is kept. Paths are never enumerated: 100 layers of kernel 3 have 3^100 of them.
 */
import { rangeError } from '../errors.js';
import { largestField, stackFields } from './fields.js';
import type { Layer } from './window-layer.js';

export interface PathCounts {
  /** Input element that counts[0] belongs to. */
  readonly first: number;
  /** Paths to the input elements first, first + 1, …; no path leads elsewhere. */
  readonly counts: Float64Array;
}

// A field of 2^24 elements takes 128 MiB; the largest published networks see some thousands.
const mostElements = 2 ** 24;
const mostLooks = 2 ** 26;

/** Paths from `output` to the input; begins[j] is the begin padding of layers[j]. */
export function pathCounts(layers: readonly Layer[], begins: readonly number[], output: number): PathCounts {
  let paths: PathCounts = { first: output, counts: Float64Array.of(1) };
  for (let index = layers.length - 1; index >= 0; index--) {
    const through = layers[index]!.transposed ? throughTransposed : throughConvolution;
    paths = through(layers[index]!, begins[index]!, paths);
  }
  return trimmed(paths);
}

/** Paths from each output of a period of the stack, behind which they repeat. */
export function pathCountsOfPhases(layers: readonly Layer[], begins: readonly number[]): PathCounts[] {
  const fields = stackFields(layers, begins);
  const looks = fields.period * largestField(fields);
  if (looks > mostLooks) throw rangeError('layers', `a stack whose fields span at most ${mostLooks} elements over one period`, looks);
  return Array.from({ length: fields.period }, (_, output) => pathCounts(layers, begins, output));
}

function throughConvolution(
  { place, kernel, stride, dilation, effectiveKernel }: Layer,
  begin: number,
  { first, counts }: PathCounts,
): PathCounts {
  const spreadLength = Math.max(0, (counts.length - 1) * stride + 1);
  requireElements(place, spreadLength + effectiveKernel - 1);
  const spread = stride === 1 ? counts : new Float64Array(spreadLength);
  if (stride > 1) for (let index = 0; index < counts.length; index++) spread[index * stride] = counts[index]!;
  return { first: first * stride - begin, counts: sumOverTaps(spread, kernel, dilation) };
}

function throughTransposed(
  { place, kernel, stride, dilation, effectiveKernel }: Layer,
  begin: number,
  { first, counts }: PathCounts,
): PathCounts {
  requireElements(place, counts.length + effectiveKernel - 1);
  const sums = sumOverTaps(counts, kernel, dilation);
  // sums[i] belongs to position + i, and to input x where that is x·stride.
  const position = first + begin - (effectiveKernel - 1);
  const firstInput = Math.ceil(position / stride);
  const inputs = Math.max(0, Math.floor((position + sums.length - 1) / stride) - firstInput + 1);
  const kept = new Float64Array(inputs);
  for (let index = 0; index < inputs; index++) kept[index] = sums[(firstInput + index) * stride - position]!;
  return { first: firstInput, counts: kept };
}

function requireElements(place: string, elements: number): void {
  if (elements > mostElements) throw rangeError(place, `in a stack whose fields span at most ${mostElements} elements`, elements);
}

/**
 * Σ over t < taps of `counts` shifted by t·step: by doubling, S_2m = S_m + S_m shifted by m·step and S_(m+1) = counts + S_m shifted by step,
 * so about 2·log2(taps) additions an element and, since nothing is subtracted, no rounding below 2^53 and no NaN above the range of doubles.
 */
function sumOverTaps(counts: Float64Array, taps: number, step: number): Float64Array {
  let sums = counts;
  let summed = 1;
  for (const bit of taps.toString(2).slice(1)) {
    sums = addShifted(sums, sums, summed * step);
    summed *= 2;
    if (bit === '0') continue;
    sums = addShifted(counts, sums, step);
    summed++;
  }
  return sums;
}

function addShifted(counts: Float64Array, others: Float64Array, shift: number): Float64Array {
  const sums = new Float64Array(others.length === 0 ? 0 : others.length + shift);
  sums.set(others, others.length === 0 ? 0 : shift);
  for (let index = 0; index < counts.length; index++) sums[index] = sums[index]! + counts[index]!;
  return sums;
}

function trimmed({ first, counts }: PathCounts): PathCounts {
  const begin = counts.findIndex((count) => count > 0);
  if (begin < 0) return { first, counts: new Float64Array(0) };
  const end = counts.findLastIndex((count) => count > 0) + 1;
  return { first: first + begin, counts: counts.subarray(begin, end) };
}
