/**
 * Convolution with stride, dilation, padding and groups, as deep learning means it (a cross-correlation: the kernel is not mirrored):
 *
 *   y[n, k, o] = activation(bias[k] + Σ over taps t and the input channels c of k's group of w[k, c, t] · x[n, c, o·stride − begin + t·dilation])
 *
 * with o, t, stride, dilation and begin per spatial axis. Layouts: {@link Layout}.
 */
import type { Backend, ConvPlan } from './backend/backend.js';
import { selectBackend } from './backend/select.js';
import { readConvOptions } from './conv-options.js';
import { planConv, readConvProblem } from './conv-problem.js';
import {
  type ConvDefinition,
  defineConv,
  type ResolvedConv,
  requireInputRank,
  requireParameterLengths,
  resolveConv,
  spatialAxes,
} from './conv-shape.js';
import { abortError, overlapError, rangeError, typeError } from './errors.js';
import { copyOf, zeros } from './tensor.js';
import { isFloat32Array, lengthOf, overlap, plainView } from './typed-array.js';
import type { ConvOptions, ConvPlanInfo, FloatTensor } from './types.js';
import { elementCount, isSizes, readFloatTensor, readOptions, readSizes, readTensorData, requireArrayLength } from './validate.js';

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
  planConv(backend, problem.resolved, problem.weight, problem.bias, { ...problem.execution, once: true }).run(problem.input, output.data);
  return output;
}

/** A network at a few image sizes stays planned; a stream of ever new sizes keeps no more than this. */
const mostSizes = 8;

/** One input size of a Conv; the plan is made when it first computes. */
interface PreparedSize {
  readonly resolved: ResolvedConv;
  plan: ConvPlan | undefined;
}

/** Options of {@link Conv.runAsync}. */
export interface RunAsyncOptions {
  /** Aborting it rejects the promise with an AbortError (code ABORT_ERR), whose cause is the signal's reason. */
  readonly signal?: AbortSignal | undefined;
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

  readonly #definition: ConvDefinition;
  readonly #weight: Float32Array;
  readonly #bias: Float32Array | null;
  readonly #backend: Backend;
  /** Most recently used first. */
  readonly #sizes: PreparedSize[] = [];

  /**
   * @param weight [outChannels, channels / groups, …kernel], or […kernel, channels / groups, outChannels] with layout 'channelsLast'.
   * @param options See {@link ConvOptions}.
   * @throws As {@link conv}, for the weight and the options.
   */
  constructor(weight: FloatTensor, options?: ConvOptions) {
    const argument = readFloatTensor('weight', weight);
    const { bias, settings } = readConvOptions(options, spatialAxes(argument.dims, 'Conv', undefined));
    this.#definition = defineConv(argument.dims, settings);
    requireParameterLengths(this.#definition.outChannels, argument, bias);
    this.#backend = selectBackend(settings.backend);
    this.#weight = copyOf(argument.data);
    this.#bias = bias && copyOf(bias.data);
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
    const data = readTensorData('input', input);
    const length = lengthOf(data);
    const size = this.#prepareInput(data, length, input.dims);
    const { resolved } = size;
    const target = out === undefined ? undefined : readOutput(out, resolved);
    requireArrayLength('input.data', data, length, resolved.inputLength, resolved.inputDims);
    if (target === undefined) {
      const output = zeros(resolved.outputDims, resolved.outputLength);
      this.#plan(size).run(data, output.data);
      return output;
    }
    requireArrayLength('out', target, lengthOf(target), resolved.outputLength, resolved.outputDims);
    if (overlap(data, target)) throw overlapError('out', 'input');
    this.#plan(size).run(data, target);
    return isFloat32Array(out) ? { data: out, dims: resolved.outputDims.slice() } : out!;
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
  async runAsync(input: FloatTensor, options?: RunAsyncOptions): Promise<FloatTensor> {
    const data = readTensorData('input', input);
    const length = lengthOf(data);
    const size = this.#prepareInput(data, length, input.dims);
    const { resolved } = size;
    const signal = readSignal(options);
    if (signal?.aborted) throw abortError(signal.reason);
    requireArrayLength('input.data', data, length, resolved.inputLength, resolved.inputDims);
    const output = zeros(resolved.outputDims, resolved.outputLength);
    const work = this.#plan(size).runAsync(data, output.data);
    await (signal === undefined ? work : unlessAborted(work, signal));
    return output;
  }

  /**
   * Sizes of the output for an input of the given sizes. Computes and allocates nothing else.
   *
   * @throws As {@link conv}, for sizes.
   * @example
   * layer.outputDims([1, 8, 640, 480]); // [1, 8, 640, 480]
   */
  outputDims(inputDims: readonly number[]): number[] {
    return resolveConv(this.#definition, 'inputDims', this.#readInputDims(inputDims)).outputDims.slice();
  }

  /**
   * How an input of the given sizes is computed. Plans it, so that a first {@link run} of that size is as fast as the next.
   *
   * @throws As {@link conv}, for sizes.
   * @example
   * const { algorithm, isa, workspaceBytes } = layer.plan([1, 8, 640, 480]);
   */
  plan(inputDims: readonly number[]): ConvPlanInfo {
    return { ...this.#plan(this.#prepare('inputDims', this.#readInputDims(inputDims))).info };
  }

  #prepareInput(data: Float32Array, length: number, dims: unknown): PreparedSize {
    const last = this.#sizes[0];
    if (last !== undefined && isSizes(dims, last.resolved.inputDims)) return last;
    const inputDims = readSizes('input.dims', dims);
    requireInputRank('input.dims', inputDims, this.#definition.kernel.length);
    requireArrayLength('input.data', data, length, elementCount('input.dims', inputDims), inputDims);
    return this.#prepare('input.dims', inputDims);
  }

  #readInputDims(dims: unknown): number[] {
    const inputDims = readSizes('inputDims', dims);
    requireInputRank('inputDims', inputDims, this.#definition.kernel.length);
    return inputDims;
  }

  #prepare(name: string, inputDims: readonly number[]): PreparedSize {
    const sizes = this.#sizes;
    const index = sizes.findIndex(({ resolved }) => isSizes(inputDims, resolved.inputDims));
    const [size = { resolved: resolveConv(this.#definition, name, inputDims), plan: undefined }] = index < 0 ? [] : sizes.splice(index, 1);
    sizes.unshift(size);
    if (sizes.length > mostSizes) sizes.pop();
    return size;
  }

  #plan(size: PreparedSize): ConvPlan {
    return (size.plan ??= this.#makePlan(size.resolved));
  }

  #makePlan(resolved: ResolvedConv): ConvPlan {
    const sibling = this.#sizes.find(({ plan, resolved: { inputLength } }) => plan !== undefined && inputLength > 0)?.plan;
    return planConv(this.#backend, resolved, this.#weight, this.#bias, this.#definition.settings.execution, sibling);
  }
}

function readOutput(out: unknown, { outputDims }: ResolvedConv): Float32Array {
  if (isFloat32Array(out)) return plainView(out);
  const data = readTensorData('out', out, 'a Float32Array or a tensor { data: Float32Array, dims: number[] }');
  const { dims } = out as { readonly dims?: unknown };
  if (isSizes(dims, outputDims)) return data;
  throw rangeError('out.dims', `[${outputDims.join(', ')}], the dims of the output`, readSizes('out.dims', dims));
}

function readSignal(options: unknown): AbortSignal | undefined {
  const { signal } = readOptions('options', options, ['signal']);
  if (signal === undefined) return undefined;
  const { aborted, addEventListener } = Object(signal) as Partial<AbortSignal>;
  if (typeof aborted !== 'boolean' || typeof addEventListener !== 'function') throw typeError('signal', 'an AbortSignal', signal);
  return signal as AbortSignal;
}

/** The work goes on after an abort, into memory that nobody else sees. */
function unlessAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      reject(abortError(signal.reason));
    };
    signal.addEventListener('abort', abort, { once: true });
    void work.then(resolve, reject).finally(() => {
      signal.removeEventListener('abort', abort);
    });
  });
}
