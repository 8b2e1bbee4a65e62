/** Zeroed float32 memory, or the package's own out-of-memory error instead of V8's. */
import { outOfMemoryError } from '../../errors.js';

export function allocateFloats(length: number, purpose: string): Float32Array {
  try {
    return new Float32Array(length);
  } catch (cause) {
    throw outOfMemoryError(purpose, cause);
  }
}
