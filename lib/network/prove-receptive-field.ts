/** The arithmetic of receptive fields against the network that runs: a NaN goes in, and comes out where the arithmetic says, and nowhere else. */
import { rangeError, typeError } from '../errors.js';
import type { FloatTensor } from '../types.js';
import { elementCount, readElements, readInteger, readOptions } from '../validate.js';
import { Network, type NamedDims, type NamedTensors, type ReachOptions } from './network.js';
import { seededUniform } from './parameters.js';
import { flatIndex, readIndex } from './reach.js';

export interface ProveReceptiveFieldOptions extends ReachOptions {
  /** Name of the output. Default: the first. */
  readonly output?: string | undefined;
  /** Output elements that are looked at, as indices; by default those at the ends and in the middle of every axis. */
  readonly elements?: readonly (readonly number[])[] | undefined;
  /**
   * How often the network may compute, an integer ≥ 2: one of them is the undisturbed input. With one more than the input has elements the proof
   * is complete. Default 4096.
   */
  readonly probes?: number | undefined;
  /** Of the probes that are drawn: an integer ≥ 0. Default 1. */
  readonly seed?: number | undefined;
}

export interface ReceptiveFieldProof {
  /** Whether every probe came out as the arithmetic says. */
  readonly ok: boolean;
  /** Whether each input element was probed by itself: then the sets are equal, element by element. */
  readonly complete: boolean;
  /** Probes that ran. */
  readonly probes: number;
  /** The output elements, and how many input elements reach each. */
  readonly elements: readonly { readonly element: readonly number[]; readonly reaching: number }[];
  /** The first of those that did not: which output element, what was sent, and whether a NaN came out. */
  readonly mismatches: readonly { readonly element: readonly number[]; readonly probe: string; readonly reached: boolean }[];
}

/** An output element, and the exact set of what reaches it. */
interface Looked {
  readonly element: readonly number[];
  readonly at: number;
  readonly set: Uint8Array;
  readonly reaching: number;
}

/** Inputs that are NaN in one probe. */
interface Probe {
  readonly name: string;
  readonly holds: (index: number) => boolean;
  /** The only one of them, where it is one. */
  readonly single?: number;
}

const mostMismatches = 8;
/** Elements of a batch of probes: 4 MiB. */
const batchElements = 2 ** 20;

/**
 * Proves the receptive field of an output by computing: input elements are made NaN, which every layer passes on to exactly the elements that
 * read it, and the output elements that become NaN are compared with the exact sets of {@link Network.reach}, holes, borders and channels included.
 *
 * Where `probes` suffice, every input element is sent by itself: then both sets are equal for every element looked at. Larger inputs are
 * probed by everything but the set itself, which may not reach, by lines (all elements of one index along an axis), those at the edges of the set first,
 * and by elements drawn from inside it and outside.
 *
 * @param network Any network; of the papers' with a small `width`, which has the same geometry.
 * @param options `inputDims`, where sizes of the input are not fixed; which output and input; how many probes.
 * @throws {TypeError | RangeError} As {@link Network.reach}; RangeError ERR_ATROUS_ARGUMENT_RANGE for a network that gives NaN without being given one.
 * @example
 * const network = drn('d-22', { width: 1 / 32, classes: 1 });
 * proveReceptiveField(network, { inputDims: [1, 3, 40, 40], probes: 4801 }); // { ok: true, complete: true, … }
 */
export function proveReceptiveField(network: Network, options?: ProveReceptiveFieldOptions): ReceptiveFieldProof {
  if (!(network instanceof Network)) throw typeError('network', 'a Network', network);
  const values = readOptions('options', options, ['output', 'input', 'inputDims', 'elements', 'probes', 'seed']);
  const { elements, probes = 4096, seed = 1, ...which } = values;
  const most = readInteger('probes', probes, 2);
  const random = seededUniform(`probes of ${String(readInteger('seed', seed, 0))}`);
  const { sizes, inputDims, outputDims, output, input, reach } = network.reachability(which as ReachOptions);
  if (!network.outputs.has(output)) throw rangeError('output', 'the name of an output, which a run gives', output);

  const [length, outputLength] = [elementCount('inputDims', inputDims), elementCount('the dims of the output', outputDims)];
  if (outputLength === 0) throw rangeError('inputDims', 'sizes for which the output has elements', inputDims);
  const looked = (elements === undefined ? endsAndMiddles(outputDims) : readIndices(elements, outputDims)).map((element): Looked => {
    const set = reach(flatIndex(element, outputDims));
    return { element, at: flatIndex(element, outputDims), set, reaching: set.reduce((sum, flag) => sum + flag, 0) };
  });
  const complete = length < most;
  const plan: Probe[] = [{ name: 'nothing', holds: () => false }, ...(complete ? singles(length) : drawn(looked, inputDims, most, random))];

  const mismatches: { element: readonly number[]; probe: string; reached: boolean }[] = [];
  const batch = network.splitsBatch(input, output) && inputDims[0] === 1 ? Math.max(1, Math.floor(batchElements / length)) : 1;
  const background = Float32Array.from({ length }, random);
  for (let first = 0; first < plan.length; first += batch) {
    const sent = plan.slice(first, first + batch).map((probe) => ({ ...probe, flags: flagsOf(probe, length) }));
    const result = probe(network, input, output, sent, background, sizes);
    sent.forEach(({ name, single, flags }, index) => {
      for (const { element, at, set } of looked) {
        const expected = single === undefined ? meet(flags, set) : set[single] === 1;
        const reached = Number.isNaN(result[index * outputLength + at]);
        if (name === 'nothing' && reached) throw rangeError('the network', 'one that gives numbers for numbers', NaN);
        if (reached !== expected && mismatches.length < mostMismatches) mismatches.push({ element, probe: name, reached });
      }
    });
  }
  return {
    ok: mismatches.length === 0,
    complete,
    probes: plan.length,
    elements: looked.map(({ element, reaching }) => ({ element, reaching })),
    mismatches,
  };
}

function flagsOf({ holds, single }: Probe, length: number): Uint8Array {
  const flags = new Uint8Array(length);
  if (single !== undefined) flags[single] = 1;
  else for (let index = 0; index < length; index++) flags[index] = holds(index) ? 1 : 0;
  return flags;
}

function meet(flags: Uint8Array, set: Uint8Array): boolean {
  for (let index = 0; index < flags.length; index++) if ((flags[index]! & set[index]!) === 1) return true;
  return false;
}

/** The output for a batch of inputs, each with its own NaNs. */
function probe(
  network: Network,
  input: string,
  output: string,
  sent: readonly { readonly flags: Uint8Array }[],
  background: Float32Array,
  sizes: NamedDims,
): Float32Array {
  const inputs = Object.entries(sizes).map(([name, dims]): [string, FloatTensor] => {
    const length = elementCount(name, dims);
    const data = new Float32Array(length * sent.length).fill(0.5);
    if (name === input) {
      sent.forEach(({ flags }, index) => {
        for (let element = 0; element < length; element++)
          data[index * length + element] = flags[element] === 1 ? NaN : background[element]!;
      });
    }
    return [name, { data, dims: [dims[0]! * sent.length, ...dims.slice(1)] }];
  });
  return network.run(Object.fromEntries(inputs) as NamedTensors)[output]!.data;
}

function singles(length: number): Probe[] {
  return Array.from({ length }, (_, single) => ({ name: `element ${single}`, holds: (element) => element === single, single }));
}

/**
 * Everything but each set; lines at the edges of the sets; then, as many as there may be, other lines and elements in turn, every other element
 * inside a set.
 */
function drawn(looked: readonly Looked[], dims: readonly number[], most: number, random: () => number): Probe[] {
  const complements = looked.map(({ element, set }): Probe => ({
    name: `all but the set of ${element.join(', ')}`,
    holds: (at) => set[at] === 0,
  }));
  const edges: Probe[] = [];
  const others: Probe[] = [];
  dims.forEach((size, axis) => {
    const stride = dims.slice(axis + 1).reduce((product, next) => product * next, 1);
    const indexOf = (element: number) => Math.floor(element / stride) % size;
    const seen = looked.map(({ set }) => {
      const indices = new Uint8Array(size);
      set.forEach((flag, element) => (indices[indexOf(element)]! |= flag));
      return indices;
    });
    for (let index = 0; index < size; index++) {
      const isEdge = seen.some((indices) => indices[index - 1] !== indices[index] || indices[index] !== indices[index + 1]);
      const line = { name: `index ${index} of axis ${axis}`, holds: (element: number) => indexOf(element) === index };
      (isEdge ? edges : others).push(line);
    }
  });
  const length = elementCount('inputDims', dims);
  const element = (turn: number): Probe => {
    const { set } = looked[turn % looked.length]!;
    let single = Math.floor(random() * length);
    for (let tries = 0; turn % 4 < 2 && set[single] === 0 && tries < 1000; tries++) single = Math.floor(random() * length);
    return { name: `element ${single}`, holds: (at) => at === single, single };
  };
  const probes = [...complements, ...edges];
  for (let turn = 0; probes.length < most - 1; turn++) {
    const place = Math.floor(random() * others.length);
    probes.push(...(turn % 2 === 0 && others.length > 0 ? others.splice(place, 1) : [element(turn)]));
  }
  return probes.slice(0, most - 1);
}

/** First, middle and last index of every axis, in all combinations; of the batch the first. */
function endsAndMiddles(dims: readonly number[]): number[][] {
  return dims.reduce<number[][]>(
    (indices, size, axis) => {
      const along = axis === 0 ? [0] : Array.from(new Set([0, Math.floor((size - 1) / 2), size - 1]));
      return indices.flatMap((index) => along.map((at) => [...index, at]));
    },
    [[]],
  );
}

function readIndices(value: unknown, dims: readonly number[]): (readonly number[])[] {
  if (!Array.isArray(value) || value.length === 0) throw typeError('elements', 'an array of one index or more', value);
  return readElements(value, value.length, (index, position) => readIndex(`elements[${position}]`, index, dims));
}
