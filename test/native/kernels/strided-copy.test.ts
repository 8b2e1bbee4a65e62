/** Every second element, or one of more, around the lengths of vectors, in memory that ends where the input and the output do. */
import { describe, expect, it } from 'vitest';
import { edges, probe } from '../../support/probe.js';

describe.each(probe.isas)('strided_copy of %s', (isa) => {
  it.each([1, 2, 3, 4, 7])('step %i', (step) => {
    for (const edge of edges) {
      for (let count = 0; count <= 70; count++) {
        // NaN bits, signs of zero and all else stay what they are.
        const length = count === 0 ? 0 : (count - 1) * step + 1;
        const bits = Uint32Array.from({ length }, (_, i) => Math.imul(i + 1, 0x9e3779b9));
        const output = new Float32Array(count).fill(-1);
        const title = `${isa} strided_copy of ${count} by ${step}`;
        probe.stridedCopy(isa, { title, input: new Float32Array(bits.buffer), step, output }, edge);
        expect(new Uint32Array(output.buffer), title).toEqual(bits.filter((_, i) => i % step === 0));
      }
    }
  });
});
