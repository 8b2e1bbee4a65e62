/** The named layers: complete, and in agreement with the figures they were measured with. */
import { describe, expect, it } from 'vitest';
import { outputSize } from '../../lib/geometry/output-size.js';
import { resolvePadding } from '../../lib/geometry/padding.js';
import { requireMatches, UsageError } from '../../bench/arguments.js';
import { sameBits } from '../../bench/check.js';
import { makeProblem, product, resolvedShape, seededValues } from '../../bench/problem.js';
import { multiplyCount, outputSizes, type Shape, shapes } from '../../bench/shapes.js';

describe('named layers', () => {
  it('are 58 with goals and published figures, and others without, each under its own name', () => {
    const goals = shapes.filter(({ goalPercent }) => goalPercent !== null);
    expect(goals).toHaveLength(58);
    for (const { published, batch, stride, layout } of goals) {
      expect(Object.keys(published)).toEqual(['1', '2']);
      expect({ batch, stride, layout }).toEqual({ batch: 1, stride: 1, layout: 'channelsFirst' });
    }
    expect(shapes.filter(({ goalPercent }) => goalPercent === null).every(({ published }) => Object.keys(published).length === 0)).toBe(
      true,
    );
    expect(new Set(shapes.map(({ name }) => name)).size).toBe(shapes.length);
  });

  it('have further layers of each kind', () => {
    const depthwise = (shape: Shape): boolean => shape.groups === shape.inChannels;
    const kinds: readonly (readonly [least: number, kind: (shape: Shape) => boolean])[] = [
      [2, (shape) => shape.stride > 1 && shape.dilation === 1 && !depthwise(shape)],
      [1, (shape) => shape.stride > 1 && shape.dilation > 1 && !depthwise(shape)],
      [2, (shape) => shape.stride > 1 && depthwise(shape)],
      ...[5, 7].map((size) => [2, (shape: Shape) => shape.input.length === 2 && shape.kernel[0] === size && !depthwise(shape)] as const),
      [3, (shape) => shape.input.length === 1 && depthwise(shape)],
      [2, (shape) => shape.layout === 'channelsLast' && depthwise(shape)],
      [10, (shape) => shape.layout === 'channelsLast' && !depthwise(shape)],
      [3, (shape) => shape.batch === 8],
    ];
    for (const [least, kind] of kinds) expect(shapes.filter(kind).length, String(kind)).toBeGreaterThanOrEqual(least);
    for (const { name, layout, goalPercent: _, published: __, ...last } of shapes.filter(({ name }) => name.endsWith('_last'))) {
      expect(layout).toBe('channelsLast');
      expect(shapes.find((shape) => shape.name === name.replace('_last', ''))).toMatchObject({
        ...last,
        quick: expect.any(Boolean) as boolean,
      });
    }
  });

  it('have a quick choice that covers one, two and three dimensions, depthwise, groups and the smallest', () => {
    const quick = shapes.filter((shape) => shape.quick);
    expect(quick.length).toBeGreaterThanOrEqual(10);
    expect(quick.length).toBeLessThanOrEqual(16);
    expect(new Set(quick.map(({ input }) => input.length))).toEqual(new Set([1, 2, 3]));
    for (const word of ['aspp', 'dw', 'grp', 'wavenet', 'tiny']) expect(quick.some(({ name }) => name.startsWith(word))).toBe(true);
    expect(quick.every(({ dilation }) => dilation > 1)).toBe(true);
  });

  it.each(shapes.map((shape) => [shape.name, shape] as const))('%s has the output size of the public formula', (_name, shape) => {
    const sizes = shape.input.map((size, axis) =>
      outputSize(size, { kernel: shape.kernel[axis]!, stride: shape.stride, dilation: shape.dilation, padding: shape.padding }),
    );
    expect(outputSizes(shape)).toEqual(sizes);
    const { batch, output, paddingBegin, paddingEnd, kernel, stride, input, dilation } = resolvedShape(
      makeProblem({ ...shape, inChannels: shape.groups, outChannels: shape.groups }),
    );
    expect(batch).toBe(shape.batch);
    shape.input.forEach((size, index) => {
      const axis = 3 - shape.input.length + index;
      const wanted = { kernel: shape.kernel[index]!, stride: shape.stride, dilation: shape.dilation, padding: shape.padding };
      expect([paddingBegin[axis], paddingEnd[axis]]).toEqual(resolvePadding(size, wanted));
    });
    for (const axis of [0, 1, 2] as const) {
      const padded = input[axis] + paddingBegin[axis] + paddingEnd[axis];
      expect(output[axis]).toBe(Math.floor((padded - dilation[axis] * (kernel[axis] - 1) - 1) / stride[axis]) + 1);
    }
  });

  it('count the products of the plain formula, those in the padding too', () => {
    const count = (name: string): number => multiplyCount(shapes.find((shape) => shape.name === name)!);
    expect(count('aspp256_33_d6')).toBe(256 * 256 * 9 * 33 * 33);
    expect(count('dw128_128_d2')).toBe(128 * 9 * 128 * 128);
    expect(count('grp32_256_56_d2')).toBe(256 * 8 * 9 * 56 * 56);
    expect(count('wavenet_d512')).toBe(64 * 128 * 2 * 16000);
    expect(count('vol32_d1')).toBe(32 * 32 * 27 * 32 ** 3);
    expect(count('stem3to64_224_k7_s2_d1')).toBe(3 * 64 * 49 * 112 * 112);
    expect(count('ctx21_64_b8_d4')).toBe(8 * 21 * 21 * 9 * 64 * 64);
  });

  it('are found by a part of their name or a pattern', () => {
    expect(requireMatches(shapes, /aspp/)).toHaveLength(7);
    expect(requireMatches(shapes, /^ctx21_64_d(4|8)$/).map(({ name }) => name)).toEqual(['ctx21_64_d4', 'ctx21_64_d8']);
    expect(() => requireMatches(shapes, /nothing/)).toThrow(UsageError);
  });
});

describe('seeded data', () => {
  it('is the same every time, of zero mean and uniform over [−1, 1)', () => {
    const values = seededValues(100_000, 1);
    expect(sameBits(seededValues(100_000, 1), values)).toBe(true);
    expect(sameBits(seededValues(100_000, 2), values)).toBe(false);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const square = values.reduce((sum, value) => sum + value * value, 0) / values.length;
    // Standard errors: 1/√(3·10⁵) = 0.0018 and √(4/45)/√10⁵ = 0.00094.
    expect(Math.abs(mean)).toBeLessThan(0.008);
    expect(Math.abs(square - 1 / 3)).toBeLessThan(0.004);
    expect(values.every((value) => value >= -1 && value < 1)).toBe(true);
  });

  it('gives an output of about unit variance of the input', () => {
    const problem = makeProblem(shapes.find(({ name }) => name === 'tiny8_16_d1')!);
    expect(problem.input).toHaveLength(product(problem.inputDims));
    expect(problem.weight).toHaveLength(product(problem.weightDims));
    const power = problem.weight.reduce((sum, value) => sum + value * value, 0) / problem.outputDims[1]!;
    expect(power).toBeCloseTo(1, 0);
  });
});
