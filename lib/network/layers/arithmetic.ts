/**
 * Sums and products of two nodes or more, element by element. Shapes are broadcast as NumPy and ONNX do: matched from the last axis, an axis of
 * size 1 (or a missing leading one) repeated along the others' size.
 */
import { rangeError } from '../../errors.js';
import { type AxisRelation, sameElement } from '../../receptive-field/axis-relation.js';
import type { Activation } from '../../types.js';
import { elementCount, isSizes } from '../../validate.js';
import { type Dims, formatDims, type Layer, type LayerPlan, type Relation, type Size, type Inputs, type Sizes } from '../layer.js';
import type { FusibleLayer } from './conv.js';

export function combine(kind: 'add' | 'mul'): Layer {
  return new ArithmeticLayer(kind, 'none', []);
}

class ArithmeticLayer implements FusibleLayer {
  readonly kind: 'add' | 'mul';
  readonly parameters = [];
  readonly activation: Activation;
  readonly fused: readonly string[];

  constructor(kind: 'add' | 'mul', activation: Activation, fused: readonly string[]) {
    this.kind = kind;
    this.activation = activation;
    this.fused = fused;
  }

  withRelu(name: string): FusibleLayer {
    return new ArithmeticLayer(this.kind, 'relu', [...this.fused, name]);
  }

  outputDims(inputs: Inputs<Dims>): Dims {
    return inputs.reduce(broadcast);
  }

  relation(index: number, inputs: Inputs<Dims>, output: Dims): Relation {
    const input = inputs[index]!;
    const missing = output.length - input.length;
    const axes = input.map((size, axis): AxisRelation => (size === output[axis + missing] ? sameElement : { kind: 'all' }));
    return { kind: 'axes', axes };
  }

  overwrites(index: number, inputs: Inputs<Sizes>, output: Sizes): boolean {
    return isSizes(inputs[index], output);
  }

  plan(inputs: Inputs<Sizes>, output: Sizes): LayerPlan {
    const combineRow = this.kind === 'add' ? addRow : multiplyRow;
    const relu = this.activation === 'relu';
    const walks = inputs.map((dims) => broadcastWalk(dims, output));
    const length = elementCount('the dims of the output', output);
    return {
      workspaceBytes: 0,
      weightBytes: 0,
      run(values, result) {
        // An input that the output overwrites comes first: every element of it is read before it is written.
        const order = values.map((_, index) => index).sort((a, b) => Number(values[b] === result) - Number(values[a] === result));
        const [first, ...others] = order as [number, ...number[]];
        if (values[first] !== result) copyWalk(walks[first]!, values[first]!, result, length);
        for (const index of others) combineWalk(walks[index]!, values[index]!, result, length, combineRow);
        if (!relu) return;
        for (let index = 0; index < length; index++) if (result[index]! < 0) result[index] = 0;
      },
    };
  }
}

function broadcast(left: Dims, right: Dims): Dims {
  const rank = Math.max(left.length, right.length);
  return Array.from({ length: rank }, (_, axis) => {
    const a = left[axis - rank + left.length] ?? (axis < rank - left.length ? 1 : null);
    const b = right[axis - rank + right.length] ?? (axis < rank - right.length ? 1 : null);
    return broadcastSize(a, b, left, right);
  });
}

function broadcastSize(a: Size, b: Size, left: Dims, right: Dims): Size {
  if (a === b || b === 1) return a;
  if (a === 1) return b;
  // An unknown size is the other's, or 1.
  if (a === null) return b;
  if (b === null) return a;
  throw rangeError('the inputs', `of the sizes ${formatDims(left)}, or of size 1, on every axis`, right);
}

/** Runs of `run` output elements that read an input in order (or its one element again and again), and where each run begins in the input. */
interface BroadcastWalk {
  readonly run: number;
  readonly repeated: boolean;
  readonly begins: Int32Array;
}

function broadcastWalk(input: readonly number[], output: Sizes): BroadcastWalk {
  const missing = output.length - input.length;
  const sizes = output.map((_, axis) => input[axis - missing] ?? 1);
  // The longest tail of axes along which the input is read in order, or repeated, throughout.
  const repeated = sizes.at(-1) === 1 && output.at(-1) !== 1;
  let axis = output.length;
  let run = 1;
  while (axis > 0 && (repeated ? sizes[axis - 1] === 1 : sizes[axis - 1] === output[axis - 1])) run *= output[--axis]!;
  const begins: number[] = [];
  const strides = sizes.map((size, at) => (size === 1 ? 0 : sizes.slice(at + 1).reduce((product, next) => product * next, 1)));
  const visit = (at: number, begin: number): void => {
    if (at === axis) begins.push(begin);
    else for (let index = 0; index < output[at]!; index++) visit(at + 1, begin + index * strides[at]!);
  };
  visit(0, 0);
  return { run, repeated, begins: Int32Array.from(begins) };
}

function copyWalk({ run, repeated, begins }: BroadcastWalk, input: Float32Array, output: Float32Array, length: number): void {
  for (let begin = 0, turn = 0; begin < length; begin += run, turn++) {
    const from = begins[turn]!;
    if (repeated) output.fill(input[from]!, begin, begin + run);
    else output.set(input.subarray(from, from + run), begin);
  }
}

type CombineRow = (output: Float32Array, begin: number, run: number, input: Float32Array, from: number, step: 0 | 1) => void;

function combineWalk(
  { run, repeated, begins }: BroadcastWalk,
  input: Float32Array,
  output: Float32Array,
  length: number,
  row: CombineRow,
): void {
  for (let begin = 0, turn = 0; begin < length; begin += run, turn++) row(output, begin, run, input, begins[turn]!, repeated ? 0 : 1);
}

const addRow: CombineRow = (output, begin, run, input, from, step) => {
  if (step === 0) {
    const summand = input[from]!;
    for (let index = begin; index < begin + run; index++) output[index] = output[index]! + summand;
  } else {
    for (let index = 0; index < run; index++) output[begin + index] = output[begin + index]! + input[from + index]!;
  }
};

const multiplyRow: CombineRow = (output, begin, run, input, from, step) => {
  if (step === 0) {
    const factor = input[from]!;
    for (let index = begin; index < begin + run; index++) output[index] = output[index]! * factor;
  } else {
    for (let index = 0; index < run; index++) output[begin + index] = output[begin + index]! * input[from + index]!;
  }
};
