/**
 * The pure-TypeScript backend: direct convolution for every ConvShape, the one that the native kernels are checked against.
 *
 *   y[n, k, o] = act(bias[k] + Σ over taps t inside the image, then input channels c of k's group, of w[k, c, t] · x[n, c, o·stride − paddingBegin + t·dilation])
 *
 * Sums are float64 and rounded once, so |error| ≤ 2⁻²⁴·|y| plus about K·2⁻⁵³·Σ|x·w|. Zero padding is never multiplied: the output is cut
 * into boxes whose outputs have the same taps inside the image, and a box visits those taps only. The other padding modes read a padded
 * copy of the image.
 */
import type { ConvPlanInfo } from '../types.js';
import type { Backend, ConvPlan, ConvShape, Triple } from './backend.js';
import { copyOf } from './typescript/allocate.js';
import { combineElements, mapElements } from './typescript/elementwise.js';
import { BLOCK_CHANNELS, blockChannels, packWeights } from './typescript/packed-weights.js';
import { PaddedImage, paddedSize } from './typescript/padded-image.js';
import { pool } from './typescript/pool.js';
import { resize } from './typescript/resize.js';
import { fourChannelRow, oneChannelRow, type Row } from './typescript/row-kernels.js';
import { runLater } from './typescript/run-later.js';
import { tapRanges, type TapRange } from './typescript/tap-ranges.js';
import { TypescriptTransposedPlan } from './typescript/transposed-plan.js';

/** Stands for input and output between runs, so that a plan keeps neither alive. */
const noElements = new Float32Array(0);

class TypescriptPlan implements ConvPlan {
  readonly info: ConvPlanInfo;
  readonly packedWeights: Float32Array;
  readonly #shape: ConvShape;
  /** Size of the image that the kernels read, padded or not, and its padding that stays virtual. */
  readonly #image: Triple;
  readonly #paddingBegin: Triple;
  readonly #paddedImage: PaddedImage | undefined;
  readonly #ranges: readonly [TapRange[], TapRange[], TapRange[]];
  readonly #row: Row;

  constructor(shape: ConvShape, packedWeights: Float32Array, bias: Float32Array | null) {
    this.packedWeights = packedWeights;
    this.#shape = shape;
    this.#paddedImage = shape.paddingMode === 'zeros' ? undefined : new PaddedImage(shape, shape.paddingMode);
    this.#image = this.#paddedImage ? paddedSize(shape) : shape.input;
    this.#paddingBegin = this.#paddedImage ? [0, 0, 0] : shape.paddingBegin;
    this.#ranges = [this.#tapRanges(0), this.#tapRanges(1), this.#tapRanges(2)];

    const channelsFirst = shape.layout === 'channelsFirst';
    const imagePixels = this.#image[0] * this.#image[1] * this.#image[2];
    const taps = shape.kernel[0] * shape.kernel[1] * shape.kernel[2];
    this.#row = {
      weight: packedWeights,
      bias: bias ? bias.slice() : new Float32Array(shape.outChannels),
      floor: shape.activation === 'relu' ? 0 : -Infinity,
      channels: shape.inChannels / shape.groups,
      inputPixelStride: shape.stride[2] * (channelsFirst ? 1 : shape.inChannels),
      inputChannelStride: channelsFirst ? imagePixels : 1,
      outputPixelStride: channelsFirst ? 1 : shape.outChannels,
      outputChannelStride: channelsFirst ? shape.output[0] * shape.output[1] * shape.output[2] : 1,
      // Integers index arrays two to four times as fast as float64; an image too large for them still computes right.
      tapOffsets: imagePixels * shape.inChannels < 2 ** 31 ? new Int32Array(taps) : new Float64Array(taps),
      tapIndices: new Int32Array(taps),
      tapCount: 0,
      input: noElements,
      output: noElements,
      pixels: 0,
      inputBegin: 0,
      outputBegin: 0,
      weightBegin: 0,
      outChannel: 0,
    };
    this.info = {
      algorithm: 'direct',
      isa: 'typescript',
      threads: 1,
      workspaceBytes: this.#row.tapOffsets.byteLength + this.#row.tapIndices.byteLength + (this.#paddedImage?.byteLength ?? 0),
      weightBytes: packedWeights.byteLength,
    };
  }

  run(input: Float32Array, output: Float32Array): void {
    const { batch, inChannels, outChannels } = this.#shape;
    const inputSize = inChannels * product(this.#shape.input);
    const outputSize = outChannels * product(this.#shape.output);
    for (let image = 0; image < batch; image++) {
      if (this.#paddedImage) {
        this.#paddedImage.fill(input, image * inputSize);
        this.#computeImage(this.#paddedImage.data, 0, output, image * outputSize);
      } else {
        this.#computeImage(input, image * inputSize, output, image * outputSize);
      }
    }
  }

  runAsync(input: Float32Array, output: Float32Array): Promise<void> {
    return runLater(this, input, output);
  }

  #tapRanges(axis: 0 | 1 | 2): TapRange[] {
    return tapRanges({
      input: this.#image[axis],
      output: this.#shape.output[axis],
      kernel: this.#shape.kernel[axis],
      stride: this.#shape.stride[axis],
      dilation: this.#shape.dilation[axis],
      paddingBegin: this.#paddingBegin[axis],
    });
  }

  #computeImage(input: Float32Array, inputBegin: number, output: Float32Array, outputBegin: number): void {
    this.#row.input = input;
    this.#row.output = output;
    for (const depth of this.#ranges[0]) {
      for (const height of this.#ranges[1]) {
        for (const width of this.#ranges[2]) {
          this.#listTaps(depth, height, width);
          this.#computeBox(depth, height, width, inputBegin, outputBegin);
        }
      }
    }
    this.#row.input = this.#row.output = noElements;
  }

  #listTaps(depth: TapRange, height: TapRange, width: TapRange): void {
    const row = this.#row;
    const { kernel, dilation, layout, inChannels } = this.#shape;
    const [, imageHeight, imageWidth] = this.#image;
    const pixelStride = layout === 'channelsFirst' ? 1 : inChannels;
    row.tapCount = 0;
    for (let z = depth.tapBegin; z < depth.tapEnd; z++) {
      for (let y = height.tapBegin; y < height.tapEnd; y++) {
        for (let x = width.tapBegin; x < width.tapEnd; x++) {
          // From the box's first tap, not from tap 0, which may lie any distance outside the image.
          const offset =
            ((z - depth.tapBegin) * dilation[0] * imageHeight + (y - height.tapBegin) * dilation[1]) * imageWidth +
            (x - width.tapBegin) * dilation[2];
          row.tapOffsets[row.tapCount] = offset * pixelStride;
          row.tapIndices[row.tapCount] = (z * kernel[1] + y) * kernel[2] + x;
          row.tapCount++;
        }
      }
    }
  }

  /** Rows outside, output channels inside: a row's input stays in cache while all weights pass by, and channelsLast depthwise reads it once. */
  #computeBox(depth: TapRange, height: TapRange, width: TapRange, inputBegin: number, outputBegin: number): void {
    const row = this.#row;
    const { layout, inChannels, outChannels, groups, kernel, stride, dilation, output } = this.#shape;
    const [, imageHeight, imageWidth] = this.#image;
    const inPerGroup = inChannels / groups;
    const outPerGroup = outChannels / groups;
    const weightsPerOutput = inPerGroup * product(kernel);
    const inputPixel = layout === 'channelsFirst' ? 1 : inChannels;
    row.pixels = width.outputEnd - width.outputBegin;
    const firstTapZ = depth.tapBegin * dilation[0] - this.#paddingBegin[0];
    const firstTapY = height.tapBegin * dilation[1] - this.#paddingBegin[1];
    const firstTapX = width.tapBegin * dilation[2] - this.#paddingBegin[2] + width.outputBegin * stride[2];
    for (let z = depth.outputBegin; z < depth.outputEnd; z++) {
      for (let y = height.outputBegin; y < height.outputEnd; y++) {
        const inputRow = ((z * stride[0] + firstTapZ) * imageHeight + y * stride[1] + firstTapY) * imageWidth + firstTapX;
        const outputRow = (z * output[1] + y) * output[2] + width.outputBegin;
        for (let group = 0; group < groups; group++) {
          row.inputBegin = inputBegin + inputRow * inputPixel + group * inPerGroup * row.inputChannelStride;
          const groupEnd = (group + 1) * outPerGroup;
          let channels: number;
          for (let channel = group * outPerGroup; channel < groupEnd; channel += channels) {
            channels = blockChannels(groupEnd - channel);
            row.outChannel = channel;
            row.weightBegin = channel * weightsPerOutput;
            row.outputBegin = outputBegin + outputRow * row.outputPixelStride + channel * row.outputChannelStride;
            if (channels === BLOCK_CHANNELS) fourChannelRow(row);
            else oneChannelRow(row);
          }
        }
      }
    }
  }
}

function product([depth, height, width]: Triple): number {
  return depth * height * width;
}

/** Runs wherever JavaScript does. Knows one algorithm, 'direct', and one thread: it takes no notice of the execution options. */
export const typescriptBackend: Backend = {
  name: 'typescript',
  isa: 'typescript',
  plan(shape, weight, bias, _options, sibling) {
    // The packed order doesn't depend on the input's size, so a sibling's weights always fit.
    const packedWeights = sibling instanceof TypescriptPlan ? sibling.packedWeights : packWeights(shape, weight);
    return new TypescriptPlan(shape, packedWeights, bias);
  },
  planTransposed(shape, weight, bias, _options, sibling) {
    const ownWeight = sibling instanceof TypescriptTransposedPlan ? sibling.weight : copyOf(weight, 'the weights of a plan');
    return new TypescriptTransposedPlan(shape, ownWeight, bias);
  },
  mapElements,
  combineElements,
  pool,
  resize,
};
