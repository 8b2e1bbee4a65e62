/**
 * The operators that become layers, opsets 9 to 22: attributes that became inputs, defaults that changed, names in the builder's words.
 *
 * ONNX operator specification: onnx.ai/onnx/operators.
 */
import { modelError, unsupportedModelError } from '../../errors.js';
import type { NetworkNode, ResizeLayerOptions } from '../builder.js';
import type { Size } from '../layer.js';
import { type FloatConstant, floats, type Integer } from './constant.js';
import { inserted, readAxes, readAxis, readRanges, squeezedAxes, unsqueezedAxes } from './fold.js';
import { clampToAxis, type Operation, requireKnown, type Value } from './operation.js';
import { dataTypes } from './schema.js';

type Pairs = readonly (readonly [begin: number, end: number])[];

export const layerOperators: Readonly<Record<string, (operation: Operation) => Value | readonly Value[]>> = {
  Add: (operation) => operation.builder.add(operation.nodes(), named(operation)),
  AveragePool: averagePool,
  BatchNormalization: batchNormalization,
  Cast: cast,
  Clip: clip,
  Concat: concat,
  Constant: constant,
  Conv: conv,
  ConvTranspose: convTranspose,
  Flatten: flatten,
  Gemm: gemm,
  GlobalAveragePool: (operation) => operation.builder.globalAvgPool(operation.node(0), named(operation)),
  Identity: (operation) => operation.node(0),
  LeakyRelu: (operation) => operation.builder.leakyRelu(operation.node(0), { slope: operation.float('alpha', 0.01), ...named(operation) }),
  MaxPool: maxPool,
  Mul: (operation) => operation.builder.mul(operation.nodes(), named(operation)),
  Pad: pad,
  Relu: (operation) => operation.builder.relu(operation.node(0), named(operation)),
  Reshape: reshape,
  Resize: resize,
  Sigmoid: (operation) => operation.builder.sigmoid(operation.node(0), named(operation)),
  Slice: slice,
  Softmax: softmax,
  Split: split,
  Squeeze: squeeze,
  Transpose: transpose,
  Unsqueeze: unsqueeze,
  Upsample: upsample,
};

function named({ name }: Operation): { readonly name: string } {
  return { name };
}

/** A weight as the builder takes it: one that is to be widened, and fits the input's channels, is asked for when the network first runs. */
function weightOf(weight: FloatConstant, channels: number, fits: boolean) {
  if (weight.isWidened !== true || !fits) return { weight };
  return { weight: () => weight.data, channels, kernel: weight.dims.slice(2) };
}

/** Attributes that all windows share: builder's `padding` may be a name. */
function window(operation: Operation, kernel: readonly number[]) {
  const given = operation.integers('kernel_shape');
  if (given !== undefined && given.join() !== kernel.join()) {
    throw modelError(`kernel_shape is [${given.slice(0, 8).join(', ')}], but the weight has [${kernel.join(', ')}]`);
  }
  return {
    stride: perAxis(operation, 'strides', kernel.length),
    dilation: perAxis(operation, 'dilations', kernel.length),
    padding: padding(operation, kernel.length),
  };
}

function perAxis(operation: Operation, name: string, axes: number, missing = 1): readonly number[] {
  const values = operation.integers(name) ?? new Array<number>(axes).fill(missing);
  if (values.length !== axes) throw modelError(`expected ${name} to have ${axes} values, received ${values.length}`);
  return values;
}

const paddingNames = { SAME_UPPER: 'same', SAME_LOWER: 'sameLower', VALID: 'valid' } as const;
type AutoPad = keyof typeof paddingNames | 'NOTSET';

function autoPad(operation: Operation): AutoPad {
  const name = operation.string('auto_pad', 'NOTSET');
  if (name === 'NOTSET' || name === '' || Object.hasOwn(paddingNames, name)) return (name || 'NOTSET') as AutoPad;
  throw modelError(`auto_pad is '${name.slice(0, 20)}', expected NOTSET, ${Object.keys(paddingNames).join(', ')}`);
}

function padding(operation: Operation, axes: number) {
  const pads = pairs(operation.integers('pads') ?? new Array<number>(2 * axes).fill(0), axes);
  const name = autoPad(operation);
  return name === 'NOTSET' ? pads : paddingNames[name];
}

/** [begin of every axis, then end of every axis]. */
function pairs(pads: readonly number[], axes: number): Pairs {
  if (pads.length !== 2 * axes) throw modelError(`expected pads to have ${2 * axes} values, received ${pads.length}`);
  return Array.from({ length: axes }, (_, axis) => [pads[axis]!, pads[axis + axes]!]);
}

function kernelOf(operation: Operation) {
  const weight = operation.storedWeights(1, 'weight');
  const kernel = weight.dims.slice(2);
  return { weight, kernel, bias: operation.optionalWeights(2, 'bias') ?? false };
}

function conv(operation: Operation): Value {
  const { weight, kernel, bias } = kernelOf(operation);
  const input = operation.node(0);
  const groups = operation.integer('group', 1);
  const [channels = 0, perGroup = 0] = weight.dims;
  const stored = weightOf(weight, channels, perGroup * groups === input.dims[1] && channels % groups === 0);
  return operation.builder.conv(input, { ...stored, bias, ...window(operation, kernel), groups, ...named(operation) });
}

function convTranspose(operation: Operation): Value {
  const { weight, kernel, bias } = kernelOf(operation);
  const { stride, dilation, padding: pads } = window(operation, kernel);
  const input = operation.node(0);
  const added = perAxis(operation, 'output_padding', kernel.length, 0);
  const wanted = operation.has('output_shape') ? perAxis(operation, 'output_shape', kernel.length) : undefined;
  const auto = autoPad(operation);
  const groups = operation.integer('group', 1);
  const [inChannels, perGroup = 0] = weight.dims;
  const stored = weightOf(weight, perGroup * groups, inChannels === input.dims[1] && inChannels !== undefined && inChannels % groups === 0);
  const options = { ...stored, bias, stride, dilation, groups, ...named(operation) };
  if (wanted === undefined && (auto === 'NOTSET' || auto === 'VALID')) {
    return operation.builder.convTranspose(input, { ...options, padding: pads, outputPadding: added });
  }
  // What is cut so that output_shape is left, or input · stride.
  const cuts = kernel.map((taps, axis) => {
    const reach = (taps - 1) * dilation[axis]! + 1 + added[axis]!;
    if (wanted === undefined) return reach - stride[axis]!;
    const size = input.dims[axis + 2];
    if (size === undefined || size === null)
      throw unsupportedModelError('output_shape is not supported for an input whose size only a run tells');
    return (size - 1) * stride[axis]! + reach - wanted[axis]!;
  });
  const halves = cuts.map((cut) => [Math.floor(Math.max(0, cut) / 2), Math.ceil(Math.max(0, cut) / 2)] as const);
  return operation.builder.convTranspose(input, {
    ...options,
    padding: halves.map(([less, more]) => (auto === 'SAME_UPPER' ? ([less, more] as const) : ([more, less] as const))),
    outputPadding: added.map((value, axis) => value + Math.max(0, -cuts[axis]!)),
  });
}

function pool(operation: Operation) {
  const kernel = operation.integers('kernel_shape');
  if (kernel === undefined) throw modelError('its kernel_shape is missing');
  const rounding = operation.integer('ceil_mode', 0) === 0 ? ('floor' as const) : ('ceil' as const);
  return { kernel, ...window(operation, kernel), rounding, ...named(operation) };
}

function maxPool(operation: Operation): Value {
  if (operation.outputCount > 1) throw unsupportedModelError('the output Indices is not supported');
  operation.requireInteger('storage_order', 0);
  return operation.builder.maxPool(operation.node(0), pool(operation));
}

function averagePool(operation: Operation): Value {
  const countIncludePad = operation.integer('count_include_pad', 0) !== 0;
  return operation.builder.avgPool(operation.node(0), { ...pool(operation), countIncludePad });
}

function batchNormalization(operation: Operation): Value {
  operation.requireInteger('training_mode', 0);
  // Of training: how running statistics follow those of the batch.
  operation.float('momentum', 0.9);
  if (operation.outputCount > 1) throw unsupportedModelError('outputs of training are not supported');
  const [scale, bias, mean, variance] = ['scale', 'bias', 'mean', 'variance'].map((what, index) => operation.weights(index + 1, what));
  const options = { scale: scale!, bias: bias!, mean: mean!, variance: variance!, epsilon: operation.float('epsilon', 1e-5) };
  return operation.builder.batchNorm(operation.node(0), { ...options, ...named(operation) });
}

/** All floats are float32 here; a computed tensor of another type does not occur. */
function cast(operation: Operation): Value {
  const to = operation.integer('to', 0);
  const isFloat = to === dataTypes.float || to === dataTypes.float16 || to === dataTypes.double;
  if (!isFloat) throw unsupportedModelError(`a cast of computed values to data type ${to} is not supported, only to float types`);
  operation.integer('saturate', 1);
  return operation.node(0);
}

function clip(operation: Operation): Value {
  const bound = (index: number, name: string) =>
    operation.opset < 11 ? (operation.has(name) ? operation.float(name, 0) : undefined) : operation.scalar(index, name);
  return operation.builder.clip(operation.node(0), { min: bound(1, 'min'), max: bound(2, 'max'), ...named(operation) });
}

function concat(operation: Operation): Value {
  return operation.builder.concat(operation.nodes(), { axis: operation.integer('axis', 1), ...named(operation) });
}

function constant(operation: Operation): Value {
  const tensor = operation.tensor('value');
  if (tensor !== undefined) return tensor;
  if (operation.has('value_float')) return floats(Float32Array.of(operation.float('value_float', 0)), []);
  const list = operation.floats('value_floats');
  if (list !== undefined) return floats(Float32Array.from(list), [list.length]);
  if (operation.has('value_int')) return { kind: 'integers', data: [operation.integer('value_int', 0)], dims: [] };
  const integers = operation.integers('value_ints');
  if (integers !== undefined) return { kind: 'integers', data: integers, dims: [integers.length] };
  throw unsupportedModelError('its value is none of value, value_float, value_floats, value_int, value_ints');
}

function flatten(operation: Operation): Value {
  const input = operation.node(0);
  const axis = operation.integer('axis', 1);
  return operation.builder.flatten(input, { axis: axis < 0 ? axis + input.dims.length : axis, ...named(operation) });
}

/** alpha·A·B + beta·C: a linear layer, whose weight is Bᵀ. */
function gemm(operation: Operation): Value {
  operation.requireInteger('transA', 0);
  const [alpha, beta] = [operation.float('alpha', 1), operation.float('beta', 1)];
  const b = operation.weights(1, 'B');
  if (b.dims.length !== 2) throw modelError(`expected B to have 2 axes, received ${b.dims.length}`);
  const transposed = operation.integer('transB', 0) !== 0;
  const [outputs, inputs] = (transposed ? b.dims : b.dims.toReversed()) as [number, number];
  const weight = new Float32Array(b.data.length);
  for (let output = 0; output < outputs; output++) {
    for (let input = 0; input < inputs; input++) {
      weight[output * inputs + input] = alpha * b.data[transposed ? output * inputs + input : input * outputs + output]!;
    }
  }
  const c = operation.optionalWeights(2, 'C');
  const isPerOutput = c === undefined || c.data.length === 1 || (c.data.length === outputs && (c.dims.at(-1) === outputs || outputs === 1));
  if (!isPerOutput)
    throw unsupportedModelError(`C of dims [${c.dims.join(', ')}] is not supported, only one value per output or one for all`);
  const bias =
    c === undefined ? false : Float32Array.from({ length: outputs }, (_, output) => beta * c.data[c.data.length === 1 ? 0 : output]!);
  return operation.builder.linear(operation.node(0), { weight: { data: weight, dims: [outputs, inputs] }, bias, ...named(operation) });
}

const padModes = { constant: 'zeros', reflect: 'reflect', edge: 'replicate', wrap: 'circular' } as const;

function pad(operation: Operation): Value {
  const input = operation.node(0);
  const rank = input.dims.length;
  const mode = operation.string('mode', 'constant');
  if (!Object.hasOwn(padModes, mode)) {
    throw unsupportedModelError(`the mode '${mode.slice(0, 20)}' is not supported, only ${Object.keys(padModes).join(', ')}`);
  }
  const old = operation.opset < 11;
  const given = old ? operation.integers('pads') : operation.knownSizes(1, 'pads');
  if (given === undefined) throw modelError('its pads are missing');
  const value = (old ? operation.float('value', 0) : operation.scalar(2, 'constant_value')) ?? 0;
  const axes = operation.knownSizes(3, 'axes')?.map((axis) => readAxis(axis, rank)) ?? Array.from(input.dims.keys());
  const margins = Array.from({ length: rank }, () => [0, 0] as readonly [number, number]);
  pairs(given, axes.length).forEach((pair, index) => (margins[axes[index]!] = pair));
  if (
    margins
      .slice(0, 2)
      .flat()
      .some((margin) => margin > 0)
  )
    throw unsupportedModelError('padding of the batch or channel axis is not supported');
  // Negative pads cut.
  const ranges = margins.flatMap(([begin, end], axis) => {
    if (begin >= 0 && end >= 0) return [];
    return [{ axis, begin: Math.max(0, -begin), ...(end < 0 ? { end } : {}) }];
  });
  const cut = ranges.length > 0 ? operation.builder.slice(input, ranges) : input;
  const padding = margins.slice(2).map(([begin, end]) => [Math.max(0, begin), Math.max(0, end)] as const);
  const name = padModes[mode as keyof typeof padModes];
  return operation.builder.pad(cut, { padding, mode: name, value: name === 'zeros' ? value : 0, ...named(operation) });
}

function reshape(operation: Operation): Value {
  const input = operation.node(0);
  const given = operation.sizes(1, 'shape');
  if (given === undefined) throw modelError('its shape is missing');
  if (operation.integer('allowzero', 0) !== 0 && given.includes(0)) throw unsupportedModelError('a size 0 with allowzero is not supported');
  return reshapeTo(operation, input, given);
}

/** To sizes of which one may be unknown, besides those that stay where they are. */
function reshapeTo(operation: Operation, input: NetworkNode, sizes: readonly Integer[]): Value {
  const kept = sizes.map((size, axis) => (typeof size !== 'number' && size.axis === axis && sharesSize(size.node, input, axis) ? 0 : size));
  const unknown = kept.findIndex((size) => typeof size !== 'number');
  const free = unknown >= 0 && !kept.includes(-1) ? kept.with(unknown, -1) : kept;
  return operation.builder.reshape(input, free.map((size) => requireKnown(size, 'shape')), named(operation)); // prettier-ignore
}

/** Whether an axis of unknown size has the same one in both: the same node, or batches of one input. */
function sharesSize(node: NetworkNode, input: NetworkNode, axis: number): boolean {
  return node === input || (axis === 0 && node.dims[0] === null && input.dims[0] === null);
}

function sizesOf(node: NetworkNode): Integer[] {
  return node.dims.map((size, axis) => size ?? { node, axis });
}

function squeeze(operation: Operation): Value {
  const input = operation.node(0);
  const dropped = squeezedAxes(input.dims, readAxes(operation));
  return reshapeTo(operation, input, sizesOf(input).filter((_, axis) => !dropped.includes(axis))); // prettier-ignore
}

function unsqueeze(operation: Operation): Value {
  const input = operation.node(0);
  const axes = unsqueezedAxes(input.dims.length, readAxes(operation));
  return reshapeTo(operation, input, inserted<Integer>(sizesOf(input), axes, 1));
}

const coordinateModes = {
  half_pixel: 'halfPixel',
  pytorch_half_pixel: 'pytorchHalfPixel',
  align_corners: 'alignCorners',
  asymmetric: 'asymmetric',
} as const;

const nearestModes = {
  round_prefer_floor: 'roundPreferFloor',
  round_prefer_ceil: 'roundPreferCeil',
  floor: 'floor',
  ceil: 'ceil',
} as const;

function oneOf<Name extends string, Ours>(names: Readonly<Record<Name, Ours>>, what: string, name: string): Ours {
  if (Object.hasOwn(names, name)) return names[name as Name];
  throw unsupportedModelError(`the ${what} '${name.slice(0, 40)}' is not supported, only ${Object.keys(names).join(', ')}`);
}

const resizeModes = { nearest: 'nearest', linear: 'linear' } as const;

function resize(operation: Operation): Value {
  const input = operation.node(0);
  const mode = oneOf(resizeModes, 'mode', operation.string('mode', 'nearest'));
  if (operation.opset < 11) return scaleFromOrigin(operation, mode, operation.weights(1, 'scales').data, 'ceil');
  const coordinates = oneOf(
    coordinateModes,
    'coordinate_transformation_mode',
    operation.string('coordinate_transformation_mode', 'half_pixel'),
  );
  const nearest = operation.string('nearest_mode', 'round_prefer_floor');
  const rounding = mode === 'nearest' ? { rounding: oneOf(nearestModes, 'nearest_mode', nearest) } : {};
  operation.requireInteger('antialias', 0);
  if (operation.string('keep_aspect_ratio_policy', 'stretch') !== 'stretch') {
    throw unsupportedModelError('keep_aspect_ratio_policy is not supported, only stretch');
  }
  // Of modes that are not supported: cubic, and tf_crop_and_resize.
  operation.float('cubic_coeff_a', -0.75);
  operation.integer('exclude_outside', 0);
  operation.float('extrapolation_value', 0);
  const axes = operation.integers('axes')?.map((axis) => readAxis(axis, input.dims.length)) ?? Array.from(input.dims.keys());
  const target = resizeTarget(operation, input, axes);
  return operation.builder.resize(input, { ...target, mode, coordinates, ...rounding, ...named(operation) });
}

/** Scales if they are there, else sizes; one of them is empty or missing. */
function resizeTarget(
  operation: Operation,
  input: NetworkNode,
  axes: readonly number[],
): Pick<ResizeLayerOptions, 'scale' | 'size' | 'like'> {
  const scales = operation.inputs[2] === undefined ? [] : Array.from(operation.weights(2, 'scales').data);
  if (scales.length > 0) return { scale: spatial(operation, scales, axes, 1) };
  const sizes = operation.sizes(3, 'sizes');
  if (sizes?.length !== axes.length) throw modelError(`expected ${axes.length} scales or sizes`);
  const all = sizesOf(input);
  sizes.forEach((size, index) => (all[axes[index]!] = size));
  const kept = all.slice(0, 2).every((size, axis) => size === input.dims[axis] || (typeof size !== 'number' && size.axis === axis && sharesSize(size.node, input, axis))); // prettier-ignore
  if (!kept) throw unsupportedModelError('a resize of the batch or channel axis is not supported');
  const wanted = all.slice(2);
  const [first] = wanted;
  if (first !== undefined && typeof first !== 'number') {
    const isLike = wanted.every((size, axis) => typeof size !== 'number' && size.node === first.node && size.axis === axis + 2);
    if (isLike) return { like: first.node };
  }
  return { size: wanted.map((size) => requireKnown(size, 'sizes')) };
}

function spatial(operation: Operation, scales: readonly number[], axes: readonly number[], missing: number): number[] {
  if (scales.length !== axes.length) throw modelError(`expected ${axes.length} scales, received ${scales.length}`);
  const all = operation.node(0).dims.map(() => missing);
  scales.forEach((scale, index) => (all[axes[index]!] = scale));
  if (all[0] !== 1 || all[1] !== 1) throw unsupportedModelError('a resize of the batch or channel axis is not supported');
  return all.slice(2);
}

/** Upsample until opset 9: scales are an input. */
function upsample(operation: Operation): Value {
  if (operation.opset > 9) throw modelError(`Upsample ended with opset 9, the model has ${operation.opset}`);
  return scaleFromOrigin(
    operation,
    oneOf(resizeModes, 'mode', operation.string('mode', 'nearest')),
    operation.weights(1, 'scales').data,
    'floor',
  );
}

/** Output o lies at o/scale. Of nearest elements ONNX Runtime takes the lower one, but the upper one in Resize of opset 10 where it makes an axis shorter. */
function scaleFromOrigin(operation: Operation, mode: 'nearest' | 'linear', scales: Float32Array, shortening: 'floor' | 'ceil'): Value {
  const input = operation.node(0);
  const scale = spatial(operation, Array.from(scales), Array.from(input.dims.keys()), 1);
  const shortens = scale.map((factor) => factor < 1);
  const mixed = shortening === 'ceil' && shortens.includes(true) && scale.some((factor) => factor > 1);
  if (mode === 'nearest' && mixed) throw unsupportedModelError('scales on both sides of 1 are not supported at opset 10');
  const rounding = mode === 'nearest' ? { rounding: shortens.includes(true) ? shortening : ('floor' as const) } : {};
  return operation.builder.resize(input, { scale, mode, coordinates: 'asymmetric', ...rounding, ...named(operation) });
}

function slice(operation: Operation): Value {
  const input = operation.node(0);
  const ranges = readRanges(operation).map(({ axis, begin, end, step }) => {
    if (step < 1) throw unsupportedModelError(`a step of ${step} is not supported for computed values, only steps ≥ 1`);
    return { axis, begin: clampToAxis(begin), end: clampToAxis(end), step };
  });
  return operation.builder.slice(input, ranges, named(operation));
}

/** Until opset 12 all axes from `axis` on are one; since then one axis, by default the last. */
function softmax(operation: Operation): Value {
  const input = operation.node(0);
  const rank = input.dims.length;
  const old = operation.opset < 13;
  const axis = readAxis(operation.integer('axis', old ? 1 : -1), rank);
  const behind: readonly Size[] = input.dims.slice(axis + 1);
  if (!old || behind.every((size) => size === 1)) return operation.builder.softmax(input, { axis, ...named(operation) });
  return reshapeTo(operation, operation.builder.softmax(operation.builder.flatten(input, { axis })), sizesOf(input));
}

/** Slices: of given sizes, or as many as there are outputs, all of one size but a smaller last one. */
function split(operation: Operation): readonly Value[] {
  const input = operation.node(0);
  const axis = readAxis(operation.integer('axis', 0), input.dims.length);
  const size = input.dims[axis];
  const parts = operation.integer('num_outputs', operation.outputCount);
  const given = operation.opset < 13 ? operation.integers('split') : operation.knownSizes(1, 'split');
  if (given === undefined && typeof size !== 'number')
    throw unsupportedModelError('equal parts of an axis whose size only a run tells are not supported');
  if (parts < operation.outputCount || (given ?? []).length > operation.outputCount)
    throw modelError('its parts are not as many as its outputs');
  const sizes = given ?? Array.from({ length: operation.outputCount }, (_, index) => Math.min(Math.ceil(size! / parts), size! - index * Math.ceil(size! / parts))); // prettier-ignore
  const total = sizes.reduce((sum, part) => sum + part, 0);
  if (sizes.some((part) => part < 0) || (typeof size === 'number' && total !== size)) {
    throw modelError(`its parts [${sizes.slice(0, 8).join(', ')}] do not make up the ${size ?? '?'} elements of axis ${axis}`);
  }
  let begin = 0;
  return sizes.map((part, index) => {
    const range = { axis, begin, end: (begin += part) };
    return operation.builder.slice(input, [range], { name: index === 0 ? operation.name : `${operation.name}:${index}` });
  });
}

function transpose(operation: Operation): Value {
  const input = operation.node(0);
  const permutation = operation.integers('perm') ?? Array.from(input.dims.keys()).reverse();
  return operation.builder.transpose(input, permutation, named(operation));
}
