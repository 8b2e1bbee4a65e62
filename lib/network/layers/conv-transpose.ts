/** Transposed convolution: input j reaches the outputs j·stride − begin + t·dilation, t < kernel; with what was fused into it, as in a convolution. */
import { type AxesPadding, readTransposedOptions } from '../../conv-options.js';
import { spatialAxes } from '../../conv-shape.js';
import { ConvTranspose } from '../../conv-transpose.js';
import { rangeError } from '../../errors.js';
import { convTransposedOutputSize, padTransposedAxis } from '../../geometry/transposed-output-size.js';
import { sameElement } from '../../receptive-field/axis-relation.js';
import type { Activation } from '../../types.js';
import type { ChannelAffine } from '../channel-affine.js';
import { type Dims, type Execution, type Layer, type LayerPlan, type Relation, type Inputs, type Sizes } from '../layer.js';
import type { ParameterShape } from '../parameters.js';
import type { FusibleLayer } from './conv.js';
import { foldKernel, type KernelParameters, type KernelSource, parametersOf, planKernel, withAffine } from './kernel.js';

interface ConvTransposeSettings {
  readonly kernel: readonly number[];
  readonly inChannels: number;
  readonly outChannels: number;
  readonly groups: number;
  readonly stride: readonly number[];
  readonly dilation: readonly number[];
  readonly padding: AxesPadding;
  readonly outputPadding: readonly number[];
}

export function convTransposeLayer(kernel: KernelParameters, options: Readonly<Record<string, unknown>>): Layer {
  const [inChannels, outPerGroup, ...taps] = kernel.weight.dims;
  const axes = spatialAxes(kernel.weight.dims, 'a network', undefined);
  const { stride, dilation, padding, outputPadding, groups, activation } = readTransposedOptions(options, axes).settings;
  if (inChannels! % groups !== 0) throw rangeError('groups', `a divisor of the ${inChannels} input channels`, groups);
  const settings = {
    kernel: taps,
    inChannels: inChannels!,
    outChannels: outPerGroup! * groups,
    groups,
    stride,
    dilation,
    padding,
    outputPadding,
  };
  return new ConvTransposeLayer({ ...kernel, affines: [] }, settings, activation, []);
}

class ConvTransposeLayer implements FusibleLayer {
  readonly kind = 'convTranspose';
  readonly parameters: readonly ParameterShape[];
  readonly activation: Activation;
  readonly fused: readonly string[];
  readonly #settings: ConvTransposeSettings;
  /** None once the convolution has its own copy of the values. */
  #source: KernelSource | undefined;
  #conv: ConvTranspose | undefined;

  constructor(source: KernelSource, settings: ConvTransposeSettings, activation: Activation, fused: readonly string[]) {
    this.#source = source;
    this.#settings = settings;
    this.activation = activation;
    this.fused = fused;
    this.parameters = parametersOf(source);
  }

  withRelu(name: string): FusibleLayer {
    return new ConvTransposeLayer(this.#source!, this.#settings, 'relu', [...this.fused, name]);
  }

  withAffine(affine: ChannelAffine, name: string): FusibleLayer {
    return new ConvTransposeLayer(withAffine(this.#source!, affine), this.#settings, this.activation, [...this.fused, name]);
  }

  outputDims([dims]: Inputs<Dims>): Dims {
    const { kernel, inChannels, outChannels, stride, dilation, outputPadding } = this.#settings;
    if (dims.length !== kernel.length + 2) {
      throw rangeError('the dims of the input', `of rank ${kernel.length + 2}, the rank of the weight`, dims);
    }
    if (dims[1] !== null && dims[1] !== inChannels) throw rangeError('the channels of the input', String(inChannels), dims[1]);
    const sizes = kernel.map((taps, axis) => {
      const size = dims[axis + 2] ?? null;
      if (size === null) return null;
      const [begin, end] = this.#padding(axis);
      const outputs = convTransposedOutputSize(size, taps, stride[axis]!, dilation[axis]!, begin, end, outputPadding[axis]!);
      if (outputs > 0 || (outputs === 0 && size === 0)) return outputs;
      throw rangeError(`the output size of spatial axis ${axis}`, 'positive (padding cuts the whole output)', outputs);
    });
    return [dims[0]!, outChannels, ...sizes];
  }

  relation(): Relation {
    const { kernel, inChannels, outChannels, groups, stride, dilation } = this.#settings;
    const axes = kernel.map((taps, axis) => ({
      kind: 'window' as const,
      kernel: taps,
      stride: stride[axis]!,
      dilation: dilation[axis]!,
      begin: this.#padding(axis)[0],
      transposed: true,
      paddingMode: 'zeros' as const,
    }));
    const channels = { kind: 'blocks' as const, inputs: inChannels / groups, outputs: outChannels / groups };
    return { kind: 'axes', axes: [sameElement, channels, ...axes] };
  }

  plan([dims]: Inputs<Sizes>, _output: Sizes, execution: Execution): LayerPlan {
    const layer = (this.#conv ??= this.#makeConv(execution));
    this.#source = undefined;
    return planKernel(layer, dims);
  }

  #padding(axis: number): readonly [number, number] {
    const { kernel, stride, dilation, padding, outputPadding } = this.#settings;
    const given = typeof padding === 'string' ? padding : padding[axis]!;
    return padTransposedAxis(kernel[axis]!, stride[axis]!, dilation[axis]!, given, outputPadding[axis]!);
  }

  #makeConv(execution: Execution): ConvTranspose {
    const { stride, dilation, padding, outputPadding, groups, kernel, inChannels, outChannels } = this.#settings;
    // The weight is [inChannels][outPerGroup][taps]: which output channel a value is for depends on its input channel's group.
    const outPerGroup = outChannels / groups;
    const taps = kernel.reduce((product, size) => product * size, 1);
    const { weight, bias } = foldKernel(this.#source!, (index) => {
      const row = Math.floor(index / taps);
      return Math.floor(Math.floor(row / outPerGroup) / (inChannels / groups)) * outPerGroup + (row % outPerGroup);
    });
    return new ConvTranspose(weight, {
      ...execution,
      bias,
      stride,
      dilation,
      padding,
      outputPadding,
      groups,
      activation: this.activation,
    });
  }
}
