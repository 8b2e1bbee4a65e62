/**
 * The ConvTranspose vectors of ONNX's conformance suites through the public convTranspose() on each backend.
 *
 * @see https://onnx.ai/onnx/operators/onnx__ConvTranspose.html
 */
import { describe, expect, it } from 'vitest';
import { convTranspose } from '../../lib/conv-transpose.js';
import type { ConvTransposeOptions, FloatTensor } from '../../lib/types.js';
import { errorBound } from '../support/expect-within-bound.js';
import { transposedReference, transposedShape } from '../support/transposed-cases.js';
import { type ConvVector, decode, paddingOf, readVectors } from './vectors.js';

const vectors = readVectors('ConvTranspose');

if (vectors) {
  it('finds the vectors of ConvTranspose', () => {
    expect(vectors).toHaveLength(14);
  });

  describe.each(['typescript', 'native'] as const)('%s', (backend) => {
    it.each(vectors.map((vector) => [vector.name, vector] as const))('%s', (_, { attrs, inputs, expected }) => {
      const [input, weight, bias] = inputs.map(decode);
      if (attrs.kernel_shape) expect(weight!.dims.slice(2)).toEqual(attrs.kernel_shape);
      const output = convTranspose(input!, weight!, { ...optionsOf(attrs, input!, weight!), bias, backend });
      const wanted = decode(expected[0]!);
      expect(output.dims).toEqual(wanted.dims);
      const reference = referenceOf(attrs, input!, weight!, bias, wanted.dims);
      for (let index = 0; index < wanted.data.length; index++) {
        // The vectors are float32 sums themselves: either may be off by the bound.
        const difference = Math.abs(output.data[index]! - wanted.data[index]!);
        expect(difference, `element ${index}`).toBeLessThanOrEqual(2 * errorBound(reference, index));
      }
    });
  });
} else {
  it.skip('ONNX ConvTranspose vectors: their file is missing', () => undefined);
}

/** `output_shape` says the size, and padding or, where that does not suffice, output padding follows from it. */
function optionsOf(attrs: ConvVector['attrs'], input: FloatTensor, weight: FloatTensor): ConvTransposeOptions {
  const { strides: stride, dilations: dilation, group: groups, output_padding: outputPadding, output_shape: outputShape } = attrs;
  const options = { stride, dilation, groups, outputPadding };
  if (!outputShape) return { ...options, padding: paddingOf(attrs) };
  const uncut = outputShape.map((_, axis) => {
    const span = (dilation?.[axis] ?? 1) * (weight.dims[2 + axis]! - 1) + 1;
    return (input.dims[2 + axis]! - 1) * (stride?.[axis] ?? 1) + span;
  });
  const cut = uncut.map((size, axis) => size + (outputPadding?.[axis] ?? 0) - outputShape[axis]!);
  return {
    ...options,
    padding: cut.map((total) => [Math.floor(Math.max(0, total) / 2), Math.ceil(Math.max(0, total) / 2)] as const),
    outputPadding: cut.map((total, axis) => (outputPadding?.[axis] ?? 0) + Math.max(0, -total)),
  };
}

function referenceOf(
  attrs: ConvVector['attrs'],
  input: FloatTensor,
  weight: FloatTensor,
  bias: FloatTensor | undefined,
  outputDims: readonly number[],
) {
  const { strides: stride = 1, dilations: dilation = 1, group: groups = 1 } = attrs;
  const { padding } = optionsOf(attrs, input, weight);
  const description = {
    batch: input.dims[0]!,
    groups,
    inChannels: input.dims[1]!,
    outChannels: weight.dims[1]! * groups,
    input: input.dims.slice(2),
    kernel: weight.dims.slice(2),
    stride,
    dilation,
  };
  const shape = transposedShape(description);
  const begins = input.dims.slice(2).map((_, axis) => {
    if (Array.isArray(padding)) return (padding as readonly (readonly [number, number])[])[axis]![0];
    // The one vector with auto_pad is SAME_UPPER and cuts 1, all of it at the end.
    return 0;
  });
  const triple = (values: readonly number[], fill: number) => [fill, fill, fill, ...values].slice(-3) as [number, number, number];
  const cutShape = { ...shape, paddingBegin: triple(begins, 0), output: triple(outputDims.slice(2), 1) };
  return transposedReference({ description, shape: cutShape, input: input.data, weight: weight.data, bias: bias?.data ?? null });
}
