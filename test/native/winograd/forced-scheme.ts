/** Short algorithms forced one by one: the schemes that compute a shape, what a plan of one gives, and how much it may err. */
import { expect } from 'vitest';
import { titleOfNest } from '../../../bench/candidates.js';
import type { ConvShape } from '../../../lib/backend/backend.js';
import { encodeShape } from '../../../lib/backend/native.js';
import type { ReferenceResult } from '../../reference/conv.js';
import { type ConvCase, titleOf } from '../../support/conv-cases.js';
import { expectSameBits } from '../../support/expect-within-bound.js';
import { type Edge, edges, type LaneScheme, probe, type ShortFit, type ShortRunResult, type ShortScheme } from '../../support/probe.js';

export const algorithms = probe.shortAlgorithms();

/**
 * Figures are the largest errors of 2048 tiles; in another sample one may be larger: of 15,000 nests of one to three axes with 1 to 16
 * channels, and up to 225,000 outputs, none erred by more than 1.47 times what is expected of it.
 */
export const slack = 1.75;

const axes = [0, 1, 2] as const;

/** What the lanes of vectors are: output channels of one pixel, or tiles along the width. */
export const families = ['channels in lanes', 'tiles in lanes'] as const;
export type Family = (typeof families)[number];
export type Scheme = ShortScheme | LaneScheme;

export type Fits = readonly [depth: readonly ShortFit[], height: readonly ShortFit[], width: readonly ShortFit[]];

/** For each axis all algorithms that compute it. */
export function fitsFor(family: Family, shape: ConvShape): Fits {
  return family === 'channels in lanes' ? probe.shortFits(encodeShape(shape)) : probe.laneFits(encodeShape(shape));
}

/** Whether algorithms of these numbers compute anything by fewer products. */
export function isShort(chosen: readonly ShortFit[]): boolean {
  return chosen.some(({ algorithm }) => algorithm >= 0);
}

/** Sizes of pieces for each choice of algorithms. A sanitizer makes a plan thirty times as slow. */
const turns = process.env.ATROUS_SANITIZED ? 1 : 3;

/** Every algorithm that computes an axis of the shape, at least once and beside others, in pieces of several sizes. */
export function schemesFor(family: Family, shape: ConvShape): Scheme[] {
  const fits = fitsFor(family, shape);
  if (fits.some((fitting) => fitting.length === 0) || shape.kernel.every((taps) => taps === 1)) return [];
  const schemes: Scheme[] = [];
  const most = Math.max(...fits.map((fitting) => fitting.length));
  for (let n = 0; n < most; n++) {
    // Steps apart, so that not always the same two stand side by side.
    const chosen = axes.map((axis) => fits[axis][(n + (2 - axis) * 3) % fits[axis].length]!);
    if (!isShort(chosen)) continue;
    for (let turn = 0; turn < turns; turn++) schemes.push(schemeOf(family, shape, chosen, n + turn));
  }
  const names = schemes.map((scheme) => JSON.stringify(scheme));
  return schemes.filter((_, index) => names.indexOf(names[index]!) === index);
}

/** A scheme of the given algorithms whose pieces are of another size at every `turn`: regions of one tile, of two, and whole axes. */
export function schemeOf(family: Family, shape: ConvShape, chosen: readonly ShortFit[], turn: number): Scheme {
  const nest = {
    algorithms: [chosen[0]!.algorithm, chosen[1]!.algorithm, chosen[2]!.algorithm],
    tapGroups: chosen[2]!.tapGroups,
  } as const;
  if (family === 'tiles in lanes') return { ...nest, ...lanePieces(turn) };
  const region = axes.map((axis) => {
    const sizes = regionsOf(shape, axis, chosen[axis]!);
    return sizes[(turn + axis) % sizes.length]!;
  });
  const second = chosen.map((fit) => fit.second ?? -1);
  const firstTiles = chosen.map((fit) => fit.firstTiles ?? 0);
  return {
    ...nest,
    region: [region[0]!, region[1]!, region[2]!],
    second: [second[0]!, second[1]!, second[2]!],
    firstTiles: [firstTiles[0]!, firstTiles[1]!, firstTiles[2]!],
  };
}

/** As many as there are. */
const all = 2 ** 30;
/** Slots of point_products that every instruction set has. */
const slots = [[12, 1], [6, 2], [3, 3], [2, 4], [1, 1]] as const; // prettier-ignore

/** Tiles and rows around the vectors' lengths; fewer phases than all are whole vectors of every instruction set. */
export function lanePieces(turn: number): Omit<LaneScheme, 'algorithms' | 'tapGroups'> {
  const [panel, vectors] = slots[turn % slots.length]!;
  const [rows, tiles, phases] = [[all, 1, 2, 3], [all, 2, 1, 5, 3], [all, 16, 32]].map((sizes) => sizes[turn % sizes.length]!); // prettier-ignore
  return { rows: rows!, tiles: tiles!, phases: phases!, panel, vectors };
}

/** The same algorithms, and the whole image as one piece. */
export function inOnePiece(scheme: Scheme, shape: ConvShape): Scheme {
  return 'region' in scheme ? { ...scheme, region: shape.output } : { ...scheme, rows: all, tiles: all, phases: all };
}

function regionsOf(shape: ConvShape, axis: 0 | 1 | 2, { algorithm, second = -1 }: ShortFit): number[] {
  const whole = shape.output[axis];
  if (second >= 0) return [whole];
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
  readonly sibling?: { readonly shape: ConvShape; readonly scheme: Scheme };
}

/** What one plan gives for one input after the other, in memory that ends at inaccessible pages. */
export function runScheme(
  convolution: ConvCase,
  scheme: Scheme,
  { isa, threads = 1, edge: onlyEdge, sibling }: SchemeRun,
  inputs: readonly Float32Array[] = [convolution.input],
): ShortRunResult {
  const { shape, weight, bias } = convolution;
  const [first, second] = (onlyEdge ? [onlyEdge] : edges).map((edge) => {
    const run = {
      title: `${schemeTitle(scheme)} ${isa} ${threads} threads ${titleOf(convolution)}`,
      shape: encodeShape(shape),
      weight,
      bias,
      isa,
      threads,
      edge,
      inputs,
    };
    // A sibling is of the same family.
    const other = sibling && { shape: encodeShape(sibling.shape), scheme: sibling.scheme };
    return 'region' in scheme
      ? probe.runShort({ ...run, scheme, sibling: other as { shape: Int32Array; scheme: ShortScheme } | undefined })
      : probe.runLanes({ ...run, scheme, sibling: other as { shape: Int32Array; scheme: LaneScheme } | undefined });
  });
  second?.outputs.forEach((output, index) => {
    expectSameBits(output, first!.outputs[index]!);
  });
  return first!;
}

export function outputOf(convolution: ConvCase, scheme: Scheme, run: SchemeRun): Float32Array {
  return runScheme(convolution, scheme, run).outputs[0]!;
}

/** What the direct plan gives, on the same instruction set. */
export function directOutput({ description: _, shape, weight, bias }: ConvCase, isa: string, input: Float32Array): Float32Array {
  const rest = { title: 'direct', isa, threads: 1, tolerance: 0, edge: 'end', siblingShape: undefined } as const;
  const output = probe.runPlan({ candidate: 'direct-k-lanes', shape: encodeShape(shape), weight, bias, input, ...rest });
  if (!output) throw new Error('The direct plan accepts every problem');
  return output;
}

/** In words: the algorithms, and the sizes of pieces. */
export function schemeTitle(scheme: Scheme): string {
  const size = (count: number) => (count === all ? 'all' : String(count));
  const pieces =
    'region' in scheme
      ? scheme.region.join('×')
      : `${size(scheme.rows)} rows, ${size(scheme.tiles)} tiles, ${size(scheme.phases)} phases, products ${scheme.panel}×${scheme.vectors}`;
  return `${titleOfNest(scheme, algorithms)} by ${pieces}`;
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
