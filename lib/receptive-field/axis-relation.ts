/**
 * How the outputs of a layer read its inputs along one axis, for every kind of layer.
 *
 * - `window`: a convolution or pool reads o·stride − begin + t·dilation, t < kernel; a transposed one reads every x with
 *   x·stride − begin + t·dilation = o. With kernel 1 it is a slice (begin negative), a pad or a part of a concatenation.
 * - `resample`: o reads what lies around the coordinate (o·numerator + offset) / denominator, both neighbours if it is fractional, or the
 *   one that `nearest` says; coordinates behind the ends read the end.
 * - `blocks`: each run of `outputs` outputs reads one run of `inputs` inputs (channel groups).
 * - `all`: every output reads every input.
 */
import type { PaddingMode } from '../types.js';

export type AxisRelation = WindowRelation | ResampleRelation | BlocksRelation | { readonly kind: 'all' };

export interface WindowRelation {
  readonly kind: 'window';
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  /** Elements in front of the axis; negative where its first elements are skipped. */
  readonly begin: number;
  readonly transposed: boolean;
  /** What stands there: nothing, or elements of the axis. */
  readonly paddingMode: PaddingMode;
}

/** Which neighbour of a fractional coordinate is nearest: ONNX's `nearest_mode` in our words. */
export type NearestRounding = 'floor' | 'ceil' | 'roundPreferFloor' | 'roundPreferCeil';

export interface ResampleRelation {
  readonly kind: 'resample';
  readonly numerator: number;
  readonly offset: number;
  readonly denominator: number;
  /** Undefined: both neighbours (linear interpolation). */
  readonly nearest: NearestRounding | undefined;
}

export interface BlocksRelation {
  readonly kind: 'blocks';
  readonly inputs: number;
  readonly outputs: number;
}

/** Output o reads input o + offset, where there is one. */
export function shifted(offset: number, step = 1): WindowRelation {
  return { kind: 'window', kernel: 1, stride: step, dilation: 1, begin: 0 - offset, transposed: false, paddingMode: 'zeros' };
}

/** Output o reads input o. */
export const sameElement: WindowRelation = shifted(0);

/** Nothing is read: an input that lends its size only. */
export const noElement: BlocksRelation = { kind: 'blocks', inputs: 0, outputs: 1 };

/** The inputs `low` and `high` that output `output` reads on an axis without ends; `fraction` is the part of `high`, 0 where both are one. */
export function resampledInputs(
  { numerator, offset, denominator, nearest }: ResampleRelation,
  output: number,
): { readonly low: number; readonly high: number; readonly fraction: number } {
  const position = output * numerator + offset;
  if (nearest !== undefined) {
    const element = nearestElement(position, denominator, nearest);
    return { low: element, high: element, fraction: 0 };
  }
  const low = Math.floor(position / denominator);
  const remainder = position - low * denominator;
  return { low, high: remainder === 0 ? low : low + 1, fraction: remainder / denominator };
}

function nearestElement(position: number, denominator: number, nearest: NearestRounding): number {
  switch (nearest) {
    case 'floor':
      return Math.floor(position / denominator);
    case 'ceil':
      return Math.ceil(position / denominator);
    case 'roundPreferFloor':
      return Math.ceil((2 * position - denominator) / (2 * denominator));
    case 'roundPreferCeil':
      return Math.floor((2 * position + denominator) / (2 * denominator));
  }
}
