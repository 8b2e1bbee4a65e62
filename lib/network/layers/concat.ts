/** Concatenation: inputs one behind the other along one axis. */
import { rangeError } from '../../errors.js';
import { sameElement, shifted } from '../../receptive-field/axis-relation.js';
import { type Dims, formatDims, type Layer, type LayerPlan, type Relation, type Inputs, requireSize, type Sizes } from '../layer.js';

export function concatLayer(axis: number): Layer {
  return new ConcatLayer(axis);
}

class ConcatLayer implements Layer {
  readonly kind = 'concat';
  readonly parameters = [];
  readonly #axis: number;

  constructor(axis: number) {
    this.#axis = axis;
  }

  outputDims(inputs: Inputs<Dims>): Dims {
    const axis = this.#axis;
    return inputs.reduce((left, right) => {
      if (left.length !== right.length) throw mismatch(axis, left, right);
      return left.map((size, at) => {
        const other = right[at] ?? null;
        if (at === axis) return size === null || other === null ? null : size + other;
        if (size !== null && other !== null && size !== other) throw mismatch(axis, left, right);
        return size ?? other;
      });
    });
  }

  relation(index: number, inputs: Inputs<Dims>, output: Dims): Relation {
    const before = inputs
      .slice(0, index)
      .reduce((sum, dims) => sum + requireSize(dims[this.#axis], 'where a part of the concatenation begins'), 0);
    return { kind: 'axes', axes: output.map((_, axis) => (axis === this.#axis ? shifted(-before) : sameElement)) };
  }

  parts(inputs: Inputs<Sizes>, output: Sizes): readonly number[] | undefined {
    const { outer, runs } = this.#runs(inputs, output);
    if (outer !== 1) return undefined;
    return runs.map((_, index) => runs.slice(0, index).reduce((sum, run) => sum + run, 0));
  }

  plan(inputs: Inputs<Sizes>, output: Sizes): LayerPlan {
    const { outer, runs } = this.#runs(inputs, output);
    return {
      workspaceBytes: 0,
      weightBytes: 0,
      run(values, result) {
        let begin = 0;
        for (let turn = 0; turn < outer; turn++) {
          runs.forEach((run, index) => {
            const part = values[index]!.subarray(turn * run, (turn + 1) * run);
            const isThere = part.buffer === result.buffer && part.byteOffset === result.byteOffset + begin * result.BYTES_PER_ELEMENT;
            if (!isThere) result.set(part, begin);
            begin += run;
          });
        }
      },
    };
  }

  /** Elements of each input that stand together in the output, and how often they do. */
  #runs(inputs: Inputs<Sizes>, output: Sizes): { readonly outer: number; readonly runs: readonly number[] } {
    const outer = output.slice(0, this.#axis).reduce((product, size) => product * size, 1);
    const inner = output.slice(this.#axis + 1).reduce((product, size) => product * size, 1);
    return { outer, runs: inputs.map((dims) => dims[this.#axis]! * inner) };
  }
}

function mismatch(axis: number, left: Dims, right: Dims): RangeError {
  return rangeError('the inputs', `of the sizes ${formatDims(left)} on all axes but ${axis}`, right);
}
