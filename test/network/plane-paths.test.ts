/** Paths of graphs over the plane: products of coverage for stacks, sums where branches meet, and the exact sets of `reach` for any graph. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildNetwork, contextModule, coverage, drn, fcn8s, type Network } from '../../lib/index.js';
import type { BuiltNode, NetworkBuilder, NetworkNode } from '../../lib/network/builder.js';
import { type PlanePaths, visitPlanePaths } from '../../lib/network/plane-paths.js';

/** Paths of every layer that has any, by name. */
function planePaths(network: Network): Map<string, PlanePaths> {
  const all = new Map<string, PlanePaths>();
  visitPlanePaths(
    network.nodes,
    network.inputs[0] as BuiltNode,
    (node) => node.dims,
    (node, paths) => all.set(node.name, paths),
  );
  return all;
}

/** One channel all the way, named layers. */
const graph = (build: (g: NetworkBuilder, image: NetworkNode) => NetworkNode): Network =>
  buildNetwork((g) => build(g, g.input('image', [1, 1, null, null])));

/** Input elements with a path from an output in the middle of a large image: exact sets by another road. */
function reached(network: Network, name: string, size: number): string[] {
  const inputDims = [1, 1, size, size];
  const told = network.report(inputDims).find((layer) => layer.name === name)!;
  const [, , rows, columns] = told.outputDims as number[];
  const [row, column] = [Math.floor(rows! / 2), Math.floor(columns! / 2)];
  const { data } = network.reach({ output: name, inputDims })([0, 0, row, column]);
  const jump = told.receptiveField!.map(({ stride }) => stride);
  return [...data.keys()]
    .filter((index) => data[index] === 1)
    .map((index) => `${Math.floor(index / size) - row * jump[0]!},${(index % size) - column * jump[1]!}`);
}

function elements({ first, size, counts }: PlanePaths): string[] {
  return [...counts.keys()]
    .filter((index) => counts[index]! > 0)
    .map((index) => `${first[0] + Math.floor(index / size[1])},${first[1] + (index % size[1])}`);
}

it('of a stack are the products of its coverage along the axes', () => {
  const along = coverage([1, 1, 2, 4, 8, 16, 1].map((dilation) => ({ kernel: 3, dilation }))).counts;
  const { counts, size, first } = planePaths(contextModule({ channels: 1 })).get('ctx8')!;
  expect({ size, first }).toEqual({ size: [67, 67], first: [-33, -33] });
  expect(Array.from(counts)).toEqual(along.flatMap((row) => along.map((column) => row * column)));
});

it('add up where branches meet: three dilated kernels side by side see no product of columns and rows', () => {
  const network = graph((g, image) =>
    g.add(
      [1, 3, 6].map((dilation) => g.conv(image, { channels: 1, kernel: 3, dilation, padding: 'same' })),
      { name: 'sum' },
    ),
  );
  const { counts, size } = planePaths(network).get('sum')!;
  expect(size).toEqual([13, 13]);
  expect(counts.reduce((a, b) => a + b)).toBe(27);
  // 8 of each around the one that all share.
  expect(counts.filter((count) => count > 0)).toHaveLength(25);
  expect(counts[6 * 13 + 6]).toBe(3);
  expect(elements(planePaths(network).get('sum')!).sort()).toEqual(reached(network, 'sum', 41).sort());
});

it('of random graphs reach exactly the elements that the network reaches', () => {
  const window = fc.record({
    kernel: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
    dilation: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
    stride: fc.integer({ min: 1, max: 2 }),
    pool: fc.boolean(),
    joined: fc.constantFrom('none', 'identity', 'concat'),
  });
  fc.assert(
    fc.property(fc.array(window, { minLength: 1, maxLength: 3 }), (layers) => {
      const network = graph((g, image) =>
        layers.reduce((input, { kernel, dilation, stride, pool, joined }, index) => {
          const padding = kernel.map((taps, axis) => [(taps - 1) * dilation[axis]!, 0] as const);
          const main = pool
            ? g.maxPool(input, { kernel, dilation, stride, padding: 0 })
            : g.conv(input, { channels: 1, kernel, dilation, stride: 1, padding });
          if (pool || joined === 'none') return g.relu(main, { name: `layer${index}` });
          if (joined === 'identity') return g.add([input, main], { name: `layer${index}` });
          return g.conv(g.concat([input, main]), { channels: 1, kernel: 1, name: `layer${index}` });
        }, image),
      );
      const all = planePaths(network);
      const name = network.outputs.values().next().value!.name;
      expect(elements(all.get(name)!).sort()).toEqual(reached(network, name, 97).sort());
    }),
    { numRuns: 40 },
  );
});

describe('there are none', () => {
  it('behind transposed layers, resizes and global pools, where outputs differ or see all', () => {
    const deep = graph((g, image) => {
      const small = g.maxPool(image, { kernel: 2, name: 'small' });
      g.output(g.convTranspose(small, { channels: 1, kernel: 2, stride: 2, name: 'transposed' }), 'a');
      g.output(g.resize(small, { scale: 2, name: 'resized' }), 'b');
      g.output(g.globalAvgPool(small, { name: 'mean' }), 'c');
      return g.add([small, g.resize(g.maxPool(small, { kernel: 2 }), { like: small })], { name: 'joined' });
    });
    expect([...planePaths(deep).keys()]).toEqual(['small', expect.stringMatching(/^maxPool/)]);
  });

  it('where parts lie side by side in the plane', () => {
    const network = graph((g, image) => g.concat([image, image], { axis: 2, name: 'wide' }));
    expect(planePaths(network).has('wide')).toBe(false);
  });

  it('behind layers whose padding depends on a size that is not known', () => {
    const network = graph((g, image) => g.conv(image, { channels: 1, kernel: 3, stride: 2, padding: 'same', name: 'strided' }));
    expect(planePaths(network).size).toBe(0);
  });

  it('along one axis', () => {
    const network = buildNetwork((g) => g.conv(g.input('signal', [1, 1, null]), { channels: 1, kernel: 3 }));
    expect(planePaths(network).size).toBe(0);
  });
});

it('of the published networks span their fields', () => {
  expect(planePaths(drn('d-22')).get('fc')).toMatchObject({ size: [527, 527], first: [-263, -263], jump: [8, 8] });
  expect(planePaths(fcn8s()).get('fc7')).toMatchObject({ size: [404, 404], jump: [32, 32] });
});
