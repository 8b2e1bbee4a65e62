/** Where our best instruction set stands on each layer: against the peak, the goal, the published figures and ONNX Runtime of the same run. */
import type { Published } from '../shapes.js';
import {
  entryOf,
  geometricMean,
  gigaflops,
  milliseconds,
  ownName,
  peakOf,
  type BenchResult,
  type Entry,
  type LayerResult,
} from './result.js';

export interface Standing {
  readonly layer: string;
  readonly entry: Entry | undefined;
  readonly milliseconds: number | null;
  readonly gigaflops: number | null;
  /** Of the FMA peak of the cores in use. */
  readonly percent: number | null;
  readonly goalPercent: number | null;
  /** Our time on one thread over that on these. */
  readonly scaling: number | null;
  readonly published: Published | null;
  /** Our share of the peak over the published one: those of two machines. */
  readonly overPublished: number | null;
  readonly peerMilliseconds: number | null;
  readonly overPeer: number | null;
}

/** The peer that every layer is measured against. */
export const mainPeer = 'onnxruntime';

/** A goal counts as reached from this share of it on: differences of 5 % are noise. */
const reached = 0.95;

/** What two threads are to gain over one. */
const wantedScaling = 1.85;

export function makeStandings(result: BenchResult, threads: number): Standing[] {
  const own = ownName(result);
  const peak = peakOf(result, own, threads);
  return result.layers.map((layer) => {
    const entry = entryOf(layer, own, own === 'typescript' ? 1 : threads);
    const time = milliseconds(entry);
    const rate = time === null ? null : gigaflops(layer, time);
    const percent = rate === null || peak === null ? null : (100 * rate) / peak;
    const published = comparable(layer.published[threads], result.tolerance);
    const peerTime = milliseconds(entryOf(layer, mainPeer, threads));
    return {
      layer: layer.name,
      entry,
      milliseconds: time,
      gigaflops: rate,
      percent,
      goalPercent: result.tolerance === 0 ? null : goalOf(layer, threads),
      scaling: ratio(milliseconds(entryOf(layer, own, 1)), time),
      published,
      overPublished: ratio(percent, published?.percent ?? null),
      peerMilliseconds: peerTime,
      overPeer: ratio(peerTime, time),
    };
  });
}

/** How many goals are reached, and which layers are below the best published figure; null where the layers have neither. */
export function verdict(standings: readonly Standing[]): string | null {
  const goals = standings.filter(({ goalPercent, percent }) => goalPercent !== null && percent !== null);
  const done = goals.filter(({ goalPercent, percent }) => percent! >= reached * goalPercent!);
  const mean = (key: 'overPublished' | 'overPeer'): string => {
    const value = geometricMean(goals.map((standing) => standing[key]));
    return value === null ? '–' : `${value.toFixed(2)}×`;
  };
  const rated = standings.filter(({ overPublished }) => overPublished !== null);
  const below = rated.filter(({ overPublished }) => overPublished! < 1).sort((a, b) => a.overPublished! - b.overPublished!);
  const parts = [
    ...(goals.length > 0
      ? [
          `${done.length} of ${goals.length} goals reached within 5 %`,
          `these layers in the geometric mean ${mean('overPublished')} published, ${mean('overPeer')} ${mainPeer}`,
        ]
      : []),
    ...(rated.length > 0 ? [`${below.length} of ${rated.length} layers below the best published figure`] : []),
  ];
  if (parts.length === 0) return null;
  const names = below.map(({ layer, overPublished }) => `${layer} ${overPublished!.toFixed(2)}×`);
  return parts.join('; ') + (names.length > 0 ? `: ${names.join(', ')}` : '');
}

/** The goals are of one thread; for two it follows from the scaling that is wanted. */
function goalOf({ goalPercent }: LayerResult, threads: number): number | null {
  if (goalPercent === null || threads > 2) return null;
  return threads === 1 ? goalPercent : (goalPercent * wantedScaling) / 2;
}

/** Direct kernels are compared with direct ones: oneDNN's, and what does not exceed the peak by more than skipped padding can explain. */
function comparable(published: Published | undefined, tolerance: number): Published | null {
  if (!published || (tolerance === 0 && published.library !== 'oneDNN' && published.percent >= 110)) return null;
  return published;
}

function ratio(numerator: number | null, denominator: number | null): number | null {
  return numerator === null || denominator === null ? null : numerator / denominator;
}
