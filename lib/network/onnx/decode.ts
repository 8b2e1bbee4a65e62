/** Bytes to messages, by the protobuf package, which is loaded when a model is first read. */
import type * as Protobuf from '@bufbuild/protobuf';
import type * as WellKnownTypes from '@bufbuild/protobuf/wkt';
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
  // Not named require, which the CommonJS bundle needs to make import.meta.url.
  const load = createRequire(import.meta.url);
  try {
    const main = load(protobufPackage) as typeof Protobuf;
    return { ...main, wkt: load(`${protobufPackage}/wkt`) as typeof WellKnownTypes };
  } catch (cause) {
    throw missingPackageError('fromOnnx', protobufPackage, cause);
  }
}
