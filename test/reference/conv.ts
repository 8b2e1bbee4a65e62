/**
 * Convolution as its definition reads, in float64: y[n, k, o] = act(bias[k] + Σ_{c, t} w[k, c, t] · x[n, c, o·stride − paddingBegin + t·dilation]).
 *
 * One loop a sum sign, one look-up an element, and nothing shared with a backend. Beside each value stand the number of products in its
 * sum and the sum of their absolute values (|bias| with them): what a bound on rounding errors is made of.
 */
import type { ConvShape, TransposedShape } from '../../lib/backend/backend.js';
import type { PaddingMode } from '../../lib/types.js';

export interface ReferenceResult {
  readonly value: Float64Array;
  /** |bias| + Σ|w·x|. */
  readonly magnitude: Float64Array;
  /** How many products were added up: taps that lie in zero padding are not. */
  readonly terms: Int32Array;
}

export function referenceConv(shape: ConvShape, input: Float32Array, weight: Float32Array, bias: Float32Array | null): ReferenceResult {
  const { batch, groups, inChannels, outChannels, kernel, stride, dilation, paddingBegin, output, paddingMode, activation } = shape;
  const inPerGroup = inChannels / groups;
  const outPerGroup = outChannels / groups;
  const outputs = batch * outChannels * output[0] * output[1] * output[2];
  const value = new Float64Array(outputs);
  const magnitude = new Float64Array(outputs);
  const terms = new Int32Array(outputs);
  for (let n = 0; n < batch; n++) {
    for (let k = 0; k < outChannels; k++) {
      const group = Math.floor(k / outPerGroup);
      for (let z = 0; z < output[0]; z++) {
        for (let y = 0; y < output[1]; y++) {
          for (let x = 0; x < output[2]; x++) {
            let sum = bias ? bias[k]! : 0;
            let absolute = Math.abs(sum);
            let count = 0;
            for (let tapZ = 0; tapZ < kernel[0]; tapZ++) {
              const inZ = sourceOf(z * stride[0] - paddingBegin[0] + tapZ * dilation[0], shape.input[0], paddingMode);
              if (inZ === undefined) continue;
              for (let tapY = 0; tapY < kernel[1]; tapY++) {
                const inY = sourceOf(y * stride[1] - paddingBegin[1] + tapY * dilation[1], shape.input[1], paddingMode);
                if (inY === undefined) continue;
                for (let tapX = 0; tapX < kernel[2]; tapX++) {
                  const inX = sourceOf(x * stride[2] - paddingBegin[2] + tapX * dilation[2], shape.input[2], paddingMode);
                  if (inX === undefined) continue;
                  for (let c = 0; c < inPerGroup; c++) {
                    const element = input[inputIndex(shape, n, group * inPerGroup + c, inZ, inY, inX)]!;
                    const product = element * weight[weightIndex(shape, k, c, tapZ, tapY, tapX)]!;
                    sum += product;
                    absolute += Math.abs(product);
                    count++;
                  }
                }
              }
            }
            const at = outputIndex(shape, n, k, z, y, x);
            value[at] = activation === 'relu' && sum < 0 ? 0 : sum;
            magnitude[at] = absolute;
            terms[at] = count;
          }
        }
      }
    }
  }
  return { value, magnitude, terms };
}

/** Which of 0 … size − 1 stands at `position`: nothing in zero padding. Walks, so that no formula is repeated. */
function sourceOf(position: number, size: number, mode: PaddingMode): number | undefined {
  if (position >= 0 && position < size) return position;
  switch (mode) {
    case 'zeros':
      return undefined;
    case 'replicate':
      return position < 0 ? 0 : size - 1;
    case 'circular':
      while (position < 0) position += size;
      while (position >= size) position -= size;
      return position;
    case 'reflect':
      while (position < 0 || position >= size) position = position < 0 ? -position : 2 * (size - 1) - position;
      return position;
  }
}

export function inputIndex({ layout, inChannels, input }: TransposedShape, n: number, c: number, z: number, y: number, x: number): number {
  return layout === 'channelsFirst'
    ? (((n * inChannels + c) * input[0] + z) * input[1] + y) * input[2] + x
    : (((n * input[0] + z) * input[1] + y) * input[2] + x) * inChannels + c;
}

export function outputIndex(
  { layout, outChannels, output }: TransposedShape,
  n: number,
  k: number,
  z: number,
  y: number,
  x: number,
): number {
  return layout === 'channelsFirst'
    ? (((n * outChannels + k) * output[0] + z) * output[1] + y) * output[2] + x
    : (((n * output[0] + z) * output[1] + y) * output[2] + x) * outChannels + k;
}

/** `c` counts the input channels of a group. */
export function weightIndex(shape: ConvShape, k: number, c: number, z: number, y: number, x: number): number {
  const { layout, inChannels, outChannels, groups, kernel } = shape;
  const inPerGroup = inChannels / groups;
  return layout === 'channelsFirst'
    ? (((k * inPerGroup + c) * kernel[0] + z) * kernel[1] + y) * kernel[2] + x
    : (((z * kernel[1] + y) * kernel[2] + x) * inPerGroup + c) * outChannels + k;
}
