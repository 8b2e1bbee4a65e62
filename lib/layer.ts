/**
 * What {@link Conv} and {@link ConvTranspose} have in common: a layer that is resolved and planned once per input size, and runs on tensors.
 */
import type { ConvPlan, TransposedShape } from './backend/backend.js';
import { type Resolved, requireInputRank } from './conv-shape.js';
import { abortError, overlapError, rangeError, typeError } from './errors.js';
import { zeros } from './tensor.js';
import { isFloat32Array, isShared, lengthOf, overlap, plainView } from './typed-array.js';
import type { ConvPlanInfo, FloatTensor, ShortAlgorithmInfo } from './types.js';
import { elementCount, isSizes, readOptions, readSizes, readTensorData, requireArrayLength } from './validate.js';

/** A network at a few image sizes stays planned; a stream of ever new sizes keeps no more than this. */
const mostSizes = 8;

/** One input size; the plan is made when it first computes. */
interface PreparedSize<Shape extends TransposedShape> {
  readonly resolved: Resolved<Shape>;
  plan: ConvPlan | undefined;
}

/** Options of {@link Conv.runAsync}, {@link ConvTranspose.runAsync} and {@link Network.runAsync}. */
export interface RunAsyncOptions {
  /** Aborting it rejects the promise with an AbortError (code ABORT_ERR), whose cause is the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of {@link Conv.runAsync} and {@link ConvTranspose.runAsync}. */
export interface ConvRunAsyncOptions extends RunAsyncOptions {
  /**
   * Where the result goes, as in {@link Conv.run}: memory of a SharedArrayBuffer, which nobody can transfer while it is written. It is
   * written until the promise settles; an aborted run goes on writing it.
   */
  readonly out?: FloatTensor | Float32Array | undefined;
}

/** What a layer does with its own weights: the operator. */
export interface LayerOperator<Shape extends TransposedShape> {
  /** Spatial axes. */
  readonly axes: number;
  /** `inputDims` are sizes of the right rank; errors call them `name`. */
  resolve(name: string, inputDims: readonly number[]): Resolved<Shape>;
  /** `sibling`: a plan of the same layer for another input size. */
  plan(resolved: Resolved<Shape>, sibling: ConvPlan | undefined): ConvPlan;
}

export class Layer<Shape extends TransposedShape> {
  readonly #operator: LayerOperator<Shape>;
  /** Most recently used first. */
  readonly #sizes: PreparedSize<Shape>[] = [];

  constructor(operator: LayerOperator<Shape>) {
    this.#operator = operator;
  }

  run(input: FloatTensor, out?: FloatTensor | Float32Array): FloatTensor {
    const data = readTensorData('input', input);
    const length = lengthOf(data);
    const size = this.#prepareInput(data, length, input.dims);
    const { resolved } = size;
    const given = out === undefined ? undefined : outputData(out, resolved);
    requireArrayLength('input.data', data, length, resolved.inputLength, resolved.inputDims);
    const target = outputArray(given, data, resolved);
    this.#plan(size).run(data, target);
    return resultIn(out, target, resolved);
  }

  async runAsync(input: FloatTensor, options?: ConvRunAsyncOptions): Promise<FloatTensor> {
    const data = readTensorData('input', input);
    const length = lengthOf(data);
    const size = this.#prepareInput(data, length, input.dims);
    const { resolved } = size;
    const { out, ...rest } = readOptions('options', options, ['signal', 'out']);
    const signal = readSignal(rest);
    requireNotAborted(signal);
    const given = out === undefined ? undefined : outputData(out, resolved);
    if (given !== undefined && !isShared(given)) {
      throw rangeError('out', 'memory of a SharedArrayBuffer, which nobody can transfer while it is written', given.buffer);
    }
    requireArrayLength('input.data', data, length, resolved.inputLength, resolved.inputDims);
    const target = outputArray(given, data, resolved);
    const work = this.#plan(size).runAsync(data, target);
    await (signal === undefined ? work : unlessAborted(work, signal));
    return resultIn(out as FloatTensor | Float32Array | undefined, target, resolved);
  }

  outputDims(inputDims: readonly number[]): number[] {
    return this.#operator.resolve('inputDims', this.#readInputDims(inputDims)).outputDims.slice();
  }

  plan(inputDims: readonly number[]): ConvPlanInfo {
    const { info } = this.#plan(this.#prepare('inputDims', this.#readInputDims(inputDims)));
    const { shortAlgorithm } = info;
    return shortAlgorithm ? { ...info, shortAlgorithm: ofLastAxes(shortAlgorithm, this.#operator.axes) } : { ...info };
  }

  #prepareInput(data: Float32Array, length: number, dims: unknown): PreparedSize<Shape> {
    const last = this.#sizes[0];
    if (last !== undefined && isSizes(dims, last.resolved.inputDims)) return last;
    const inputDims = readSizes('input.dims', dims);
    requireInputRank('input.dims', inputDims, this.#operator.axes);
    requireArrayLength('input.data', data, length, elementCount('input.dims', inputDims), inputDims);
    return this.#prepare('input.dims', inputDims);
  }

  #readInputDims(dims: unknown): number[] {
    const inputDims = readSizes('inputDims', dims);
    requireInputRank('inputDims', inputDims, this.#operator.axes);
    return inputDims;
  }

  #prepare(name: string, inputDims: readonly number[]): PreparedSize<Shape> {
    const sizes = this.#sizes;
    const index = sizes.findIndex(({ resolved }) => isSizes(inputDims, resolved.inputDims));
    const [size = { resolved: this.#operator.resolve(name, inputDims), plan: undefined }] = index < 0 ? [] : sizes.splice(index, 1);
    sizes.unshift(size);
    if (sizes.length > mostSizes) sizes.pop();
    return size;
  }

  #plan(size: PreparedSize<Shape>): ConvPlan {
    return (size.plan ??= this.#makePlan(size.resolved));
  }

  #makePlan(resolved: Resolved<Shape>): ConvPlan {
    const sibling = this.#sizes.find(({ plan, resolved: { inputLength } }) => plan !== undefined && inputLength > 0)?.plan;
    return this.#operator.plan(resolved, sibling);
  }
}

/** Backends tell of depth, height and width. */
function ofLastAxes({ outputs, taps, products, error }: ShortAlgorithmInfo, axes: number): ShortAlgorithmInfo {
  return { outputs: outputs.slice(-axes), taps: taps.slice(-axes), products: products.slice(-axes), error };
}

type ResolvedOutput = Pick<Resolved<TransposedShape>, 'outputDims' | 'outputLength'>;

/** What is given, if it fits, else a new array. */
function outputArray(given: Float32Array | undefined, input: Float32Array, { outputDims, outputLength }: ResolvedOutput): Float32Array {
  if (given === undefined) return zeros(outputDims, outputLength).data;
  requireArrayLength('out', given, lengthOf(given), outputLength, outputDims);
  if (overlap(input, given)) throw overlapError('out', 'input');
  return given;
}

function resultIn(out: FloatTensor | Float32Array | undefined, target: Float32Array, { outputDims }: ResolvedOutput): FloatTensor {
  if (out !== undefined && !isFloat32Array(out)) return out;
  return { data: out ?? target, dims: outputDims.slice() };
}

function outputData(out: unknown, { outputDims }: ResolvedOutput): Float32Array {
  if (isFloat32Array(out)) return plainView(out);
  const data = readTensorData('out', out, 'a Float32Array or a tensor { data: Float32Array, dims: number[] }');
  const { dims } = out as { readonly dims?: unknown };
  if (isSizes(dims, outputDims)) return data;
  throw rangeError('out.dims', `[${outputDims.join(', ')}], the dims of the output`, readSizes('out.dims', dims));
}

/** The signal of {@link RunAsyncOptions}. */
export function readSignal(options: unknown): AbortSignal | undefined {
  const { signal } = readOptions('options', options, ['signal']);
  if (signal === undefined) return undefined;
  const { aborted, addEventListener } = Object(signal) as Partial<AbortSignal>;
  if (typeof aborted !== 'boolean' || typeof addEventListener !== 'function') throw typeError('signal', 'an AbortSignal', signal);
  return signal as AbortSignal;
}

export function requireNotAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw abortError(signal.reason);
}

/** The work goes on after an abort, into memory that nobody sees who was not told so. */
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
