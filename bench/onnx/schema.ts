/** Field numbers of the messages that are read and written here, from onnx.proto of the ONNX specification (IR version 8). */
export const model = { irVersion: 1, producerName: 2, graph: 7, opsetImport: 8 } as const;
export const opset = { domain: 1, version: 2 } as const;
export const graph = { node: 1, name: 2, initializer: 5, input: 11, output: 12, valueInfo: 13 } as const;
export const node = { input: 1, output: 2, name: 3, opType: 4, attribute: 5 } as const;
export const attribute = { name: 1, int: 3, tensor: 5, ints: 8, type: 20 } as const;
export const tensor = { dims: 1, dataType: 2, name: 8, rawData: 9 } as const;
export const valueInfo = { name: 1, type: 2 } as const;
export const type = { tensorType: 1 } as const;
export const tensorType = { elementType: 1, shape: 2 } as const;
export const tensorShape = { dimension: 1 } as const;
export const dimension = { value: 1 } as const;

/** TensorProto.DataType. */
export const dataType = { float: 1, float16: 10 } as const;
/** AttributeProto.AttributeType. */
export const attributeType = { int: 2, ints: 7 } as const;
