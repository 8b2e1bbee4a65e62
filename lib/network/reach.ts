/**
 * Which elements of an input reach an element of an output: the exact set over every path of a graph, holes and borders included.
 *
 * Sets are carried from the output back to the input, as one flag an element. Through a layer that reads each axis by itself a set is spread
 * axis by axis over the taps; where a value is read by several layers, the sets that they want are united. Paths are never enumerated.
 */
import { sourceIndex } from '../backend/typescript/padded-image.js';
import { type AxisRelation, resampledInputs, type WindowRelation } from '../receptive-field/axis-relation.js';
import { rangeError } from '../errors.js';
import { readSizes } from '../validate.js';
import type { BuiltNode } from './builder.js';
import { ofInputs, type Relation, type Sizes } from './layer.js';
import { neededFor, type SizesOf, valueLength } from './prepared-network.js';

/** The taps of every output of an axis are listed: about 100 bytes each. */
const mostOfAxis = 2 ** 22;

/** Flags of the elements of `input` that reach element `element` of `output` (counted in row-major order): 1 or 0. */
export type Reach = (element: number) => Uint8Array;

/** What one input of a node contributes: from flags of the node's elements to those of the input's, which are set where they are wanted. */
type Pull = (wanted: Uint8Array, read: Uint8Array) => void;

export function reachOf(nodes: readonly BuiltNode[], output: BuiltNode, input: BuiltNode, sizes: SizesOf): Reach {
  const needed = neededFor([output]);
  const lengthOf = (node: BuiltNode) => valueLength(node, sizes);
  for (const node of nodes) {
    if (!needed.has(node)) continue;
    lengthOf(node);
    const longest = Math.max(...sizes.get(node)!);
    if (longest > mostOfAxis) throw rangeError(`the dims of layer '${node.name}'`, `at most ${mostOfAxis} along an axis`, sizes.get(node)!);
  }
  const steps = nodes
    .filter((node) => needed.has(node) && node !== input)
    .reverse()
    .map((node) => {
      const dims = ofInputs(node.inputs, (source) => sizes.get(source)!);
      const pulls = node.inputs.map((source, index) => {
        return [source, pullOf(node.layer.relation(index, dims, sizes.get(node)!), sizes.get(node)!, dims[index]!)] as const;
      });
      return [node, pulls] as const;
    });
  return (element) => {
    const flags = new Map<BuiltNode, Uint8Array>();
    const flagsOf = (node: BuiltNode) => flags.get(node) ?? flags.set(node, new Uint8Array(lengthOf(node))).get(node)!;
    flagsOf(output)[element] = 1;
    for (const [node, pulls] of steps) {
      const wanted = flags.get(node);
      if (wanted === undefined) continue;
      for (const [source, pull] of pulls) pull(wanted, flagsOf(source));
      flags.delete(node);
    }
    return flagsOf(input);
  };
}

function pullOf(relation: Relation, output: Sizes, input: Sizes): Pull {
  switch (relation.kind) {
    case 'order':
      return unite;
    case 'permutation':
      return pullThroughPermutation(relation.permutation, input);
    case 'axes':
      return pullThroughAxes(relation.axes, output, input);
  }
}

function unite(wanted: Uint8Array, read: Uint8Array): void {
  for (let index = 0; index < wanted.length; index++) read[index]! |= wanted[index]!;
}

function pullThroughPermutation(permutation: readonly number[], input: Sizes): Pull {
  const strides = input.map((_, axis) => product(input.slice(axis + 1)));
  const sizes = permutation.map((axis) => input[axis]!);
  return (wanted, read) => {
    let from = 0;
    const visit = (axis: number, to: number): void => {
      if (axis === sizes.length) read[to]! |= wanted[from++]!;
      else for (let index = 0; index < sizes[axis]!; index++) visit(axis + 1, to + index * strides[permutation[axis]!]!);
    };
    visit(0, 0);
  };
}

function pullThroughAxes(axes: readonly AxisRelation[], output: Sizes, input: Sizes): Pull {
  const missing = output.length - input.length;
  const taps = axes.map((relation, axis) => axisTaps(relation, output[axis + missing]!, input[axis]!));
  return (wanted, read) => {
    // Leading axes that the input hasn't repeat it.
    let flags = spread(wanted, 1, product(output.slice(0, missing)), product(output.slice(missing)), 1, undefined);
    const sizes = output.slice(missing);
    for (let axis = sizes.length - 1; axis >= 0; axis--) {
      const tapsOfAxis = taps[axis];
      if (tapsOfAxis === undefined) continue;
      flags = spread(flags, product(sizes.slice(0, axis)), sizes[axis]!, product(sizes.slice(axis + 1)), input[axis]!, tapsOfAxis);
      sizes[axis] = input[axis]!;
    }
    unite(flags, read);
  };
}

/** Flags [outer, outputs, inner] become [outer, inputs, inner]: an input is set where an output that reads it is; by default all read input 0. */
function spread(
  flags: Uint8Array,
  outer: number,
  outputs: number,
  inner: number,
  inputs: number,
  taps: readonly (readonly number[])[] | undefined,
): Uint8Array {
  if (taps === undefined && outputs === 1) return flags;
  const result = new Uint8Array(outer * inputs * inner);
  for (let block = 0; block < outer; block++) {
    for (let index = 0; index < outputs; index++) {
      const from = (block * outputs + index) * inner;
      for (const tap of taps?.[index] ?? [0]) {
        const to = (block * inputs + tap) * inner;
        for (let at = 0; at < inner; at++) result[to + at]! |= flags[from + at]!;
      }
    }
  }
  return result;
}

/** The inputs that each output of an axis reads; undefined where each reads its own. */
function axisTaps(relation: AxisRelation, outputs: number, inputs: number): readonly (readonly number[])[] | undefined {
  const all = Array.from({ length: inputs }, (_, index) => index);
  if (relation.kind === 'window' && outputs === inputs && isSame(relation)) return undefined;
  return Array.from({ length: outputs }, (_, output) => {
    switch (relation.kind) {
      case 'window':
        return windowTaps(relation, output, inputs);
      case 'resample': {
        const { low, high } = resampledInputs(relation, output);
        return [low, high].map((element) => Math.max(0, Math.min(inputs - 1, element)));
      }
      case 'blocks': {
        const block = Math.floor(output / relation.outputs);
        return all.slice(block * relation.inputs, (block + 1) * relation.inputs);
      }
      case 'all':
        return all;
    }
  });
}

function isSame({ kernel, stride, begin, transposed }: WindowRelation): boolean {
  return kernel === 1 && stride === 1 && begin === 0 && !transposed;
}

function windowTaps(
  { kernel, stride, dilation, begin, transposed, paddingMode }: WindowRelation,
  output: number,
  inputs: number,
): number[] {
  const taps = Array.from({ length: kernel }, (_, tap) => tap * dilation);
  const positions = transposed ? taps.map((tap) => (output + begin - tap) / stride) : taps.map((tap) => output * stride - begin + tap);
  return positions.flatMap((position) => {
    if (!Number.isInteger(position)) return [];
    if (position >= 0 && position < inputs) return [position];
    return paddingMode === 'zeros' ? [] : [sourceIndex(position, inputs, paddingMode)];
  });
}

/** An index of an element of a tensor of these dims. */
export function readIndex(name: string, value: unknown, dims: Sizes): readonly number[] {
  const index = readSizes(name, value);
  if (index.length !== dims.length) throw rangeError(name, `an array of length ${dims.length}, one index per axis`, index);
  index.forEach((at, axis) => {
    if (at >= dims[axis]!) throw rangeError(`${name}[${axis}]`, `below ${dims[axis]!}, the size of that axis`, at);
  });
  return index;
}

/** Where an element lies in row-major order. */
export function flatIndex(index: readonly number[], dims: Sizes): number {
  return index.reduce((flat, at, axis) => flat * dims[axis]! + at, 0);
}

function product(sizes: Sizes): number {
  return sizes.reduce((elements, size) => elements * size, 1);
}
