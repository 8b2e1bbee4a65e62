/**
 * What a typed array really is. Its length, buffer and offset are read from internal slots by the getters of %TypedArray%, taken once
 * here, so that no subclass, own property or other realm can pretend; a call costs about 10 ns.
 */
import { types } from 'node:util';
import type { TypedArray } from './types.js';

export const { isFloat32Array, isTypedArray } = types;

const typedArrayPrototype = Object.getPrototypeOf(Uint8Array.prototype) as object;

function slot(name: string | symbol): (array: TypedArray) => unknown {
  // eslint-disable-next-line @typescript-eslint/unbound-method -- bound to no array: each call gives its own
  const { get } = Object.getOwnPropertyDescriptor(typedArrayPrototype, name)!;
  return Function.prototype.call.bind(get!) as (array: TypedArray) => unknown;
}

/** 0 for an array whose buffer was detached, or shrunk below it. */
export const lengthOf = slot('length') as (array: TypedArray) => number;
/** `'Float32Array'`, …: the kind of its elements, whatever its class. */
export const nameOf = slot(Symbol.toStringTag) as (array: TypedArray) => string;
const bufferOf = slot('buffer') as (array: TypedArray) => ArrayBufferLike;
const byteOffsetOf = slot('byteOffset') as (array: TypedArray) => number;
const byteLengthOf = slot('byteLength') as (array: TypedArray) => number;

const float32Prototype = Float32Array.prototype;

/** The array itself, or, where its class is not this realm's own Float32Array, a view of the same elements that is. */
export function plainView(array: Float32Array): Float32Array {
  if (Object.getPrototypeOf(array) === float32Prototype) return array;
  return isDetached(array) ? new Float32Array(0) : new Float32Array(bufferOf(array), byteOffsetOf(array), lengthOf(array));
}

/** Whether the array's memory is shared: nobody can transfer it away. */
export function isShared(array: TypedArray): boolean {
  return types.isSharedArrayBuffer(bufferOf(array));
}

/** Whether the array's memory was transferred away (Node 20 has no `ArrayBuffer.prototype.detached`). */
export function isDetached(array: TypedArray): boolean {
  if (lengthOf(array) > 0) return false;
  try {
    new Uint8Array(bufferOf(array));
    return false;
  } catch {
    return true;
  }
}

/** Whether two arrays have bytes in common. May change `scratch` (see {@link isSameMemory}), which is about to be overwritten anyway. */
export function overlap(array: TypedArray, scratch: TypedArray): boolean {
  const buffer = bufferOf(array);
  const scratchBuffer = bufferOf(scratch);
  if (buffer !== scratchBuffer && !(types.isSharedArrayBuffer(buffer) && types.isSharedArrayBuffer(scratchBuffer))) return false;
  const begin = Math.max(byteOffsetOf(array), byteOffsetOf(scratch));
  const end = Math.min(byteOffsetOf(array) + byteLengthOf(array), byteOffsetOf(scratch) + byteLengthOf(scratch));
  return begin < end && (buffer === scratchBuffer || isSameMemory(buffer, scratchBuffer, begin));
}

/**
 * Two SharedArrayBuffer objects may stand for one memory, as after a postMessage, and JavaScript can't compare addresses. A byte written
 * through one is then seen through the other: written twice, so that another thread's write is hardly taken for ours, and put back.
 */
function isSameMemory(buffer: ArrayBufferLike, scratch: ArrayBufferLike, at: number): boolean {
  const seen = new Uint8Array(buffer);
  const written = new Uint8Array(scratch);
  const before = written[at]!;
  const follows = [0x55, 0xaa].every((pattern) => {
    Atomics.store(written, at, before ^ pattern);
    return Atomics.load(seen, at) === (before ^ pattern);
  });
  Atomics.store(written, at, before);
  return follows;
}
