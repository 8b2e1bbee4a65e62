/** Pools row by row: an output row takes each tap's row into itself, along memory, while it stays in the first cache. Sums are float64. */
import type { ArrayFunction, PoolAxis, PoolShape } from '../layer-kernels.js';

type PoolAxes = PoolShape['axes'];

export function pool({ kind, axes }: PoolShape): ArrayFunction {
  const [depth, height, width] = axes;
  const runs = Array.from({ length: width.kernel }, (_, tap) => tapRun(width, tap));
  if (kind === 'maxPool') {
    return (input, output) => {
      maxPool(input, output, axes, runs);
    };
  }
  const counts = [tapCounts(depth), tapCounts(height), tapCounts(width)] as const;
  const sums = new Float64Array(width.output);
  return (input, output) => {
    avgPool(input, output, axes, runs, counts, sums);
  };
}

/** The outputs first … end − 1 whose tap lies inside the input, from element `from` on. */
interface TapRun {
  readonly first: number;
  readonly end: number;
  readonly from: number;
}

/** Taps of each output that count. */
function tapCounts({ output, kernel, stride, dilation, begin, counted: [first, end] }: PoolAxis): Float64Array {
  const below = (firstTap: number, position: number) => Math.max(0, Math.min(kernel, Math.ceil((position - firstTap) / dilation)));
  return Float64Array.from({ length: output }, (_, index) => {
    const firstTap = index * stride - begin;
    return below(firstTap, end) - below(firstTap, first);
  });
}

function tapRun({ input, output, stride, dilation, begin }: PoolAxis, tap: number): TapRun {
  const position = tap * dilation - begin;
  const first = Math.max(0, Math.ceil(-position / stride));
  const last = Math.min(output - 1, Math.floor((input - 1 - position) / stride));
  return { first, end: Math.max(first, last + 1), from: first * stride + position };
}

/** The input rows, as where they begin, that output row (z, y) of a plane reads. */
function rowsOf([depth, height, width]: PoolAxes, z: number, y: number): number[] {
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

function maxPool(input: Float32Array, result: Float32Array, axes: PoolAxes, runs: readonly TapRun[]): void {
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
          for (let tap = 0; tap < width.kernel; tap++) takeLargest(input, begin + rows[row]!, width.stride, result, to, runs[tap]!);
        }
      }
    }
  }
}

/** Windows of two elements side by side, none over an edge. */
function areHalves({ input, output, kernel, stride, dilation, begin }: PoolAxis): boolean {
  return kernel === 2 && stride === 2 && dilation === 1 && begin === 0 && 2 * output <= input;
}

/** What halves an image, in one pass along memory: half the time of a pass for each of the four taps. */
function maxOfSquares(input: Float32Array, result: Float32Array, height: PoolAxis, width: PoolAxis): void {
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

function avgPool(
  input: Float32Array,
  result: Float32Array,
  axes: PoolAxes,
  runs: readonly TapRun[],
  [depthCounts, heightCounts, widthCounts]: readonly [Float64Array, Float64Array, Float64Array],
  sums: Float64Array,
): void {
  const [depth, height, width] = axes;
  const plane = depth.input * height.input * width.input;
  // What the loop over planes does not reach, where they are empty.
  if (plane === 0) result.fill(0);
  for (let z = 0; z < depth.output; z++) {
    for (let y = 0; y < height.output; y++) {
      const rows = rowsOf(axes, z, y);
      const above = depthCounts[z]! * heightCounts[y]!;
      let to = (z * height.output + y) * width.output;
      for (let begin = 0; begin < input.length; begin += plane, to += depth.output * height.output * width.output) {
        sums.fill(0);
        for (let row = 0; row < rows.length; row++) {
          for (let tap = 0; tap < width.kernel; tap++) addUp(input, begin + rows[row]!, width.stride, sums, runs[tap]!);
        }
        // A window wholly in the padding has nothing to divide: its mean is 0.
        for (let x = 0; x < width.output; x++) result[to + x] = sums[x]! / Math.max(1, above * widthCounts[x]!);
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
