/** Spatial axes of a layer's tensors: how many, and always three of them for loops, the missing leading ones of size 1. */
import { readConvOptions } from '../../conv-options.js';
import { rangeError } from '../../errors.js';
import { type Dims } from '../layer.js';

export type Triple<Value> = readonly [depth: Value, height: Value, width: Value];

export function requireSpatialAxes(axes: number): number {
  if (axes >= 1 && axes <= 3) return axes;
  throw rangeError('the input', 'of rank 3, 4 or 5: [batch, channels] and 1, 2 or 3 spatial axes', `rank ${axes + 2}`);
}

/** The input has the axes that the layer was built for. */
export function requireRank(dims: Dims, axes: number): void {
  if (dims.length !== axes + 2) throw rangeError('the dims of the input', `of rank ${axes + 2}`, dims);
}

/** `fill` stands for the axes that are not there. */
export function spatialTriple<Value>(values: readonly Value[], fill: Value): Triple<Value> {
  return [values.at(-3) ?? fill, values.at(-2) ?? fill, values.at(-1) ?? fill];
}

/** n, [n per axis] or [[begin, end] per axis] of a pad or crop: always the latter. */
export function readMargins(name: string, value: unknown, axes: number): readonly (readonly [number, number])[] {
  const { padding } = readConvOptions({ padding: value }, axes).settings;
  if (typeof padding === 'string') throw rangeError(name, 'an integer ≥ 0, [n per axis] or [[begin, end] per axis]', padding);
  return padding;
}
