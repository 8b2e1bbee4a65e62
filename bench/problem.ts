/** A named layer with data to run it on: seeded, so that every run and every machine computes the same numbers. */
import type { ConvShape, Triple } from '../lib/backend/backend.js';
import type { Layout } from '../lib/types.js';
import { multiplyCount, outputSizes, type Shape } from './shapes.js';

/** Dims and data are channels first, whatever the layout. */
export interface Problem {
  readonly name: string;
  /** [batch, inChannels, …spatial]. */
  readonly inputDims: readonly number[];
  /** [outChannels, inChannels/groups, …kernel]. */
  readonly weightDims: readonly number[];
  /** [batch, outChannels, …spatial]. */
  readonly outputDims: readonly number[];
  /** The layout that ours is timed in. */
  readonly layout: Layout;
  readonly groups: number;
  /** One per spatial axis. */
  readonly stride: readonly number[];
  /** One per spatial axis. */
  readonly dilation: readonly number[];
  /** [begin, end] per spatial axis. */
  readonly padding: readonly (readonly [number, number])[];
  readonly input: Float32Array;
  readonly weight: Float32Array;
  readonly bias: Float32Array | null;
  /** Products of the plain formula. */
  readonly multiplies: number;
}

/** Uniform in [−1, 1): xorshift32, 24 bits each, so that a float32 holds every value. */
export function seededValues(length: number, seed: number): Float32Array {
  const values = new Float32Array(length);
  let state = (seed * 2654435761) >>> 0 || 1;
  for (let i = 0; i < length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    values[i] = ((state >>> 8) - 0x800000) / 0x800000;
  }
  return values;
}

/** Data of zero mean; the weights are scaled by √(3/terms), which gives the output about the input's variance, as a trained layer has. */
export function makeProblem(shape: Shape): Problem {
  const weightDims = [shape.outChannels, shape.inChannels / shape.groups, ...shape.kernel];
  const inputDims = [shape.batch, shape.inChannels, ...shape.input];
  const output = outputSizes(shape);
  const terms = product(weightDims) / shape.outChannels;
  return {
    name: shape.name,
    inputDims,
    weightDims,
    outputDims: [shape.batch, shape.outChannels, ...output],
    layout: shape.layout,
    groups: shape.groups,
    stride: shape.kernel.map(() => shape.stride),
    dilation: shape.kernel.map(() => shape.dilation),
    padding: shape.kernel.map((size, axis) => {
      const reach = (output[axis]! - 1) * shape.stride + shape.dilation * (size - 1) + 1;
      const total = Math.max(0, reach - shape.input[axis]!);
      return [Math.floor(total / 2), Math.ceil(total / 2)] as const;
    }),
    input: seededValues(product(inputDims), 1),
    weight: seededValues(product(weightDims), 2).map((value) => value * Math.sqrt(3 / terms)),
    bias: null,
    multiplies: multiplyCount(shape),
  };
}

/** The same convolution as the backends take it: resolved integers, three axes, missing ones filled in front. */
export function resolvedShape(problem: Problem): ConvShape {
  const spatial = (dims: readonly number[]): Triple => toTriple(dims.slice(2), 1);
  return {
    batch: problem.inputDims[0]!,
    groups: problem.groups,
    inChannels: problem.inputDims[1]!,
    outChannels: problem.outputDims[1]!,
    input: spatial(problem.inputDims),
    kernel: spatial(problem.weightDims),
    stride: toTriple(problem.stride, 1),
    dilation: toTriple(problem.dilation, 1),
    paddingBegin: toTriple(
      problem.padding.map(([begin]) => begin),
      0,
    ),
    paddingEnd: toTriple(
      problem.padding.map(([, end]) => end),
      0,
    ),
    output: spatial(problem.outputDims),
    paddingMode: 'zeros',
    layout: problem.layout,
    activation: 'none',
  };
}

export function product(sizes: readonly number[]): number {
  return sizes.reduce((total, size) => total * size, 1);
}

function toTriple(values: readonly number[], fill: number): Triple {
  const triple = [fill, fill, fill, ...values].slice(-3);
  return [triple[0]!, triple[1]!, triple[2]!];
}
