/** Fields behind a layer of any kind, and where paths of a graph meet: what a stack's fields are to a graph. */
import { rangeError } from '../errors.js';
import { effectiveKernel } from '../geometry/effective-kernel-size.js';
import { type AxisRelation, resampledInputs, type ResampleRelation, type WindowRelation } from './axis-relation.js';
import { fieldFirst, fieldLast, type Fields, fieldsBehind } from './fields.js';
import { greatestCommonDivisor } from './greatest-common-divisor.js';
import type { Layer } from './window-layer.js';

/** As of the fields of stacks: 1 MiB a layer. */
const mostPhases = 2 ** 16;

/**
 * The field of an output that every input of an axis of `size` elements may reach, and that is therefore the same for all outputs: from the first element that any of
 * them sees to the last.
 */
export function fieldsOfAll(inputs: Fields, size: number): Fields {
  let first = Infinity;
  let last = -Infinity;
  // Fields repeat: one period at either end holds the outermost ones.
  for (let index = 0; index < Math.min(size, inputs.period); index++) {
    first = Math.min(first, fieldFirst(inputs, index), fieldFirst(inputs, size - 1 - index));
    last = Math.max(last, fieldLast(inputs, index), fieldLast(inputs, size - 1 - index));
  }
  return { period: 1, shift: 0, first: Float64Array.of(first), last: Float64Array.of(last) };
}

/** Whether every output sees the same. */
export function isConstant({ shift }: Fields): boolean {
  return shift === 0;
}

/** The fields of a layer's outputs along an axis; `size` gives the size of its input there, where that matters. */
export function fieldsBehindRelation(place: string, relation: AxisRelation, inputs: Fields, size: () => number): Fields {
  switch (relation.kind) {
    case 'window':
      return fieldsBehind(windowLayer(place, relation), relation.begin, inputs);
    case 'resample':
      return fieldsBehindResample(place, relation, inputs);
    // Channel groups are no matter of fields: where one lies along a spatial axis (behind a transpose), all of it may be seen.
    case 'blocks':
    case 'all':
      return fieldsOfAll(inputs, size());
  }
}

function windowLayer(place: string, { kernel, stride, dilation, begin, transposed }: WindowRelation): Layer {
  return {
    place,
    name: undefined,
    kernel,
    stride,
    dilation,
    padding: [begin, 0],
    rounding: 'floor',
    transposed,
    outputPadding: 0,
    effectiveKernel: effectiveKernel(kernel, dilation),
  };
}

/** Coordinates move by numerator/denominator: after `denominator` outputs, in lowest terms, neighbours stand in the same places again. */
function fieldsBehindResample(place: string, relation: ResampleRelation, inputs: Fields): Fields {
  const common = greatestCommonDivisor(relation.numerator, relation.denominator);
  const turnOutputs = relation.denominator / common;
  const turnInputs = relation.numerator / common;
  const turns = turnInputs === 0 ? 1 : inputs.period / greatestCommonDivisor(inputs.period, turnInputs);
  const period = requirePhases(place, turnOutputs * turns);
  const first = new Float64Array(period);
  const last = new Float64Array(period);
  for (let output = 0; output < period; output++) {
    const { low, high } = resampledInputs(relation, output);
    first[output] = Math.min(fieldFirst(inputs, low), fieldFirst(inputs, high));
    last[output] = Math.max(fieldLast(inputs, low), fieldLast(inputs, high));
  }
  return { period, shift: inputs.shift * ((turnInputs * turns) / inputs.period), first, last };
}

/**
 * The fields of a sum (or concatenation) of values whose fields these are: from the first element that either sees to the last. `size` is
 * that of the axis. A value that is the same everywhere, as behind a global pool, makes the field of the sum the same everywhere.
 *
 * Where strides differ, fields drift apart: these are then right for the first outputs only.
 */
export function joinedFields(place: string, a: Fields, b: Fields, size: () => number): Fields {
  if (isConstant(a) !== isConstant(b)) return joinedFields(place, fieldsOfAll(a, size()), fieldsOfAll(b, size()), size);
  const period = requirePhases(place, (a.period / greatestCommonDivisor(a.period, b.period)) * b.period);
  const outputs = Array.from({ length: period }, (_, output) => output);
  return {
    period,
    shift: a.shift * (period / a.period),
    first: Float64Array.from(outputs, (output) => Math.min(fieldFirst(a, output), fieldFirst(b, output))),
    last: Float64Array.from(outputs, (output) => Math.max(fieldLast(a, output), fieldLast(b, output))),
  };
}

function requirePhases(place: string, period: number): number {
  if (period <= mostPhases) return period;
  throw rangeError(place, `in a network whose fields repeat after at most ${mostPhases} outputs`, period);
}

/**
 * Where a layer's taps lie on average: output o around the coordinate o·step + offset of its input. Fields of paths are aligned if their centres are,
 * which move by step and offset along each.
 */
export function centreOf(relation: WindowRelation | ResampleRelation): { readonly step: number; readonly offset: number } {
  if (relation.kind === 'window') {
    const { kernel, stride, dilation, begin, transposed } = relation;
    const middle = (effectiveKernel(kernel, dilation) - 1) / 2 - begin;
    return transposed ? { step: 1 / stride, offset: -middle / stride } : { step: stride, offset: middle };
  }
  const { numerator, denominator } = relation;
  const step = numerator / denominator;
  const turn = denominator / greatestCommonDivisor(numerator, denominator);
  let sum = 0;
  for (let output = 0; output < turn; output++) {
    const { low, fraction } = resampledInputs(relation, output);
    sum += low + fraction - output * step;
  }
  return { step, offset: sum / turn };
}
