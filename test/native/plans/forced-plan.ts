/** Plans of one family, forced, on arrays that meet an inaccessible page at either end, against the float64 reference. */
import { expect } from 'vitest';
import { type ConvShape } from '../../../lib/backend/backend.js';
import { encodeShape } from '../../../lib/backend/native.js';
import { referenceConv } from '../../reference/conv.js';
import { type ConvCase, convCase, type ConvDescription, convShape, titleOf } from '../../support/conv-cases.js';
import { expectExact, expectSameBits, expectWithinBound } from '../../support/expect-within-bound.js';
import { type Edge, edges, probe } from '../../support/probe.js';

export interface Forced {
  readonly candidate: string;
  readonly isa: string;
  /** Above 0 for families that are not direct. */
  readonly tolerance?: number;
}

interface PlanOptions {
  readonly threads?: number;
  readonly edge?: Edge;
  /** The input size, per axis, of the plan that lends its packed weights. */
  readonly siblingInput?: readonly number[];
}

/** The result of one plan and one run; null where the family does not accept the problem. */
export function runForced(
  { candidate, isa, tolerance = 0 }: Forced,
  convolution: ConvCase,
  options: PlanOptions = {},
): Float32Array | null {
  const { threads = 1, edge = 'end', siblingInput } = options;
  const { description, shape, input, weight, bias } = convolution;
  const sibling = siblingInput && convShape({ ...description, input: siblingInput });
  return probe.runPlan({
    candidate,
    title: `${candidate} ${isa} ${threads} threads ${titleOf(convolution)}`,
    shape: encodeShape(shape),
    weight,
    bias,
    isa,
    threads,
    tolerance,
    input,
    edge,
    siblingShape: sibling && encodeShape(sibling),
  });
}

/** The result of a problem that the family accepts: the same bits at either edge. */
export function resultOf(forced: Forced, convolution: ConvCase, options: Omit<PlanOptions, 'edge'> = {}): Float32Array {
  const [begin, end] = edges.map((edge) => runForced(forced, convolution, { ...options, edge }));
  if (!begin || !end) throw new Error(`${forced.candidate} does not accept ${titleOf(convolution)}`);
  expectSameBits(end, begin);
  return begin;
}

/** Within the bound, and exact on small integers. */
export function expectRight(forced: Forced, description: ConvDescription, options: Omit<PlanOptions, 'edge'> = {}): void {
  const floats = convCase(description, 1);
  expectWithinBound(resultOf(forced, floats, options), reference(floats), floats.shape);
  const integers = convCase(description, 2, 'integers', false);
  expectExact(resultOf(forced, integers, options), reference(integers), integers.shape);
}

/** The reference's result; every instruction set and number of threads asks for the same ones. */
export function reference({ shape, input, weight, bias }: ConvCase) {
  return referenceConv(shape, input, weight, bias);
}

export function expectRefused(
  forced: Forced,
  description: ConvDescription,
  alter: (convolution: ConvCase) => void = () => undefined,
): void {
  const convolution = convCase(description);
  alter(convolution);
  expect(runForced(forced, convolution) === null, `${titleOf(convolution)} is refused`).toBe(true);
}

/** {1, N − 1, N, N + 1, 2N + 1} of each size. */
export function beside(...sizes: readonly number[]): number[] {
  const around = sizes.flatMap((size) => [size - 1, size, size + 1, 2 * size + 1]);
  return [...new Set([1, ...around])].filter((size) => size > 0).sort((a, b) => a - b);
}

/** How many multiply-adds a problem has: plans wake a thread for each half million. */
export function multiplyAdds({ batch, outChannels, inChannels, groups, output, kernel }: ConvShape): number {
  return [batch, outChannels, inChannels / groups, ...output, ...kernel].reduce((product, size) => product * size);
}

/** The same bits, within the bound, for 1, 2, 3 and 7 threads. */
export function expectThreadsAgree(forced: Forced, description: ConvDescription): void {
  const convolution = convCase(description, 3);
  // As many as seven threads find work.
  expect(multiplyAdds(convolution.shape)).toBeGreaterThanOrEqual(3_500_000);
  const single = resultOf(forced, convolution);
  expectWithinBound(single, reference(convolution), convolution.shape);
  for (const threads of [2, 3, 7]) expectSameBits(resultOf(forced, convolution, { threads }), single);
}

/** An image's bits do not depend on the batch it stands in, nor on its place there. */
export function expectBatchesAgree(forced: Forced, description: ConvDescription): void {
  const one = convCase(description, 4);
  const single = resultOf(forced, one);
  const three = convCase({ ...description, batch: 3 }, 4);
  for (let n = 0; n < 3; n++) three.input.set(one.input, n * one.input.length);
  const images = resultOf(forced, { ...three, weight: one.weight, bias: one.bias });
  for (let n = 0; n < 3; n++) expectSameBits(images.slice(n * single.length, (n + 1) * single.length), single);
}

/** Weights packed for another input size serve as well as a plan's own. */
export function expectSiblingServes(forced: Forced, description: ConvDescription, siblingInput: readonly number[]): void {
  const convolution = convCase(description, 5);
  expectSameBits(resultOf(forced, convolution, { siblingInput }), resultOf(forced, convolution));
}
