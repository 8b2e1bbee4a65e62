/**
 * Transposed convolution as its definition reads, in float64: y[n, k, u] = act(bias[k] + Σ w[c, k, t] · x[n, c, j] over all c, j, t with
 * j·stride + t·dilation − paddingBegin = u).
 *
 * Every tap of every output is asked which input element it meets, and most meet none: nothing is shared with a backend, which either
 * spreads the inputs or takes the taps by residues.
 */
import type { TransposedShape } from '../../lib/backend/backend.js';
import { inputIndex, outputIndex, type ReferenceResult } from './conv.js';

export function referenceConvTranspose(
  shape: TransposedShape,
  input: Float32Array,
  weight: Float32Array,
  bias: Float32Array | null,
): ReferenceResult {
  const { batch, groups, inChannels, outChannels, kernel, output, activation } = shape;
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
              const inZ = sourceOf(shape, 0, z, tapZ);
              if (inZ === undefined) continue;
              for (let tapY = 0; tapY < kernel[1]; tapY++) {
                const inY = sourceOf(shape, 1, y, tapY);
                if (inY === undefined) continue;
                for (let tapX = 0; tapX < kernel[2]; tapX++) {
                  const inX = sourceOf(shape, 2, x, tapX);
                  if (inX === undefined) continue;
                  for (let c = group * inPerGroup; c < (group + 1) * inPerGroup; c++) {
                    const element = input[inputIndex(shape, n, c, inZ, inY, inX)]!;
                    const product = element * weight[transposedWeightIndex(shape, c, k - group * outPerGroup, tapZ, tapY, tapX)]!;
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

/** The input element that a tap spreads to an output; undefined where there is none. */
function sourceOf({ input, stride, dilation, paddingBegin }: TransposedShape, axis: 0 | 1 | 2, output: number, tap: number) {
  const distance = output + paddingBegin[axis] - tap * dilation[axis];
  const element = distance / stride[axis];
  return Number.isInteger(element) && element >= 0 && element < input[axis] ? element : undefined;
}

/** `k` counts the output channels of a group. */
export function transposedWeightIndex(shape: TransposedShape, c: number, k: number, z: number, y: number, x: number): number {
  const { layout, inChannels, outChannels, groups, kernel } = shape;
  const outPerGroup = outChannels / groups;
  return layout === 'channelsFirst'
    ? (((c * outPerGroup + k) * kernel[0] + z) * kernel[1] + y) * kernel[2] + x
    : (((z * kernel[1] + y) * kernel[2] + x) * outPerGroup + k) * inChannels + c;
}
