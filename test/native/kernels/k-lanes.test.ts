/** Every tile of k_lanes of every instruction set: y[p, k] = act(bias[k] + Σ_{tz, ty, tx, c} x[p, tz, ty, tx, c]·w[tz, ty, tx, c, k]). */
import { describe, expect, it } from 'vitest';
import { type KLanesTile, edges, probe } from '../../support/probe.js';
import { ExpectedTile, tileData, untouched, type Values } from './expected-tile.js';

type Counts = readonly [number, number, number];

interface Problem {
  readonly channels: number;
  readonly tapCount: Counts;
}

/** No channels, no taps along each axis, odd counts, each axis alone and all of them. */
const problems: readonly Problem[] = [
  { channels: 1, tapCount: [1, 1, 1] },
  { channels: 0, tapCount: [1, 2, 1] },
  { channels: 3, tapCount: [0, 1, 1] },
  { channels: 3, tapCount: [2, 0, 1] },
  { channels: 3, tapCount: [1, 2, 0] },
  { channels: 1, tapCount: [1, 1, 4] },
  { channels: 2, tapCount: [1, 3, 1] },
  { channels: 5, tapCount: [3, 1, 2] },
  { channels: 17, tapCount: [1, 1, 2] },
  { channels: 4, tapCount: [2, 3, 2] },
];

interface Strides {
  /** Between the end of one thing and the beginning of the next. */
  readonly gap: number;
  readonly inputPixel: (channels: number) => number;
  readonly tapInput: (channels: number) => Counts;
}

const strides: readonly Strides[] = [
  // Pixels beside each other, taps a dilation of 2 apart.
  { gap: 0, inputPixel: (channels) => channels, tapInput: (channels) => [40 * channels, 9 * channels, 2 * channels] },
  { gap: 3, inputPixel: (channels) => channels + 5, tapInput: (channels) => [channels + 1, 3 * channels + 7, 11] },
  // A run of outputs without taps: nothing is read, and nothing moves.
  { gap: 1, inputPixel: () => 0, tapInput: () => [0, 0, 1] },
];

describe.each(probe.isas)('k_lanes of %s', (isa) => {
  const { lanes, slots } = probe.describe(isa);
  const tiles = slots.k_lanes.flatMap((row, v) => row.flatMap((filled, p) => (filled ? [[v + 1, p + 1] as const] : [])));
  const lastLanes = [...new Set([1, lanes - 1, lanes])].filter((count) => count > 0);

  it('has one pixel of every width, and no gap below its largest tiles', () => {
    // Plans cut a row into parts of two sizes next to each other, none larger than the largest tile.
    for (const row of slots.k_lanes) expect(row.join()).toMatch(/^true(,true)*(,false)*$/);
  });

  describe.each(tiles)('%i vectors × %i pixels', (vectors, pixels) => {
    const run = (problem: Problem, { gap, inputPixel, tapInput }: Strides, last: number, relu: boolean, values: Values) => {
      const { channels, tapCount } = problem;
      const block = vectors * lanes;
      const inputPixelStride = inputPixel(channels);
      const tapInputStride = tapInput(channels);
      const row = tapCount[2] * channels * block + gap;
      const tapWeightStride: Counts = [(tapCount[1] + 1) * row, row, channels * block + gap];
      const outputPixelStride = (vectors - 1) * lanes + last + gap;
      const empty = channels === 0 || tapCount.includes(0);
      const lastTap = (stride: Counts) => tapCount.reduce((sum, count, axis) => sum + (count - 1) * stride[axis]!, 0);
      const tile: KLanesTile = {
        title: `${isa} k_lanes ${vectors}×${pixels} ${JSON.stringify({ ...problem, gap, inputPixelStride, last, relu, values })}`,
        ...tileData(values, vectors * 100 + pixels, {
          input: empty ? 0 : (pixels - 1) * inputPixelStride + lastTap(tapInputStride) + channels,
          weight: empty ? 0 : lastTap(tapWeightStride) + channels * block,
          bias: block,
        }),
        output: untouched((pixels - 1) * outputPixelStride + (vectors - 1) * lanes + last),
        inputPixelStride,
        tapCount,
        tapInputStride,
        tapWeightStride,
        channels,
        outputPixelStride,
        lastLanes: last,
        relu,
      };
      const expected = expectedOf(tile, block);
      for (const edge of edges) {
        const output = tile.output.slice();
        probe.kLanes(isa, vectors, pixels, { ...tile, output }, edge);
        expected.expect(output, tile.title, values);
      }
    };

    /** Elements of a block of output channels that lie in [0, block) and are stored. */
    const expectedOf = (tile: KLanesTile, block: number): ExpectedTile => {
      const { tapCount, tapInputStride, tapWeightStride } = tile;
      const expected = new ExpectedTile(tile.output.length, tile.relu);
      for (let p = 0; p < pixels; p++) {
        for (let k = 0; k < block - lanes + tile.lastLanes; k++) {
          const index = p * tile.outputPixelStride + k;
          expected.start(index, tile.bias[k]!);
          for (let tz = 0; tz < tapCount[0]; tz++) {
            for (let ty = 0; ty < tapCount[1]; ty++) {
              for (let tx = 0; tx < tapCount[2]; tx++) {
                const x = p * tile.inputPixelStride + tz * tapInputStride[0] + ty * tapInputStride[1] + tx * tapInputStride[2];
                const w = tz * tapWeightStride[0] + ty * tapWeightStride[1] + tx * tapWeightStride[2];
                for (let c = 0; c < tile.channels; c++) expected.add(index, tile.input[x + c]! * tile.weight[w + c * block + k]!);
              }
            }
          }
        }
      }
      return expected;
    };

    it.each(['floats', 'integers'] as const)('sums %s', (values) => {
      for (const problem of problems) {
        for (const [index, stride] of strides.entries()) for (const last of lastLanes) run(problem, stride, last, index === 1, values);
      }
    });

    it.each(['denormals', 'non-finite'] as const)('keeps %s', (values) => {
      for (const problem of problems) for (const relu of [false, true]) run(problem, strides[0]!, lanes, relu, values);
    });
  });
});
