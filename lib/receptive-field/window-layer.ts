/** One layer of a stack along one axis: what is needed of it for its receptive field and its sizes. */
import { rangeError, typeError } from '../errors.js';
import { type AxisWindow, partOf, readRounding, readWindow, type Rounding } from '../geometry/axis.js';
import { effectiveKernelOf } from '../geometry/effective-kernel-size.js';
import { outputSizeOf } from '../geometry/output-size.js';
import { padAxis, type WindowOptions } from '../geometry/padding.js';
import { padTransposedAxis, readOutputPadding, transposedOutputSizeOf } from '../geometry/transposed-output-size.js';
import { readOptions } from '../validate.js';

/** A convolution, pool or transposed convolution, along one axis. */
export interface WindowLayer extends WindowOptions {
  /** `'ceil'`: a last window may hang over the end (a pool's ceil mode). Default `'floor'`. */
  readonly rounding?: Rounding | undefined;
  /** Of a transposed layer: outputs added at the end, an integer ≥ 0 below max(stride, dilation). Default 0. */
  readonly outputPadding?: number | undefined;
  /** Whether this is a transposed convolution: `stride` outputs an input, `padding` cut from the output. Default false. */
  readonly transposed?: boolean | undefined;
  /** Comes back in the layer's step. */
  readonly name?: string | undefined;
}

/** A {@link WindowLayer} whose values have been checked, defaults filled in. */
export interface Layer extends AxisWindow {
  /** How errors call it: `layers[2]`. */
  readonly place: string;
  readonly name: string | undefined;
  readonly rounding: Rounding;
  readonly transposed: boolean;
  readonly outputPadding: number;
  readonly effectiveKernel: number;
}

const layerKeys = ['kernel', 'stride', 'dilation', 'padding', 'rounding', 'outputPadding', 'transposed', 'name'] as const;

/** Checks the layers of a stack. */
export function readLayers(layers: unknown): Layer[] {
  if (!Array.isArray(layers)) throw typeError('layers', 'an array of layers', layers);
  return Array.from({ length: layers.length }, (_, index) => {
    const layer: unknown = Object.hasOwn(layers, index) ? layers[index] : undefined;
    return readLayer(`layers[${index}]`, layer);
  });
}

function readLayer(place: string, layer: unknown): Layer {
  if (layer === undefined) throw typeError(place, 'an object with a kernel', layer);
  const values = readOptions(place, layer, layerKeys);
  const { rounding = 'floor', outputPadding = 0, transposed = false, name } = values;
  const window = readWindow(place, values);
  if (typeof transposed !== 'boolean') throw typeError(partOf(place, 'transposed'), 'a boolean', transposed);
  if (name !== undefined && typeof name !== 'string') throw typeError(partOf(place, 'name'), 'a string', name);
  const checked = {
    ...window,
    place,
    name,
    transposed,
    rounding: readRounding(partOf(place, 'rounding'), rounding),
    outputPadding: readOutputPadding(place, outputPadding, window),
    effectiveKernel: effectiveKernelOf(place, window),
  };
  if (!transposed && checked.outputPadding > 0) {
    throw rangeError(partOf(place, 'outputPadding'), '0 in a layer that is not transposed', checked.outputPadding);
  }
  if (transposed && checked.rounding === 'ceil') throw rangeError(partOf(place, 'rounding'), "'floor' in a transposed layer", 'ceil');
  return checked;
}

/** Output size of a layer for one input size, or an error that names the layer. */
export function layerOutputSize(layer: Layer, inputSize: number): number {
  return layer.transposed
    ? transposedOutputSizeOf(layer.place, inputSize, layer, layer.outputPadding)
    : outputSizeOf(layer.place, inputSize, layer, layer.rounding);
}

/**
 * Begin padding of a window that is not transposed; undefined where that depends on an input size that isn't given.
 *
 * 'same' pads by max(0, k' − m) in all, where m = 1 … stride is what the input is longer than a multiple of the stride. The begin is the same
 * for every input size if it is so for the extremes m = 1 and m = stride: at stride 1, for a kernel of 1, for an even kernel at stride 2.
 */
export function windowBegin({ kernel, stride, dilation, padding }: AxisWindow, inputSize: number | undefined): number | undefined {
  const [begin] = padAxis(inputSize ?? 1, kernel, stride, dilation, padding);
  return inputSize !== undefined || begin === padAxis(stride, kernel, stride, dilation, padding)[0] ? begin : undefined;
}

/** Begin padding of a layer. Without an input size, a padding by name whose begin depends on it is an error. */
export function layerBegin(layer: Layer, inputSize: number | undefined): number {
  const { kernel, stride, dilation, padding } = layer;
  if (layer.transposed) return padTransposedAxis(kernel, stride, dilation, padding, layer.outputPadding)[0];
  const begin = windowBegin(layer, inputSize);
  if (begin !== undefined) return begin;
  const reason = `because '${String(padding)}' padding with stride ${stride} (${layer.place}) depends on it`;
  throw typeError('inputSize', `given, ${reason}`, inputSize);
}

/** Begin padding of every layer, for a stack whose input has `inputSize` elements, or any number where that does not matter. */
export function layerBegins(layers: readonly Layer[], inputSize: number | undefined): number[] {
  let size = inputSize;
  return layers.map((layer) => {
    const begin = layerBegin(layer, size);
    size = size === undefined ? undefined : layerOutputSize(layer, size);
    return begin;
  });
}

export function hasTransposed(layers: readonly Layer[]): boolean {
  return layers.some(({ transposed }) => transposed);
}
