/** The clock of the benchmark: minima over interleaved rounds, and how much of them the process had a CPU. */
import { performance } from 'node:perf_hooks';
import { setTimeout } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { Contender } from '../../bench/contender.js';
import { timeAll } from '../../bench/timing.js';

const contender = (name: string, run: Contender['run']): Contender => ({
  name,
  threads: 1,
  algorithm: null,
  run,
  output: () => new Float32Array(0),
});

const busy = (milliseconds: number): void => {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
};

it('goes round all contenders, and gives the least of each round and of all', async () => {
  const order: string[] = [];
  const started = ['one', 'two'].map((name, index) => ({
    contender: contender(name, () => {
      order.push(name);
      busy(2 + index);
    }),
    firstMilliseconds: 2,
  }));
  const timings = await timeAll(started, { budgetMilliseconds: 12, rounds: 3 });
  timings.forEach(({ milliseconds, medianMilliseconds, roundMilliseconds, runs }, index) => {
    expect(milliseconds).toBeGreaterThanOrEqual(2 + index);
    expect(medianMilliseconds).toBeGreaterThanOrEqual(milliseconds);
    expect(roundMilliseconds).toHaveLength(3);
    expect(Math.min(...roundMilliseconds)).toBe(milliseconds);
    expect(runs).toBeGreaterThanOrEqual(3);
  });
  const turns = order.filter((name, index) => name !== order[index - 1]);
  // Once beforehand, then three rounds.
  expect(turns).toEqual(['one', 'two', 'one', 'two', 'one', 'two', 'one', 'two']);
});

it('tells a run that had a CPU from one that waited', async () => {
  const started = [contender('busy', () => { busy(5); }), contender('waiting', () => setTimeout(20))].map((one) => ({ contender: one, firstMilliseconds: 5 })); // prettier-ignore
  const [busyTiming, waiting] = await timeAll(started, { budgetMilliseconds: 60, rounds: 3 });
  expect(waiting!.cpuShare).toBeLessThan(0.5);
  expect(busyTiming!.cpuShare).toBeGreaterThan(waiting!.cpuShare);
});

it('lets the first run of what is far too slow stand', async () => {
  let runs = 0;
  const slow = contender('slow', () => {
    runs++;
  });
  const [timing] = await timeAll([{ contender: slow, firstMilliseconds: 100 }], { budgetMilliseconds: 10, rounds: 2 });
  expect(timing).toMatchObject({ milliseconds: 100, medianMilliseconds: 100, roundMilliseconds: [100], runs: 1 });
  expect(runs).toBe(0);
});
