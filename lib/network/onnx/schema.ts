/**
 * The part of onnx.proto that is read here, as data for the protobuf package: field numbers and types are those of the published schema
 * (github.com/onnx/onnx, onnx/onnx.proto, IR version 12). What is left out, subgraphs above all, is skipped unread; so no message contains
 * another of its own kind, and nothing nests.
 */

/** Of FieldDescriptorProto: the types that occur. */
const types = { double: 1, float: 2, int64: 3, int32: 5, string: 9, message: 11, bytes: 12 } as const;
type Scalar = Exclude<keyof typeof types, 'message'>;

/** A type as onnx.proto writes it: a scalar's or message's name, behind `repeated` where there may be many. */
type FieldType = Scalar | MessageName | `repeated ${Scalar | MessageName}`;

type MessageName = keyof typeof fieldsOf;

const fieldsOf = {
  ModelProto: { opset_import: [8, 'repeated OperatorSetIdProto'], graph: [7, 'GraphProto'] },
  OperatorSetIdProto: { domain: [1, 'string'], version: [2, 'int64'] },
  GraphProto: {
    node: [1, 'repeated NodeProto'],
    initializer: [5, 'repeated TensorProto'],
    input: [11, 'repeated ValueInfoProto'],
    output: [12, 'repeated ValueInfoProto'],
  },
  NodeProto: {
    input: [1, 'repeated string'],
    output: [2, 'repeated string'],
    name: [3, 'string'],
    op_type: [4, 'string'],
    attribute: [5, 'repeated AttributeProto'],
    domain: [7, 'string'],
  },
  AttributeProto: {
    name: [1, 'string'],
    f: [2, 'float'],
    i: [3, 'int64'],
    s: [4, 'bytes'],
    t: [5, 'TensorProto'],
    floats: [7, 'repeated float'],
    ints: [8, 'repeated int64'],
    type: [20, 'int32'],
  },
  TensorProto: {
    dims: [1, 'repeated int64'],
    data_type: [2, 'int32'],
    float_data: [4, 'repeated float'],
    int32_data: [5, 'repeated int32'],
    int64_data: [7, 'repeated int64'],
    name: [8, 'string'],
    raw_data: [9, 'bytes'],
    double_data: [10, 'repeated double'],
    data_location: [14, 'int32'],
  },
  ValueInfoProto: { name: [1, 'string'], type: [2, 'TypeProto'] },
  TypeProto: { tensor_type: [1, 'TensorTypeProto'] },
  TensorTypeProto: { elem_type: [1, 'int32'], shape: [2, 'TensorShapeProto'] },
  TensorShapeProto: { dim: [1, 'repeated DimensionProto'] },
  DimensionProto: { dim_value: [1, 'int64'], dim_param: [2, 'string'] },
} as const;

const labels = { optional: 1, repeated: 3 } as const;

/** A FileDescriptorProto, as `create` of the protobuf package takes it. */
export const onnxFile = {
  name: 'onnx.proto',
  package: 'onnx',
  syntax: 'proto2',
  messageType: Object.entries(fieldsOf).map(([name, fields]) => ({
    name,
    field: Object.entries(fields as Readonly<Record<string, readonly [number: number, type: FieldType]>>).map(([field, [number, type]]) => {
      const element = type.replace('repeated ', '');
      return {
        name: field,
        number,
        label: type === element ? labels.optional : labels.repeated,
        ...(element in types ? { type: types[element as Scalar] } : { type: types.message, typeName: `.onnx.${element}` }),
      };
    }),
  })),
};

/** TensorProto.DataType, and AttributeProto.AttributeType. */
export const dataTypes = { float: 1, int32: 6, int64: 7, bool: 9, float16: 10, double: 11 } as const;
export const attributeTypes = { float: 1, int: 2, string: 3, tensor: 4, floats: 6, ints: 7 } as const;

// What the package makes of these messages: names in camel case, int64 as bigint; what a file leaves out is 0, '' or empty, a message undefined.

export interface OnnxModel {
  readonly opsetImport: readonly { readonly domain: string; readonly version: bigint }[];
  readonly graph?: OnnxGraph;
}

export interface OnnxGraph {
  readonly node: readonly OnnxNode[];
  readonly initializer: readonly OnnxTensor[];
  readonly input: readonly OnnxValueInfo[];
  readonly output: readonly OnnxValueInfo[];
}

export interface OnnxNode {
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly name: string;
  readonly opType: string;
  readonly attribute: readonly OnnxAttribute[];
  readonly domain: string;
}

export interface OnnxAttribute {
  readonly name: string;
  readonly f: number;
  readonly i: bigint;
  readonly s: Uint8Array;
  readonly t?: OnnxTensor;
  readonly floats: readonly number[];
  readonly ints: readonly bigint[];
  readonly type: number;
}

export interface OnnxTensor {
  readonly dims: readonly bigint[];
  readonly dataType: number;
  readonly floatData: readonly number[];
  readonly int32Data: readonly number[];
  readonly int64Data: readonly bigint[];
  readonly name: string;
  readonly rawData: Uint8Array;
  readonly doubleData: readonly number[];
  readonly dataLocation: number;
}

export interface OnnxValueInfo {
  readonly name: string;
  readonly type?: {
    readonly tensorType?: {
      readonly elemType: number;
      readonly shape?: { readonly dim: readonly { readonly dimValue: bigint; readonly dimParam: string }[] };
    };
  };
}
