/**
 * Whether a time moved beyond noise.
 *
 * Every round times base, head and base again, so that a round's figures are neighbours. The ratio of the least times has an interval by
 * bootstrap over the rounds. The two series of the base differ by noise alone: their interval's far end is how far apart equal builds may
 * lie here and now.
 */
import { seededValues } from '../problem.js';

export interface Movement {
  /** Base's least time over head's: above 1 the head is faster. */
  readonly speed: number;
  /** The middle 95 % of the bootstrap. */
  readonly interval: readonly [low: number, high: number];
  /** Relative, of equal builds: 0.02 is 2 %. */
  readonly noise: number;
  readonly verdict: 'faster' | 'slower' | 'same';
}

/** The machine does not tell smaller differences apart, whatever the rounds say: placement of memory and code alone moves times by that. */
const leastNoise = 0.02;
const resamples = 1000;

/** Each the least times of the rounds, in the order of the rounds. */
export function judgeMovement(base: readonly number[], again: readonly number[], head: readonly number[]): Movement {
  const interval = bootstrap(base, head);
  const equal = bootstrap(base, again);
  const noise = Math.max(leastNoise, equal[1] - 1, 1 / equal[0] - 1);
  const verdict = interval[0] > 1 + noise ? 'faster' : interval[1] < 1 / (1 + noise) ? 'slower' : 'same';
  return { speed: Math.min(...base) / Math.min(...head), interval, noise, verdict };
}

/** The middle 95 % of the ratio of minima over rounds drawn with replacement; the same rounds for both. */
function bootstrap(numerator: readonly number[], denominator: readonly number[]): [low: number, high: number] {
  const rounds = Math.min(numerator.length, denominator.length);
  const random = seededValues(rounds * resamples, 3);
  const ratios = Array.from({ length: resamples }, (_, sample) => {
    let [above, below] = [Infinity, Infinity];
    for (let draw = 0; draw < rounds; draw++) {
      const round = Math.floor(((random[sample * rounds + draw]! + 1) / 2) * rounds);
      above = Math.min(above, numerator[round]!);
      below = Math.min(below, denominator[round]!);
    }
    return above / below;
  }).sort((a, b) => a - b);
  return [ratios[Math.floor(0.025 * resamples)]!, ratios[Math.ceil(0.975 * resamples) - 1]!];
}
