/** The share of a kernel's taps that fall on the input rather than on its padding. */
import { readOptions } from '../validate.js';
import { readAxisInteger, readWindow, requireExact } from './axis.js';
import { outputSizeOf } from './output-size.js';
import { padWindow, type WindowOptions } from './padding.js';

/**
 * The share of taps, over all outputs of a convolution along one axis, that fall on the input; the others multiply padding.
 *
 * Output u's taps at u·stride − begin + t·dilation, t = 0 … kernel − 1, are counted where 0 ≤ position < input, and divided by outputs·kernel.
 * Over several axes the share is the product of theirs.
 *
 * @param input size of the axis, an integer from 1 to 2^31 − 1
 * @returns a number from 0 to 1
 * @throws TypeError with code ERR_ATROUS_ARGUMENT_TYPE: an argument of the wrong type, a missing or an unknown option
 * @throws RangeError with code ERR_ATROUS_ARGUMENT_RANGE: a value out of its range, a kernel larger than the padded
 *   input, or 2^53 taps or more
 * @example
 * // 3×3 with dilation 18 on a 33×33 map: 40 % of the taps; towards dilation 33 it becomes a 1×1 kernel.
 * validTapFraction(33, { kernel: 3, dilation: 18, padding: 'same' }) ** 2; // 0.4049…
 * @see L.-C. Chen et al., Rethinking Atrous Convolution for Semantic Image Segmentation, arXiv:1706.05587, section 3.3 and figure 4
 */
export function validTapFraction(input: number, options: WindowOptions): number {
  const size = readAxisInteger('input', input, 1);
  const window = readWindow('', readOptions('options', options, ['kernel', 'stride', 'dilation', 'padding']));
  const outputs = outputSizeOf('', size, window, 'floor');
  const [begin] = padWindow('', size, window);
  const { kernel, stride, dilation } = window;
  let valid = 0;
  // Positions rise with the output and with the tap alike, so the shorter of the two is walked and the run of the other is counted.
  const [walked, walkStep, counted, countStep] =
    kernel < outputs ? [kernel, dilation, outputs, stride] : [outputs, stride, kernel, dilation];
  for (let index = 0; index < walked; index++) {
    const position = index * walkStep - begin;
    const from = Math.max(0, Math.ceil(-position / countStep));
    const to = Math.min(counted - 1, Math.floor((size - 1 - position) / countStep));
    valid += Math.max(0, to - from + 1);
  }
  return requireExact('', 'number of taps on the input', valid) / requireExact('', 'number of taps', outputs * kernel);
}
