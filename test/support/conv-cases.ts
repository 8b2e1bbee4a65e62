/** Convolutions to test with: a ConvShape from a short description, its data, and the same problem as arguments of the public functions. */
import type { Backend, ConvPlan, ConvShape, ExecutionOptions, TransposedShape, Triple } from '../../lib/backend/backend.js';
import { planConv } from '../../lib/conv-problem.js';
import type { Activation, ConvOptions, FloatTensor, Layout, PaddingMode } from '../../lib/types.js';
import { Random } from './random.js';

/** One to three spatial axes, as many as `input` and `kernel` have; a number stands for every axis. */
export interface ConvDescription {
  readonly batch?: number;
  readonly groups?: number;
  readonly inChannels?: number;
  readonly outChannels?: number;
  readonly input: readonly number[];
  readonly kernel: readonly number[];
  readonly stride?: number | readonly number[];
  readonly dilation?: number | readonly number[];
  /** 'same': what keeps the size at stride 1. */
  readonly padding?: number | 'same' | readonly (readonly [number, number])[];
  readonly paddingMode?: PaddingMode;
  readonly layout?: Layout;
  readonly activation?: Activation;
}

export interface ConvCase {
  readonly description: ConvDescription;
  readonly shape: ConvShape;
  readonly input: Float32Array;
  readonly weight: Float32Array;
  readonly bias: Float32Array | null;
}

/** What makes the reference backend and the direct kernels comparable. */
export const directOnly: ExecutionOptions = { algorithm: 'direct', tolerance: 0, threads: undefined };

export function convShape(description: ConvDescription): ConvShape {
  const { batch = 1, groups = 1, inChannels = groups, outChannels = groups, input, kernel, padding = 0 } = description;
  const perAxis = (value: number | readonly number[] = 1) => input.map((_, axis) => (typeof value === 'number' ? value : value[axis]!));
  const dilation = perAxis(description.dilation).map((step, axis) => (kernel[axis]! > 1 ? step : 1));
  const span = kernel.map((taps, axis) => dilation[axis]! * (taps - 1) + 1);
  const paddings = input.map((_, axis): readonly [number, number] => {
    if (padding === 'same') return [Math.floor((span[axis]! - 1) / 2), Math.ceil((span[axis]! - 1) / 2)];
    return typeof padding === 'number' ? [padding, padding] : padding[axis]!;
  });
  const stride = perAxis(description.stride);
  const output = input.map((size, axis) => {
    const [begin, end] = paddings[axis]!;
    const outputs = Math.floor((size + begin + end - span[axis]!) / stride[axis]!) + 1;
    if (outputs < 0 || (outputs === 0 && size > 0))
      throw new RangeError(`No kernel of span ${span[axis]} fits ${begin} + ${size} + ${end}`);
    return outputs;
  });
  const triple = (values: readonly number[], fill: number): Triple => [values.at(-3) ?? fill, values.at(-2) ?? fill, values.at(-1) ?? fill];
  return {
    batch,
    groups,
    inChannels,
    outChannels,
    input: triple(input, 1),
    kernel: triple(kernel, 1),
    stride: triple(
      // As lib/conv-shape.ts resolves it: over one output the smallest stride that leaves one.
      stride.map((step, axis) => (output[axis] === 1 ? input[axis]! + paddings[axis]![0] + paddings[axis]![1] - span[axis]! + 1 : step)),
      1,
    ),
    dilation: triple(dilation, 1),
    paddingBegin: triple(
      paddings.map(([begin]) => begin),
      0,
    ),
    paddingEnd: triple(
      paddings.map(([, end]) => end),
      0,
    ),
    output: triple(output, 1),
    paddingMode: description.paddingMode ?? 'zeros',
    layout: description.layout ?? 'channelsFirst',
    activation: description.activation ?? 'none',
  };
}

/** A convolution with random data: `'floats'` in [−1, 1), or small `'integers'` whose sums are exact. */
export function convCase(description: ConvDescription, seed = 1, values: 'floats' | 'integers' = 'floats', withBias = true): ConvCase {
  const shape = convShape(description);
  const random = new Random(seed);
  return {
    description,
    shape,
    input: random[values](inputLength(shape)),
    weight: random[values](weightLength(shape)),
    bias: withBias ? random[values](shape.outChannels) : null,
  };
}

export function inputLength({ batch, inChannels, input }: TransposedShape): number {
  return batch * inChannels * volume(input);
}

export function outputLength({ batch, outChannels, output }: TransposedShape): number {
  return batch * outChannels * volume(output);
}

export function weightLength({ groups, inChannels, outChannels, kernel }: TransposedShape): number {
  return outChannels * (inChannels / groups) * volume(kernel);
}

function volume([depth, height, width]: Triple): number {
  return depth * height * width;
}

/** A plan as the public functions make one: a backend never meets an input without elements. */
export function planCase(backend: Backend, { shape, weight, bias }: ConvCase, execution = directOnly, sibling?: ConvPlan): ConvPlan {
  const resolved = { shape, inputDims: [], outputDims: [], inputLength: inputLength(shape), outputLength: outputLength(shape) };
  return planConv(backend, resolved, weight, bias, execution, sibling);
}

/** The result of one plan and one run, written over NaNs: an element left out shows. */
export function runCase(backend: Backend, convolution: ConvCase, execution = directOnly): Float32Array {
  const output = new Float32Array(outputLength(convolution.shape)).fill(NaN);
  planCase(backend, convolution, execution).run(convolution.input, output);
  return output;
}

/** The same problem for conv(input, weight, options). */
export function publicArguments({ description, shape, input, weight, bias }: ConvCase): {
  readonly input: FloatTensor;
  readonly weight: FloatTensor;
  readonly options: ConvOptions;
} {
  const { batch, groups, inChannels, outChannels, layout, paddingMode, activation } = shape;
  // The shape has three axes, and no stride over one output or dilation of one tap.
  const last = <Value>(values: readonly Value[]) => values.slice(3 - description.input.length);
  const channelsFirst = layout === 'channelsFirst';
  const inPerGroup = inChannels / groups;
  return {
    input: { data: input, dims: channelsFirst ? [batch, inChannels, ...last(shape.input)] : [batch, ...last(shape.input), inChannels] },
    weight: {
      data: weight,
      dims: channelsFirst ? [outChannels, inPerGroup, ...last(shape.kernel)] : [...last(shape.kernel), inPerGroup, outChannels],
    },
    options: {
      bias: bias ?? undefined,
      stride: description.stride,
      dilation: description.dilation,
      padding: last(shape.paddingBegin.map((begin, axis): readonly [number, number] => [begin, shape.paddingEnd[axis]!])),
      paddingMode,
      groups,
      layout,
      activation,
    },
  };
}

/** A title: `256→256/2 33×33 k3×3 s1 d6 p6,6 reflect channelsLast relu`. */
export function titleOf({ description, shape, bias }: ConvCase): string {
  const last = <Value>(values: readonly Value[]) => values.slice(3 - description.input.length);
  const { batch, groups, inChannels, outChannels, paddingMode, layout, activation } = shape;
  const paddings = last(shape.paddingBegin.map((begin, axis) => `${begin},${shape.paddingEnd[axis]}`));
  return [
    `${batch > 1 ? `${batch}×` : ''}${inChannels}→${outChannels}${groups > 1 ? `/${groups}` : ''}`,
    last(shape.input).join('×'),
    `k${last(shape.kernel).join('×')}`,
    `s${last(shape.stride).join('×')}`,
    `d${last(shape.dilation).join('×')}`,
    `p${paddings.join('×')}`,
    ...(paddingMode === 'zeros' ? [] : [paddingMode]),
    ...(layout === 'channelsFirst' ? [] : [layout]),
    ...(activation === 'none' ? [] : [activation]),
    ...(bias ? ['bias'] : []),
  ].join(' ');
}
