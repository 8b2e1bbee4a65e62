/**
 * Learned parameters, made when a network first runs: shapes, counts and receptive fields need no values, and the largest of the papers'
 * networks has 141 million of them.
 */
import { allocateFloats } from '../backend/typescript/allocate.js';
import { rangeError, typeError } from '../errors.js';
import { isFloat32Array, lengthOf } from '../typed-array.js';
import type { FloatTensor } from '../types.js';
import { elementCount, isSizes, readFloats, requireLength } from '../validate.js';

/** A learned array. */
export interface ParameterShape {
  /** `conv1.weight`. */
  readonly name: string;
  readonly dims: readonly number[];
  /** It stands still in training, and is not counted. */
  readonly frozen?: boolean;
}

/** A learned array with its values, which are asked for once, when the layer that has it is first planned. */
export interface Parameter extends ParameterShape {
  values(): Float32Array;
}

/** Parameters without what holds on to their values. */
export function shapesOf(parameters: readonly ParameterShape[]): readonly ParameterShape[] {
  return parameters.map(({ name, dims, frozen = false }) => ({ name, dims, frozen }));
}

/** Makes the values of a parameter of the given dims. */
export type Initializer = (dims: readonly number[]) => Float32Array;

/**
 * Where a network's parameters come from, by name (`conv1.weight`, `conv1.bias`, `bn1.scale`, …): a function, or an object of tensors. What
 * it does not have is seeded.
 */
export type WeightSource =
  | ((name: string, dims: readonly number[]) => Float32Array | FloatTensor | undefined)
  | Readonly<Record<string, FloatTensor | Float32Array>>;

/** Learned values. */
export function parameterCount(parameters: readonly ParameterShape[]): number {
  return parameters.reduce((sum, { name, dims, frozen = false }) => sum + (frozen ? 0 : elementCount(name, dims)), 0);
}

/** A parameter with given values, which are not copied: they are read when the network first runs. */
export function givenParameter(name: string, value: unknown, expected?: readonly number[]): Parameter {
  const argument = readFloats(name, value);
  const dims = expected ?? argument.dims;
  if (!isSizes(argument.dims, dims)) throw rangeError(`${name}.dims`, `[${dims.join(', ')}]`, argument.dims);
  const values = () => {
    requireLength(argument, elementCount(`${name}.dims`, dims), dims);
    return argument.data;
  };
  values();
  return { name, dims, values };
}

/** A parameter whose values are the source's, else the initializer's. */
export function lazyParameter(
  name: string,
  dims: readonly number[],
  source: WeightSource | undefined,
  initializer: Initializer,
): Parameter {
  return {
    name,
    dims,
    values() {
      const given = typeof source === 'function' ? source(name, dims.slice()) : ownValue(source, name);
      const values = given === undefined ? initializer(dims) : isFloat32Array(given) ? given : givenParameter(name, given, dims).values();
      if (!isFloat32Array(values)) throw typeError(name, 'a Float32Array', values);
      const expected = elementCount(name, dims);
      if (lengthOf(values) !== expected) throw rangeError(`the length of ${name}`, `${expected} (${dims.join(' × ')})`, lengthOf(values));
      return values;
    },
  };
}

function ownValue(source: Readonly<Record<string, FloatTensor | Float32Array>> | undefined, name: string) {
  return source !== undefined && Object.hasOwn(source, name) ? source[name] : undefined;
}

/**
 * Seeded values of a kernel: uniform in ±√(6 / fan-in), which keep the scale of activations through relu layers (He et al. 2015); fan-in is
 * the product of all dims but the first. Depends on `seed` and the parameter's name only, not on the order in which values are made.
 */
export function seededKernel(name: string, seed: number): Initializer {
  return (dims) => {
    const [outChannels = 1, ...rest] = dims;
    const fanIn = rest.reduce((product, size) => product * size, 1);
    const bound = Math.sqrt(6 / Math.max(1, fanIn));
    const values = allocateFloats(outChannels * fanIn, `the values of ${name}`);
    const uniform = seededUniform(name, seed);
    for (let index = 0; index < values.length; index++) values[index] = (2 * uniform() - 1) * bound;
    return values;
  };
}

/** Numbers in [0, 1), the same for the same name and seed. SplitMix32: a counter that steps by the golden ratio, its bits mixed as in MurmurHash3's finalizer. */
export function seededUniform(name: string, seed = 0): () => number {
  let state = hash(name, seed);
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32;
  };
}

/** All elements equal: a bias, or what makes a batch norm pass its input on. */
export function filledWith(value: number): Initializer {
  return (dims) => new Float32Array(dims.reduce((product, size) => product * size, 1)).fill(value);
}

/** FNV-1a over the name's UTF-16 units, begun at the seed. */
function hash(name: string, seed: number): number {
  let state = Math.imul(seed ^ 0x811c9dc5, 0x01000193);
  for (let index = 0; index < name.length; index++) state = Math.imul(state ^ name.charCodeAt(index), 0x01000193);
  return state;
}
