/** Every tile of w_lanes of every instruction set: y[m, v, lane] = act(bias[m] + Σ_{t, c} w[tapIndex[t], c, m]·x[c·channelStride + tapOffset[t] + v·inputVectorStride + lane]). */
import { describe, expect, it } from 'vitest';
import { edges, probe, type WLanesTile } from '../../support/probe.js';
import { ExpectedTile, tileData, untouched, type Values } from './expected-tile.js';

interface Problem {
  readonly channels: number;
  readonly tapOffset: readonly number[];
  readonly tapIndex?: readonly number[];
}

/** Offsets come in any order, as the taps of several axes lie in a packed tile. */
const problems: readonly Problem[] = [
  { channels: 1, tapOffset: [0] },
  { channels: 0, tapOffset: [0, 1] },
  { channels: 3, tapOffset: [] },
  { channels: 1, tapOffset: [0, 1, 2, 3, 4] },
  { channels: 2, tapOffset: [0, 7, 14, 31, 38, 45] },
  { channels: 5, tapOffset: [13, 0, 5] },
  { channels: 17, tapOffset: [0, 3] },
  // Some of six taps: those of outputs at a border.
  { channels: 3, tapOffset: [4, 11], tapIndex: [2, 5] },
  { channels: 1, tapOffset: [0, 3, 2], tapIndex: [3, 0, 1] },
  { channels: 2, tapOffset: [], tapIndex: [] },
];

describe.each(probe.isas)('w_lanes of %s', (isa) => {
  const { lanes, slots } = probe.describe(isa);
  const tiles = slots.w_lanes.flatMap((row, m) => row.flatMap((filled, v) => (filled ? [[m + 1, v + 1] as const] : [])));

  it('has every number of outputs for one vector, and with a tile all smaller ones', () => {
    // Plans cut outputs and vectors into parts of two sizes next to each other, none larger than the tile they chose.
    expect(slots.w_lanes.map((row) => row[0])).toEqual(slots.w_lanes.map(() => true));
    for (const [m, v] of tiles) {
      expect(slots.w_lanes[m - 1]!.slice(0, v), `${m} outputs`).not.toContain(false);
      expect(
        slots.w_lanes.slice(0, m).map((row) => row[v - 1]),
        `${v} vectors`,
      ).not.toContain(false);
    }
  });

  describe.each(tiles)('%i outputs × %i vectors', (outputs, vectors) => {
    /** `rows`: every vector is a row of its own, narrower than the vector. */
    const run = (problem: Problem, rows: boolean, last: number, gap: number, relu: boolean, values: Values) => {
      const { channels, tapOffset, tapIndex = null } = problem;
      const stored = rows ? last : lanes;
      const inputVectorStride = rows ? last + gap + 2 : lanes;
      const outputVectorStride = stored + (rows ? gap : 0);
      const outputSpan = (vectors - 1) * outputVectorStride + last;
      // A tile narrower than its vectors: the lanes that are not stored read on into what follows.
      const inputSpan = Math.max(0, ...tapOffset) + (vectors - 1) * inputVectorStride + lanes;
      const channelStride = inputSpan + gap;
      const tile: WLanesTile = {
        title: `${isa} w_lanes ${outputs}×${vectors} ${JSON.stringify({ ...problem, rows, last, gap, relu, values })}`,
        ...tileData(values, outputs * 10 + vectors, {
          input: channels === 0 || tapOffset.length === 0 ? 0 : (channels - 1) * channelStride + inputSpan,
          weight: channels * (tapIndex ? Math.max(-1, ...tapIndex) + 1 : tapOffset.length) * outputs,
          bias: outputs,
        }),
        output: untouched((outputs - 1) * (outputSpan + gap) + outputSpan),
        channelStride,
        tapOffset,
        tapIndex,
        channels,
        inputVectorStride,
        outputChannelStride: outputSpan + gap,
        outputVectorStride,
        lanesToStore: stored,
        lastLanesToStore: last,
        relu,
      };
      const expected = expectedOf(tile);
      for (const edge of edges) {
        const output = tile.output.slice();
        probe.wLanes(isa, outputs, vectors, { ...tile, output }, edge);
        expected.expect(output, tile.title, values);
      }
    };

    const expectedOf = (tile: WLanesTile): ExpectedTile => {
      const { input, weight, tapOffset, tapIndex, channels } = tile;
      const expected = new ExpectedTile(tile.output.length, tile.relu);
      for (let m = 0; m < outputs; m++) {
        for (let v = 0; v < vectors; v++) {
          const stored = v + 1 < vectors ? tile.lanesToStore : tile.lastLanesToStore;
          for (let lane = 0; lane < stored; lane++) {
            const index = m * tile.outputChannelStride + v * tile.outputVectorStride + lane;
            expected.start(index, tile.bias[m]!);
            for (let t = 0; t < tapOffset.length; t++) {
              const row = (tapIndex?.[t] ?? t) * channels;
              for (let c = 0; c < channels; c++) {
                const x = input[c * tile.channelStride + tapOffset[t]! + v * tile.inputVectorStride + lane]!;
                expected.add(index, x * weight[(row + c) * outputs + m]!);
              }
            }
          }
        }
      }
      return expected;
    };

    const counts = [...new Set([1, lanes - 1, lanes])].filter((count) => count > 0);

    // The outputs are prefetched before they are written: that touches no page, and what lies behind the last is out of bounds.
    it.each(['floats', 'integers'] as const)('sums %s', (values) => {
      for (const problem of problems) {
        for (const last of counts) {
          run(problem, false, last, 0, false, values);
          run(problem, false, last, 3, true, values);
          run(problem, true, last, 1, false, values);
        }
      }
    });

    it.each(['denormals', 'non-finite'] as const)('keeps %s', (values) => {
      for (const problem of problems) for (const relu of [false, true]) run(problem, false, lanes, 0, relu, values);
    });
  });
});
