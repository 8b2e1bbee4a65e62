/** Seeded random numbers: the same on every machine, so that a failing seed can be run again. */

/** SplitMix32: a counter that steps by the golden ratio, its bits mixed as in MurmurHash3's finalizer. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** An unsigned 32-bit integer. */
  bits(): number {
    this.#state = (this.#state + 0x9e3779b9) | 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return (mixed ^ (mixed >>> 16)) >>> 0;
  }

  /** A number in [0, 1). */
  fraction(): number {
    return this.bits() / 2 ** 32;
  }

  /** An integer from `least` to `most`. */
  integer(least: number, most: number): number {
    return least + Math.floor(this.fraction() * (most - least + 1));
  }

  /** Values in [−1, 1), none of which a float32 sum of few products holds exactly. */
  floats(length: number): Float32Array {
    return Float32Array.from({ length }, () => 2 * this.fraction() - 1);
  }

  /** Integers from −4 to 4: sums of up to 2²⁰ products are exact in float32, in any order. */
  integers(length: number): Float32Array {
    return Float32Array.from({ length }, () => this.integer(-4, 4));
  }
}
