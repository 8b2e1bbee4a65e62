/** One layer computed by two builds: both checked, then timed with a second run of the base that tells the noise. */
import { checkAgainst, makeReference, sameBits, type Reference } from '../check.js';
import { ownArrays, preparePublic, type Execution, type PublicFace } from '../own.js';
import type { Problem } from '../problem.js';
import { timeAll, timeRuns, type Started, type TimingOptions } from '../timing.js';
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

export interface ComparisonOptions extends TimingOptions {
  /** How often plans and arrays are made anew: where they lie in memory moves times by some percent. Budget and rounds are of each. */
  readonly placements: number;
}

/** Slots of 30 ms in 20 rounds: what disturbs the machine for a second spoils one round of all three. */
export const timing: ComparisonOptions = { budgetMilliseconds: 120, rounds: 4, placements: 5 };

export async function compareLayer(
  problem: Problem,
  execution: Execution,
  [base, head]: readonly [base: PublicFace, head: PublicFace],
  options: ComparisonOptions,
): Promise<ComparedLayer> {
  const reference = await makeReference(problem);
  const baseTry = await tryOut(base, problem, execution, reference);
  const headTry = await tryOut(head, problem, execution, reference);
  const right = baseTry.failure === null && headTry.failure === null;
  const rounds = right ? await timeBeside([base, head, base], problem, execution, options) : null;
  const side = ({ algorithm, failure }: Tried, index: number): Side => ({
    algorithm,
    failure,
    milliseconds: rounds && Math.min(...rounds[index]!),
  });
  return {
    name: problem.name,
    threads: execution.threads,
    base: side(baseTry, 0),
    head: side(headTry, 1),
    sameBits: right ? sameBits(baseTry.output, headTry.output) : null,
    movement: rounds && judgeMovement(rounds[0]!, rounds[2]!, rounds[1]!),
  };
}

interface Tried {
  readonly algorithm: string | null;
  readonly failure: string | null;
  readonly output: Float32Array;
}

async function tryOut(face: PublicFace, problem: Problem, execution: Execution, reference: Reference): Promise<Tried> {
  try {
    const contender = preparePublic(problem, execution, face);
    await contender.run();
    const { algorithm } = contender;
    const output = contender.output();
    const { ok, maxErrorOverBound } = checkAgainst(reference, output, algorithm, execution.tolerance);
    return { algorithm, failure: ok ? null : `wrong: ${maxErrorOverBound.toPrecision(3)} times the allowed error`, output };
  } catch (error) {
    return { algorithm: null, failure: error instanceof Error ? error.message : String(error), output: new Float32Array(0) };
  }
}

/** Of each face the least times of all rounds. */
async function timeBeside(
  faces: readonly PublicFace[],
  problem: Problem,
  execution: Execution,
  options: ComparisonOptions,
): Promise<number[][]> {
  const rounds: number[][] = faces.map(() => []);
  for (let placement = 0; placement < options.placements; placement++) {
    // They share the arrays: none has the luckier place.
    const arrays = ownArrays(problem);
    const started: Started[] = [];
    for (const face of faces) {
      const contender = preparePublic(problem, execution, face, arrays);
      started.push({ contender, firstMilliseconds: await timeRuns(contender, 1) });
    }
    const timings = await timeAll(started, options);
    // Long runs may miss the last rounds: only those that all took part in are neighbours.
    const common = Math.min(...timings.map(({ roundMilliseconds }) => roundMilliseconds.length));
    timings.forEach(({ roundMilliseconds }, index) => rounds[index]!.push(...roundMilliseconds.slice(0, common)));
  }
  return rounds;
}
