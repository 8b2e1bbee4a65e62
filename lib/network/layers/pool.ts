/**
 * Pools: the largest element, or the mean, of the window o·stride − begin + t·dilation, t < kernel, taps outside the input skipped.
 *
 * Row by row: an output row takes each tap's row into itself, along memory, while it stays in the first cache.
 */
import { readConvOptions } from '../../conv-options.js';
import { rangeError, typeError } from '../../errors.js';
import { type AxisWindow, readRounding, type Rounding } from '../../geometry/axis.js';
import { effectiveKernel } from '../../geometry/effective-kernel-size.js';
import { ceilOutputSize, convOutputSize } from '../../geometry/output-size.js';
import { padAxis } from '../../geometry/padding.js';
import { sameElement } from '../../receptive-field/axis-relation.js';
import { readPerAxis } from '../../validate.js';
import type { AxesPadding } from '../../conv-options.js';
import { type Dims, type Inputs, type Layer, type LayerPlan, type Relation, requireBegin, type Sizes } from '../layer.js';
import { requireRank, requireSpatialAxes, spatialTriple, type Triple } from './spatial.js';

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

  plan([dims]: Inputs<Sizes>, output: Sizes): LayerPlan {
    const { kernel, stride, dilation, countIncludePad } = this.#settings;
    const axes = kernel.map((taps, axis): PoolAxis => {
      const input = dims[axis + 2]!;
      const [begin, end] = this.#padding(axis, input);
      const shape = { input, output: output[axis + 2]!, kernel: taps, stride: stride[axis]!, dilation: dilation[axis]!, begin };
      return { ...shape, counts: tapCounts(shape, countIncludePad ? [-begin, input + end] : [0, input]) };
    });
    const triple = spatialTriple(axes, noAxis);
    const sums = new Float64Array(this.kind === 'avgPool' ? triple[2].output : 0);
    const run = this.kind === 'maxPool' ? maxPool : (x: Float32Array, y: Float32Array, a: Triple<PoolAxis>) => { avgPool(x, y, a, sums); }; // prettier-ignore
    return {
      workspaceBytes: sums.byteLength,
      weightBytes: 0,
      run([input], result) {
        run(input, result, triple);
      },
    };
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

interface PoolAxisShape {
  readonly input: number;
  readonly output: number;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly begin: number;
}

interface PoolAxis extends PoolAxisShape {
  /** By how many taps the sum of each output is divided. */
  readonly counts: Float64Array;
}

const noAxis: PoolAxis = { input: 1, output: 1, kernel: 1, stride: 1, dilation: 1, begin: 0, counts: Float64Array.of(1) };

/** Taps of each output that lie in [first, end). */
function tapCounts({ output, kernel, stride, dilation, begin }: PoolAxisShape, [first, end]: readonly [number, number]): Float64Array {
  const below = (firstTap: number, position: number) => Math.max(0, Math.min(kernel, Math.ceil((position - firstTap) / dilation)));
  return Float64Array.from({ length: output }, (_, index) => {
    const firstTap = index * stride - begin;
    return below(firstTap, end) - below(firstTap, first);
  });
}

/** The outputs [begin, end) whose tap `tap` lies inside the input, as reads from `from` on. */
function tapRun({ input, output, stride, dilation, begin }: PoolAxisShape, tap: number) {
  const position = tap * dilation - begin;
  const first = Math.max(0, Math.ceil(-position / stride));
  const last = Math.min(output - 1, Math.floor((input - 1 - position) / stride));
  return { first, end: Math.max(first, last + 1), from: first * stride + position };
}

function inputAt({ input, stride, dilation, begin }: PoolAxisShape, output: number, tap: number): number {
  const position = output * stride - begin + tap * dilation;
  return position < input ? position : -1;
}

function maxPool(input: Float32Array, result: Float32Array, [depth, height, width]: Triple<PoolAxis>): void {
  result.fill(-Infinity);
  eachTapRow(input.length, [depth, height, width], (from, to) => {
    for (let tap = 0; tap < width.kernel; tap++) {
      const run = tapRun(width, tap);
      let read = from + run.from;
      for (let index = to + run.first; index < to + run.end; index++, read += width.stride) {
        const value = input[read]!;
        if (value > result[index]! || value !== value) result[index] = value;
      }
    }
  });
}

function avgPool(input: Float32Array, result: Float32Array, [depth, height, width]: Triple<PoolAxis>, sums: Float64Array): void {
  let row = -1;
  const finish = () => {
    if (row < 0) return;
    const at = row / width.output;
    const above = height.counts[at % height.output]! * depth.counts[Math.floor(at / height.output) % depth.output]!;
    // A window wholly in the padding has nothing to divide: its mean is 0.
    for (let index = 0; index < width.output; index++) result[row + index] = sums[index]! / Math.max(1, above * width.counts[index]!);
  };
  result.fill(0);
  eachTapRow(input.length, [depth, height, width], (from, to) => {
    if (to !== row) {
      finish();
      sums.fill(0);
      row = to;
    }
    for (let tap = 0; tap < width.kernel; tap++) {
      const run = tapRun(width, tap);
      let read = from + run.from;
      for (let index = run.first; index < run.end; index++, read += width.stride) sums[index] = sums[index]! + input[read]!;
    }
  });
  finish();
}

/** Calls `row` with the begin of each input row that an output row reads, and the begin of that output row, output rows in order. */
function eachTapRow(length: number, [depth, height, width]: Triple<PoolAxisShape>, row: (from: number, to: number) => void): void {
  const plane = depth.input * height.input * width.input;
  let to = 0;
  for (let begin = 0; begin < length; begin += plane) {
    for (let z = 0; z < depth.output; z++) {
      for (let y = 0; y < height.output; y++, to += width.output) {
        for (let tapZ = 0; tapZ < depth.kernel; tapZ++) {
          const inZ = inputAt(depth, z, tapZ);
          if (inZ < 0) continue;
          for (let tapY = 0; tapY < height.kernel; tapY++) {
            const inY = inputAt(height, y, tapY);
            if (inY >= 0) row(begin + (inZ * height.input + inY) * width.input, to);
          }
        }
      }
    }
  }
}
