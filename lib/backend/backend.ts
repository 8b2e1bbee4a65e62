/**
 * The one interface that every backend implements. Above it, WHAT is computed is settled (a ConvShape: integers only,
 * 'same' is gone); below it, HOW (algorithm, tiles, packing, threads) is.
 */
import type { Activation, Algorithm, ConvPlanInfo, Layout, PaddingMode } from '../types.js';
import type { LayerKernels } from './layer-kernels.js';

/** One value per spatial axis: depth, height, width. Fewer axes are filled in front with size 1, stride 1, padding 0. */
export type Triple = readonly [number, number, number];

/** A resolved convolution: y[o] = act(bias + Σ w[t]·x[o·stride − paddingBegin + t·dilation]), taps outside x skipped for zeros. */
export interface ConvShape {
  readonly batch: number;
  readonly groups: number;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly input: Triple;
  readonly kernel: Triple;
  readonly stride: Triple;
  readonly dilation: Triple;
  readonly paddingBegin: Triple;
  readonly paddingEnd: Triple;
  readonly output: Triple;
  readonly paddingMode: PaddingMode;
  readonly layout: Layout;
  readonly activation: Activation;
}

/**
 * A resolved transposed convolution: y[u] = act(bias + Σ w[t]·x[j] over all j and t with j·stride + t·dilation − paddingBegin = u).
 * Its output may have any size: what no tap reaches is act(bias).
 */
export type TransposedShape = Omit<ConvShape, 'paddingEnd' | 'paddingMode'>;

/** What the caller asks of the computation itself. */
export interface ExecutionOptions {
  readonly algorithm: Algorithm;
  /** Largest error relative to the output's standard deviation; 0 = direct only. */
  readonly tolerance: number;
  /** Undefined: as many as the CPUs this process may use. */
  readonly threads: number | undefined;
  /** The plan will run a single time, so that making it must pay off at once. Default false. */
  readonly once?: boolean;
}

export interface ConvPlan {
  readonly info: ConvPlanInfo;
  /** `input` and `output` have exactly the lengths that the shape says and do not overlap. */
  run(input: Float32Array, output: Float32Array): void;
  /** Takes its own copy of `input` before it returns (a SharedArrayBuffer is read in place); `output` is written until the promise settles. */
  runAsync(input: Float32Array, output: Float32Array): Promise<void>;
}

export interface Backend extends LayerKernels {
  readonly name: 'native' | 'typescript';
  readonly isa: string;
  /**
   * Packs the weights for one input size. Weight and bias must stay as they are for as long as the plan lives, which may read them again.
   * `sibling`, a plan of the same weights and bias for another input size, lends its packed weights where they fit.
   */
  plan(shape: ConvShape, weight: Float32Array, bias: Float32Array | null, options: ExecutionOptions, sibling?: ConvPlan): ConvPlan;
  /** A plan made for this single run, where that takes less than {@link plan} and its `run` do. */
  convolve?(
    shape: ConvShape,
    weight: Float32Array,
    bias: Float32Array | null,
    options: ExecutionOptions,
    input: Float32Array,
    output: Float32Array,
  ): void;
  /** {@link plan} of a transposed convolution. */
  planTransposed(
    shape: TransposedShape,
    weight: Float32Array,
    bias: Float32Array | null,
    options: ExecutionOptions,
    sibling?: ConvPlan,
  ): ConvPlan;
}
