/**
 * Times contenders side by side: rounds over all of them, the least time of each.
 *
 * The machine's clock drifts and other work interrupts, both of which only ever lengthen a time; the minimum over interleaved rounds is
 * therefore the figure that repeats best, and no contender has a quiet minute that another lacked.
 *
 * It is the wall's time, not CPU time: that would leave out what a run waits for the threads it wakes. CPU time tells whether even the least
 * sample was robbed of its CPU.
 */
import { performance } from 'node:perf_hooks';
import { setTimeout } from 'node:timers/promises';
import type { Contender } from './contender.js';

export interface Timing {
  /** Least time of one run. */
  readonly milliseconds: number;
  readonly medianMilliseconds: number;
  /** Of the least time, the share that the process had a CPU for; several threads can make it more than 1. */
  readonly cpuShare: number;
  /** Least time of each round that it was timed in: those of all contenders are neighbours. */
  readonly roundMilliseconds: readonly number[];
  /** Timed runs. */
  readonly runs: number;
}

export interface TimingOptions {
  /** Time to spend on each contender, warm-up included. */
  readonly budgetMilliseconds: number;
  readonly rounds: number;
}

/** A sample lasts at least this long, so that reading the clock (about 50 ns) does not count: short runs are timed several at once. */
const shortestSampleMilliseconds = 0.05;
/** A run shorter than this suffers when data and code are cold and threads asleep: the first sample of each round is not counted. */
const coldMilliseconds = 10;
/** A run longer than its share of the budget is still timed this often … */
const fewestSamples = 3;
/** … unless it takes more than this many budgets: then its first run stands. */
const patience = 4;

/** A contender that has run once, to be checked, and how long that took. */
export interface Started {
  readonly contender: Contender;
  readonly firstMilliseconds: number;
}

export async function timeAll(started: readonly Started[], options: TimingOptions): Promise<Timing[]> {
  const sheets: Sheet[] = [];
  for (const one of started) sheets.push(await startSheet(one, options));
  for (let round = 0; round < options.rounds; round++) {
    for (const sheet of sheets) await timeRound(sheet, options);
  }
  return sheets.map(({ samples, leasts, least, runs }) => {
    samples.sort((a, b) => a - b);
    return { ...least, medianMilliseconds: samples[samples.length >> 1]!, roundMilliseconds: leasts, runs };
  });
}

/** What is known of one contender so far. */
interface Sheet {
  readonly contender: Contender;
  /** Milliseconds of one run. */
  readonly samples: number[];
  /** The least of each round. */
  readonly leasts: number[];
  readonly runsPerSample: number;
  readonly expected: number;
  readonly mostSamples: number;
  least: { readonly milliseconds: number; readonly cpuShare: number };
  runs: number;
}

async function startSheet({ contender, firstMilliseconds }: Started, { budgetMilliseconds, rounds }: TimingOptions): Promise<Sheet> {
  if (firstMilliseconds > patience * budgetMilliseconds) {
    const once = { samples: [firstMilliseconds], leasts: [firstMilliseconds], least: { milliseconds: firstMilliseconds, cpuShare: 1 } };
    return { contender, ...once, runsPerSample: 1, expected: firstMilliseconds, mostSamples: 1, runs: 1 };
  }
  // A short first run is mostly compilation and cold caches: the next one tells what to expect.
  const expected = firstMilliseconds > coldMilliseconds ? firstMilliseconds : await timeRuns(contender, 1);
  return {
    contender,
    samples: [],
    leasts: [],
    runsPerSample: Math.max(1, Math.ceil(shortestSampleMilliseconds / expected)),
    expected,
    mostSamples: expected > budgetMilliseconds / rounds ? Math.max(fewestSamples, Math.floor(budgetMilliseconds / expected)) : Infinity,
    least: { milliseconds: Infinity, cpuShare: 1 },
    runs: 0,
  };
}

async function timeRound(sheet: Sheet, { budgetMilliseconds, rounds }: TimingOptions): Promise<void> {
  if (sheet.samples.length >= sheet.mostSamples) return;
  const { contender, samples, runsPerSample, expected } = sheet;
  const end = performance.now() + budgetMilliseconds / rounds;
  if (expected < coldMilliseconds) await timeRuns(contender, runsPerSample);
  let least = Infinity;
  do {
    const before = process.cpuUsage();
    const elapsed = await timeRuns(contender, runsPerSample);
    const { user, system } = process.cpuUsage(before);
    const milliseconds = elapsed / runsPerSample;
    samples.push(milliseconds);
    least = Math.min(least, milliseconds);
    if (milliseconds < sheet.least.milliseconds) sheet.least = { milliseconds, cpuShare: (user + system) / 1000 / elapsed };
    sheet.runs += runsPerSample;
  } while (performance.now() < end);
  sheet.leasts.push(least);
  if (contender.spinMilliseconds) await setTimeout(contender.spinMilliseconds);
}

/** Milliseconds of `count` runs. */
export async function timeRuns(contender: Contender, count: number): Promise<number> {
  const begin = performance.now();
  for (let i = 0; i < count; i++) {
    const promise = contender.run();
    if (promise) await promise;
  }
  return performance.now() - begin;
}
