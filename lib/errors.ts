/** The errors of this package: their codes, and messages of the form `Expected dilation[0] to be an integer ≥ 1, received 0`. */
import { types } from 'node:util';

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
 * | ABORT_ERR | AbortError | the given signal was aborted; `cause` is its reason |
 */
export type ErrorCode =
  | 'ERR_ATROUS_ARGUMENT_TYPE'
  | 'ERR_ATROUS_ARGUMENT_RANGE'
  | 'ERR_ATROUS_OUT_OF_MEMORY'
  | 'ERR_ATROUS_ENVIRONMENT'
  | 'ERR_ATROUS_NATIVE_UNAVAILABLE'
  | 'ABORT_ERR';

export type CodedError<Base extends Error = Error> = Base & { readonly code: ErrorCode };

/** Gives an error its code. */
export function withCode<Base extends Error>(error: Base, code: ErrorCode): CodedError<Base> {
  return Object.defineProperty(error, 'code', { value: code, enumerable: true, configurable: true, writable: true }) as CodedError<Base>;
}

/** The wrong kind of thing: `Expected ${name} to be ${expected}, received ${describe(received)}`. */
export function typeError(name: string, expected: string, received: unknown): CodedError<TypeError> {
  return withCode(new TypeError(`Expected ${name} to be ${expected}, received ${describe(received)}`), 'ERR_ATROUS_ARGUMENT_TYPE');
}

/** The right kind of thing with a wrong value: `Expected ${name} to be ${expected}, received ${describe(received)}`. */
export function rangeError(name: string, expected: string, received: unknown): CodedError<RangeError> {
  return withCode(new RangeError(`Expected ${name} to be ${expected}, received ${describe(received)}`), 'ERR_ATROUS_ARGUMENT_RANGE');
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
  const name = typedArrayName(value) ?? className(value);
  return name === undefined || name === 'Object' ? 'an object' : `${/^[AEIOU]/i.test(name) ? 'an' : 'a'} ${shortened(name)}`;
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

// %TypedArray%.prototype[Symbol.toStringTag] reads an internal slot: a class or a tag can't pretend.
const typedArrayTag = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype) as object, Symbol.toStringTag);

function typedArrayName(value: object): string | undefined {
  return Reflect.apply(typedArrayTag!.get!, value, []) as string | undefined;
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

function quoted(text: string): string {
  return `'${JSON.stringify(shortened(text)).slice(1, -1).replaceAll('\\"', '"')}'`;
}

function shortened(text: string): string {
  return text.length > longestText ? `${text.slice(0, longestText - 1)}…` : text;
}
