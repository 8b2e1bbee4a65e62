/** Bytes to messages, by the protobuf package, which is loaded when a model is first read. */
import { createRequire } from 'node:module';
import { missingPackageError, modelError } from '../../errors.js';
import { onnxFile, type OnnxModel } from './schema.js';

const protobufPackage = '@bufbuild/protobuf';

interface ModelReader {
  read(bytes: Uint8Array): OnnxModel;
}

let reader: ModelReader | undefined;

/** @throws {RangeError} ERR_ATROUS_ONNX where the bytes are no protobuf message of this schema. */
export function decodeModel(bytes: Uint8Array): OnnxModel {
  reader ??= makeReader();
  try {
    return reader.read(bytes);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw modelError(`Expected bytes to be an ONNX model, but they can't be read as protocol buffers: ${why}`, cause);
  }
}

function makeReader(): ModelReader {
  const { create, createFileRegistry, fromBinary, wkt } = loadProtobuf();
  const registry = createFileRegistry(create(wkt.FileDescriptorProtoSchema, onnxFile), () => undefined);
  const schema = registry.getMessage('onnx.ModelProto')!;
  return { read: (bytes) => fromBinary(schema, bytes, { readUnknownFields: false }) as unknown as OnnxModel };
}

function loadProtobuf() {
  const require = createRequire(import.meta.url);
  try {
    const main = require(protobufPackage) as typeof import('@bufbuild/protobuf');
    return { ...main, wkt: require(`${protobufPackage}/wkt`) as typeof import('@bufbuild/protobuf/wkt') };
  } catch (cause) {
    throw missingPackageError('fromOnnx', protobufPackage, cause);
  }
}
