/** The errors of this package: their codes, and messages of the form `Expected dilation[0] to be an integer ≥ 1, received 0`. */
import { types } from 'node:util';
import { isTypedArray, lengthOf, nameOf } from './typed-array.js';

/**
 * Every `code` an error of this package carries.
 *
 * | code | class | meaning |
 * | --- | --- | --- |
 * | ERR_ATROUS_ARGUMENT_TYPE | TypeError | the wrong kind of thing was given |
 * | ERR_ATROUS_ARGUMENT_RANGE | RangeError | the right kind, with a wrong value, shape or size |
 * | ERR_ATROUS_OUT_OF_MEMORY | RangeError | a result or scratch memory can't be allocated; later calls work |
 * | ERR_ATROUS_ENVIRONMENT | RangeError | an ATROUS_… environment variable holds something else than it may |
 * | ERR_ATROUS_NATIVE_UNAVAILABLE | Error | the native backend was demanded and no binary loads; `cause` says why |
 * | ERR_ATROUS_ONNX | RangeError | the bytes are no ONNX model, or one that contradicts itself; the message says where |
 * | ERR_ATROUS_ONNX_UNSUPPORTED | RangeError | the model asks for what is not supported; the message names the node, and what is |
 * | ERR_ATROUS_MISSING_PACKAGE | Error | an optional dependency is not installed; the message names it, `cause` says why |
 * | ABORT_ERR | AbortError | the given signal was aborted; `cause` is its reason |
 */
export type ErrorCode =
  | 'ERR_ATROUS_ARGUMENT_TYPE'
  | 'ERR_ATROUS_ARGUMENT_RANGE'
  | 'ERR_ATROUS_OUT_OF_MEMORY'
  | 'ERR_ATROUS_ENVIRONMENT'
  | 'ERR_ATROUS_NATIVE_UNAVAILABLE'
  | 'ERR_ATROUS_ONNX'
  | 'ERR_ATROUS_ONNX_UNSUPPORTED'
  | 'ERR_ATROUS_MISSING_PACKAGE'
  | 'ABORT_ERR';

export type CodedError<Base extends Error = Error> = Base & { readonly code: ErrorCode };

/** Gives an error its code. */
export function withCode<Base extends Error>(error: Base, code: ErrorCode): CodedError<Base> {
  return Object.assign(error, { code });
}

/** The wrong kind of thing: `Expected ${name} to be ${expected}, received ${describe(received)}`. */
export function typeError(name: string, expected: string, received: unknown): CodedError<TypeError> {
  return wrongType(`Expected ${name} to be ${expected}, received ${describe(received)}`);
}

/** The right kind of thing with a wrong value: `Expected ${name} to be ${expected}, received ${describe(received)}`. */
export function rangeError(name: string, expected: string, received: unknown): CodedError<RangeError> {
  return wrongValue(`Expected ${name} to be ${expected}, received ${describe(received)}`);
}

/** An array has another length than its dims say. */
export function lengthError(name: string, length: number, expected: number, dims: readonly number[]): CodedError<RangeError> {
  return wrongValue(
    `Expected ${name} to be as long as its dims say, received length ${length}, expected ${expected} (${dims.join(' × ')})`,
  );
}

/** An array's memory is gone: its buffer was transferred. */
export function detachedError(name: string): CodedError<TypeError> {
  return wrongType(`Expected ${name} to be an array that still has its memory, received one whose buffer is detached`);
}

/** An array changed its length while the other arguments were read. */
export function resizedError(name: string, before: number, now: number): CodedError<TypeError> {
  return wrongType(`Expected ${name} to keep its length ${before} while the arguments are read, received length ${now} in the end`);
}

/** A misspelt option would silently change the result. */
export function unknownOptionError(name: string, key: string | symbol, known: readonly string[]): CodedError<TypeError> {
  return wrongType(`Expected ${name} to have known keys only (${known.join(', ')}), received unknown option ${describe(key)}`);
}

/** The result would be written over what it is computed from. */
export function overlapError(name: string, other: string): CodedError<RangeError> {
  return wrongValue(`Expected ${name} to share no bytes with any argument it is computed from, received an overlap with ${other}`);
}

/** Whether it is an error of this package, not one of Node's. */
export function hasCode(error: unknown): error is CodedError {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_ATROUS_');
}

/** Runs `work`, and lets its errors of this package say in which layer they arose: `Layer 'conv3' (conv): Expected …`. */
export function inLayer<Result>(name: string, kind: string, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    if (hasCode(error) && !error.message.startsWith('Layer ')) {
      error.message = `Layer ${quoted(name)} (${kind}): ${error.message}`;
    }
    throw error;
  }
}

function wrongType(message: string): CodedError<TypeError> {
  return withCode(new TypeError(message), 'ERR_ATROUS_ARGUMENT_TYPE');
}

function wrongValue(message: string): CodedError<RangeError> {
  return withCode(new RangeError(message), 'ERR_ATROUS_ARGUMENT_RANGE');
}

/** Memory for `purpose` can't be had. */
export function outOfMemoryError(purpose: string, cause: unknown): CodedError<RangeError> {
  return withCode(new RangeError(`Out of memory: the allocation of ${purpose} failed`, { cause }), 'ERR_ATROUS_OUT_OF_MEMORY');
}

/** An environment variable holds something else than it may. */
export function environmentError(variable: string, expected: string, received: string): CodedError<RangeError> {
  const message = `Expected the environment variable ${variable} to be ${expected}, received ${describe(received)}`;
  return withCode(new RangeError(message), 'ERR_ATROUS_ENVIRONMENT');
}

/** The native backend was demanded (`by`) and can't be had. */
export function nativeUnavailableError(by: string, cause: Error): CodedError {
  return withCode(
    new Error(`${by} needs the native backend, which is not available: ${cause.message}`, { cause }),
    'ERR_ATROUS_NATIVE_UNAVAILABLE',
  );
}

/** The bytes are no ONNX model, or one that contradicts itself. */
export function modelError(message: string, cause?: unknown): CodedError<RangeError> {
  return withCode(new RangeError(message, cause === undefined ? undefined : { cause }), 'ERR_ATROUS_ONNX');
}

/** An ONNX model asks for what is not supported. */
export function unsupportedModelError(message: string): CodedError<RangeError> {
  return withCode(new RangeError(message), 'ERR_ATROUS_ONNX_UNSUPPORTED');
}

/** An optional dependency is not installed, or fails to load. */
export function missingPackageError(by: string, name: string, cause: unknown): CodedError {
  const message = `${by} needs the package ${name}, an optional dependency that can't be loaded: npm install ${name}`;
  return withCode(new Error(message, { cause }), 'ERR_ATROUS_MISSING_PACKAGE');
}

/** What Node's own abortable functions reject with: name AbortError, code ABORT_ERR. */
export function abortError(reason: unknown): CodedError {
  const error = new Error('The operation was aborted', { cause: reason });
  Object.defineProperty(error, 'name', { value: 'AbortError', configurable: true, writable: true });
  return withCode(error, 'ABORT_ERR');
}

const longestText = 40;
const longestList = 8;

/** A short description of any value. Runs no code of the value's owner: no getter, proxy trap, toString or constructor. */
export function describe(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return quoted(value);
    case 'number':
      return Object.is(value, -0) ? '-0' : String(value);
    case 'bigint':
      return `${shortened(value.toString())}n`;
    case 'symbol':
      return shortened(value.toString());
    case 'function':
      return 'a function';
    case 'object':
      return value === null ? 'null' : describeObject(value);
    default:
      return String(value);
  }
}

function describeObject(value: object): string {
  // Array.isArray throws on a revoked proxy.
  if (types.isProxy(value)) return 'a Proxy';
  if (Array.isArray(value)) return describeArray(value);
  if (isTypedArray(value)) return `${withArticle(nameOf(value))} of length ${lengthOf(value)}`;
  const name = className(value);
  return name === undefined || name === 'Object' ? 'an object' : withArticle(shortened(name));
}

/** The entries of a short list of plain values, else its length. */
function describeArray(array: readonly unknown[]): string {
  const entries: string[] = [];
  for (let index = 0; index < array.length && index < longestList; index++) {
    const descriptor = Object.getOwnPropertyDescriptor(array, index);
    const entry: unknown = descriptor?.value;
    if (descriptor?.get !== undefined || (typeof entry === 'object' && entry !== null && !Array.isArray(entry))) break;
    entries.push(Array.isArray(entry) ? `an array of length ${entry.length}` : describe(entry));
  }
  return entries.length === array.length ? `[${entries.join(', ')}]` : `an array of length ${array.length}`;
}

function className(value: object): string | undefined {
  for (
    let owner: unknown = value;
    typeof owner === 'object' && owner !== null && !types.isProxy(owner);
    owner = Object.getPrototypeOf(owner)
  ) {
    const constructor: unknown = Object.getOwnPropertyDescriptor(owner, 'constructor')?.value;
    if (typeof constructor !== 'function' || types.isProxy(constructor)) continue;
    const name: unknown = Object.getOwnPropertyDescriptor(constructor, 'name')?.value;
    return typeof name === 'string' && name !== '' ? name : undefined;
  }
  return undefined;
}

function withArticle(name: string): string {
  return `${/^[AEIOU]/i.test(name) ? 'an' : 'a'} ${name}`;
}

function quoted(text: string): string {
  return `'${JSON.stringify(shortened(text)).slice(1, -1).replaceAll('\\"', '"')}'`;
}

function shortened(text: string): string {
  return text.length > longestText ? `${text.slice(0, longestText - 1)}…` : text;
}
