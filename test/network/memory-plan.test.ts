/** Memory plans of random graphs, followed step by step: no value is overwritten while it is needed. */
import { describe, expect, it } from 'vitest';
import { type MemoryStep, planMemory } from '../../lib/network/memory-plan.js';
import { Random } from '../support/random.js';

interface Problem {
  readonly given: number[];
  readonly steps: MemoryStep[];
  readonly outputs: number[];
}

function randomProblem(seed: number): Problem {
  const random = new Random(seed);
  const given = Array.from({ length: random.integer(1, 3) }, () => random.integer(1, 40));
  const lengths = [...given];
  const steps = Array.from({ length: random.integer(1, 12) }, (): MemoryStep => {
    const inputs = Array.from({ length: random.integer(1, 3) }, () => random.integer(Math.max(0, lengths.length - 4), lengths.length - 1));
    const alias = random.integer(0, 5) === 0;
    const length = alias || random.integer(0, 2) === 0 ? lengths[inputs[0]!]! : random.integer(1, 40);
    const overwritable = inputs.filter((input) => lengths[input] === length && random.integer(0, 1) === 0);
    const output = lengths.push(length) - 1;
    return { inputs, output, length, overwritable: alias ? [inputs[0]!] : overwritable, alias };
  });
  const last = lengths.length - 1;
  return { given, steps, outputs: Array.from(new Set([last, random.integer(0, last)])) };
}

/** What stands in memory, cell by cell: the value that was written there last. */
class Memory {
  readonly #cells = new Map<string, number>();

  write(cells: readonly string[], value: number): void {
    for (const cell of cells) this.#cells.set(cell, value);
  }

  holds(cells: readonly string[], value: number): boolean {
    return cells.every((cell) => this.#cells.get(cell) === value);
  }
}

describe('random graphs', () => {
  it('keep every value until it was last read', () => {
    for (let seed = 0; seed < 2000; seed++) {
      const { given, steps, outputs } = randomProblem(seed);
      const plan = planMemory(given, steps, outputs);
      const cells = (value: number): string[] => {
        const { place, length } = plan.buffers[plan.bufferOf[value]!]!;
        const base = place.kind === 'arena' ? place.offset : 0;
        return Array.from({ length }, (_, at) => (place.kind === 'arena' ? `arena ${base + at}` : `${place.kind} ${place.value} ${at}`));
      };
      const memory = new Memory();
      // An alias is the value that it stands for.
      const meaning = new Map<number, number>();
      const valueOf = (value: number): number => meaning.get(value) ?? value;
      given.forEach((_, value) => {
        memory.write(cells(value), value);
      });
      for (const { inputs, output, alias, overwritable } of steps) {
        for (const input of inputs) if (!memory.holds(cells(input), valueOf(input))) expect.fail(`seed ${seed}: value ${input} is gone`);
        const shared = inputs.filter((input) => plan.bufferOf[input] === plan.bufferOf[output]);
        if (alias) {
          meaning.set(output, valueOf(inputs[0]!));
          expect(shared.length).toBeGreaterThan(0);
          continue;
        }
        for (const input of shared) if (!overwritable.includes(input)) expect.fail(`seed ${seed}: value ${input} may not be written over`);
        const { place } = plan.buffers[plan.bufferOf[output]!]!;
        if (place.kind === 'given') expect.fail(`seed ${seed}: what was given is written over`);
        memory.write(cells(output), output);
      }
      for (const output of outputs)
        if (!memory.holds(cells(output), valueOf(output))) expect.fail(`seed ${seed}: output ${output} is gone`);
      const used = cells(steps.at(-1)!.output);
      expect(used.length).toBeGreaterThan(0);
    }
  });
});

const step = (inputs: number[], output: number, length: number, overwritable: number[] = []): MemoryStep => {
  return { inputs, output, length, overwritable, alias: false };
};

describe('examples', () => {
  it('a chain takes two buffers, whatever its length', () => {
    const steps = Array.from({ length: 20 }, (_, index) => step([index], index + 1, 100));
    // 112: the next multiple of 16 floats, a cache line.
    expect(planMemory([100], steps, [20]).arenaLength).toBe(2 * 112);
  });

  it('a chain in place takes none but its output', () => {
    const steps = [step([0], 1, 100), ...Array.from({ length: 20 }, (_, index) => step([index + 1], index + 2, 100, [index + 1]))];
    const plan = planMemory([100], steps, [21]);
    expect(plan.arenaLength).toBe(0);
    expect(plan.buffers).toEqual([
      { place: { kind: 'given', value: 0 }, length: 100 },
      { place: { kind: 'output', value: 21 }, length: 100 },
    ]);
  });

  it('inputs are never written over', () => {
    expect(planMemory([8], [step([0], 1, 8, [0]), step([1], 2, 8, [1])], [2]).bufferOf).toEqual([0, 1, 1]);
  });

  it('a shortcut keeps its value', () => {
    const { bufferOf } = planMemory([8], [step([0], 1, 8), step([1], 2, 8, [1]), step([2, 1], 3, 8, [2, 1])], [3]);
    expect(bufferOf[2]).not.toBe(bufferOf[1]);
    expect(bufferOf[3]).toBe(bufferOf[2]);
  });
});
