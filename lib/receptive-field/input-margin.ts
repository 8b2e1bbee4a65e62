/** The margin of a tile: the input elements around it that its outputs depend on. */
import { readAxisInteger, requireExact } from '../geometry/axis.js';
import { stackFields } from './fields.js';
import { type Layer, layerBegins, readLayers, type WindowLayer } from './window-layer.js';

export interface InputMargin {
  /** Elements in front of the tile; negative where its first elements are not needed. */
  readonly begin: number;
  /** Elements behind the tile; negative where its last elements are not needed. */
  readonly end: number;
}

/**
 * How many input elements around a tile its outputs depend on, along one axis: what to crop from a large image, or to pad an image by (reflected,
 * say), so that a stack run without padding of its own gives one output per `stride` elements of the tile, each exact.
 *
 *     m outputs depend on m·stride + begin + end input elements,  begin + end = size − stride
 *
 * Where the layers pad, output u belongs to the tile's elements u·stride …, so begin is the effective padding P. What the layers leave
 * unpadded, Σ (k'_j − s_j − begin_j − end_j)·J_(j−1) over layers padded by numbers, is split evenly, an odd unit at the end: Yu & Koltun's
 * front end (field 380, stride 8, no padding) needs 186 on either side.
 *
 * Behind transposed layers, whose fields repeat only every few outputs, the tile is a whole number of those periods.
 *
 * @param layers the stack, the layer next to the input first
 * @param inputSize needed where the begin of 'same' padding depends on it
 * @throws TypeError with code ERR_ATROUS_ARGUMENT_TYPE: an argument of the wrong type, an unknown key, or `inputSize` missing though needed
 * @throws RangeError with code ERR_ATROUS_ARGUMENT_RANGE: a value out of its range, or a result of 2^53 or more
 * @example
 * inputMargin([1, 2, 4].map((dilation) => ({ kernel: 3, dilation }))); // { begin: 7, end: 7 }
 * inputMargin([1, 2, 4].map((dilation) => ({ kernel: 2, dilation, padding: 'causal' }))); // { begin: 7, end: 0 }
 * @see F. Yu, V. Koltun, Multi-Scale Context Aggregation by Dilated Convolutions, ICLR 2016, section 4 (reflection padding of the input)
 */
export function inputMargin(layers: readonly WindowLayer[], inputSize?: number): InputMargin {
  const stack = readLayers(layers);
  const size = inputSize === undefined ? undefined : readAxisInteger('inputSize', inputSize, 0);
  const { shift, first, last } = stackFields(stack, layerBegins(stack, size));
  const seenBegin = first.reduce((least, element) => Math.min(least, element), Infinity);
  const seenEnd = last.reduce((most, element) => Math.max(most, element), -Infinity) + 1;
  // No output sees anything.
  if (seenEnd < seenBegin) return { begin: 0, end: 0 };
  const moved = Math.floor(Math.max(0, unpadded(stack)) / 2);
  return { begin: moved - seenBegin, end: seenEnd - shift - moved };
}

/** Input elements by which a stack without transposed layers shrinks its input, beyond its strides; an upsampling stack's convolutions count by their jumps. */
function unpadded(layers: readonly Layer[]): number {
  // Jumps are multiples of 1 / scale, so that sums of fractions stay exact.
  const scale = layers.reduce(
    (product, { place, stride, transposed }) => requireExact(place, 'jump scale', transposed ? product * stride : product),
    1,
  );
  let jump = scale;
  let sum = 0;
  for (const { place, stride, padding, effectiveKernel, transposed } of layers) {
    if (transposed) {
      jump /= stride;
      continue;
    }
    if (typeof padding !== 'string') sum += (effectiveKernel - stride - padding[0] - padding[1]) * jump;
    else if (padding === 'valid') sum += (effectiveKernel - stride) * jump;
    requireExact(place, 'margin', sum);
    jump = requireExact(place, 'effective stride', jump * stride);
  }
  return sum / scale;
}
