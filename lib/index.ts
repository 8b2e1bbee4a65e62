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
export { type RunAsyncOptions } from './layer.js';
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
