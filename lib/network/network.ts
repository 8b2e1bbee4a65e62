/** A network: a graph of layers that computes, and that can be asked about its shapes, parameters and receptive fields without computing. */
import { inLayer, outOfMemoryError, rangeError, typeError } from '../errors.js';
import { readConvOptions } from '../conv-options.js';
import { readSignal, requireNotAborted, type RunAsyncOptions } from '../layer.js';
import type { FloatTensor, Tensor } from '../types.js';
import { isPlainObject, readFloatTensor, readInteger, readOptions, readSizes, requireLength, elementCount } from '../validate.js';
import { type BuiltNode, NetworkBuilder, type NetworkNode } from './builder.js';
import { type FusedGraph, fuse } from './fuse.js';
import { type Dims, type Execution, formatDims, isComplete, ofInputs } from './layer.js';
import { InputLayer } from './layers/source.js';
import { parameterCount, type WeightSource } from './parameters.js';
import { type AxisReceptiveField, describeSeen, graphFields } from './receptive-field.js';
import { flatIndex, reachOf, readIndex } from './reach.js';
import { type NetworkPlanInfo, PreparedNetwork, type SizesOf } from './prepared-network.js';

/** How a network computes, and where its parameters come from. */
export interface NetworkOptions extends Execution {
  /** Parameters by name (`conv1.weight`): a function, or an object of tensors. What it does not have is seeded. */
  readonly weights?: WeightSource | undefined;
  /** Of seeded parameters: an integer ≥ 0. Default 1. */
  readonly seed?: number | undefined;
}

/** Tensors by the name of their input or output. */
export type NamedTensors = Readonly<Record<string, FloatTensor>>;

/** Sizes of the inputs, by name. */
export type NamedDims = Readonly<Record<string, readonly number[]>>;

/** One layer as {@link Network.report} tells of it. */
export interface LayerReport {
  readonly name: string;
  readonly kind: string;
  /** Names of the layers that it reads. */
  readonly inputs: readonly string[];
  /** Layers that were fused into it: batch norms and activations. */
  readonly fused: readonly string[];
  /** Sizes it gives; null where only an input will tell. */
  readonly outputDims: Dims;
  /** Learned parameters. */
  readonly parameters: number;
  /** What it sees of the first input, per spatial axis; absent where it sees nothing of it, or that depends on a size that is null. */
  readonly receptiveField?: readonly AxisReceptiveField[];
}

/** Options of {@link Network.receptiveField}. */
export interface ReceptiveFieldOptions {
  /** Name of the input whose elements are counted. Default: the first. */
  readonly input?: string | undefined;
  /** Sizes of the only input, or of all by name: needed where fields depend on them. */
  readonly inputDims?: readonly number[] | NamedDims | undefined;
}

/** Options of {@link Network.reach}. */
export interface ReachOptions extends ReceptiveFieldOptions {
  /** Name of the output, or of any layer. Default: the first output. */
  readonly output?: string | undefined;
}

/**
 * Builds a network: `build` is given a {@link NetworkBuilder}, adds layers to it, and names outputs or returns the only one.
 *
 * Tensors given as weights are not copied: they are read when the network first runs, and must stay as they are until then. Parameters without a
 * tensor are made at that time, so a network may be asked for shapes, counts and receptive fields at no cost.
 *
 * @throws {TypeError | RangeError} Errors of a layer name it: `Layer 'conv3' (conv): Expected …`.
 * @example
 * const network = buildNetwork((g) => {
 *   const image = g.input('image', [null, 3, null, null]);
 *   const features = g.conv(image, { channels: 16, kernel: 3, padding: 'same', activation: 'relu' });
 *   const context = g.conv(features, { channels: 16, kernel: 3, dilation: 2, padding: 'same', activation: 'relu' });
 *   return g.conv(g.concat([features, context]), { channels: 2, kernel: 1, name: 'score' });
 * });
 * network.outputDims([1, 3, 480, 640]); // [1, 2, 480, 640]
 * network.parameterCount; // 2834
 * const scores = network.run(tensor(new Float32Array(3 * 480 * 640), [1, 3, 480, 640]));
 */
export function buildNetwork(build: (g: NetworkBuilder) => unknown, options?: NetworkOptions): Network {
  if (typeof build !== 'function') throw typeError('build', 'a function that adds layers to the builder it is given', build);
  const {
    weights,
    seed = 1,
    ...execution
  } = readOptions('options', options, ['weights', 'seed', 'algorithm', 'tolerance', 'backend', 'threads']);
  if (weights !== undefined && typeof weights !== 'function' && !isPlainObject(weights)) {
    throw typeError('weights', 'a function (name, dims) => Float32Array, or a plain object of tensors', weights);
  }
  // Checks them as every convolution will; ATROUS_NUM_THREADS is for all layers.
  const { threads } = readConvOptions(execution, 1).settings.execution;
  const builder = new NetworkBuilder(weights as WeightSource | undefined, readInteger('seed', seed, 0));
  const graph = builder.finish(build(builder));
  return new Network(fuse(graph), { ...(execution as Execution), threads });
}

/** As many input sizes stay planned as of a `Conv`. */
const mostSizes = 8;

/** A graph of layers: see {@link buildNetwork}. */
export class Network {
  /** A symbol can't be cloned: structuredClone and postMessage throw a DataCloneError instead of giving an empty object. @internal */
  readonly notCloneable = Symbol('Network');
  /** Inputs, in the order of their declaration. */
  readonly inputs: readonly NetworkNode[];
  /** Outputs by name, in the order of their declaration. */
  readonly outputs: ReadonlyMap<string, NetworkNode>;

  readonly #graph: FusedGraph;
  /** What a single tensor asks for. */
  readonly #firstOutput: ReadonlyMap<string, BuiltNode>;
  readonly #execution: Execution;
  /** Most recently used first. */
  readonly #prepared: PreparedNetwork[] = [];
  /** What the last run left, for the next; none while one is running. */
  #arena: ArrayBuffer | undefined;
  #sharedArena: SharedArrayBuffer | undefined;

  /** @internal */
  constructor(graph: FusedGraph, execution: Execution) {
    this.#graph = graph;
    this.#firstOutput = graph.outputs.size === 1 ? graph.outputs : new Map(Array.from(graph.outputs).slice(0, 1));
    this.#execution = execution;
    this.inputs = graph.nodes.filter(({ layer }) => layer instanceof InputLayer);
    this.outputs = graph.outputs;
  }

  /** Every layer, in an order in which each follows its inputs. @internal */
  get nodes(): readonly BuiltNode[] {
    return this.#graph.nodes;
  }

  /** Learned parameters of all layers; batch norms count with scale and bias, without their running statistics. */
  get parameterCount(): number {
    return this.#graph.nodes.reduce((sum, { layer }) => sum + parameterCount(layer.parameters), 0);
  }

  /**
   * Sizes of the output for an input of the given sizes; given sizes of several inputs by name, those of all outputs by name. Allocates nothing else.
   *
   * @throws {RangeError} ERR_ATROUS_ARGUMENT_RANGE where a layer can't take what it would be given; the message names it.
   */
  outputDims(inputDims: readonly number[]): number[];
  outputDims(inputDims: NamedDims): Record<string, number[]>;
  outputDims(inputDims: readonly number[] | NamedDims): number[] | Record<string, number[]> {
    const sizes = this.#sizes(this.#readDims(inputDims));
    const dims = Array.from(this.#graph.outputs, ([name, node]) => [name, sizes.get(node)!.slice()] as const);
    return Array.isArray(inputDims) ? dims[0]![1] : Object.fromEntries(dims);
  }

  /** Every layer, in an order in which each follows its inputs: with sizes for inputs of the given dims, else as far as they are known. */
  report(inputDims?: readonly number[] | NamedDims): LayerReport[] {
    const sizes = inputDims === undefined ? undefined : this.#sizes(this.#readDims(inputDims));
    const [input] = this.inputs;
    const seen =
      input === undefined ? undefined : graphFields(this.#graph.nodes, input as BuiltNode, (node) => sizes?.get(node) ?? node.dims).seen;
    return this.#graph.nodes.map((node) => {
      const fields = seen?.get(node)?.map(describeSeen);
      return {
        name: node.name,
        kind: node.kind,
        inputs: node.inputs.map(({ name }) => name),
        fused: node.layer.fused ?? [],
        outputDims: sizes?.get(node) ?? node.dims,
        parameters: parameterCount(node.layer.parameters),
        ...(fields === undefined ? {} : { receptiveField: fields }),
      };
    });
  }

  /**
   * What one output element sees of an input, along each spatial axis, over every path of the graph: of convolutions and pools
   *
   *     size    l = max over paths of the last element seen − min of the first + 1
   *     stride  J = Π s_i,  padding P: output 0's field begins at −P,  centre −P + (l − 1)/2
   *
   * with the alignment check: layers that join paths of different strides, or of fields around different centres, are reported. Behind
   * transposed layers and resizes, whose fields differ from output to output, `size` is the largest field: see `receptiveField` of stacks. Behind
   * layers that read all of an axis (global pool, flatten) every output sees the same, and stride is 0.
   *
   * @param output Name of an output or of any layer; by default the first output.
   * @param options `input`: whose elements are counted, by default the first input's; `inputDims`: sizes of the inputs, needed where fields
   *   depend on them ('same' padding with a stride, global pools, resizes to a size).
   * @throws {TypeError} ERR_ATROUS_ARGUMENT_TYPE where `inputDims` are needed; the message names the layer that needs them.
   * @throws {RangeError} ERR_ATROUS_ARGUMENT_RANGE for a name that no layer has, or an output that does not depend on the input.
   * @see A. Araujo, W. Norris, J. Sim, Computing Receptive Fields of Convolutional Neural Networks, Distill 2019, doi:10.23915/distill.00021
   * @example
   * drn('d-22').receptiveField()[0]; // { size: 527, stride: 8, padding: 263, center: 0, aligned: true, misalignments: [] }
   */
  receptiveField(output?: string, options?: ReceptiveFieldOptions): AxisReceptiveField[] {
    const node = this.#nodeNamed('output', output);
    const { input: inputName, inputDims } = readOptions('options', options, ['input', 'inputDims']);
    const input = this.#inputNamed(inputName);
    const sizes = inputDims === undefined ? undefined : this.#sizes(this.#readDims(inputDims as readonly number[] | NamedDims));
    const { seen, failures } = graphFields(this.#graph.nodes, input, (one) => sizes?.get(one) ?? one.dims);
    if (failures.has(node)) throw failures.get(node) as Error;
    const fields = seen.get(node);
    if (fields === undefined) throw rangeError('output', `a layer that depends on the input '${input.name}'`, node.name);
    return fields.map(describeSeen);
  }

  /**
   * Which elements of an input reach an element of an output: the exact set over every path, with its holes, the borders of the input, and channels.
   * Gives a function from an output element's index to a tensor with the dims of the input: 1 where the element reaches it, else 0.
   *
   * @param options Which output (by default the first) and input, and sizes of the inputs where they are not fixed.
   * @throws {TypeError | RangeError} As {@link receptiveField} and {@link outputDims}, and for an index that is none.
   * @example
   * const reach = contextModule({ channels: 1 }).reach({ inputDims: [1, 1, 65, 65] });
   * reach([0, 0, 32, 32]).data.reduce((sum, flag) => sum + flag); // 4225, all of 65 × 65
   */
  reach(options?: ReachOptions): (element: readonly number[]) => Tensor<Uint8Array> {
    const { reach, inputDims, outputDims } = this.reachability(options);
    return (element) => ({ data: reach(flatIndex(readIndex('element', element, outputDims), outputDims)), dims: inputDims.slice() });
  }

  /** What {@link reach} and the proof of it start from. @internal */
  reachability(options: ReachOptions | undefined) {
    const { output: outputName, input: inputName, inputDims } = readOptions('options', options, ['output', 'input', 'inputDims']);
    const output = this.#nodeNamed('output', outputName);
    const input = this.#inputNamed(inputName);
    if (inputDims === undefined && !this.inputs.every((one) => isComplete(one.dims))) {
      throw typeError('inputDims', 'given, because sizes of the inputs are not fixed', inputDims);
    }
    const dims = this.#readDims((inputDims ?? Object.fromEntries(this.inputs.map((one) => [one.name, one.dims]))) as NamedDims);
    const sizes = this.#sizes(dims);
    return {
      sizes: dims,
      inputDims: sizes.get(input)!,
      outputDims: sizes.get(output)!,
      input: input.name,
      output: Array.from(this.#graph.outputs).find(([, node]) => node === output)?.[0] ?? output.name,
      reach: reachOf(this.#graph.nodes, output, input, sizes),
    };
  }

  /** Whether images of a batch are computed each by itself, as far as sizes tell. @internal */
  splitsBatch(input: string, output: string): boolean {
    const [from, to] = [this.#inputNamed(input), this.#nodeNamed('output', output)];
    return this.inputs.every(({ dims }) => dims[0] === null) && from.dims[0] === null && to.dims[0] === null;
  }

  #nodeNamed(argument: string, name: unknown): BuiltNode {
    if (name === undefined) return this.#graph.outputs.values().next().value!;
    if (typeof name !== 'string') throw typeError(argument, 'the name of an output or a layer', name);
    const node = this.#graph.outputs.get(name) ?? this.#graph.byName.get(name);
    if (node === undefined) throw rangeError(argument, 'the name of an output or a layer', name);
    return node;
  }

  #inputNamed(name: unknown): BuiltNode {
    const node = name === undefined ? this.inputs[0] : this.inputs.find((input) => input.name === name);
    if (node !== undefined) return node as BuiltNode;
    throw rangeError('input', `the name of an input (${this.inputs.map((input) => input.name).join(', ')})`, name);
  }

  /**
   * How an input of the given sizes is computed, and the memory this takes; given sizes by name, what all outputs take. Plans the layers, so
   * that a first {@link run} like it is as fast as the next.
   */
  plan(inputDims: readonly number[] | NamedDims): NetworkPlanInfo {
    return this.#prepare(this.#readDims(inputDims), Array.isArray(inputDims)).info;
  }

  /**
   * Computes. One tensor, for the network's only input, gives its output (the first, if there are several, and what only the others need is
   * not computed); tensors by the name of their input give all outputs by name.
   *
   * Layers run one after the other, in memory that is kept from run to run and shared by values that are not needed together.
   *
   * @throws {TypeError | RangeError} As {@link outputDims}, and for tensors as {@link conv}.
   */
  run(input: FloatTensor): FloatTensor;
  run(inputs: NamedTensors): Record<string, FloatTensor>;
  run(inputs: FloatTensor | NamedTensors): FloatTensor | Record<string, FloatTensor> {
    return this.runObserved(inputs);
  }

  /** {@link run}, which tells `afterLayer` the name of each layer once it is computed: how a profile takes its times. @internal */
  runObserved(inputs: FloatTensor | NamedTensors, afterLayer?: (name: string) => void): FloatTensor | Record<string, FloatTensor> {
    const { arrays, dims } = this.#readInputs(inputs);
    const prepared = this.#prepare(dims, isTensor(inputs));
    const buffer = this.#takeArena(prepared.arenaLength);
    const outputs = prepared.run(arrays, new Float32Array(buffer, 0, prepared.arenaLength), afterLayer);
    this.#arena = buffer;
    return results(prepared, outputs, isTensor(inputs));
  }

  /**
   * {@link run} with convolutions off the calling thread; other layers compute on it, between them. Inputs are copied before this returns.
   *
   * @throws {Error} By rejection: what {@link run} would throw, and AbortError with code ABORT_ERR when `signal` is or becomes aborted.
   */
  runAsync(input: FloatTensor, options?: RunAsyncOptions): Promise<FloatTensor>;
  runAsync(inputs: NamedTensors, options?: RunAsyncOptions): Promise<Record<string, FloatTensor>>;
  async runAsync(inputs: FloatTensor | NamedTensors, options?: RunAsyncOptions): Promise<FloatTensor | Record<string, FloatTensor>> {
    const { arrays, dims } = this.#readInputs(inputs);
    const signal = readSignal(options);
    const single = isTensor(inputs);
    // In shared memory, which convolutions read in place instead of copying it first.
    const copies = new Map(Array.from(arrays, ([name, array]) => [name, sharedCopy(array)]));
    const prepared = this.#prepare(dims, single);
    const buffer = this.#takeSharedArena(prepared.arenaLength);
    const outputs = await prepared.runAsync(copies, new Float32Array(buffer, 0, prepared.arenaLength), () => {
      requireNotAborted(signal);
    });
    requireNotAborted(signal);
    this.#sharedArena = buffer;
    return results(prepared, outputs, single);
  }

  #takeArena(length: number): ArrayBuffer {
    const bytes = length * Float32Array.BYTES_PER_ELEMENT;
    const kept = this.#arena;
    this.#arena = undefined;
    return kept !== undefined && kept.byteLength >= bytes ? kept : allocate(bytes, () => new ArrayBuffer(bytes));
  }

  #takeSharedArena(length: number): SharedArrayBuffer {
    const bytes = length * Float32Array.BYTES_PER_ELEMENT;
    const kept = this.#sharedArena;
    this.#sharedArena = undefined;
    return kept !== undefined && kept.byteLength >= bytes ? kept : allocate(bytes, () => new SharedArrayBuffer(bytes));
  }

  #readInputs(inputs: FloatTensor | NamedTensors): { arrays: Map<string, Float32Array>; dims: NamedDims } {
    const read = this.#byInput('inputs', inputs, isTensor(inputs)).map(([name, value]) => {
      const argument = readFloatTensor(name, value);
      requireLength(argument, elementCount(`${name}.dims`, argument.dims), argument.dims);
      return [name, argument] as const;
    });
    return {
      arrays: new Map(read.map(([name, { data }]) => [name, data])),
      dims: Object.fromEntries(read.map(([name, { dims }]) => [name, dims])),
    };
  }

  #readDims(inputDims: readonly number[] | NamedDims): NamedDims {
    const read = this.#byInput('inputDims', inputDims, Array.isArray(inputDims));
    return Object.fromEntries(read.map(([name, dims]) => [name, readSizes(`inputDims of '${name}'`, dims)]));
  }

  /** What is given for each input: by name, or of a network with one input by itself. */
  #byInput(what: string, given: unknown, single: boolean): (readonly [name: string, value: unknown])[] {
    const names = this.inputs.map(({ name }) => name);
    if (single) {
      if (names.length === 1) return [[names[0]!, given]];
      throw typeError(what, `an object with one entry per input (${names.join(', ')})`, given);
    }
    const values: Readonly<Partial<Record<string, unknown>>> = readOptions(what, given, names);
    return names.map((name) => {
      if (values[name] === undefined) throw typeError(`${what}.${name}`, 'given: it is an input of the network', undefined);
      return [name, values[name]];
    });
  }

  /** `single`: for the first output only. */
  #prepare(dims: NamedDims, single: boolean): PreparedNetwork {
    const { nodes } = this.#graph;
    const outputs = single ? this.#firstOutput : this.#graph.outputs;
    const key = this.inputs.map(({ name }) => formatDims(dims[name]!)).join();
    const index = this.#prepared.findIndex(
      (one) => one.outputs === outputs && this.inputs.map((node) => formatDims(one.sizes.get(node as BuiltNode)!)).join() === key,
    );
    const [prepared = new PreparedNetwork(nodes, outputs, this.#sizes(dims), this.#execution)] =
      index < 0 ? [] : this.#prepared.splice(index, 1);
    this.#prepared.unshift(prepared);
    if (this.#prepared.length > mostSizes) this.#prepared.pop();
    return prepared;
  }

  /** Sizes of every node for inputs of the given sizes. */
  #sizes(inputDims: NamedDims): SizesOf {
    const sizes = new Map<BuiltNode, readonly number[]>();
    for (const node of this.#graph.nodes) {
      sizes.set(
        node,
        inLayer(node.name, node.kind, () => this.#sizesOf(node, inputDims, sizes)),
      );
    }
    return sizes;
  }

  #sizesOf({ name, layer, inputs }: BuiltNode, inputDims: NamedDims, sizes: SizesOf): readonly number[] {
    if (layer instanceof InputLayer) {
      layer.requireDims('its dims', inputDims[name]!);
      return inputDims[name]!;
    }
    const dims = layer.outputDims(ofInputs(inputs, (input) => sizes.get(input)!));
    if (!isComplete(dims)) throw rangeError('its sizes', 'known from those of its inputs', dims);
    return readSizes('its sizes', dims);
  }
}

function results(
  { outputs, sizes }: PreparedNetwork,
  arrays: ReadonlyMap<string, Float32Array>,
  single: boolean,
): FloatTensor | Record<string, FloatTensor> {
  const tensors = Array.from(outputs, ([name, node]) => [name, { data: arrays.get(name)!, dims: sizes.get(node)!.slice() }] as const);
  return single ? tensors[0]![1] : Object.fromEntries(tensors);
}

function isTensor(value: unknown): value is FloatTensor {
  return typeof value === 'object' && value !== null && Array.isArray((value as { readonly dims?: unknown }).dims);
}

function sharedCopy(array: Float32Array): Float32Array {
  const bytes = array.length * Float32Array.BYTES_PER_ELEMENT;
  const copy = new Float32Array(allocate(bytes, () => new SharedArrayBuffer(bytes)));
  copy.set(array);
  return copy;
}

function allocate<Memory>(bytes: number, make: () => Memory): Memory {
  try {
    return make();
  } catch (cause) {
    throw outOfMemoryError(`${bytes} bytes for a network`, cause);
  }
}
