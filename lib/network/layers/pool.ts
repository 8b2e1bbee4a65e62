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
      const counts = tapCounts(shape, countIncludePad ? [-begin, input + end] : [0, input]);
      return { ...shape, counts, runs: Array.from({ length: taps }, (_, tap) => tapRun(shape, tap)) };
    });
    const triple = spatialTriple(axes, noAxis);
    const sums = new Float64Array(this.kind === 'avgPool' ? triple[2].output : 0);
    const { kind } = this;
    return {
      workspaceBytes: sums.byteLength,
      weightBytes: 0,
      run([input], result) {
        if (kind === 'maxPool') maxPool(input, result, triple);
        else avgPool(input, result, triple, sums);
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
  readonly runs: readonly TapRun[];
}

/** The outputs first … end − 1 whose tap lies inside the input, from element `from` on. */
interface TapRun {
  readonly first: number;
  readonly end: number;
  readonly from: number;
}

const one: PoolAxisShape = { input: 1, output: 1, kernel: 1, stride: 1, dilation: 1, begin: 0 };
const noAxis: PoolAxis = { ...one, counts: Float64Array.of(1), runs: [tapRun(one, 0)] };

/** Taps of each output that lie in [first, end). */
function tapCounts({ output, kernel, stride, dilation, begin }: PoolAxisShape, [first, end]: readonly [number, number]): Float64Array {
  const below = (firstTap: number, position: number) => Math.max(0, Math.min(kernel, Math.ceil((position - firstTap) / dilation)));
  return Float64Array.from({ length: output }, (_, index) => {
    const firstTap = index * stride - begin;
    return below(firstTap, end) - below(firstTap, first);
  });
}

function tapRun({ input, output, stride, dilation, begin }: PoolAxisShape, tap: number): TapRun {
  const position = tap * dilation - begin;
  const first = Math.max(0, Math.ceil(-position / stride));
  const last = Math.min(output - 1, Math.floor((input - 1 - position) / stride));
  return { first, end: Math.max(first, last + 1), from: first * stride + position };
}

/** The input rows, as where they begin, that output row (z, y) of a plane reads. */
function rowsOf([depth, height, width]: Triple<PoolAxisShape>, z: number, y: number): number[] {
  const rows: number[] = [];
  for (let tapZ = 0; tapZ < depth.kernel; tapZ++) {
    const inZ = z * depth.stride - depth.begin + tapZ * depth.dilation;
    if (inZ < 0 || inZ >= depth.input) continue;
    for (let tapY = 0; tapY < height.kernel; tapY++) {
      const inY = y * height.stride - height.begin + tapY * height.dilation;
      if (inY >= 0 && inY < height.input) rows.push((inZ * height.input + inY) * width.input);
    }
  }
  return rows;
}

function maxPool(input: Float32Array, result: Float32Array, axes: Triple<PoolAxis>): void {
  const [depth, height, width] = axes;
  if (depth.input * depth.kernel === 1 && areHalves(height) && areHalves(width)) {
    maxOfSquares(input, result, height, width);
    return;
  }
  const plane = depth.input * height.input * width.input;
  result.fill(-Infinity);
  for (let z = 0; z < depth.output; z++) {
    for (let y = 0; y < height.output; y++) {
      const rows = rowsOf(axes, z, y);
      let to = (z * height.output + y) * width.output;
      for (let begin = 0; begin < input.length; begin += plane, to += depth.output * height.output * width.output) {
        for (let row = 0; row < rows.length; row++) {
          for (let tap = 0; tap < width.kernel; tap++) takeLargest(input, begin + rows[row]!, width.stride, result, to, width.runs[tap]!);
        }
      }
    }
  }
}

/** Windows of two elements side by side, none over an edge. */
function areHalves({ input, output, kernel, stride, dilation, begin }: PoolAxisShape): boolean {
  return kernel === 2 && stride === 2 && dilation === 1 && begin === 0 && 2 * output <= input;
}

/** What halves an image, in one pass along memory: half the time of a pass for each of the four taps. */
function maxOfSquares(input: Float32Array, result: Float32Array, height: PoolAxisShape, width: PoolAxisShape): void {
  let to = 0;
  for (let plane = 0; to < result.length; plane += height.input * width.input) {
    for (let y = 0; y < height.output; y++) {
      let above = plane + 2 * y * width.input;
      let below = above + width.input;
      for (const end = to + width.output; to < end; to++, above += 2, below += 2) {
        result[to] = Math.max(Math.max(input[above]!, input[above + 1]!), Math.max(input[below]!, input[below + 1]!));
      }
    }
  }
}

function takeLargest(input: Float32Array, from: number, stride: number, result: Float32Array, to: number, run: TapRun): void {
  const end = to + run.end;
  let read = from + run.from;
  // Math.max keeps NaN, and does not branch on data that no predictor can guess.
  for (let index = to + run.first; index < end; index++, read += stride) result[index] = Math.max(result[index]!, input[read]!);
}

function avgPool(input: Float32Array, result: Float32Array, axes: Triple<PoolAxis>, sums: Float64Array): void {
  const [depth, height, width] = axes;
  const plane = depth.input * height.input * width.input;
  // What the loop over planes does not reach, where they are empty.
  if (plane === 0) result.fill(0);
  for (let z = 0; z < depth.output; z++) {
    for (let y = 0; y < height.output; y++) {
      const rows = rowsOf(axes, z, y);
      const above = depth.counts[z]! * height.counts[y]!;
      let to = (z * height.output + y) * width.output;
      for (let begin = 0; begin < input.length; begin += plane, to += depth.output * height.output * width.output) {
        sums.fill(0);
        for (let row = 0; row < rows.length; row++) {
          for (let tap = 0; tap < width.kernel; tap++) addUp(input, begin + rows[row]!, width.stride, sums, width.runs[tap]!);
        }
        // A window wholly in the padding has nothing to divide: its mean is 0.
        for (let x = 0; x < width.output; x++) result[to + x] = sums[x]! / Math.max(1, above * width.counts[x]!);
      }
    }
  }
}

function addUp(input: Float32Array, from: number, stride: number, sums: Float64Array, run: TapRun): void {
  let read = from + run.from;
  for (let index = run.first; index < run.end; index++) {
    sums[index] = sums[index]! + input[read]!;
    read += stride;
  }
}
