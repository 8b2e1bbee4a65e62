/** The builder of a network: one method a kind of layer, each giving the node that the next ones take. */
import { inLayer, rangeError, typeError } from '../errors.js';
import type { Rounding } from '../geometry/axis.js';
import type { NearestRounding } from '../receptive-field/axis-relation.js';
import type { Activation, FloatTensor, Padding, PaddingMode } from '../types.js';
import { isPlainObject, readElements, readInteger, readOptions, readPerAxis } from '../validate.js';
import { type Dims, type Inputs, type Layer, ofInputs } from './layer.js';
import { combine } from './layers/arithmetic.js';
import { batchNormLayer, type BatchNormValues } from './layers/batch-norm.js';
import { concatLayer } from './layers/concat.js';
import { constantLayer, inputLayer } from './layers/source.js';
import { convLayer } from './layers/conv.js';
import { convTransposeLayer } from './layers/conv-transpose.js';
import { clip, leakyRelu, relu, sigmoid } from './layers/elementwise.js';
import { globalAvgPoolLayer } from './layers/global-avg-pool.js';
import type { KernelParameters } from './layers/kernel.js';
import { linearLayer } from './layers/linear.js';
import { padLayer } from './layers/pad.js';
import { poolLayer } from './layers/pool.js';
import { resizeLayer } from './layers/resize.js';
import { flattenLayer, reshapeLayer, transposeLayer } from './layers/order.js';
import { cropLayer, sliceLayer } from './layers/slice.js';
import { softmaxLayer } from './layers/softmax.js';
import {
  filledWith,
  givenParameter,
  type Initializer,
  lazyParameter,
  type Parameter,
  seededKernel,
  type WeightSource,
} from './parameters.js';

/** A value of the graph: what a layer gives. */
export interface NetworkNode {
  /** Its layer's name. */
  readonly name: string;
  /** `'conv'`, `'maxPool'`, …: the builder's method that made it. */
  readonly kind: string;
  /** As far as they are known before an input comes. */
  readonly dims: Dims;
}

/** What every layer may be given. */
export interface LayerOptions {
  /** Unique; by default the kind with a number, `conv3`. */
  readonly name?: string | undefined;
}

interface WindowLayerOptions extends LayerOptions {
  /** Step between outputs: an integer ≥ 1, or one per spatial axis. Default 1; a pool's is its kernel. */
  readonly stride?: number | readonly number[] | undefined;
  /** Step between taps: an integer ≥ 1, or one per spatial axis. Default 1. */
  readonly dilation?: number | readonly number[] | undefined;
  /** Default `'valid'`. Of a transposed convolution: what is cut from its output. */
  readonly padding?: Padding | undefined;
}

/**
 * A kernel is given as a tensor, or as channels and kernel size: then its values come from the network's `weights`, else from `weight` where
 * that is a function of its dims, else they are seeded; a bias of zeros likewise.
 */
interface KernelOptions extends WindowLayerOptions {
  /** [outChannels, inChannels / groups, …kernel]; of a transposed convolution [inChannels, outChannels / groups, …kernel]. */
  readonly weight?: FloatTensor | Initializer | undefined;
  /** One value per output channel; `true`, the default beside `channels`: one of the network's; `false`, the default beside a tensor: none. */
  readonly bias?: FloatTensor | Float32Array | boolean | undefined;
  /** Output channels; not beside a tensor. */
  readonly channels?: number | undefined;
  /** Taps: an integer ≥ 1, or one per spatial axis; not beside a tensor. */
  readonly kernel?: number | readonly number[] | undefined;
  /** Default 1. */
  readonly groups?: number | undefined;
  /** Whether the weight stands still in training, as an interpolation kernel does: it is not counted among the parameters. Default false. */
  readonly frozen?: boolean | undefined;
  /** Default `'none'`. */
  readonly activation?: Activation | undefined;
}

export interface ConvLayerOptions extends KernelOptions {
  /** Default `'zeros'`. */
  readonly paddingMode?: PaddingMode | undefined;
}

export interface ConvTransposeLayerOptions extends KernelOptions {
  /** Outputs added at the end: an integer ≥ 0 below stride or dilation, or one per spatial axis. Default 0. */
  readonly outputPadding?: number | readonly number[] | undefined;
}

export interface PoolLayerOptions extends WindowLayerOptions {
  /** Taps: an integer ≥ 1, or one per spatial axis. */
  readonly kernel: number | readonly number[];
  /** `'ceil'`: a last window may hang over the end, if it begins in the input or its begin padding. Default `'floor'`. */
  readonly rounding?: Rounding | undefined;
}

export interface AvgPoolLayerOptions extends PoolLayerOptions {
  /** Whether taps in the padding count as zeros in the mean (those that hang over it never do). Default false. */
  readonly countIncludePad?: boolean | undefined;
}

export interface ResizeLayerOptions extends LayerOptions {
  /** Output size / input size: a number > 0, or one per spatial axis; sizes are ⌊input·scale⌋. */
  readonly scale?: number | readonly number[] | undefined;
  /** Output size per spatial axis. */
  readonly size?: readonly number[] | undefined;
  /** The node whose spatial sizes are taken. */
  readonly like?: NetworkNode | undefined;
  /** Default `'nearest'`. */
  readonly mode?: 'nearest' | 'linear' | undefined;
  /**
   * Where output o lies in the input, along an axis scaled by s from n to m elements:
   * `'halfPixel'` (default): (o + ½)/s − ½; `'pytorchHalfPixel'`: the same, but 0 where m is 1; `'alignCorners'`: o·(n − 1)/(m − 1);
   * `'asymmetric'`: o/s.
   */
  readonly coordinates?: 'halfPixel' | 'pytorchHalfPixel' | 'alignCorners' | 'asymmetric' | undefined;
  /** Of `'nearest'`: which neighbour of a fractional coordinate is taken. Default `'roundPreferFloor'`. */
  readonly rounding?: NearestRounding | undefined;
}

export interface SliceRange {
  /** Which axis, from 0 (batch); negative ones count from the end. */
  readonly axis: number;
  /** First element; negative ones count from the end. Default 0. */
  readonly begin?: number | undefined;
  /** Behind the last element; negative ones count from the end, larger ones than the axis are its end. Default: the end. */
  readonly end?: number | undefined;
  /** Default 1. */
  readonly step?: number | undefined;
}

export interface CropLayerOptions extends LayerOptions {
  /** Elements cut from the ends of each spatial axis: n, [n per axis] or [[begin, end] per axis]. */
  readonly margin?: number | readonly number[] | readonly (readonly [number, number])[] | undefined;
  /** The node whose spatial sizes are taken, from `offset` on. */
  readonly like?: NetworkNode | undefined;
  /** First element kept, for every spatial axis or one per axis. Default: what centres the result, an odd element left at the end. */
  readonly offset?: number | readonly number[] | undefined;
}

export interface PadLayerOptions extends LayerOptions {
  /** Elements added to the ends of each spatial axis: n, [n per axis] or [[begin, end] per axis]. */
  readonly padding: number | readonly number[] | readonly (readonly [number, number])[];
  /** What stands there: zeros (or `value`), the mirror image without its edge, the edge, or the other end. Default `'zeros'`. */
  readonly mode?: PaddingMode | undefined;
  /** Of `'zeros'`: what stands there instead. Default 0. */
  readonly value?: number | undefined;
}

export interface BatchNormLayerOptions extends LayerOptions {
  /** One value per channel each; those not given are the network's `weights` of that name, else 1, 0, 0 and 1. */
  readonly scale?: FloatTensor | Float32Array | undefined;
  readonly bias?: FloatTensor | Float32Array | undefined;
  readonly mean?: FloatTensor | Float32Array | undefined;
  readonly variance?: FloatTensor | Float32Array | undefined;
  /** Added to the variance. Default 1e-5. */
  readonly epsilon?: number | undefined;
}

export interface LinearLayerOptions extends LayerOptions {
  /** [outFeatures, inFeatures]. */
  readonly weight?: FloatTensor | Initializer | undefined;
  /** As a convolution's. */
  readonly bias?: FloatTensor | Float32Array | boolean | undefined;
  /** Output features; not beside a tensor. */
  readonly features?: number | undefined;
  readonly activation?: Activation | undefined;
}

/** One layer of a graph under construction, and where its inputs come from. */
export interface BuiltNode extends NetworkNode {
  readonly layer: Layer;
  readonly inputs: readonly BuiltNode[];
}

/** What the builder leaves behind: nodes in an order in which each follows its inputs. */
export interface BuiltGraph {
  readonly nodes: readonly BuiltNode[];
  readonly outputs: ReadonlyMap<string, BuiltNode>;
}

/**
 * Builds a graph, layer by layer. Every method takes the nodes it reads first and gives a node of its own; shapes are checked as far as they
 * are known, in errors that name the layer.
 */
export class NetworkBuilder {
  readonly #weights: WeightSource | undefined;
  readonly #seed: number;
  /** In an order in which each follows its inputs. */
  readonly #nodes = new Set<BuiltNode>();
  readonly #names = new Set<string>();
  readonly #outputs = new Map<string, BuiltNode>();
  readonly #counts = new Map<string, number>();
  /** Parameters that `weights` may give. */
  readonly #ownParameters = new Set<string>();

  /** @internal */
  constructor(weights: WeightSource | undefined, seed: number) {
    this.#weights = weights;
    this.#seed = seed;
  }

  /** An input of the network: sizes that may differ from run to run are null. */
  input(name: string, dims: Dims): NetworkNode {
    if (!Array.isArray(dims)) throw typeError('dims', 'an array of sizes, null where only an input will tell', dims);
    const sizes = readElements(dims, dims.length, (size, axis) => (size === null ? null : readInteger(`dims[${axis}]`, size, 0)));
    return this.#layer('input', { name }, [], [], () => inputLayer(sizes));
  }

  /** A tensor that is the same in every run. It is not copied. */
  constant(value: FloatTensor, options?: LayerOptions): NetworkNode {
    return this.#layer('constant', options, [], [], () => constantLayer(givenParameter('value', value)));
  }

  /** A convolution: see `conv`. */
  conv(input: NetworkNode, options: ConvLayerOptions): NetworkNode {
    return this.#convolution('conv', options, 'paddingMode', input, convLayer);
  }

  /** A transposed convolution; its weight is [inChannels, outChannels / groups, …kernel]. */
  convTranspose(input: NetworkNode, options: ConvTransposeLayerOptions): NetworkNode {
    return this.#convolution('convTranspose', options, 'outputPadding', input, convTransposeLayer);
  }

  /** The largest element of each window; padding is never the largest, NaN always. */
  maxPool(input: NetworkNode, options: PoolLayerOptions): NetworkNode {
    return this.#layer('maxPool', options, poolOptions, [input], (given, _, [{ dims }]) => poolLayer('maxPool', dims.length - 2, given));
  }

  /** The mean of each window. */
  avgPool(input: NetworkNode, options: AvgPoolLayerOptions): NetworkNode {
    return this.#layer('avgPool', options, [...poolOptions, 'countIncludePad'], [input], (given, _, [{ dims }]) =>
      poolLayer('avgPool', dims.length - 2, given),
    );
  }

  /** The mean over all spatial axes, which keep size 1. */
  globalAvgPool(input: NetworkNode, options?: LayerOptions): NetworkNode {
    return this.#layer('globalAvgPool', options, [], [input], globalAvgPoolLayer);
  }

  /** max(0, x); NaN stays NaN. */
  relu(input: NetworkNode, options?: LayerOptions): NetworkNode {
    return this.#layer('relu', options, [], [input], relu);
  }

  /** x where x ≥ 0, else slope·x. Default slope 0.01. */
  leakyRelu(input: NetworkNode, options?: LayerOptions & { readonly slope?: number | undefined }): NetworkNode {
    return this.#layer('leakyRelu', options, ['slope'], [input], ({ slope = 0.01 }) => leakyRelu(slope));
  }

  /** 1 / (1 + e^−x). */
  sigmoid(input: NetworkNode, options?: LayerOptions): NetworkNode {
    return this.#layer('sigmoid', options, [], [input], sigmoid);
  }

  /** min(max, max(min, x)); NaN stays NaN. By default unbounded. */
  clip(input: NetworkNode, options: LayerOptions & { readonly min?: number | undefined; readonly max?: number | undefined }): NetworkNode {
    return this.#layer('clip', options, ['min', 'max'], [input], ({ min = -Infinity, max = Infinity }) => clip(min, max));
  }

  /** e^x / Σ e^x along one axis, by default that of the channels. */
  softmax(input: NetworkNode, options?: LayerOptions & { readonly axis?: number | undefined }): NetworkNode {
    return this.#layer('softmax', options, ['axis'], [input], ({ axis = 1 }, _, [{ dims }]) =>
      softmaxLayer(readAxis('axis', axis, dims.length)),
    );
  }

  /** The sum of two nodes or more; axes of size 1 and missing leading axes are repeated, as NumPy and ONNX do. */
  add(inputs: readonly NetworkNode[], options?: LayerOptions): NetworkNode {
    return this.#layer(
      'add',
      options,
      [],
      () => readNodes(inputs),
      () => combine('add'),
    );
  }

  /** The product of two nodes or more; shapes as {@link add}. */
  mul(inputs: readonly NetworkNode[], options?: LayerOptions): NetworkNode {
    return this.#layer(
      'mul',
      options,
      [],
      () => readNodes(inputs),
      () => combine('mul'),
    );
  }

  /** Nodes one behind the other along an axis, by default that of the channels. */
  concat(inputs: readonly NetworkNode[], options?: LayerOptions & { readonly axis?: number | undefined }): NetworkNode {
    return this.#layer(
      'concat',
      options,
      ['axis'],
      () => readNodes(inputs),
      ({ axis = 1 }, _, [{ dims }]) => concatLayer(readAxis('axis', axis, dims.length)),
    );
  }

  /** Nearest or linear (bilinear, trilinear) resampling of the spatial axes, to a `scale`, a `size`, or the size of another node (`like`). */
  resize(input: NetworkNode, options: ResizeLayerOptions): NetworkNode {
    const keys = ['scale', 'size', 'like', 'mode', 'coordinates', 'rounding'] as const;
    return this.#layer('resize', options, keys, withLike(input), ({ like, ...given }, _, [{ dims }]) =>
      resizeLayer(dims.length - 2, given, like !== undefined),
    );
  }

  /** Part of each given axis. */
  slice(input: NetworkNode, ranges: readonly SliceRange[], options?: LayerOptions): NetworkNode {
    return this.#layer('slice', options, [], [input], (_given, _, [{ dims }]) => sliceLayer(ranges, dims.length));
  }

  /** Cuts the ends of the spatial axes: `margin` elements, or what another node (`like`) has not. */
  crop(input: NetworkNode, options: CropLayerOptions): NetworkNode {
    const keys = ['margin', 'like', 'offset'] as const;
    return this.#layer('crop', options, keys, withLike(input), ({ like, ...given }, _, [{ dims }]) =>
      cropLayer(dims.length - 2, given, like !== undefined),
    );
  }

  /** Adds elements to the ends of the spatial axes. */
  pad(input: NetworkNode, options: PadLayerOptions): NetworkNode {
    const keys = ['padding', 'mode', 'value'] as const;
    return this.#layer('pad', options, keys, [input], (given, _, [{ dims }]) => padLayer(dims.length - 2, given));
  }

  /**
   * scale·(x − mean)/√(variance + epsilon) + bias per channel, with running statistics. Behind a convolution that nothing else reads it is
   * folded into the weights when the network is built.
   */
  batchNorm(input: NetworkNode, options?: BatchNormLayerOptions): NetworkNode {
    const keys = ['scale', 'bias', 'mean', 'variance', 'epsilon'] as const;
    return this.#layer('batchNorm', options, keys, [input], ({ epsilon = 1e-5, ...given }, place, [{ dims }]) => {
      const channels = knownSize('channels', dims[1]);
      const parameter = (part: keyof BatchNormValues, initial: number) =>
        this.#parameter(`${place}.${part}`, [channels], given[part], filledWith(initial));
      return batchNormLayer(
        { scale: parameter('scale', 1), bias: parameter('bias', 0), mean: parameter('mean', 0), variance: parameter('variance', 1) },
        epsilon,
      );
    });
  }

  /** y = x·weightᵀ + bias of [batch, features]. */
  linear(input: NetworkNode, options: LinearLayerOptions): NetworkNode {
    const keys = ['weight', 'bias', 'features', 'activation'] as const;
    return this.#layer('linear', options, keys, [input], ({ weight, bias, features, activation }, place, [{ dims }]) => {
      if (dims.length !== 2) throw rangeError('the dims of the input', '[batch, features]', dims);
      const kernel = this.#kernel(place, dims, { weight, bias, channels: features, kernel: [], groups: 1, frozen: false }, false);
      return linearLayer(kernel, activation);
    });
  }

  /** The axes before `axis` become one, those from it on another; by default [batch, everything else]. */
  flatten(input: NetworkNode, options?: LayerOptions & { readonly axis?: number | undefined }): NetworkNode {
    return this.#layer('flatten', options, ['axis'], [input], ({ axis = 1 }, _, [{ dims }]) =>
      flattenLayer(readInteger('axis', axis, 0, dims.length)),
    );
  }

  /** The same elements in the same order with other dims: 0 keeps the input's size on that axis, one −1 takes what is left. */
  reshape(input: NetworkNode, dims: readonly number[], options?: LayerOptions): NetworkNode {
    return this.#layer('reshape', options, [], [input], () => reshapeLayer(dims));
  }

  /** Axes in another order: output axis a is input axis permutation[a]. */
  transpose(input: NetworkNode, permutation: readonly number[], options?: LayerOptions): NetworkNode {
    return this.#layer('transpose', options, [], [input], () => transposeLayer(permutation));
  }

  /** An output of the network, under a name; by default the node's own. A builder function may also return its one output. */
  output(node: NetworkNode, name?: string): NetworkNode {
    const own = this.#own('node', node);
    const place = name ?? own.name;
    if (typeof place !== 'string') throw typeError('name', 'a string', name);
    if (this.#outputs.has(place)) throw rangeError('name', 'the name of no other output', name);
    this.#outputs.set(place, own);
    return node;
  }

  /** @internal */
  hasLayer(name: string): boolean {
    return this.#names.has(name);
  }

  /** @internal */
  finish(returned: unknown): BuiltGraph {
    if (this.#outputs.size === 0 && returned !== undefined) this.output(returned as NetworkNode);
    if (this.#outputs.size === 0) throw rangeError('the outputs of the network', 'one or more', 0);
    // Silently seeded, a misspelt parameter would be a wrong answer.
    for (const name of typeof this.#weights === 'object' ? Object.keys(this.#weights) : []) {
      if (this.#ownParameters.has(name)) continue;
      const known = Array.from(this.#ownParameters);
      const some = [...known.slice(0, mostListed), ...(known.length > mostListed ? [`${known.length - mostListed} more`] : [])];
      throw rangeError('weights', `names of parameters without a tensor only (${some.join(', ')})`, name);
    }
    return { nodes: Array.from(this.#nodes), outputs: this.#outputs };
  }

  #convolution(
    kind: 'conv' | 'convTranspose',
    options: unknown,
    option: string,
    input: NetworkNode,
    make: (kernel: KernelParameters, options: Readonly<Record<string, unknown>>) => Layer,
  ): NetworkNode {
    return this.#layer(kind, options, [...kernelOptions, option], [input], (given, place, [{ dims }]) => {
      const { weight, bias, channels, kernel, frozen, ...rest } = given;
      return make(
        this.#kernel(place, dims, { weight, bias, channels, kernel, frozen, groups: rest.groups }, kind === 'convTranspose'),
        rest,
      );
    });
  }

  /** A weight and a bias, given or of the network's own. */
  #kernel(place: string, dims: Dims, options: KernelArguments, transposed: boolean): KernelParameters {
    const { weight, bias, channels, kernel, groups = 1, frozen = false } = options;
    if (typeof frozen !== 'boolean') throw typeError('frozen', 'a boolean', frozen);
    if (typeof weight === 'object' && weight !== null) {
      if (channels !== undefined) throw rangeError('channels', 'absent beside a weight, which says them', channels);
      const given = givenParameter(`${place}.weight`, weight);
      const outChannels = transposed ? given.dims[1]! * readInteger('groups', groups, 1) : given.dims[0]!;
      return { weight: { ...given, frozen }, bias: this.#bias(place, bias ?? false, outChannels) };
    }
    if (weight !== undefined && typeof weight !== 'function') throw typeError('weight', 'a tensor or a function that makes one', weight);
    const axes = Math.max(0, dims.length - 2);
    const outChannels = readInteger('channels', channels, 1);
    const inChannels = knownSize('channels', dims[1]);
    const divisor = readInteger('groups', groups, 1);
    if (inChannels % divisor !== 0) throw rangeError('groups', `a divisor of the ${inChannels} input channels`, divisor);
    if (outChannels % divisor !== 0) throw rangeError('groups', `a divisor of the ${outChannels} output channels`, divisor);
    const taps = readPerAxis('kernel', kernel, axes, 1);
    const sizes = transposed ? [inChannels, outChannels / divisor, ...taps] : [outChannels, inChannels / divisor, ...taps];
    const initializer = (weight as Initializer | undefined) ?? seededKernel(`${place}.weight`, this.#seed);
    return {
      weight: { ...this.#parameter(`${place}.weight`, sizes, undefined, initializer), frozen },
      bias: this.#bias(place, bias ?? true, outChannels),
    };
  }

  #bias(place: string, bias: unknown, channels: number): Parameter | null {
    if (bias === false) return null;
    return this.#parameter(`${place}.bias`, [channels], bias === true ? undefined : bias, filledWith(0));
  }

  #parameter(name: string, dims: readonly number[], given: unknown, initializer: Initializer): Parameter {
    if (given !== undefined) return givenParameter(name, given, dims);
    this.#ownParameters.add(name);
    return lazyParameter(name, dims, this.#weights, initializer);
  }

  /** Reads a layer's options, `keys` beside its name, and adds what `make` makes of them; all errors name the layer. */
  #layer<Key extends string>(
    kind: string,
    options: unknown,
    keys: readonly Key[],
    inputs: readonly NetworkNode[] | ((given: Readonly<Partial<Record<Key, unknown>>>) => readonly NetworkNode[]),
    make: (given: Readonly<Partial<Record<Key, unknown>>>, place: string, inputs: Inputs<BuiltNode>) => Layer,
  ): NetworkNode {
    const place = this.#nameFor(kind, isPlainObject(options) ? options.name : undefined);
    return inLayer(place, kind, () => {
      const { name: _, ...rest } = readOptions<Key | 'name'>('options', options, ['name', ...keys]);
      const given = rest as Readonly<Partial<Record<Key, unknown>>>;
      const read = typeof inputs === 'function' ? inputs(given) : inputs;
      const own = ofInputs(read, (input) => this.#own('input', input));
      const layer = make(given, place, own);
      return this.#insert(layer, own, place);
    });
  }

  #insert(layer: Layer, inputs: readonly BuiltNode[], name: string): BuiltNode {
    const dims = layer.outputDims(ofInputs(inputs, (input) => input.dims));
    const node: BuiltNode = Object.freeze({ name, kind: layer.kind, dims, layer, inputs });
    this.#names.add(name);
    this.#nodes.add(node);
    return node;
  }

  #nameFor(kind: string, name: unknown): string {
    if (name === undefined) {
      let number = this.#counts.get(kind) ?? 0;
      do number++;
      while (this.#names.has(`${kind}${number}`));
      this.#counts.set(kind, number);
      return `${kind}${number}`;
    }
    if (typeof name !== 'string') throw typeError('name', 'a string', name);
    if (this.#names.has(name)) throw rangeError('name', 'the name of no other layer', name);
    return name;
  }

  #own(name: string, node: unknown): BuiltNode {
    if (this.#nodes.has(node as BuiltNode)) return node as BuiltNode;
    throw typeError(name, 'a node of this network', node);
  }
}

const kernelOptions = ['weight', 'bias', 'channels', 'kernel', 'groups', 'frozen', 'activation', 'stride', 'dilation', 'padding'] as const;

/** Names that an error lists. */
const mostListed = 8;

const poolOptions = ['kernel', 'stride', 'dilation', 'padding', 'rounding'] as const;

interface KernelArguments {
  readonly weight: unknown;
  readonly bias: unknown;
  readonly channels: unknown;
  readonly kernel: unknown;
  readonly groups: unknown;
  readonly frozen: unknown;
}

/** A node, and the one whose sizes it takes. */
function withLike(input: NetworkNode): (given: { readonly like?: unknown }) => readonly NetworkNode[] {
  return ({ like }) => (like === undefined ? [input] : [input, like as NetworkNode]);
}

function readNodes(inputs: unknown): readonly NetworkNode[] {
  if (!Array.isArray(inputs) || inputs.length === 0) throw typeError('inputs', 'an array of one node or more', inputs);
  return readElements(inputs, inputs.length, (node) => node as NetworkNode);
}

function readAxis(name: string, value: unknown, rank: number): number {
  const axis = readInteger(name, value, -rank, rank - 1);
  return axis < 0 ? axis + rank : axis;
}

function knownSize(what: string, size: number | null | undefined): number {
  if (typeof size === 'number') return size;
  throw rangeError(`the ${what} of the input`, 'known when the network is built', size);
}
