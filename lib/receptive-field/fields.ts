/**
 * The field of every output of a stack: the first and the last input element that it sees.
 *
 * A layer relates its output u to its inputs x, tap t = 0 … k − 1, begin padding p, on an axis without ends:
 *
 *     convolution, pool:      x = u·s − p + t·d
 *     transposed convolution: u = x·s − p + t·d
 *
 * first(u) is the least first(x) over those x, last(u) the greatest last(x). Behind a transposed layer of stride s the outputs come in s
 * phases that see different taps, so fields differ from output to output; they repeat after `period` outputs, `shift` input elements further.
 */
import { rangeError } from '../errors.js';
import { requireExact } from '../geometry/axis.js';
import { greatestCommonDivisor } from './greatest-common-divisor.js';
import type { Layer } from './window-layer.js';

export interface Fields {
  /** Outputs after which the fields repeat; 1 in a stack without transposed layers. */
  readonly period: number;
  /** Input elements from a field to the one `period` outputs later; shift / period is the effective stride. */
  readonly shift: number;
  /** First input element that output 0 … period − 1 sees; Infinity where it sees none. */
  readonly first: Float64Array;
  /** Last input element that output 0 … period − 1 sees; −Infinity where it sees none. */
  readonly last: Float64Array;
}

/** The input itself: element i sees element i. */
export const inputFields: Fields = { period: 1, shift: 1, first: Float64Array.of(0), last: Float64Array.of(0) };

// Eleven doublings in a row (audio) have 2^11 phases. 2^16 phases take 1 MiB a layer; 2^24 looks at one take 0.5 s.
const mostPhases = 2 ** 16;
const mostLooks = 2 ** 24;

/** The fields of a layer's outputs, from the fields of its inputs. */
export function fieldsBehind(layer: Layer, begin: number, inputs: Fields): Fields {
  return layer.transposed ? behindTransposed(layer, begin, inputs) : behindConvolution(layer, begin, inputs);
}

/** The fields of a stack's outputs; begins[j] is the begin padding of layers[j]. */
export function stackFields(layers: readonly Layer[], begins: readonly number[]): Fields {
  return layers.reduce((fields, layer, index) => fieldsBehind(layer, begins[index]!, fields), inputFields);
}

function behindConvolution({ place, kernel, stride, dilation, effectiveKernel }: Layer, begin: number, inputs: Fields): Fields {
  const common = greatestCommonDivisor(inputs.period, stride);
  const period = inputs.period / common;
  const shift = requireExact(place, 'effective stride', inputs.shift * (stride / common));
  const outputs = emptyFields(place, period, shift, kernel, inputs);
  requireReachable(place, inputs, Math.max(begin, (period - 1) * stride + effectiveKernel - 1 - begin));
  const looks = looksPerEnd(kernel, dilation, inputs.period);
  for (let output = 0; output < period; output++) {
    const firstInput = output * stride - begin;
    widen(outputs, output, inputs, firstInput, firstInput + effectiveKernel - 1, dilation, looks);
  }
  return outputs;
}

function behindTransposed({ place, kernel, stride, dilation, effectiveKernel }: Layer, begin: number, inputs: Fields): Fields {
  const period = inputs.period * stride;
  const outputs = emptyFields(place, period, inputs.shift, kernel, inputs);
  requireReachable(place, inputs, Math.ceil((period + Math.max(begin, effectiveKernel)) / stride));
  // Taps of one phase are tapStep apart and reach inputs inputStep apart, the lowest tap the highest input.
  const common = greatestCommonDivisor(stride, dilation);
  const tapStep = stride / common;
  const inputStep = dilation / common;
  const lowestTap = new Int32Array(stride).fill(-1);
  for (let tap = 0; tap < Math.min(kernel, tapStep); tap++) lowestTap[(tap * dilation) % stride] = tap;
  for (let output = 0; output < period; output++) {
    const position = output + begin;
    const tap = lowestTap[position % stride]!;
    if (tap < 0) continue;
    const taps = Math.floor((kernel - 1 - tap) / tapStep) + 1;
    const lastInput = (position - tap * dilation) / stride;
    widen(outputs, output, inputs, lastInput - (taps - 1) * inputStep, lastInput, inputStep, looksPerEnd(taps, inputStep, inputs.period));
  }
  return outputs;
}

/** Taps `step` inputs apart meet period / gcd phases; the same phase met again further inside can't reach further out. */
function looksPerEnd(taps: number, step: number, period: number): number {
  return Math.min(taps, period / greatestCommonDivisor(period, step));
}

/** Takes the fields of the outermost `looks` inputs at both ends of firstInput, firstInput + step, … lastInput into an output's field. */
function widen(outputs: Fields, output: number, inputs: Fields, firstInput: number, lastInput: number, step: number, looks: number): void {
  let first = Infinity;
  let last = -Infinity;
  for (let look = 0; look < looks; look++) {
    first = Math.min(first, fieldFirst(inputs, firstInput + look * step));
    last = Math.max(last, fieldLast(inputs, lastInput - look * step));
  }
  outputs.first[output] = first;
  outputs.last[output] = last;
}

/** First input element that `output` sees, any integer. */
export function fieldFirst({ period, shift, first }: Fields, output: number): number {
  const turn = Math.floor(output / period);
  return first[output - turn * period]! + turn * shift;
}

/** Last input element that `output` sees, any integer. */
export function fieldLast({ period, shift, last }: Fields, output: number): number {
  const turn = Math.floor(output / period);
  return last[output - turn * period]! + turn * shift;
}

function emptyFields(place: string, period: number, shift: number, kernel: number, inputs: Fields): Fields {
  if (period > mostPhases) throw rangeError(place, `in a stack whose fields repeat after at most ${mostPhases} outputs`, period);
  const looks = period * Math.min(kernel, inputs.period);
  if (looks > mostLooks) throw rangeError(place, `in a stack with at most ${mostLooks} taps over the outputs of one period`, looks);
  return { period, shift, first: new Float64Array(period).fill(Infinity), last: new Float64Array(period).fill(-Infinity) };
}

/** Fields of the inputs −distance … distance are exact. */
function requireReachable(place: string, { period, shift, first, last }: Fields, distance: number): void {
  let outermost = 0;
  for (let phase = 0; phase < period; phase++) {
    if (first[phase]! <= last[phase]!) outermost = Math.max(outermost, Math.abs(first[phase]!), Math.abs(last[phase]!));
  }
  requireExact(place, 'receptive field', distance);
  requireExact(place, 'receptive field', outermost + Math.ceil(distance / period) * shift);
}

/** Input elements that the largest field spans; 0 if no output sees any. */
export function largestField({ period, first, last }: Fields): number {
  let size = 0;
  for (let phase = 0; phase < period; phase++) size = Math.max(size, last[phase]! - first[phase]! + 1);
  return size;
}

/** First input element of output 0's field, or of the next one that sees anything; NaN if none does. */
export function firstSeen({ first }: Fields): number {
  return first.find(Number.isFinite) ?? NaN;
}
