/** Every tile of point_products of every instruction set: out[p, m, n] = Σ_j weight[p, j, m]·in[p·inputPointStride + offset[j] + n]. */
import { describe, expect, it } from 'vitest';
import { edges, type PointProducts, probe } from '../../support/probe.js';
import { ExpectedTile, tileData, untouched, type Values } from './expected-tile.js';

interface Problem {
  /** Terms come in any order, and closer than a vector: those of the next tap group are a tile's lanes further. */
  readonly offset: readonly number[];
  readonly points: number;
  readonly tiles: number;
  /** Floats between points and between channels. */
  readonly gap: number;
}

const problems: readonly Problem[] = [
  { offset: [0], points: 1, tiles: 1, gap: 0 },
  { offset: [], points: 2, tiles: 1, gap: 1 },
  { offset: [3, 0, 1], points: 3, tiles: 1, gap: 5 },
  { offset: [0, 70, 5, 75], points: 2, tiles: 3, gap: 0 },
  { offset: Array.from({ length: 17 }, (_, j) => (j * 7) % 17), points: 6, tiles: 2, gap: 2 },
];

describe.each(probe.isas)('point_products of %s', (isa) => {
  const { lanes, slots } = probe.describe(isa);
  const kernels = slots.point_products.flatMap((row, m) => row.flatMap((filled, v) => (filled ? [[m + 1, v + 1] as const] : [])));

  it('has every number of outputs for one vector, and with a tile all smaller ones', () => {
    // Plans cut panels into two sizes next to each other, and call the rest of the vectors by itself.
    expect(slots.point_products.map((row) => row[0])).toEqual(slots.point_products.map(() => true));
    for (const [m, v] of kernels) {
      expect(slots.point_products[m - 1]!.slice(0, v), `${m} outputs`).not.toContain(false);
      expect(
        slots.point_products.slice(0, m).map((row) => row[v - 1]),
        `${v} vectors`,
      ).not.toContain(false);
    }
  });

  describe.each(kernels)('%i outputs × %i vectors', (outputs, vectors) => {
    const run = (problem: Problem, values: Values) => {
      const { offset, points, tiles, gap } = problem;
      const length = tiles * vectors * lanes;
      const inputSpan = offset.length === 0 ? 0 : Math.max(...offset) + length;
      const inputPointStride = inputSpan + gap;
      const outputChannelStride = length + gap;
      const outputPointStride = outputs * outputChannelStride + gap;
      const { input, weight } = tileData(values, outputs * 10 + vectors, {
        input: inputSpan === 0 ? 0 : (points - 1) * inputPointStride + inputSpan,
        weight: points * offset.length * outputs,
        bias: 0,
      });
      const title = `${isa} point_products ${outputs}×${vectors} ${JSON.stringify({ ...problem, values })}`;
      const outputFloats = (points - 1) * outputPointStride + (outputs - 1) * outputChannelStride + length;
      const expected = new ExpectedTile(outputFloats, false);
      for (let p = 0; p < points; p++) {
        for (let m = 0; m < outputs; m++) {
          for (let n = 0; n < length; n++) {
            const index = p * outputPointStride + m * outputChannelStride + n;
            expected.start(index, 0);
            offset.forEach((from, j) => {
              expected.add(index, weight[(p * offset.length + j) * outputs + m]! * input[p * inputPointStride + from + n]!);
            });
          }
        }
      }
      const products: Omit<PointProducts, 'output'> = { title, input, inputPointStride, offset, points, weight, outputPointStride, outputChannelStride, tiles }; // prettier-ignore
      for (const edge of edges) {
        const output = untouched(outputFloats);
        probe.pointProducts(isa, outputs, vectors, { ...products, output }, edge);
        expected.expect(output, title, values);
      }
    };

    it.each(['floats', 'integers'] as const)('sums %s', (values) => {
      for (const problem of problems) run(problem, values);
    });

    it('keeps denormals and what is not finite', () => {
      for (const values of ['denormals', 'non-finite'] as const) run(problems[2]!, values);
    });
  });
});
