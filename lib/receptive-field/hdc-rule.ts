/** The rule of hybrid dilated convolution for schedules of dilations, beside the exact `hasHoles`. */
import { rangeError, typeError } from '../errors.js';
import { readAxisInteger } from '../geometry/axis.js';
import { readElements, readOptions } from '../validate.js';

export interface HdcRuleOptions {
  /** Taps of every layer, an integer ≥ 1. */
  readonly kernel: number;
  /** Dilation of every layer, the layer next to the input first: two or more integers ≥ 1. */
  readonly dilations: readonly number[];
}

export interface HdcRule {
  /** M_2, the largest distance between elements that the layers behind the first see. */
  readonly m2: number;
  /** Whether M_2 ≤ kernel. */
  readonly accepted: boolean;
}

/**
 * Hybrid dilated convolution's rule of thumb for n layers of kernel K and dilations r_1 … r_n at stride 1:
 *
 *     M_n = r_n,  M_i = max(M_(i+1) − 2r_i, 2r_i − M_(i+1), r_i),  accepted if M_2 ≤ K
 *
 * The published rule adds that the dilations have no common factor. It is neither necessary nor sufficient for a field without holes: for
 * K = 3 it accepts [2, 2, 2], which sees every second element only, and rejects [1, 3, 1], which sees every one. `hasHoles` is exact.
 *
 * @throws TypeError with code ERR_ATROUS_ARGUMENT_TYPE: an argument of the wrong type or an unknown key
 * @throws RangeError with code ERR_ATROUS_ARGUMENT_RANGE: a value out of its range (at most 2^31 − 1), or fewer than two dilations
 * @example
 * hdcRule({ kernel: 3, dilations: [1, 2, 5] }); // { m2: 2, accepted: true }
 * hdcRule({ kernel: 3, dilations: [1, 2, 9] }); // { m2: 5, accepted: false }
 * @see P. Wang et al., Understanding Convolution for Semantic Segmentation, WACV 2018, section 3.2
 */
export function hdcRule(options: HdcRuleOptions): HdcRule {
  const values = readOptions('options', options, ['kernel', 'dilations']);
  const kernel = readAxisInteger('kernel', values.kernel, 1);
  if (!Array.isArray(values.dilations)) throw typeError('dilations', 'an array of integers ≥ 1', values.dilations);
  const { length } = values.dilations;
  if (length < 2) throw rangeError('dilations', 'an array of two or more', values.dilations);
  const dilations = readElements(values.dilations, length, (dilation, index) => readAxisInteger(`dilations[${index}]`, dilation, 1));
  const m2 = dilations
    .slice(1, -1)
    .reduceRight((next, dilation) => Math.max(next - 2 * dilation, 2 * dilation - next, dilation), dilations.at(-1)!);
  return { m2, accepted: m2 <= kernel };
}
