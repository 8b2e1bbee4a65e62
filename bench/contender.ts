/** One implementation made ready for one problem: what is timed. */
export interface Contender {
  /** An instruction set, 'typescript', or a peer's name. */
  readonly name: string;
  readonly threads: number;
  /** Kernel family, where it is known. */
  readonly algorithm: string | null;
  /** Whole convolution, from data that JavaScript holds to data that JavaScript holds. */
  run(): void | Promise<void>;
  /** What the last run computed, [batch, outChannels, …spatial]. */
  output(): Float32Array;
  /** How long its threads keep a CPU busy after a run: the next contender waits for that. Default 0. */
  readonly spinMilliseconds?: number;
  close?(): void | Promise<void>;
}
