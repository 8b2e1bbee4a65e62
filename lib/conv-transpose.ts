/**
 * Transposed convolution (also called deconvolution or fractionally strided convolution): the adjoint of a convolution with the same weight,
 * stride, dilation and padding. Every input element is spread over the outputs that the convolution would have computed it from:
 *
 *   y[n, k, u] = activation(bias[k] + Σ over the input channels c of k's group, and all j and t with j·stride + t·dilation − begin = u,
 *                of w[c, k, t] · x[n, c, j])
 *
 * with u, j, t, stride, dilation and begin per spatial axis. Layouts: {@link Layout}.
 */
import type { ConvPlan, TransposedShape } from './backend/backend.js';
import { biasOnlyPlan } from './backend/bias-only.js';
import { selectBackend } from './backend/select.js';
import { readTransposedOptions } from './conv-options.js';
import { requireParameterLengths, type Resolved, spatialAxes } from './conv-shape.js';
import { Layer, type ConvRunAsyncOptions } from './layer.js';
import { copyOf } from './tensor.js';
import { defineTransposed, resolveTransposed } from './transposed-shape.js';
import type { ConvPlanInfo, ConvTransposeOptions, FloatTensor } from './types.js';
import { readFloatTensor } from './validate.js';

/**
 * Transposed convolution, once, over 1, 2 or 3 spatial axes as the weight's dims say. For many inputs with one weight make a
 * {@link ConvTranspose}, which packs it once.
 *
 *   y[n, k, u] = activation(bias[k] + Σ w[c, k, t] · x[n, c, j] over all j, t with j·stride + t·dilation − begin = u)
 *
 * Output size per axis: (input − 1)·stride + dilation·(kernel − 1) + 1 − begin − end + outputPadding elements
 * ({@link transposedOutputSize}); `padding` is what is cut from the ends. Outputs that no input reaches are activation(bias). No zeros are
 * inserted or multiplied: a NaN or infinity reaches the outputs that its products belong to and no others. Sums are float32 with
 * |error| ≤ (K + 2)·2⁻²⁴·Σ|w·x| + K·2⁻¹⁴⁹ over K terms for direct algorithms; the same bits for any number of threads, place in the batch
 * and alignment.
 *
 * @param input [batch, inChannels, …spatial], or [batch, …spatial, inChannels] with layout 'channelsLast'.
 * @param weight [inChannels, outChannels / groups, …kernel], or […kernel, outChannels / groups, inChannels].
 * @param options See {@link ConvTransposeOptions}. Own properties only, each read once; an unknown one is an error.
 * @returns [batch, outChannels, …spatial], or [batch, …spatial, outChannels].
 * @throws {TypeError} ERR_ATROUS_ARGUMENT_TYPE for the wrong kind of thing, a detached buffer, or an unknown option.
 * @throws {RangeError} ERR_ATROUS_ARGUMENT_RANGE for a wrong value, size or length, or where padding cuts the whole output;
 *   ERR_ATROUS_OUT_OF_MEMORY; ERR_ATROUS_ENVIRONMENT.
 * @throws {Error} ERR_ATROUS_NATIVE_UNAVAILABLE where the native backend is demanded and missing.
 * @see Operator ConvTranspose of ONNX; torch.nn.ConvTranspose2d; V. Dumoulin, F. Visin, "A guide to convolution arithmetic for deep
 *   learning" (arXiv:1603.07285), chapter 4.
 * @example
 * const x = tensor(new Float32Array(21 * 64 * 64).fill(1), [1, 21, 64, 64]);
 * const w = tensor(new Float32Array(21 * 16 * 16).fill(1 / 64), [21, 1, 16, 16]);
 * const y = convTranspose(x, w, { stride: 8, padding: 4, groups: 21 }); // y.dims: [1, 21, 512, 512]
 */
export function convTranspose(input: FloatTensor, weight: FloatTensor, options?: ConvTransposeOptions): FloatTensor {
  return transposedLayer(weight, options, 'convTranspose', true).run(input);
}

/**
 * A transposed convolution with its weight, bias and options: computes what {@link convTranspose} does, and packs the weight once.
 *
 * Weight and bias are copied: changing, transferring or overwriting the caller's arrays afterwards changes nothing here. How to compute is
 * planned once per input size; the eight sizes used last stay planned and share packed weights where they can.
 *
 * @example
 * const layer = new ConvTranspose(tensor(new Float32Array(8 * 4 * 16), [8, 4, 4, 4]), { stride: 2, padding: 1, activation: 'relu' });
 * const y = layer.run(tensor(new Float32Array(8 * 256), [1, 8, 16, 16])); // y.dims: [1, 4, 32, 32]
 */
export class ConvTranspose {
  /** A symbol can't be cloned: structuredClone and postMessage throw a DataCloneError instead of giving an empty object. @internal */
  readonly notCloneable = Symbol('ConvTranspose');

  readonly #layer: Layer<TransposedShape>;

  /**
   * @param weight [inChannels, outChannels / groups, …kernel], or […kernel, outChannels / groups, inChannels] with layout 'channelsLast'.
   * @param options See {@link ConvTransposeOptions}.
   * @throws As {@link convTranspose}, for the weight and the options.
   */
  constructor(weight: FloatTensor, options?: ConvTransposeOptions) {
    this.#layer = transposedLayer(weight, options, 'ConvTranspose', false);
  }

  /**
   * Computes the output of one input.
   *
   * @param input [batch, inChannels, …spatial], or [batch, …spatial, inChannels]; any batch and size.
   * @param out Where the result goes: a Float32Array of its length, or a tensor of its dims. It may not overlap the input's bytes; it may be
   *   the memory the weight came from. With it, a repeated input size allocates nothing.
   * @returns `out` itself where that is a tensor, else a tensor of `out` or of a new array.
   * @throws As {@link convTranspose}, for the input and `out`.
   */
  run(input: FloatTensor, out?: FloatTensor | Float32Array): FloatTensor {
    return this.#layer.run(input, out);
  }

  /**
   * {@link run} off the calling thread (the pure-TypeScript backend computes on it, in a later turn of the event loop).
   *
   * The input is copied before this returns, so it may be changed or transferred at once; one in a SharedArrayBuffer is read in place and
   * must stay as it is until the promise settles.
   *
   * @returns A promise of the output. Misuse rejects it with what {@link run} would throw.
   * @throws {Error} AbortError with code ABORT_ERR, by rejection, when `signal` is or becomes aborted.
   * @example
   * const y = await layer.runAsync(x, { signal: AbortSignal.timeout(1000) });
   */
  async runAsync(input: FloatTensor, options?: ConvRunAsyncOptions): Promise<FloatTensor> {
    return await this.#layer.runAsync(input, options);
  }

  /**
   * Sizes of the output for an input of the given sizes. Computes and allocates nothing else.
   *
   * @throws As {@link convTranspose}, for sizes.
   * @example
   * layer.outputDims([1, 8, 640, 480]); // [1, 4, 1280, 960]
   */
  outputDims(inputDims: readonly number[]): number[] {
    return this.#layer.outputDims(inputDims);
  }

  /**
   * How an input of the given sizes is computed. Plans it, so that a first {@link run} of that size is as fast as the next.
   *
   * @throws As {@link convTranspose}, for sizes.
   * @example
   * const { algorithm, isa, workspaceBytes } = layer.plan([1, 8, 640, 480]);
   */
  plan(inputDims: readonly number[]): ConvPlanInfo {
    return this.#layer.plan(inputDims);
  }
}

/** `once`: it will run a single time, so that what a plan costs to make counts in the choice of the algorithm. */
function transposedLayer(weight: unknown, options: unknown, caller: string, once: boolean): Layer<TransposedShape> {
  const argument = readFloatTensor('weight', weight);
  const { bias, settings } = readTransposedOptions(options, spatialAxes(argument.dims, caller, undefined));
  const definition = defineTransposed(argument.dims, settings);
  requireParameterLengths(definition.outChannels, argument, bias);
  const backend = selectBackend(settings.backend);
  const execution = { ...settings.execution, once };
  const ownWeight = copyOf(argument.data);
  const ownBias = bias && copyOf(bias.data);
  // A backend never meets an input that is empty.
  const plan = ({ shape, inputLength }: Resolved<TransposedShape>, sibling: ConvPlan | undefined) =>
    inputLength === 0 ? biasOnlyPlan(shape, ownBias, backend.isa) : backend.planTransposed(shape, ownWeight, ownBias, execution, sibling);
  return new Layer({
    axes: definition.kernel.length,
    resolve: (name, inputDims) => resolveTransposed(definition, name, inputDims),
    plan,
  });
}
