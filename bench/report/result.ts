/** What a run of the benchmark found: what the table, the JSON file and the picture are made of. */
import type { Layout } from '../../lib/types.js';
import type { Machine } from '../machine.js';
import type { Published } from '../shapes.js';
import type { Timing } from '../timing.js';

/** `'wrong'`: its result failed the check, so it has no time. `'unsupported'`: it has no such convolution. `'skipped'`: would take too long. */
export type Status = 'timed' | 'wrong' | 'unsupported' | 'skipped' | 'failed';

export interface Entry {
  /** An instruction set, 'typescript', or a peer. */
  readonly name: string;
  readonly kind: 'native' | 'typescript' | 'peer';
  readonly threads: number;
  readonly status: Status;
  readonly algorithm: string | null;
  /** Why it has no time. */
  readonly note: string | null;
  readonly timing: Timing | null;
  /** Largest error as a share of the numerical bound; null where it is not checked under it. */
  readonly maxErrorOverBound: number | null;
  /** Largest error as a share of the output's standard deviation. */
  readonly maxErrorOverDeviation: number | null;
}

export interface LayerResult {
  readonly name: string;
  readonly network: string;
  readonly inputDims: readonly number[];
  readonly weightDims: readonly number[];
  /** Of ours; dims are channels first. */
  readonly layout: Layout;
  readonly stride: readonly number[];
  readonly dilation: readonly number[];
  readonly groups: number;
  /** Products of the plain formula, every tap counted. */
  readonly multiplies: number;
  readonly goalPercent: number | null;
  /** The fastest library known, elsewhere, by number of threads: see shapes.ts. */
  readonly published: Readonly<Record<number, Published>>;
  readonly entries: readonly Entry[];
  /** How far we are from another's result for the same layer, where there is one beside the reference. */
  readonly comparison: Comparison | null;
}

export interface Comparison {
  readonly ok: boolean;
  readonly maxDifferenceOverDeviation: number;
  /** At most 1: both results may be off by the numerical bound, so the share is of twice that. */
  readonly maxDifferenceOverBounds: number;
}

/** What one kind of run adds to the facts of the machine. */
export interface Findings {
  readonly title: string;
  readonly threads: readonly number[];
  /** That short algorithms were held to; 0: direct kernels only. */
  readonly tolerance: number;
  /** Of every peer that took part. */
  readonly peerVersions: Readonly<Record<string, string>>;
  readonly layers: readonly LayerResult[];
  /** What limits the result: a missing binary, missing peers. */
  readonly notes: readonly string[];
}

export interface BenchResult extends Findings {
  /** ISO 8601, UTC. */
  readonly date: string;
  readonly version: string;
  readonly machine: Machine;
  /** Instruction sets of the native backend, best first. */
  readonly isas: readonly string[];
  /** FMA peak of one core for each instruction set, GFLOP/s, measured between the layers. */
  readonly peak: Readonly<Record<string, number>>;
}

/** Whether there were native results, and all of ours were right. A peer's failure is its own. */
export function isRight({ isas, layers }: BenchResult): boolean {
  const ours = layers.flatMap(({ entries }) => entries.filter(({ kind }) => kind !== 'peer'));
  return isas.length > 0 && ours.every(({ status }) => status === 'timed') && layers.every(({ comparison }) => comparison?.ok !== false);
}

/** The entry of one contender, if it took part. */
export function entryOf(layer: LayerResult, name: string, threads: number): Entry | undefined {
  return layer.entries.find((entry) => entry.name === name && entry.threads === threads);
}

export function milliseconds(entry: Entry | undefined): number | null {
  return entry?.timing?.milliseconds ?? null;
}

/** 2 · multiplies of the plain formula ÷ time. */
export function gigaflops(layer: LayerResult, time: number): number {
  return (2 * layer.multiplies) / time / 1e6;
}

/** Peak of `threads` cores for an instruction set; peers and TypeScript are measured by the best one. Null when there is no addon to measure with. */
export function peakOf(result: BenchResult, isa: string, threads: number): number | null {
  const peak = result.peak[isa] ?? result.peak[result.isas[0] ?? ''];
  return peak === undefined ? null : peak * Math.min(threads, result.machine.cpus);
}

/** The fastest peer with at most `threads` threads. */
export function bestPeer(layer: LayerResult, threads: number): { name: string; milliseconds: number } | null {
  let best: { name: string; milliseconds: number } | null = null;
  for (const { kind, name, threads: count, timing } of layer.entries) {
    if (kind !== 'peer' || count > threads || !timing) continue;
    if (!best || timing.milliseconds < best.milliseconds) best = { name, milliseconds: timing.milliseconds };
  }
  return best;
}

/** What the summary rows of our own are about: the best instruction set, or pure TypeScript where there is no binary. */
export function ownName(result: BenchResult): string {
  return result.isas[0] ?? 'typescript';
}

/** Null of nothing. */
export function geometricMean(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  if (known.length === 0) return null;
  return Math.exp(known.reduce((sum, value) => sum + Math.log(value), 0) / known.length);
}
