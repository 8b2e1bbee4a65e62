/** Everything that the package exports. */
export { conv, Conv, conv1d, conv2d, conv3d, type RunAsyncOptions } from './conv.js';
export { type CodedError, type ErrorCode } from './errors.js';
export { type Features, features } from './features.js';
export { effectiveKernelSize } from './geometry/effective-kernel-size.js';
export { outputSize, type OutputSizeOptions } from './geometry/output-size.js';
export { type AxisPadding, resolvePadding, type ResolvePaddingOptions, type WindowOptions } from './geometry/padding.js';
export { transposedOutputSize, type TransposedOutputSizeOptions } from './geometry/transposed-output-size.js';
export { receptiveField, type ReceptiveFieldStep } from './receptive-field/receptive-field.js';
export { type WindowLayer } from './receptive-field/window-layer.js';
export { tensor } from './tensor.js';
export type {
  Activation,
  Algorithm,
  BackendName,
  ConvOptions,
  ConvPlanInfo,
  FloatTensor,
  Layout,
  Padding,
  PaddingMode,
  PaddingName,
  Tensor,
  TypedArray,
} from './types.js';
export { type Verification, verify } from './verify.js';
