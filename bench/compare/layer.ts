/** One layer computed by two builds: both checked, then timed with a second run of the base that tells the noise. */
import { checkAgainst, makeReference, sameBits } from '../check.js';
import { preparePublic, type Execution, type PublicFace } from '../own.js';
import type { Problem } from '../problem.js';
import { timeAll, timeRuns, type TimingOptions } from '../timing.js';
import { judgeMovement, type Movement } from './movement.js';

/** One build's. */
export interface Side {
  readonly algorithm: string | null;
  /** Why it has no time. */
  readonly failure: string | null;
  /** Null unless both sides are right. */
  readonly milliseconds: number | null;
}

export interface ComparedLayer {
  readonly name: string;
  readonly threads: number;
  readonly base: Side;
  readonly head: Side;
  /** Null unless both sides are right, as is the movement. */
  readonly sameBits: boolean | null;
  readonly movement: Movement | null;
}

/** Slots of 30 ms in 20 rounds: what disturbs the machine for a second spoils one round of all three. */
export const timing: TimingOptions = { budgetMilliseconds: 600, rounds: 20 };

export async function compareLayer(
  problem: Problem,
  execution: Execution,
  [base, head]: readonly [base: PublicFace, head: PublicFace],
  options: TimingOptions,
): Promise<ComparedLayer> {
  const reference = await makeReference(problem);
  const prepare = async (face: PublicFace) => {
    try {
      const contender = preparePublic(problem, execution, face);
      const firstMilliseconds = await timeRuns(contender, 1);
      const { ok, maxErrorOverBound } = checkAgainst(reference, contender.output(), contender.algorithm, execution.tolerance);
      const failure = ok ? null : `wrong: ${maxErrorOverBound.toPrecision(3)} times the allowed error`;
      return { started: { contender, firstMilliseconds }, failure };
    } catch (error) {
      return { started: null, failure: error instanceof Error ? error.message : String(error) };
    }
  };
  const prepared = [await prepare(base), await prepare(head), await prepare(base)];
  const started = prepared.flatMap((one) => (one.failure === null && one.started ? [one.started] : []));
  const right = started.length === prepared.length;
  const [baseTiming, headTiming, again] = right ? await timeAll(started, options) : [];
  const side = (index: number, milliseconds: number | undefined): Side => ({
    algorithm: prepared[index]!.started?.contender.algorithm ?? null,
    failure: prepared[index]!.failure,
    milliseconds: milliseconds ?? null,
  });
  return {
    name: problem.name,
    threads: execution.threads,
    base: side(0, baseTiming?.milliseconds),
    head: side(1, headTiming?.milliseconds),
    sameBits: right ? sameBits(started[0]!.contender.output(), started[1]!.contender.output()) : null,
    movement:
      baseTiming && headTiming && again
        ? judgeMovement(baseTiming.roundMilliseconds, again.roundMilliseconds, headTiming.roundMilliseconds)
        : null,
  };
}
