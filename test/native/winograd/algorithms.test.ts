/** The constants of native/plan/short_algorithms.inc: A·((G·w) ∘ (B·x)) is the convolution, in float64, to 1e-12. */
import { describe, expect, it } from 'vitest';
import type { ShortAlgorithm } from '../../support/probe.js';
import { Random } from '../../support/random.js';
import { algorithms } from './forced-scheme.js';

const exactness = 1e-12;

/** One element of a matrix–vector product. */
function row(matrix: Float64Array, index: number, vector: Float64Array): number {
  return vector.reduce((sum, value, column) => sum + matrix[index * vector.length + column]! * value, 0);
}

function shortConvolution({ outputs, products, a, b, g }: ShortAlgorithm, w: Float64Array, x: Float64Array): Float64Array {
  const multiplied = Float64Array.from({ length: products }, (_, p) => row(g, p, w) * row(b, p, x));
  return Float64Array.from({ length: outputs }, (_, i) => row(a, i, multiplied));
}

/** As short_algorithm.hpp writes it: a closed form has zeros on both sides. */
function convolution({ form, outputs, taps }: ShortAlgorithm, w: Float64Array, x: Float64Array): Float64Array {
  const before = form === 'closed' ? (taps - 1) / 2 : 0;
  return Float64Array.from({ length: outputs }, (_, i) => w.reduce((sum, weight, r) => sum + weight * (x[i + r - before] ?? 0), 0));
}

const unit = (length: number, at: number) => Float64Array.from({ length }, (_, i) => (i === at ? 1 : 0));

function expectEqual(algorithm: ShortAlgorithm, w: Float64Array, x: Float64Array): void {
  const expected = convolution(algorithm, w, x);
  shortConvolution(algorithm, w, x).forEach((value, i) => {
    expect(Math.abs(value - expected[i]!), `output ${i} of w = ${w.join(', ')}, x = ${x.join(', ')}`).toBeLessThanOrEqual(exactness);
  });
}

const named = algorithms.map((algorithm) => {
  const { form, outputs, taps, products } = algorithm;
  return [`${form} F(${outputs},${taps}) with ${products} products`, algorithm] as const;
});

describe.each(named)('%s', (_, algorithm) => {
  const { form, outputs, inputs, taps, products, a, b, g } = algorithm;

  it('is exact for every tap and every input element by itself, which is a proof for all of them', () => {
    for (let tap = 0; tap < taps; tap++) {
      for (let element = 0; element < inputs; element++) expectEqual(algorithm, unit(taps, tap), unit(inputs, element));
    }
  });

  it('is exact for random kernels and inputs', () => {
    const random = new Random(outputs * 100 + products);
    const numbers = (length: number) => Float64Array.from({ length }, () => 2 * random.fraction() - 1);
    for (let n = 0; n < 100; n++) expectEqual(algorithm, numbers(taps), numbers(inputs));
  });

  it('has matrices of its sizes, and fewer products than the formula', () => {
    expect(inputs).toBe(form === 'closed' ? outputs : outputs + taps - 1);
    expect([a.length, b.length, g.length]).toEqual([outputs * products, products * inputs, products * taps]);
    expect(products).toBeLessThan(outputs * taps);
    expect(form === 'open' || taps % 2 === 1, 'a closed form is centred').toBe(true);
  });

  it('is well scaled: the limits of winograd_plan.cpp hold for three axes of it', () => {
    const growth = (matrix: Float64Array, columns: number) => {
      const rows = Array.from({ length: matrix.length / columns }, (_, i) => matrix.slice(i * columns, (i + 1) * columns));
      return Math.max(...rows.map((entries) => entries.reduce((sum, entry) => sum + Math.abs(entry), 0)));
    };
    // Finite weights are at most 2⁻⁷ of the largest float.
    expect(growth(g, taps) ** 3).toBeLessThan(2 ** 7);
    // Inputs of magnitude 1 and their sums over a million channels stay far from it.
    expect((growth(b, inputs) * growth(a, products)) ** 3).toBeLessThan(1e7);
  });
});

it('no two rows are the same', () => {
  const rows = algorithms.map(({ form, a, b, g }) => JSON.stringify([form, [...a], [...b], [...g]]));
  expect(new Set(rows).size).toBe(rows.length);
});
