/**
 * Depth and height of the lane transform (native/kernels/lane_transform.hpp), rows_to_chunks and chunks_to_rows, a column by itself:
 * chunks[p₀, p₁][c] = Σ_{j₀, j₁} m₀[p₀, j₀]·m₁[p₁, j₁]·rows[j₀, j₁][c], and rows[p₀, p₁][c] = act(bias + Σ …) the other way.
 */
import { describe, expect, it } from 'vitest';
import { type ChunkRun, edges, type LaneRows, probe } from '../../support/probe.js';
import { Random } from '../../support/random.js';
import { ExpectedTile, untouched } from './expected-tile.js';
import { constantsFor, constantsOf, type LinearMap, matrixOf, shuffled, structureOf } from './linear-map.js';

type Sizes = readonly [depth: number, height: number];
type Values = 'floats' | 'integers';

/** Every number of rows along the height; the depth alone and both, axes that grow and that shrink. */
const sizes: readonly (readonly [from: Sizes, to: Sizes])[] = [
  ...Array.from({ length: 12 }, (_, n): readonly [Sizes, Sizes] => [[1, n + 1], [1, 12 - n]]), // prettier-ignore
  [[3, 1], [5, 1]], // prettier-ignore
  [[6, 1], [4, 1]], // prettier-ignore
  [[3, 4], [4, 6]], // prettier-ignore
  [[4, 6], [1, 2]], // prettier-ignore
  [[1, 1], [2, 3]], // prettier-ignore
  [[12, 12], [1, 2]], // prettier-ignore
  [[12, 2], [2, 12]], // prettier-ignore
  [[1, 2], [12, 12]], // prettier-ignore
];

const symmetric: readonly (readonly [from: Sizes, to: Sizes, maps: readonly [LinearMap, LinearMap]])[] = [
  [[1, 6], [1, 6], ['dense', 'symmetric points of inputs']], // prettier-ignore
  [[1, 6], [1, 4], ['dense', 'symmetric points of products']], // prettier-ignore
  [[6, 6], [6, 6], ['symmetric points of inputs', 'symmetric points of inputs']], // prettier-ignore
  [[6, 6], [4, 4], ['symmetric points of products', 'symmetric points of products']], // prettier-ignore
  [[6, 5], [6, 7], ['symmetric points of inputs', 'dense']], // prettier-ignore
  [[5, 6], [2, 4], ['dense', 'symmetric points of products']], // prettier-ignore
];

/** Which columns of a row are which elements of it in chunks. */
interface Columns {
  readonly runs: readonly ChunkRun[];
  readonly chunkLength: number;
}

function columnsFor(lanes: number): Columns[] {
  const lengths = new Set([1, 2, 3, lanes - 1, lanes, lanes + 1, 2 * lanes + 1, 4 * lanes - 1, 4 * lanes, 4 * lanes + 3]);
  const alone = [...lengths].filter((length) => length > 0);
  /** Chunks of which the first begins and the last ends outside of the row, and of the others not all phases are wanted. */
  const chunks = (phases: number, wanted: number, dilation: number): Columns => {
    const run = (chunk: number, begin: number, end: number): ChunkRun => [
      chunk * dilation - 2 + begin,
      chunk * phases + begin,
      end - begin,
    ];
    return {
      runs: [run(1, 0, wanted), run(2, 0, wanted), run(3, 0, wanted), run(4, 0, Math.max(1, wanted - 1))],
      chunkLength: 6 * phases,
    };
  };
  return [
    ...alone.map((length): Columns => ({ runs: [[0, 0, length]], chunkLength: length })),
    // Behind zeros and before them, from a column that is not the first.
    ...alone.map((length, n): Columns => ({ runs: [[n % 4, 1 + 3 * n, length]], chunkLength: 2 + 6 * n + length })),
    chunks(3, 3, 5),
    chunks(lanes, lanes, lanes + 2),
    chunks(2 * lanes, 2 * lanes - 1, 2 * lanes + 3),
    chunks(lanes + 1, 1, 2 * lanes),
    { runs: [[0, 2, 3], [9, 8, lanes + 2], [2 * lanes + 14, 3 * lanes + 9, 1]], chunkLength: 3 * lanes + 10 }, // prettier-ignore
  ];
}

const rowsOf = ([depth, height]: Sizes) => depth * height;

describe.each(probe.isas)('%s', (isa) => {
  const { lanes } = probe.describe(isa);
  const everyColumns = columnsFor(lanes);
  const someColumns = [everyColumns[1]!, everyColumns.at(-1)!, everyColumns.at(-3)!, everyColumns[5]!];

  interface Problem extends Columns {
    readonly from: Sizes;
    readonly to: Sizes;
    readonly maps?: readonly [LinearMap, LinearMap];
    readonly channels: number;
    /** Every so manieth row is null. */
    readonly missing: number;
    readonly relu?: boolean;
    readonly values: Values;
  }

  /** Everything but the contents of rows and chunks, and where what they hold lies. */
  const layOut = (problem: Problem, direction: 'toChunks' | 'toRows') => {
    const { from, to, maps = ['dense', 'dense'], channels, missing, runs, chunkLength, values } = problem;
    const random = new Random(rowsOf(from) * 1000 + rowsOf(to));
    const [lineSizes, rowSizes] = direction === 'toChunks' ? [to, from] : [from, to];
    const lines = rowsOf(lineSizes);
    const last = runs.at(-1);
    const rowLength = last ? last[0] + last[2] : 1;
    // To chunks zeros are written to the end, to rows nothing is read behind the last run but the rest of its vector.
    const lineLength = (direction === 'toChunks' || !last ? chunkLength : last[1] + last[2]) + lanes - 1;
    const [lineStride, channelStride] = channels % 2 === 1 ? [channels * lineLength, lineLength] : [lineLength, lines * lineLength];
    const rowOffset = shuffled(rowsOf(rowSizes), random).map((place, j) =>
      j % missing === missing - 1 ? -1 : place * channels * rowLength,
    );
    const matrix = (axis: 0 | 1) =>
      from[axis] === 1 && to[axis] === 1 ? Float32Array.of(1) : matrixOf(maps[axis], from[axis], to[axis], values, random);
    const matrices = [matrix(0), matrix(1)] as const;
    const map: Omit<LaneRows, 'rows' | 'chunks'> = {
      title: `${isa} ${direction} ${from.join('×')} → ${to.join('×')} ${JSON.stringify(problem)}`,
      matrix: [constantsFor(maps[0], from[0], matrices[0]), constantsFor(maps[1], from[1], matrices[1])],
      structure: [structureOf(maps[0]), structureOf(maps[1])],
      from,
      to,
      runs,
      chunkLength,
      channels,
      lineStride,
      channelStride,
      rowChannelStride: rowLength,
      rowOffset,
    };
    const rowFloats = Math.max(-rowLength, ...rowOffset.map((offset) => offset + (channels - 1) * rowLength)) + rowLength;
    return { map, matrices, random, rowLength, rowFloats: Math.max(0, rowFloats), chunkFloats: lines * channels * lineLength };
  };

  /** The sums of one column, [to] and their |terms|, from the values [from]. */
  const mapColumn = (
    { from, to }: Omit<LaneRows, 'rows' | 'chunks'>,
    [depth, height]: readonly [Float32Array, Float32Array],
    values: readonly number[],
  ) =>
    Array.from({ length: rowsOf(to) }, (_, p) => {
      const [p0, p1] = [Math.floor(p / to[1]), p % to[1]];
      let [value, magnitude] = [0, 0];
      for (let j = 0; j < values.length; j++) {
        const [j0, j1] = [Math.floor(j / from[1]), j % from[1]];
        const term = depth[p0 * from[0] + j0]! * height[p1 * from[1] + j1]! * values[j]!;
        value += term;
        magnitude += Math.abs(term);
      }
      return { value, magnitude };
    });

  const termsOf = ({ from, maps }: Problem) => from[0] + from[1] + 1 + constantsOf(maps ?? []);

  const runToChunks = (problem: Problem) => {
    const { map, matrices, random, rowLength, rowFloats, chunkFloats } = layOut(problem, 'toChunks');
    const rows = random[problem.values](rowFloats);
    const expected = new ExpectedTile(chunkFloats, false);
    const first = problem.runs[0]?.[1] ?? 0;
    const end = problem.runs.reduce((_, run) => run[1] + run[2], 0);
    for (let c = 0; c < problem.channels; c++) {
      for (let line = 0; line < rowsOf(problem.to); line++) {
        const begin = c * map.channelStride + line * map.lineStride;
        for (let e = 0; e < problem.chunkLength; e++) if (e < first || e >= end) expected.start(begin + e, 0);
      }
      for (const [column, element, length] of problem.runs) {
        for (let i = 0; i < length; i++) {
          const values = map.rowOffset.map((offset) => (offset < 0 ? 0 : rows[offset + c * rowLength + column + i]!));
          mapColumn(map, matrices, values).forEach(({ value, magnitude }, line) => {
            expected.set(c * map.channelStride + line * map.lineStride + element + i, value, magnitude, termsOf(problem));
          });
        }
      }
    }
    for (const edge of edges) {
      const chunks = untouched(chunkFloats);
      probe.rowsToChunks(isa, { ...map, rows, chunks, zeros: Math.max(rowLength, lanes) }, edge);
      expected.expect(chunks, map.title, problem.values, 'anything');
    }
  };

  const runToRows = (problem: Problem) => {
    const { map, matrices, random, rowLength, rowFloats, chunkFloats } = layOut(problem, 'toRows');
    const { channels, runs, relu = false, values } = problem;
    const chunks = random[values](chunkFloats);
    const bias = random[values](channels);
    const expected = new ExpectedTile(rowFloats, relu);
    for (let c = 0; c < channels; c++) {
      for (const [column, element, length] of runs) {
        for (let i = 0; i < length; i++) {
          const line = (j: number) => chunks[c * map.channelStride + j * map.lineStride + element + i]!;
          const sums = mapColumn(
            map,
            matrices,
            Array.from({ length: rowsOf(problem.from) }, (_, j) => line(j)),
          );
          sums.forEach(({ value, magnitude }, p) => {
            const offset = map.rowOffset[p]!;
            if (offset < 0) return;
            expected.set(offset + c * rowLength + column + i, value + bias[c]!, magnitude + Math.abs(bias[c]!), termsOf(problem));
          });
        }
      }
    }
    for (const edge of edges) {
      const rows = untouched(rowFloats);
      expect(probe.chunksToRows(isa, { ...map, rows, chunks, unwanted: rowLength, bias, relu }, edge)).toBe(true);
      expected.expect(rows, map.title, values);
    }
  };

  describe.each([
    ['rows_to_chunks', runToChunks, 'symmetric points of inputs'],
    ['chunks_to_rows', runToRows, 'symmetric points of products'],
  ] as const)('%s', (_, run, ofThisWay) => {
    // prettier-ignore
    it.each(sizes)('%j → %j', (from, to) => {
      for (const columns of someColumns) {
        run({ ...columns, from, to, channels: 1, missing: Infinity, values: 'floats' });
        run({ ...columns, from, to, channels: 2, missing: 3, relu: true, values: 'integers' });
      }
    });

    it.each(symmetric.filter(([, , maps]) => maps.includes(ofThisWay)))('%j → %j, %j', (from, to, maps) => {
      for (const columns of someColumns) run({ ...columns, from, to, maps, channels: 2, missing: 4, relu: true, values: 'floats' });
    });

    it.each(everyColumns)('columns $runs of $chunkLength', (columns) => {
      for (const values of ['floats', 'integers'] as const) {
        run({ ...columns, from: [1, 3], to: [1, 4], channels: 1, missing: Infinity, values });
        run({ ...columns, from: [1, 4], to: [1, 2], channels: 3, missing: 2, relu: true, values });
        run({ ...columns, from: [2, 3], to: [3, 2], channels: 4, missing: 3, values });
        run({ ...columns, from: [1, 1], to: [1, 1], channels: 2, missing: Infinity, relu: true, values });
      }
    });

    it('rows all of which are null', () => {
      for (const columns of someColumns) run({ ...columns, from: [1, 3], to: [1, 2], channels: 2, missing: 1, values: 'floats' });
    });

    it('no columns at all', () => {
      for (const chunkLength of [1, lanes, 3 * lanes + 1]) {
        run({ runs: [], chunkLength, from: [1, 3], to: [1, 2], channels: 3, missing: Infinity, values: 'floats' });
      }
    });
  });

  it.each([NaN, Infinity, -Infinity])('chunks_to_rows tells of a result that is %f', (value) => {
    // Of whole vectors and of the rest of one, behind which lies what no run is of.
    const length = 2 * lanes + 3;
    const problem: Problem = { runs: [[0, 0, length]], chunkLength: length, from: [1, 2], to: [1, 2], channels: 2, missing: Infinity, values: 'floats' }; // prettier-ignore
    const { map, rowFloats, rowLength, chunkFloats } = layOut(problem, 'toRows');
    const matrix = [Float32Array.of(1), Float32Array.of(1, 0, 0, 1)] as const;
    for (const line of [0, 1]) {
      for (let i = 0; i < length + lanes - 1; i++) {
        const chunks = new Float32Array(chunkFloats);
        chunks[map.channelStride + line * map.lineStride + i] = value;
        const rows = new Float32Array(rowFloats);
        const call = { ...map, matrix, rows, chunks, unwanted: rowLength, bias: Float32Array.of(1, 2), relu: true };
        expect(probe.chunksToRows(isa, call, 'end'), `${line}, ${i}`).toBe(i >= length);
      }
    }
  });

  it('relu keeps NaN', () => {
    const problem: Problem = { runs: [[0, 0, 5]], chunkLength: 5, from: [1, 2], to: [1, 1], channels: 1, missing: Infinity, values: 'floats' }; // prettier-ignore
    const { map, rowFloats, rowLength, chunkFloats } = layOut(problem, 'toRows');
    const chunks = new Float32Array(chunkFloats).fill(NaN);
    const rows = new Float32Array(rowFloats);
    probe.chunksToRows(isa, { ...map, rows, chunks, unwanted: rowLength, bias: Float32Array.of(1), relu: true }, 'end');
    expect([...rows]).toEqual([NaN, NaN, NaN, NaN, NaN]);
  });
});
