/** Public types. A number given for a per-axis option stands for every spatial axis. */

/** A row-major array and its sizes; an onnxruntime `Tensor` fits as it is. */
export interface Tensor<Data extends TypedArray = TypedArray> {
  readonly data: Data;
  readonly dims: readonly number[];
}

/** A tensor of 32-bit floats: what convolutions take and give. */
export type FloatTensor = Tensor<Float32Array>;

export type TypedArray =
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array
  | Float32Array
  | Float64Array;

/**
 * Order of axes.
 * - `channelsFirst` (PyTorch, ONNX): input [batch, channels, …spatial], weight [outChannels, inChannels/groups, …kernel].
 * - `channelsLast` (TensorFlow): input [batch, …spatial, channels], weight [...kernel, inChannels/groups, outChannels].
 */
export type Layout = 'channelsFirst' | 'channelsLast';

/** Padding by name: see {@link Padding}. */
export type PaddingName = 'valid' | 'same' | 'sameLower' | 'causal';

/**
 * Elements added around the input, per spatial axis.
 * - `'valid'`: none.
 * - `'same'`: output size ⌈input / stride⌉, an odd unit at the end (ONNX SAME_UPPER, TensorFlow SAME).
 * - `'sameLower'`: the same total, an odd unit at the start (ONNX SAME_LOWER).
 * - `'causal'`: 1-D only, dilation·(kernel − 1) elements, all at the start.
 * - n ≥ 0: n at both ends of every axis; [n per axis]; [[begin, end] per axis].
 */
export type Padding = PaddingName | number | readonly number[] | readonly (readonly [number, number])[];

/** What stands in the padding: zeros, the mirror image without its edge, the edge element, or the other end. */
export type PaddingMode = 'zeros' | 'reflect' | 'replicate' | 'circular';

export type Activation = 'none' | 'relu';

/** `'direct'`: a plain sum of products. `'winograd'`: short bilinear algorithms where one fits. `'auto'`: the fastest within `tolerance`. */
export type Algorithm = 'auto' | 'direct' | 'winograd';

/** Which implementation computes: `'auto'` is native where a binary loads, else the pure-TypeScript one. */
export type BackendName = 'auto' | 'native' | 'typescript';

/** Options of every convolution; each has a default. */
export interface ConvOptions {
  /** One value per output channel, added to every output element of that channel. Default: none. */
  readonly bias?: Float32Array | FloatTensor | undefined;
  /** Step between outputs, in input elements: an integer ≥ 1, or one per axis. Default 1. */
  readonly stride?: number | readonly number[] | undefined;
  /** Step between taps, in input elements: an integer ≥ 1, or one per axis. Default 1. */
  readonly dilation?: number | readonly number[] | undefined;
  /** Default `'valid'`. */
  readonly padding?: Padding | undefined;
  /** Default `'zeros'`. */
  readonly paddingMode?: PaddingMode | undefined;
  /** Integer ≥ 1 dividing both channel counts; equal to the channel count: depthwise. Default 1. */
  readonly groups?: number | undefined;
  /** Default `'channelsFirst'`. */
  readonly layout?: Layout | undefined;
  /** Applied to the sum: `'relu'` is max(0, y), NaN staying NaN. Default `'none'`. */
  readonly activation?: Activation | undefined;
  /** Default `'auto'`. */
  readonly algorithm?: Algorithm | undefined;
  /** Largest error an algorithm may have, relative to the output's standard deviation on zero-mean data; 0 = direct only. Default 1e-5. */
  readonly tolerance?: number | undefined;
  /** Default `'auto'`, or ATROUS_BACKEND. */
  readonly backend?: BackendName | undefined;
  /** Integer ≥ 1. Default ATROUS_NUM_THREADS, else the CPUs this process may use. The result has the same bits for every value. */
  readonly threads?: number | undefined;
}

/** Options of transposed convolutions: those of every convolution but for `paddingMode`, and `outputPadding`. Each has a default. */
export interface ConvTransposeOptions extends Omit<ConvOptions, 'stride' | 'dilation' | 'padding' | 'paddingMode'> {
  /** Step between the outputs of neighbouring inputs: an integer ≥ 1, or one per axis. Default 1. */
  readonly stride?: number | readonly number[] | undefined;
  /** Step between taps, in output elements: an integer ≥ 1, or one per axis. Default 1. */
  readonly dilation?: number | readonly number[] | undefined;
  /**
   * Output elements cut from both ends, as PyTorch and ONNX mean it: `'valid'` cuts none; `'same'` and `'sameLower'` give an output of
   * input·stride, an odd element cut at the end or at the start; `'causal'` (1-D) gives as many, all cut at the end. Default `'valid'`.
   */
  readonly padding?: Padding | undefined;
  /** Outputs added at the end: an integer ≥ 0 below the larger of stride and dilation, or one per axis. Default 0. */
  readonly outputPadding?: number | readonly number[] | undefined;
}

/** How a convolution is computed for one input size. */
export interface ConvPlanInfo {
  /** Kernel family that runs, e.g. `'direct-k-lanes'`. */
  readonly algorithm: string;
  /** Instruction set of the kernels: `'scalar' | 'sse2' | 'avx2' | 'avx512' | 'neon'`, or `'typescript'`. */
  readonly isa: string;
  readonly threads: number;
  /** Scratch memory one run uses, in bytes, over all threads. */
  readonly workspaceBytes: number;
  /** Packed weights held by the plan, in bytes. */
  readonly weightBytes: number;
  /** Where short algorithms run; left out for plain sums. */
  readonly shortAlgorithm?: ShortAlgorithmInfo;
}

/**
 * The short bilinear algorithms, F(outputs, taps), that nest along the spatial axes: of a tile, the outputs it gives, the taps of the kernel
 * it takes at a time, and the products it needs, per axis; all 1 for an axis that is summed plainly. Where tiles of two lengths share an
 * axis, these are of the longer one.
 */
export interface ShortAlgorithmInfo {
  readonly outputs: readonly number[];
  readonly taps: readonly number[];
  readonly products: readonly number[];
  /** Largest error to expect on zero-mean data, relative to the output's standard deviation; at most `tolerance`. */
  readonly error: number;
}
