/** The ONNX bytes that peers are given, read back field by field, and the rewriting of whole models. */
import { describe, expect, it } from 'vitest';
import { convModel } from '../../bench/onnx/conv-model.js';
import { float16ToFloat32 } from '../../lib/network/onnx/float16.js';
import { addOutputs, dilatedConvolutions, widenToFloat32 } from '../../bench/onnx/network.js';
import * as schema from '../../bench/onnx/schema.js';
import { bytesField, concatenate, messageField, readFields, text, textField, varintField } from '../../bench/onnx/wire.js';
import { makeProblem } from '../../bench/problem.js';
import { shapes } from '../../bench/shapes.js';

describe('wire format', () => {
  it('encodes as the specification says', () => {
    // The examples of the encoding specification: field 1 = 150, field 2 = "testing".
    expect([...varintField(1, 150)]).toEqual([0x08, 0x96, 0x01]);
    expect([...textField(2, 'testing')]).toEqual([0x12, 0x07, 0x74, 0x65, 0x73, 0x74, 0x69, 0x6e, 0x67]);
    expect([...messageField(3, varintField(1, 150))]).toEqual([0x1a, 0x03, 0x08, 0x96, 0x01]);
  });

  it('reads back what it wrote, large varints and fixed sizes too', () => {
    const message = concatenate([
      varintField(15, 0),
      varintField(16, 2 ** 40 + 3),
      bytesField(2000, new Uint8Array(300)),
      Uint8Array.of(5 * 8 + 5, 1, 2, 3, 4),
      Uint8Array.of(6 * 8 + 1, 1, 2, 3, 4, 5, 6, 7, 8),
    ]);
    const fields = readFields(message);
    expect(fields.map(({ number, value, bytes }) => [number, value, bytes.length])).toEqual([
      [15, 0, 0],
      [16, 2 ** 40 + 3, 0],
      [2000, 0, 300],
      [5, 0, 4],
      [6, 0, 8],
    ]);
    expect(concatenate(fields.map(({ encoded }) => encoded))).toEqual(message);
  });

  it.each([[Uint8Array.of(0x08)], [Uint8Array.of(0x12, 5, 1)], [Uint8Array.of(0x0b)]])('refuses the damaged message %j', (message) => {
    expect(() => readFields(message)).toThrow(RangeError);
  });
});

describe('convModel', () => {
  it.each(['aspp256_33_d6', 'dw64_112_k5_d2', 'wavenet_d16', 'vol32_d2', 'res128_56_s2_d2'])(
    '%s decodes to one Conv of the same convolution',
    (name) => {
      const shape = shapes.find((candidate) => candidate.name === name)!;
      const problem = makeProblem({ ...shape, inChannels: shape.groups * 2, outChannels: shape.groups * 3 });
      const bytes = convModel({ ...problem, bias: new Float32Array(shape.groups * 3).fill(0.5) });
      const [conv, ...others] = dilatedConvolutions(bytes);
      expect(others).toEqual([]);
      expect(conv).toEqual({
        name,
        inputTensor: 'x',
        outputTensor: 'y',
        weightDims: problem.weightDims,
        weight: problem.weight,
        bias: new Float32Array(shape.groups * 3).fill(0.5),
        strides: shape.kernel.map(() => shape.stride),
        dilations: shape.kernel.map(() => shape.dilation),
        pads: [...problem.padding.map(([begin]) => begin), ...problem.padding.map(([, end]) => end)],
        group: shape.groups,
      });
      const top = readFields(bytes);
      expect(top.find(({ number }) => number === schema.model.irVersion)?.value).toBe(8);
      const opset = readFields(top.find(({ number }) => number === schema.model.opsetImport)!.bytes);
      expect(opset.find(({ number }) => number === schema.opset.version)?.value).toBe(15);
    },
  );
});

describe('float16ToFloat32', () => {
  it('is exact for normal, subnormal and special values', () => {
    const halves = Uint16Array.of(0x3c00, 0xc000, 0x7bff, 0x0001, 0x03ff, 0x0400, 0x3555, 0x7c00, 0xfc00, 0x7e00, 0x8000);
    const values = float16ToFloat32(new Uint8Array(halves.buffer));
    expect([...values]).toEqual([1, -2, 65504, 2 ** -24, 1023 * 2 ** -24, 2 ** -14, 0.333251953125, Infinity, -Infinity, NaN, -0]);
  });
});

describe('rewriting a model', () => {
  const half = (name: string, values: number[]): Uint8Array =>
    concatenate([
      varintField(schema.tensor.dims, 1),
      varintField(schema.tensor.dims, 1),
      varintField(schema.tensor.dims, values.length),
      varintField(schema.tensor.dataType, schema.dataType.float16),
      textField(schema.tensor.name, name),
      bytesField(schema.tensor.rawData, new Uint8Array(Uint16Array.from(values).buffer)),
    ]);
  const cast = messageField(
    schema.graph.node,
    textField(schema.node.input, 'x'),
    textField(schema.node.output, 'half'),
    textField(schema.node.opType, 'Cast'),
    messageField(
      schema.node.attribute,
      textField(schema.attribute.name, 'to'),
      varintField(schema.attribute.int, schema.dataType.float16),
      varintField(schema.attribute.type, schema.attributeType.int),
    ),
  );
  const conv = messageField(
    schema.graph.node,
    textField(schema.node.input, 'half'),
    textField(schema.node.input, 'w'),
    textField(schema.node.output, 'y'),
    textField(schema.node.name, '/a/Conv'),
    textField(schema.node.opType, 'Conv'),
    // Packed, as other writers do.
    messageField(
      schema.node.attribute,
      textField(schema.attribute.name, 'dilations'),
      bytesField(schema.attribute.ints, Uint8Array.of(0x90, 0x03)),
    ),
  );
  const model = concatenate([
    varintField(schema.model.irVersion, 8),
    messageField(
      schema.model.graph,
      cast,
      conv,
      messageField(schema.graph.initializer, half('w', [0x3c00, 0xb800])),
      messageField(schema.graph.valueInfo, textField(schema.valueInfo.name, 'half')),
    ),
  ]);

  it('widens weights and casts, and drops stored intermediate types', () => {
    const [found] = dilatedConvolutions(widenToFloat32(model));
    expect(found).toMatchObject({
      name: '/a/Conv',
      weightDims: [1, 1, 2],
      dilations: [400],
      pads: [0, 0],
      strides: [1],
      group: 1,
      bias: null,
    });
    expect(found!.weight).toEqual(Float32Array.of(1, -0.5));
    const graph = readFields(readFields(widenToFloat32(model))[1]!.bytes);
    expect(graph.map(({ number }) => number)).toEqual([schema.graph.node, schema.graph.node, schema.graph.initializer]);
    const attribute = readFields(readFields(graph[0]!.bytes).find(({ number }) => number === schema.node.attribute)!.bytes);
    expect(attribute.find(({ number }) => number === schema.attribute.int)?.value).toBe(schema.dataType.float);
  });

  it('appends outputs as a second part of the graph', () => {
    const parts = readFields(addOutputs(model, ['half', 'y'])).filter(({ number }) => number === schema.model.graph);
    expect(parts).toHaveLength(2);
    const names = readFields(parts[1]!.bytes).map(({ number, bytes }) => {
      expect(number).toBe(schema.graph.output);
      return text(readFields(bytes)[0]!.bytes);
    });
    expect(names).toEqual(['half', 'y']);
  });
});
