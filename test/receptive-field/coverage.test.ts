/** Coverage: worked examples, the published cases' holes, enumerated paths, errors. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { coverage } from '../../lib/receptive-field/coverage.js';
import { receptiveField } from '../../lib/receptive-field/receptive-field.js';
import type { WindowLayer } from '../../lib/receptive-field/window-layer.js';
import { rejected } from '../geometry/arguments.js';
import { convolutionStack, dilated, mixedStack } from './layers.js';
import { published, stackOf } from './published.js';
import { tapPaths } from './tap-paths.js';

describe('worked examples', () => {
  it('two 3×3 layers with dilation 2 touch 5 of 9 columns: 25 of 81 elements', () => {
    expect(coverage(dilated(3, [2, 2]))).toEqual({
      size: 9,
      touched: 5,
      holes: [
        [1, 2],
        [3, 4],
        [5, 6],
        [7, 8],
      ],
      counts: [1, 0, 2, 0, 3, 0, 2, 0, 1],
    });
  });

  it('an empty stack sees one element', () => {
    expect(coverage([])).toEqual({ size: 1, touched: 1, holes: [], counts: [1] });
  });

  it('joins neighbouring elements to one hole', () => {
    expect(coverage([{ kernel: 2, dilation: 4 }]).holes).toEqual([[1, 4]]);
    expect(coverage(dilated(2, [1, 5])).holes).toEqual([[2, 5]]);
  });

  it('WaveNet: one path to each of 1,024 samples', () => {
    const layers = Array.from({ length: 10 }, (_, index) => ({ kernel: 2, dilation: 2 ** index, padding: 'causal' as const }));
    expect(coverage(layers)).toEqual({ size: 1024, touched: 1024, holes: [], counts: new Array<number>(1024).fill(1) });
  });

  it('binomial coefficients: 30 layers of kernel 2', () => {
    const { counts } = coverage(dilated(2, new Array<number>(30).fill(1)));
    expect(counts[15]).toBe(155_117_520);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(2 ** 30);
  });

  it('counts beyond 2^53 are rounded, beyond doubles infinite, never NaN', () => {
    const { counts, touched } = coverage(dilated(3, new Array<number>(700).fill(1)));
    expect(touched).toBe(1401);
    expect(counts[0]).toBe(1);
    expect(counts[700]).toBe(Infinity);
    expect(counts[200]).toBeLessThan(Infinity);
    expect(counts.some(Number.isNaN)).toBe(false);
  });

  it('sums a million taps without walking them for every element', () => {
    const { size, counts } = coverage([{ kernel: 1_000_000 }, { kernel: 1_000_000 }]);
    expect(size).toBe(1_999_999);
    expect([counts[0], counts[999_999], counts[1_999_998]]).toEqual([1, 1_000_000, 1]);
  });
});

describe('published cases', () => {
  const covered = published.filter(({ expect: { coverage: kind } }) => kind !== undefined);

  it('are four', () => {
    expect(covered).toHaveLength(4);
  });

  it.each(covered.map((publishedCase) => [publishedCase.name, publishedCase] as const))('%s', (_, publishedCase) => {
    const { size, touched, holes } = coverage(stackOf(publishedCase));
    expect(size).toBe(publishedCase.expect.rf);
    expect(holes.length > 0).toBe(publishedCase.expect.coverage === 'holes');
    expect(touched).toBe(publishedCase.expect.covered ?? size);
  });
});

describe('enumerated paths', () => {
  const arrayOf = (paths: ReadonlyMap<number, number>): number[] => {
    const seen = [...paths.keys()].sort((a, b) => a - b);
    return seen.length === 0 ? [] : Array.from({ length: seen.at(-1)! - seen[0]! + 1 }, (_, offset) => paths.get(seen[0]! + offset) ?? 0);
  };

  it('agree with every count, and with the holes they leave', () => {
    fc.assert(
      fc.property(convolutionStack, (layers) => {
        const { size, touched, holes, counts } = coverage(layers);
        expect(counts).toEqual(arrayOf(tapPaths(layers, 0)));
        expect(size).toBe(receptiveField(layers).at(-1)!.size);
        expect(touched).toBe(counts.filter((count) => count > 0).length);
        const missed = holes.flatMap(([begin, end]) => Array.from({ length: end - begin }, (_, index) => begin + index));
        expect(missed).toEqual([...counts.keys()].filter((offset) => counts[offset] === 0));
      }),
      { numRuns: 300 },
    );
  });

  it('agree for every output behind transposed layers', () => {
    fc.assert(
      fc.property(mixedStack, fc.nat(30), (layers, output) => {
        expect(coverage(layers, { output }).counts).toEqual(arrayOf(tapPaths(layers, output)));
      }),
      { numRuns: 300 },
    );
  });
});

describe('transposed layers', () => {
  it('paint a checkerboard where the stride does not divide the kernel', () => {
    const layer: WindowLayer = { kernel: 3, stride: 2, transposed: true };
    expect(coverage([layer], { output: 0 }).counts).toEqual([1, 1]);
    expect(coverage([layer], { output: 1 }).counts).toEqual([1]);
  });

  it('may leave an output that sees nothing', () => {
    expect(coverage([{ kernel: 1, stride: 2, transposed: true }], { output: 1 })).toEqual({ size: 0, touched: 0, holes: [], counts: [] });
  });

  it("need the input size for strided 'same' padding, which a stack without them does not", () => {
    const strided: WindowLayer = { kernel: 3, stride: 2, padding: 'same' };
    expect(coverage([strided]).size).toBe(3);
    const layers: WindowLayer[] = [strided, { kernel: 2, stride: 2, transposed: true }];
    expect(() => coverage(layers)).toThrow(rejected('TypeError', 'inputSize'));
    expect(coverage(layers, { inputSize: 10 }).size).toBe(3);
  });
});

describe('errors', () => {
  it.each([
    [[{ kernel: 0 }], undefined, 'RangeError', 'layers[0].kernel'],
    [[], { output: -1 }, 'RangeError', 'output'],
    [[], { outputs: 1 }, 'TypeError', "unknown option 'outputs'"],
    [[], { inputSize: '8' }, 'TypeError', 'inputSize'],
    [[{ kernel: 2, dilation: 2 ** 24 }], undefined, 'RangeError', 'at most 16777216 elements'],
  ] as [WindowLayer[], never, 'TypeError' | 'RangeError', string][])('(%o, %o)', (layers, options, name, part) => {
    expect(() => coverage(layers, options)).toThrow(rejected(name, part));
  });
});
