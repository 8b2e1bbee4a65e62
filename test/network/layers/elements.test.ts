/** Layers of single elements, sums and products, and layers that move elements: against their definitions, index by index. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildNetwork } from '../../../lib/network/network.js';
import type { NetworkBuilder, NetworkNode } from '../../../lib/network/builder.js';
import { rejected } from '../../geometry/arguments.js';
import { elementAt, randomTensor, runLayer, tensorOf } from './run-layer.js';

const sizes = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 3 });

describe('functions of one element', () => {
  const functions: Record<string, [(g: NetworkBuilder, x: NetworkNode) => NetworkNode, (x: number) => number]> = {
    relu: [(g, x) => g.relu(x), (x) => Math.max(0, x)],
    leakyRelu: [(g, x) => g.leakyRelu(x, { slope: 0.25 }), (x) => (x < 0 ? 0.25 * x : x)],
    sigmoid: [(g, x) => g.sigmoid(x), (x) => 1 / (1 + Math.exp(-x))],
    clip: [(g, x) => g.clip(x, { min: -0.5, max: 0.25 }), (x) => Math.min(0.25, Math.max(-0.5, x))],
    'clip without bounds': [(g, x) => g.clip(x, {}), (x) => x],
  };

  it.each(Object.entries(functions))('%s', (_, [add, of]) => {
    const data = Float32Array.of(NaN, -Infinity, -3, -0.5, -0.125, 0, 0.125, 3, Infinity);
    const got = runLayer([{ data, dims: [1, 1, 9] }], (g, [x]) => add(g, x!));
    got.data.forEach((value, index) => {
      const expected = Math.fround(of(data[index]!));
      // The native sigmoid's last bits are its own.
      if (!Object.is(value, expected)) expect(Math.abs(value - expected), String(data[index])).toBeLessThanOrEqual(2 ** -23 * expected);
    });
  });

  it.each([
    [(g: NetworkBuilder, x: NetworkNode) => g.clip(x, { min: 1, max: 0 }), 'RangeError', "Layer 'clip1' (clip): Expected min"],
    [(g: NetworkBuilder, x: NetworkNode) => g.leakyRelu(x, { slope: Infinity }), 'RangeError', 'slope'],
    [(g: NetworkBuilder, x: NetworkNode) => g.leakyRelu(x, { slope: '1' as never }), 'TypeError', 'slope'],
  ] as const)('%s is refused', (add, name, part) => {
    expect(() => buildNetwork((g) => add(g, g.input('x', [1, 1, 3])))).toThrow(rejected(name, part));
  });
});

describe('softmax', () => {
  it('sums to one along its axis, and large numbers do not overflow', () => {
    const input = randomTensor([2, 3, 4, 5]);
    input.data.forEach((value, index) => (input.data[index] = 1000 * value));
    for (const axis of [1, 2, 3, -1]) {
      const got = runLayer([input], (g, [x]) => g.softmax(x!, { axis }));
      const along = axis < 0 ? axis + 4 : axis;
      const exact = tensorOf(input.dims, (index) => {
        const row = Array.from({ length: input.dims[along]! }, (_, at) => elementAt(input, index.with(along, at)));
        const most = Math.max(...row);
        return Math.exp(elementAt(input, index) - most) / row.reduce((sum, value) => sum + Math.exp(value - most), 0);
      });
      got.data.forEach((value, index) => {
        expect(Math.abs(value - exact.data[index]!)).toBeLessThanOrEqual(2e-7);
      });
    }
  });
});

describe('add and mul', () => {
  it('broadcast as NumPy does, one value or many', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 1, max: 4 }), fc.boolean(), fc.boolean()), { minLength: 2, maxLength: 4 }),
        fc.nat(2),
        fc.boolean(),
        fc.nat(),
        (axes, missing, product, seed) => {
          const dims = axes.map(([size]) => size);
          const left = randomTensor(
            dims.map((size, axis) => (axes[axis]![1] ? 1 : size)),
            seed,
          );
          const right = randomTensor(
            dims.map((size, axis) => (axes[axis]![2] ? 1 : size)).slice(Math.min(missing, dims.length - 2)),
            seed + 1,
          );
          const got = runLayer([left, right], (g, [x, y]) => (product ? g.mul([x!, y!]) : g.add([x!, y!])));
          const at = (tensor: typeof left, index: readonly number[]) => {
            const own = index.slice(index.length - tensor.dims.length).map((position, axis) => (tensor.dims[axis] === 1 ? 0 : position));
            return elementAt(tensor, own);
          };
          const rank = Math.max(left.dims.length, right.dims.length);
          const outputDims = Array.from({ length: rank }, (_, axis) =>
            Math.max(left.dims.at(axis - rank) ?? 1, right.dims.at(axis - rank) ?? 1),
          );
          expect(got).toEqual(
            tensorOf(outputDims, (index) => (product ? at(left, index) * at(right, index) : at(left, index) + at(right, index))),
          );
        },
      ),
      { numRuns: 300 },
    );
  });

  it('of three', () => {
    const inputs = [1, 2, 3].map((seed) => randomTensor([1, 2, 3], seed));
    const got = runLayer(inputs, (g, nodes) => g.add(nodes));
    expect(got.data[4]).toBe(Math.fround(Math.fround(inputs[0]!.data[4]! + inputs[1]!.data[4]!) + inputs[2]!.data[4]!));
  });

  it('of itself: x + x, x · x', () => {
    const x = randomTensor([1, 2, 3]);
    expect(runLayer([x], (g, [node]) => g.add([node!, node!])).data).toEqual(x.data.map((value) => 2 * value));
    const thrice = runLayer([x], (g, [node]) => {
      const value = g.relu(node!);
      return g.add([value, value, value]);
    });
    expect(thrice.data).toEqual(x.data.map((value) => 3 * Math.max(0, value)));
    expect(runLayer([x], (g, [node]) => g.mul([g.relu(node!), node!])).data).toEqual(x.data.map((value) => Math.max(0, value) * value));
  });

  it('what does not fit is refused by name', () => {
    const add = () => buildNetwork((g) => g.add([g.input('x', [1, 2, 3]), g.input('y', [1, 2, 4])], { name: 'sum' }));
    const message = "Layer 'sum' (add): Expected the inputs to be of the sizes [1, 2, 3], or of size 1, on every axis, received [1, 2, 4]";
    expect(add).toThrow(rejected('RangeError', message));
    expect(() => buildNetwork((g) => g.add([]))).toThrow(rejected('TypeError', 'inputs'));
  });
});

describe('layers that move elements', () => {
  it('concat, along every axis', () => {
    fc.assert(
      fc.property(
        sizes,
        fc.nat(),
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 1, max: 3 }),
        fc.nat(),
        (spatial, which, first, second, seed) => {
          const dims = [2, 3, ...spatial];
          const axis = which % dims.length;
          const [left, right] = [first, second].map((size, index) => randomTensor(dims.with(axis, size), seed + index)) as [
            ReturnType<typeof randomTensor>,
            ReturnType<typeof randomTensor>,
          ];
          const got = runLayer([left, right], (g, [x, y]) => g.concat([x!, y!], { axis }));
          expect(got).toEqual(
            tensorOf(dims.with(axis, first + second), (index) =>
              index[axis]! < first ? elementAt(left, index) : elementAt(right, index.with(axis, index[axis]! - first)),
            ),
          );
        },
      ),
    );
  });

  it('slice, forwards, from the end, in steps', () => {
    const input = randomTensor([2, 3, 7]);
    const slice = (axis: number, begin?: number, end?: number, step?: number) =>
      runLayer([input], (g, [x]) => g.slice(x!, [{ axis, begin, end, step }]));
    expect(slice(2, 1, 6, 2)).toEqual(tensorOf([2, 3, 3], ([n, c, x]) => elementAt(input, [n!, c!, 1 + 2 * x!])));
    expect(slice(-1, -3)).toEqual(tensorOf([2, 3, 3], ([n, c, x]) => elementAt(input, [n!, c!, 4 + x!])));
    expect(slice(1, 0, -1)).toEqual(tensorOf([2, 2, 7], (index) => elementAt(input, index)));
    expect(slice(1, 1, 99)).toEqual(tensorOf([2, 2, 7], ([n, c, x]) => elementAt(input, [n!, c! + 1, x!])));
    expect(slice(2, 5, 2).dims).toEqual([2, 3, 0]);
  });

  it('crop, by margins, to a node around the middle or from an offset', () => {
    const input = randomTensor([1, 2, 7, 8]);
    const small = randomTensor([1, 1, 4, 5], 2);
    const from = (y: number, x: number, dims: number[]) => tensorOf(dims, ([n, c, i, j]) => elementAt(input, [n!, c!, i! + y, j! + x]));
    expect(
      runLayer([input], (g, [x]) =>
        g.crop(x!, {
          margin: [
            [1, 2],
            [3, 0],
          ],
        }),
      ),
    ).toEqual(from(1, 3, [1, 2, 4, 5]));
    expect(runLayer([input, small], (g, [x, like]) => g.crop(x!, { like: like! }))).toEqual(from(1, 1, [1, 2, 4, 5]));
    expect(runLayer([input, small], (g, [x, like]) => g.crop(x!, { like: like!, offset: [0, 2] }))).toEqual(from(0, 2, [1, 2, 4, 5]));
    expect(() => runLayer([input, small], (g, [x, like]) => g.crop(x!, { like: like!, offset: 4 }))).toThrow(
      rejected('RangeError', "Layer 'crop1' (crop): Expected what the crop keeps of spatial axis 0 to be in its 7 elements"),
    );
    expect(() => runLayer([input], (g, [x]) => g.crop(x!, {}))).toThrow(rejected('RangeError', 'the options margin and like'));
  });

  it('pad, in every mode', () => {
    const walk: Record<string, (position: number, size: number) => number | undefined> = {
      zeros: (position, size) => (position >= 0 && position < size ? position : undefined),
      replicate: (position, size) => Math.max(0, Math.min(size - 1, position)),
      circular: (position, size) => (position + size) % size,
      reflect: (position, size) => (position < 0 ? -position : position >= size ? 2 * (size - 1) - position : position),
    };
    const input = randomTensor([2, 2, 3, 4, 5]);
    const padding: [number, number][] = [
      [1, 2],
      [0, 3],
      [4, 1],
    ];
    for (const mode of ['zeros', 'reflect', 'replicate', 'circular'] as const) {
      const value = mode === 'zeros' ? -7 : undefined;
      const got = runLayer([input], (g, [x]) => g.pad(x!, { padding, mode, value }));
      const expected = tensorOf([2, 2, 6, 7, 10], ([n, c, ...output]) => {
        const position = output.map((at, axis) => walk[mode]!(at - padding[axis]![0], input.dims[axis + 2]!));
        return position.includes(undefined) ? -7 : elementAt(input, [n!, c!, ...(position as number[])]);
      });
      expect(got, mode).toEqual(expected);
    }
    expect(() => runLayer([input], (g, [x]) => g.pad(x!, { padding: 4, mode: 'reflect' }))).toThrow(
      rejected('RangeError', 'padding on spatial axis 0'),
    );
  });

  it('transpose', () => {
    const input = randomTensor([2, 3, 4, 5]);
    const got = runLayer([input], (g, [x]) => g.transpose(x!, [0, 2, 3, 1]));
    expect(got).toEqual(tensorOf([2, 4, 5, 3], ([n, y, x, c]) => elementAt(input, [n!, c!, y!, x!])));
    expect(() => runLayer([input], (g, [x]) => g.transpose(x!, [0, 1, 1, 2]))).toThrow(rejected('RangeError', 'permutation'));
    expect(() => runLayer([input], (g, [x]) => g.transpose(x!, [0, 2, 1]))).toThrow(rejected('RangeError', 'rank 3'));
  });

  it.each([
    [
      [0, -1],
      [2, 60],
    ],
    [
      [0, 0, 20],
      [2, 3, 20],
    ],
    [
      [-1, 5, 2],
      [12, 5, 2],
    ],
    [[120], [120]],
  ])('reshape to %j', (dims, expected) => {
    const input = randomTensor([2, 3, 4, 5]);
    expect(runLayer([input], (g, [x]) => g.reshape(x!, dims))).toEqual({ data: input.data, dims: expected });
  });

  it('reshape of an empty batch takes what is left of the other axes', () => {
    const empty = randomTensor([0, 3, 8]);
    expect(runLayer([empty], (g, [x]) => g.reshape(x!, [0, -1])).dims).toEqual([0, 24]);
    expect(runLayer([empty], (g, [x]) => g.reshape(x!, [0, 4, 6])).dims).toEqual([0, 4, 6]);
  });

  it('reshape and flatten: what does not fit is refused; the input is not the output', () => {
    const input = randomTensor([2, 3, 4, 5]);
    expect(() => runLayer([input], (g, [x]) => g.reshape(x!, [7, -1]))).toThrow(rejected('RangeError', 'dims'));
    expect(() => runLayer([input], (g, [x]) => g.reshape(x!, [-1, -1]))).toThrow(rejected('RangeError', 'dims'));
    expect(() => runLayer([input], (g, [x]) => g.reshape(x!, [1, 1, 1, 1, 0]))).toThrow(rejected('RangeError', 'dims[4]'));
    const flat = runLayer([input], (g, [x]) => g.flatten(x!, { axis: 2 }));
    expect(flat).toEqual({ data: input.data, dims: [6, 20] });
    expect(flat.data).not.toBe(input.data);
  });
});

describe('globalAvgPool and linear', () => {
  it('globalAvgPool', () => {
    const input = randomTensor([2, 3, 4, 5]);
    const got = runLayer([input], (g, [x]) => g.globalAvgPool(x!));
    expect(got.dims).toEqual([2, 3, 1, 1]);
    got.data.forEach((value, plane) => {
      const mean = input.data.subarray(plane * 20, plane * 20 + 20).reduce((sum, element) => sum + element, 0) / 20;
      expect(value).toBeCloseTo(mean, 6);
    });
  });

  it('linear', () => {
    const [input, weight, bias] = [randomTensor([3, 4]), randomTensor([5, 4], 2), randomTensor([5], 3)];
    const got = runLayer([input], (g, [x]) => g.linear(x!, { weight, bias, activation: 'relu' }));
    expect(got.dims).toEqual([3, 5]);
    got.data.forEach((value, index) => {
      const [row, column] = [Math.floor(index / 5), index % 5];
      const sum = [0, 1, 2, 3].reduce((total, k) => total + input.data[row * 4 + k]! * weight.data[column * 4 + k]!, bias.data[column]!);
      expect(value).toBeCloseTo(Math.max(0, sum), 5);
    });
    expect(() => runLayer([input], (g, [x]) => g.linear(x!, { weight: randomTensor([5, 3]) }))).toThrow(
      rejected('RangeError', '[batch, 3]'),
    );
  });
});
