/** Gridding: outputs confined to a sub-lattice of their receptive field. */
import { readAxisInteger } from '../geometry/axis.js';
import { greatestCommonDivisor } from './greatest-common-divisor.js';
import { pathCountsOfPhases } from './path-counts.js';
import { tapSteps } from './tap-steps.js';
import { hasTransposed, layerBegins, readLayers, type WindowLayer } from './window-layer.js';

/**
 * The distance of the lattice that the elements seen by an output lie on, along one axis: the greatest common divisor of the steps
 * dilation_j·Π_(i<j) stride_i of all layers with two taps or more. 1: no gridding. g > 1: an output sees one element in g, and neighbouring
 * outputs of a stride that g does not divide see disjoint sets. A field of one element gives 1.
 *
 * Gridding is the extreme case of holes: [1, 9] of kernel 3 has holes and lattice distance 1 (see `hasHoles`).
 *
 * @param layers the stack, the layer next to the input first
 * @param inputSize needed in stacks with transposed layers where the begin of 'same' padding depends on it
 * @throws TypeError with code ERR_ATROUS_ARGUMENT_TYPE: an argument of the wrong type or an unknown key
 * @throws RangeError with code ERR_ATROUS_ARGUMENT_RANGE: a value out of its range, or a step of 2^53 or more
 * @example
 * griddingStep([2, 4, 8].map((dilation) => ({ kernel: 3, dilation }))); // 2
 * griddingStep([1, 2, 4].map((dilation) => ({ kernel: 3, dilation }))); // 1
 * @see F. Yu, V. Koltun, T. Funkhouser, Dilated Residual Networks, CVPR 2017, section 4
 */
export function griddingStep(layers: readonly WindowLayer[], inputSize?: number): number {
  const stack = readLayers(layers);
  const size = inputSize === undefined ? undefined : readAxisInteger('inputSize', inputSize, 0);
  const steps = hasTransposed(stack)
    ? pathCountsOfPhases(stack, layerBegins(stack, size)).flatMap(({ counts }) => seenOffsets(counts))
    : tapSteps(stack).map(({ step }) => step);
  return steps.reduce(greatestCommonDivisor, 0) || 1;
}

function seenOffsets(counts: Float64Array): number[] {
  return Array.from(counts.keys()).filter((offset) => counts[offset]! > 0);
}
