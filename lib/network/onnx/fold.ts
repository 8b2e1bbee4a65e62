/**
 * Operators whose inputs are all known when the model is loaded: the shape arithmetic that exporters leave behind (Shape, Gather, Concat, …),
 * in which sizes that only an input will tell are carried along as such.
 */
import { modelError, unsupportedModelError } from '../../errors.js';
import { type Constant, floats, type Integer, integers } from './constant.js';
import { isConstant, type Operation, requireKnown } from './operation.js';
import { dataTypes } from './schema.js';

/** Folded arrays are shapes, or as large as the weights they are made of; what a broadcast or a fill makes beyond this is a mistake or an attack. */
const mostFilled = 2 ** 20;

export const foldedOperators: Readonly<Record<string, (operation: Operation) => Constant>> = {
  Add: (operation) => arithmetic(operation, (a, b) => a + b),
  Cast: cast,
  Ceil: (operation) => map(operation, Math.ceil),
  Concat: concat,
  ConstantOfShape: constantOfShape,
  Div: (operation) => arithmetic(operation, (a, b) => a / b, Math.trunc),
  Flatten: flatten,
  Floor: (operation) => map(operation, Math.floor),
  Gather: gather,
  Identity: (operation) => constantAt(operation, 0),
  Mul: (operation) => arithmetic(operation, (a, b) => a * b),
  Reshape: reshape,
  Shape: shape,
  Slice: slice,
  Squeeze: squeeze,
  Sub: (operation) => arithmetic(operation, (a, b) => a - b),
  Transpose: transpose,
  Unsqueeze: unsqueeze,
};

function constantAt(operation: Operation, index: number): Constant {
  return operation.constant(index, 'input');
}

/** The elements at these places, under other dims. */
function pick(constant: Constant, places: readonly number[], dims: readonly number[]): Constant {
  return constant.kind === 'floats'
    ? floats(Float32Array.from(places, (place) => constant.data[place]!), dims)
    : integers(places.map((place) => constant.data[place]!), dims); // prettier-ignore
}

function withDims(constant: Constant, dims: readonly number[]): Constant {
  return { ...constant, dims };
}

function product(sizes: readonly number[]): number {
  return sizes.reduce((elements, size) => elements * size, 1);
}

export function readAxis(axis: number, rank: number): number {
  if (axis < -rank || axis >= rank) throw modelError(`axis ${axis} is none of the ${rank} axes`);
  return axis < 0 ? axis + rank : axis;
}

/** Sizes of the first input, whatever it is; Shape alone folds an input that is computed. */
function shape(operation: Operation): Constant {
  const input = operation.value(0);
  const sizes: Integer[] = isConstant(input) ? input.dims.slice() : input.dims.map((size, axis) => size ?? { node: input, axis });
  const bound = (position: number) => Math.max(0, Math.min(sizes.length, position < 0 ? position + sizes.length : position));
  return integers(sizes.slice(bound(operation.integer('start', 0)), bound(operation.integer('end', sizes.length))));
}

function cast(operation: Operation): Constant {
  const input = constantAt(operation, 0);
  const to = operation.integer('to', 0);
  switch (to) {
    case dataTypes.float:
    case dataTypes.float16:
    case dataTypes.double:
      // Floats are float32 here, whatever the file calls them.
      return input.kind === 'floats'
        ? input
        : floats(
            Float32Array.from(input.data, (value) => requireKnown(value, 'value')),
            input.dims,
          );
    case dataTypes.int32:
    case dataTypes.int64:
      return input.kind === 'integers' ? input : integers(Array.from(input.data, Math.trunc), input.dims);
    case dataTypes.bool:
      return integers(
        Array.from<Integer, number>(input.data, (value) => (requireKnown(value, 'value') === 0 ? 0 : 1)),
        input.dims,
      );
    default:
      throw unsupportedModelError(`a cast to data type ${to} is not supported`);
  }
}

function map(operation: Operation, change: (value: number) => number): Constant {
  const input = operation.weights(0, 'input');
  return floats(input.data.map(change), input.dims);
}

function arithmetic(operation: Operation, combine: (a: number, b: number) => number, round = (value: number) => value): Constant {
  const [a, b] = [constantAt(operation, 0), constantAt(operation, 1)];
  if (a.kind !== b.kind) throw modelError('the inputs are floats and integers, expected both of one type');
  const rank = Math.max(a.dims.length, b.dims.length);
  const dims = Array.from({ length: rank }, (_, axis) => {
    const [left, right] = [a.dims[axis - rank + a.dims.length] ?? 1, b.dims[axis - rank + b.dims.length] ?? 1];
    if (left !== right && left !== 1 && right !== 1) throw modelError(`sizes ${left} and ${right} can't be broadcast`);
    return left === 1 ? right : left;
  });
  const elements = product(dims);
  if (!(elements <= Math.max(mostFilled, a.data.length, b.data.length))) throw unsupportedModelError(`a constant of ${elements} elements`);
  const places = [a, b].map(({ dims: own }) => placesOf(dims, own)) as [number[], number[]];
  const value = (constant: Constant, place: number) => requireKnown(constant.data[place]!, 'value');
  const results = places[0].map((place, index) => combine(value(a, place), value(b, places[1][index]!)));
  return a.kind === 'floats'
    ? floats(Float32Array.from(results), dims)
    : integers(
        results.map((result) => requireInteger(round(result))),
        dims,
      );
}

function requireInteger(value: number): number {
  if (Number.isSafeInteger(value)) return value + 0;
  throw modelError(`shape arithmetic gives ${value}, no integer below 2^53`);
}

/** For each element of `dims` in order, its place in an array of the dims `own`, broadcast. */
function placesOf(dims: readonly number[], own: readonly number[]): number[] {
  const strides = dims.map((_, axis) => {
    const at = axis - dims.length + own.length;
    return at < 0 || own[at] === 1 ? 0 : product(own.slice(at + 1));
  });
  return walk(dims, strides);
}

/** Places of the elements of `dims` in row-major order, `strides` apart along each axis, from `begin` on. */
function walk(dims: readonly number[], strides: readonly number[], begin = 0): number[] {
  // Without elements the other sizes may be as large as they like.
  if (dims.includes(0)) return [];
  return dims.reduce<number[]>(
    (places, size, axis) => places.flatMap((place) => Array.from({ length: size }, (_, index) => place + index * strides[axis]!)),
    [begin],
  );
}

function stridesOf(dims: readonly number[]): number[] {
  return dims.map((_, axis) => product(dims.slice(axis + 1)));
}

function concat(operation: Operation): Constant {
  const parts = operation.inputs.map((_, index) => constantAt(operation, index));
  const [first] = parts;
  if (first === undefined) throw modelError('it has no inputs');
  const axis = readAxis(operation.integer('axis', 0), first.dims.length);
  const isEmpty = parts.every(({ data }) => data.length === 0);
  const outer = isEmpty ? 0 : product(first.dims.slice(0, axis));
  const elements: Integer[] = [];
  for (const { kind, dims } of parts) {
    const fits =
      kind === first.kind && dims.length === first.dims.length && dims.every((size, at) => at === axis || size === first.dims[at]);
    if (!fits) throw modelError('the inputs differ in more than the sizes of the axis');
  }
  for (let turn = 0; turn < outer; turn++) {
    for (const { data } of parts) {
      const run = data.length / outer;
      for (let index = turn * run; index < (turn + 1) * run; index++) elements.push(data[index]!);
    }
  }
  const dims = first.dims.map((size, at) => (at === axis ? parts.reduce((sum, part) => sum + part.dims[axis]!, 0) : size));
  return first.kind === 'floats' ? floats(Float32Array.from(elements as number[]), dims) : integers(elements, dims);
}

function constantOfShape(operation: Operation): Constant {
  const dims = operation.knownSizes(0, 'shape') ?? [];
  if (dims.some((size) => size < 0)) throw modelError(`its shape has the size ${Math.min(...dims)}`);
  const elements = product(dims);
  if (!(elements <= mostFilled)) throw unsupportedModelError(`a constant of ${elements} elements (at most ${mostFilled})`);
  const value = operation.tensor('value') ?? floats(Float32Array.of(0), [1]);
  if (value.data.length !== 1) throw modelError(`its value must be one element, received ${value.data.length}`);
  return pick(value, new Array<number>(elements).fill(0), dims);
}

function gather(operation: Operation): Constant {
  const input = constantAt(operation, 0);
  const indices = constantAt(operation, 1);
  const axis = readAxis(operation.integer('axis', 0), input.dims.length);
  const size = input.dims[axis]!;
  const chosen = Array.from<Integer, number>(indices.data, (value) => readAxis(requireKnown(value, 'index'), size));
  const inner = product(input.dims.slice(axis + 1));
  const outer = product(input.dims.slice(0, axis));
  if (!(outer * chosen.length * inner <= Math.max(mostFilled, input.data.length)))
    throw unsupportedModelError('a constant of that many elements');
  const places = walk([outer], [size * inner]).flatMap((begin) => chosen.flatMap((index) => walk([inner], [1], begin + index * inner)));
  return pick(input, places, [...input.dims.slice(0, axis), ...indices.dims, ...input.dims.slice(axis + 1)]);
}

function reshape(operation: Operation): Constant {
  const input = constantAt(operation, 0);
  const given = operation.knownSizes(1, 'shape') ?? [];
  const zeroKeeps = operation.integer('allowzero', 0) === 0;
  const dims = given.map((size, axis) => (size === 0 && zeroKeeps ? (input.dims[axis] ?? 0) : size));
  return withDims(input, inferred(dims, input.data.length));
}

/** With the size that is −1. */
function inferred(dims: readonly number[], elements: number): number[] {
  const rest = product(dims.filter((size) => size !== -1));
  const result = dims.map((size) => (size === -1 ? elements / rest : size));
  if (result.some((size) => !Number.isInteger(size) || size < 0) || product(result) !== elements) {
    throw modelError(`${elements} elements can't have the shape [${dims.slice(0, 8).join(', ')}]`);
  }
  return result;
}

function flatten(operation: Operation): Constant {
  const input = constantAt(operation, 0);
  const axis = operation.integer('axis', 1);
  const at = axis === input.dims.length ? axis : readAxis(axis, input.dims.length);
  return withDims(input, [product(input.dims.slice(0, at)), product(input.dims.slice(at))]);
}

/** Axes as an attribute until opset 12, an input since. */
export function readAxes(operation: Operation): number[] | undefined {
  return operation.opset < 13 ? operation.integers('axes') : operation.knownSizes(1, 'axes');
}

/** Without the axes of size 1 that are named, or all of them. */
export function squeezedAxes(sizes: readonly Integer[] | readonly (number | null)[], axes: readonly number[] | undefined): number[] {
  const chosen = axes?.map((axis) => readAxis(axis, sizes.length));
  const dropped = Array.from(sizes.keys()).filter((axis) => (chosen === undefined ? sizes[axis] === 1 : chosen.includes(axis)));
  const wrong = dropped.find((axis) => sizes[axis] !== 1);
  if (wrong !== undefined) throw modelError(`axis ${wrong} does not have size 1`);
  return dropped;
}

/** Where axes of size 1 are put in, counted in the result. */
export function unsqueezedAxes(rank: number, axes: readonly number[] | undefined): number[] {
  if (axes === undefined) throw modelError('its axes are missing');
  const chosen = axes.map((axis) => readAxis(axis, rank + axes.length));
  if (new Set(chosen).size !== chosen.length) throw modelError('an axis is named twice');
  return chosen;
}

function squeeze(operation: Operation): Constant {
  const input = constantAt(operation, 0);
  const dropped = squeezedAxes(input.dims, readAxes(operation));
  return withDims(
    input,
    input.dims.filter((_, axis) => !dropped.includes(axis)),
  );
}

function unsqueeze(operation: Operation): Constant {
  const input = constantAt(operation, 0);
  return withDims(input, inserted(input.dims, unsqueezedAxes(input.dims.length, readAxes(operation)), 1));
}

export function inserted<Size>(sizes: readonly Size[], axes: readonly number[], one: Size): Size[] {
  const rest = sizes.values();
  return Array.from({ length: sizes.length + axes.length }, (_, axis) => (axes.includes(axis) ? one : rest.next().value!));
}

function transpose(operation: Operation): Constant {
  const input = constantAt(operation, 0);
  const axes = Array.from(input.dims.keys());
  const permutation = operation.integers('perm') ?? axes.reverse();
  const isPermutation = permutation.length === axes.length && new Set(permutation).size === axes.length && permutation.every((axis) => axes.includes(axis)); // prettier-ignore
  if (!isPermutation) throw modelError(`perm must hold each of the ${axes.length} axes once`);
  const strides = stridesOf(input.dims);
  const dims = permutation.map((axis) => input.dims[axis]!);
  return pick(input, walk(dims, permutation.map((axis) => strides[axis]!)), dims); // prettier-ignore
}

/** The ranges of a Slice: attributes until opset 9, inputs since. */
export function readRanges(operation: Operation): { axis: number; begin: number; end: number; step: number }[] {
  const old = operation.opset < 10;
  const list = (index: number, name: string) => (old ? operation.integers(name) : operation.knownSizes(index, name));
  const [starts, ends] = [list(1, 'starts'), list(2, 'ends')];
  if (starts === undefined || ends === undefined) throw modelError('its starts or ends are missing');
  const axes = list(3, 'axes') ?? Array.from(starts.keys());
  const steps = (old ? undefined : list(4, 'steps')) ?? starts.map(() => 1);
  if ([ends, axes, steps].some(({ length }) => length !== starts.length))
    throw modelError('its starts, ends, axes and steps differ in number');
  return starts.map((begin, index) => ({ axis: axes[index]!, begin, end: ends[index]!, step: steps[index]! }));
}

function slice(operation: Operation): Constant {
  const input = constantAt(operation, 0);
  const strides = stridesOf(input.dims);
  const dims = input.dims.slice();
  const steps = strides.slice();
  let first = 0;
  for (const { axis: given, begin, end, step } of readRanges(operation)) {
    const axis = readAxis(given, dims.length);
    if (step === 0) throw modelError('a step is 0');
    const size = input.dims[axis]!;
    const fromStart = (position: number) => (position < 0 ? position + size : position);
    const clamp = (position: number, least: number, most: number) => Math.max(least, Math.min(most, fromStart(position)));
    const from = step > 0 ? clamp(begin, 0, size) : clamp(begin, 0, size - 1);
    // Backwards, the end may lie in front of the first element.
    const to = step > 0 ? clamp(end, 0, size) : clamp(end, -1, size - 1);
    dims[axis] = Math.max(0, Math.ceil((to - from) / step));
    steps[axis] = strides[axis]! * step;
    first += from * strides[axis]!;
  }
  return pick(input, walk(dims, steps, first), dims);
}
