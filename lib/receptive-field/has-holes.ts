/** The exact test for holes in a receptive field. */
import { readAxisInteger } from '../geometry/axis.js';
import { pathCountsOfPhases } from './path-counts.js';
import { tapSteps } from './tap-steps.js';
import { hasTransposed, type Layer, layerBegins, readLayers, type WindowLayer } from './window-layer.js';

/**
 * Whether some output of a stack misses an element inside its receptive field, along one axis: the gridding artefact's cause. Exact.
 *
 * A path takes tap t_j of every layer and ends at offset Σ t_j·c_j with c_j = dilation_j·Π_(i<j) stride_i. Sorted by c_j, the layers so far reach
 * every offset below a width w (1 at first); the next layer leaves no hole if and only if its step c_j ≤ w, and then w grows by (kernel_j − 1)·c_j.
 * The order of the layers does not matter. In stacks with transposed layers the paths of every phase are counted instead.
 *
 * @param layers the stack, the layer next to the input first
 * @param inputSize needed in stacks with transposed layers where the begin of 'same' padding depends on it
 * @throws TypeError with code ERR_ATROUS_ARGUMENT_TYPE: an argument of the wrong type or an unknown key
 * @throws RangeError with code ERR_ATROUS_ARGUMENT_RANGE: a value out of its range, or a step of 2^53 or more
 * @example
 * hasHoles([1, 2, 4].map((dilation) => ({ kernel: 3, dilation }))); // false
 * hasHoles([2, 2, 2].map((dilation) => ({ kernel: 3, dilation }))); // true
 */
export function hasHoles(layers: readonly WindowLayer[], inputSize?: number): boolean {
  const stack = readLayers(layers);
  const size = inputSize === undefined ? undefined : readAxisInteger('inputSize', inputSize, 0);
  if (!hasTransposed(stack)) return stepsLeaveHoles(stack);
  return pathCountsOfPhases(stack, layerBegins(stack, size)).some(({ counts }) => counts.includes(0));
}

function stepsLeaveHoles(layers: readonly Layer[]): boolean {
  const steps = tapSteps(layers).sort((a, b) => a.step - b.step);
  let width = 1;
  for (const { step, taps } of steps) {
    if (step > width) return true;
    width += (taps - 1) * step;
  }
  return false;
}
