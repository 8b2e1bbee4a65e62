/** Padding of one axis: a name, a number or a pair becomes the elements added at its begin and end. */
import { typeError } from '../errors.js';
import type { PaddingName } from '../types.js';
import { readOptions } from '../validate.js';
import { type AxisWindow, axisPaddings, readAxisInteger, readWindow } from './axis.js';
import { effectiveKernel, effectiveKernelOf } from './effective-kernel-size.js';

/**
 * Padding of one axis.
 * - `'valid'`: none.
 * - `'same'`: output size ⌈input / stride⌉, an odd unit at the end (ONNX SAME_UPPER, TensorFlow SAME).
 * - `'sameLower'`: the same total, an odd unit at the start (ONNX SAME_LOWER).
 * - `'causal'`: dilation·(kernel − 1) elements, all at the start.
 * - n ≥ 0: n at both ends; [begin, end].
 *
 * Of a transposed layer, padding is what is cut from the ends of its output: by name so that the output size is input·stride
 * (`'valid'`: nothing is cut); `'causal'` cuts the end alone, so that output u depends on inputs up to ⌊u / stride⌋ only.
 */
export type AxisPadding = PaddingName | number | readonly [number, number];

/** A window that slides along one axis. */
export interface WindowOptions {
  /** Taps, an integer ≥ 1. */
  readonly kernel: number;
  /** Step between outputs, in input elements: an integer ≥ 1. Default 1. */
  readonly stride?: number | undefined;
  /** Step between taps, in input elements: an integer ≥ 1. Default 1. */
  readonly dilation?: number | undefined;
  /** Default `'valid'`. */
  readonly padding?: AxisPadding | undefined;
}

export interface ResolvePaddingOptions extends WindowOptions {
  readonly padding: AxisPadding;
}

/**
 * The [begin, end] elements that a padding adds around an axis. With k' = dilation·(kernel − 1) + 1,
 *
 *     'valid':     [0, 0]
 *     'same':      total = max(0, (⌈input/stride⌉ − 1)·stride + k' − input), [⌊total/2⌋, ⌈total/2⌉]
 *     'sameLower': the same total, [⌈total/2⌉, ⌊total/2⌋]
 *     'causal':    [k' − 1, 0]
 *     n:           [n, n]
 *
 * @param input size of the axis, an integer from 0 to 2^31 − 1
 * @returns input elements at the begin and at the end, integers ≥ 0
 * @throws TypeError with code ERR_ATROUS_ARGUMENT_TYPE: an argument of the wrong type, a missing or an unknown option
 * @throws RangeError with code ERR_ATROUS_ARGUMENT_RANGE: a value out of its range (sizes: at most 2^31 − 1), or k' is 2^53 or more
 * @example
 * resolvePadding(10, { kernel: 3, dilation: 2, padding: 'same' }); // [2, 2]
 * resolvePadding(10, { kernel: 3, stride: 2, padding: 'same' }); // [0, 1]
 * resolvePadding(10, { kernel: 2, dilation: 8, padding: 'causal' }); // [8, 0]
 * @see ONNX Conv, attribute auto_pad; TensorFlow, "Notes on padding" of tf.nn.convolution
 */
export function resolvePadding(input: number, options: ResolvePaddingOptions): [begin: number, end: number] {
  const size = readAxisInteger('input', input, 0);
  const values = readOptions('options', options, ['kernel', 'stride', 'dilation', 'padding']);
  if (values.padding === undefined) throw typeError('padding', axisPaddings, undefined);
  const [begin, end] = padWindow('', size, readWindow('', values));
  return [begin, end];
}

/**
 * The [begin, end] of a named padding, without argument checks; a pair comes back as it is.
 *
 * Numbers are exact while k' is below 2^53; they may exceed the 2^31 − 1 of a size.
 */
export function padAxis(
  input: number,
  kernel: number,
  stride: number,
  dilation: number,
  padding: PaddingName | readonly [number, number],
): readonly [begin: number, end: number] {
  if (typeof padding !== 'string') return padding;
  if (padding === 'valid') return [0, 0];
  const reach = effectiveKernel(kernel, dilation) - 1;
  if (padding === 'causal') return [reach, 0];
  const total = Math.max(0, (Math.ceil(input / stride) - 1) * stride + reach + 1 - input);
  const half = Math.floor(total / 2);
  return padding === 'same' ? [half, total - half] : [total - half, half];
}

/** {@link padAxis} of a window at `place`, exact or an error. */
export function padWindow(place: string, input: number, window: AxisWindow): readonly [begin: number, end: number] {
  effectiveKernelOf(place, window);
  return padAxis(input, window.kernel, window.stride, window.dilation, window.padding);
}
