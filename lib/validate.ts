/**
 * Readers of arguments: each reads a value once, checks it, and gives it back typed, or throws an error that names it.
 *
 * Reading may run the caller's code (getters, proxies), which may detach or shrink a buffer that was read before. So a caller of these
 * reads everything first, then checks lengths with {@link requireLength}, and touches no argument again before the backend has its arrays.
 */
import { detachedError, lengthError, rangeError, resizedError, typeError, unknownOptionError } from './errors.js';
import { isDetached, isFloat32Array, lengthOf, plainView } from './typed-array.js';
import type { TypedArray } from './types.js';

/** Sizes, strides, dilations and paddings fit a 32-bit signed integer. */
export const LARGEST_INTEGER = 2 ** 31 - 1;

/** More axes than any format has; bounds the reading of an array that lies about its length. */
const mostAxes = 64;

/** Far above any machine; a larger number is a mistake, and each thread costs a stack. */
export const MOST_THREADS = 1024;

export function readInteger(name: string, value: unknown, least: number, most = LARGEST_INTEGER): number {
  if (typeof value !== 'number') throw typeError(name, `an integer ≥ ${least}`, value);
  if (value > most) throw rangeError(name, `an integer ≤ ${most}`, value);
  if (!Number.isInteger(value) || value < least) throw rangeError(name, `an integer ≥ ${least}`, value);
  // Turns −0 into 0.
  return value + 0;
}

/** One of the names of `allowed`. */
export function readName<Name extends string>(name: string, value: unknown, allowed: readonly Name[]): Name {
  if (allowed.includes(value as Name)) return value as Name;
  const expected = `one of ${listNames(allowed)}`;
  throw typeof value === 'string' ? rangeError(name, expected, value) : typeError(name, expected, value);
}

export function listNames(names: readonly string[]): string {
  return names.map((name) => `'${name}'`).join(', ');
}

export function readNonNegativeNumber(name: string, value: unknown): number {
  const expected = 'a finite number ≥ 0';
  if (typeof value !== 'number') throw typeError(name, expected, value);
  if (!Number.isFinite(value) || value < 0) throw rangeError(name, expected, value);
  return value;
}

/** A number for every axis, or an array of one per axis: always the latter. */
export function readPerAxis(name: string, value: unknown, axes: number, least: number): readonly number[] {
  if (typeof value === 'number') return new Array<number>(axes).fill(readInteger(name, value, least));
  if (!Array.isArray(value)) throw typeError(name, `an integer ≥ ${least}, or an array of one per spatial axis`, value);
  requireOnePerAxis(name, value, axes);
  return readElements(value, axes, (element, index) => readInteger(`${name}[${index}]`, element, least));
}

export function requireOnePerAxis(name: string, value: readonly unknown[], axes: number): void {
  if (value.length !== axes) throw rangeError(name, `an array of length ${axes}, one per spatial axis`, value);
}

/** Own elements only: a hole is not filled from Array.prototype. */
export function readElements<Element>(
  array: readonly unknown[],
  count: number,
  read: (element: unknown, index: number) => Element,
): Element[] {
  const elements: Element[] = [];
  for (let index = 0; index < count; index++) elements.push(read(Object.hasOwn(array, index) ? array[index] : undefined, index));
  return elements;
}

/** An array of sizes, each an integer ≥ 0 (−0, the mark of a miscalculation, is refused). */
export function readSizes(name: string, value: unknown): number[] {
  if (!Array.isArray(value)) throw typeError(name, 'an array of sizes', value);
  const rank: unknown = value.length;
  if (!(Number.isInteger(rank) && (rank as number) <= mostAxes)) throw rangeError(name, `an array of at most ${mostAxes} sizes`, value);
  return readElements(value, rank as number, (size, index) => {
    if (Object.is(size, -0)) throw rangeError(`${name}[${index}]`, 'an integer ≥ 0', size);
    return readInteger(`${name}[${index}]`, size, 0);
  });
}

/** Whether `value` is an array of exactly these sizes: what a repeated call costs instead of {@link readSizes}. */
export function isSizes(value: unknown, sizes: readonly number[]): boolean {
  if (!Array.isArray(value) || value.length !== sizes.length) return false;
  for (let axis = 0; axis < sizes.length; axis++) {
    if (value[axis] !== sizes[axis]) return false;
  }
  return true;
}

/** Number of elements of a tensor of these sizes, exact. */
export function elementCount(name: string, sizes: readonly number[]): number {
  const count = sizes.includes(0) ? 0 : sizes.reduce((product, size) => product * size, 1);
  if (count > Number.MAX_SAFE_INTEGER) throw rangeError(name, 'sizes whose product is below 2^53 (these are too large)', sizes);
  return count;
}

/** A tensor argument as it was when it was read. */
export interface FloatTensorArgument {
  /** Of the array: `input.data`. */
  readonly name: string;
  readonly data: Float32Array;
  readonly length: number;
  readonly dims: readonly number[];
}

const tensorOfFloats = 'a tensor { data: Float32Array, dims: number[] }';

/** `value.data`, a Float32Array. `data` and `dims` may be inherited, as an onnxruntime Tensor's are. */
export function readTensorData(name: string, value: unknown, expected = tensorOfFloats): Float32Array {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || ArrayBuffer.isView(value))
    throw typeError(name, expected, value);
  const { data } = value as { readonly data?: unknown };
  if (!isFloat32Array(data)) throw typeError(`${name}.data`, 'a Float32Array', data);
  return plainView(data);
}

export function readFloatTensor(name: string, value: unknown, expected?: string): FloatTensorArgument {
  const data = readTensorData(name, value, expected);
  const length = lengthOf(data);
  return { name: `${name}.data`, data, length, dims: readSizes(`${name}.dims`, (value as { readonly dims?: unknown }).dims) };
}

/** A bare array, which is a tensor of one axis, or a tensor. */
export function readFloats(name: string, value: unknown): FloatTensorArgument {
  if (!isFloat32Array(value)) return readFloatTensor(name, value, `a Float32Array or ${tensorOfFloats}`);
  const length = lengthOf(value);
  return { name, data: plainView(value), length, dims: [length] };
}

/** The length that `dims` say, both when the argument was read and now. */
export function requireLength({ name, data, length }: FloatTensorArgument, expected: number, dims: readonly number[]): void {
  requireArrayLength(name, data, length, expected, dims);
}

/** {@link requireLength} of the parts, for calls that make no object. */
export function requireArrayLength(name: string, data: TypedArray, length: number, expected: number, dims: readonly number[]): void {
  if (isDetached(data)) throw detachedError(name);
  if (length !== expected) throw lengthError(name, length, expected, dims);
  if (lengthOf(data) !== length) throw resizedError(name, length, lengthOf(data));
}

/**
 * The own properties of an options object, each read once, in one pass; whatever else Object.prototype or a class may hold is not seen.
 */
export function readOptions<Name extends string>(
  name: string,
  value: unknown,
  allowed: readonly Name[],
): Readonly<Partial<Record<Name, unknown>>> {
  const options: Partial<Record<Name, unknown>> = new OwnValues();
  if (value === undefined) return options;
  if (!isPlainObject(value)) throw typeError(name, 'a plain object of options', value);
  for (const key of Reflect.ownKeys(value)) {
    if (!allowed.includes(key as Name)) throw unknownOptionError(name, key, allowed);
    options[key as Name] = value[key];
  }
  return options;
}

/** Objects that inherit nothing; V8 makes a dictionary of Object.create(null), at 0.2 µs a call. */
class OwnValues {}
Object.setPrototypeOf(OwnValues.prototype, null);

/** An instance of a class may keep its settings in inherited getters, which would silently go unread. */
export function isPlainObject(value: unknown): value is Record<string | symbol, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  // Every realm has its own Object.prototype.
  return prototype === null || prototype === Object.prototype || Object.hasOwn(prototype as object, 'isPrototypeOf');
}
