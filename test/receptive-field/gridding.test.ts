/** Holes, lattices and the rule of hybrid dilated convolution: examples, every small schedule, enumerated paths, errors. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { coverage } from '../../lib/receptive-field/coverage.js';
import { griddingStep } from '../../lib/receptive-field/gridding-step.js';
import { hasHoles } from '../../lib/receptive-field/has-holes.js';
import { hdcRule, type HdcRuleOptions } from '../../lib/receptive-field/hdc-rule.js';
import { stackFields } from '../../lib/receptive-field/fields.js';
import { layerBegins, readLayers, type WindowLayer } from '../../lib/receptive-field/window-layer.js';
import { rejected } from '../geometry/arguments.js';
import { convolutionStack, dilated, mixedStack, repeat } from './layers.js';
import { published, stackOf } from './published.js';

function divisor(a: number, b: number): number {
  while (b > 0) [a, b] = [b, a % b];
  return a;
}

describe('hasHoles', () => {
  it.each([
    [3, [1, 2, 4], false],
    [3, [2, 2, 2], true],
    [3, [1, 3, 1], false],
    [3, [1, 2, 9], true],
    [3, [1, 2, 5], false],
    [3, [1, 3, 9], false],
    [3, [1, 3, 10], true],
    [3, [9, 3, 1], false],
    [2, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512], false],
    [2, [1, 3], true],
    [1, [7], false],
    [3, [], false],
  ])('kernel %d, dilations %j: %s', (kernel, dilations, expected) => {
    expect(hasHoles(dilated(kernel, dilations))).toBe(expected);
  });

  it('is exact for every schedule of up to four dilations up to 8, kernels 2, 3, 4, 5, 7', () => {
    let schedules: number[][] = [[]];
    for (let layers = 1; layers <= 4; layers++) {
      schedules = schedules.flatMap((schedule) => Array.from({ length: 8 }, (_, index) => [...schedule, index + 1]));
      for (const kernel of [2, 3, 4, 5, 7]) {
        for (const schedule of schedules) {
          // Order does not matter, which the property test below shows; ascending ones stand for all.
          if (schedule.some((dilation, index) => dilation < (schedule[index - 1] ?? 0))) continue;
          const stack = dilated(kernel, schedule);
          if (hasHoles(stack) !== coverage(stack).holes.length > 0) expect.fail(`kernel ${kernel}, dilations ${schedule.join(', ')}`);
        }
      }
    }
  });

  it('agrees with the coverage of strided stacks in any order', () => {
    fc.assert(
      fc.property(convolutionStack, (layers) => {
        expect(hasHoles(layers)).toBe(coverage(layers).holes.length > 0);
      }),
      { numRuns: 500 },
    );
  });

  it('judges fields of any size', () => {
    const schedule = Array.from({ length: 31 }, (_, index) => 2 ** index);
    expect(hasHoles(dilated(2, schedule))).toBe(false);
    expect(hasHoles(dilated(2, [...schedule.slice(0, 30), 2 ** 30 + 1]))).toBe(true);
  });

  it('looks at every phase behind transposed layers', () => {
    // Of the kernel's 5 taps, phase 0 sees inputs 0, −3 and −6.
    expect(hasHoles([{ kernel: 5, stride: 2, dilation: 3, transposed: true }])).toBe(true);
    expect(hasHoles([{ kernel: 4, stride: 2, padding: 1, transposed: true }])).toBe(false);
    fc.assert(
      fc.property(mixedStack, (layers) => {
        const stack = readLayers(layers);
        const { period } = stackFields(stack, layerBegins(stack, undefined));
        fc.pre(period <= 64);
        const outputs = Array.from({ length: period }, (_, output) => coverage(layers, { output }));
        expect(hasHoles(layers)).toBe(outputs.some(({ holes }) => holes.length > 0));
      }),
    );
  });
});

describe('griddingStep', () => {
  it.each([
    [dilated(3, [2, 2, 2]), 2],
    [dilated(3, [2, 4, 8]), 2],
    [dilated(3, [6, 9]), 3],
    [dilated(3, [1, 9]), 1],
    [[{ kernel: 1, dilation: 5 }, ...dilated(3, [4])], 4],
    [[{ kernel: 1, stride: 2 }, { kernel: 3 }], 2],
    [
      [
        { kernel: 2, stride: 2 },
        { kernel: 3, dilation: 2 },
      ],
      1,
    ],
    [[{ kernel: 1 }], 1],
    [[], 1],
    [[{ kernel: 3, dilation: 6, stride: 2, transposed: true }], 3],
  ] as [WindowLayer[], number][])('%j: %d', (layers, expected) => {
    expect(griddingStep(layers)).toBe(expected);
  });

  it('is the greatest common divisor of the offsets that are seen', () => {
    fc.assert(
      fc.property(mixedStack, (layers) => {
        const stack = readLayers(layers);
        const { period } = stackFields(stack, layerBegins(stack, undefined));
        fc.pre(period <= 64);
        const offsets = Array.from({ length: period }, (_, output) => coverage(layers, { output }).counts).flatMap((counts) =>
          [...counts.keys()].filter((offset) => counts[offset]! > 0),
        );
        expect(griddingStep(layers)).toBe(offsets.reduce(divisor, 0) || 1);
      }),
    );
  });
});

describe('hdcRule', () => {
  it.each([
    [3, [1, 2, 5], 2, true],
    [3, [1, 2, 9], 5, false],
    [3, [2, 2, 2], 2, true],
    [3, [1, 3, 1], 5, false],
    [3, [1, 2], 2, true],
    [3, [5, 9, 17], 9, false],
  ])('kernel %d, dilations %j: M₂ = %d, accepted: %s', (kernel, dilations, m2, accepted) => {
    expect(hdcRule({ kernel, dilations })).toEqual({ m2, accepted });
  });

  it('errs in both directions, as documented', () => {
    expect(hdcRule({ kernel: 3, dilations: [2, 2, 2] }).accepted && hasHoles(dilated(3, [2, 2, 2]))).toBe(true);
    expect(!hdcRule({ kernel: 3, dilations: [1, 3, 1] }).accepted && !hasHoles(dilated(3, [1, 3, 1]))).toBe(true);
  });

  it('agrees with the published cases', () => {
    const cases = published.filter(({ expect: { hdcM2 } }) => hdcM2 !== undefined);
    expect(cases).toHaveLength(1);
    for (const publishedCase of cases) {
      const stack = stackOf(publishedCase);
      expect(hdcRule({ kernel: stack[0]!.kernel, dilations: stack.map(({ dilation }) => dilation ?? 1) }).m2).toBe(
        publishedCase.expect.hdcM2,
      );
    }
  });
});

describe('errors', () => {
  it.each([
    [{ kernel: 3, dilations: [1] }, 'RangeError', 'two or more'],
    [{ kernel: 3, dilations: [1, 0] }, 'RangeError', 'dilations[1]'],
    [{ kernel: 3, dilations: '12' }, 'TypeError', 'dilations'],
    [{ kernel: 3, dilations: [1, 2], stride: 1 }, 'TypeError', "unknown option 'stride'"],
    [{ dilations: [1, 2] }, 'TypeError', 'kernel'],
  ] as [HdcRuleOptions, 'TypeError' | 'RangeError', string][])('hdcRule(%j)', (options, name, part) => {
    expect(() => hdcRule(options)).toThrow(rejected(name, part));
  });

  it('steps of 2^53', () => {
    const layers = repeat(54, { kernel: 2, stride: 2 });
    expect(() => hasHoles(layers)).toThrow(rejected('RangeError', 'layers[52]'));
    expect(() => griddingStep(layers)).toThrow(rejected('RangeError', 'layers[52]'));
  });
});
