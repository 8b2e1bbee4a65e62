/** The native backends that are measured: one for each instruction set that the binary has and the CPU can run. */
import { loadAddon, type NativeAddon } from '../lib/addon.js';
import type { Backend } from '../lib/backend/backend.js';
import { createNativeBackend } from '../lib/backend/native.js';

export interface Natives {
  /** Best first; none without a binary. */
  readonly backends: readonly Backend[];
  /** CPUs this process may use; null without a binary. */
  readonly cpus: number | null;
  /** Why there is no binary. */
  readonly loadError: string | null;
  readonly peak: FmaPeak;
}

export function loadNatives(): Natives {
  const loaded = loadAddon();
  if (!('addon' in loaded))
    return { backends: [], cpus: null, loadError: loaded.loadError.message.split('\n')[0]!, peak: new FmaPeak(null) };
  const { addon } = loaded;
  return {
    backends: addon.isas.map((isa) => createNativeBackend(addon, isa)),
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
