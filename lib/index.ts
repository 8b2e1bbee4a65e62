/** Everything that the package exports. */
export { conv, Conv, conv1d, conv2d, conv3d } from './conv.js';
export { convTranspose, ConvTranspose } from './conv-transpose.js';
export { type CodedError, type ErrorCode } from './errors.js';
export { type Features, features } from './features.js';
export { effectiveKernelSize } from './geometry/effective-kernel-size.js';
export { outputSize, type OutputSizeOptions } from './geometry/output-size.js';
export { type AxisPadding, resolvePadding, type ResolvePaddingOptions, type WindowOptions } from './geometry/padding.js';
export { transposedOutputSize, type TransposedOutputSizeOptions } from './geometry/transposed-output-size.js';
export { validTapFraction } from './geometry/valid-tap-fraction.js';
export { type Rounding } from './geometry/axis.js';
export { type ConvRunAsyncOptions, type RunAsyncOptions } from './layer.js';
export type {
  AvgPoolLayerOptions,
  BatchNormLayerOptions,
  ConvLayerOptions,
  ConvTransposeLayerOptions,
  CropLayerOptions,
  LayerOptions,
  LinearLayerOptions,
  NetworkBuilder,
  NetworkNode,
  PadLayerOptions,
  PoolLayerOptions,
  ResizeLayerOptions,
  SliceRange,
} from './network/builder.js';
export { contextModule, type ContextModuleOptions, type ContextVariant } from './network/models/context-module.js';
export { dilation10, dilation7, dilation8, type Dilation8Options } from './network/models/dilation.js';
export { drn, type DrnName } from './network/models/drn.js';
export { fcn8s } from './network/models/fcn8s.js';
export { frontEnd } from './network/models/front-end.js';
export type { ClassifierOptions, ModelOptions } from './network/models/model-options.js';
export {
  buildNetwork,
  type LayerReport,
  type NamedDims,
  type NamedTensors,
  type Network,
  type NetworkOptions,
  type ReachOptions,
  type ReceptiveFieldOptions,
} from './network/network.js';
export { fromOnnx } from './network/onnx/from-onnx.js';
export type { AxisReceptiveField, Misalignment } from './network/receptive-field.js';
export type { Initializer, WeightSource } from './network/parameters.js';
export { proveReceptiveField, type ProveReceptiveFieldOptions, type ReceptiveFieldProof } from './network/prove-receptive-field.js';
export type { LayerPlanInfo, NetworkPlanInfo } from './network/prepared-network.js';
export { type Coverage, coverage, type CoverageOptions } from './receptive-field/coverage.js';
export { designDilations, type DesignDilationsOptions } from './receptive-field/design-dilations.js';
export { griddingStep } from './receptive-field/gridding-step.js';
export { hasHoles } from './receptive-field/has-holes.js';
export { type HdcRule, hdcRule, type HdcRuleOptions } from './receptive-field/hdc-rule.js';
export { type InputMargin, inputMargin } from './receptive-field/input-margin.js';
export { inputSizeFor } from './receptive-field/input-size-for.js';
export { receptiveField, type ReceptiveFieldStep } from './receptive-field/receptive-field.js';
export { type WindowLayer } from './receptive-field/window-layer.js';
export { tensor } from './tensor.js';
export type {
  Activation,
  Algorithm,
  BackendName,
  ConvOptions,
  ConvPlanInfo,
  ConvTransposeOptions,
  FloatTensor,
  Layout,
  Padding,
  PaddingMode,
  PaddingName,
  ShortAlgorithmInfo,
  Tensor,
  TypedArray,
} from './types.js';
export { type Verification, verify } from './verify.js';
