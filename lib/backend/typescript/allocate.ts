/** Zeroed memory, or the package's own out-of-memory error instead of V8's. */
import { outOfMemoryError } from '../../errors.js';

export function allocateFloats(length: number, purpose: string): Float32Array {
  return allocate(() => new Float32Array(length), purpose);
}

export function allocateDoubles(length: number, purpose: string): Float64Array {
  return allocate(() => new Float64Array(length), purpose);
}

export function copyOf(array: Float32Array, purpose: string): Float32Array {
  const copy = allocateFloats(array.length, purpose);
  copy.set(array);
  return copy;
}

function allocate<Elements>(make: () => Elements, purpose: string): Elements {
  try {
    return make();
  } catch (cause) {
    throw outOfMemoryError(purpose, cause);
  }
}
