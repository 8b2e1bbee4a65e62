/** Every tile of depthwise of every instruction set: y[r, x] = act(bias + Σ_{ty, tx} w[ty, tx]·x[(r + ty)·inputRowStride + x + tx·dilation]). */
import { describe, expect, it } from 'vitest';
import { type DepthwiseTile, edges, probe } from '../../support/probe.js';
import { ExpectedTile, tileData, untouched, type Values } from './expected-tile.js';

describe.each(probe.isas)('depthwise of %s', (isa) => {
  const { lanes, slots } = probe.describe(isa);
  const sizes = [3, 5] as const;

  it('has every number of rows for both sizes', () => {
    expect(slots.depthwise).toEqual(sizes.map(() => [true, true, true, true]));
  });

  const tiles = sizes.flatMap((size) => [1, 2, 3, 4].map((rows) => [size, rows] as const));

  describe.each(tiles)('size %i, %i rows', (size, rows) => {
    const run = (width: number, dilation: number, gap: number, relu: boolean, values: Values) => {
      // The last vector is read whole.
      const readWidth = Math.ceil(width / lanes) * lanes + (size - 1) * dilation;
      const inputRowStride = readWidth + gap;
      const outputRowStride = width + gap;
      const tile: DepthwiseTile = {
        title: `${isa} depthwise ${size}×${size} ${JSON.stringify({ rows, width, dilation, gap, relu, values })}`,
        ...tileData(values, size * 10 + rows, {
          input: width === 0 ? 0 : (rows + size - 2) * inputRowStride + readWidth,
          weight: size * size,
          bias: 1,
        }),
        output: untouched((rows - 1) * outputRowStride + width),
        inputRowStride,
        dilation,
        outputRowStride,
        width,
        relu,
      };
      const expected = expectedOf(tile);
      for (const edge of edges) {
        const output = tile.output.slice();
        probe.depthwise(isa, size, rows, { ...tile, output }, edge);
        expected.expect(output, tile.title, values);
      }
    };

    const expectedOf = (tile: DepthwiseTile): ExpectedTile => {
      const expected = new ExpectedTile(tile.output.length, tile.relu);
      for (let r = 0; r < rows; r++) {
        for (let x = 0; x < tile.width; x++) {
          const index = r * tile.outputRowStride + x;
          expected.start(index, tile.bias[0]!);
          for (let ty = 0; ty < size; ty++) {
            for (let tx = 0; tx < size; tx++) {
              expected.add(index, tile.input[(r + ty) * tile.inputRowStride + x + tx * tile.dilation]! * tile.weight[ty * size + tx]!);
            }
          }
        }
      }
      return expected;
    };

    const widths = [...new Set([0, 1, lanes - 1, lanes, lanes + 1, 2 * lanes + 1, 3 * lanes])];

    it.each(['floats', 'integers'] as const)('sums %s', (values) => {
      for (const width of widths) {
        for (const dilation of [1, 2, 3, 7, 17]) {
          for (const gap of [0, 3]) for (const relu of [false, true]) run(width, dilation, gap, relu, values);
        }
      }
    });

    it.each(['denormals', 'non-finite'] as const)('keeps %s', (values) => {
      for (const width of widths) for (const relu of [false, true]) run(width, 2, 1, relu, values);
    });
  });
});
