/**
 * From sizes and options to the integers of a ConvShape: output sizes, resolved padding, and the checks that need weight and input.
 *
 * The resolved shape promises the backends that every padded input size, and so every position o·stride + t·dilation, is below 2³¹;
 * a stride over one output, which means nothing, is the smallest that leaves one, and a dilation of one tap is 1.
 */
import type { ConvShape, TransposedShape, Triple } from './backend/backend.js';
import type { ConvSettings } from './conv-options.js';
import { rangeError } from './errors.js';
import { effectiveKernel } from './geometry/effective-kernel-size.js';
import { convOutputSize } from './geometry/output-size.js';
import { padAxis } from './geometry/padding.js';
import type { Layout, PaddingMode } from './types.js';
import { elementCount, type FloatTensorArgument, isSizes, LARGEST_INTEGER, requireLength } from './validate.js';

/** A convolution before its input is known: the weight's sizes by name, beside the settings. */
export interface ConvDefinition {
  readonly settings: ConvSettings;
  readonly kernel: readonly number[];
  readonly channelsPerGroup: number;
  readonly outChannels: number;
}

/** A convolution, transposed or not, of one input size. */
export interface Resolved<Shape extends TransposedShape> {
  readonly shape: Shape;
  readonly inputDims: readonly number[];
  readonly outputDims: readonly number[];
  readonly inputLength: number;
  readonly outputLength: number;
}

export type ResolvedConv = Resolved<ConvShape>;

/** Spatial axes that a weight has: 1, 2 or 3, or exactly those that `caller` (conv1d, …) is for. */
export function spatialAxes(weightDims: readonly number[], caller: string, required: number | undefined): number {
  const axes = weightDims.length - 2;
  if (required !== undefined ? axes === required : axes >= 1 && axes <= 3) return axes;
  const ranks = required === undefined ? '3, 4 or 5 (1, 2 or 3 spatial axes)' : String(required + 2);
  throw rangeError('weight.dims', `of rank ${ranks} for ${caller}`, weightDims);
}

/** Names the weight's sizes and checks them against the settings. */
export function defineConv(dims: readonly number[], settings: ConvSettings): ConvDefinition {
  const { kernel, channels, perGroup } = readWeightDims(dims, settings.layout, 'output channels', 'input channels / groups');
  if (channels % settings.groups !== 0) throw rangeError('groups', `a divisor of the ${channels} output channels`, settings.groups);
  return { settings, kernel, channelsPerGroup: perGroup, outChannels: channels };
}

/**
 * A weight's sizes: [channels, perGroup, …kernel], or […kernel, perGroup, channels] with layout 'channelsLast'. `channels` counts all of the
 * output's, or in a transposed convolution the input's, and `perGroup` a group's of the other; errors name them as given.
 */
export function readWeightDims(dims: readonly number[], layout: Layout, channelsName: string, perGroupName: string) {
  const last = dims.length - 1;
  const [channelAxis, groupAxis, firstKernelAxis] = layout === 'channelsFirst' ? [0, 1, 2] : [last, last - 1, 0];
  const empty = dims.indexOf(0);
  if (empty >= 0) {
    const meaning = empty === channelAxis ? channelsName : empty === groupAxis ? perGroupName : 'kernel size';
    throw rangeError(`weight.dims[${empty}] (${meaning})`, 'a positive integer', 0);
  }
  return {
    kernel: dims.slice(firstKernelAxis, firstKernelAxis + dims.length - 2),
    channels: dims[channelAxis]!,
    perGroup: dims[groupAxis]!,
  };
}

/** Checks the lengths of weight and bias: the last thing before their memory is read. */
export function requireParameterLengths(outChannels: number, weight: FloatTensorArgument, bias: FloatTensorArgument | null): void {
  requireLength(weight, elementCount('weight.dims', weight.dims), weight.dims);
  if (bias === null) return;
  requireLength(bias, outChannels, [outChannels]);
  if (!isSizes(bias.dims, [outChannels])) throw rangeError('bias.dims', `[${outChannels}], one value per output channel`, bias.dims);
}

export function requireInputRank(name: string, dims: readonly number[], axes: number): void {
  if (dims.length !== axes + 2) throw rangeError(name, `of rank ${axes + 2}, the rank of weight.dims`, dims);
}

/** Resolves padding and output sizes for one input size of the right rank, and checks what depends on it; `name` is that of the dims. */
export function resolveConv(definition: ConvDefinition, name: string, inputDims: readonly number[]): ResolvedConv {
  const { settings, kernel, channelsPerGroup, outChannels } = definition;
  const { layout, groups, activation } = settings;
  const inChannels = channelsPerGroup * groups;
  requireChannels(name, inputDims, layout, inChannels, `${inChannels} (${channelsPerGroup} of the weight × ${groups} groups)`);
  const axes = kernel.map((size, axis) => resolveAxis(settings, axis, spatialSize(inputDims, layout, axis), size));
  return {
    shape: {
      batch: inputDims[0]!,
      groups,
      inChannels,
      outChannels,
      ...spatialTriples(axes),
      paddingMode: settings.paddingMode,
      layout,
      activation,
    },
    ...resolveDims(name, inputDims, layout, outChannels, axes),
  };
}

export function requireChannels(name: string, dims: readonly number[], layout: Layout, channels: number, expected: string): void {
  const axis = layout === 'channelsFirst' ? 1 : dims.length - 1;
  if (dims[axis] !== channels) throw rangeError(`${name}[${axis}] (channels)`, expected, dims[axis]);
}

/** Input size of a spatial axis. */
export function spatialSize(dims: readonly number[], layout: Layout, axis: number): number {
  return dims[(layout === 'channelsFirst' ? 2 : 1) + axis]!;
}

/** Sizes and lengths of input and output; `name` is that of the input's dims. */
export function resolveDims(
  name: string,
  inputDims: readonly number[],
  layout: Layout,
  outChannels: number,
  axes: readonly Pick<ResolvedAxis, 'output'>[],
): Omit<ResolvedConv, 'shape'> {
  const sizes = axes.map(({ output }) => output);
  const outputDims = layout === 'channelsFirst' ? [inputDims[0]!, outChannels, ...sizes] : [inputDims[0]!, ...sizes, outChannels];
  return {
    inputDims,
    outputDims,
    inputLength: elementCount(name, inputDims),
    outputLength: elementCount('the dims of the output', outputDims),
  };
}

type AxisQuantity = 'input' | 'kernel' | 'stride' | 'dilation' | 'paddingBegin' | 'paddingEnd' | 'output';
export type ResolvedAxis = Readonly<Record<AxisQuantity, number>>;

/** What an axis is that the convolution doesn't have. */
const noAxis: ResolvedAxis = { input: 1, kernel: 1, stride: 1, dilation: 1, paddingBegin: 0, paddingEnd: 0, output: 1 };

export function spatialTriples(axes: readonly ResolvedAxis[]): Record<AxisQuantity, Triple> {
  const depth = axes.at(-3) ?? noAxis;
  const height = axes.at(-2) ?? noAxis;
  const width = axes.at(-1) ?? noAxis;
  const triple = (quantity: AxisQuantity): Triple => [depth[quantity], height[quantity], width[quantity]];
  return {
    input: triple('input'),
    kernel: triple('kernel'),
    stride: triple('stride'),
    dilation: triple('dilation'),
    paddingBegin: triple('paddingBegin'),
    paddingEnd: triple('paddingEnd'),
    output: triple('output'),
  };
}

function resolveAxis(settings: ConvSettings, axis: number, input: number, kernel: number): ResolvedAxis {
  const stride = settings.stride[axis]!;
  const dilation = settings.dilation[axis]!;
  const padding = typeof settings.padding === 'string' ? settings.padding : settings.padding[axis]!;
  const [paddingBegin, paddingEnd] = padAxis(input, kernel, stride, dilation, padding);
  requirePaddingOfMode(settings.paddingMode, axis, input, Math.max(paddingBegin, paddingEnd));
  const padded = input + paddingBegin + paddingEnd;
  if (padded > LARGEST_INTEGER) throw rangeError(`the padded input size of spatial axis ${axis}`, `at most ${LARGEST_INTEGER}`, padded);
  const output = convOutputSize(input, kernel, stride, dilation, paddingBegin, paddingEnd);
  const window = effectiveKernel(kernel, dilation);
  if (output < 0) {
    const name = `the effective kernel size of spatial axis ${axis}, dilation ${dilation} × (kernel ${kernel} − 1) + 1,`;
    throw rangeError(name, `at most ${padded}, the padded input size`, window);
  }
  return {
    input,
    kernel,
    stride: output === 1 ? padded - window + 1 : stride,
    dilation: kernel === 1 ? 1 : dilation,
    paddingBegin,
    paddingEnd,
    output,
  };
}

/** A mirror image without its edge is one element shorter than the axis, a period as long as it; an edge needs an element. */
function requirePaddingOfMode(mode: PaddingMode, axis: number, input: number, padding: number): void {
  if (mode === 'zeros' || padding === 0) return;
  const most = { reflect: input - 1, circular: input, replicate: input > 0 ? Infinity : 0 }[mode];
  if (padding <= most) return;
  throw rangeError(
    `padding on spatial axis ${axis}`,
    `at most ${Math.max(0, most)} with paddingMode '${mode}' and ${input} input elements`,
    padding,
  );
}
