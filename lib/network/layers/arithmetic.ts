/**
 * Sums and products of two nodes or more, element by element. Shapes are broadcast as NumPy and ONNX do: matched from the last axis, an axis of
 * size 1 (or a missing leading one) repeated along the others' size.
 */
import type { Broadcast } from '../../backend/layer-kernels.js';
import { selectBackend } from '../../backend/select.js';
import { rangeError } from '../../errors.js';
import { type AxisRelation, sameElement } from '../../receptive-field/axis-relation.js';
import type { Activation } from '../../types.js';
import { elementCount, isSizes } from '../../validate.js';
import {
  type Dims,
  type Execution,
  formatDims,
  type Layer,
  type LayerPlan,
  type Relation,
  type Size,
  type Inputs,
  type Sizes,
} from '../layer.js';
import type { FusibleLayer } from './conv.js';
import { planElementwise } from './elementwise.js';

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

  plan(inputs: Inputs<Sizes>, output: Sizes, { backend = 'auto', threads }: Execution): LayerPlan {
    const kernels = selectBackend(backend);
    const relu = this.activation === 'relu';
    if (inputs.length === 1) return planElementwise(kernels, { kind: 'clip', least: relu ? 0 : -Infinity, most: Infinity }, threads);
    const length = elementCount('the dims of the output', output);
    const operands = inputs.map((dims) => {
      const met = metBy(dims, output);
      return {
        met,
        isWhole: !met.repeated && met.run === length,
        combine: kernels.combineElements(this.kind, met, false, threads),
        combineLast: kernels.combineElements(this.kind, met, relu, threads),
      };
    });
    return {
      workspaceBytes: 0,
      weightBytes: 0,
      run(values, result) {
        // An input that the output overwrites comes first: every element of it is read before it is written. Then those that need no copy.
        const place = (index: number) => (values[index] === result ? 0 : operands[index]!.isWhole ? 1 : 2);
        const [first, ...others] = values.map((_, index) => index).sort((a, b) => place(a) - place(b)) as [number, ...number[]];
        let left = values[first]!;
        if (!operands[first]!.isWhole) {
          copyMet(operands[first]!.met, left, result);
          left = result;
        }
        others.forEach((index, at) => {
          const { combine, combineLast } = operands[index]!;
          (at === others.length - 1 ? combineLast : combine)(left, values[index]!, result);
          left = result;
        });
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

/** Which elements of an input the elements of the output meet. */
function metBy(input: readonly number[], output: Sizes): Broadcast {
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

function copyMet({ run, repeated, begins }: Broadcast, input: Float32Array, output: Float32Array): void {
  begins.forEach((from, turn) => {
    if (repeated) output.fill(input[from]!, turn * run, (turn + 1) * run);
    else output.set(input.subarray(from, from + run), turn * run);
  });
}
