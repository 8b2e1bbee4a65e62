/** Random graphs of a few layers of every kind, on small tensors. */
import type { NetworkBuilder, NetworkNode } from '../../lib/network/builder.js';
import { buildNetwork, type Network } from '../../lib/network/network.js';
import { Random } from '../support/random.js';

export interface RandomGraph {
  readonly network: Network;
  readonly inputDims: readonly number[];
}

/** A graph of one to seven layers over one or two spatial axes; the same for the same seed. As outputs, no values share memory. */
export function randomGraph(seed: number, allOutputs = false): RandomGraph {
  const random = new Random(seed);
  const axes = random.integer(1, 2);
  const spatial = Array.from({ length: axes }, () => random.integer(4, axes === 1 ? 24 : 8));
  const channels = random.integer(1, 3);
  // Sizes are known while the graph is built, so that layers that don't fit are not tried; the batch is left open.
  const network = buildNetwork(
    (g) => {
      const nodes = [g.input('x', [null, channels, ...spatial])];
      const layers = random.integer(1, 7);
      for (let tries = 0; nodes.length <= layers && tries < 60; tries++) {
        const node = addLayer(g, random, nodes);
        if (node !== undefined) nodes.push(node);
      }
      g.output(ending(g, random, nodes.at(-1)!), 'y');
      if (allOutputs) for (const node of nodes) g.output(node, `value of ${node.name}`);
    },
    { seed, backend: seed % 2 === 0 ? 'native' : 'typescript' },
  );
  return { network, inputDims: [1, channels, ...spatial] };
}

const sizesOf = (node: NetworkNode): number[] => node.dims.slice(2).map((size) => size!);
const channelsOf = (node: NetworkNode): number => node.dims[1]!;
const span = (kernel: number, dilation: number): number => dilation * (kernel - 1) + 1;

/** A layer that fits, or none. */
function addLayer(g: NetworkBuilder, random: Random, nodes: readonly NetworkNode[]): NetworkNode | undefined {
  const node = random.integer(0, 3) > 0 ? nodes.at(-1)! : nodes[random.integer(0, nodes.length - 1)]!;
  const sizes = sizesOf(node);
  if (sizes.some((size) => size < 1 || size > 40)) return undefined;
  const perAxis = (least: number, most: number): number[] => sizes.map(() => random.integer(least, most));
  const pairs = (most: number): [number, number][] => sizes.map(() => [random.integer(0, most), random.integer(0, most)]);
  const kernel = perAxis(1, 3);
  const dilation = perAxis(1, 3);
  const stride = perAxis(1, 2);
  const fits = (padding: readonly (readonly [number, number])[]) =>
    sizes.every((size, axis) => size + padding[axis]![0] + padding[axis]![1] >= span(kernel[axis]!, dilation[axis]!));
  const name = undefined;
  switch (random.integer(0, 15)) {
    case 0:
    case 1:
    case 2: {
      const padding = pairs(3);
      const paddingMode = (['zeros', 'zeros', 'reflect', 'replicate', 'circular'] as const)[random.integer(0, 4)]!;
      if (!fits(padding) || (paddingMode !== 'zeros' && sizes.some((size) => size < 4))) return undefined;
      const groups = channelsOf(node) > 1 && random.integer(0, 1) === 1 ? channelsOf(node) : 1;
      const channels = groups * random.integer(1, groups > 1 ? 1 : 3);
      const activation = random.integer(0, 1) === 0 ? 'none' : 'relu';
      return g.conv(node, { channels, kernel, dilation, stride, padding, paddingMode, groups, activation, name });
    }
    case 3: {
      const padding = (['same', 'sameLower'] as const)[random.integer(0, 1)];
      return g.conv(node, { channels: random.integer(1, 2), kernel, dilation, stride, padding });
    }
    case 4: {
      const padding = pairs(1);
      const outputs = sizes.map(
        (size, axis) => (size - 1) * stride[axis]! + span(kernel[axis]!, dilation[axis]!) - padding[axis]![0] - padding[axis]![1],
      );
      if (outputs.some((size) => size < 1)) return undefined;
      return g.convTranspose(node, { channels: random.integer(1, 2), kernel, dilation, stride, padding });
    }
    case 5: {
      const padding = pairs(1).map((pair, axis): [number, number] => (kernel[axis]! > 2 ? pair : [0, 0]));
      if (!fits(padding)) return undefined;
      const rounding = random.integer(0, 1) === 0 ? 'floor' : 'ceil';
      return g.maxPool(node, { kernel, stride, dilation, padding, rounding });
    }
    case 6: {
      const padding = pairs(1);
      if (!fits(padding)) return undefined;
      return g.avgPool(node, { kernel, stride, dilation, padding, countIncludePad: random.integer(0, 1) === 0 });
    }
    case 7:
      return g[(['leakyRelu', 'sigmoid', 'relu', 'batchNorm', 'softmax'] as const)[random.integer(0, 4)]!](node);
    case 8:
      return g.softmax(node, { axis: random.integer(1, node.dims.length - 1) });
    case 9: {
      const coordinates = (['halfPixel', 'pytorchHalfPixel', 'alignCorners', 'asymmetric'] as const)[random.integer(0, 3)];
      const mode = (['nearest', 'linear'] as const)[random.integer(0, 1)]!;
      const scale = [0.5, 2, 1.5, 3][random.integer(0, 3)]!;
      if (sizes.some((size) => Math.floor(size * scale) < 1)) return undefined;
      return random.integer(0, 1) === 0
        ? g.resize(node, { scale, mode, coordinates })
        : g.resize(node, { size: sizes.map((size) => random.integer(1, size + 4)), mode, coordinates });
    }
    case 10: {
      const margin = sizes.map((size): [number, number] => (size > 3 ? [random.integer(0, 2), random.integer(0, 1)] : [0, 0]));
      return g.crop(node, { margin });
    }
    case 11: {
      const mode = (['zeros', 'reflect', 'replicate', 'circular'] as const)[random.integer(0, 3)]!;
      if (sizes.some((size) => size < 3)) return undefined;
      return g.pad(node, { padding: pairs(2), mode });
    }
    case 12: {
      const axis = random.integer(2, node.dims.length - 1);
      const size = node.dims[axis]!;
      return g.slice(node, [{ axis, begin: random.integer(0, size - 1), step: random.integer(1, 2) }]);
    }
    case 13:
      return node.dims.length === 4 ? g.transpose(node, [0, 1, 3, 2]) : undefined;
    default: {
      const other = nodes[random.integer(0, nodes.length - 1)]!;
      const theirs = sizesOf(other);
      const same = theirs.every((size, axis) => size === sizes[axis]);
      const larger = theirs.every((size, axis) => size >= sizes[axis]!);
      if (same && channelsOf(other) === channelsOf(node)) return random.integer(0, 2) > 0 ? g.add([node, other]) : g.mul([other, node]);
      if (same) return g.concat([node, other]);
      if (larger) return g.concat([g.crop(other, { like: node }), node]);
      if (random.integer(0, 1) === 0) return g.mul([node, g.globalAvgPool(node)]);
      return g.concat([node, g.resize(other, { like: node, mode: 'linear' })]);
    }
  }
}

/** Now and then a classifier. */
function ending(g: NetworkBuilder, random: Random, node: NetworkNode): NetworkNode {
  switch (random.integer(0, 9)) {
    case 0:
      return g.linear(g.flatten(g.globalAvgPool(node)), { features: 2 });
    case 1: {
      const flat = g.flatten(node);
      return g.linear(flat, { features: 2 });
    }
    case 2:
      return g.reshape(node, [0, -1, 1]);
    default:
      return node;
  }
}
