/** Padding of one axis: a name, a number or a pair becomes the elements added at its begin and end. */
import type { PaddingName } from '../types.js';
import { effectiveKernel } from './effective-kernel-size.js';

/**
 * Padding of one axis.
 * - `'valid'`: none.
 * - `'same'`: output size ⌈input / stride⌉, an odd unit at the end (ONNX SAME_UPPER, TensorFlow SAME).
 * - `'sameLower'`: the same total, an odd unit at the start (ONNX SAME_LOWER).
 * - `'causal'`: dilation·(kernel − 1) elements, all at the start.
 * - n ≥ 0: n at both ends; [begin, end].
 */
export type AxisPadding = PaddingName | number | readonly [number, number];

/**
 * The [begin, end] of a named padding, without argument checks; a pair comes back as it is.
 *
 * 'same' pads by max(0, (⌈input/stride⌉ − 1)·stride + k' − input) in all.
 */
export function padAxis(
  input: number,
  kernel: number,
  stride: number,
  dilation: number,
  padding: PaddingName | readonly [number, number],
): readonly [number, number] {
  if (typeof padding !== 'string') return padding;
  if (padding === 'valid') return [0, 0];
  const reach = effectiveKernel(kernel, dilation) - 1;
  if (padding === 'causal') return [reach, 0];
  const total = Math.max(0, (Math.ceil(input / stride) - 1) * stride + reach + 1 - input);
  const half = Math.floor(total / 2);
  return padding === 'same' ? [half, total - half] : [total - half, half];
}
