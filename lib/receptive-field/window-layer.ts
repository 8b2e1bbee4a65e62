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
 * [begin, end] of a layer's padding. Without an input size, a padding by name that depends on it is an error.
 *
 * 'same' pads by max(0, k' − m) in all, m = 1 … stride being what the input is more than the next lower multiple of the stride. The begin is
 * the same for every input size if it is so for the extremes m = 1 and m = stride: at stride 1, or for a kernel of 1, or (at the begin
 * only) in the familiar pool of kernel 2 and stride 2.
 */
export function layerPadding(layer: Layer, inputSize: number | undefined): { readonly begin: number; readonly end: number | undefined } {
  const { kernel, stride, dilation, padding } = layer;
  if (layer.transposed) {
    const [begin, end] = padTransposedAxis(kernel, stride, dilation, padding, layer.outputPadding);
    return { begin, end };
  }
  const [begin, end] = padAxis(inputSize ?? 1, kernel, stride, dilation, padding);
  if (inputSize !== undefined || (padding !== 'same' && padding !== 'sameLower')) return { begin, end };
  const [otherBegin, otherEnd] = padAxis(stride, kernel, stride, dilation, padding);
  if (begin !== otherBegin) {
    const reason = `because '${padding}' padding with stride ${stride} (${layer.place}) depends on it`;
    throw typeError('inputSize', `given, ${reason}`, inputSize);
  }
  return { begin, end: end === otherEnd ? end : undefined };
}
