/**
 * The width of the lane transform (native/kernels/lane_transform.hpp), chunks_to_lanes and lanes_to_chunks, a tile by itself:
 * lanes[p][c][tile, phase] = Σ_i m[p, i]·(chunk 4·tile + i)[phase], and
 * (chunk 4·tile + i)[phase] = act(bias + Σ_p m[i, p]·lanes[p][c][tile, phase]) the other way.
 */
import { describe, expect, it } from 'vitest';
import { edges, type LaneWidth, probe } from '../../support/probe.js';
import { Random } from '../../support/random.js';
import { ExpectedTile, untouched } from './expected-tile.js';
import { constantsFor, constantsOf, type LinearMap, matrixOf, structureOf, symmetricCounts } from './linear-map.js';

interface Problem {
  readonly map?: LinearMap;
  /** Values on the side that is not chunks, and chunks a tile: inputs of a tile reach into the next ones. */
  readonly points: number;
  readonly chunks: number;
  readonly tiles: number;
  readonly phases: number;
  readonly channels: number;
  /** Columns between a chunk's last and the next one's first. */
  readonly apart?: number;
  readonly withBias?: boolean;
  readonly relu?: boolean;
  readonly values: 'floats' | 'integers';
}

describe.each(probe.isas)('%s', (isa) => {
  const { lanes } = probe.describe(isa);

  /** How chunks and lanes lie, each with the room that LaneWidth promises and no more. */
  const layOut = (problem: Problem, direction: 'toLanes' | 'toChunks') => {
    const { map = 'dense', points, chunks, tiles, phases, channels, apart = 0, values } = problem;
    const random = new Random(points * 10_000 + tiles * 100 + phases);
    const [from, to] = direction === 'toLanes' ? [chunks, points] : [points, chunks];
    const borrowed = direction === 'toLanes' ? Math.max(0, Math.ceil((chunks - 4) / 4)) : 0;
    const wholeLanes = [1, 2, 4, 8].includes(phases) && phases < lanes && (tiles * phases) % lanes === 0;
    const exact = direction === 'toChunks' && (phases % lanes === 0 || wholeLanes);
    const slack = exact ? 0 : 4 * (lanes - 1);
    const chunkStride = phases + apart;
    const length = (4 * (tiles + borrowed) - 1) * chunkStride + phases;
    // What is read beyond a channel may be the next one's, what is written beyond it may not.
    const chunkChannelStride = length + (direction === 'toLanes' ? 0 : slack + (exact ? 3 : 0));
    const laneChannelStride = tiles * phases + lanes - 1;
    const matrix = matrixOf(map, from, to, values, random);
    const width: Omit<LaneWidth, 'chunks' | 'lanes'> = {
      title: `${isa} ${direction} ${JSON.stringify(problem)}`,
      matrix: constantsFor(map, from, matrix),
      structure: structureOf(map),
      from,
      to,
      tiles,
      phases,
      channels,
      chunkStride,
      chunkChannelStride,
      pointStride: channels * laneChannelStride,
      laneChannelStride,
      planePitch: (tiles + borrowed) * phases + lanes - 1,
    };
    const chunkFloats = (channels - 1) * chunkChannelStride + length + slack;
    return { width, matrix, random, chunkFloats, laneFloats: points * channels * laneChannelStride, exact };
  };

  /** Calls body(channel, chunk, lane) for chunk 0 of every tile and its lane, a phase after the other. */
  const eachLane = (
    { tiles, phases, channels }: Problem,
    { chunkStride, chunkChannelStride, laneChannelStride }: Omit<LaneWidth, 'chunks' | 'lanes'>,
    body: (channel: number, chunk: number, lane: number) => void,
  ) => {
    for (let c = 0; c < channels; c++) {
      for (let tile = 0; tile < tiles; tile++) {
        for (let phase = 0; phase < phases; phase++) {
          body(c, c * chunkChannelStride + 4 * tile * chunkStride + phase, c * laneChannelStride + tile * phases + phase);
        }
      }
    }
  };

  const runToLanes = (problem: Problem) => {
    const { width, matrix, random, chunkFloats, laneFloats } = layOut(problem, 'toLanes');
    const { from, to, chunkStride, pointStride } = width;
    const chunks = random[problem.values](chunkFloats);
    const expected = new ExpectedTile(laneFloats, false);
    const terms = from + constantsOf([problem.map ?? 'dense']);
    eachLane(problem, width, (_, chunk, lane) => {
      for (let p = 0; p < to; p++) {
        let [value, magnitude] = [0, 0];
        for (let i = 0; i < from; i++) {
          const term = matrix[p * from + i]! * chunks[chunk + i * chunkStride]!;
          value += term;
          magnitude += Math.abs(term);
        }
        expected.set(lane + p * pointStride, value, magnitude, terms);
      }
    });
    for (const edge of edges) {
      const out = untouched(laneFloats);
      probe.chunksToLanes(isa, { ...width, chunks, lanes: out }, edge);
      expected.expect(out, width.title, problem.values, 'anything');
    }
  };

  const runToChunks = (problem: Problem) => {
    const { width, matrix, random, chunkFloats, laneFloats, exact } = layOut(problem, 'toChunks');
    const { values, withBias = false, relu = false } = problem;
    const { from, to, chunkStride, pointStride } = width;
    const points = random[values](laneFloats);
    const bias = withBias ? random[values](problem.channels) : null;
    const expected = new ExpectedTile(chunkFloats, relu);
    const terms = from + 1 + constantsOf([problem.map ?? 'dense']);
    eachLane(problem, width, (c, chunk, lane) => {
      for (let i = 0; i < to; i++) {
        let value = bias?.[c] ?? 0;
        let magnitude = Math.abs(value);
        for (let p = 0; p < from; p++) {
          const term = matrix[i * from + p]! * points[lane + p * pointStride]!;
          value += term;
          magnitude += Math.abs(term);
        }
        expected.set(chunk + i * chunkStride, value, magnitude, terms);
      }
    });
    for (const edge of edges) {
      const chunks = untouched(chunkFloats);
      const finite = probe.lanesToChunks(isa, { ...width, chunks, lanes: points, bias, relu }, edge);
      if (exact) expect(finite).toBe(true);
      expected.expect(chunks, width.title, values, exact ? 'untouched' : 'anything');
    }
  };

  // Dealt by shuffles, by vectors that overlap, read in place though they don't fill vectors, and in place.
  const phaseCounts = [
    ...new Set([1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 17, 32, lanes - 1, lanes + 1, 4 * lanes - 1, 4 * lanes, 4 * lanes + 1, 6 * lanes - 3]),
  ].filter((count) => count > 0);

  describe.each(phaseCounts)('%i phases', (phases) => {
    const tileCounts = [1, 2, 3, 4, 5, lanes - 1, lanes, lanes + 1, 2 * lanes].filter((count) => count > 0 && count * phases <= 160);
    it.each([...new Set(tileCounts)])('%i tiles', (tiles) => {
      for (const values of ['floats', 'integers'] as const) {
        runToLanes({ points: 6, chunks: 6, tiles, phases, channels: 1, values });
        runToLanes({ points: 3, chunks: 10, tiles, phases, channels: 3, values });
        runToLanes({ points: 5, chunks: 4, tiles, phases, channels: 2, values });
        runToChunks({ points: 6, chunks: 4, tiles, phases, channels: 1, values });
        runToChunks({ points: 5, chunks: 4, tiles, phases, channels: 3, withBias: true, relu: true, values });
      }
    });
  });

  it.each([lanes, 2 * lanes, 4 * lanes, 5 * lanes])('%i phases, whole vectors, of chunks that lie apart', (phases) => {
    for (const apart of [1, 2 * lanes + 3]) {
      for (const tiles of [1, 2, 5]) {
        runToLanes({ points: 6, chunks: 6, tiles, phases, apart, channels: 2, values: 'floats' });
        runToLanes({ points: 11, chunks: 9, tiles, phases, apart, channels: 1, values: 'integers' });
        runToChunks({ points: 6, chunks: 4, tiles, phases, apart, channels: 2, withBias: true, values: 'floats' });
        runToChunks({ points: 9, chunks: 4, tiles, phases, apart, channels: 1, relu: true, values: 'integers' });
      }
    }
  });

  // One way of dealing after the other.
  const ways = [1, 2, 3, 4 * lanes + 1, lanes];

  it.each(Array.from({ length: 12 }, (_, n) => n + 1))('matrices of %i columns', (count) => {
    for (const phases of ways) {
      for (const tiles of [1, lanes + 1]) {
        runToLanes({ points: 13 - count, chunks: count, tiles, phases, channels: 2, values: 'floats' });
        runToChunks({ points: count, chunks: 4, tiles, phases, channels: 2, relu: true, values: 'integers' });
      }
    }
  });

  it.each(symmetricCounts)('symmetric points, %i products', (count) => {
    for (const phases of ways) {
      for (const tiles of [1, 3, lanes + 1]) {
        const map = 'symmetric points of products';
        runToLanes({ map: 'symmetric points of inputs', points: count, chunks: count, tiles, phases, channels: 2, values: 'floats' });
        runToChunks({ map, points: count, chunks: 4, tiles, phases, channels: 2, values: 'floats' });
        runToChunks({ map, points: count, chunks: 4, tiles, phases, channels: 2, withBias: true, relu: true, values: 'floats' });
      }
    }
  });

  it.each([NaN, Infinity, -Infinity])('lanes_to_chunks tells of a result that is %f', (value) => {
    for (const phases of [1, lanes]) {
      const problem: Problem = { points: 4, chunks: 4, tiles: 2 * lanes, phases, channels: 2, values: 'floats' };
      const { width, chunkFloats, laneFloats } = layOut(problem, 'toChunks');
      const matrix = Float32Array.from({ length: 16 }, (_, i) => (i % 5 === 0 ? 1 : 0));
      for (let point = 0; point < 4; point++) {
        for (const n of [0, lanes - 1, 2 * lanes * phases - 1]) {
          const points = new Float32Array(laneFloats);
          points[point * width.pointStride + width.laneChannelStride + n] = value;
          const call = { ...width, matrix, lanes: points, chunks: new Float32Array(chunkFloats), bias: null, relu: true };
          expect(probe.lanesToChunks(isa, call, 'end'), `${phases}, ${point}, ${n}`).toBe(false);
        }
      }
    }
  });

  it('relu keeps NaN', () => {
    const problem: Problem = { points: 2, chunks: 4, tiles: 2, phases: 3, channels: 1, values: 'floats' };
    const { width, chunkFloats, laneFloats } = layOut(problem, 'toChunks');
    const chunks = new Float32Array(chunkFloats);
    probe.lanesToChunks(isa, { ...width, lanes: new Float32Array(laneFloats).fill(NaN), chunks, bias: null, relu: true }, 'end');
    expect(chunks.subarray(0, 24).every(Number.isNaN)).toBe(true);
  });
});
