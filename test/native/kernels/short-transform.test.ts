/** short_transform of every instruction set: out[i₀, i₁, i₂] = act(bias + Σ_{j₀, j₁, j₂} m₀[i₀, j₀]·m₁[i₁, j₁]·m₂[i₂, j₂]·in[j₀, j₁, j₂]), channel by channel; the maps are those of axis_map. */
import { describe, expect, it } from 'vitest';
import { edges, probe, type ShortTransform } from '../../support/probe.js';
import { Random } from '../../support/random.js';
import { ExpectedTile, untouched } from './expected-tile.js';
import { constantsFor, constantsOf, type LinearMap, matrixOf, shuffled, structureOf } from './linear-map.js';

type Sizes = readonly [number, number, number];

/** Every number of inputs along the width; one axis, two and three; axes of one input and several outputs, and the other way round. */
const sizes: readonly (readonly [from: Sizes, to: Sizes])[] = [
  ...Array.from({ length: 12 }, (_, n): readonly [Sizes, Sizes] => [[1, 1, n + 1], [1, 1, 12 - n]]), // prettier-ignore
  [[1, 5, 1], [1, 3, 1]], // prettier-ignore
  [[1, 4, 6], [1, 2, 5]], // prettier-ignore
  [[1, 10, 12], [1, 8, 10]], // prettier-ignore
  [[1, 1, 3], [1, 4, 2]], // prettier-ignore
  [[4, 1, 1], [2, 1, 1]], // prettier-ignore
  [[3, 1, 4], [2, 1, 5]], // prettier-ignore
  [[3, 4, 1], [5, 2, 1]], // prettier-ignore
  [[3, 4, 5], [4, 2, 3]], // prettier-ignore
  [[4, 6, 3], [1, 1, 2]], // prettier-ignore
  [[1, 1, 1], [2, 3, 4]], // prettier-ignore
];

const volume = (counts: Sizes) => counts[0] * counts[1] * counts[2];

describe.each(probe.isas)('short_transform of %s', (isa) => {
  const { lanes } = probe.describe(isa);

  interface Options {
    readonly vectors: number;
    readonly lastLanes: number;
    readonly withBias: boolean;
    readonly relu: boolean;
    /** Every so manieth output is not wanted. */
    readonly unwanted: number;
  }

  const run = (
    from: Sizes,
    to: Sizes,
    options: Options,
    values: 'floats' | 'integers',
    maps: readonly LinearMap[] = ['dense', 'dense', 'dense'],
  ) => {
    const { vectors, lastLanes, withBias, relu, unwanted } = options;
    const random = new Random(volume(from) * 1000 + volume(to));
    const channels = vectors * lanes;
    const written = channels - lanes + lastLanes;
    // Points lie in no order, and outputs closer than whole vectors.
    const inputOffset = shuffled(volume(from), random).map((place) => place * (channels + 3));
    const outputOffset = shuffled(volume(to), random).map((place, i) => (i % unwanted === unwanted - 1 ? -1 : place * (written + 1)));
    // An axis of one value that stays one is left out: its factor is 1.
    const matrices = ([0, 1, 2] as const).map((axis) =>
      from[axis] === 1 && to[axis] === 1 ? Float32Array.of(1) : matrixOf(maps[axis]!, from[axis], to[axis], values, random),
    );
    const constants = (axis: 0 | 1 | 2) => constantsFor(maps[axis]!, from[axis], matrices[axis]!);
    const transform: ShortTransform = {
      title: `${isa} short_transform ${from.join('×')} → ${to.join('×')} ${JSON.stringify({ ...options, values })}`,
      matrix: [constants(0), constants(1), constants(2)],
      structure: [structureOf(maps[0]!), structureOf(maps[1]!), structureOf(maps[2]!)],
      from,
      to,
      input: random[values](Math.max(...inputOffset) + channels),
      inputOffset,
      output: untouched(Math.max(0, Math.max(...outputOffset) + written)),
      outputOffset,
      vectors,
      lastLanes,
      bias: withBias ? random[values](channels) : null,
      relu,
    };
    const expected = expectedOf(transform, matrices, written, constantsOf(maps));
    for (const edge of edges) {
      const output = transform.output.slice();
      probe.shortTransform(isa, { ...transform, output }, edge);
      expected.expect(output, transform.title, values);
    }
  };

  const expectedOf = (
    { from, to, input, inputOffset, output, outputOffset, bias, relu }: ShortTransform,
    matrices: readonly Float32Array[],
    written: number,
    constants: number,
  ) => {
    const expected = new ExpectedTile(output.length, relu);
    for (let point = 0; point < volume(to); point++) {
      if (outputOffset[point]! < 0) continue;
      const [i0, i1, i2] = [Math.floor(point / to[2] / to[1]), Math.floor(point / to[2]) % to[1], point % to[2]];
      for (let channel = 0; channel < written; channel++) {
        let value = bias?.[channel] ?? 0;
        let magnitude = Math.abs(value);
        for (let j0 = 0; j0 < from[0]; j0++) {
          for (let j1 = 0; j1 < from[1]; j1++) {
            for (let j2 = 0; j2 < from[2]; j2++) {
              const [m0, m1, m2] = [matrices[0]!, matrices[1]!, matrices[2]!];
              const factor = m0[i0 * from[0] + j0]! * m1[i1 * from[1] + j1]! * m2[i2 * from[2] + j2]!;
              const term = factor * input[inputOffset[(j0 * from[1] + j1) * from[2] + j2]! + channel]!;
              value += term;
              magnitude += Math.abs(term);
            }
          }
        }
        // Three sums one after the other, then the bias.
        expected.set(outputOffset[point]! + channel, value, magnitude, from[0] + from[1] + from[2] + 1 + constants);
      }
    }
    return expected;
  };

  it.each(sizes)('%j → %j', (from, to) => {
    for (const values of ['floats', 'integers'] as const) {
      run(from, to, { vectors: 1, lastLanes: lanes, withBias: false, relu: false, unwanted: Infinity }, values);
      run(from, to, { vectors: 2, lastLanes: 1, withBias: true, relu: true, unwanted: 3 }, values);
      run(from, to, { vectors: 3, lastLanes: Math.max(1, lanes - 1), withBias: true, relu: false, unwanted: 2 }, values);
    }
  });

  it.each<[from: Sizes, to: Sizes, maps: [LinearMap, LinearMap, LinearMap]]>([
    [
      [1, 1, 6],
      [1, 1, 6],
      ['dense', 'dense', 'symmetric points of inputs'],
    ],
    [
      [1, 1, 6],
      [1, 1, 4],
      ['dense', 'dense', 'symmetric points of products'],
    ],
    [
      [1, 6, 6],
      [1, 6, 6],
      ['dense', 'symmetric points of inputs', 'symmetric points of inputs'],
    ],
    [
      [1, 6, 6],
      [1, 4, 4],
      ['dense', 'symmetric points of products', 'symmetric points of products'],
    ],
    [
      [1, 6, 5],
      [1, 6, 7],
      ['dense', 'symmetric points of inputs', 'dense'],
    ],
    [
      [1, 5, 6],
      [1, 7, 4],
      ['dense', 'dense', 'symmetric points of products'],
    ],
    [
      [6, 6, 6],
      [6, 6, 6],
      ['symmetric points of inputs', 'symmetric points of inputs', 'symmetric points of inputs'],
    ],
    [
      [1, 8, 7],
      [1, 8, 7],
      ['dense', 'symmetric points of inputs', 'symmetric points of inputs'],
    ],
    [
      [1, 8, 5],
      [1, 4, 4],
      ['dense', 'symmetric points of products', 'symmetric points of products'],
    ],
    [
      [6, 1, 6],
      [4, 1, 4],
      ['symmetric points of products', 'dense', 'symmetric points of products'],
    ],
  ])('%j → %j, %j', (from, to, maps) => {
    // prettier-ignore
    run(from, to, { vectors: 1, lastLanes: lanes, withBias: false, relu: false, unwanted: Infinity }, 'floats', maps);
    run(from, to, { vectors: 2, lastLanes: 1, withBias: true, relu: true, unwanted: 3 }, 'floats', maps);
  });

  it('keeps NaN through relu', () => {
    const one = Float32Array.of(1);
    const channels = lanes;
    const input = new Float32Array(channels).fill(NaN);
    const output = untouched(channels);
    const sizes = { structure: [0, 0, 0], from: [1, 1, 1], to: [1, 1, 1], inputOffset: [0], outputOffset: [0] } as const;
    const rest = { vectors: 1, lastLanes: lanes, bias: null, relu: true };
    probe.shortTransform(isa, { title: 'NaN', matrix: [one, one, one], input, output, ...sizes, ...rest }, 'end');
    expect(output.every(Number.isNaN)).toBe(true);
  });
});
