/**
 * The protocol buffers wire format, as far as ONNX models need it: a message is a run of fields, a field a key (number · 8 + wire type) and a
 * value: a varint (type 0), 8 bytes (1), a length and as many bytes (2), or 4 bytes (5).
 *
 * Follows the encoding specification at protobuf.dev/programming-guides/encoding.
 */

export interface Field {
  readonly number: number;
  /** The value of a varint, exact below 2⁵³; 0 for other wire types. */
  readonly value: number;
  /** The bytes of a length-delimited or fixed-size value; empty for a varint. */
  readonly bytes: Uint8Array;
  /** Key and value as they stand in the message, to be copied unchanged. */
  readonly encoded: Uint8Array;
}

/** The fields of one message, in order. */
export function readFields(message: Uint8Array): Field[] {
  const fields: Field[] = [];
  let position = 0;

  const readVarint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = message[position++];
      if (byte === undefined) throw new RangeError('The message ends inside a varint');
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };

  while (position < message.length) {
    const begin = position;
    const key = readVarint();
    const wireType = key % 8;
    let value = 0;
    let size = 0;
    if (wireType === 0) value = readVarint();
    else if (wireType === 1) size = 8;
    else if (wireType === 2) size = readVarint();
    else if (wireType === 5) size = 4;
    else throw new RangeError(`Unknown wire type ${wireType}`);
    if (position + size > message.length) throw new RangeError('The message ends inside a field');
    const bytes = message.subarray(position, position + size);
    position += size;
    fields.push({ number: Math.floor(key / 8), value, bytes, encoded: message.subarray(begin, position) });
  }
  return fields;
}

export function varintField(number: number, value: number): Uint8Array {
  return Uint8Array.from([...varint(number * 8), ...varint(value)]);
}

export function bytesField(number: number, bytes: Uint8Array): Uint8Array {
  return concatenate([Uint8Array.from([...varint(number * 8 + 2), ...varint(bytes.length)]), bytes]);
}

export function textField(number: number, text: string): Uint8Array {
  return bytesField(number, new TextEncoder().encode(text));
}

export function messageField(number: number, ...fields: readonly Uint8Array[]): Uint8Array {
  return bytesField(number, concatenate(fields));
}

export function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((total, part) => total + part.length, 0));
  let position = 0;
  for (const part of parts) {
    whole.set(part, position);
    position += part.length;
  }
  return whole;
}

export function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest % 128) + 128);
  }
}
