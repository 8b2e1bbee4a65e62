/** Axes that a kernel does not span are one: a map is planned and computed like the row of its pixels. */
import { describe, expect, it } from 'vitest';
import { Conv, conv, tensor } from '../../../lib/index.js';
import { Random } from '../../support/random.js';

type Dims = readonly number[];

/** A layer of a kernel on an input of one shape and another: [kernel, spatial sizes]. */
const same: readonly (readonly [title: string, map: readonly [Dims, Dims], row: readonly [Dims, Dims], dilation: number])[] = [
  ['a 1×1 kernel on a map', [[1, 1], [23, 7]], [[1], [161]], 1], // prettier-ignore
  ['a 1×1×1 kernel on a volume', [[1, 1, 1], [5, 9, 7]], [[1], [315]], 1], // prettier-ignore
  ['a dilation without taps', [[1, 1], [23, 7]], [[1], [161]], 5], // prettier-ignore
  ['planes of a kernel along the row', [[1, 1, 3], [4, 6, 50]], [[1, 3], [24, 50]], 1], // prettier-ignore
  ['a column', [[3, 1], [50, 1]], [[3], [50]], 2], // prettier-ignore
  ['a column of planes', [[3, 3, 1], [9, 13, 1]], [[3, 3], [9, 13]], 1], // prettier-ignore
  ['a kernel along the depth', [[3, 1, 1], [9, 13, 7]], [[3, 1], [9, 91]], 1], // prettier-ignore
];

describe.each(['channelsFirst', 'channelsLast'] as const)('%s', (layout) => {
  it.each(same)('%s', (_, [kernel, sizes], [rowKernel, rowSizes], dilation) => {
    const [inChannels, outChannels] = [6, 10];
    const run = (taps: Dims, spatial: Dims, dilate: number) => {
      const last = layout === 'channelsLast';
      const weightDims = last ? [...taps, inChannels, outChannels] : [outChannels, inChannels, ...taps];
      const dims = last ? [2, ...spatial, inChannels] : [2, inChannels, ...spatial];
      const of = (lengths: Dims, seed: number) => tensor(new Random(seed).floats(lengths.reduce((a, b) => a * b, 1)), lengths);
      const layer = new Conv(of(weightDims, 1), { layout, dilation: dilate });
      return { plan: layer.plan(dims), data: layer.run(of(dims, 2)).data };
    };
    const [map, row] = [run(kernel, sizes, dilation), run(rowKernel, rowSizes, dilation)];
    expect(map.plan).toEqual(row.plan);
    expect(map.data).toEqual(row.data);
  });

  it('a column and a map share the weights of a layer', () => {
    const last = layout === 'channelsLast';
    const weight = tensor(new Random(1).floats(3 * 5 * 7), last ? [3, 1, 5, 7] : [7, 5, 3, 1]);
    const layer = new Conv(weight, { layout });
    for (const width of [1, 4, 1]) {
      const dims = last ? [1, 20, width, 5] : [1, 5, 20, width];
      const input = tensor(new Random(width).floats(5 * 20 * width), dims);
      expect(layer.run(input).data).toEqual(conv(input, weight, { layout }).data);
    }
  });
});
