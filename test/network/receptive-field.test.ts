/** Receptive fields of graphs: published cases, worked examples, stacks as graphs, errors. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { WindowLayer } from '../../lib/receptive-field/window-layer.js';
import { receptiveField } from '../../lib/receptive-field/receptive-field.js';
import { buildNetwork, type Network } from '../../lib/network/network.js';
import type { NetworkBuilder, NetworkNode } from '../../lib/network/builder.js';
import { rejected } from '../geometry/arguments.js';
import { published, stackOf } from '../receptive-field/published.js';
import { mixedStack } from '../receptive-field/layers.js';

interface PublishedGraph {
  readonly name: string;
  readonly source: string;
  readonly input?: number;
  /** Without a layer: the sum of its inputs. */
  readonly graph: readonly { readonly id: string; readonly inputs: readonly string[]; readonly layer?: WindowLayer }[];
  readonly expect: { readonly rf: number; readonly stride: number; readonly effectivePadding: number };
}

const graphs = JSON.parse(
  readFileSync(new URL('../fixtures/receptive-field-graphs.json', import.meta.url), 'utf8'),
) as readonly PublishedGraph[];

/** A window layer along one axis as a convolution of one channel, or as a transposed one. */
function addWindow(g: NetworkBuilder, input: NetworkNode, { transposed, ...layer }: WindowLayer): NetworkNode {
  // A pair is of one axis, which has a pair of its own.
  const padding = Array.isArray(layer.padding) ? [layer.padding as [number, number]] : (layer.padding as number | 'same' | undefined);
  return transposed === true
    ? g.convTranspose(input, { ...layer, channels: 1, padding })
    : g.conv(input, { ...layer, channels: 1, padding });
}

function networkOf({ graph }: PublishedGraph): Network {
  return buildNetwork((g) => {
    const nodes = new Map([['input', g.input('input', [1, 1, null])]]);
    for (const { id, inputs, layer } of graph) {
      const sources = inputs.map((name) => nodes.get(name)!);
      nodes.set(id, layer === undefined ? g.add(sources, { name: id }) : addWindow(g, sources[0]!, { ...layer, name: id }));
    }
    return nodes.get('out')!;
  });
}

describe('published graphs', () => {
  it('are three', () => {
    expect(graphs).toHaveLength(3);
  });

  it.each(graphs.map((graph) => [`${graph.name} (${graph.source})`, graph] as const))('%s', (_, graph) => {
    const options = graph.input === undefined ? {} : { inputDims: [1, 1, graph.input] };
    const { rf, stride, effectivePadding } = graph.expect;
    expect(networkOf(graph).receptiveField('out', options)).toEqual([
      { size: rf, stride, padding: effectivePadding, center: (rf - 1) / 2 - effectivePadding, aligned: true, misalignments: [] },
    ]);
  });

  it('net 5: axes of their own, 5 and 7 elements', () => {
    const network = buildNetwork((g) => {
      const first = g.conv(g.input('input', [1, 1, null, null]), { channels: 1, kernel: [3, 1], stride: 2 });
      return g.conv(first, { channels: 1, kernel: 3, stride: 2 });
    });
    expect(network.receptiveField().map(({ size, stride, padding }) => [size, stride, padding])).toEqual([
      [7, 4, 0],
      [5, 4, 0],
    ]);
  });
});

describe('stacks', () => {
  it.each(published.map((publishedCase) => [publishedCase.name, publishedCase] as const))('%s, as a graph', (_, publishedCase) => {
    const { input } = publishedCase;
    const layers = stackOf(publishedCase).map((layer, index) => ({ ...layer, name: `layer${index}` }));
    const network = buildNetwork((g) =>
      layers.reduce<NetworkNode>(
        (node, layer) => {
          const padding = layer.padding === 'causal' ? ([(layer.dilation ?? 1) * (layer.kernel - 1), 0] as const) : layer.padding;
          if (layer.rounding !== 'ceil') return addWindow(g, node, { ...layer, padding });
          const { kernel, stride = 1, name } = layer;
          return g.maxPool(node, { kernel, stride, padding: padding, rounding: 'ceil', name });
        },
        g.input('input', [1, 1, null]),
      ),
    );
    const dims = input === undefined ? undefined : [1, 1, input];
    const last = receptiveField(layers, input).at(-1)!;
    const [axis] = network.receptiveField(undefined, { inputDims: dims });
    expect(axis).toEqual({
      size: last.size,
      stride: last.stride,
      padding: last.padding,
      center: last.center,
      aligned: true,
      misalignments: [],
    });
    if (dims !== undefined) expect(network.outputDims(dims)[2]).toBe(last.outputSize);
  });

  it('of any layers agree with the arithmetic of stacks', () => {
    fc.assert(
      fc.property(mixedStack, (layers) => {
        const network = buildNetwork((g) =>
          layers.reduce<NetworkNode>((node, layer) => addWindow(g, node, layer), g.input('x', [1, 1, null])),
        );
        const { size, stride, padding, center } = receptiveField(layers).at(-1)!;
        expect(network.receptiveField()[0]).toMatchObject({ size, stride, padding, center });
      }),
      { numRuns: 300 },
    );
  });
});

/** A network of one spatial axis. */
const line = (build: (g: NetworkBuilder, input: NetworkNode) => NetworkNode): Network =>
  buildNetwork((g) => build(g, g.input('signal', [1, 1, null])));

const conv = (g: NetworkBuilder, node: NetworkNode, kernel: number, options = {}): NetworkNode =>
  g.conv(node, { channels: 1, kernel, ...options });

describe('alignment', () => {
  it('residual blocks of odd kernels are aligned', () => {
    const network = line((g, x) => g.add([x, conv(g, conv(g, x, 3, { padding: 1 }), 5, { padding: 2 })]));
    expect(network.receptiveField()).toEqual([{ size: 7, stride: 1, padding: 3, center: 0, aligned: true, misalignments: [] }]);
  });

  it('a shifted path is reported where it joins, and not again', () => {
    const network = line((g, x) => {
      const shifted = g.add([x, conv(g, x, 2, { padding: [[0, 1]] })], { name: 'join' });
      return g.add([shifted, conv(g, shifted, 3, { padding: 1 })], { name: 'later' });
    });
    const [axis] = network.receptiveField();
    expect(axis).toMatchObject({ size: 4, stride: 1, padding: 1, aligned: false });
    expect(axis!.misalignments).toEqual([{ layer: 'join', kind: 'center', paths: [0, 0.5] }]);
  });

  it("strided 'same' padding aligns or not as the input's size will have it (Araujo et al., section 5)", () => {
    const network = line((g, x) =>
      g.add([conv(g, x, 1, { stride: 2, padding: 'same' }), conv(g, x, 3, { stride: 2, padding: 'same' })], { name: 'sum' }),
    );
    expect(network.receptiveField('sum', { inputDims: [1, 1, 9] })[0]).toMatchObject({ size: 3, padding: 1, aligned: true });
    expect(network.receptiveField('sum', { inputDims: [1, 1, 10] })[0]).toMatchObject({
      misalignments: [{ layer: 'sum', kind: 'center', paths: [0, 1] }],
    });
    expect(() => network.receptiveField('sum')).toThrow(rejected('TypeError', "Layer 'conv2' (conv): Expected inputDims to be given"));
  });

  it('strides that differ are reported', () => {
    const network = line((g, x) => g.concat([conv(g, x, 1, { stride: 2 }), conv(g, x, 1, { stride: 3 })], { name: 'both' }));
    expect(network.receptiveField()[0]!.misalignments).toEqual([{ layer: 'both', kind: 'stride', paths: [2, 3] }]);
  });
});

describe('layers without a kernel', () => {
  it('crops and pads shift the field', () => {
    expect(line((g, x) => g.crop(x, { margin: [[3, 1]] })).receptiveField()[0]).toMatchObject({ size: 1, padding: -3, center: 3 });
    expect(line((g, x) => g.pad(x, { padding: 2, mode: 'reflect' })).receptiveField()[0]).toMatchObject({ size: 1, padding: 2 });
    expect(line((g, x) => g.slice(x, [{ axis: 2, begin: 1, step: 3 }])).receptiveField()[0]).toMatchObject({ stride: 3, padding: -1 });
  });

  it('enlarging by 2: nearest sees one element, linear two, at half a stride', () => {
    const field = (mode: 'nearest' | 'linear') => line((g, x) => g.resize(x, { scale: 2, mode })).receptiveField()[0];
    expect(field('nearest')).toMatchObject({ size: 1, stride: 0.5 });
    expect(field('linear')).toMatchObject({ size: 2, stride: 0.5, padding: 1 });
  });

  it('down by a pool and up again by a resize is aligned with the way around', () => {
    const network = line((g, x) => g.add([x, g.resize(g.avgPool(x, { kernel: 2 }), { scale: 2, mode: 'linear' })]));
    expect(network.receptiveField()[0]).toMatchObject({ size: 4, stride: 1, padding: 2, aligned: true });
  });

  it("'alignCorners' needs the size, and then is exact", () => {
    const network = line((g, x) => g.resize(x, { scale: 2, mode: 'linear', coordinates: 'alignCorners' }));
    expect(() => network.receptiveField()).toThrow(rejected('TypeError', 'inputDims'));
    expect(network.receptiveField(undefined, { inputDims: [1, 1, 4] })[0]).toMatchObject({ size: 2, stride: 3 / 7, padding: 0 });
  });

  it('behind a global pool every output sees the whole image and what lies around it', () => {
    const network = line((g, x) => {
      const features = conv(g, x, 3, { padding: 1, stride: 2 });
      return g.mul([features, g.sigmoid(g.globalAvgPool(features))]);
    });
    expect(() => network.receptiveField()).toThrow(
      rejected('TypeError', "Layer 'globalAvgPool1' (globalAvgPool): Expected inputDims to be given"),
    );
    // Outputs 0 … 4 see −1 … 9.
    expect(network.receptiveField(undefined, { inputDims: [1, 1, 10] })[0]).toMatchObject({
      size: 11,
      stride: 0,
      padding: 1,
      aligned: true,
    });
  });

  it('behind flatten and linear too', () => {
    const network = buildNetwork((g) => g.linear(g.flatten(g.input('x', [1, 2, 3, 4])), { features: 2 }));
    expect(network.receptiveField().map(({ size, stride }) => [size, stride])).toEqual([
      [3, 0],
      [4, 0],
    ]);
  });

  it('axes are followed through a transpose', () => {
    const network = buildNetwork((g) => {
      const turned = g.transpose(g.conv(g.input('x', [1, 1, null, null]), { channels: 1, kernel: [3, 1] }), [0, 1, 3, 2]);
      return g.conv(turned, { channels: 1, kernel: [5, 1] });
    });
    expect(network.receptiveField().map(({ size }) => size)).toEqual([3, 5]);
  });
});

describe('names', () => {
  const network = buildNetwork((g) => {
    const x = g.input('x', [1, 1, null]);
    const y = g.input('y', [1, 1, null]);
    const wide = g.relu(g.conv(x, { channels: 1, kernel: 5, name: 'wide' }), { name: 'activation' });
    g.output(g.conv(y, { channels: 1, kernel: 3, name: 'narrow' }), 'second');
    g.output(g.concat([g.crop(y, { margin: 2 }), wide]), 'both');
  });

  it('are those of outputs, layers, and layers that were fused away', () => {
    const size = (output: string, input: string) => network.receptiveField(output, { input })[0]!.size;
    expect([size('wide', 'x'), size('activation', 'x'), size('both', 'x'), size('both', 'y'), size('second', 'y')]).toEqual([
      5, 5, 5, 1, 3,
    ]);
  });

  it('of nothing, or of what does not depend on the input, are refused', () => {
    expect(() => network.receptiveField('nothing')).toThrow(rejected('RangeError', 'output'));
    expect(() => network.receptiveField('both', { input: 'z' })).toThrow(rejected('RangeError', 'input'));
    expect(() => network.receptiveField('second')).toThrow(rejected('RangeError', "a layer that depends on the input 'x'"));
    expect(() => network.receptiveField(3 as never)).toThrow(rejected('TypeError', 'output'));
  });
});

/** Inception-ResNet-v2 (Szegedy et al. 2017) as in TF-Slim, with one channel a branch: nothing padded where its size shrinks. */
function addInceptionResnet(g: NetworkBuilder, image: NetworkNode): NetworkNode {
  const conv = (node: NetworkNode, kernel: number | readonly number[], stride = 1, padding: 'same' | 'valid' = 'same') =>
    g.conv(node, { channels: 1, kernel, stride, padding });
  const pool = (node: NetworkNode) => g.maxPool(node, { kernel: 3, stride: 2 });
  const residual = (node: NetworkNode, ...branches: NetworkNode[]) => g.relu(g.add([node, conv(g.concat(branches), 1)]));
  const repeat = (count: number, node: NetworkNode, block: (x: NetworkNode) => NetworkNode) =>
    Array.from({ length: count }).reduce<NetworkNode>(block, node);

  const stem = pool(conv(conv(conv(image, 3, 2, 'valid'), 3, 1, 'valid'), 3));
  let node = pool(conv(conv(stem, 1, 1, 'valid'), 3, 1, 'valid'));
  const average = g.avgPool(node, { kernel: 3, stride: 1, padding: 'same' });
  node = g.concat([conv(node, 1), conv(conv(node, 1), 5), conv(conv(conv(node, 1), 3), 3), conv(average, 1)]);
  node = repeat(10, node, (x) => residual(x, conv(x, 1), conv(conv(x, 1), 3), conv(conv(conv(x, 1), 3), 3)));
  node = g.concat([conv(node, 3, 2, 'valid'), conv(conv(conv(node, 1), 3), 3, 2, 'valid'), pool(node)]);
  node = repeat(20, node, (x) => residual(x, conv(x, 1), conv(conv(conv(x, 1), [1, 7]), [7, 1])));
  const two = () => conv(conv(node, 1), 3, 2, 'valid');
  node = g.concat([two(), two(), conv(conv(conv(node, 1), 3), 3, 2, 'valid'), pool(node)]);
  node = repeat(10, node, (x) => residual(x, conv(x, 1), conv(conv(conv(x, 1), [1, 3]), [3, 1])));
  return conv(node, 1);
}

describe('inception_resnet_v2 (README of google-research/receptive_field)', () => {
  it('field 3039, stride 32, padding 1482, features 0 and 2 around 37 and 101', () => {
    const network = buildNetwork((g) => addInceptionResnet(g, g.input('image', [1, 3, null, null])));
    for (const axis of network.receptiveField()) {
      expect(axis).toMatchObject({ size: 3039, stride: 32, padding: 1482, aligned: true });
      expect([axis.center, axis.center + 2 * axis.stride]).toEqual([37, 101]);
    }
  });
});
