/** The transpose kernel of every instruction set: out[c·outputStride + r] = in[r·inputStride + c], bit by bit. */
import { describe, expect, it } from 'vitest';
import { nanGuard } from '../../support/guarded-array.js';
import { edges, probe } from '../../support/probe.js';
import { Random } from '../../support/random.js';
import { untouched } from './expected-tile.js';

describe.each(probe.isas)('transpose of %s', (isa) => {
  const { lanes } = probe.describe(isa);
  const sizes = [...new Set([0, 1, lanes - 1, lanes, lanes + 1, 2 * lanes + 1])];

  describe.each(sizes)('%i rows', (rows) => {
    it.each(sizes)('%i columns', (columns) => {
      for (const [moreInput, moreOutput] of [
        [0, 0],
        [3, 0],
        [0, 5],
        [7, 1],
      ] as const) {
        const inputStride = columns + moreInput;
        const outputStride = rows + moreOutput;
        // Any bits at all, signaling NaNs among them: nothing is computed.
        const random = new Random(rows * 100 + columns);
        const bits = Uint32Array.from({ length: rows === 0 || columns === 0 ? 0 : (rows - 1) * inputStride + columns }, () =>
          random.bits(),
        );
        const expected = new Uint32Array(rows === 0 || columns === 0 ? 0 : (columns - 1) * outputStride + rows).fill(nanGuard);
        for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) expected[c * outputStride + r] = bits[r * inputStride + c]!;
        const title = `${isa} transpose ${rows}×${columns}, strides ${inputStride} and ${outputStride}`;
        const input = new Float32Array(bits.buffer);
        for (const edge of edges) {
          const output = untouched(expected.length);
          probe.transpose(isa, { title, input, inputStride, output, outputStride, rows, columns }, edge);
          expect(new Uint32Array(output.buffer), title).toEqual(expected);
        }
      }
    });
  });
});
