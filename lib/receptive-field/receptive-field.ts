/** Receptive fields of a stack of layers along one axis: l_j = l_(j−1) + (k'_j − 1)·J_(j−1), J_j = J_(j−1)·s_j, P_j = P_(j−1) + p_j·J_(j−1). */
import { readAxisInteger, requireExact } from '../geometry/axis.js';
import { type Fields, fieldsBehind, firstSeen, inputFields, largestField } from './fields.js';
import { layerBegin, layerOutputSize, readLayers, type WindowLayer } from './window-layer.js';

/** What the outputs of a layer see of the stack's input. */
export interface ReceptiveFieldStep {
  /** The layer's name. */
  readonly name?: string;
  /** Receptive field: input elements that the field of one output spans, the largest over all outputs. */
  readonly size: number;
  /** Effective stride (jump): input elements from one output to the next; a fraction such as 0.5 behind transposed layers. */
  readonly stride: number;
  /** Effective padding: output 0's field begins at input element −padding. */
  readonly padding: number;
  /** Centre of output 0's field, −padding + (size − 1)/2, element i lying at coordinate i. */
  readonly center: number;
  /** Inputs of this layer; present if the stack's input size was given. */
  readonly inputSize?: number;
  /** Outputs of this layer; present if the stack's input size was given. */
  readonly outputSize?: number;
}

/**
 * What each layer of a stack sees of the stack's input, along one axis. For convolutions and pools, with k' = dilation·(kernel − 1) + 1,
 *
 *     size    l_j = l_(j−1) + (k'_j − 1)·J_(j−1),  l_0 = 1
 *     stride  J_j = J_(j−1)·s_j,                   J_0 = 1
 *     padding P_j = P_(j−1) + begin_j·J_(j−1),     P_0 = 0
 *
 * and output u sees the input elements u·stride − padding … u·stride − padding + size − 1, those in padding included.
 *
 * Behind a transposed layer of stride s, J_j = J_(j−1)/s, and fields differ from output to output (they repeat every few outputs). There
 * `size` is the largest field, exactly: real taps are followed, so a kernel 4 of stride 2 adds 1 input, not 3/2; `padding` is exact for
 * output 0 (where that sees nothing, for the next one that does); `stride` is the mean step; `center` is that of a field of `size`. Where no
 * output sees anything, because strides pick out nothing but the zeros between a transposed layer's inputs, size is 0, padding and center NaN.
 *
 * @param layers the stack, the layer next to the input first
 * @param inputSize size of the stack's input, an integer from 0 to 2^31 − 1: gives the steps their sizes, and is needed where the begin of
 *   'same' padding depends on it (stride above 1, but for kernels of 1 and for even kernels at stride 2)
 * @returns one step a layer, in order; the last is the stack's
 * @throws TypeError with code ERR_ATROUS_ARGUMENT_TYPE: an argument of the wrong type, an unknown key, or `inputSize` missing though needed
 * @throws RangeError with code ERR_ATROUS_ARGUMENT_RANGE: a value out of its range, a kernel larger than its padded input, a result of 2^53
 *   or more, or transposed layers whose fields repeat only after more than 65,536 outputs
 * @example
 * // Three 3×3 layers with dilation 1, 2, 4 see 15 elements along each axis.
 * receptiveField([1, 2, 4].map((dilation) => ({ kernel: 3, dilation, padding: 'same' }))).at(-1);
 * // { size: 15, stride: 1, padding: 7, center: 0 }
 * @see A. Araujo, W. Norris, J. Sim, Computing Receptive Fields of Convolutional Neural Networks, Distill 2019, doi:10.23915/distill.00021
 */
export function receptiveField(layers: readonly WindowLayer[], inputSize?: number): ReceptiveFieldStep[] {
  let axisSize = inputSize === undefined ? undefined : readAxisInteger('inputSize', inputSize, 0);
  let fields: Fields = inputFields;
  return readLayers(layers).map((layer) => {
    const outputs = axisSize === undefined ? undefined : layerOutputSize(layer, axisSize);
    fields = fieldsBehind(layer, layerBegin(layer, axisSize), fields);
    const sizes = axisSize === undefined || outputs === undefined ? {} : { inputSize: axisSize, outputSize: outputs };
    axisSize = outputs;
    const size = requireExact(layer.place, 'receptive field', largestField(fields));
    // 0 − x, not −x, which would be −0 for a field that begins at 0.
    const padding = 0 - firstSeen(fields);
    const name = layer.name === undefined ? {} : { name: layer.name };
    return { ...name, size, stride: fields.shift / fields.period, padding, center: (size - 1) / 2 - padding, ...sizes };
  });
}
