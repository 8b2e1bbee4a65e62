/** Float arrays inside a larger buffer, at any offset, with guard bands on both sides that show every stray write and every stray read that counts. */
import { expect } from 'vitest';

/** A page on either side, so that a whole tile read or written too far stays inside the buffer. */
const guardLength = 1024;

/** Quiet NaNs with a pattern no computation makes: what is read from a guard turns results into NaN. */
export const nanGuard = 0x7fc5_a5a5;
/** A large finite number, 3.0e38: where NaN is masked away, as by a maximum, this changes a result instead. */
export const largeGuard = 0x7f61_b1e6;

export class GuardedArray {
  readonly view: Float32Array;
  readonly #bits: Uint32Array;
  readonly #begin: number;
  readonly #guard: number;

  /** `offset` elements away from a multiple of 64 bytes relative to the buffer's own start. */
  constructor(contents: Float32Array, offset = 0, guard = nanGuard) {
    this.#begin = guardLength + offset;
    this.#guard = guard;
    const buffer = new ArrayBuffer(4 * (this.#begin + contents.length + guardLength));
    this.#bits = new Uint32Array(buffer).fill(guard);
    this.view = new Float32Array(buffer, 4 * this.#begin, contents.length);
    this.view.set(contents);
  }

  expectIntactGuards(name: string): void {
    const end = this.#begin + this.view.length;
    const changed = this.#bits.findIndex((bits, index) => (index < this.#begin || index >= end) && bits !== this.#guard);
    if (changed >= 0) {
      const place = changed < this.#begin ? `${this.#begin - changed} before the first` : `${changed - end + 1} behind the last`;
      expect.fail(`${name} was written outside its view: element ${place} of ${this.view.length}`);
    }
  }
}
