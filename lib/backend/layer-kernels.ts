/**
 * What layers beside convolutions are computed with. Arrays have exactly the lengths that shapes say, and NaN stays NaN. Results do not depend
 * on `threads`: undefined is as many as the CPUs this process may use.
 */

export type ArrayFunction = (input: Float32Array, output: Float32Array) => void;

/** Of one element x. */
export type ElementFunction =
  /** `least` where x < least, `most` where x > most, else x. */
  | { readonly kind: 'clip'; readonly least: number; readonly most: number }
  /** slope·x where x < 0, else x; `slope` is a float32. */
  | { readonly kind: 'leakyRelu'; readonly slope: number }
  /** 1 / (1 + e^−x). */
  | { readonly kind: 'sigmoid' };

/** Which elements of an array the elements of a larger one meet: run after run of `run`, one each or, `repeated`, one for all of the run. */
export interface Broadcast {
  readonly run: number;
  readonly repeated: boolean;
  /** Where each run begins in the smaller array. */
  readonly begins: Int32Array;
}

/** The window o·stride − begin + t·dilation, t < kernel; taps outside of the input are skipped. */
export interface PoolAxis {
  readonly input: number;
  readonly output: number;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly begin: number;
  /** A sum is divided by the number of taps at positions from the first to below the second. */
  readonly counted: readonly [begin: number, end: number];
}

export interface PoolShape {
  readonly kind: 'maxPool' | 'avgPool';
  /** Batch times channels. */
  readonly planes: number;
  /** Depth, height, width. */
  readonly axes: readonly [PoolAxis, PoolAxis, PoolAxis];
}

/** Output o is (1 − fraction[o])·x[low[o]] + fraction[o]·x[high[o]], or x[low[o]] where its fraction is 0, be the other one NaN. */
export interface ResizeAxis {
  readonly input: number;
  readonly output: number;
  readonly low: Int32Array;
  readonly high: Int32Array;
  readonly fraction: Float64Array;
  /** Outputs 2i − 1 and 2i are (3·x[i−1] + x[i])/4 and (x[i−1] + 3·x[i])/4, the ends copies: what 'halfPixel' makes of scale 2. */
  readonly doubles: boolean;
}

export interface ResizeShape {
  readonly planes: number;
  readonly axes: readonly [ResizeAxis, ResizeAxis, ResizeAxis];
}

export interface LayerKernels {
  /** `output` may be `input`. */
  mapElements(of: ElementFunction, threads: number | undefined): ArrayFunction;
  /** Of `left` and the broadcast `right`, with max(0, …) behind where `relu`. `output` may be `left`, or a `right` that is not repeated. */
  combineElements(
    operation: 'add' | 'mul',
    broadcast: Broadcast,
    relu: boolean,
    threads: number | undefined,
  ): (left: Float32Array, right: Float32Array, output: Float32Array) => void;
  /** The largest element, or the mean, of each window: of one without taps −∞, or 0. */
  pool(shape: PoolShape, threads: number | undefined): ArrayFunction;
  resize(shape: ResizeShape, threads: number | undefined): ArrayFunction;
}
