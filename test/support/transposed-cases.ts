/** Transposed convolutions to test with: a TransposedShape from a short description, its data, and the same problem as public arguments. */
import type { Backend, ConvPlan, TransposedShape, Triple } from '../../lib/backend/backend.js';
import type { ConvTransposeOptions, FloatTensor } from '../../lib/types.js';
import { referenceConvTranspose } from '../reference/conv-transpose.js';
import type { ReferenceResult } from '../reference/conv.js';
import { type ConvDescription, directOnly, inputLength, outputLength, weightLength } from './conv-cases.js';
import { Random } from './random.js';

/** One to three spatial axes, as many as `input` and `kernel` have; a number stands for every axis. */
export interface TransposedDescription extends Omit<ConvDescription, 'padding' | 'paddingMode'> {
  /** What is cut from the ends. */
  readonly padding?: number | readonly (readonly [number, number])[];
  readonly outputPadding?: number | readonly number[];
}

export interface TransposedCase {
  readonly description: TransposedDescription;
  readonly shape: TransposedShape;
  readonly input: Float32Array;
  readonly weight: Float32Array;
  readonly bias: Float32Array | null;
}

export function transposedShape(description: TransposedDescription): TransposedShape {
  const { batch = 1, groups = 1, inChannels = groups, outChannels = groups, input, kernel, padding = 0 } = description;
  const perAxis = (value: number | readonly number[]) => input.map((_, axis) => (typeof value === 'number' ? value : value[axis]!));
  const stride = perAxis(description.stride ?? 1);
  const dilation = perAxis(description.dilation ?? 1).map((step, axis) => (kernel[axis]! > 1 ? step : 1));
  const outputPadding = perAxis(description.outputPadding ?? 0);
  const paddings = input.map((_, axis) => (typeof padding === 'number' ? ([padding, padding] as const) : padding[axis]!));
  const output = input.map((size, axis) => {
    const [begin, end] = paddings[axis]!;
    return (size - 1) * stride[axis]! + dilation[axis]! * (kernel[axis]! - 1) + 1 - begin - end + outputPadding[axis]!;
  });
  if (output.some((size) => size <= 0)) throw new RangeError(`Nothing is left of ${JSON.stringify(description)}`);
  const triple = (values: readonly number[], fill: number): Triple => [values.at(-3) ?? fill, values.at(-2) ?? fill, values.at(-1) ?? fill];
  return {
    batch,
    groups,
    inChannels,
    outChannels,
    input: triple(input, 1),
    kernel: triple(kernel, 1),
    stride: triple(stride, 1),
    dilation: triple(dilation, 1),
    paddingBegin: triple(
      paddings.map(([begin]) => begin),
      0,
    ),
    output: triple(output, 1),
    layout: description.layout ?? 'channelsFirst',
    activation: description.activation ?? 'none',
  };
}

/** With random data: `'floats'` in [−1, 1), or small `'integers'` whose sums are exact. */
export function transposedCase(
  description: TransposedDescription,
  seed = 1,
  values: 'floats' | 'integers' = 'floats',
  withBias = true,
): TransposedCase {
  const shape = transposedShape(description);
  const random = new Random(seed);
  return {
    description,
    shape,
    input: random[values](inputLength(shape)),
    weight: random[values](weightLength(shape)),
    bias: withBias ? random[values](shape.outChannels) : null,
  };
}

export function planTransposedCase(
  backend: Backend,
  { shape, weight, bias }: TransposedCase,
  execution = directOnly,
  sibling?: ConvPlan,
): ConvPlan {
  return backend.planTransposed(shape, weight, bias, execution, sibling);
}

/** The result of one plan and one run, written over NaNs: an element left out shows. */
export function runTransposedCase(backend: Backend, convolution: TransposedCase, execution = directOnly): Float32Array {
  const output = new Float32Array(outputLength(convolution.shape)).fill(NaN);
  planTransposedCase(backend, convolution, execution).run(convolution.input, output);
  return output;
}

export function transposedReference({ shape, input, weight, bias }: TransposedCase): ReferenceResult {
  return referenceConvTranspose(shape, input, weight, bias);
}

/** The same problem for convTranspose(input, weight, options). */
export function transposedArguments({ description, shape, input, weight, bias }: TransposedCase): {
  readonly input: FloatTensor;
  readonly weight: FloatTensor;
  readonly options: ConvTransposeOptions;
} {
  const { batch, groups, inChannels, outChannels, layout, activation } = shape;
  const last = <Value>(values: readonly Value[]) => values.slice(3 - description.input.length);
  const channelsFirst = layout === 'channelsFirst';
  const outPerGroup = outChannels / groups;
  return {
    input: { data: input, dims: channelsFirst ? [batch, inChannels, ...last(shape.input)] : [batch, ...last(shape.input), inChannels] },
    weight: {
      data: weight,
      dims: channelsFirst ? [inChannels, outPerGroup, ...last(shape.kernel)] : [...last(shape.kernel), outPerGroup, inChannels],
    },
    options: {
      bias: bias ?? undefined,
      stride: description.stride,
      dilation: description.dilation,
      padding: description.padding,
      outputPadding: description.outputPadding,
      groups,
      layout,
      activation,
    },
  };
}

/** A title: `16→8/2 9×9 k4×4 s2×2 d1×1 →18×18 channelsLast relu bias`. */
export function transposedTitle({ description, shape, bias }: TransposedCase): string {
  const last = (values: readonly number[]) => values.slice(3 - description.input.length).join('×');
  const { batch, groups, inChannels, outChannels, layout, activation } = shape;
  return [
    `${batch > 1 ? `${batch}×` : ''}${inChannels}→${outChannels}${groups > 1 ? `/${groups}` : ''}`,
    last(shape.input),
    `k${last(shape.kernel)} s${last(shape.stride)} d${last(shape.dilation)}`,
    `p${last(shape.paddingBegin)}`,
    `→${last(shape.output)}`,
    ...(layout === 'channelsFirst' ? [] : [layout]),
    ...(activation === 'none' ? [] : [activation]),
    ...(bias ? ['bias'] : []),
  ].join(' ');
}
