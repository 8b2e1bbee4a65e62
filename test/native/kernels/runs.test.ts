/** The kernels of runs of every instruction set against float64, at all lengths around the lanes, and what they do with NaN, infinities and zeros. */
import { describe, expect, it } from 'vitest';
import { edges, probe, type Run, type RunOfTwo } from '../../support/probe.js';
import { Random } from '../../support/random.js';
import { untouched } from './expected-tile.js';

const functions = { clip: 0, leakyRelu: 1, sigmoid: 2 } as const;
const operations = { add: 0, multiply: 1, divide: 2, larger: 3 } as const;
const exact: Readonly<Record<keyof typeof operations, (a: number, b: number) => number>> = {
  add: (a, b) => a + b,
  multiply: (a, b) => a * b,
  divide: (a, b) => a / b,
  larger: Math.max,
};
const numbers = Float32Array.of(NaN, -Infinity, -3e38, -2, -1, -0.25, -1e-45, -0, 0, 1e-45, 0.25, 1, 2, 3e38, Infinity);

/** Units in the last place of the exact value, denormals' being 2^−149. */
function unitsBetween(got: number, expected: number): number {
  if (Object.is(got, expected) || (Number.isNaN(got) && Number.isNaN(expected))) return 0;
  const exponent = Math.max(-126, Math.floor(Math.log2(Math.abs(expected))));
  return Math.abs(got - expected) / 2 ** (exponent - 23);
}

describe.each(probe.isas)('runs of %s', (isa) => {
  const { lanes } = probe.describe(isa);
  const lengths = [...new Set([1, lanes - 1, lanes, lanes + 1, 2 * lanes - 1, 2 * lanes, 2 * lanes + 1, 3 * lanes + 2])].filter(
    (n) => n > 0,
  );

  /** Of both edges the same, into memory that does not overlap. */
  const results = (length: number, run: (output: Float32Array, edge: (typeof edges)[number]) => void): Float32Array => {
    const [begin, end] = edges.map((edge) => {
      const output = untouched(length);
      run(output, edge);
      return output;
    });
    expect(begin).toEqual(end);
    return begin!;
  };
  const map = (name: keyof typeof functions, input: Float32Array, parameters: readonly number[] = [0, 0]) =>
    results(input.length, (output, edge) => {
      const run: RunOfTwo = { title: `${isa} ${name} of ${input.length}`, input, right: Float32Array.from(parameters), output };
      probe.mapRun(isa, functions[name], run, edge);
    });
  const combine = (name: keyof typeof operations, input: Float32Array, right: Float32Array, repeated: boolean) =>
    results(input.length, (output, edge) => {
      const title = `${isa} ${name} of ${input.length}`;
      probe.combineRuns(isa, operations[name], { title, input, right, repeated, output }, edge);
    });

  it.each(lengths)('map_run of %i', (length) => {
    const input = new Random(length).floats(length);
    expect(map('clip', input, [-0.5, 0.25])).toEqual(input.map((x) => Math.min(0.25, Math.max(-0.5, x))));
    expect(map('leakyRelu', input, [0.125])).toEqual(input.map((x) => (x < 0 ? 0.125 * x : x)));
    map('sigmoid', input).forEach((got, index) => {
      expect(unitsBetween(got, 1 / (1 + Math.exp(-input[index]!)))).toBeLessThanOrEqual(3);
    });
  });

  it('map_run of every kind of number', () => {
    expect(map('clip', numbers, [-1, 1])).toEqual(numbers.map((x) => (x < -1 ? -1 : x > 1 ? 1 : x)));
    expect(map('clip', numbers, [0, Infinity])).toEqual(numbers.map((x) => (x < 0 ? 0 : x)));
    expect(map('clip', numbers, [-Infinity, Infinity])).toEqual(numbers);
    expect(map('leakyRelu', numbers, [-3])).toEqual(numbers.map((x) => (x < 0 ? x * -3 : x)));
    expect(map('leakyRelu', numbers, [0])).toEqual(numbers.map((x) => (x < 0 ? x * 0 : x)));
    const sigmoids = map('sigmoid', numbers);
    expect(sigmoids[0]).toBeNaN();
    expect(sigmoids[1]).toBe(0);
    expect(sigmoids[7]).toBe(0.5);
    expect(sigmoids[8]).toBe(0.5);
    expect(sigmoids[14]).toBe(1);
  });

  it('sigmoid is within 3 units in the last place, over all floats', () => {
    // Every 3,001st of them from the smallest to 128, of either sign: a third of a million.
    const last = new Uint32Array(Float32Array.of(128).buffer)[0]!;
    const magnitudes = new Float32Array(Uint32Array.from({ length: Math.ceil(last / 3001) }, (_, index) => index * 3001).buffer);
    const input = Float32Array.from([...magnitudes, ...magnitudes.map((x) => -x)]);
    const got = map('sigmoid', input);
    const worst = got.reduce((most, value, index) => Math.max(most, unitsBetween(value, 1 / (1 + Math.exp(-input[index]!)))), 0);
    expect(worst).toBeLessThanOrEqual(3);
    expect(worst).toBeGreaterThan(0);
  });

  it.each(lengths)('combine_runs of %i', (length) => {
    const random = new Random(length + 1);
    const [left, right] = [random.floats(length), random.floats(length)];
    for (const name of Object.keys(operations) as (keyof typeof operations)[]) {
      expect(combine(name, left, right, false), name).toEqual(left.map((a, index) => exact[name](a, right[index]!)));
      expect(combine(name, left, right.subarray(0, 1), true), `${name}, repeated`).toEqual(left.map((a) => exact[name](a, right[0]!)));
    }
  });

  it('combine_runs of every pair of kinds of numbers', () => {
    const left = Float32Array.from([...numbers].flatMap((a) => Array<number>(numbers.length).fill(a)));
    const right = Float32Array.from([...numbers].flatMap(() => [...numbers]));
    for (const name of Object.keys(operations) as (keyof typeof operations)[]) {
      expect(combine(name, left, right, false), name).toEqual(left.map((a, index) => exact[name](a, right[index]!)));
    }
  });

  it.each(lengths)('mix_runs of %i', (length) => {
    const random = new Random(length + 2);
    const [input, right, part, rightPart] = [random.floats(length), random.floats(length), Math.fround(0.3), Math.fround(0.7)];
    const got = results(length, (output, edge) => {
      probe.mixRuns(isa, { title: `${isa} mix of ${length}`, input, part, right, rightPart, output }, edge);
    });
    got.forEach((value, index) => {
      const [a, b] = [part * input[index]!, rightPart * right[index]!];
      expect(Math.abs(value - (a + b))).toBeLessThanOrEqual(4 * 2 ** -24 * (Math.abs(a) + Math.abs(b)));
    });
  });

  it.each(lengths)('double_run of %i', (length) => {
    const input = new Random(length + 3).floats(length);
    const at = (index: number) => input[Math.max(0, Math.min(length - 1, index))]!;
    const run = (data: Float32Array) =>
      results(2 * length, (output, edge) => {
        const call: Run = { title: `${isa} double of ${length}`, input: data, output };
        probe.doubleRun(isa, call, edge);
      });
    run(input).forEach((value, index) => {
      const near = at(Math.floor(index / 2));
      const far = at(index % 2 === 0 ? index / 2 - 1 : (index + 1) / 2);
      expect(Math.abs(value - (0.75 * near + 0.25 * far))).toBeLessThanOrEqual(4 * 2 ** -24 * (Math.abs(near) + Math.abs(far)));
    });
    // An infinity or NaN reaches the four outputs around it, and no other.
    for (const [place, value] of [
      [0, NaN],
      [length - 1, Infinity],
      [Math.floor(length / 2), NaN],
    ] as const) {
      const holding = input.with(place, value);
      const reached = Array.from(run(holding), Number.isFinite).flatMap((isFinite, index) => (isFinite ? [] : [index]));
      const expected = [2 * place - 1, 2 * place, 2 * place + 1, 2 * place + 2].filter((index) => index >= 0 && index < 2 * length);
      expect(reached).toEqual(expected);
    }
  });
});
