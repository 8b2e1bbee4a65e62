/** Tap distances of a stack of convolutions and pools, in elements of its input: c_j = dilation_j·Π_(i<j) stride_i. */
import { requireExact } from '../geometry/axis.js';
import type { Layer } from './window-layer.js';

/** Of every layer with two taps or more: how many, and how far apart. */
export function tapSteps(layers: readonly Layer[]): { readonly step: number; readonly taps: number }[] {
  let jump = 1;
  return layers.flatMap(({ place, kernel, stride, dilation }) => {
    const step = requireExact(place, 'tap distance', dilation * jump);
    jump = requireExact(place, 'effective stride', jump * stride);
    return kernel === 1 ? [] : [{ step, taps: kernel }];
  });
}
