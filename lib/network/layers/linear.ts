/** Linear layer: y = x·weightᵀ + bias of [batch, features], a convolution of kernel 1 over an axis of one element. */
import type { Activation } from '../../types.js';
import { rangeError } from '../../errors.js';
import { sameElement } from '../../receptive-field/axis-relation.js';
import { type Dims, type Execution, type Layer, type LayerPlan, type Relation, type Inputs, type Sizes } from '../layer.js';
import type { ParameterShape } from '../parameters.js';
import type { ChannelAffine } from '../channel-affine.js';
import { convLayer, type FusibleLayer, isFusible } from './conv.js';
import type { KernelParameters } from './kernel.js';

export function linearLayer({ weight, bias }: KernelParameters, activation: unknown): Layer {
  if (weight.dims.length !== 2) throw rangeError('weight.dims', '[outFeatures, inFeatures]', weight.dims);
  const kernel = { weight: { ...weight, dims: [...weight.dims, 1], values: () => weight.values() }, bias };
  return new LinearLayer(weight.dims[1]!, convLayer(kernel, { activation: activation ?? 'none' }));
}

class LinearLayer implements FusibleLayer {
  readonly kind = 'linear';
  readonly parameters: readonly ParameterShape[];
  readonly activation: Activation;
  readonly fused: readonly string[];
  readonly #features: number;
  readonly #conv: FusibleLayer;

  constructor(features: number, conv: Layer) {
    if (!isFusible(conv)) throw new Error('A convolution takes what follows it into itself');
    this.#features = features;
    this.#conv = conv;
    this.parameters = conv.parameters;
    this.activation = conv.activation;
    this.fused = conv.fused ?? [];
  }

  withRelu(name: string): FusibleLayer {
    return new LinearLayer(this.#features, this.#conv.withRelu(name));
  }

  withAffine(affine: ChannelAffine, name: string): FusibleLayer {
    return new LinearLayer(this.#features, this.#conv.withAffine!(affine, name));
  }

  outputDims([dims]: Inputs<Dims>): Dims {
    const [batch, features] = dims;
    if (dims.length !== 2 || (features !== null && features !== this.#features)) {
      throw rangeError('the dims of the input', `[batch, ${this.#features}]`, dims);
    }
    return [batch!, this.#conv.outputDims([[1, this.#features, 1]])[1]!];
  }

  relation(): Relation {
    return { kind: 'axes', axes: [sameElement, { kind: 'all' }] };
  }

  plan([dims]: Inputs<Sizes>, output: Sizes, execution: Execution): LayerPlan {
    return this.#conv.plan([[...dims, 1]], [...output, 1], execution);
  }
}
