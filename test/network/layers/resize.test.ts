/** Resampling against its definition in floating point; worked examples of ONNX; NaN; what does not fit. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ResizeLayerOptions } from '../../../lib/network/builder.js';
import { buildNetwork } from '../../../lib/network/network.js';
import type { FloatTensor } from '../../../lib/types.js';
import { rejected } from '../../geometry/arguments.js';
import { elementAt, largestDifference, randomTensor, runLayer, tensorOf } from './run-layer.js';

type Coordinates = NonNullable<ResizeLayerOptions['coordinates']>;
type Rounding = NonNullable<ResizeLayerOptions['rounding']>;

function coordinate(mode: Coordinates, o: number, n: number, m: number): number {
  switch (mode) {
    case 'halfPixel':
      return ((o + 0.5) * n) / m - 0.5;
    case 'pytorchHalfPixel':
      return m > 1 ? ((o + 0.5) * n) / m - 0.5 : 0;
    case 'alignCorners':
      return m > 1 ? (o * (n - 1)) / (m - 1) : 0;
    case 'asymmetric':
      return (o * n) / m;
  }
}

const round: Record<Rounding, (x: number) => number> = {
  floor: Math.floor,
  ceil: Math.ceil,
  roundPreferFloor: (x) => Math.ceil(x - 0.5),
  roundPreferCeil: (x) => Math.floor(x + 0.5),
};

/** Elements and parts along one axis. */
function parts(mode: Coordinates, rounding: Rounding | undefined, o: number, n: number, m: number): [number, number][] {
  // A hair moves no coordinate, but undoes what floating point did to whole and half ones.
  const x = Math.round(coordinate(mode, o, n, m) * 2 ** 30) / 2 ** 30;
  const inside = (element: number) => Math.max(0, Math.min(n - 1, element));
  if (rounding !== undefined) return [[inside(round[rounding](x)), 1]];
  const low = Math.floor(x);
  return [
    [inside(low), 1 - (x - low)],
    [inside(low + 1), x - low],
  ];
}

function resized(input: FloatTensor, size: readonly number[], mode: Coordinates, rounding: Rounding | undefined): FloatTensor {
  return tensorOf([...input.dims.slice(0, 2), ...size], ([n, c, ...output]) => {
    const visit = (axis: number, position: readonly number[]): number => {
      if (axis === size.length) return elementAt(input, [n!, c!, ...position]);
      return parts(mode, rounding, output[axis]!, input.dims[axis + 2]!, size[axis]!).reduce(
        (sum, [element, part]) => sum + (part === 0 ? 0 : part * visit(axis + 1, [...position, element])),
        0,
      );
    };
    return visit(0, []);
  });
}

describe('to a size', () => {
  it('is what its definition says', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 1, max: 7 }), fc.integer({ min: 1, max: 15 })), { minLength: 1, maxLength: 3 }),
        fc.constantFrom<Coordinates>('halfPixel', 'pytorchHalfPixel', 'alignCorners', 'asymmetric'),
        fc.constantFrom<Rounding | undefined>('floor', 'ceil', 'roundPreferFloor', 'roundPreferCeil', undefined, undefined, undefined),
        fc.nat(),
        (axes, coordinates, rounding, seed) => {
          const input = randomTensor([1, 2, ...axes.map(([size]) => size)], seed);
          const size = axes.map(([, resize]) => resize);
          const mode = rounding === undefined ? 'linear' : 'nearest';
          const got = runLayer([input], (g, [x]) => g.resize(x!, { size, mode, coordinates, rounding }));
          const expected = resized(input, size, coordinates, rounding);
          expect(got.dims).toEqual(expected.dims);
          expect(largestDifference(got, expected)).toBeLessThanOrEqual(1e-6);
        },
      ),
      { numRuns: 400 },
    );
  });

  it.each([1, 2, 3, 8])('%i elements doubled, which has a loop of its own', (size) => {
    for (const coordinates of ['halfPixel', 'pytorchHalfPixel'] as const) {
      const input = randomTensor([1, 2, size, size]);
      const got = runLayer([input], (g, [x]) => g.resize(x!, { scale: 2, mode: 'linear', coordinates }));
      expect(largestDifference(got, resized(input, [2 * size, 2 * size], coordinates, undefined))).toBeLessThanOrEqual(1e-6);
    }
  });

  it('of another node', () => {
    const { dims } = runLayer([randomTensor([1, 2, 3, 4]), randomTensor([1, 5, 7, 6])], (g, [x, y]) => g.resize(x!, { like: y! }));
    expect(dims).toEqual([1, 2, 7, 6]);
  });
});

describe('by a scale (examples of ONNX, operator Resize)', () => {
  const square = { data: Float32Array.of(1, 2, 3, 4), dims: [1, 1, 2, 2] };
  const rows = (options: ResizeLayerOptions, input: FloatTensor = square) =>
    Array.from(runLayer([input], (g, [x]) => g.resize(x!, options)).data);

  it('resize_upsample_scales_nearest', () => {
    const got = rows({ scale: [2, 3] });
    expect(got).toEqual([1, 1, 1, 2, 2, 2, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4, 3, 3, 3, 4, 4, 4]);
  });

  it('resize_upsample_scales_linear', () => {
    const got = rows({ scale: 2, mode: 'linear' });
    expect(got).toEqual([1, 1.25, 1.75, 2, 1.5, 1.75, 2.25, 2.5, 2.5, 2.75, 3.25, 3.5, 3, 3.25, 3.75, 4]);
  });

  it('resize_upsample_scales_linear_align_corners', () => {
    const got = rows({ scale: 2, mode: 'linear', coordinates: 'alignCorners' });
    const expected = [1, 4 / 3, 5 / 3, 2, 5 / 3, 2, 7 / 3, 8 / 3, 7 / 3, 8 / 3, 3, 10 / 3, 3, 10 / 3, 11 / 3, 4];
    got.forEach((value, index) => {
      expect(value).toBeCloseTo(expected[index]!, 6);
    });
  });

  it('resize_downsample_scales_linear: 0.6', () => {
    const input = { data: Float32Array.from({ length: 8 }, (_, index) => index + 1), dims: [1, 1, 2, 4] };
    const got = rows({ scale: 0.6, mode: 'linear' }, input);
    expect(got).toHaveLength(2);
    expect(got[0]).toBeCloseTo(2.6666665, 5);
    expect(got[1]).toBeCloseTo(4.3333331, 5);
  });
});

it('where a coordinate is whole, its neighbour is not touched, be it NaN', () => {
  const input = { data: Float32Array.of(1, NaN, 3), dims: [1, 1, 3] };
  const { data } = runLayer([input], (g, [x]) => g.resize(x!, { size: [5], mode: 'linear', coordinates: 'alignCorners' }));
  expect(Array.from(data)).toEqual([1, NaN, NaN, NaN, 3]);
});

it.each([
  [{}, 'RangeError', 'the options scale, size and like'],
  [{ scale: 2, size: [3] }, 'RangeError', 'the options scale, size and like'],
  [{ scale: 0 }, 'RangeError', 'scale'],
  [{ scale: [1, 2] }, 'RangeError', 'scale'],
  [{ size: 3 }, 'TypeError', 'size'],
  [{ scale: 2, mode: 'cubic' }, 'RangeError', 'mode'],
  [{ scale: 2, mode: 'linear', rounding: 'floor' }, 'RangeError', 'rounding'],
] as const)('%j is refused', (options, name, part) => {
  expect(() => buildNetwork((g) => g.resize(g.input('x', [1, 1, 8]), options as never))).toThrow(rejected(name, part));
});

describe('extremes', () => {
  it('a scale below 2^−12 keeps its size', () => {
    const signal = tensorOf([1, 1, 20_000], ([, , x]) => x!);
    // (o + ½)·5000 − ½, the lower neighbour.
    expect(Array.from(runLayer([signal], (g, [x]) => g.resize(x!, { scale: 1 / 5000 })).data)).toEqual([2499, 7499, 12499, 17499]);
    const network = buildNetwork((g) => g.resize(g.input('x', [1, 1, null]), { scale: 1 / 5000 }));
    expect(network.receptiveField()[0]).toMatchObject({ size: 1, stride: 5000 });
  });

  it('nothing is made of no element', () => {
    const nothing = randomTensor([1, 1, 0]);
    expect(runLayer([nothing], (g, [x]) => g.resize(x!, { scale: 2 })).dims).toEqual([1, 1, 0]);
    expect(() => runLayer([nothing], (g, [x]) => g.resize(x!, { size: [4] }))).toThrow(
      rejected('RangeError', 'the size of spatial axis 0'),
    );
  });
});
