/**
 * Which taps of one axis lie inside the input: output o and tap t meet element o·stride − paddingBegin + t·dilation.
 */

/** A run of outputs [outputBegin, outputEnd) whose taps inside the input are the same: [tapBegin, tapEnd). */
export interface TapRange {
  readonly outputBegin: number;
  outputEnd: number;
  readonly tapBegin: number;
  readonly tapEnd: number;
}

export interface Axis {
  readonly input: number;
  readonly output: number;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly paddingBegin: number;
}

/** Cuts an axis into runs with equal taps, in output order: at most 2·kernel + 1 of them, because both ends of the range only ever fall. */
export function tapRanges({ input, output, kernel, stride, dilation, paddingBegin }: Axis): TapRange[] {
  const ranges: TapRange[] = [];
  let open: TapRange | undefined;
  for (let index = 0; index < output; index++) {
    const firstTap = index * stride - paddingBegin;
    let tapBegin = clamp(Math.ceil(-firstTap / dilation), kernel);
    let tapEnd = clamp(Math.ceil((input - firstTap) / dilation), kernel);
    if (tapBegin >= tapEnd) tapBegin = tapEnd = 0;
    if (open?.tapBegin === tapBegin && open.tapEnd === tapEnd) {
      open.outputEnd = index + 1;
    } else {
      open = { outputBegin: index, outputEnd: index + 1, tapBegin, tapEnd };
      ranges.push(open);
    }
  }
  return ranges;
}

function clamp(value: number, most: number): number {
  return Math.max(0, Math.min(most, value));
}
