/** Effective kernel size: the input elements one dilated kernel spans, k' = d·(k − 1) + 1. */
import { type AxisWindow, readAxisInteger, requireExact } from './axis.js';

/**
 * Number of input elements from the first tap of a dilated kernel to its last:
 *
 *     k' = dilation·(kernel − 1) + 1
 *
 * A dilated kernel has `kernel` taps, `dilation` elements apart; of the k' elements it spans, k' − kernel lie in its holes.
 *
 * @param kernel taps, an integer from 1 to 2^31 − 1
 * @param dilation step between taps in input elements, an integer from 1 to 2^31 − 1
 * @returns input elements, an integer ≥ kernel
 * @throws TypeError with code ERR_ATROUS_ARGUMENT_TYPE: an argument is not a number
 * @throws RangeError with code ERR_ATROUS_ARGUMENT_RANGE: an argument is no integer in its range, or the result is 2^53 or more
 * @example
 * effectiveKernelSize(3, 1); // 3
 * effectiveKernelSize(3, 2); // 5: taps at 0, 2 and 4
 * @see F. Yu, V. Koltun, Multi-Scale Context Aggregation by Dilated Convolutions, ICLR 2016, section 2
 */
export function effectiveKernelSize(kernel: number, dilation: number): number {
  return effectiveKernelOf('', {
    kernel: readAxisInteger('kernel', kernel, 1),
    dilation: readAxisInteger('dilation', dilation, 1),
  });
}

/** {@link effectiveKernelSize} without argument checks. */
export function effectiveKernel(kernel: number, dilation: number): number {
  return dilation * (kernel - 1) + 1;
}

/** The effective kernel size of a window at `place`, exact or an error. */
export function effectiveKernelOf(place: string, window: Pick<AxisWindow, 'kernel' | 'dilation'>): number {
  return requireExact(place, 'effective kernel size', effectiveKernel(window.kernel, window.dilation));
}
