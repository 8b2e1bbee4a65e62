/**
 * Arguments of the geometry of one axis: own properties only, each read once and checked once.
 *
 * A quantity belongs to a `place`: '' for a function's own options, 'layers[2]' for a layer of a stack.
 */
import { rangeError, typeError } from '../errors.js';
import type { PaddingName } from '../types.js';
import { LARGEST_INTEGER, listNames, readElements, readInteger, readName } from '../validate.js';

/** A window that slides along one axis, defaults filled in; its padding is a name or [begin, end]. */
export interface AxisWindow {
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly padding: PaddingName | readonly [number, number];
}

/** How a window hanging over the end is counted: not at all, or as an output. */
export type Rounding = 'floor' | 'ceil';

const paddingNames: readonly PaddingName[] = ['valid', 'same', 'sameLower', 'causal'];
export const axisPaddings = `one of ${listNames(paddingNames)}, an integer ≥ 0 or [begin, end]`;
const roundings: readonly Rounding[] = ['floor', 'ceil'];

/** An integer from `least` to 2^31 − 1. −0 is the mark of a miscalculated negative and is refused as one. */
export function readAxisInteger(name: string, value: unknown, least: 0 | 1): number {
  if (Object.is(value, -0)) throw rangeError(name, `an integer ≥ ${least}`, value);
  return readInteger(name, value, least, LARGEST_INTEGER);
}

/** The part of a place: `stride`, or `layers[2].stride`. */
export function partOf(place: string, part: string): string {
  return place === '' ? part : `${place}.${part}`;
}

/** The window in options that `readOptions` has read: an object without a prototype. */
export function readWindow(place: string, options: Readonly<Partial<Record<string, unknown>>>): AxisWindow {
  const { kernel, stride = 1, dilation = 1, padding = 'valid' } = options;
  return {
    kernel: readAxisInteger(partOf(place, 'kernel'), kernel, 1),
    stride: readAxisInteger(partOf(place, 'stride'), stride, 1),
    dilation: readAxisInteger(partOf(place, 'dilation'), dilation, 1),
    padding: readAxisPadding(partOf(place, 'padding'), padding),
  };
}

function readAxisPadding(name: string, value: unknown): PaddingName | readonly [number, number] {
  if (typeof value === 'string') return readName(name, value, paddingNames);
  if (typeof value === 'number') {
    const size = readAxisInteger(name, value, 0);
    return [size, size];
  }
  if (!Array.isArray(value)) throw typeError(name, axisPaddings, value);
  if (value.length !== 2) throw rangeError(name, 'an array [begin, end] of length 2', value);
  const [begin, end] = readElements(value, 2, (element, index) => readAxisInteger(`${name}[${index}]`, element, 0));
  return [begin!, end!];
}

export function readRounding(name: string, value: unknown): Rounding {
  return readName(name, value, roundings);
}

/**
 * A computed integer that a double holds exactly.
 *
 * Sums and products of exact integers reach 2^53 in doubles only if they do exactly, so a result below it is exact.
 */
export function requireExact(place: string, quantity: string, value: number): number {
  if (Math.abs(value) <= Number.MAX_SAFE_INTEGER) return value;
  throw rangeError(place === '' ? `the ${quantity}` : `the ${quantity} of ${place}`, 'below 2^53, where integers are exact', value);
}
