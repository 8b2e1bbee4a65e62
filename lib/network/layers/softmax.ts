/** Softmax along one axis: y = e^(x − max) / Σ e^(x − max), sums in double precision. */
import { sameElement } from '../../receptive-field/axis-relation.js';
import type { Dims, Layer, LayerPlan, Relation, Inputs, Sizes } from '../layer.js';

export function softmaxLayer(axis: number): Layer {
  return new SoftmaxLayer(axis);
}

class SoftmaxLayer implements Layer {
  readonly kind = 'softmax';
  readonly parameters = [];
  readonly #axis: number;

  constructor(axis: number) {
    this.#axis = axis;
  }

  outputDims([dims]: Inputs<Dims>): Dims {
    return dims;
  }

  relation(_index: number, _inputs: Inputs<Dims>, output: Dims): Relation {
    return { kind: 'axes', axes: output.map((_, axis) => (axis === this.#axis ? { kind: 'all' } : sameElement)) };
  }

  overwrites(): boolean {
    return true;
  }

  plan([dims]: Inputs<Sizes>): LayerPlan {
    const size = dims[this.#axis]!;
    const inner = dims.slice(this.#axis + 1).reduce((product, next) => product * next, 1);
    // One row of maxima and one of sums, so that every pass runs along memory.
    const largest = new Float32Array(inner);
    const sums = new Float64Array(inner);
    return {
      workspaceBytes: largest.byteLength + sums.byteLength,
      weightBytes: 0,
      run([input], output) {
        for (let begin = 0; begin < input.length; begin += size * inner) {
          largest.fill(-Infinity);
          sums.fill(0);
          for (let row = begin; row < begin + size * inner; row += inner) {
            for (let index = 0; index < inner; index++) {
              const value = input[row + index]!;
              if (value > largest[index]! || Number.isNaN(value)) largest[index] = value;
            }
          }
          for (let row = begin; row < begin + size * inner; row += inner) {
            for (let index = 0; index < inner; index++) {
              const power = Math.exp(input[row + index]! - largest[index]!);
              output[row + index] = power;
              sums[index] = sums[index]! + power;
            }
          }
          for (let row = begin; row < begin + size * inner; row += inner) {
            for (let index = 0; index < inner; index++) output[row + index] = output[row + index]! / sums[index]!;
          }
        }
      },
    };
  }
}
