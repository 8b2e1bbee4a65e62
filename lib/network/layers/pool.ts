/** Pools: the largest element, or the mean, of the window o·stride − begin + t·dilation, t < kernel, taps outside the input skipped. */
import type { PoolAxis } from '../../backend/layer-kernels.js';
import { selectBackend } from '../../backend/select.js';
import { readConvOptions } from '../../conv-options.js';
import { rangeError, typeError } from '../../errors.js';
import { type AxisWindow, readRounding, type Rounding } from '../../geometry/axis.js';
import { effectiveKernel } from '../../geometry/effective-kernel-size.js';
import { ceilOutputSize, convOutputSize } from '../../geometry/output-size.js';
import { padAxis } from '../../geometry/padding.js';
import { sameElement } from '../../receptive-field/axis-relation.js';
import { readPerAxis } from '../../validate.js';
import type { AxesPadding } from '../../conv-options.js';
import {
  type Dims,
  type Execution,
  type Inputs,
  type Layer,
  type LayerPlan,
  planOf,
  type Relation,
  requireBegin,
  type Sizes,
} from '../layer.js';
import { requireRank, requireSpatialAxes, spatialTriple } from './spatial.js';

type PoolKind = 'maxPool' | 'avgPool';

interface PoolSettings {
  readonly kernel: readonly number[];
  readonly stride: readonly number[];
  readonly dilation: readonly number[];
  readonly padding: AxesPadding;
  readonly rounding: Rounding;
  readonly countIncludePad: boolean;
}

export function poolLayer(kind: PoolKind, axes: number, options: Readonly<Record<string, unknown>>): Layer {
  requireSpatialAxes(axes);
  const { kernel, stride, dilation, padding, rounding = 'floor', countIncludePad = false } = options;
  if (typeof countIncludePad !== 'boolean') throw typeError('countIncludePad', 'a boolean', countIncludePad);
  const taps = readPerAxis('kernel', kernel, axes, 1);
  const { settings } = readConvOptions({ stride: stride ?? taps, dilation: dilation ?? 1, padding: padding ?? 'valid' }, axes);
  return new PoolLayer(kind, {
    kernel: taps,
    stride: settings.stride,
    dilation: settings.dilation,
    padding: settings.padding,
    rounding: readRounding('rounding', rounding),
    countIncludePad,
  });
}

class PoolLayer implements Layer {
  readonly kind: PoolKind;
  readonly parameters = [];
  readonly #settings: PoolSettings;

  constructor(kind: PoolKind, settings: PoolSettings) {
    this.kind = kind;
    this.#settings = settings;
  }

  outputDims([dims]: Inputs<Dims>): Dims {
    const { kernel, stride, dilation, rounding } = this.#settings;
    requireRank(dims, kernel.length);
    const size = rounding === 'floor' ? convOutputSize : ceilOutputSize;
    return dims.map((input, at) => {
      const axis = at - 2;
      if (axis < 0 || input === null) return input;
      const [begin, end] = this.#padding(axis, input);
      const outputs = size(input, kernel[axis]!, stride[axis]!, dilation[axis]!, begin, end);
      if (outputs >= 0) return outputs;
      const window = effectiveKernel(kernel[axis]!, dilation[axis]!);
      throw rangeError(
        `the effective kernel size of spatial axis ${axis}`,
        `at most ${input + begin + end}, the padded input size`,
        window,
      );
    });
  }

  relation(_index: number, [input]: Inputs<Dims>): Relation {
    const { kernel, stride, dilation } = this.#settings;
    const axes = kernel.map((taps, axis) => ({
      kind: 'window' as const,
      kernel: taps,
      stride: stride[axis]!,
      dilation: dilation[axis]!,
      begin: requireBegin(this.#window(axis), input[axis + 2]),
      transposed: false,
      paddingMode: 'zeros' as const,
    }));
    return { kind: 'axes', axes: [sameElement, sameElement, ...axes] };
  }

  plan([dims]: Inputs<Sizes>, output: Sizes, { backend = 'auto', threads }: Execution): LayerPlan {
    const { kernel, stride, dilation, countIncludePad } = this.#settings;
    const axes = kernel.map((taps, axis): PoolAxis => {
      const input = dims[axis + 2]!;
      const [begin, end] = this.#padding(axis, input);
      const counted = countIncludePad ? ([-begin, input + end] as const) : ([0, input] as const);
      return { input, output: output[axis + 2]!, kernel: taps, stride: stride[axis]!, dilation: dilation[axis]!, begin, counted };
    });
    const shape = { kind: this.kind, planes: dims[0]! * dims[1]!, axes: spatialTriple(axes, oneElement) };
    return planOf(selectBackend(backend).pool(shape, threads));
  }

  #window(axis: number): AxisWindow {
    const { kernel, stride, dilation, padding } = this.#settings;
    const given = typeof padding === 'string' ? padding : padding[axis]!;
    return { kernel: kernel[axis]!, stride: stride[axis]!, dilation: dilation[axis]!, padding: given };
  }

  #padding(axis: number, size: number): readonly [number, number] {
    const { kernel, stride, dilation, padding } = this.#window(axis);
    return padAxis(size, kernel, stride, dilation, padding);
  }
}

const oneElement: PoolAxis = { input: 1, output: 1, kernel: 1, stride: 1, dilation: 1, begin: 0, counted: [0, 1] };
