/** Output size of a transposed convolution along one axis: (n − 1)·s + k' − begin − end + outputPadding. */
import { rangeError } from '../errors.js';
import type { PaddingName } from '../types.js';
import { readOptions } from '../validate.js';
import { type AxisWindow, partOf, readAxisInteger, readWindow, requireExact } from './axis.js';
import { effectiveKernel, effectiveKernelOf } from './effective-kernel-size.js';
import type { WindowOptions } from './padding.js';

export interface TransposedOutputSizeOptions extends WindowOptions {
  /** Outputs added at the end: an integer ≥ 0, below stride or below dilation. Default 0. */
  readonly outputPadding?: number | undefined;
}

/**
 * Number of outputs of a transposed convolution along one axis. Input j reaches the outputs j·stride − begin + t·dilation, t = 0 … kernel − 1,
 * so with k' = dilation·(kernel − 1) + 1
 *
 *     (input − 1)·stride + k' − begin − end + outputPadding
 *
 * Here padding is what is cut from the ends. `'same'` and `'sameLower'` cut total = max(0, k' + outputPadding − stride), an odd unit at the
 * end or at the start, and `'causal'` cuts it all at the end; each gives input·stride outputs. `'valid'` cuts nothing.
 *
 * @param input size of the axis, an integer from 0 to 2^31 − 1
 * @returns outputs, an integer ≥ 0; 0 only for an input of 0
 * @throws TypeError with code ERR_ATROUS_ARGUMENT_TYPE: an argument of the wrong type, a missing or an unknown option
 * @throws RangeError with code ERR_ATROUS_ARGUMENT_RANGE: a value out of its range (sizes: at most 2^31 − 1; outputPadding: below
 *   max(stride, dilation)), nothing is left after cutting, or a result of 2^53 or more
 * @example
 * transposedOutputSize(128, { kernel: 16, stride: 8, padding: 4 }); // 1024
 * transposedOutputSize(28, { kernel: 3, stride: 2, padding: 1, outputPadding: 1 }); // 56
 * @see V. Dumoulin, F. Visin, A guide to convolution arithmetic for deep learning, arXiv:1603.07285, relationship 14; ONNX ConvTranspose
 */
export function transposedOutputSize(input: number, options: TransposedOutputSizeOptions): number {
  const size = readAxisInteger('input', input, 0);
  const values = readOptions('options', options, ['kernel', 'stride', 'dilation', 'padding', 'outputPadding']);
  const { outputPadding = 0 } = values;
  const window = readWindow('', values);
  return transposedOutputSizeOf('', size, window, readOutputPadding('', outputPadding, window));
}

export function readOutputPadding(place: string, value: unknown, { stride, dilation }: AxisWindow): number {
  const name = partOf(place, 'outputPadding');
  const outputPadding = readAxisInteger(name, value, 0);
  requireOutputPadding(name, outputPadding, stride, dilation);
  return outputPadding;
}

/** PyTorch's and ONNX's bound: more would add outputs that no other input size could mean. */
export function requireOutputPadding(name: string, outputPadding: number, stride: number, dilation: number): void {
  const most = Math.max(stride, dilation);
  if (outputPadding >= most) throw rangeError(name, `below ${most}, the larger of stride and dilation`, outputPadding);
}

/**
 * The [begin, end] that a padding cuts from a transposed convolution's output, without argument checks; a pair comes back as it is.
 *
 * For the names that promise input·stride outputs, `end` is negative where k' + outputPadding < stride: outputs that no input reaches are added.
 */
export function padTransposedAxis(
  kernel: number,
  stride: number,
  dilation: number,
  padding: PaddingName | readonly [number, number],
  outputPadding: number,
): readonly [begin: number, end: number] {
  if (typeof padding !== 'string') return padding;
  if (padding === 'valid') return [0, 0];
  const excess = effectiveKernel(kernel, dilation) + outputPadding - stride;
  const half = Math.max(0, excess) / 2;
  const begin = padding === 'causal' ? 0 : padding === 'same' ? Math.floor(half) : Math.ceil(half);
  return [begin, excess - begin];
}

/** Output size of a transposed convolution, without argument checks; 0 or less where nothing is left. */
export function convTransposedOutputSize(
  input: number,
  kernel: number,
  stride: number,
  dilation: number,
  begin: number,
  end: number,
  outputPadding: number,
): number {
  return (input - 1) * stride + effectiveKernel(kernel, dilation) + outputPadding - begin - end;
}

/** The output size of a transposed window at `place`, exact or an error. */
export function transposedOutputSizeOf(place: string, input: number, window: AxisWindow, outputPadding: number): number {
  const { kernel, stride, dilation, padding } = window;
  const effective = effectiveKernelOf(place, window);
  requireExact(place, 'uncut output size', (input - 1) * stride + effective + outputPadding);
  const [begin, end] = padTransposedAxis(kernel, stride, dilation, padding, outputPadding);
  const outputs = convTransposedOutputSize(input, kernel, stride, dilation, begin, end, outputPadding);
  if (outputs > 0 || (outputs === 0 && input === 0)) return outputs;
  throw rangeError(place === '' ? 'the output size' : `the output size of ${place}`, 'positive (padding cuts the whole output)', outputs);
}
