/**
 * Every plan that could compute a layer (each kernel family that accepts it, and of the short algorithms the schemes that the cost model
 * holds for the cheapest) checked and timed side by side: whether the model's choice is the fastest.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { encodeShape } from '../lib/backend/native.js';
import type { Probe, ShortAlgorithm, ShortScheme } from '../test/support/probe.js';
import { checkAgainst, makeReference } from './check.js';
import { ownArrays, type Execution } from './own.js';
import { probePath } from './paths.js';
import { resolvedShape, type Problem } from './problem.js';
import { timeAll, timeRuns, type Started, type Timing, type TimingOptions } from './timing.js';

export interface CandidateEntry {
  /** The family; of a scheme of short algorithms that is not the first in the model's order, its number too: `winograd-k-lanes #2`. */
  readonly name: string;
  readonly scheme: string | null;
  /** The model's estimate for one image on one core. */
  readonly cycles: number;
  readonly chosen: boolean;
  readonly maxErrorOverBound: number;
  /** Null when its result is wrong. */
  readonly timing: Timing | null;
}

export interface CandidateLayer {
  readonly name: string;
  readonly threads: number;
  readonly entries: readonly CandidateEntry[];
}

/** Schemes of short algorithms that are timed: the chosen one and its rivals. */
const schemes = 5;

/** A choice this much slower than the fastest is a wrong one; less is noise. */
export const tolerated = 1.05;

/** Null where it is not built. */
export function loadProbe(): Probe | null {
  return existsSync(probePath) ? (createRequire(import.meta.url)(probePath) as Probe) : null;
}

export async function measureCandidates(
  probe: Probe,
  isa: string,
  problem: Problem,
  execution: Execution,
  timing: TimingOptions,
): Promise<CandidateLayer> {
  const reference = await makeReference(problem);
  const { input, weight, output, result } = ownArrays(problem);
  const plans = probe.allPlans({ shape: encodeShape(resolvedShape(problem)), weight, bias: problem.bias, isa, schemes, ...execution });
  const counts = new Map<string, number>();
  const algorithms = probe.shortAlgorithms();
  const checked: { readonly entry: CandidateEntry; readonly started: Started | null }[] = [];
  for (const { algorithm, scheme, cycles, chosen, run } of plans) {
    const number = (counts.get(algorithm) ?? 0) + 1;
    counts.set(algorithm, number);
    const contender = {
      name: number > 1 ? `${algorithm} #${number}` : algorithm,
      threads: execution.threads,
      algorithm,
      run() {
        run(input, output);
      },
      output: result,
    };
    // They share one array: nothing of the plan before may pass for this one's.
    output.fill(NaN);
    const firstMilliseconds = await timeRuns(contender, 1);
    const { ok, maxErrorOverBound } = checkAgainst(reference, contender.output(), algorithm, execution.tolerance);
    const title = scheme && titleOfScheme(scheme, algorithms);
    checked.push({
      entry: { name: contender.name, scheme: title, cycles, chosen, maxErrorOverBound, timing: null },
      started: ok ? { contender, firstMilliseconds } : null,
    });
  }
  const addTimes = async (entries: readonly CandidateEntry[], which: (entry: CandidateEntry) => boolean): Promise<CandidateEntry[]> => {
    const right = checked.flatMap(({ started }, index) => (started && which(entries[index]!) ? started : []));
    const timings = await timeAll(right, timing);
    return entries.map((entry, index) => {
      const { started } = checked[index]!;
      const found = started && timings[right.indexOf(started)];
      return found && !(entry.timing && entry.timing.milliseconds < found.milliseconds) ? { ...entry, timing: found } : entry;
    });
  };
  const untimed = checked.map(({ entry }) => entry);
  const layer = { name: problem.name, threads: execution.threads, entries: await addTimes(untimed, () => true) };
  const verdict = judge(layer);
  if (!verdict || verdict.slowdown <= tolerated) return layer;
  // So that no disturbance is taken for a wrong choice.
  const again = ({ name }: CandidateEntry): boolean => name === verdict.chosen.name || name === verdict.fastest.name;
  return { ...layer, entries: await addTimes(layer.entries, again) };
}

/** The family that the model takes, and what took the least time; null when neither was timed. */
export function judge({ entries }: CandidateLayer): { chosen: CandidateEntry; fastest: CandidateEntry; slowdown: number } | null {
  const timed = entries.filter(({ timing }) => timing !== null);
  const chosen = timed.find((entry) => entry.chosen);
  if (!chosen) return null;
  const fastest = timed.reduce((best, entry) => (entry.timing!.milliseconds < best.timing!.milliseconds ? entry : best));
  return { chosen, fastest, slowdown: chosen.timing!.milliseconds / fastest.timing!.milliseconds };
}

/** `closed F(5,3) with 7 × open F(4,3) with 6 by 1×10×8`: outputs, taps and products of each algorithm, outputs of a region. */
function titleOfScheme(scheme: ShortScheme, algorithms: readonly ShortAlgorithm[]): string {
  return `${titleOfNest(scheme, algorithms)} by ${scheme.region.join('×')}`;
}

/** `closed F(5,3) with 7 × open F(4,3) with 6`. */
export function titleOfNest(
  { algorithms: numbers, tapGroups, second, firstTiles }: Pick<ShortScheme, 'algorithms' | 'tapGroups'> & Partial<ShortScheme>,
  algorithms: readonly ShortAlgorithm[],
): string {
  const name = (number: number) => {
    if (number < 0) return '1';
    const { form, outputs, taps, products } = algorithms[number]!;
    return `${form} F(${outputs},${taps}) with ${products}`;
  };
  const named = numbers.map((number, axis) => {
    const other = second?.[axis] ?? -1;
    return other < 0 ? name(number) : `(${firstTiles![axis]} ${name(number)} + ${name(other)})`;
  });
  return `${named.join(' × ')}${tapGroups > 1 ? ` in ${tapGroups} groups` : ''}`;
}
