/** An ONNX model of a single Conv node, weights and bias as initializers: what a peer that runs ONNX is given. */
import type { Problem } from '../problem.js';
import * as schema from './schema.js';
import { concatenate, messageField, bytesField, textField, varintField } from './wire.js';

/** Opset 15 and IR version 8: what ISNet, exported by PyTorch 2.0, has too. */
const irVersion = 8;
const opsetVersion = 15;

/** The bytes of a model `y = Conv(x, w, b?)`; input 'x' and output 'y' are float32 tensors of the problem's dims. */
export function convModel(problem: Problem): Uint8Array {
  const pads = [...problem.padding.map(([begin]) => begin), ...problem.padding.map(([, end]) => end)];
  const inputNames = problem.bias ? ['x', 'w', 'b'] : ['x', 'w'];
  const convNode = messageField(
    schema.graph.node,
    ...inputNames.map((name) => textField(schema.node.input, name)),
    textField(schema.node.output, 'y'),
    textField(schema.node.name, problem.name),
    textField(schema.node.opType, 'Conv'),
    integersAttribute('dilations', problem.dilation),
    integersAttribute('kernel_shape', problem.weightDims.slice(2)),
    integersAttribute('pads', pads),
    integersAttribute('strides', problem.stride),
    integerAttribute('group', problem.groups),
  );
  return concatenate([
    varintField(schema.model.irVersion, irVersion),
    textField(schema.model.producerName, 'atrous'),
    messageField(
      schema.model.graph,
      convNode,
      textField(schema.graph.name, problem.name),
      initializer('w', problem.weightDims, problem.weight),
      ...(problem.bias ? [initializer('b', [problem.bias.length], problem.bias)] : []),
      messageField(schema.graph.input, floatValueInfo('x', problem.inputDims)),
      messageField(schema.graph.output, floatValueInfo('y', problem.outputDims)),
    ),
    messageField(schema.model.opsetImport, textField(schema.opset.domain, ''), varintField(schema.opset.version, opsetVersion)),
  ]);
}

/** A ValueInfoProto: a float32 tensor's name and dims, which may be left to be inferred. */
export function floatValueInfo(name: string, dims?: readonly number[]): Uint8Array {
  const shape = (sizes: readonly number[]): Uint8Array =>
    messageField(
      schema.tensorType.shape,
      ...sizes.map((size) => messageField(schema.tensorShape.dimension, varintField(schema.dimension.value, size))),
    );
  return concatenate([
    textField(schema.valueInfo.name, name),
    messageField(
      schema.valueInfo.type,
      messageField(
        schema.type.tensorType,
        varintField(schema.tensorType.elementType, schema.dataType.float),
        ...(dims ? [shape(dims)] : []),
      ),
    ),
  ]);
}

function initializer(name: string, dims: readonly number[], values: Float32Array): Uint8Array {
  return messageField(
    schema.graph.initializer,
    ...dims.map((size) => varintField(schema.tensor.dims, size)),
    varintField(schema.tensor.dataType, schema.dataType.float),
    textField(schema.tensor.name, name),
    bytesField(schema.tensor.rawData, new Uint8Array(values.buffer, values.byteOffset, values.byteLength)),
  );
}

function integersAttribute(name: string, values: readonly number[]): Uint8Array {
  return messageField(
    schema.node.attribute,
    textField(schema.attribute.name, name),
    ...values.map((value) => varintField(schema.attribute.ints, value)),
    varintField(schema.attribute.type, schema.attributeType.ints),
  );
}

function integerAttribute(name: string, value: number): Uint8Array {
  return messageField(
    schema.node.attribute,
    textField(schema.attribute.name, name),
    varintField(schema.attribute.int, value),
    varintField(schema.attribute.type, schema.attributeType.int),
  );
}
