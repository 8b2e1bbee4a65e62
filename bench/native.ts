/** The native implementations that are measured: one for each instruction set that the binary has and the CPU can run. */
import { loadAddon, type NativeAddon } from '../lib/addon.js';
import { createNativeBackend } from '../lib/backend/native.js';
import { features } from '../lib/index.js';
import type { Contender } from './contender.js';
import { prepareBackend, preparePublic, type Execution } from './own.js';
import type { Problem } from './problem.js';

/** One instruction set. */
export interface Native {
  readonly isa: string;
  prepare(problem: Problem, execution: Execution): Contender;
}

/** All of them, and what belongs to them. */
export interface NativeSide {
  /** The default one first; none without a binary. */
  readonly natives: readonly Native[];
  /** CPUs this process may use; null without a binary. */
  readonly cpus: number | null;
  /** Why there is no binary. */
  readonly loadError: string | null;
  readonly peak: FmaPeak;
}

export function loadNativeSide(): NativeSide {
  const loaded = loadAddon();
  if (!('addon' in loaded))
    return { natives: [], cpus: null, loadError: loaded.loadError.message.split('\n')[0]!, peak: new FmaPeak(null) };
  const { addon } = loaded;
  // ATROUS_ISA may have chosen another than the best.
  const first = features().isa;
  const inOrder = [...addon.isas].sort((a, b) => Number(b === first) - Number(a === first));
  return {
    natives: inOrder.map((isa) => ({
      isa,
      prepare: (problem, execution) =>
        isa === first ? preparePublic(problem, execution) : prepareBackend(createNativeBackend(addon, isa), problem, execution),
    })),
    cpus: addon.cpus,
    loadError: null,
    peak: new FmaPeak(addon),
  };
}

/** The FMA peak of one core, sampled between the layers because the clock drifts over a run; the largest sample counts. */
export class FmaPeak {
  readonly #addon: NativeAddon | null;
  readonly #peak: Record<string, number> = {};

  constructor(addon: NativeAddon | null) {
    this.#addon = addon;
  }

  /** Takes 5 ms for each instruction set. */
  sample(): void {
    for (const isa of this.#addon?.isas ?? []) {
      this.#peak[isa] = Math.max(this.#peak[isa] ?? 0, this.#addon!.measurePeak(isa, 5));
    }
  }

  /** GFLOP/s by instruction set. */
  get(): Readonly<Record<string, number>> {
    return { ...this.#peak };
  }
}
