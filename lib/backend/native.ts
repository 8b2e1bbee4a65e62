/** The native backend: encodes a resolved convolution for the addon and holds the plan it makes. */
import type { EncodedShape, NativeAddon, NativePlan } from '../addon.js';
import type { Activation, ConvPlanInfo, Layout, PaddingMode } from '../types.js';
import { nativeLayerKernels } from './native-layer-kernels.js';
import type { Backend, ConvPlan, ConvShape, ExecutionOptions, TransposedShape } from './backend.js';

const paddingModes: Readonly<Record<PaddingMode, number>> = { zeros: 0, reflect: 1, replicate: 2, circular: 3 };
const layouts: Readonly<Record<Layout, number>> = { channelsFirst: 0, channelsLast: 1 };
const activations: Readonly<Record<Activation, number>> = { none: 0, relu: 1 };

/** The 28 integers of native/plan/conv_shape.hpp, in its order. */
export function encodeShape(shape: ConvShape): EncodedShape {
  return Int32Array.of(
    shape.batch,
    shape.groups,
    shape.inChannels,
    shape.outChannels,
    ...shape.input,
    ...shape.kernel,
    ...shape.stride,
    ...shape.dilation,
    ...shape.paddingBegin,
    ...shape.paddingEnd,
    ...shape.output,
    paddingModes[shape.paddingMode],
    layouts[shape.layout],
    activations[shape.activation],
  );
}

/** The same integers; those that mean nothing in a transposed convolution are 0. */
export function encodeTransposedShape(shape: TransposedShape): EncodedShape {
  return encodeShape({ ...shape, paddingEnd: [0, 0, 0], paddingMode: 'zeros' });
}

class NativeConvPlan implements ConvPlan {
  readonly info: ConvPlanInfo;
  readonly native: NativePlan;

  constructor(native: NativePlan) {
    this.native = native;
    const { algorithm, isa, threads, workspaceBytes, weightBytes, shortAlgorithm } = native;
    this.info = { algorithm, isa, threads, workspaceBytes, weightBytes, ...(shortAlgorithm && { shortAlgorithm }) };
  }

  run(input: Float32Array, output: Float32Array): void {
    this.native.run(input, output);
  }

  runAsync(input: Float32Array, output: Float32Array): Promise<void> {
    return this.native.runAsync(input, output);
  }
}

/** A backend of the addon's kernels for `isa`, one of `addon.isas`. */
export function createNativeBackend(addon: NativeAddon, isa: string): Backend {
  const create = (
    method: 'createPlan' | 'createTransposedPlan',
    shape: EncodedShape,
    weight: Float32Array,
    bias: Float32Array | null,
    { algorithm, tolerance, threads = addon.cpus, once = false }: ExecutionOptions,
    sibling: ConvPlan | undefined,
  ) => {
    const lender = sibling instanceof NativeConvPlan ? sibling.native : null;
    return new NativeConvPlan(addon[method](shape, weight, bias, isa, threads, algorithm, tolerance, lender, once));
  };
  return {
    name: 'native',
    isa,
    plan: (shape, ...rest) => create('createPlan', encodeShape(shape), ...rest),
    convolve(shape, weight, bias, { algorithm, tolerance, threads = addon.cpus }, input, output) {
      addon.convolve(encodeShape(shape), weight, bias, isa, threads, algorithm, tolerance, input, output);
    },
    planTransposed: (shape, ...rest) => create('createTransposedPlan', encodeTransposedShape(shape), ...rest),
    ...nativeLayerKernels(addon, isa),
  };
}
