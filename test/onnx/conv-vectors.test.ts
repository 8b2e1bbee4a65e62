/**
 * The Conv vectors of ONNX's own conformance suites (node and PyTorch-converted), through the public conv() on each backend.
 *
 * They come as one file beside the repository, a JSON object a line: name, attrs, inputs [x, w, bias?] and expected, arrays as base64 of
 * little-endian values.
 *
 * @see https://onnx.ai/onnx/operators/onnx__Conv.html
 */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { conv } from '../../lib/conv.js';
import type { FloatTensor, Padding } from '../../lib/types.js';
import { referenceConv } from '../reference/conv.js';
import { convShape } from '../support/conv-cases.js';
import { errorBound } from '../support/expect-within-bound.js';

interface EncodedTensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly b64: string;
}

interface ConvVector {
  readonly name: string;
  readonly op: string;
  readonly attrs: {
    readonly auto_pad?: 'NOTSET' | 'VALID' | 'SAME_UPPER' | 'SAME_LOWER';
    readonly pads?: readonly number[];
    readonly strides?: readonly number[];
    readonly dilations?: readonly number[];
    readonly group?: number;
    readonly kernel_shape?: readonly number[];
  };
  readonly inputs: readonly EncodedTensor[];
  readonly expected: readonly EncodedTensor[];
}

const path = fileURLToPath(new URL('../../../shared/data/onnx-conv.jsonl', import.meta.url));

if (existsSync(path)) {
  const vectors = readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as ConvVector)
    .filter(({ op }) => op === 'Conv');

  it('finds the vectors of Conv', () => {
    expect(vectors).toHaveLength(32);
  });

  describe.each(['typescript', 'native'] as const)('%s', (backend) => {
    it.each(vectors.map((vector) => [vector.name, vector] as const))('%s', (_, { attrs, inputs, expected }) => {
      const [input, weight, bias] = inputs.map(decode);
      const { strides: stride, dilations: dilation, group: groups = 1 } = attrs;
      if (attrs.kernel_shape) expect(weight!.dims.slice(2)).toEqual(attrs.kernel_shape);
      const output = conv(input!, weight!, { bias, stride, dilation, groups, padding: paddingOf(attrs), backend });
      const wanted = decode(expected[0]!);
      expect(output.dims).toEqual(wanted.dims);
      const reference = referenceOf(attrs, input!, weight!, bias);
      for (let index = 0; index < wanted.data.length; index++) {
        // The vectors are float32 sums themselves: either may be off by the bound.
        const difference = Math.abs(output.data[index]! - wanted.data[index]!);
        expect(difference, `element ${index}`).toBeLessThanOrEqual(2 * errorBound(reference, index));
      }
    });
  });
} else {
  console.warn(`SKIPPED: the ONNX Conv vectors are not at ${path}, so no conformance vector of ONNX was checked.`);
  it.skip('ONNX Conv vectors: their file is missing', () => undefined);
}

function decode({ dtype, shape, b64 }: EncodedTensor): FloatTensor {
  expect(dtype).toBe('float32');
  const bytes = Buffer.from(b64, 'base64');
  const data = Float32Array.from({ length: bytes.length / 4 }, (_, index) => bytes.readFloatLE(4 * index));
  return { data, dims: shape };
}

/** ONNX lists all begins, then all ends. */
function paddingOf({ auto_pad: autoPad = 'NOTSET', pads }: ConvVector['attrs']): Padding {
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

function referenceOf(attrs: ConvVector['attrs'], input: FloatTensor, weight: FloatTensor, bias: FloatTensor | undefined) {
  const sizes = input.dims.slice(2);
  const kernel = weight.dims.slice(2);
  const { strides = sizes.map(() => 1), dilations = sizes.map(() => 1), group: groups = 1 } = attrs;
  const padding = paddingOf(attrs);
  const shape = convShape({
    batch: input.dims[0]!,
    groups,
    inChannels: input.dims[1]!,
    outChannels: weight.dims[0]!,
    input: sizes,
    kernel,
    stride: strides,
    dilation: dilations,
    padding:
      typeof padding === 'object'
        ? (padding as readonly (readonly [number, number])[])
        : sizes.map((size, axis) => {
            if (padding !== 'same' && padding !== 'sameLower') return [0, 0] as const;
            // ⌈size / stride⌉ outputs need this much in all; the odd element goes to the end, or with SAME_LOWER to the begin.
            const span = dilations[axis]! * (kernel[axis]! - 1) + 1;
            const total = Math.max(0, (Math.ceil(size / strides[axis]!) - 1) * strides[axis]! + span - size);
            const [less, more] = [Math.floor(total / 2), Math.ceil(total / 2)];
            return padding === 'same' ? ([less, more] as const) : ([more, less] as const);
          }),
  });
  return referenceConv(shape, input.data, weight.data, bias?.data ?? null);
}
