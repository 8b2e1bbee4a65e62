/** Convolution on the kernels of `Conv`, with what was fused into it: a batch norm in its weights, a relu behind its sums. */
import { Conv } from '../../conv.js';
import { readConvOptions } from '../../conv-options.js';
import { type ConvDefinition, defineConv, requireInputRank, resolveConv, spatialAxes } from '../../conv-shape.js';
import { convOutputSize } from '../../geometry/output-size.js';
import type { AxisWindow } from '../../geometry/axis.js';
import { padAxis } from '../../geometry/padding.js';
import { sameElement } from '../../receptive-field/axis-relation.js';
import type { Activation } from '../../types.js';
import { rangeError } from '../../errors.js';
import { elementCount } from '../../validate.js';
import type { ChannelAffine } from '../channel-affine.js';
import {
  type Dims,
  type Execution,
  isComplete,
  type Layer,
  type LayerPlan,
  type Relation,
  type Inputs,
  type Sizes,
  requireBegin,
} from '../layer.js';
import type { ParameterShape } from '../parameters.js';
import { foldKernel, type KernelParameters, type KernelSource, parametersOf, planKernel, withAffine } from './kernel.js';

/** A layer that may take a relu behind it, and a scale and shift of its output channels, into itself. */
export interface FusibleLayer extends Layer {
  readonly activation: Activation;
  withRelu(name: string): FusibleLayer;
  withAffine?(affine: ChannelAffine, name: string): FusibleLayer;
}

export function isFusible(layer: Layer): layer is FusibleLayer {
  return 'withRelu' in layer;
}

export function convLayer(kernel: KernelParameters, options: Readonly<Record<string, unknown>>): Layer {
  const { settings } = readConvOptions(options, spatialAxes(kernel.weight.dims, 'a network', undefined));
  return new ConvLayer({ ...kernel, affines: [] }, defineConv(kernel.weight.dims, settings), settings.activation, []);
}

class ConvLayer implements FusibleLayer {
  readonly kind = 'conv';
  readonly parameters: readonly ParameterShape[];
  readonly activation: Activation;
  readonly fused: readonly string[];
  readonly #definition: ConvDefinition;
  /** None once the convolution has its own copy of the values. */
  #source: KernelSource | undefined;
  #conv: Conv | undefined;

  constructor(source: KernelSource, definition: ConvDefinition, activation: Activation, fused: readonly string[]) {
    this.#source = source;
    this.#definition = definition;
    this.activation = activation;
    this.fused = fused;
    this.parameters = parametersOf(source);
  }

  withRelu(name: string): FusibleLayer {
    return new ConvLayer(this.#source!, this.#definition, 'relu', [...this.fused, name]);
  }

  withAffine(affine: ChannelAffine, name: string): FusibleLayer {
    return new ConvLayer(withAffine(this.#source!, affine), this.#definition, this.activation, [...this.fused, name]);
  }

  outputDims([dims]: Inputs<Dims>): Dims {
    const { kernel, channelsPerGroup, outChannels, settings } = this.#definition;
    if (isComplete(dims)) {
      requireInputRank('the dims of the input', dims, kernel.length);
      return resolveConv(this.#definition, 'the input', dims).outputDims;
    }
    if (dims.length !== kernel.length + 2) throw rangeError('the dims of the input', `of rank ${kernel.length + 2}`, dims);
    const channels = channelsPerGroup * settings.groups;
    if (dims[1] !== null && dims[1] !== channels) throw rangeError('the channels of the input', String(channels), dims[1]);
    const sizes = kernel.map((taps, axis) => {
      const size = dims[axis + 2] ?? null;
      if (size === null) return null;
      const { stride, dilation, padding } = this.#window(axis);
      const [begin, end] = padAxis(size, taps, stride, dilation, padding);
      const outputs = convOutputSize(size, taps, stride, dilation, begin, end);
      return outputs < 0 ? null : outputs;
    });
    return [dims[0]!, outChannels, ...sizes];
  }

  relation(_index: number, [input]: Inputs<Dims>): Relation {
    const { kernel, channelsPerGroup, outChannels, settings } = this.#definition;
    const axes = kernel.map((taps, axis) => ({
      kind: 'window' as const,
      kernel: taps,
      stride: settings.stride[axis]!,
      dilation: settings.dilation[axis]!,
      begin: requireBegin(this.#window(axis), input[axis + 2]),
      transposed: false,
      paddingMode: settings.paddingMode,
    }));
    const channels = { kind: 'blocks' as const, inputs: channelsPerGroup, outputs: outChannels / settings.groups };
    return { kind: 'axes', axes: [sameElement, channels, ...axes] };
  }

  plan([dims]: Inputs<Sizes>, _output: Sizes, execution: Execution): LayerPlan {
    const layer = (this.#conv ??= this.#makeConv(execution));
    this.#source = undefined;
    return planKernel(layer, dims);
  }

  #window(axis: number): AxisWindow {
    const { kernel, settings } = this.#definition;
    const padding = typeof settings.padding === 'string' ? settings.padding : settings.padding[axis]!;
    return { kernel: kernel[axis]!, stride: settings.stride[axis]!, dilation: settings.dilation[axis]!, padding };
  }

  #makeConv(execution: Execution): Conv {
    const { stride, dilation, padding, paddingMode, groups } = this.#definition.settings;
    const { outChannels } = this.#definition;
    const source = this.#source!;
    const perChannel = elementCount('the dims of the weight', source.weight.dims) / outChannels;
    const { weight, bias } = foldKernel(source, (index) => Math.floor(index / perChannel));
    return new Conv(weight, { ...execution, bias, stride, dilation, padding, paddingMode, groups, activation: this.activation });
  }
}
