/** Every tile of the depthwise kernels of every instruction set: y[r, x] = act(bias + Σ_{ty, tx} w[ty, tx]·x[r + ty, x + tap tx]). */
import { describe, expect, it } from 'vitest';
import { type DepthwiseTile, edges, probe } from '../../support/probe.js';
import { nanGuard } from '../../support/guarded-array.js';
import { Random } from '../../support/random.js';
import { ExpectedTile, tileData, untouched, type Values } from './expected-tile.js';

/** Which outputs see what lies beyond the input: `margin` rows or columns of it at either end, none, or so many that some see nothing else. */
type Margin = 0 | 1 | 'reach';

describe.each(probe.isas)('depthwise of %s', (isa) => {
  const { lanes, slots } = probe.describe(isa);
  const most = slots.depthwise_pixels[0]!.lastIndexOf(true) + 1;
  const values = ['floats', 'integers', 'denormals'] as const;

  it('has every number of rows up to the most, for all sizes and both kinds of lanes', () => {
    expect(most).toBeGreaterThanOrEqual(lanes > 1 ? 4 : 2);
    const row = slots.depthwise_pixels[0]!.map((_, index) => index < most);
    const none = row.map(() => false);
    const strips = row.map((_, index) => index === 0);
    expect(slots.depthwise_pixels).toEqual([row, strips, lanes >= 8 ? row : none, strips, row]);
    expect(slots.depthwise_channels).toEqual([row, row, none, none, row]);
  });

  // [slot, phases of tap rows, height, width]; of volumes one plane here, and several in the plan's tests.
  const kernels = [[1, 1, 3, 3], [3, 1, 5, 5], ...(lanes >= 8 ? [[2, 1, 5, 5] as const] : []), [0, 1, 1, 3], [0, 1, 4, 1], [0, 1, 9, 3], [0, 2, 5, 2], [0, 3, 2, 3], [4, 1, 4, 3], [4, 2, 5, 2]] as const; // prettier-ignore
  const rowCounts = Array.from({ length: most }, (_, index) => index + 1);
  const tiles = kernels.flatMap((kernel) => rowCounts.map((rows) => [...kernel, rows] as const));

  describe.each(tiles)('slot %i, %i phases of %i×%i, %i rows', (slot, phases, height, kernelWidth, rows) => {
    const hasPixels = slots.depthwise_pixels[slot]![rows - 1]!;
    const hasChannels = slots.depthwise_channels[slot]![rows - 1]!;
    // Strips begin and end with rows of their own, and have no others where there are fewer outputs than tap rows.
    const groupCounts = slot % 2 === 1 ? [1, height - 1, height, height + 2] : [1, 2];
    const outputRows = (groups: number) => groups * rows;
    // Input rows that the outputs of these groups see.
    const rowsSeen = (groups: number) => (outputRows(groups) - 1) * phases + height;
    const rowsBefore = (margin: Margin) => (margin === 'reach' ? height : margin);

    const pixels = (width: number, dilation: number, marginX: Margin, marginY: Margin, groups: number, relu: boolean, kind: Values) => {
      const reach = (kernelWidth - 1) * dilation;
      const left = marginX === 'reach' ? reach : marginX;
      const columns = Math.max(0, width + reach - 2 * left);
      const before = rowsBefore(marginY);
      const inputRows = Math.max(0, rowsSeen(groups) - 2 * before);
      const gap = 3;
      const tile: DepthwiseTile = {
        title: `${isa} depthwise pixels ${JSON.stringify({ height, phases, kernelWidth, rows, groups, width, dilation, marginX, marginY, relu, kind })}`,
        ...tileData(kind, height * 10 + rows, { input: inputRows * columns, weight: height * kernelWidth, bias: 1 }),
        output: untouched((outputRows(groups) - 1) * (width + gap) + width),
        offset: -before * columns - left,
        tapOffset: Array.from({ length: kernelWidth }, (_, tap) => tap * dilation),
        tapBegin: 0,
        tapEnd: kernelWidth,
        tapRows: height,
        tapPhases: phases,
        groups,
        tapRowStride: columns,
        row: -before,
        tapRowStep: 1,
        inputRows,
        weightRowStride: kernelWidth,
        weightTapStride: 1,
        outputRowStride: width + gap,
        width,
        column: -left,
        columns,
        reach,
        channels: 0,
        inputPixelStride: 0,
        outputPixelStride: 0,
        relu,
      };
      const expected = new ExpectedTile(tile.output.length, relu);
      for (let r = 0; r < outputRows(groups); r++) {
        for (let x = 0; x < width; x++) {
          const index = r * tile.outputRowStride + x;
          expected.start(index, tile.bias[0]!);
          for (let ty = 0; ty < height; ty++) {
            for (let tx = 0; tx < kernelWidth; tx++) {
              const row = r * phases + ty - before;
              const column = x + tx * dilation - left;
              if (row < 0 || row >= inputRows || column < 0 || column >= columns) continue;
              expected.add(index, tile.input[row * columns + column]! * tile.weight[ty * kernelWidth + tx]!);
            }
          }
        }
      }
      for (const edge of edges) {
        const output = tile.output.slice();
        probe.depthwisePixels(isa, slot, rows, { ...tile, output }, edge);
        expected.expect(output, tile.title, kind);
      }
    };

    const channels = (count: number, width: number, stride: number, taps: readonly [number, number], marginY: Margin, kind: Values) => {
      const groups = marginY === 0 ? 1 : 2;
      const relu = width % 2 === 0;
      const [tapBegin, tapEnd] = taps;
      // The first pixel's first tap inside is the row's first column.
      const columns = (width - 1) * stride + tapEnd - tapBegin;
      const before = rowsBefore(marginY);
      const inputRows = Math.max(0, rowsSeen(groups) - 2 * before);
      const padded = Math.ceil(count / lanes) * lanes;
      const outputRowStride = width * (count + 1) + 2;
      const tile: DepthwiseTile = {
        title: `${isa} depthwise channels ${JSON.stringify({ height, phases, kernelWidth, rows, count, width, stride, taps, marginY, kind })}`,
        ...tileData(kind, height * 10 + rows, {
          input: inputRows * columns * count,
          weight: height * kernelWidth * padded,
          bias: padded,
        }),
        output: untouched((outputRows(groups) - 1) * outputRowStride + (width - 1) * (count + 1) + count),
        offset: (-before * columns - tapBegin) * count,
        tapOffset: Array.from({ length: kernelWidth }, (_, tap) => tap * count),
        tapBegin,
        tapEnd,
        tapRows: height,
        tapPhases: phases,
        groups,
        tapRowStride: columns * count,
        row: -2 * before,
        tapRowStep: 2,
        inputRows: 2 * inputRows,
        weightRowStride: kernelWidth * padded,
        weightTapStride: padded,
        outputRowStride,
        width,
        column: 0,
        columns: 0,
        reach: 0,
        channels: count,
        inputPixelStride: stride * count,
        outputPixelStride: count + 1,
        relu,
      };
      const expected = new ExpectedTile(tile.output.length, relu);
      for (let r = 0; r < outputRows(groups); r++) {
        for (let x = 0; x < width; x++) {
          for (let c = 0; c < count; c++) {
            const index = r * outputRowStride + x * (count + 1) + c;
            expected.start(index, tile.bias[c]!);
            for (let ty = 0; ty < height; ty++) {
              for (let tx = tapBegin; tx < tapEnd; tx++) {
                const row = r * phases + ty - before;
                if (row < 0 || row >= inputRows) continue;
                const column = x * stride + tx - tapBegin;
                expected.add(index, tile.input[(row * columns + column) * count + c]! * tile.weight[(ty * kernelWidth + tx) * padded + c]!);
              }
            }
          }
        }
      }
      for (const edge of edges) {
        const output = tile.output.slice();
        probe.depthwiseChannels(isa, slot, rows, { ...tile, output }, edge);
        expected.expect(output, tile.title, kind);
      }
    };

    const sizes = [...new Set([1, lanes - 1, lanes, lanes + 1, 2 * lanes + 1, 3 * lanes, 5 * lanes + 2])].filter((size) => size > 0);

    it.runIf(hasPixels)('sums pixels', () => {
      for (const width of sizes) {
        for (const groups of groupCounts) {
          for (const dilation of [1, lanes + 1]) {
            for (const marginX of [0, 1, 'reach'] as const) {
              for (const marginY of [0, 1] as const) {
                pixels(width, dilation, marginX, marginY, groups, width % 2 === 0, values[(width + dilation) % 3]!);
              }
            }
          }
          pixels(width, 1, 1, 'reach', groups, false, 'integers');
        }
      }
    });

    it.runIf(hasChannels)('sums channels', () => {
      for (const count of sizes) {
        for (const width of [1, 2, 5]) {
          for (const marginY of [0, 1, 'reach'] as const) {
            channels(count, width, 1, [0, kernelWidth], marginY, values[(count + width) % 3]!);
          }
        }
        channels(count, 3, 2, [0, kernelWidth], 1, 'floats');
        if (kernelWidth > 1) channels(count, 3, 1, [1, kernelWidth], 0, 'floats');
        if (kernelWidth > 1) channels(count, 3, 1, [0, kernelWidth - 1], 1, 'floats');
      }
    });

    it('keeps what is not finite', () => {
      for (const width of hasPixels ? sizes : []) pixels(width, 2, 0, 1, height + 1, width % 2 === 0, 'non-finite');
      if (hasChannels) for (const count of sizes) channels(count, 2, 1, [0, kernelWidth], 1, 'non-finite');
    });
  });
});

describe.each(probe.isas)('split_phases of %s', (isa) => {
  const { lanes } = probe.describe(isa);

  it.each([1, 2, 3, 5])('stride %i: out[(r·stride + p)·pitch + i] = in[r·width + i·stride + p], bit by bit', (stride) => {
    for (const width of [1, 2, lanes, lanes + 1, 2 * lanes - 1, 2 * lanes, 2 * lanes + 1, 5 * lanes + 3]) {
      const rows = 3;
      const pitch = Math.ceil(width / stride / lanes) * lanes + 1;
      const random = new Random(width);
      const bits = Uint32Array.from({ length: rows * width }, () => random.bits());
      const title = `${isa} split_phases of ${width} by ${stride}`;
      for (const edge of edges) {
        const output = untouched(rows * stride * pitch);
        probe.splitPhases(isa, { title, input: new Float32Array(bits.buffer), rows, width, stride, output, pitch }, edge);
        const got = new Uint32Array(output.buffer);
        for (let r = 0; r < rows; r++) {
          for (let x = 0; x < width; x++) {
            expect(got[(r * stride + (x % stride)) * pitch + Math.floor(x / stride)], title).toBe(bits[r * width + x]);
          }
          // Between the phases, what whole vectors reach beyond is zero, and the rest untouched.
          for (let p = 0; p < stride; p++) expect(got[(r * stride + p) * pitch + pitch - 1], title).toBe(nanGuard);
        }
      }
    }
  });
});
