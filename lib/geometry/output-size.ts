/** Output size of a window that slides along one axis: ⌊(n + begin + end − k') / s⌋ + 1. */
import { rangeError } from '../errors.js';
import { readOptions } from '../validate.js';
import { type AxisWindow, type Rounding, readAxisInteger, readRounding, readWindow, requireExact } from './axis.js';
import { effectiveKernel, effectiveKernelOf } from './effective-kernel-size.js';
import { padWindow, type WindowOptions } from './padding.js';

export interface OutputSizeOptions extends WindowOptions {
  /** `'ceil'`: a last window may hang over the end (a pool's ceil mode). Default `'floor'`. */
  readonly rounding?: Rounding | undefined;
}

/**
 * Number of outputs of a convolution or pool along one axis. With k' = dilation·(kernel − 1) + 1 and room = input + begin + end − k',
 *
 *     'floor': ⌊room / stride⌋ + 1
 *     'ceil':  ⌈room / stride⌉ + 1, less 1 if that last window would begin behind the input and its begin padding
 *
 * 'ceil' is PyTorch's rule (`ceil_mode`); with it a window may exceed the padded input by up to stride − 1 elements. `'same'` padding gives
 * ⌈input / stride⌉. An empty input gives an empty output where the formula says 0; otherwise a kernel that does not fit is an error.
 *
 * @param input size of the axis, an integer from 0 to 2^31 − 1
 * @returns outputs, an integer ≥ 0
 * @throws TypeError with code ERR_ATROUS_ARGUMENT_TYPE: an argument of the wrong type, a missing or an unknown option
 * @throws RangeError with code ERR_ATROUS_ARGUMENT_RANGE: a value out of its range (sizes: at most 2^31 − 1), a kernel larger than the
 *   padded input, or a padded size of 2^53 or more
 * @example
 * outputSize(33, { kernel: 3, dilation: 6, padding: 'same' }); // 33
 * outputSize(224, { kernel: 7, stride: 2, padding: 3 }); // 112
 * outputSize(112, { kernel: 3, stride: 2, rounding: 'ceil' }); // 56, where 'floor' gives 55
 * @see V. Dumoulin, F. Visin, A guide to convolution arithmetic for deep learning, arXiv:1603.07285, relationships 6 and 15
 */
export function outputSize(input: number, options: OutputSizeOptions): number {
  const size = readAxisInteger('input', input, 0);
  const values = readOptions('options', options, ['kernel', 'stride', 'dilation', 'padding', 'rounding']);
  const { rounding = 'floor' } = values;
  return outputSizeOf('', size, readWindow('', values), readRounding('rounding', rounding));
}

/**
 * Output size of a convolution on one axis, without argument checks: ⌊(input + begin + end − k') / stride⌋ + 1,
 * or −1 where the kernel is larger than the padded input, which every caller reports as an error.
 *
 * An input of 0 gives 0 where the formula does.
 */
export function convOutputSize(input: number, kernel: number, stride: number, dilation: number, begin: number, end: number): number {
  const room = input + begin + end - effectiveKernel(kernel, dilation);
  if (room >= 0) return Math.floor(room / stride) + 1;
  return input === 0 && room >= -stride ? 0 : -1;
}

/** {@link convOutputSize} with PyTorch's ceil mode. */
export function ceilOutputSize(input: number, kernel: number, stride: number, dilation: number, begin: number, end: number): number {
  const outputs = convOutputSize(input, kernel, stride, dilation, begin, end + stride - 1);
  return outputs > 0 && (outputs - 1) * stride >= input + begin ? outputs - 1 : outputs;
}

/** The output size of a window at `place`, exact or an error. */
export function outputSizeOf(place: string, input: number, window: AxisWindow, rounding: Rounding): number {
  const effective = effectiveKernelOf(place, window);
  const [begin, end] = padWindow(place, input, window);
  // The position one stride behind the last output is the largest number the formulas meet.
  const padded = requireExact(place, 'padded input size', input + begin + end + window.stride) - window.stride;
  const size = rounding === 'floor' ? convOutputSize : ceilOutputSize;
  const outputs = size(input, window.kernel, window.stride, window.dilation, begin, end);
  if (outputs >= 0) return outputs;
  const kernel = place === '' ? 'the effective kernel size' : `the effective kernel size of ${place}`;
  throw rangeError(kernel, `at most ${padded}, the padded input size`, effective);
}
