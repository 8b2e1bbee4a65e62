/** Coverage: which elements of a receptive field reach the output, and by how many paths. */
import { readAxisInteger } from '../geometry/axis.js';
import { readOptions } from '../validate.js';
import { pathCounts } from './path-counts.js';
import { hasTransposed, layerBegins, readLayers, type WindowLayer } from './window-layer.js';

export interface Coverage {
  /** Input elements from the first that reaches the output to the last. */
  readonly size: number;
  /** How many of them do. */
  readonly touched: number;
  /** Runs of elements that don't, as offsets into the field: [begin, end), in order. */
  readonly holes: [begin: number, end: number][];
  /** Paths to each of the `size` elements, in order; exact below 2^53, then rounded as doubles. */
  readonly counts: number[];
}

export interface CoverageOptions {
  /** Which output, an integer ≥ 0; outputs differ behind transposed layers only. Default 0. */
  readonly output?: number | undefined;
  /** Size of the stack's input: needed in stacks with transposed layers where the begin of 'same' padding depends on it. */
  readonly inputSize?: number | undefined;
}

/**
 * Which elements of its receptive field an output of a stack depends on, along one axis, and by how many paths through the taps.
 *
 * With steps c_j = dilation_j·Π_(i<j) stride_i, a path takes tap t_j of every layer and ends at offset Σ t_j·c_j; counts[x] is the number of
 * choices that end at x, the coefficient of z^x in Π_j (1 + z^c_j + … + z^((kernel_j − 1)·c_j)). Where all weights
 * are equal, this is the weight with which an element enters the output. Over several axes the counts are the outer product of theirs.
 *
 * @param layers the stack, the layer next to the input first
 * @throws TypeError with code ERR_ATROUS_ARGUMENT_TYPE: an argument of the wrong type or an unknown key
 * @throws RangeError with code ERR_ATROUS_ARGUMENT_RANGE: a value out of its range, or a field of more than 2^24 elements
 * @example
 * // Two 3×3 layers with dilation 2 span 9 elements and touch 5 of them (25 of 81 in the plane).
 * coverage([{ kernel: 3, dilation: 2 }, { kernel: 3, dilation: 2 }]);
 * // { size: 9, touched: 5, holes: [[1, 2], [3, 4], [5, 6], [7, 8]], counts: [1, 0, 2, 0, 3, 0, 2, 0, 1] }
 * @see P. Wang et al., Understanding Convolution for Semantic Segmentation, WACV 2018, section 3.2 (gridding); W. Luo et al., Understanding
 *   the Effective Receptive Field in Deep Convolutional Neural Networks, NeurIPS 2016
 */
export function coverage(layers: readonly WindowLayer[], options?: CoverageOptions): Coverage {
  const stack = readLayers(layers);
  const { output = 0, inputSize } = readOptions('options', options, ['output', 'inputSize']);
  const size = inputSize === undefined ? undefined : readAxisInteger('inputSize', inputSize, 0);
  // Paddings choose the phase of transposed layers; a stack without them sees the same field, only elsewhere.
  const begins = hasTransposed(stack) ? layerBegins(stack, size) : stack.map(() => 0);
  const { counts } = pathCounts(stack, begins, readAxisInteger('output', output, 0));
  const holes = runsOfZero(counts);
  const missed = holes.reduce((elements, [begin, end]) => elements + end - begin, 0);
  return { size: counts.length, touched: counts.length - missed, holes, counts: Array.from(counts) };
}

function runsOfZero(counts: Float64Array): [number, number][] {
  const runs: [number, number][] = [];
  for (let index = 0; index < counts.length; index++) {
    if (counts[index]! > 0) continue;
    const run = runs.at(-1);
    if (run?.[1] === index) run[1] = index + 1;
    else runs.push([index, index + 1]);
  }
  return runs;
}
