/**
 * Loads the native binary and types its whole contract.
 *
 * This file lies one folder below the package root, and so does the bundle made of it (dist/): the literal paths hold for both.
 */
import { createRequire } from 'node:module';
import { platformName } from './platform.js';
import type { ShortAlgorithmInfo } from './types.js';

/** The order of the integers that describe a convolution to the addon: native/plan/conv_shape.hpp reads the same. */
export type EncodedShape = Int32Array;

export interface NativePlan {
  readonly algorithm: string;
  readonly isa: string;
  readonly threads: number;
  readonly workspaceBytes: number;
  readonly weightBytes: number;
  /** Along depth, height and width. */
  readonly shortAlgorithm?: ShortAlgorithmInfo;
  /** Throws RangeError when the lengths are wrong, the views overlap, or scratch can't be allocated. */
  run(input: Float32Array, output: Float32Array): void;
  /** Copies `input` before it returns, unless it is a SharedArrayBuffer's. */
  runAsync(input: Float32Array, output: Float32Array): Promise<void>;
}

export interface NativeAddon {
  /** Instruction sets in this binary that this CPU can run, best first. */
  readonly isas: readonly string[];
  /** CPUs this process may use: affinity and cgroup quota included. */
  readonly cpus: number;
  /** Weight and bias must stay as they are for as long as the plan, which keeps them alive. */
  createPlan(
    shape: EncodedShape,
    weight: Float32Array,
    bias: Float32Array | null,
    isa: string,
    threads: number,
    algorithm: string,
    tolerance: number,
    sibling: NativePlan | null,
    once?: boolean,
  ): NativePlan;
  /** {@link createPlan} of a transposed convolution, whose integers native/plan/transposed_plan.hpp explains. */
  createTransposedPlan: NativeAddon['createPlan'];
  /** A plan made for a single run, and that run: throws as `createPlan` and `run` do. */
  convolve(
    shape: EncodedShape,
    weight: Float32Array,
    bias: Float32Array | null,
    isa: string,
    threads: number,
    algorithm: string,
    tolerance: number,
    input: Float32Array,
    output: Float32Array,
  ): void;
  /** `function`: RunFunction of native/kernels/table.hpp; two parameters, whatever it takes. */
  mapElements(isa: string, threads: number, fn: number, parameters: Float32Array, input: Float32Array, output: Float32Array): void;
  /** `operation`: RunOperation; `repeated` and `relu`: 0 or 1. */
  combineElements(
    isa: string,
    threads: number,
    operation: number,
    left: Float32Array,
    right: Float32Array,
    run: number,
    begins: Int32Array,
    repeated: number,
    relu: number,
    output: Float32Array,
  ): void;
  /** `shape`: the integers of native/plan/pool.hpp. */
  pool(isa: string, threads: number, shape: Int32Array, input: Float32Array, output: Float32Array): void;
  /**
   * `sizes`: planes, then input and output of depth, height and width; `elements`: of each axis the low ones of its outputs, then the high ones;
   * `fractions` likewise; `doubles`: 0 or 1.
   */
  resize(
    isa: string,
    threads: number,
    sizes: Int32Array,
    elements: Int32Array,
    fractions: Float32Array,
    doubles: number,
    input: Float32Array,
    output: Float32Array,
  ): void;
  /** Runs about `milliseconds` of independent fused (or separate) multiply-adds in registers on this thread and returns GFLOP/s. */
  measurePeak(isa: string, milliseconds: number): number;
  /** Native heap allocations made so far by plans and runs. */
  allocationCount(): number;
}

/** The binary of this process, or why there is none. */
export type AddonResult = { readonly addon: NativeAddon } | { readonly loadError: Error };

const require = createRequire(import.meta.url);

/** What this machine's own build made; it comes first. */
const ownBuild = () => require('../build/Release/atrous.node') as NativeAddon;

/** Literal paths, which bundlers and file tracers can see. */
const prebuilds: Readonly<Record<string, () => NativeAddon>> = {
  'linux-x64': () => require('../prebuilds/linux-x64.node') as NativeAddon,
  'linux-x64-musl': () => require('../prebuilds/linux-x64-musl.node') as NativeAddon,
  'linux-arm64': () => require('../prebuilds/linux-arm64.node') as NativeAddon,
  'linux-arm64-musl': () => require('../prebuilds/linux-arm64-musl.node') as NativeAddon,
  'darwin-x64': () => require('../prebuilds/darwin-x64.node') as NativeAddon,
  'darwin-arm64': () => require('../prebuilds/darwin-arm64.node') as NativeAddon,
  'win32-x64': () => require('../prebuilds/win32-x64.node') as NativeAddon,
};

let result: AddonResult | undefined;

/** Loads the binary once. A missing one is no error here, and a broken one is reported, not hidden by the next candidate. */
export function loadAddon(): AddonResult {
  return (result ??= tryLoad());
}

function tryLoad(): AddonResult {
  try {
    const addon = ifPresent(ownBuild) ?? ifPresent(prebuilds[platformName()]);
    return addon
      ? { addon }
      : { loadError: new Error(`there is no binary for ${platformName()}: neither a prebuilt one nor build/Release`) };
  } catch (error) {
    return { loadError: error instanceof Error ? error : new Error(String(error)) };
  }
}

/** Swallows "module not found" and nothing else. */
function ifPresent(load: (() => NativeAddon) | undefined): NativeAddon | undefined {
  try {
    return load?.();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}
