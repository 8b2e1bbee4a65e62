/** Effective kernel size: the input elements one dilated kernel spans, k' = d·(k − 1) + 1. */

/** {@link effectiveKernelSize} without argument checks. */
export function effectiveKernel(kernel: number, dilation: number): number {
  return dilation * (kernel - 1) + 1;
}
