/** Tensors of a problem in channels last and back, for whom is timed in that layout: TensorFlow.js, and ours where the layer says so. */
import { product } from './problem.js';

/** [batch, channels, …spatial] → [batch, …spatial, channels]. */
export function toChannelsLast(values: Float32Array, dims: readonly number[]): Float32Array {
  return transposeEach(values, dims[0]!, dims[1]!, product(dims.slice(2)));
}

/** [batch, …spatial, channels] → [batch, channels, …spatial], whose dims are given. */
export function fromChannelsLast(values: Float32Array, dims: readonly number[]): Float32Array {
  return transposeEach(values, dims[0]!, product(dims.slice(2)), dims[1]!);
}

/** [outChannels, inChannels, …kernel] → […kernel, inChannels, outChannels]. */
export function weightToChannelsLast(values: Float32Array, dims: readonly number[]): Float32Array {
  const [outChannels, inChannels, ...kernel] = dims as [number, number, ...number[]];
  const taps = product(kernel);
  return transposeEach(transposeEach(values, 1, outChannels * inChannels, taps), taps, outChannels, inChannels);
}

/** [batch, channels, …spatial] → [batch, …spatial, channels], of the dims. */
export function channelsLastDims(dims: readonly number[]): number[] {
  const [batch, channels, ...spatial] = dims as [number, number, ...number[]];
  return [batch, ...spatial, channels];
}

/** [outChannels, inChannels, …kernel] → […kernel, inChannels, outChannels], of the dims. */
export function channelsLastWeightDims(dims: readonly number[]): number[] {
  const [outChannels, inChannels, ...kernel] = dims as [number, number, ...number[]];
  return [...kernel, inChannels, outChannels];
}

/** `count` matrices of `rows` rows one after the other, each transposed. */
function transposeEach(values: Float32Array, count: number, rows: number, columns: number): Float32Array {
  const result = new Float32Array(values.length);
  for (let begin = 0; begin < count * rows * columns; begin += rows * columns) {
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) result[begin + column * rows + row] = values[begin + row * columns + column]!;
    }
  }
  return result;
}
