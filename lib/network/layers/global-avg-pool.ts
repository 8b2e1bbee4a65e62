/** The mean over all spatial axes, which keep size 1; sums in double precision. */
import { rangeError } from '../../errors.js';
import { sameElement } from '../../receptive-field/axis-relation.js';
import { type Dims, type Layer, type LayerPlan, type Relation, type Inputs, type Sizes } from '../layer.js';

export function globalAvgPoolLayer(): Layer {
  return new GlobalAvgPoolLayer();
}

class GlobalAvgPoolLayer implements Layer {
  readonly kind = 'globalAvgPool';
  readonly parameters = [];

  outputDims([dims]: Inputs<Dims>): Dims {
    if (dims.length < 3) throw rangeError('the dims of the input', '[batch, channels, …spatial]', dims);
    return dims.map((size, axis) => (axis < 2 ? size : 1));
  }

  relation(_index: number, _inputs: Inputs<Dims>, output: Dims): Relation {
    return { kind: 'axes', axes: output.map((_, axis) => (axis < 2 ? sameElement : { kind: 'all' })) };
  }

  plan([dims]: Inputs<Sizes>): LayerPlan {
    const pixels = dims.slice(2).reduce((product, size) => product * size, 1);
    return {
      workspaceBytes: 0,
      weightBytes: 0,
      run([input], output) {
        for (let plane = 0; plane < output.length; plane++) {
          let sum = 0;
          for (let index = plane * pixels; index < (plane + 1) * pixels; index++) sum += input[index]!;
          output[plane] = sum / pixels;
        }
      },
    };
  }
}
