/**
 * Which memory each value of a network has: values that are never needed at the same time share it.
 *
 * A step may write over an input that nobody reads afterwards; what a concatenation consists of is computed where it will stand in it; outputs
 * of the network are written where the caller will have them. All other values lie in one arena, the largest first, each at the lowest offset
 * where it meets no value that is alive with it ("greedy by size": Pisarchyk and Lee, Efficient Memory Management for Deep Neural Net Inference,
 * arXiv:2001.03288).
 */

/** One computation: values are numbers, those of inputs and constants below all others. */
export interface MemoryStep {
  readonly inputs: readonly number[];
  readonly output: number;
  /** Elements of the output. */
  readonly length: number;
  /** Those of the inputs that the output may be written over. */
  readonly overwritable: readonly number[];
  /** The output is the first input's elements as they are: it may stand in memory that is not ours to write. */
  readonly alias: boolean;
  /** Of a step that puts its inputs into the output as they are and does nothing else: from which element on each of them stands there. */
  readonly parts?: readonly number[] | undefined;
}

/** Where a buffer is: in the arena, in another buffer, in an output's own array, or in an array that is given (an input or a constant). */
export type Place =
  | { readonly kind: 'arena'; readonly offset: number }
  | { readonly kind: 'part'; readonly of: number; readonly offset: number }
  | { readonly kind: 'output'; readonly value: number }
  | { readonly kind: 'given'; readonly value: number };

export interface MemoryPlan {
  /** Elements of the arena. */
  readonly arenaLength: number;
  /** Of each value: the buffer that it stands in. */
  readonly bufferOf: readonly number[];
  /** Of each buffer: where it is, and its elements. */
  readonly buffers: readonly { readonly place: Place; readonly length: number }[];
}

/** Arrays begin at cache lines: 16 floats. */
const alignment = 16;

interface Buffer {
  readonly length: number;
  /** The step that writes it first. */
  begin: number;
  /** The last step that reads it, so far as its values are known. */
  end: number;
  /** The buffer that it is a part of, and where. */
  part?: { readonly of: number; readonly offset: number };
  /** The given value that it is. */
  readonly given?: number;
  /** The network's output that it is. */
  output?: number;
}

/**
 * Plans `steps` in order; `given` are the lengths of values 0, 1, … that are there, `outputs` the values wanted in the end. A concatenation whose
 * parts are computed in it is alive as long as the first of them: where that takes a larger arena, they are copied.
 */
export function planMemory(given: readonly number[], steps: readonly MemoryStep[], outputs: readonly number[]): MemoryPlan {
  const joined = planSteps(given, steps, outputs);
  const copied = steps.map((step) => ({ ...step, parts: undefined }));
  const apart = planSteps(given, copied, outputs);
  return joined.arenaLength <= apart.arenaLength ? joined : apart;
}

function planSteps(given: readonly number[], steps: readonly MemoryStep[], outputs: readonly number[]): MemoryPlan {
  const lastRead = new Map<number, number>();
  steps.forEach(({ inputs }, index) => {
    for (const input of inputs) lastRead.set(input, index);
  });
  for (const output of outputs) lastRead.set(output, Infinity);

  const buffers: Buffer[] = given.map((length, value) => ({ length, begin: -1, end: Infinity, given: value }));
  const bufferOf: number[] = given.map((_, value) => value);
  steps.forEach(({ inputs, output, length, overwritable, alias, parts = [] }, index) => {
    const end = lastRead.get(output) ?? index;
    const read = inputs.map((input) => bufferOf[input]!);
    // A buffer that two inputs stand in, or parts of it, is still read by one while the other is written over.
    const wholes = read.map((buffer) => wholeOf(buffers, buffer));
    const isReadOnce = (buffer: number) => wholes.indexOf(buffer) === wholes.lastIndexOf(buffer);
    const isFree = (buffer: number) => {
      const { end, length: size, part } = buffers[buffer]!;
      return end === index && size === length && part === undefined && isReadOnce(buffer);
    };
    const shared = alias ? read[0] : overwritable.map((input) => bufferOf[input]!).find(isFree);
    bufferOf[output] = shared ?? buffers.length;
    if (shared === undefined) buffers.push({ length, begin: index, end });
    else keepAlive(buffers, buffers[shared]!, end);
    const buffer = buffers[bufferOf[output]]!;
    if (end === Infinity && buffer.given === undefined) buffer.output ??= output;
    parts.forEach((offset, at) => {
      const part = buffers[read[at]!]!;
      const isBound = part.given !== undefined || part.output !== undefined || part.part !== undefined;
      if (isBound || !isReadOnce(read[at]!)) return;
      part.part = { of: bufferOf[output]!, offset };
      // The whole is alive while any part of it is.
      buffer.begin = Math.min(buffer.begin, part.begin);
      buffer.end = Math.max(buffer.end, part.end);
    });
  });
  return { bufferOf, ...placed(buffers) };
}

function wholeOf(buffers: readonly Buffer[], buffer: number): number {
  const { part } = buffers[buffer]!;
  return part === undefined ? buffer : wholeOf(buffers, part.of);
}

/** A buffer, and what it is a part of. */
function keepAlive(buffers: readonly Buffer[], buffer: Buffer, end: number): void {
  buffer.end = Math.max(buffer.end, end);
  if (buffer.part !== undefined) keepAlive(buffers, buffers[buffer.part.of]!, end);
}

function placed(buffers: readonly Buffer[]): Pick<MemoryPlan, 'arenaLength' | 'buffers'> {
  const offsets = new Map<Buffer, number>();
  const inArena = buffers.filter(({ given, output, part }) => given === undefined && output === undefined && part === undefined);
  let arenaLength = 0;
  for (const buffer of inArena.toSorted((a, b) => b.length - a.length)) {
    const neighbours = Array.from(offsets)
      .filter(([other]) => other.begin <= buffer.end && buffer.begin <= other.end)
      .sort(([, a], [, b]) => a - b);
    let offset = 0;
    for (const [other, at] of neighbours) {
      if (offset + buffer.length <= at) break;
      offset = Math.max(offset, aligned(at + other.length));
    }
    offsets.set(buffer, offset);
    arenaLength = Math.max(arenaLength, aligned(offset + buffer.length));
  }
  const placeOf = (buffer: Buffer): Place => {
    if (buffer.given !== undefined) return { kind: 'given', value: buffer.given };
    if (buffer.part !== undefined) return { kind: 'part', ...buffer.part };
    if (buffer.output !== undefined) return { kind: 'output', value: buffer.output };
    return { kind: 'arena', offset: offsets.get(buffer)! };
  };
  return { arenaLength, buffers: buffers.map((buffer) => ({ place: placeOf(buffer), length: buffer.length })) };
}

function aligned(length: number): number {
  return Math.ceil(length / alignment) * alignment;
}
