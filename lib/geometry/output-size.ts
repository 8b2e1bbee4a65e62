/** Output size of a window that slides along one axis: ⌊(n + begin + end − k') / s⌋ + 1. */
import { effectiveKernel } from './effective-kernel-size.js';

/**
 * Output size of a convolution on one axis, without argument checks: ⌊(input + begin + end − k') / stride⌋ + 1,
 * or −1 where the kernel is larger than the padded input, which every caller reports as an error.
 *
 * An empty input (0) gives 0 where the formula says 0, that is where the window fits into the padding after at most one stride.
 */
export function convOutputSize(input: number, kernel: number, stride: number, dilation: number, begin: number, end: number): number {
  const room = input + begin + end - effectiveKernel(kernel, dilation);
  if (room >= 0) return Math.floor(room / stride) + 1;
  return input === 0 && room >= -stride ? 0 : -1;
}
