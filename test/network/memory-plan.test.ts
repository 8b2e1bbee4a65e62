/** Memory plans of random graphs, followed step by step: no value is overwritten while it is needed. */
import { describe, expect, it } from 'vitest';
import { type MemoryPlan, type MemoryStep, planMemory } from '../../lib/network/memory-plan.js';
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
    if (random.integer(0, 2) === 0) {
      const parts = inputs.map((_, index) => inputs.slice(0, index).reduce((sum, input) => sum + lengths[input]!, 0));
      const length = inputs.reduce((sum, input) => sum + lengths[input]!, 0);
      return { inputs, output: lengths.push(length) - 1, length, overwritable: [], alias: false, parts };
    }
    const alias = random.integer(0, 5) === 0;
    const length = alias || random.integer(0, 2) === 0 ? lengths[inputs[0]!]! : random.integer(1, 40);
    const overwritable = inputs.filter((input) => lengths[input] === length && random.integer(0, 1) === 0);
    const output = lengths.push(length) - 1;
    return { inputs, output, length, overwritable: alias ? [inputs[0]!] : overwritable, alias };
  });
  const last = lengths.length - 1;
  return { given, steps, outputs: Array.from(new Set([last, random.integer(0, last)])) };
}

/** What stands in memory, cell by cell. */
class Memory {
  readonly #cells = new Map<string, string>();

  write(cells: readonly string[], elements: readonly string[]): void {
    cells.forEach((cell, index) => this.#cells.set(cell, elements[index]!));
  }

  holds(cells: readonly string[], elements: readonly string[]): boolean {
    return cells.every((cell, index) => this.#cells.get(cell) === elements[index]);
  }
}

/** Where the elements of each buffer are. */
function cellsOf({ buffers }: MemoryPlan, buffer: number): string[] {
  const { place, length } = buffers[buffer]!;
  switch (place.kind) {
    case 'arena':
      return Array.from({ length }, (_, at) => `arena ${place.offset + at}`);
    case 'part':
      return cellsOf({ buffers } as MemoryPlan, place.of).slice(place.offset, place.offset + length);
    default:
      return Array.from({ length }, (_, at) => `${place.kind} ${place.value} ${at}`);
  }
}

describe('random graphs', () => {
  it('keep every value until it was last read', () => {
    let joined = 0;
    for (let seed = 0; seed < 2000; seed++) {
      const { given, steps, outputs } = randomProblem(seed);
      const plan = planMemory(given, steps, outputs);
      const cells = (value: number) => cellsOf(plan, plan.bufferOf[value]!);
      const memory = new Memory();
      /** An alias has the elements of what it stands for, a concatenation those of its inputs. */
      const elements: string[][] = given.map((length, value) => Array.from({ length }, (_, at) => `${value}[${at}]`));
      elements.forEach((own, value) => {
        memory.write(cells(value), own);
      });
      for (const { inputs, output, length, alias, overwritable, parts } of steps) {
        for (const input of inputs) if (!memory.holds(cells(input), elements[input]!)) expect.fail(`seed ${seed}: value ${input} is gone`);
        if (alias) {
          elements[output] = elements[inputs[0]!]!;
          expect(plan.bufferOf[output]).toBe(plan.bufferOf[inputs[0]!]);
          continue;
        }
        const own = Array.from({ length }, (_, at) => `${output}[${at}]`);
        elements[output] = parts === undefined ? own : inputs.flatMap((input) => elements[input]!);
        const written = new Set(cells(output));
        for (const input of inputs) {
          const mayMeet = parts !== undefined || (overwritable.includes(input) && plan.bufferOf[input] === plan.bufferOf[output]);
          const read = cells(input);
          if (!mayMeet && read.some((cell) => written.has(cell))) expect.fail(`seed ${seed}: value ${input} may not be written over`);
          if (parts !== undefined && read.some((cell) => written.has(cell))) joined++;
        }
        if (plan.buffers[plan.bufferOf[output]!]!.place.kind === 'given') expect.fail(`seed ${seed}: what was given is written over`);
        memory.write(cells(output), elements[output]);
      }
      for (const output of outputs)
        if (!memory.holds(cells(output), elements[output]!)) expect.fail(`seed ${seed}: output ${output} is gone`);
    }
    expect(joined, 'parts that were computed in a concatenation').toBeGreaterThan(200);
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

  it('a concatenation consists of what was computed in it, and of copies of what is read again', () => {
    // 0 → 1, 2; [1, 2, 0, 1] → 3, an output; 1 is a part once only where it stands once.
    const join = (inputs: number[], parts: number[]) => ({ ...step(inputs, 3, 32), parts });
    const whole = planMemory([8], [step([0], 1, 8), step([0], 2, 16), join([1, 2, 0], [0, 8, 24])], [3]);
    expect(whole.arenaLength).toBe(0);
    expect(whole.buffers.slice(1).map(({ place }) => place)).toEqual([
      { kind: 'part', of: 3, offset: 0 },
      { kind: 'part', of: 3, offset: 8 },
      { kind: 'output', value: 3 },
    ]);
    const twice = planMemory([8], [step([0], 1, 8), step([0], 2, 8), join([1, 2, 0, 1], [0, 8, 16, 24])], [3]);
    expect(twice.buffers.map(({ place }) => place.kind)).toEqual(['given', 'arena', 'part', 'output']);
  });

  it('a part outlives its concatenation', () => {
    // 1 is in 3, which relu would write over while 1 is still wanted.
    const steps = [step([0], 1, 8), step([0], 2, 8), { ...step([1, 2], 3, 16), parts: [0, 8] }, step([3], 4, 16, [3]), step([4, 1], 5, 4)];
    const { bufferOf, buffers } = planMemory([8], steps, [5]);
    expect(buffers[bufferOf[1]!]!.place).toEqual({ kind: 'part', of: bufferOf[3], offset: 0 });
    expect(bufferOf[4]).not.toBe(bufferOf[3]);
  });
});
