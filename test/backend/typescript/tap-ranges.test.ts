/** Runs of outputs with equal taps, on hand-worked axes and against every tap tried one by one. */
import { describe, expect, it } from 'vitest';
import { type Axis, tapRanges } from '../../../lib/backend/typescript/tap-ranges.js';
import { Random } from '../../support/random.js';

const ranges = (axis: Axis) =>
  tapRanges(axis).map(({ outputBegin, outputEnd, tapBegin, tapEnd }) => [[outputBegin, outputEnd], [tapBegin, tapEnd]]); // prettier-ignore

describe('tapRanges', () => {
  it('cuts 33 outputs of a 3-tap kernel with dilation 6 into both borders and the inside', () => {
    expect(ranges({ input: 33, output: 33, kernel: 3, stride: 1, dilation: 6, paddingBegin: 6 })).toEqual([
      [[0, 6], [1, 3]],
      [[6, 27], [0, 3]],
      [[27, 33], [0, 2]],
    ]); // prettier-ignore
  });

  it('meets the middle tap alone where the dilation exceeds the half of the input', () => {
    expect(ranges({ input: 33, output: 33, kernel: 3, stride: 1, dilation: 18, paddingBegin: 18 })).toEqual([
      [[0, 15], [1, 3]],
      [[15, 18], [1, 2]],
      [[18, 33], [0, 2]],
    ]); // prettier-ignore
  });

  it('is one run without padding, whatever the stride', () => {
    expect(ranges({ input: 100, output: 25, kernel: 4, stride: 4, dilation: 1, paddingBegin: 0 })).toEqual([[[0, 25], [0, 4]]]); // prettier-ignore
  });

  it('gives no taps to outputs in padding alone, and none to an empty input', () => {
    expect(ranges({ input: 2, output: 7, kernel: 2, stride: 1, dilation: 1, paddingBegin: 3 })).toEqual([
      [[0, 2], [0, 0]],
      [[2, 3], [1, 2]],
      [[3, 4], [0, 2]],
      [[4, 5], [0, 1]],
      [[5, 7], [0, 0]],
    ]); // prettier-ignore
    expect(ranges({ input: 0, output: 3, kernel: 2, stride: 1, dilation: 1, paddingBegin: 2 })).toEqual([[[0, 3], [0, 0]]]); // prettier-ignore
    expect(ranges({ input: 5, output: 0, kernel: 1, stride: 1, dilation: 1, paddingBegin: 0 })).toEqual([]);
  });

  it('agrees with every tap tried one by one, in at most 2·kernel + 1 runs', () => {
    const random = new Random(1);
    for (let round = 0; round < 500; round++) {
      const axis: Axis = {
        input: random.integer(0, 20),
        output: random.integer(0, 30),
        kernel: random.integer(1, 6),
        stride: random.integer(1, 4),
        dilation: random.integer(1, 7),
        paddingBegin: random.integer(0, 25),
      };
      const runs = tapRanges(axis);
      expect(runs.length).toBeLessThanOrEqual(2 * axis.kernel + 1);
      const covered = runs.flatMap(({ outputBegin, outputEnd, tapBegin, tapEnd }) =>
        Array.from({ length: outputEnd - outputBegin }, (_, index) => ({
          output: outputBegin + index,
          taps: Array.from({ length: tapEnd - tapBegin }, (_unused, tap) => tapBegin + tap),
        })),
      );
      const expected = Array.from({ length: axis.output }, (_, output) => ({
        output,
        taps: Array.from({ length: axis.kernel }, (_unused, tap) => tap).filter((tap) => {
          const position = output * axis.stride - axis.paddingBegin + tap * axis.dilation;
          return position >= 0 && position < axis.input;
        }),
      }));
      expect(covered).toEqual(expected);
    }
  });
});
