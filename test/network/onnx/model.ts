/** Small ONNX models, written as the wire format has them. */
import { fromOnnx } from '../../../lib/network/onnx/from-onnx.js';
import type { FloatTensor } from '../../../lib/types.js';
import { bytesField, concatenate, messageField, textField, varintField } from '../../../bench/onnx/wire.js';

/** Numbers are ints, lists of them too; floats and tensors say so. */
type Attribute =
  | number
  | string
  | readonly number[]
  | { readonly float: number }
  | { readonly floats: readonly number[] }
  | { readonly tensor: Uint8Array };

export interface ModelParts {
  readonly opset?: number;
  readonly nodes: readonly Uint8Array[];
  /** By name; a string is a size that is left open. */
  readonly inputs?: Readonly<Record<string, readonly (number | string)[]>>;
  readonly outputs?: readonly string[];
  readonly initializers?: readonly Uint8Array[];
}

export function model({ opset = 17, nodes, inputs = {}, outputs = ['y'], initializers = [] }: ModelParts): Uint8Array {
  return concatenate([
    varintField(1, 8),
    messageField(8, varintField(2, opset)),
    messageField(
      7,
      ...nodes.map((one) => bytesField(1, one)),
      ...initializers.map((one) => bytesField(5, one)),
      ...Object.entries(inputs).map(([name, dims]) => bytesField(11, valueInfo(name, dims))),
      ...outputs.map((name) => bytesField(12, valueInfo(name, []))),
    ),
  ]);
}

export function valueInfo(name: string, dims: readonly (number | string)[], elementType = 1): Uint8Array {
  const shape = dims.map((size) => messageField(1, typeof size === 'number' ? varintField(1, size) : textField(2, size)));
  return concatenate([textField(1, name), messageField(2, messageField(1, varintField(1, elementType), messageField(2, ...shape)))]);
}

export function node(
  opType: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: Readonly<Record<string, Attribute>> = {},
  name = '',
): Uint8Array {
  return concatenate([
    ...inputs.map((input) => textField(1, input)),
    ...outputs.map((output) => textField(2, output)),
    ...(name === '' ? [] : [textField(3, name)]),
    textField(4, opType),
    ...Object.entries(attributes).map(([key, value]) => messageField(5, textField(1, key), ...attributeFields(value))),
  ]);
}

function attributeFields(value: Attribute): Uint8Array[] {
  if (typeof value === 'number') return [int64Field(3, value), varintField(20, 2)];
  if (typeof value === 'string') return [textField(4, value), varintField(20, 3)];
  if ('float' in value) return [floatField(2, value.float), varintField(20, 1)];
  if ('floats' in value) return [...value.floats.map((one) => floatField(7, one)), varintField(20, 6)];
  if ('tensor' in value) return [bytesField(5, value.tensor), varintField(20, 4)];
  return [...value.map((one) => int64Field(8, one)), varintField(20, 7)];
}

/** Negative numbers are ten bytes, in two's complement. */
function int64Field(number: number, value: number): Uint8Array {
  let rest = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  for (; rest >= 128n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return concatenate([varintField(number, 0).subarray(0, -1), Uint8Array.of(...bytes, Number(rest))]);
}

function floatField(number: number, value: number): Uint8Array {
  return concatenate([Uint8Array.of(number * 8 + 5), bytesOf(Float32Array.of(value))]);
}

function bytesOf({ buffer }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer);
}

const dataTypes = { float: 1, int32: 6, int64: 7, bool: 9, float16: 10, double: 11 };

/** An initializer with raw data. */
export function raw(name: string, dims: readonly number[], type: keyof typeof dataTypes, bytes: Uint8Array): Uint8Array {
  return concatenate([
    ...dims.map((size) => varintField(1, size)),
    varintField(2, dataTypes[type]),
    textField(8, name),
    bytesField(9, bytes),
  ]);
}

export function floats(name: string, dims: readonly number[], values: ArrayLike<number>): Uint8Array {
  return raw(name, dims, 'float', bytesOf(Float32Array.from(values)));
}

export function int64s(name: string, values: readonly number[], dims: readonly number[] = [values.length]): Uint8Array {
  return raw(name, dims, 'int64', bytesOf(BigInt64Array.from(values, BigInt)));
}

/** Values in the field of their type instead of as raw bytes: packed floats, or varints. */
export function typed(name: string, dims: readonly number[], type: keyof typeof dataTypes, values: readonly number[]): Uint8Array {
  const field = {
    float: () => bytesField(4, bytesOf(Float32Array.from(values))),
    double: () => bytesField(10, bytesOf(Float64Array.from(values))),
    int64: () => concatenate(values.map((value) => int64Field(7, value))),
    int32: () => concatenate(values.map((value) => int64Field(5, value))),
    bool: () => concatenate(values.map((value) => int64Field(5, value))),
    float16: () => concatenate(values.map((value) => int64Field(5, value))),
  }[type]();
  return concatenate([...dims.map((size) => varintField(1, size)), varintField(2, dataTypes[type]), textField(8, name), field]);
}

/** What a model of one node, 'y' from 'x' and initializers, gives for x. */
export function runNode(
  x: FloatTensor,
  opType: string,
  attributes: Readonly<Record<string, Attribute>> = {},
  { initializers = [], names = [], opset = 17, open = false }: RunOptions = {},
): FloatTensor {
  const network = fromOnnx(
    model({
      opset,
      inputs: { x: x.dims.map((size, axis) => (open && axis !== 1 ? `size${axis}` : size)) },
      nodes: [node(opType, ['x', ...names], ['y'], attributes)],
      initializers,
    }),
  );
  return network.run({ x }).y!;
}

interface RunOptions {
  readonly initializers?: readonly Uint8Array[];
  /** Inputs behind x. */
  readonly names?: readonly string[];
  readonly opset?: number;
  /** Whether the model leaves all sizes but the channels open. */
  readonly open?: boolean;
}
