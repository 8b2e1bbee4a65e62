/** One axis as plans see it: which input element a coordinate stands for, and which taps of which outputs lie inside the input, by counting. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Axis, probe } from '../../support/probe.js';
import { propertySeed } from './property-seed.js';

const seed = propertySeed();

describe('source_element', () => {
  const modes = { zeros: 0, reflect: 1, replicate: 2, circular: 3 };
  const row = (mode: number, from: number, to: number, size: number) =>
    Array.from({ length: to - from + 1 }, (_, i) => probe.sourceElement(mode, from + i, size));

  it.each([
    ['zeros', [-1, -1, -1, 0, 1, 2, 3, -1, -1, -1]],
    ['reflect', [3, 2, 1, 0, 1, 2, 3, 2, 1, 0]],
    ['replicate', [0, 0, 0, 0, 1, 2, 3, 3, 3, 3]],
    ['circular', [1, 2, 3, 0, 1, 2, 3, 0, 1, 2]],
  ] as const)('%s: three before and behind 0 1 2 3 are %j', (mode, expected) => {
    expect(row(modes[mode], -3, 6, 4)).toEqual(expected);
  });

  it('repeats a single element', () => {
    expect(row(modes.replicate, -2, 2, 1)).toEqual([0, 0, 0, 0, 0]);
    expect(row(modes.circular, -1, 1, 1)).toEqual([0, 0, 0]);
    expect(row(modes.reflect, 0, 0, 1)).toEqual([0]);
  });

  it('goes as far as each mode allows', () => {
    expect(row(modes.reflect, -4, -4, 5)).toEqual([4]);
    expect(row(modes.reflect, 8, 8, 5)).toEqual([0]);
    expect(row(modes.circular, -5, -5, 5)).toEqual([0]);
    expect(row(modes.circular, 9, 9, 5)).toEqual([4]);
    expect(probe.sourceElement(modes.replicate, -(2 ** 30), 5)).toBe(0);
    expect(probe.sourceElement(modes.replicate, 2 ** 30, 5)).toBe(4);
  });
});

const arbitraryAxis: fc.Arbitrary<Axis> = fc.record({
  input: fc.integer({ min: 1, max: 40 }),
  output: fc.integer({ min: 1, max: 60 }),
  kernel: fc.integer({ min: 1, max: 7 }),
  stride: fc.integer({ min: 1, max: 5 }),
  dilation: fc.oneof(fc.integer({ min: 1, max: 60 }), fc.constant(2 ** 29)),
  padding: fc.oneof(fc.integer({ min: 0, max: 80 }), fc.constant(2 ** 30)),
});

/** The taps of output `o` that lie inside the input. */
function tapsInside({ input, kernel, stride, dilation, padding }: Axis, o: number): number[] {
  const all = Array.from({ length: kernel }, (_, t) => t);
  return all.filter((t) => {
    const coordinate = o * stride - padding + t * dilation;
    return coordinate >= 0 && coordinate < input;
  });
}

describe('of any axis', () => {
  const property = (check: (axis: Axis) => void) => {
    fc.assert(fc.property(arbitraryAxis, check), { seed, numRuns: 1000 });
  };

  it('tap_runs cover the outputs in order, each with exactly the taps inside', () => {
    property((axis) => {
      let next = 0;
      let previous: readonly number[] = [];
      for (const [begin, end, tapBegin, tapEnd] of probe.tapRuns(axis)) {
        expect(begin).toBe(next);
        expect(end).toBeGreaterThan(begin);
        expect(previous, 'runs are as long as they can be').not.toEqual([tapBegin, tapEnd]);
        expect(tapBegin >= 0 && tapBegin <= tapEnd && tapEnd <= axis.kernel, `taps ${tapBegin} … ${tapEnd}`).toBe(true);
        const taps = Array.from({ length: tapEnd - tapBegin }, (_, t) => tapBegin + t);
        for (let o = begin; o < end; o++) expect(tapsInside(axis, o), `output ${o}`).toEqual(taps);
        next = end;
        previous = [tapBegin, tapEnd];
      }
      expect(next).toBe(axis.output);
    });
  });

  it('tap_runs are at most 2·kernel + 1 at stride 1', () => {
    property((axis) => {
      expect(probe.tapRuns({ ...axis, stride: 1 }).length).toBeLessThanOrEqual(2 * axis.kernel + 1);
    });
  });

  it('outputs_inside counts the outputs that have a tap inside, and valid_tap_fraction all of them', () => {
    property((axis) => {
      const inside = Array.from({ length: axis.output }, (_, o) => tapsInside(axis, o));
      const counts = Array.from({ length: axis.kernel }, (_, t) => inside.filter((taps) => taps.includes(t)).length);
      expect(counts.map((_, t) => probe.outputsInside(axis, t))).toEqual(counts);
      const total = counts.reduce((sum, count) => sum + count, 0);
      expect(probe.validTapFraction(axis)).toBeCloseTo(total / (axis.kernel * axis.output), 12);
    });
  });
});
