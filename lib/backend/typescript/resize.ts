/**
 * Resampling row by row: the up to four input rows around an output row become one, then that is resampled along the width. Where there is one
 * only it is read where it stands. Parts are float64.
 */
import type { ArrayFunction, ResizeAxis, ResizeShape } from '../layer-kernels.js';

interface ResizedAxis extends ResizeAxis {
  /** 1 − fraction. */
  readonly rest: Float64Array;
  /** Outputs between which no fraction is 0: without a branch they take a little more than half the time. */
  readonly between: readonly [first: number, end: number];
}

type ResizedAxes = readonly [ResizedAxis, ResizedAxis, ResizedAxis];

export function resize({ axes }: ResizeShape): ArrayFunction {
  const [depth, height, width] = axes.map((axis): ResizedAxis => {
    return { ...axis, rest: axis.fraction.map((part) => 1 - part), between: longestRun(axis.fraction) };
  }) as [ResizedAxis, ResizedAxis, ResizedAxis];
  const row = new Float32Array(width.input);
  return (input, output) => {
    resample(input, output, [depth, height, width], row);
  };
}

/** The longest run of elements that are not 0. */
function longestRun(elements: Float64Array): readonly [first: number, end: number] {
  let longest: readonly [number, number] = [0, 0];
  for (let first = 0, end = 0; end < elements.length; first = end + 1) {
    for (end = first; end < elements.length && elements[end] !== 0;) end++;
    if (end - first > longest[1] - longest[0]) longest = [first, end];
  }
  return longest;
}

function resample(input: Float32Array, result: Float32Array, [depth, height, width]: ResizedAxes, row: Float32Array): void {
  const plane = depth.input * height.input * width.input;
  const whole = width.fraction.every((part) => part === 0);
  const widenRow = whole ? pickRow : width.doubles ? doubleRow : interpolateRow;
  let to = 0;
  for (let begin = 0; begin < input.length; begin += plane) {
    for (let z = 0; z < depth.output; z++) {
      for (let y = 0; y < height.output; y++, to += width.output) {
        const single = depth.fraction[z] === 0 && height.fraction[y] === 0;
        const from = begin + (depth.low[z]! * height.input + height.low[y]!) * width.input;
        if (!single) blendRows(input, begin, depth, height, z, y, row);
        widenRow(single ? input : row, single ? from : 0, result, to, width);
      }
    }
  }
}

/** Nothing is taken of a row whose part is 0, be it NaN. */
function blendRows(
  input: Float32Array,
  begin: number,
  depth: ResizedAxis,
  height: ResizedAxis,
  z: number,
  y: number,
  row: Float32Array,
): void {
  if (depth.fraction[z] === 0) {
    const plane = begin + depth.low[z]! * height.input * row.length;
    const [lower, upper] = [plane + height.low[y]! * row.length, plane + height.high[y]! * row.length];
    mixRows(input, lower, height.rest[y]!, upper, height.fraction[y]!, row);
    return;
  }
  row.fill(0);
  for (const [inZ, partZ] of parts(depth, z)) {
    for (const [inY, partY] of parts(height, y)) addRow(input, begin + (inZ * height.input + inY) * row.length, partZ * partY, row);
  }
}

function mixRows(input: Float32Array, lower: number, rest: number, upper: number, fraction: number, row: Float32Array): void {
  for (let x = 0; x < row.length; x++) row[x] = rest * input[lower + x]! + fraction * input[upper + x]!;
}

function addRow(input: Float32Array, from: number, part: number, row: Float32Array): void {
  for (let x = 0; x < row.length; x++) row[x] = row[x]! + part * input[from + x]!;
}

/** The elements that an output reads, and their parts: one or two. */
function parts({ low, high, fraction }: ResizedAxis, output: number): readonly (readonly [element: number, part: number])[] {
  const upper = fraction[output]!;
  return upper === 0
    ? [[low[output]!, 1]]
    : [
        [low[output]!, 1 - upper],
        [high[output]!, upper],
      ];
}

function pickRow(row: Float32Array, from: number, result: Float32Array, to: number, { output, low }: ResizedAxis): void {
  for (let x = 0; x < output; x++) result[to + x] = row[from + low[x]!]!;
}

function interpolateRow(row: Float32Array, from: number, result: Float32Array, to: number, axis: ResizedAxis): void {
  const { output, low, high, fraction, rest, between } = axis;
  const [first, end] = between;
  const read = (x: number) =>
    fraction[x] === 0 ? row[from + low[x]!]! : row[from + low[x]!]! * rest[x]! + row[from + high[x]!]! * fraction[x]!;
  for (let x = 0; x < first; x++) result[to + x] = read(x);
  for (let x = first; x < end; x++) result[to + x] = row[from + low[x]!]! * rest[x]! + row[from + high[x]!]! * fraction[x]!;
  for (let x = end; x < output; x++) result[to + x] = read(x);
}

/** Another third less than {@link interpolateRow}: no look-up, and each element is read once. */
function doubleRow(row: Float32Array, from: number, result: Float32Array, to: number, { input }: ResizedAxis): void {
  let left = row[from]!;
  result[to] = left;
  for (let index = 1; index < input; index++) {
    const right = row[from + index]!;
    result[to + 2 * index - 1] = left * 0.75 + right * 0.25;
    result[to + 2 * index] = left * 0.25 + right * 0.75;
    left = right;
  }
  result[to + 2 * input - 1] = left;
}
