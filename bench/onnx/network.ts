/** Reads and rewrites whole ONNX models: weights from float16 to float32, convolutions with what they read, more graph outputs. */
import { floatValueInfo } from './conv-model.js';
import { float16ToFloat32 } from '../../lib/network/onnx/float16.js';
import * as schema from './schema.js';
import { bytesField, concatenate, messageField, readFields, text, varintField, type Field } from './wire.js';

/** A Conv node, its constants decoded. */
export interface ConvNode {
  readonly name: string;
  readonly inputTensor: string;
  readonly outputTensor: string;
  readonly weightDims: readonly number[];
  readonly weight: Float32Array;
  readonly bias: Float32Array | null;
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Begin of every axis, then end of every axis. */
  readonly pads: readonly number[];
  readonly group: number;
}

interface ConstantTensor {
  readonly dims: readonly number[];
  readonly values: Float32Array;
}

/** The same model computing in float32: constants are widened, casts to float16 become casts to float32, stored intermediate types go. */
export function widenToFloat32(modelBytes: Uint8Array): Uint8Array {
  return rewrite(modelBytes, schema.model.graph, (graph) =>
    concatenate(
      readFields(graph).flatMap((field) => {
        if (field.number === schema.graph.valueInfo) return [];
        if (field.number === schema.graph.initializer) return [bytesField(field.number, widenTensor(field.bytes))];
        if (field.number === schema.graph.node) return [bytesField(field.number, widenNode(field.bytes))];
        return [field.encoded];
      }),
    ),
  );
}

function widenNode(node: Uint8Array): Uint8Array {
  return rewrite(node, schema.node.attribute, (attribute) => {
    const isCastTarget = readFields(attribute).some(({ number, bytes }) => number === schema.attribute.name && text(bytes) === 'to');
    return concatenate(
      readFields(attribute).map((field) => {
        if (field.number === schema.attribute.tensor) return bytesField(field.number, widenTensor(field.bytes));
        if (isCastTarget && field.number === schema.attribute.int && field.value === schema.dataType.float16) {
          return varintField(field.number, schema.dataType.float);
        }
        return field.encoded;
      }),
    );
  });
}

function widenTensor(tensor: Uint8Array): Uint8Array {
  const fields = readFields(tensor);
  if (!fields.some(({ number, value }) => number === schema.tensor.dataType && value === schema.dataType.float16)) return tensor;
  return concatenate(
    fields.map((field) => {
      if (field.number === schema.tensor.dataType) return varintField(field.number, schema.dataType.float);
      if (field.number === schema.tensor.rawData) return bytesField(field.number, new Uint8Array(float16ToFloat32(field.bytes).buffer));
      return field.encoded;
    }),
  );
}

/** Adds float32 outputs to the graph. A reader merges the parts of a message that occurs twice, so that they can simply be appended. */
export function addOutputs(modelBytes: Uint8Array, tensorNames: readonly string[]): Uint8Array {
  const outputs = tensorNames.map((name) => messageField(schema.graph.output, floatValueInfo(name)));
  return concatenate([modelBytes, messageField(schema.model.graph, ...outputs)]);
}

/** The Conv nodes of a float32 model that dilate, in order. */
export function dilatedConvolutions(modelBytes: Uint8Array): ConvNode[] {
  const fields = readFields(modelBytes)
    .filter(({ number }) => number === schema.model.graph)
    .flatMap(({ bytes }) => readFields(bytes));
  const constants = new Map<string, Uint8Array>();
  for (const { number, bytes } of fields) {
    if (number === schema.graph.initializer) constants.set(textOf(readFields(bytes), schema.tensor.name), bytes);
  }
  return fields.flatMap(({ number, bytes }) => {
    if (number !== schema.graph.node) return [];
    const node = readFields(bytes);
    if (textOf(node, schema.node.opType) !== 'Conv') return [];
    const conv = readConv(node, constants);
    return conv.dilations.some((dilation) => dilation > 1) ? [conv] : [];
  });
}

function readConv(node: readonly Field[], constants: ReadonlyMap<string, Uint8Array>): ConvNode {
  const [inputTensor, weightName, biasName] = node.filter(({ number }) => number === schema.node.input).map(({ bytes }) => text(bytes));
  const attributes = new Map(
    node
      .filter(({ number }) => number === schema.node.attribute)
      .map(({ bytes }) => {
        const attribute = readFields(bytes);
        return [textOf(attribute, schema.attribute.name), attribute] as const;
      }),
  );
  const integers = (name: string): number[] => repeatedIntegers(attributes.get(name) ?? [], schema.attribute.ints);
  const constant = (name: string): ConstantTensor => {
    const bytes = constants.get(name);
    if (!bytes) throw new Error(`The model has no constant named ${name}`);
    return readTensor(bytes);
  };
  const weight = constant(weightName!);
  const axes = weight.dims.length - 2;
  const orOnes = (values: number[]): number[] => (values.length > 0 ? values : new Array<number>(axes).fill(1));
  const pads = integers('pads');
  return {
    name: textOf(node, schema.node.name),
    inputTensor: inputTensor!,
    outputTensor: textOf(node, schema.node.output),
    weightDims: weight.dims,
    weight: weight.values,
    bias: biasName ? constant(biasName).values : null,
    strides: orOnes(integers('strides')),
    dilations: orOnes(integers('dilations')),
    pads: pads.length > 0 ? pads : new Array<number>(2 * axes).fill(0),
    group: attributes.get('group')?.find(({ number }) => number === schema.attribute.int)?.value ?? 1,
  };
}

function readTensor(bytes: Uint8Array): ConstantTensor {
  const fields = readFields(bytes);
  const raw = fields.find(({ number }) => number === schema.tensor.rawData);
  if (!raw) throw new Error(`The constant ${textOf(fields, schema.tensor.name)} has no raw data`);
  return { dims: repeatedIntegers(fields, schema.tensor.dims), values: new Float32Array(raw.bytes.slice().buffer) };
}

/** A repeated integer stands as one field an element, or packed into one. */
function repeatedIntegers(fields: readonly Field[], wanted: number): number[] {
  return fields
    .filter(({ number }) => number === wanted)
    .flatMap(({ value, bytes }) => {
      if (bytes.length === 0) return [value];
      const values: number[] = [];
      // Sizes and paddings here are below 2³¹, one varint after the other.
      for (let position = 0, scale = 1, sum = 0; position < bytes.length; position++) {
        sum += (bytes[position]! & 127) * scale;
        scale *= 128;
        if (bytes[position]! < 128) {
          values.push(sum);
          [scale, sum] = [1, 0];
        }
      }
      return values;
    });
}

function textOf(fields: readonly Field[], wanted: number): string {
  const field = fields.find(({ number }) => number === wanted);
  return field ? text(field.bytes) : '';
}

/** Replaces the content of every submessage of one field; all else is copied. */
function rewrite(message: Uint8Array, wanted: number, change: (submessage: Uint8Array) => Uint8Array): Uint8Array {
  return concatenate(
    readFields(message).map((field) => (field.number === wanted ? bytesField(wanted, change(field.bytes)) : field.encoded)),
  );
}
