/** Design of dilation schedules: the shortest one without holes for a wanted receptive field. */
import { rangeError } from '../errors.js';
import { readAxisInteger } from '../geometry/axis.js';
import { readOptions } from '../validate.js';

export interface DesignDilationsOptions {
  /** Taps of every layer, an integer ≥ 1 (≥ 2 for a field above 1). */
  readonly kernel: number;
  /** Elements that an output must see at least, an integer ≥ 1. */
  readonly receptiveField: number;
  /** How many layers to use, an integer from 0 to 65,536. Default: as few as possible. */
  readonly layers?: number | undefined;
}

const mostLayers = 2 ** 16;

/**
 * The shortest schedule of dilations, ascending, with which a stack of equal kernels at stride 1 sees at least `receptiveField` elements
 * along one axis and leaves no hole among them.
 *
 * n layers see 1 + (kernel − 1)·Σd, without holes at most kernel^n (dilations 1, kernel, kernel², …), so n is the least with
 * kernel^n ≥ receptiveField. Of the schedules of n layers this is one that overshoots least, Σd = ⌈(receptiveField − 1)/(kernel − 1)⌉, its
 * dilations growing as evenly as integers allow: d_i ≈ ρ^(i−1) with the ρ that gives this sum. With `layers` given, n is that, and the field
 * overshoots only where n layers of dilation 1 already see more.
 *
 * @returns the dilations, the layer next to the input first; their order does not change what is seen
 * @throws TypeError with code ERR_ATROUS_ARGUMENT_TYPE: an argument of the wrong type or an unknown key
 * @throws RangeError with code ERR_ATROUS_ARGUMENT_RANGE: a value out of its range (sizes: at most 2^31 − 1), kernel 1 for a field above 1, or
 *   fewer `layers` than the field needs
 * @example
 * designDilations({ kernel: 3, receptiveField: 15 }); // [1, 2, 4]
 * designDilations({ kernel: 2, receptiveField: 1024 }); // [1, 2, 4, …, 512], WaveNet's
 * designDilations({ kernel: 3, receptiveField: 15, layers: 4 }); // [1, 1, 2, 3]
 */
export function designDilations(options: DesignDilationsOptions): number[] {
  const values = readOptions('options', options, ['kernel', 'receptiveField', 'layers']);
  const kernel = readAxisInteger('kernel', values.kernel, 1);
  const field = readAxisInteger('receptiveField', values.receptiveField, 1);
  const wanted = values.layers === undefined ? undefined : readAxisInteger('layers', values.layers, 0);
  if (kernel === 1 && field > 1) throw rangeError('kernel', 'an integer ≥ 2 for a receptiveField above 1', kernel);
  const fewest = fewestLayers(kernel, field);
  const layers = wanted ?? fewest;
  if (layers > mostLayers) throw rangeError('layers', `at most ${mostLayers}`, layers);
  if (layers < fewest) {
    throw rangeError(
      'layers',
      `at least ${fewest}, since ${layers} of kernel ${kernel} see at most ${kernel ** layers} elements without holes`,
      layers,
    );
  }
  if (layers === 0) return [];
  const sum = kernel === 1 ? layers : Math.max(layers, Math.ceil((field - 1) / (kernel - 1)));
  return evenSchedule(kernel, layers, sum);
}

function fewestLayers(kernel: number, field: number): number {
  let layers = 0;
  for (let reach = 1; reach < field; reach *= kernel) layers++;
  return layers;
}

/**
 * Dilations of the given sum from the sums S_i of the first i of them: S_i is the nearest integer to 1 + ρ + … + ρ^(i−1), kept where
 * the rest can be done: no hole behind it, S_(i+1) − S_i ≤ 1 + (kernel − 1)·S_i, and itself free of holes, i ≤ S_i ≤ 1 + kernel + … + kernel^(i−1).
 */
function evenSchedule(kernel: number, layers: number, sum: number): number[] {
  const targets = geometricSums(layers, ratioOf(kernel, layers, sum));
  const most = geometricSums(layers, kernel);
  const dilations = new Array<number>(layers);
  let next = sum;
  for (let index = layers - 1; index > 0; index--) {
    const least = Math.max(index, Math.ceil((next - 1) / kernel));
    const partial = Math.max(least, Math.min(Math.round(targets[index - 1]!), most[index - 1]!, next - 1));
    dilations[index] = next - partial;
    next = partial;
  }
  dilations[0] = next;
  return dilations.sort((a, b) => a - b);
}

/** 1, 1 + ratio, 1 + ratio + ratio², …; Infinity above the range of doubles. */
function geometricSums(count: number, ratio: number): number[] {
  const sums = [1];
  while (sums.length < count) sums.push(1 + ratio * sums.at(-1)!);
  return sums;
}

/** The ratio from 1 to `most` of a geometric series of `count` terms with that sum, by bisection to the last bit. */
function ratioOf(most: number, count: number, sum: number): number {
  let low = 1;
  let high = most;
  for (;;) {
    const ratio = (low + high) / 2;
    if (ratio <= low || ratio >= high) return high;
    if (geometricSums(count, ratio).at(-1)! < sum) low = ratio;
    else high = ratio;
  }
}
