/**
 * The Conv vectors of ONNX's conformance suites through the public conv() on each backend.
 *
 * @see https://onnx.ai/onnx/operators/onnx__Conv.html
 */
import { describe, expect, it } from 'vitest';
import { conv } from '../../lib/conv.js';
import type { FloatTensor } from '../../lib/types.js';
import { referenceConv } from '../reference/conv.js';
import { convShape } from '../support/conv-cases.js';
import { errorBound } from '../support/expect-within-bound.js';
import { type ConvVector, decode, paddingOf, readVectors } from './vectors.js';

const vectors = readVectors('Conv');

if (vectors) {
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
  it.skip('ONNX Conv vectors: their file is missing', () => undefined);
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
