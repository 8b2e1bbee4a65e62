/** Short algorithms forced one by one: the schemes that compute a shape, what a plan of one gives, and how much it may err. */
import { expect } from 'vitest';
import { titleOfScheme } from '../../../bench/candidates.js';
import type { ConvShape } from '../../../lib/backend/backend.js';
import { encodeShape } from '../../../lib/backend/native.js';
import type { ReferenceResult } from '../../reference/conv.js';
import { type ConvCase, titleOf } from '../../support/conv-cases.js';
import { expectSameBits } from '../../support/expect-within-bound.js';
import { type Edge, edges, probe, type ShortFit, type ShortRunResult, type ShortScheme } from '../../support/probe.js';

export const algorithms = probe.shortAlgorithms();

/**
 * Figures are the largest errors of 2048 tiles; in another sample one may be larger. Of 254 nests of one to three axes, with 16 to 1024
 * channels, none erred by more than 1.34 times what is expected of it.
 */
export const slack = 1.5;

const axes = [0, 1, 2] as const;

/** Every algorithm that computes an axis of the shape, at least once and beside others; regions of one tile, of two, and whole axes. */
export function schemesFor(shape: ConvShape): ShortScheme[] {
  const fits = probe.shortFits(encodeShape(shape));
  if (fits.some((fitting) => fitting.length === 0) || shape.kernel.every((taps) => taps === 1)) return [];
  const schemes: ShortScheme[] = [];
  const most = Math.max(...fits.map((fitting) => fitting.length));
  for (let n = 0; n < most; n++) {
    // Steps apart, so that not always the same two stand side by side.
    const chosen = axes.map((axis) => fits[axis][(n + (2 - axis) * 3) % fits[axis].length]!);
    for (let turn = 0; turn < 3; turn++) schemes.push(schemeOf(shape, chosen, n + turn));
  }
  const names = schemes.map((scheme) => JSON.stringify(scheme));
  return schemes.filter((_, index) => names.indexOf(names[index]!) === index);
}

/** A scheme of the given algorithms whose regions are of another size at every `turn`. */
export function schemeOf(shape: ConvShape, chosen: readonly ShortFit[], turn: number): ShortScheme {
  const region = axes.map((axis) => {
    const sizes = regionsOf(shape, axis, chosen[axis]!.algorithm);
    return sizes[(turn + axis) % sizes.length]!;
  });
  return {
    algorithms: [chosen[0]!.algorithm, chosen[1]!.algorithm, chosen[2]!.algorithm],
    tapGroups: chosen[2]!.tapGroups,
    region: [region[0]!, region[1]!, region[2]!],
  };
}

/** The same algorithms, and the whole image as one region. */
export function inOneRegion(scheme: ShortScheme, shape: ConvShape): ShortScheme {
  return { ...scheme, region: shape.output };
}

function regionsOf(shape: ConvShape, axis: 0 | 1 | 2, algorithm: number): number[] {
  const whole = shape.output[axis];
  const tile = algorithm < 0 ? 1 : algorithms[algorithm]!.outputs * shape.dilation[axis];
  // Padding with values is written out for the whole image only.
  return shape.paddingMode === 'zeros' ? [tile, 2 * tile, whole].filter((size) => size < whole || size === whole) : [whole];
}

export interface SchemeRun {
  readonly isa: string;
  readonly threads?: number;
  /** Default both, which must give the same bits. */
  readonly edge?: Edge;
  /** Of a plan that lends its weights. */
  readonly sibling?: { readonly shape: ConvShape; readonly scheme: ShortScheme };
}

/** What one plan gives for one input after the other, in memory that ends at inaccessible pages. */
export function runScheme(
  convolution: ConvCase,
  scheme: ShortScheme,
  { isa, threads = 1, edge: onlyEdge, sibling }: SchemeRun,
  inputs: readonly Float32Array[] = [convolution.input],
): ShortRunResult {
  const { shape, weight, bias } = convolution;
  const [first, second] = (onlyEdge ? [onlyEdge] : edges).map((edge) =>
    probe.runShort({
      title: `${schemeTitle(scheme)} ${isa} ${threads} threads ${titleOf(convolution)}`,
      shape: encodeShape(shape),
      weight,
      bias,
      isa,
      threads,
      edge,
      scheme,
      sibling: sibling && { shape: encodeShape(sibling.shape), scheme: sibling.scheme },
      inputs,
    }),
  );
  second?.outputs.forEach((output, index) => {
    expectSameBits(output, first!.outputs[index]!);
  });
  return first!;
}

export function outputOf(convolution: ConvCase, scheme: ShortScheme, run: SchemeRun): Float32Array {
  return runScheme(convolution, scheme, run).outputs[0]!;
}

/** What the direct plan gives, on the same instruction set. */
export function directOutput({ description: _, shape, weight, bias }: ConvCase, isa: string, input: Float32Array): Float32Array {
  const rest = { title: 'direct', isa, threads: 1, tolerance: 0, edge: 'end', siblingShape: undefined } as const;
  const output = probe.runPlan({ candidate: 'direct-k-lanes', shape: encodeShape(shape), weight, bias, input, ...rest });
  if (!output) throw new Error('The direct plan accepts every problem');
  return output;
}

/** In words. */
export function schemeTitle(scheme: ShortScheme): string {
  return titleOfScheme(scheme, algorithms);
}

/** The standard deviation of sums of `terms` products of two numbers, each uniform in [−1, 1): a product's is 1/3. */
export function deviationOf({ terms }: ReferenceResult): number {
  return Math.sqrt(terms.reduce((most, count) => Math.max(most, count), 0)) / 3;
}

/** Finite values err by at most `allowed`, and by the rounding of the result itself; the others are the reference's own. */
export function expectWithin(allowed: number, actual: Float32Array, { value }: ReferenceResult, title: string): void {
  expect(actual.length, 'elements').toBe(value.length);
  let worst = 0;
  let where = -1;
  for (let index = 0; index < actual.length; index++) {
    const exact = value[index]!;
    if (Object.is(actual[index], exact)) continue;
    const excess = Math.abs(actual[index]! - exact) / (allowed + 2 ** -23 * Math.abs(exact));
    // NaN where one of them is.
    if (excess <= worst) continue;
    [worst, where] = [Number.isNaN(excess) ? Infinity : excess, index];
  }
  if (worst > 1) expect.fail(`${title}: element ${where} is ${actual[where]}, exactly ${value[where]}: ${worst} times the allowed error`);
}
