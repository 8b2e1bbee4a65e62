/** From a stack's output size back to its input size. */
import { rangeError } from '../errors.js';
import { readAxisInteger } from '../geometry/axis.js';
import { ceilOutputSize, convOutputSize } from '../geometry/output-size.js';
import { padAxis } from '../geometry/padding.js';
import { convTransposedOutputSize, padTransposedAxis } from '../geometry/transposed-output-size.js';
import { LARGEST_INTEGER } from '../validate.js';
import { type Layer, readLayers, type WindowLayer } from './window-layer.js';

/**
 * The smallest input size for which a stack has exactly `outputSize` outputs along one axis.
 *
 * Every layer's output size grows with its input size, so the inputs that give one of a range of sizes are a range themselves; the ranges
 * are followed from the output back to the input. For convolutions alone that is n_(j−1) = (n_j − 1)·s_j + k'_j − begin_j − end_j.
 *
 * @param outputSize wanted outputs, an integer from 1 to 2^31 − 1
 * @param layers the stack, the layer next to the input first
 * @throws TypeError with code ERR_ATROUS_ARGUMENT_TYPE: an argument of the wrong type or an unknown key
 * @throws RangeError with code ERR_ATROUS_ARGUMENT_RANGE: a value out of its range, or no input size from 1 to 2^31 − 1 gives that many
 *   outputs (an odd number behind a doubling, fewer than the padding alone makes)
 * @example
 * inputSizeFor(1, [{ kernel: 3 }, { kernel: 3, dilation: 2 }, { kernel: 3, dilation: 4 }]); // 15, the receptive field
 * inputSizeFor(56, [{ kernel: 7, stride: 2, padding: 3 }, { kernel: 3, stride: 2, padding: 1 }]); // 221: up to 224 inputs give 56 outputs
 */
export function inputSizeFor(outputSize: number, layers: readonly WindowLayer[]): number {
  const size = readAxisInteger('outputSize', outputSize, 1);
  let least = size;
  let most = size;
  for (const layer of readLayers(layers).reverse()) {
    [least, most] = [firstInput(layer, least), firstInput(layer, most + 1) - 1];
    if (least > most) throw rangeError('outputSize', 'a size that some input of the stack gives', size);
  }
  if (least > LARGEST_INTEGER) throw rangeError('outputSize', `a size that an input of at most ${LARGEST_INTEGER} elements gives`, size);
  return least;
}

/** The smallest input size ≥ 1 that gives a layer `outputs` outputs or more, by bisection; 2^53 stands for everything above. */
function firstInput(layer: Layer, outputs: number): number {
  let low = 0;
  let high = 2 ** 53;
  while (high - low > 1) {
    const size = Math.floor((low + high) / 2);
    if (outputsOrLess(layer, size) < outputs) low = size;
    else high = size;
  }
  return high;
}

/** Outputs of a layer; 0 or less where nothing comes out. Above 2^53 rounded, which leaves comparisons with smaller sizes right. */
function outputsOrLess({ kernel, stride, dilation, padding, rounding, transposed, outputPadding }: Layer, size: number): number {
  if (transposed) {
    const [begin, end] = padTransposedAxis(kernel, stride, dilation, padding, outputPadding);
    return convTransposedOutputSize(size, kernel, stride, dilation, begin, end, outputPadding);
  }
  const [begin, end] = padAxis(size, kernel, stride, dilation, padding);
  return (rounding === 'ceil' ? ceilOutputSize : convOutputSize)(size, kernel, stride, dilation, begin, end);
}
