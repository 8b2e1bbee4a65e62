/**
 * The convolution vectors of ONNX's own conformance suites (node and PyTorch-converted). They come as one file beside the repository, a JSON
 * object a line: name, op, attrs, inputs [x, w, bias?] and expected, arrays as base64 of little-endian values.
 */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import type { FloatTensor, Padding } from '../../lib/types.js';

interface EncodedTensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly b64: string;
}

export interface ConvVector {
  readonly name: string;
  readonly op: string;
  readonly attrs: {
    readonly auto_pad?: 'NOTSET' | 'VALID' | 'SAME_UPPER' | 'SAME_LOWER';
    readonly pads?: readonly number[];
    readonly strides?: readonly number[];
    readonly dilations?: readonly number[];
    readonly group?: number;
    readonly kernel_shape?: readonly number[];
    /** ConvTranspose only. */
    readonly output_padding?: readonly number[];
    readonly output_shape?: readonly number[];
  };
  readonly inputs: readonly EncodedTensor[];
  readonly expected: readonly EncodedTensor[];
}

const path = fileURLToPath(new URL('../../../shared/data/onnx-conv.jsonl', import.meta.url));

/** The vectors of one operator; undefined, and a line that says so, where the file is missing. */
export function readVectors(operator: string): readonly ConvVector[] | undefined {
  if (!existsSync(path)) {
    console.warn(`SKIPPED: the ONNX vectors are not at ${path}, so no conformance vector of ${operator} was checked.`);
    return undefined;
  }
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as ConvVector)
    .filter(({ op }) => op === operator);
}

export function decode({ dtype, shape, b64 }: EncodedTensor): FloatTensor {
  expect(dtype).toBe('float32');
  const bytes = Buffer.from(b64, 'base64');
  const data = Float32Array.from({ length: bytes.length / 4 }, (_, index) => bytes.readFloatLE(4 * index));
  return { data, dims: shape };
}

/** ONNX lists all begins, then all ends. */
export function paddingOf({ auto_pad: autoPad = 'NOTSET', pads }: ConvVector['attrs']): Padding {
  switch (autoPad) {
    case 'VALID':
      return 'valid';
    case 'SAME_UPPER':
      return 'same';
    case 'SAME_LOWER':
      return 'sameLower';
    case 'NOTSET':
      return pads === undefined ? 0 : pads.slice(0, pads.length / 2).map((begin, axis) => [begin, pads[pads.length / 2 + axis]!] as const);
  }
}
