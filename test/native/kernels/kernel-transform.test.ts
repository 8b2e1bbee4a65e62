/** transform_kernels of every instruction set, a few output channels in float64: out[p₀, p₁, p₂] = Σ_{t₀, t₁, t₂} m₀[p₀, t₀]·m₁[p₁, t₁]·m₂[p₂, t₂]·in[t₀, t₁, t₂], rounded; sum += |out|. */
import { describe, expect, it } from 'vitest';
import { edges, probe } from '../../support/probe.js';
import { nanGuard } from '../../support/guarded-array.js';
import { Random } from '../../support/random.js';
import { untouched } from './expected-tile.js';

type Sizes = readonly [number, number, number];

/** One axis, two and three; an axis of one tap and one product is left out, of one tap and several products it is not. */
const sizes: readonly (readonly [taps: Sizes, products: Sizes])[] = [
  [[1, 1, 1], [1, 1, 1]],
  [[1, 1, 3], [1, 1, 5]],
  [[1, 1, 7], [1, 1, 12]],
  [[1, 3, 1], [1, 4, 1]],
  [[3, 1, 1], [6, 1, 1]],
  [[1, 3, 3], [1, 10, 7]],
  [[3, 1, 2], [4, 1, 6]],
  [[2, 3, 1], [3, 5, 1]],
  [[3, 3, 3], [4, 5, 6]],
  [[1, 1, 1], [2, 3, 4]],
  [[5, 4, 3], [2, 2, 2]],
]; // prettier-ignore

describe.each(probe.isas)('transform_kernels of %s', (isa) => {
  const { transformWidth: channels } = probe.describe(isa);

  it.each(sizes)('%j → %j', (taps, products) => {
    for (const values of ['floats', 'integers'] as const) {
      const random = new Random(taps[1] * 100 + products[2]);
      const doubles = (length: number) => Float64Array.from(random[values](length));
      const matrixOf = (axis: 0 | 1 | 2) =>
        taps[axis] === 1 && products[axis] === 1 ? Float64Array.of(1) : doubles(taps[axis] * products[axis]);
      const matrix = [matrixOf(0), matrixOf(1), matrixOf(2)] as const;
      const input = doubles(taps[0] * taps[1] * taps[2] * channels);
      const title = `${isa} transform_kernels ${taps.join('×')} → ${products.join('×')}, ${values}`;
      for (const edge of edges) {
        const stride = channels + 3;
        const output = untouched((products[0] * products[1] * products[2] - 1) * stride + channels);
        const sum = new Float32Array(output.length).fill(2);
        probe.transformKernels(isa, { title, matrix, taps, products, input, output, sum }, edge);
        const bits = new Uint32Array(output.buffer);
        output.forEach((value, index) => {
          const [point, channel] = [Math.floor(index / stride), index % stride];
          if (channel >= channels) {
            expect([bits[index], sum[index]], title).toEqual([nanGuard, 2]);
            return;
          }
          expect(sum[index], title).toBe(Math.fround(2 + Math.abs(value)));
          const row: Sizes = [
            Math.floor(point / products[2] / products[1]),
            Math.floor(point / products[2]) % products[1],
            point % products[2],
          ];
          let exact = 0;
          let magnitude = 0;
          for (let t = 0; t < taps[0] * taps[1] * taps[2]; t++) {
            const column: Sizes = [Math.floor(t / taps[2] / taps[1]), Math.floor(t / taps[2]) % taps[1], t % taps[2]];
            const term = row.reduce(
              (product, p, axis) => product * matrix[axis]![p * taps[axis]! + column[axis]!]!,
              input[t * channels + channel]!,
            );
            exact += term;
            magnitude += Math.abs(term);
          }
          // Roundings of three sums there, of one here, and to float32.
          const terms = taps[0] + taps[1] + taps[2] + taps[0] * taps[1] * taps[2];
          const bound = values === 'integers' ? 0 : (terms + 6) * 2 ** -53 * magnitude + 2 ** -24 * Math.abs(exact) + 2 ** -149;
          if (!(Math.abs(value - exact) <= bound)) expect.fail(`${title}: element ${index} is ${value}, expected ${exact} ± ${bound}`);
        });
      }
    }
  });
});
