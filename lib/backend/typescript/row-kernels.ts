/**
 * The two inner loops: one row of output pixels for four output channels, or for one. For the row's pixels p and the block's channels k
 *
 *   y[k, p] = max(floor, bias[k] + Σ over the taps inside the image, then the group's input channels, of w[k, tap, channel] · x[channel, p, tap])
 *
 * summed in float64, where the products are exact, and rounded once. Both add in the same order, so an output has the same bits whichever
 * loop computes it. Strides alone tell the layouts apart.
 */

/** What a kernel reads; the plan changes the lower half from row to row. Distances and positions count elements. */
export interface Row {
  readonly weight: Float32Array;
  /** One value per output channel. */
  readonly bias: Float32Array;
  /** 0 for relu, −∞ for none: Math.max keeps NaN. */
  readonly floor: number;
  /** Input channels of a group. */
  readonly channels: number;
  readonly inputPixelStride: number;
  readonly inputChannelStride: number;
  readonly outputPixelStride: number;
  readonly outputChannelStride: number;
  /** The first `tapCount` hold the taps inside the image: their distances from the first of them, and their places among all taps. */
  readonly tapOffsets: Int32Array | Float64Array;
  readonly tapIndices: Int32Array;
  tapCount: number;

  input: Float32Array;
  output: Float32Array;
  pixels: number;
  /** Where the first pixel meets the first tap inside the image. */
  inputBegin: number;
  outputBegin: number;
  weightBegin: number;
  outChannel: number;
}

/**
 * Two pixels × four channels. V8 keeps the 8 sums, 2 inputs and 1 weight in its 15 registers; 4 × 4 spills and runs at three quarters of the speed.
 */
export function fourChannelRow(row: Row): void {
  const { input, weight, output, bias, floor, channels, tapOffsets, tapIndices, tapCount, pixels, outChannel } = row;
  const { inputChannelStride, outputChannelStride } = row;
  const bias0 = bias[outChannel]!;
  const bias1 = bias[outChannel + 1]!;
  const bias2 = bias[outChannel + 2]!;
  const bias3 = bias[outChannel + 3]!;

  // The last pair overlaps the one before it where the row is odd, and a row of one pixel pairs it with itself.
  const second = Math.min(1, pixels - 1);
  const inputSecond = second * row.inputPixelStride;
  const outputSecond = second * row.outputPixelStride;

  for (let pixel = 0; pixel < pixels; pixel += 2) {
    const first = Math.max(0, Math.min(pixel, pixels - 2));
    const inputPixel = row.inputBegin + first * row.inputPixelStride;
    let sum00 = bias0;
    let sum01 = bias0;
    let sum10 = bias1;
    let sum11 = bias1;
    let sum20 = bias2;
    let sum21 = bias2;
    let sum30 = bias3;
    let sum31 = bias3;
    for (let tap = 0; tap < tapCount; tap++) {
      let inputAt = inputPixel + tapOffsets[tap]!;
      let weightAt = row.weightBegin + tapIndices[tap]! * channels * 4;
      for (let channel = 0; channel < channels; channel++) {
        const x0 = input[inputAt]!;
        const x1 = input[inputAt + inputSecond]!;
        const w0 = weight[weightAt]!;
        sum00 += w0 * x0;
        sum01 += w0 * x1;
        const w1 = weight[weightAt + 1]!;
        sum10 += w1 * x0;
        sum11 += w1 * x1;
        const w2 = weight[weightAt + 2]!;
        sum20 += w2 * x0;
        sum21 += w2 * x1;
        const w3 = weight[weightAt + 3]!;
        sum30 += w3 * x0;
        sum31 += w3 * x1;
        inputAt += inputChannelStride;
        weightAt += 4;
      }
    }
    let outputAt = row.outputBegin + first * row.outputPixelStride;
    output[outputAt] = Math.max(floor, sum00);
    output[outputAt + outputSecond] = Math.max(floor, sum01);
    outputAt += outputChannelStride;
    output[outputAt] = Math.max(floor, sum10);
    output[outputAt + outputSecond] = Math.max(floor, sum11);
    outputAt += outputChannelStride;
    output[outputAt] = Math.max(floor, sum20);
    output[outputAt + outputSecond] = Math.max(floor, sum21);
    outputAt += outputChannelStride;
    output[outputAt] = Math.max(floor, sum30);
    output[outputAt + outputSecond] = Math.max(floor, sum31);
  }
}

/** Four pixels × one channel: depthwise, and the last one to three channels of a group. */
export function oneChannelRow(row: Row): void {
  const { input, weight, output, floor, channels, tapOffsets, tapIndices, tapCount, pixels } = row;
  const { inputPixelStride, inputChannelStride, outputPixelStride } = row;
  const bias = row.bias[row.outChannel]!;

  // As above, with four: the last tile ends with the row, and a short row repeats its last pixel.
  const second = Math.min(1, pixels - 1);
  const third = Math.min(2, pixels - 1);
  const fourth = Math.min(3, pixels - 1);
  const inputSecond = second * inputPixelStride;
  const inputThird = third * inputPixelStride;
  const inputFourth = fourth * inputPixelStride;

  for (let pixel = 0; pixel < pixels; pixel += 4) {
    const first = Math.max(0, Math.min(pixel, pixels - 4));
    const inputPixel = row.inputBegin + first * inputPixelStride;
    let sum0 = bias;
    let sum1 = bias;
    let sum2 = bias;
    let sum3 = bias;
    for (let tap = 0; tap < tapCount; tap++) {
      let inputAt = inputPixel + tapOffsets[tap]!;
      let weightAt = row.weightBegin + tapIndices[tap]! * channels;
      for (let channel = 0; channel < channels; channel++) {
        const w = weight[weightAt]!;
        sum0 += w * input[inputAt]!;
        sum1 += w * input[inputAt + inputSecond]!;
        sum2 += w * input[inputAt + inputThird]!;
        sum3 += w * input[inputAt + inputFourth]!;
        inputAt += inputChannelStride;
        weightAt++;
      }
    }
    const outputPixel = row.outputBegin + first * outputPixelStride;
    output[outputPixel] = Math.max(floor, sum0);
    output[outputPixel + second * outputPixelStride] = Math.max(floor, sum1);
    output[outputPixel + third * outputPixelStride] = Math.max(floor, sum2);
    output[outputPixel + fourth * outputPixelStride] = Math.max(floor, sum3);
  }
}
