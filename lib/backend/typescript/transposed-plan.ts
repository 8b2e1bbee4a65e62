/**
 * Transposed convolution as its name says: every input element is added to the outputs that a convolution would have read it for.
 *
 *   sum[u] += w[c, k, t] · x[n, c, j]  at u = j·stride + t·dilation − paddingBegin, if 0 ≤ u < output, for all c, t and j
 *   y[n, k, u] = act(bias[k] + sum[u])
 *
 * One output channel of one image at a time, in float64, rounded once: |error| ≤ 2⁻²⁴·|y| plus about K·2⁻⁵³·Σ|x·w|.
 */
import type { ConvPlanInfo } from '../../types.js';
import type { ConvPlan, TransposedShape, Triple } from '../backend.js';
import { allocateDoubles } from './allocate.js';
import { runLater } from './run-later.js';

export class TypescriptTransposedPlan implements ConvPlan {
  readonly info: ConvPlanInfo;
  /** In the caller's order. */
  readonly weight: Float32Array;
  readonly #shape: TransposedShape;
  readonly #bias: Float32Array;
  /** One output channel. */
  readonly #sums: Float64Array;

  constructor(shape: TransposedShape, weight: Float32Array, bias: Float32Array | null) {
    this.weight = weight;
    this.#shape = shape;
    this.#bias = bias ? bias.slice() : new Float32Array(shape.outChannels);
    this.#sums = allocateDoubles(product(shape.output), 'the sums of an output channel');
    this.info = {
      algorithm: 'transposed-direct',
      isa: 'typescript',
      threads: 1,
      workspaceBytes: this.#sums.byteLength,
      weightBytes: weight.byteLength,
    };
  }

  run(input: Float32Array, output: Float32Array): void {
    const { batch, groups, inChannels, outChannels, activation, layout } = this.#shape;
    const inPerGroup = inChannels / groups;
    const outPerGroup = outChannels / groups;
    const pixels = product(this.#shape.output);
    const floor = activation === 'relu' ? 0 : -Infinity;
    const [channelStride, pixelStride] = layout === 'channelsFirst' ? [pixels, 1] : [1, outChannels];
    for (let image = 0; image < batch; image++) {
      for (let channel = 0; channel < outChannels; channel++) {
        const group = Math.floor(channel / outPerGroup);
        this.#sums.fill(this.#bias[channel]!);
        for (let from = group * inPerGroup; from < (group + 1) * inPerGroup; from++) {
          this.#addChannel(input, image, from, channel - group * outPerGroup);
        }
        let to = image * outChannels * pixels + channel * channelStride;
        for (const sum of this.#sums) {
          output[to] = Math.max(floor, sum);
          to += pixelStride;
        }
      }
    }
  }

  runAsync(input: Float32Array, output: Float32Array): Promise<void> {
    return runLater(this, input, output);
  }

  /** Adds one input channel to the sums; `outChannel` counts within the group. */
  #addChannel(input: Float32Array, image: number, inChannel: number, outChannel: number): void {
    const { groups, inChannels, outChannels, input: size, output, kernel, stride, dilation, paddingBegin, layout } = this.#shape;
    const outPerGroup = outChannels / groups;
    const taps = product(kernel);
    const pixels = product(size);
    // channelsFirst: x [C][pixels], w [C][K/groups][taps]; channelsLast: x [pixels][C], w [taps][K/groups][C].
    const channelsFirst = layout === 'channelsFirst';
    const [channelStride, pixelStride] = channelsFirst ? [pixels, 1] : [1, inChannels];
    const [weightBegin, tapStride] = channelsFirst
      ? [(inChannel * outPerGroup + outChannel) * taps, 1]
      : [outChannel * inChannels + inChannel, outPerGroup * inChannels];
    const inputBegin = image * inChannels * pixels + inChannel * channelStride;
    for (let tap = 0; tap < taps; tap++) {
      const weight = this.weight[weightBegin + tap * tapStride]!;
      const firstZ = Math.floor(tap / (kernel[1] * kernel[2])) * dilation[0] - paddingBegin[0];
      const firstY = (Math.floor(tap / kernel[2]) % kernel[1]) * dilation[1] - paddingBegin[1];
      const firstX = (tap % kernel[2]) * dilation[2] - paddingBegin[2];
      for (let z = 0; z < size[0]; z++) {
        const outZ = z * stride[0] + firstZ;
        if (outZ < 0 || outZ >= output[0]) continue;
        for (let y = 0; y < size[1]; y++) {
          const outY = y * stride[1] + firstY;
          if (outY < 0 || outY >= output[1]) continue;
          const row = inputBegin + (z * size[1] + y) * size[2] * pixelStride;
          const outRow = (outZ * output[1] + outY) * output[2];
          for (let x = 0; x < size[2]; x++) {
            const outX = x * stride[2] + firstX;
            if (outX < 0 || outX >= output[2]) continue;
            this.#sums[outRow + outX]! += weight * input[row + x * pixelStride]!;
          }
        }
      }
    }
  }
}

function product([depth, height, width]: Triple): number {
  return depth * height * width;
}
