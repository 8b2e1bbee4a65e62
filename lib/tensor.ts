/** Tensors: a typed array in row-major order (the last index runs fastest) and its sizes. */
import { outOfMemoryError, typeError } from './errors.js';
import { isTypedArray, lengthOf } from './typed-array.js';
import type { FloatTensor, Tensor, TypedArray } from './types.js';
import { elementCount, readSizes, requireArrayLength } from './validate.js';

/**
 * Makes a tensor of `data`, which is not copied, and `dims`, which is; element [i, j, …, m] is `data[((i·dims[1] + j)·dims[2] + …) + m]`.
 *
 * Any object `{ data, dims }` is a tensor to this package; this function only checks early that it is a sound one.
 *
 * @param data Any TypedArray, of any class or realm, as long as the product of `dims`. Convolutions take Float32Array.
 * @param dims An array of integers from 0 to 2³¹ − 1; none for a single value.
 * @throws {TypeError} ERR_ATROUS_ARGUMENT_TYPE for another kind of data or dims, and for a detached buffer.
 * @throws {RangeError} ERR_ATROUS_ARGUMENT_RANGE for a size that is no such integer, or a length that is not their product.
 * @example
 * const image = tensor(new Float32Array(3 * 480 * 640), [1, 3, 480, 640]);
 */
export function tensor<Data extends TypedArray>(data: Data, dims: readonly number[]): Tensor<Data> {
  if (!isTypedArray(data)) throw typeError('data', 'a typed array, such as a Float32Array', data);
  const length = lengthOf(data);
  const sizes = readSizes('dims', dims);
  requireArrayLength('data', data, length, elementCount('dims', sizes), sizes);
  return { data, dims: sizes };
}

/** A tensor of zeros; `length` is the product of `dims`, which are copied. */
export function zeros(dims: readonly number[], length: number): FloatTensor {
  try {
    return { data: new Float32Array(length), dims: dims.slice() };
  } catch (cause) {
    throw outOfMemoryError(`${length} floats for a tensor [${dims.join(', ')}]`, cause);
  }
}

/** A copy of the elements, in an array of this realm's own class. */
export function copyOf(array: Float32Array): Float32Array {
  const length = lengthOf(array);
  const { data } = zeros([length], length);
  data.set(array);
  return data;
}
