/**
 * Batch norm with running statistics: y = scale·(x − mean)/√(variance + epsilon) + bias per channel, computed as one multiplication and one
 * addition where it could not be folded into a convolution.
 *
 * S. Ioffe, C. Szegedy, Batch Normalization, ICML 2015, algorithm 2.
 */
import { rangeError } from '../../errors.js';
import { sameElement } from '../../receptive-field/axis-relation.js';
import { elementCount, readNonNegativeNumber } from '../../validate.js';
import type { ChannelAffine } from '../channel-affine.js';
import type { Dims, Layer, LayerPlan, Relation, Inputs, Sizes } from '../layer.js';
import type { Parameter } from '../parameters.js';

export interface BatchNormValues {
  readonly scale: Parameter;
  readonly bias: Parameter;
  readonly mean: Parameter;
  readonly variance: Parameter;
}

export function batchNormLayer(values: BatchNormValues, epsilon: unknown): BatchNormLayer {
  return new BatchNormLayer(values, readNonNegativeNumber('epsilon', epsilon));
}

export class BatchNormLayer implements Layer {
  readonly kind = 'batchNorm';
  readonly parameters: readonly Parameter[];
  readonly affine: ChannelAffine;
  readonly #channels: number;

  constructor({ scale, bias, mean, variance }: BatchNormValues, epsilon: number) {
    // Running statistics are measured, not learned: frameworks don't count them.
    this.parameters = [scale, bias];
    this.#channels = scale.dims[0]!;
    this.affine = {
      parameters: this.parameters,
      values() {
        const deviations = Float64Array.from(variance.values(), (value) => Math.sqrt(value + epsilon));
        const means = mean.values();
        const factors = Float64Array.from(scale.values(), (value, channel) => value / deviations[channel]!);
        return { scale: factors, shift: Float64Array.from(bias.values(), (value, channel) => value - means[channel]! * factors[channel]!) };
      },
    };
  }

  outputDims([dims]: Inputs<Dims>): Dims {
    if (dims[1] !== null && dims[1] !== this.#channels) throw rangeError('the channels of the input', String(this.#channels), dims[1]);
    return dims;
  }

  relation(_index: number, _inputs: Inputs<Dims>, output: Dims): Relation {
    return { kind: 'axes', axes: output.map(() => sameElement) };
  }

  overwrites(): boolean {
    return true;
  }

  plan([dims]: Inputs<Sizes>): LayerPlan {
    const channels = this.#channels;
    const pixels = elementCount('the dims of the input', dims.slice(2));
    const { scale, shift } = this.affine.values();
    return {
      workspaceBytes: 0,
      weightBytes: scale.byteLength + shift.byteLength,
      run([input], output) {
        for (let begin = 0, channel = 0; begin < input.length; begin += pixels, channel = (channel + 1) % channels) {
          const factor = scale[channel]!;
          const summand = shift[channel]!;
          for (let index = begin; index < begin + pixels; index++) output[index] = input[index]! * factor + summand;
        }
      },
    };
  }
}
