/**
 * Convolution with stride, dilation, padding and groups, as deep learning means it (a cross-correlation: the kernel is not mirrored):
 *
 *   y[n, k, o] = activation(bias[k] + Σ over taps t and the input channels c of k's group of w[k, c, t] · x[n, c, o·stride − begin + t·dilation])
 *
 * with o, t, stride, dilation and begin per spatial axis. Layouts: {@link Layout}.
 */
import type { ConvShape } from './backend/backend.js';
import { selectBackend } from './backend/select.js';
import { readConvOptions } from './conv-options.js';
import { planConv, readConvProblem } from './conv-problem.js';
import { defineConv, requireParameterLengths, resolveConv, spatialAxes } from './conv-shape.js';
import { Layer, type ConvRunAsyncOptions } from './layer.js';
import { copyOf, zeros } from './tensor.js';
import type { ConvOptions, ConvPlanInfo, FloatTensor } from './types.js';
import { readFloatTensor } from './validate.js';

/**
 * Convolves once, over 1, 2 or 3 spatial axes as the weight's dims say. For many inputs with one weight make a {@link Conv}, which packs it once,
 * and which may take another algorithm within `tolerance`: one whose weights take long to transform does not pay for a single run.
 *
 *   y[n, k, o] = activation(bias[k] + Σ w[k, c, t] · x[n, c, o·stride − begin + t·dilation])
 *
 * Output size per axis: ⌊(input + begin + end − dilation·(kernel − 1) − 1) / stride⌋ + 1 elements. Zero padding is skipped, not multiplied:
 * a NaN or infinity in a weight doesn't spread through it. Sums are float32 with |error| ≤ (K + 2)·2⁻²⁴·Σ|w·x| + K·2⁻¹⁴⁹ over K terms for
 * direct algorithms; NaN and infinities follow IEEE 754, and `'relu'` keeps NaN. An empty batch or axis gives an empty result where the
 * formula says 0, and one of `activation(bias)` where only padding is left.
 *
 * @param input [batch, channels, …spatial], or [batch, …spatial, channels] with layout 'channelsLast'.
 * @param weight [outChannels, channels / groups, …kernel], or […kernel, channels / groups, outChannels].
 * @param options See {@link ConvOptions}. Own properties only, each read once; an unknown one is an error.
 * @returns [batch, outChannels, …spatial], or [batch, …spatial, outChannels].
 * @throws {TypeError} ERR_ATROUS_ARGUMENT_TYPE for the wrong kind of thing, a detached buffer, or an unknown option.
 * @throws {RangeError} ERR_ATROUS_ARGUMENT_RANGE for a wrong value, size or length; ERR_ATROUS_OUT_OF_MEMORY; ERR_ATROUS_ENVIRONMENT.
 * @throws {Error} ERR_ATROUS_NATIVE_UNAVAILABLE where the native backend is demanded and missing.
 * @see Operator Conv of ONNX; Yu and Koltun 2016, "Multi-scale context aggregation by dilated convolutions" (arXiv:1511.07122).
 * @example
 * const x = tensor(new Float32Array(64 * 33 * 33).fill(1), [1, 64, 33, 33]);
 * const w = tensor(new Float32Array(32 * 64 * 3 * 3).fill(0.01), [32, 64, 3, 3]);
 * const y = conv(x, w, { dilation: 6, padding: 'same' }); // y.dims: [1, 32, 33, 33]
 */
export function conv(input: FloatTensor, weight: FloatTensor, options?: ConvOptions): FloatTensor {
  return convolve(input, weight, options, 'conv', undefined);
}

/**
 * {@link conv} over one spatial axis: signals [batch, channels, length] and weights [outChannels, channels / groups, kernel], or
 * [batch, length, channels] and [kernel, channels / groups, outChannels] with layout 'channelsLast'.
 *
 * @throws As {@link conv}, and RangeError ERR_ATROUS_ARGUMENT_RANGE for dims of another rank than 3.
 * @example
 * // A causal filter: y[t] = x[t − 4] + x[t], two taps four samples apart.
 * const y = conv1d(tensor(new Float32Array(16000), [1, 1, 16000]), tensor(Float32Array.of(1, 1), [1, 1, 2]), { dilation: 4, padding: 'causal' });
 */
export function conv1d(input: FloatTensor, weight: FloatTensor, options?: ConvOptions): FloatTensor {
  return convolve(input, weight, options, 'conv1d', 1);
}

/**
 * {@link conv} over two spatial axes: images [batch, channels, height, width] and weights [outChannels, channels / groups, height, width],
 * or [batch, height, width, channels] and [height, width, channels / groups, outChannels] with layout 'channelsLast'.
 *
 * @throws As {@link conv}, and RangeError ERR_ATROUS_ARGUMENT_RANGE for dims of another rank than 4.
 * @example
 * // Depthwise: one 3×3 kernel per channel.
 * const y = conv2d(tensor(new Float32Array(8 * 64), [1, 8, 8, 8]), tensor(new Float32Array(8 * 9), [8, 1, 3, 3]), { groups: 8, padding: 'same' });
 */
export function conv2d(input: FloatTensor, weight: FloatTensor, options?: ConvOptions): FloatTensor {
  return convolve(input, weight, options, 'conv2d', 2);
}

/**
 * {@link conv} over three spatial axes: volumes [batch, channels, depth, height, width] and weights
 * [outChannels, channels / groups, depth, height, width], or [batch, depth, height, width, channels] and
 * [depth, height, width, channels / groups, outChannels] with layout 'channelsLast'.
 *
 * @throws As {@link conv}, and RangeError ERR_ATROUS_ARGUMENT_RANGE for dims of another rank than 5.
 * @example
 * const y = conv3d(tensor(new Float32Array(4096), [1, 1, 16, 16, 16]), tensor(new Float32Array(27), [1, 1, 3, 3, 3]), { dilation: 2 });
 */
export function conv3d(input: FloatTensor, weight: FloatTensor, options?: ConvOptions): FloatTensor {
  return convolve(input, weight, options, 'conv3d', 3);
}

/** The plan is used once, so that what it costs to make counts in the choice of the algorithm, and copies what it keeps of the weight: no snapshot is needed, as {@link Conv} makes one. */
function convolve(input: unknown, weight: unknown, options: unknown, caller: string, requiredAxes: number | undefined): FloatTensor {
  const problem = readConvProblem(input, weight, options, caller, requiredAxes);
  const backend = selectBackend(problem.backend);
  const output = zeros(problem.resolved.outputDims, problem.resolved.outputLength);
  const { resolved, weight: kernel, bias } = problem;
  const execution = { ...problem.execution, once: true };
  if (backend.convolve && resolved.inputLength > 0) {
    backend.convolve(resolved.shape, kernel, bias, execution, problem.input, output.data);
  } else {
    planConv(backend, resolved, kernel, bias, execution).run(problem.input, output.data);
  }
  return output;
}

/**
 * A convolution with its weight, bias and options: computes what {@link conv} does, and packs the weight once.
 *
 * Weight and bias are copied: changing, transferring or overwriting the caller's arrays afterwards changes nothing here. How to compute is
 * planned once per input size; the eight sizes used last stay planned and share packed weights where they can.
 *
 * @example
 * const layer = new Conv(tensor(new Float32Array(8 * 8 * 9), [8, 8, 3, 3]), { dilation: 2, padding: 'same', activation: 'relu' });
 * const y = layer.run(tensor(new Float32Array(8 * 256), [1, 8, 16, 16])); // y.dims: [1, 8, 16, 16]
 */
export class Conv {
  /** A symbol can't be cloned: structuredClone and postMessage throw a DataCloneError instead of giving an empty object. @internal */
  readonly notCloneable = Symbol('Conv');

  readonly #layer: Layer<ConvShape>;

  /**
   * @param weight [outChannels, channels / groups, …kernel], or […kernel, channels / groups, outChannels] with layout 'channelsLast'.
   * @param options See {@link ConvOptions}.
   * @throws As {@link conv}, for the weight and the options.
   */
  constructor(weight: FloatTensor, options?: ConvOptions) {
    const argument = readFloatTensor('weight', weight);
    const { bias, settings } = readConvOptions(options, spatialAxes(argument.dims, 'Conv', undefined));
    const definition = defineConv(argument.dims, settings);
    requireParameterLengths(definition.outChannels, argument, bias);
    const backend = selectBackend(settings.backend);
    const ownWeight = copyOf(argument.data);
    const ownBias = bias && copyOf(bias.data);
    this.#layer = new Layer({
      axes: definition.kernel.length,
      resolve: (name, inputDims) => resolveConv(definition, name, inputDims),
      plan: (resolved, sibling) => planConv(backend, resolved, ownWeight, ownBias, settings.execution, sibling),
    });
  }

  /**
   * Convolves one input.
   *
   * @param input [batch, channels, …spatial], or [batch, …spatial, channels]; any batch and size.
   * @param out Where the result goes: a Float32Array of its length, or a tensor of its dims. It may not overlap the input's bytes; it may be
   *   the memory the weight came from. With it, a repeated input size allocates nothing.
   * @returns `out` itself where that is a tensor, else a tensor of `out` or of a new array.
   * @throws As {@link conv}, for the input and `out`.
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
   * @param options See {@link ConvRunAsyncOptions}: `signal`, and `out` in shared memory.
   * @returns A promise of the output, as {@link run} returns it. Misuse rejects it with what {@link run} would throw.
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
   * @throws As {@link conv}, for sizes.
   * @example
   * layer.outputDims([1, 8, 640, 480]); // [1, 8, 640, 480]
   */
  outputDims(inputDims: readonly number[]): number[] {
    return this.#layer.outputDims(inputDims);
  }

  /**
   * How an input of the given sizes is computed. Plans it, so that a first {@link run} of that size is as fast as the next.
   *
   * @throws As {@link conv}, for sizes.
   * @example
   * const { algorithm, isa, workspaceBytes } = layer.plan([1, 8, 640, 480]);
   */
  plan(inputDims: readonly number[]): ConvPlanInfo {
    return this.#layer.plan(inputDims);
  }
}
