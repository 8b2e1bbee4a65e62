/** Convolutions of a network: what `conv` gives, with what was fused; transposed ones; parameters by name; what does not fit. */
import { describe, expect, it } from 'vitest';
import { conv } from '../../../lib/conv.js';
import { buildNetwork } from '../../../lib/network/network.js';
import type { NetworkBuilder, NetworkNode } from '../../../lib/network/builder.js';
import type { FloatTensor } from '../../../lib/types.js';
import { rejected } from '../../geometry/arguments.js';
import { elementAt, largestDifference, randomTensor, runLayer, tensorOf } from './run-layer.js';

const options = {
  stride: [2, 1],
  dilation: [1, 2],
  padding: [
    [1, 0],
    [2, 2],
  ],
  groups: 2,
} as const;

describe('conv', () => {
  it.each(['zeros', 'reflect', 'replicate', 'circular'] as const)('is conv, padded with %s', (paddingMode) => {
    const [input, weight, bias] = [randomTensor([2, 4, 9, 8]), randomTensor([6, 2, 3, 3], 2), randomTensor([6], 3)];
    const got = runLayer([input], (g, [x]) => g.conv(x!, { weight, bias, paddingMode, ...options }));
    expect(got).toEqual(conv(input, weight, { bias, paddingMode, ...options, algorithm: 'direct' }));
  });

  it('takes kernels of the network by name, else seeds them: the same for the same seed, whatever else is built', () => {
    const asked: string[] = [];
    const build = (seed: number, weights?: (name: string) => Float32Array | undefined) => {
      return buildNetwork(
        (g) => {
          const x = g.input('x', [1, 2, 8]);
          if (seed === 1) g.conv(x, { channels: 1, kernel: 3, name: 'other' });
          g.output(g.conv(x, { channels: 3, kernel: 3, name: 'layer' }), 'y');
        },
        { seed: seed % 10, weights },
      ).run({ x: randomTensor([1, 2, 8]) }).y!.data;
    };
    const ones = (name: string) => {
      asked.push(name);
      return name === 'layer.weight' ? new Float32Array(18).fill(1) : undefined;
    };
    const sums = build(1, ones);
    const input = randomTensor([1, 2, 8]).data;
    expect(sums[0]).toBeCloseTo(
      [0, 1, 2, 8, 9, 10].reduce((sum, at) => sum + input[at]!, 0),
      5,
    );
    expect(asked).toEqual(['layer.weight', 'layer.bias']);
    expect(build(1)).toEqual(build(11));
    expect(build(1)).not.toEqual(build(2));
  });

  it.each([
    [{ weight: randomTensor([6, 3, 3]) }, 'RangeError', "Layer 'conv1' (conv): Expected the input[1] (channels) to be 3"],
    [{ weight: randomTensor([6, 2, 3]), channels: 6 }, 'RangeError', 'channels'],
    [{ weight: randomTensor([6, 2, 3]), bias: randomTensor([5]) }, 'RangeError', 'conv1.bias.dims'],
    [{ weight: 'w' }, 'TypeError', 'weight'],
    [{ kernel: 3 }, 'TypeError', 'channels'],
    [{ channels: 3 }, 'TypeError', 'kernel'],
    [{ channels: 3, kernel: 2, groups: 3 }, 'RangeError', "Layer 'conv1' (conv): Expected groups to be a divisor of the 2 input channels"],
    [{ channels: 3, kernel: 2, stride: 0 }, 'RangeError', "Layer 'conv1' (conv): Expected stride to be an integer ≥ 1"],
    [{ channels: 3, kernel: 10 }, 'RangeError', "Layer 'conv1' (conv): Expected the effective kernel size of spatial axis 0"],
    [{ channels: 3, kernel: 3, dilatoin: 2 }, 'TypeError', "unknown option 'dilatoin'"],
  ] as const)('%j is refused', (given, name, part) => {
    expect(() => buildNetwork((g) => g.conv(g.input('x', [1, 2, 8]), given as never))).toThrow(rejected(name, part));
  });

  it('values of another length are refused when they are asked for', () => {
    const network = buildNetwork((g) => g.conv(g.input('x', [1, 2, 8]), { channels: 3, kernel: 3 }), {
      weights: () => new Float32Array(5),
    });
    expect(() => network.run(randomTensor([1, 2, 8]))).toThrow(
      rejected('RangeError', "Layer 'conv1' (conv): Expected the length of conv1.weight to be 18 (3 × 2 × 3), received 5"),
    );
  });
});

/** y[o] = bias + Σ w[t]·x[j] over the inputs j and taps t with j·stride − begin + t·dilation = o. */
function transposed(input: FloatTensor, weight: FloatTensor, bias: FloatTensor, width: number): FloatTensor {
  const [inChannels, outPerGroup, taps] = weight.dims as [number, number, number];
  const groups = 2;
  return tensorOf([input.dims[0]!, outPerGroup * groups, width], ([n, k, o]) => {
    let sum = bias.data[k!]!;
    const group = Math.floor(k! / outPerGroup);
    for (let c = (group * inChannels) / groups; c < ((group + 1) * inChannels) / groups; c++) {
      for (let j = 0; j < input.dims[2]!; j++) {
        for (let t = 0; t < taps; t++) {
          if (j * 3 - 1 + t * 2 === o) sum += elementAt(input, [n!, c, j]) * elementAt(weight, [c, k! % outPerGroup, t]);
        }
      }
    }
    return sum;
  });
}

describe('convTranspose', () => {
  const [input, weight, bias] = [randomTensor([2, 4, 5]), randomTensor([4, 3, 3], 2), randomTensor([6], 3)];

  it('is its definition', () => {
    const got = runLayer([input], (g, [x]) =>
      g.convTranspose(x!, { weight, bias, stride: 3, dilation: 2, padding: [[1, 2]], outputPadding: 1, groups: 2 }),
    );
    expect(got.dims).toEqual([2, 6, 15]);
    expect(largestDifference(got, transposed(input, weight, bias, 15))).toBeLessThanOrEqual(1e-5);
  });

  it.each([
    [{ weight, stride: 3, outputPadding: 3 }, 'RangeError', 'outputPadding'],
    [{ weight, padding: 9 }, 'RangeError', "Layer 'convTranspose1' (convTranspose): Expected the output size of spatial axis 0"],
    [{ channels: 3, kernel: 3, groups: 3 }, 'RangeError', 'groups'],
  ] as const)('%j is refused', (given, name, part) => {
    expect(() => buildNetwork((g) => g.convTranspose(g.input('x', [1, 4, 5]), given))).toThrow(rejected(name, part));
  });
});

describe('fusion', () => {
  const channels = 4;
  const statistics = {
    scale: randomTensor([channels], 5).data,
    bias: randomTensor([channels], 6).data,
    mean: randomTensor([channels], 7).data,
    variance: randomTensor([channels], 8).data.map(Math.abs),
  };
  const kinds: Record<string, (g: NetworkBuilder, x: NetworkNode) => NetworkNode> = {
    conv: (g, x) => g.conv(x, { weight: randomTensor([4, 1, 3], 2), bias: randomTensor([4], 3), groups: 2 }),
    convTranspose: (g, x) => g.convTranspose(x, { weight: randomTensor([2, 2, 3], 2), bias: randomTensor([4], 3), groups: 2 }),
    'conv without bias': (g, x) => g.conv(x, { weight: randomTensor([4, 2, 3], 2) }),
    add: (g, x) => g.add([g.conv(x, { weight: randomTensor([4, 2, 3], 2) }), g.conv(x, { weight: randomTensor([4, 2, 3], 3) })]),
  };

  it.each(Object.entries(kinds))('of %s, batch norm and relu gives the same as each by itself', (_, add) => {
    const build = (asOutputs: boolean) =>
      buildNetwork((g) => {
        const sums = add(g, g.input('x', [null, 2, null]));
        const normed = g.batchNorm(sums, { ...statistics, epsilon: 1e-3, name: 'norm' });
        g.output(g.relu(normed, { name: 'activation' }), 'y');
        // What is read elsewhere is not fused.
        if (asOutputs) [sums, normed].forEach((node) => g.output(node));
      });
    const input = randomTensor([2, 2, 9]);
    const [fused, apart] = [build(false), build(true)];
    expect(apart.report().flatMap((layer) => layer.fused)).toEqual([]);
    expect(largestDifference(fused.run({ x: input }).y!, apart.run({ x: input }).y!)).toBeLessThanOrEqual(2e-5);
    expect(fused.parameterCount).toBe(apart.parameterCount);
    expect(fused.outputs.get('y')!.dims).toEqual([null, 4, null]);
  });

  it('says what was fused', () => {
    const network = buildNetwork((g) => g.relu(g.batchNorm(g.conv(g.input('x', [1, 2, 8]), { channels: 4, kernel: 3 }))));
    expect(network.report().map(({ name, fused }) => [name, fused])).toEqual([
      ['x', []],
      ['conv1', ['batchNorm1', 'relu1']],
    ]);
    const apart = buildNetwork((g) => g.batchNorm(g.relu(g.conv(g.input('x', [1, 2, 8]), { channels: 4, kernel: 3 }))));
    expect(apart.report().map(({ name, fused }) => [name, fused])).toEqual([
      ['x', []],
      ['conv1', ['relu1']],
      ['batchNorm1', []],
    ]);
  });
});
