/** What is known of a model before it runs: weights, and the shape arithmetic that exporters leave behind. */
import { modelError, unsupportedModelError } from '../../errors.js';
import type { FloatTensor } from '../../types.js';
import type { NetworkNode } from '../builder.js';
import { float16ToFloat32 } from './float16.js';
import { dataTypes, type OnnxTensor } from './schema.js';

/** The size of an axis that only an input will tell. */
export interface UnknownSize {
  readonly node: NetworkNode;
  readonly axis: number;
}

export type Integer = number | UnknownSize;

export interface FloatConstant extends FloatTensor {
  readonly kind: 'floats';
  /** Where the file has float16: `data` is then widened each time it is asked for, so that a network holds half the bytes. */
  readonly isWidened?: boolean;
}

export interface IntegerConstant {
  readonly kind: 'integers';
  readonly data: readonly Integer[];
  readonly dims: readonly number[];
}

export type Constant = FloatConstant | IntegerConstant;

export function floats(data: Float32Array, dims: readonly number[]): FloatConstant {
  return { kind: 'floats', data, dims };
}

export function integers(data: readonly Integer[], dims: readonly number[] = [data.length]): IntegerConstant {
  return { kind: 'integers', data, dims };
}

/** An int64, held inside ±(2⁵³ − 1), where a number is exact: exporters write the largest int64 for "to the end". */
export function toNumber(value: bigint): number {
  return Math.max(Number.MIN_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, Number(value)));
}

const typeNames = new Map<number, string>(Object.entries(dataTypes).map(([name, number]) => [number, name]));

/** Doubles are rounded to floats, as all computation here is in float32. */
export function readTensor(tensor: OnnxTensor, what: string): Constant {
  const dims = tensor.dims.map(toNumber);
  const count = dims.reduce((product, size) => product * size, 1);
  if (dims.some((size) => size < 0) || dims.length > mostAxes || !Number.isSafeInteger(count)) {
    throw modelError(`Expected the dims of ${what} to be sizes, received [${tensor.dims.slice(0, 8).join(', ')}]`);
  }
  if (tensor.dataLocation !== 0) {
    throw unsupportedModelError(
      `${what} has its data in another file, which fromOnnx does not read: save the model with its weights inside`,
    );
  }
  const requireCount = (length: number) => {
    if (length !== count)
      throw modelError(`Expected ${what} to hold ${count} elements (${dims.join(' × ') || 'a scalar'}), received ${length}`);
  };
  if (tensor.dataType === dataTypes.float16) {
    const halves = readHalves(tensor, what);
    requireCount(halves.length / 2);
    return {
      kind: 'floats',
      dims,
      isWidened: true,
      get data() {
        return float16ToFloat32(halves);
      },
    };
  }
  const values = readValues(tensor, what);
  requireCount(values.data.length);
  return { ...values, dims };
}

/** Typed halves stand in the low 16 bits of int32_data. */
function readHalves({ rawData, int32Data }: OnnxTensor, what: string): Uint8Array {
  requireWhole(rawData, 2, what);
  return rawData.length > 0 ? rawData.slice() : new Uint8Array(Uint16Array.from(int32Data).buffer);
}

const mostAxes = 64;

function readValues(tensor: OnnxTensor, what: string): Pick<FloatConstant, 'kind' | 'data'> | Pick<IntegerConstant, 'kind' | 'data'> {
  const { dataType, rawData, int32Data, int64Data, floatData, doubleData } = tensor;
  const raw = <Value>(size: number, read: (view: DataView, at: number) => Value, typed: readonly Value[]): readonly Value[] => {
    if (rawData.length === 0) return typed;
    requireWhole(rawData, size, what);
    const view = new DataView(rawData.buffer, rawData.byteOffset, rawData.byteLength);
    return Array.from({ length: rawData.length / size }, (_, index) => read(view, index * size));
  };
  switch (dataType) {
    case dataTypes.float:
      return { kind: 'floats', data: rawData.length > 0 ? rawFloats(rawData, what) : Float32Array.from(floatData) };
    case dataTypes.double:
      return { kind: 'floats', data: Float32Array.from(raw(8, (view, at) => view.getFloat64(at, true), doubleData)) };
    case dataTypes.int64:
      return { kind: 'integers', data: raw(8, (view, at) => view.getBigInt64(at, true), int64Data).map(toNumber) };
    case dataTypes.int32:
      return { kind: 'integers', data: raw(4, (view, at) => view.getInt32(at, true), int32Data) };
    case dataTypes.bool:
      return { kind: 'integers', data: raw(1, (view, at) => view.getUint8(at), int32Data).map((value) => (value === 0 ? 0 : 1)) };
    default:
      throw unsupportedModelError(
        `${what} has data type ${dataType}, which fromOnnx does not read: it reads ${Array.from(typeNames.values()).join(', ')}`,
      );
  }
}

function rawFloats(bytes: Uint8Array, what: string): Float32Array {
  requireWhole(bytes, 4, what);
  // A copy: in a file floats lie at any offset.
  return new Float32Array(bytes.slice().buffer);
}

function requireWhole(bytes: Uint8Array, size: number, what: string): void {
  if (bytes.length % size !== 0)
    throw modelError(`Expected the raw data of ${what} to be elements of ${size} bytes, received ${bytes.length} bytes`);
}
