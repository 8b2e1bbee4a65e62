/** The width in pieces of tiles and phases (native/plan/lane_axis.hpp): every output once, with all that its taps need, by counting. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Axis, type ChunkRun, probe } from '../../support/probe.js';
import { propertySeed } from './property-seed.js';

const seed = propertySeed();
const algorithms = probe.shortAlgorithms();
const pointwise = { outputs: 1, inputs: 1, taps: 1 };
const withFourOutputs = algorithms.flatMap(({ form, outputs }, number) => (form === 'open' && outputs === 4 ? [number] : []));

/** An axis, an algorithm that computes it, and pieces of any size. */
const arbitraryWidth = fc
  .record({
    algorithm: fc.constantFrom(-1, ...withFourOutputs),
    groups: fc.integer({ min: 1, max: 5 }),
    missing: fc.nat(3),
    input: fc.integer({ min: 1, max: 150 }),
    output: fc.integer({ min: 1, max: 150 }),
    dilation: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 200 })),
    padding: fc.oneof(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 0, max: 300 })),
    tiles: fc.integer({ min: 1, max: 40 }),
    phases: fc.integer({ min: 1, max: 200 }),
  })
  .map(({ algorithm, groups, missing, tiles, phases, ...sizes }) => {
    const short = algorithms[algorithm] ?? pointwise;
    // Only algorithms with as many taps as outputs serve as groups; the last may lack some.
    const tapGroups = short.taps === short.outputs ? groups : 1;
    const kernel = tapGroups === 1 ? short.taps : tapGroups * short.taps - Math.min(missing, short.taps - 1);
    const axis: Axis = { ...sizes, kernel, stride: 1 };
    const allPhases = Math.min(axis.dilation, axis.output);
    const allTiles = Math.ceil(Math.ceil(axis.output / axis.dilation) / short.outputs);
    return { axis, short, algorithm, tapGroups, tiles: Math.min(tiles, allTiles), phases: Math.min(phases, allPhases) };
  });

type Width = typeof arbitraryWidth extends fc.Arbitrary<infer Value> ? Value : never;

/** By their columns, the elements that runs hold; they ascend. */
function elementsOf(runs: readonly ChunkRun[]): Map<number, number> {
  const elements = new Map<number, number>();
  let [nextColumn, nextElement] = [0, 0];
  for (const [column, element, length] of runs) {
    if (length <= 0 || column < nextColumn || element < nextElement) expect.fail(`Runs do not ascend: ${JSON.stringify(runs)}`);
    for (let i = 0; i < length; i++) elements.set(column + i, element + i);
    [nextColumn, nextElement] = [column + length, element + length];
  }
  return elements;
}

const property = (check: (width: Width) => void) => {
  fc.assert(fc.property(arbitraryWidth, check), { seed, numRuns: 500 });
};

const piecesOf = ({ axis, algorithm, tapGroups, tiles, phases }: Width) => {
  const pieces = probe.lanePieces({ axis, algorithm, tapGroups, tiles, phases });
  if (!pieces) throw new Error('The algorithm computes the axis');
  return pieces;
};

describe('of any width', () => {
  it('pieces hold every output column once', () => {
    property((width) => {
      const times = new Uint8Array(width.axis.output);
      for (const { outputs } of piecesOf(width)) for (const column of elementsOf(outputs).keys()) times[column]!++;
      expect([...times].every((count) => count === 1)).toBe(true);
    });
  });

  it('pieces have at most so many tiles and phases, and runs are all columns that exist of their chunks', () => {
    property((width) => {
      const { axis, short, tapGroups, tiles, phases } = width;
      for (const piece of piecesOf(width)) {
        expect(piece.tiles >= 1 && piece.tiles <= tiles && piece.phases >= 1 && piece.phases <= phases).toBe(true);
        expect(piece.inputColumn).toBe(piece.outputColumn - axis.padding);
        const outputChunks = piece.tiles * short.outputs;
        const inputChunks = (piece.tiles + tapGroups - 2) * short.outputs + short.inputs;
        for (const [runs, first, chunks, columns] of [
          [piece.outputs, piece.outputColumn, outputChunks, axis.output],
          [piece.inputs, piece.inputColumn, inputChunks, axis.input],
        ] as const) {
          const elements = elementsOf(runs);
          const [begin, end] = [runs[0]?.[1] ?? 0, runs.reduce((_, [, element, length]) => element + length, 0)];
          let existing = 0;
          for (let chunk = 0; chunk < chunks; chunk++) {
            for (let phase = 0; phase < piece.phases; phase++) {
              const column = first + chunk * axis.dilation + phase;
              const element = chunk * phases + phase;
              if (column >= 0 && column < columns) {
                existing++;
                if (elements.get(column) !== element) expect.fail(`Column ${column} is element ${elements.get(column)}, not ${element}`);
              } else if (element >= begin && element < end) {
                // What lies before the first run and behind the last is zeros; what lies between them is anything.
                expect.fail(`Element ${element}, beyond the columns, lies between runs`);
              }
            }
          }
          expect(elements.size).toBe(existing);
        }
      }
    });
  });

  it('a piece holds the input of every tap of its outputs, where the tiles look for it', () => {
    property((width) => {
      const { axis, short, tapGroups, phases } = width;
      for (const piece of piecesOf(width)) {
        const inputs = elementsOf(piece.inputs);
        for (const [column, element] of elementsOf(piece.outputs)) {
          const [chunk, phase] = [Math.floor(element / phases), element % phases];
          const [tile, output] = [Math.floor(chunk / short.outputs), chunk % short.outputs];
          for (let tap = 0; tap < axis.kernel; tap++) {
            const source = column - axis.padding + tap * axis.dilation;
            if (source < 0 || source >= axis.input) continue;
            // The tap's group reads so many tiles further.
            const [group, within] = tapGroups === 1 ? [0, tap] : [Math.floor(tap / short.taps), tap % short.taps];
            const input = (tile + group) * short.outputs + output + within;
            if (inputs.get(source) !== input * phases + phase) expect.fail(`Tap ${tap} of column ${column} is not where it is looked for`);
          }
        }
      }
    });
  });
});

it.each<[what: string, axis: Partial<Axis>, algorithm: number, tapGroups: number]>([
  ['a stride', { stride: 2 }, withFourOutputs[0]!, 1],
  ['other taps than the algorithm’s', { kernel: 6 }, withFourOutputs[0]!, 1],
  ['groups of an algorithm with other taps than outputs', { kernel: 6 }, algorithms.findIndex(({ outputs, taps }) => outputs === 4 && taps === 3), 2], // prettier-ignore
  ['tiles of other than four outputs', { kernel: 3 }, algorithms.findIndex(({ form, outputs, taps }) => form === 'open' && outputs === 6 && taps === 3), 1], // prettier-ignore
  ['closed algorithms', { kernel: 3 }, algorithms.findIndex(({ form, taps }) => form === 'closed' && taps === 3), 1],
  ['columns that need more than 31 bits', { kernel: 1, input: 2 ** 29, output: 2 ** 29 }, -1, 1],
])('refuses %s', (_, axis, algorithm, tapGroups) => {
  const taps = algorithms[algorithm]?.taps ?? 1;
  const whole = { input: 50, output: 50, kernel: taps, stride: 1, dilation: 1, padding: 1 };
  expect(probe.lanePieces({ axis: { ...whole, ...axis }, algorithm, tapGroups, tiles: 1, phases: 1 })).toBeNull();
});
