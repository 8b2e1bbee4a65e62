/**
 * From sizes and options of a transposed convolution to the integers of a TransposedShape.
 *
 * The resolved shape promises the backends that every output position before cutting is below 2³¹, and so is the product of output channels
 * and taps; a dilation of one tap is 1.
 */
import type { TransposedShape } from './backend/backend.js';
import type { TransposedSettings } from './conv-options.js';
import {
  readWeightDims,
  requireChannels,
  type Resolved,
  type ResolvedAxis,
  resolveDims,
  spatialSize,
  spatialTriples,
} from './conv-shape.js';
import { rangeError } from './errors.js';
import { effectiveKernel } from './geometry/effective-kernel-size.js';
import { convTransposedOutputSize, padTransposedAxis } from './geometry/transposed-output-size.js';
import { LARGEST_INTEGER } from './validate.js';

/** A transposed convolution before its input is known. */
export interface TransposedDefinition {
  readonly settings: TransposedSettings;
  readonly kernel: readonly number[];
  readonly inChannels: number;
  readonly outChannels: number;
}

/** Names the weight's sizes and checks them against the settings. */
export function defineTransposed(dims: readonly number[], settings: TransposedSettings): TransposedDefinition {
  const { layout, groups } = settings;
  const { kernel, channels, perGroup } = readWeightDims(dims, layout, 'input channels', 'output channels / groups');
  if (channels % groups !== 0) throw rangeError('groups', `a divisor of the ${channels} input channels`, groups);
  const outChannels = perGroup * groups;
  const weights = kernel.reduce((product, size) => product * size, outChannels);
  if (weights > LARGEST_INTEGER) throw rangeError('weight.dims', `sizes of at most ${LARGEST_INTEGER} output channels × taps`, dims);
  return { settings, kernel, inChannels: channels, outChannels };
}

/** Resolves padding and output sizes for one input size of the right rank; `name` is that of the dims. */
export function resolveTransposed(
  { settings, kernel, inChannels, outChannels }: TransposedDefinition,
  name: string,
  inputDims: readonly number[],
): Resolved<TransposedShape> {
  const { groups, layout, activation } = settings;
  requireChannels(name, inputDims, layout, inChannels, `${inChannels}, the input channels of the weight`);
  const axes = kernel.map((size, axis) => resolveAxis(settings, axis, spatialSize(inputDims, layout, axis), size));
  const { input, kernel: taps, stride, dilation, paddingBegin, output } = spatialTriples(axes);
  return {
    shape: { batch: inputDims[0]!, groups, inChannels, outChannels, input, kernel: taps, stride, dilation, paddingBegin, output, layout, activation }, // prettier-ignore
    ...resolveDims(name, inputDims, layout, outChannels, axes),
  };
}

function resolveAxis(settings: TransposedSettings, axis: number, input: number, kernel: number): ResolvedAxis {
  const stride = settings.stride[axis]!;
  const dilation = kernel === 1 ? 1 : settings.dilation[axis]!;
  const outputPadding = settings.outputPadding[axis]!;
  const padding = typeof settings.padding === 'string' ? settings.padding : settings.padding[axis]!;
  const [paddingBegin, paddingEnd] = padTransposedAxis(kernel, stride, dilation, padding, outputPadding);
  const output = convTransposedOutputSize(input, kernel, stride, dilation, paddingBegin, paddingEnd, outputPadding);
  if (output < 0 || (output === 0 && input > 0)) {
    const reached = `(${input} − 1)·${stride} + ${effectiveKernel(kernel, dilation)} + ${outputPadding} − ${paddingBegin} − ${paddingEnd}`;
    throw rangeError(`the output size of spatial axis ${axis}, ${reached},`, 'positive', output);
  }
  const uncut = Math.max(output + paddingBegin, (input - 1) * stride + effectiveKernel(kernel, dilation));
  if (uncut > LARGEST_INTEGER)
    throw rangeError(`the output size of spatial axis ${axis} before cutting`, `at most ${LARGEST_INTEGER}`, uncut);
  return { input, kernel, stride, dilation, paddingBegin, paddingEnd, output };
}
