/**
 * Loads the native binary and types its whole contract.
 *
 * This file lies one folder below the package root, and so does the bundle made of it (dist/): the literal paths hold for both.
 */
import { createRequire } from 'node:module';

/** The order of the integers that describe a convolution to the addon: native/plan/conv_shape.hpp reads the same. */
export type EncodedShape = Int32Array;

export interface NativePlan {
  readonly algorithm: string;
  readonly isa: string;
  readonly threads: number;
  readonly workspaceBytes: number;
  readonly weightBytes: number;
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
  createPlan(
    shape: EncodedShape,
    weight: Float32Array,
    bias: Float32Array | null,
    isa: string,
    threads: number,
    algorithm: string,
    tolerance: number,
    sibling: NativePlan | null,
  ): NativePlan;
  /** Runs about `milliseconds` of independent fused (or separate) multiply-adds in registers on this thread and returns GFLOP/s. */
  measurePeak(isa: string, milliseconds: number): number;
  /** Native heap allocations made so far by plans and runs. */
  allocationCount(): number;
}
