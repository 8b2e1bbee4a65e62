/** One layer: check every implementation's result, then time those that are right side by side. */
import { checkAgainst, compareResults, makeReference, roughlyEqual, sameBits, type Reference } from './check.js';
import type { Native } from './native.js';
import { Unsupported, type Peer } from './peers/peer.js';
import type { Problem } from './problem.js';
import type { Entry, LayerResult } from './report/result.js';
import { timeAll, timeRuns, type Started, type TimingOptions } from './timing.js';

export interface MeasureOptions extends TimingOptions {
  readonly threads: readonly number[];
  readonly tolerance: number;
  /** A peer that is expected to take longer for one run is left out. */
  readonly longestRunSeconds: number;
}

/** The default choice of 14 layers, every instruction set at 1 and 2 threads and the peers among them, ends within a minute. */
export const quick = { budgetMilliseconds: 60, rounds: 4, longestRunSeconds: 1 } as const;
/** Every layer, likewise, in about ten minutes. */
export const full = { budgetMilliseconds: 300, rounds: 6, longestRunSeconds: 20 } as const;

/** What may be timed, or nothing and the reason in its entry. */
interface Candidate {
  readonly entry: Entry;
  readonly started: Started | null;
}

/** `theirs`: another's result for the same problem, which ours is to be compared with. */
export async function measureLayer(
  problem: Problem,
  natives: readonly Native[],
  peers: readonly Peer[],
  options: MeasureOptions,
  step: (what: string) => void,
  theirs: Float32Array | null = null,
): Promise<Omit<LayerResult, 'network' | 'goalPercent' | 'published'>> {
  step('pure TypeScript');
  const reference = await makeReference(problem);
  const candidates: Candidate[] = [];

  for (const native of natives) {
    step(`checking ${native.isa}`);
    candidates.push(...(await checkNative(native, problem, reference, options)));
  }
  const ours = candidates[0]?.started?.contender.output() ?? reference.output;
  const comparison = theirs && compareResults(reference, ours, theirs);
  candidates.push({ started: reference.started, entry: blankEntry('typescript', 'typescript', 1, reference.started.contender.algorithm) });
  for (const peer of peers) {
    step(`checking ${peer.name}`);
    for (const threads of peer.threaded ? options.threads : [1]) {
      candidates.push(await checkPeer(peer, problem, reference, threads, options.longestRunSeconds));
    }
  }

  step('timing');
  const right = candidates.flatMap(({ entry, started }) => (entry.status === 'timed' && started ? started : []));
  const timings = await timeAll(right, options);
  for (const { started } of candidates) await started?.contender.close?.();
  const entries = candidates.map(({ entry, started }) => {
    const index = started ? right.indexOf(started) : -1;
    return index < 0 ? entry : { ...entry, timing: timings[index]! };
  });
  const { name, inputDims, weightDims, layout, stride, dilation, groups, multiplies } = problem;
  return { name, inputDims, weightDims, layout, stride, dilation, groups, multiplies, entries, comparison };
}

/** One candidate for each thread count; all must give the bits of the first. */
async function checkNative(
  native: Native,
  problem: Problem,
  reference: Reference,
  { threads: threadCounts, tolerance }: MeasureOptions,
): Promise<Candidate[]> {
  const candidates: Candidate[] = [];
  let first: Float32Array | undefined;
  for (const threads of threadCounts) {
    const contender = native.prepare(problem, { threads, tolerance });
    const firstMilliseconds = await timeRuns(contender, 1);
    const output = contender.output();
    first ??= output;
    const { ok, maxError, maxErrorOverBound } = checkAgainst(reference, output, contender.algorithm, tolerance);
    const stable = sameBits(first, output);
    candidates.push({
      started: { contender, firstMilliseconds },
      entry: {
        ...blankEntry(native.isa, 'native', threads, contender.algorithm),
        status: ok && stable ? 'timed' : 'wrong',
        note: !ok ? `${maxErrorOverBound.toPrecision(3)} times the allowed error` : !stable ? 'other bits than with fewer threads' : null,
        maxErrorOverBound,
        maxErrorOverDeviation: maxError / reference.standardDeviation,
      },
    });
  }
  return candidates;
}

async function checkPeer(
  peer: Peer,
  problem: Problem,
  reference: Reference,
  threads: number,
  longestRunSeconds: number,
): Promise<Candidate> {
  const entry = blankEntry(peer.name, 'peer', threads, null);
  const expected = peer.expectedSeconds(problem);
  if (expected > longestRunSeconds) {
    return { started: null, entry: { ...entry, status: 'skipped', note: `one run would take about ${expected.toPrecision(2)} s` } };
  }
  try {
    const contender = await peer.prepare(problem, threads);
    const started = { contender, firstMilliseconds: await timeRuns(contender, 1) };
    if (roughlyEqual(reference, contender.output())) return { started, entry };
    return { started, entry: { ...entry, status: 'wrong', note: 'its result differs from ours' } };
  } catch (error) {
    const note = error instanceof Error ? error.message.split('\n')[0]! : String(error);
    return { started: null, entry: { ...entry, status: error instanceof Unsupported ? 'unsupported' : 'failed', note } };
  }
}

function blankEntry(name: string, kind: Entry['kind'], threads: number, algorithm: string | null): Entry {
  return {
    name,
    kind,
    threads,
    status: 'timed',
    algorithm,
    note: null,
    timing: null,
    maxErrorOverBound: null,
    maxErrorOverDeviation: null,
  };
}
