/** One layer at a time: what it gives for an input, as a network of its own. */
import type { NetworkBuilder, NetworkNode } from '../../../lib/network/builder.js';
import { buildNetwork } from '../../../lib/network/network.js';
import type { FloatTensor } from '../../../lib/types.js';
import { Random } from '../../support/random.js';

/** The output of a layer for these inputs, whose sizes it only learns when it runs. */
export function runLayer(
  inputs: readonly FloatTensor[],
  add: (g: NetworkBuilder, nodes: readonly NetworkNode[]) => NetworkNode,
): FloatTensor {
  const network = buildNetwork((g) => {
    const nodes = inputs.map(({ dims }, index) =>
      g.input(
        `x${index}`,
        dims.map((size, axis) => (axis === 1 ? size : null)),
      ),
    );
    g.output(add(g, nodes), 'y');
  });
  return network.run(Object.fromEntries(inputs.map((input, index) => [`x${index}`, input]))).y!;
}

export function randomTensor(dims: readonly number[], seed = 1): FloatTensor {
  return { data: new Random(seed).floats(dims.reduce((product, size) => product * size, 1)), dims };
}

/** All indices of a tensor of these dims, in row-major order. */
export function indicesOf(dims: readonly number[]): number[][] {
  return dims.reduce<number[][]>(
    (indices, size) => indices.flatMap((index) => Array.from({ length: size }, (_, at) => [...index, at])),
    [[]],
  );
}

export function elementAt({ data, dims }: FloatTensor, index: readonly number[]): number {
  return data[index.reduce((flat, at, axis) => flat * dims[axis]! + at, 0)]!;
}

/** A tensor whose elements a function of their index gives. */
export function tensorOf(dims: readonly number[], element: (index: readonly number[]) => number): FloatTensor {
  return { data: Float32Array.from(indicesOf(dims), element), dims };
}

/** Infinity where one of both is NaN or infinite, or the dims differ. */
export function largestDifference(got: FloatTensor, expected: FloatTensor): number {
  if (got.dims.join() !== expected.dims.join()) return Infinity;
  return got.data.reduce((most, value, index) => {
    const difference = Object.is(value, expected.data[index]) ? 0 : Math.abs(value - expected.data[index]!);
    return Math.max(most, Number.isNaN(difference) ? Infinity : difference);
  }, 0);
}
