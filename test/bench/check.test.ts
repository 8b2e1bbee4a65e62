/** The check that stands before every time: it must let right results pass and catch wrong ones. */
import { beforeAll, describe, expect, it } from 'vitest';
import { checkAgainst, compareResults, makeReference, roughlyEqual, sameBits, type Reference } from '../../bench/check.js';
import type { Contender } from '../../bench/contender.js';
import { measureLayer } from '../../bench/measure.js';
import type { Native } from '../../bench/native.js';
import { prepareBackend } from '../../bench/own.js';
import { Unsupported, type Peer } from '../../bench/peers/peer.js';
import { makeProblem, type Problem } from '../../bench/problem.js';
import { shapes } from '../../bench/shapes.js';
import { typescriptBackend } from '../../lib/backend/typescript.js';

let problem: Problem;
let reference: Reference;
beforeAll(async () => {
  problem = makeProblem(shapes.find(({ name }) => name === 'tiny8_16_d2')!);
  reference = await makeReference(problem);
});

/** y[k, y, x] by the formula, in float64. */
function directSum({ input, weight }: Problem, k: number, y: number, x: number): { sum: number; absolute: number } {
  let sum = 0;
  let absolute = 0;
  for (let c = 0; c < 8; c++) {
    for (let i = 0; i < 3; i++) {
      for (let j = 0; j < 3; j++) {
        const [row, column] = [y + 2 * i - 2, x + 2 * j - 2];
        if (row < 0 || row > 15 || column < 0 || column > 15) continue;
        const term = input[(c * 16 + row) * 16 + column]! * weight[((k * 8 + c) * 3 + i) * 3 + j]!;
        sum += term;
        absolute += Math.abs(term);
      }
    }
  }
  return { sum, absolute };
}

describe('the reference', () => {
  it('is the plain sum, and its bound (K + 3)·2⁻²⁴·Σ|x·w| + (K + 1)·2⁻¹⁴⁹', () => {
    for (const [k, y, x] of [
      [0, 0, 0],
      [7, 15, 15],
      [3, 8, 9],
      [5, 1, 14],
    ] as const) {
      const { sum, absolute } = directSum(problem, k, y, x);
      const index = (k * 16 + y) * 16 + x;
      expect(reference.output[index]).toBe(Math.fround(sum));
      expect(reference.bound[index]).toBeCloseTo((72 + 3) * 2 ** -24 * absolute + 73 * 2 ** -149, 10);
    }
  });
});

describe('checkAgainst', () => {
  it('passes the right result and one within the bound', () => {
    const check = (output: Float32Array) => checkAgainst(reference, output, 'direct-k-lanes', 1e-5);
    expect(check(reference.output)).toEqual({ ok: true, maxError: 0, maxErrorOverBound: 0 });
    const near = reference.output.map((value, i) => value + 0.5 * reference.bound[i]!);
    expect(check(near)).toMatchObject({ ok: true });
  });

  it('allows a short algorithm the tolerance times the largest Σ|x·w| of the map beside', () => {
    const map = 16 * 16;
    const largest = Math.max(...Array.from({ length: map }, (_, i) => directSum(problem, 3, i >> 4, i & 15).absolute));
    expect(reference.largestOfMap[3 * map + 5]).toBeCloseTo(largest, 4);
    const off = (share: number): Float32Array =>
      reference.output.map((value, i) => value + share * (reference.bound[i]! + 1e-3 * reference.largestOfMap[i]!));
    expect(checkAgainst(reference, off(0.9), 'winograd-k-lanes', 1e-3).ok).toBe(true);
    expect(checkAgainst(reference, off(1.1), 'winograd-k-lanes', 1e-3).ok).toBe(false);
    expect(checkAgainst(reference, off(0.9), 'winograd-k-lanes', 1e-5).ok).toBe(false);
    expect(checkAgainst(reference, off(0.9), 'direct-k-lanes', 1e-3).ok).toBe(false);
  });

  it.each([
    ['one element off by 1.5 times the bound', (output: Float32Array, bound: Float64Array) => (output[77]! += 1.5 * bound[77]!)],
    ['one NaN', (output: Float32Array) => (output[2047] = NaN)],
    ['one infinity', (output: Float32Array) => (output[0] = Infinity)],
  ])('fails %s', (_name, spoil) => {
    const output = reference.output.slice();
    spoil(output, reference.bound);
    expect(checkAgainst(reference, output, null, 0).ok).toBe(false);
  });

  it('fails a result of another length', () => {
    expect(checkAgainst(reference, reference.output.subarray(1), null, 0).ok).toBe(false);
    expect(roughlyEqual(reference, reference.output.subarray(1))).toBe(false);
  });

  it('lets two results that each may be off by the bound differ by twice that', () => {
    const { output, bound } = reference;
    const off = (factor: number): Float32Array => output.map((value, i) => value + factor * bound[i]!);
    expect(compareResults(reference, off(-0.9), off(0.9)).ok).toBe(true);
    expect(compareResults(reference, off(-1.1), off(1.1)).ok).toBe(false);
    expect(compareResults(reference, output, off(NaN)).ok).toBe(false);
  });

  it('tells bits apart that compare equal', () => {
    expect(sameBits(Float32Array.of(0), Float32Array.of(-0))).toBe(false);
    expect(sameBits(Float32Array.of(NaN, 1), Float32Array.of(NaN, 1))).toBe(true);
  });
});

describe('measureLayer', () => {
  const options = { threads: [1, 2], tolerance: 1e-5, budgetMilliseconds: 1, rounds: 1, longestRunSeconds: 1 };

  /** Computes right but for the last bit of one element. */
  const spoiled = (when: (threads: number) => boolean): Native => ({
    isa: 'spoiled',
    prepare(layer, execution) {
      const right = prepareBackend(typescriptBackend, layer, execution);
      return {
        ...right,
        async run() {
          await right.run();
          if (when(execution.threads)) right.output()[1000]! *= 1 + 2 ** -23;
        },
      };
    },
  });

  it('times what is right, and only that', async () => {
    const peer = (name: string, prepare: Peer['prepare'], seconds = 0): Peer => ({
      name,
      version: '0',
      threaded: false,
      expectedSeconds: () => seconds,
      prepare,
    });
    const contender = (output: () => Float32Array): Contender => ({ name: '', threads: 1, algorithm: null, run: () => undefined, output });
    const peers = [
      peer('right', () => Promise.resolve(contender(() => reference.output))),
      peer('off', () => Promise.resolve(contender(() => reference.output.map((value) => value + 1)))),
      peer('lacking', () => Promise.reject(new Unsupported('no groups'))),
      peer('broken', () => Promise.reject(new Error('out of order\nat some place'))),
      peer('slow', () => Promise.reject(new Error('not to be called')), 5),
    ];
    const { entries } = await measureLayer(problem, [], peers, options, () => undefined);
    const found = Object.fromEntries(entries.map(({ name, status, note, timing }) => [name, { status, note, timed: timing !== null }]));
    expect(found).toEqual({
      typescript: { status: 'timed', note: null, timed: true },
      right: { status: 'timed', note: null, timed: true },
      off: { status: 'wrong', note: 'its result differs from ours', timed: false },
      lacking: { status: 'unsupported', note: 'no groups', timed: false },
      broken: { status: 'failed', note: 'out of order', timed: false },
      slow: { status: 'skipped', note: 'one run would take about 5.0 s', timed: false },
    });
  });

  it('calls a result wrong that has other bits with more threads', async () => {
    const { entries } = await measureLayer(problem, [spoiled((threads) => threads === 2)], [], options, () => undefined);
    const [one, two] = entries;
    expect(one).toMatchObject({ name: 'spoiled', threads: 1, status: 'timed' });
    expect(two).toMatchObject({ name: 'spoiled', threads: 2, status: 'wrong', timing: null, note: 'other bits than with fewer threads' });
  });
});
