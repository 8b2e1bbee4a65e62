/** The benchmark of the choice: all plans of a layer, checked and timed, and what is said of the one that is taken. */
import { describe, expect, it } from 'vitest';
import { judge, loadProbe, measureCandidates, type CandidateEntry, type CandidateLayer } from '../../bench/candidates.js';
import { loadNativeSide } from '../../bench/native.js';
import { makeProblem, type Problem } from '../../bench/problem.js';
import { candidateRemarks, candidateTables } from '../../bench/report/candidates.js';
import { shapes } from '../../bench/shapes.js';
import type { Probe } from '../support/probe.js';

const probe = loadProbe()!;
const timing = { budgetMilliseconds: 1, rounds: 1 };
const problemOf = (name: string): Problem => makeProblem(shapes.find((shape) => shape.name === name)!);

describe.each(loadNativeSide().natives)('$isa', (native) => {
  it.each([
    ['tiny8_16_d2', 1e-5, 1],
    ['ctx21_64_d4', 1e-5, 1],
    ['ctx21_64_d4', 0, 2],
    ['ctx21_64_d4_last', 1e-5, 1],
    ['grp32_256_56_d2', 1e-5, 1],
    ['res128_56_s2_d2', 1e-5, 1],
  ])('%s at tolerance %d and %d threads: every plan is right, one is taken, the one that Conv takes', async (name, tolerance, threads) => {
    const problem = problemOf(name);
    const { entries } = await measureCandidates(probe, native.isa, problem, { threads, tolerance }, timing);
    expect(entries.filter((entry) => entry.timing === null)).toEqual([]);
    const families = entries.map((entry) => entry.name);
    expect(new Set(families).size).toBe(families.length);
    expect(families).toContain('direct-k-lanes');
    expect(families.some((family) => family.startsWith('winograd'))).toBe(tolerance > 0 && !/tiny|_s2/.test(name));
    const taken = entries.filter(({ chosen }) => chosen);
    expect(taken.map((entry) => entry.name)).toEqual([native.prepare(problem, { threads, tolerance }).algorithm]);
    expect(taken[0]!.cycles).toBe(Math.min(...entries.map(({ cycles }) => cycles)));
    for (const { name: family, scheme } of entries) expect(scheme !== null).toBe(family.startsWith('winograd-k-lanes'));
  });
});

it('has no time for a plan that is wrong, nor for one that leaves the result of the one before', async () => {
  const spoiling = {
    ...probe,
    allPlans: (problem) => {
      const [first] = probe.allPlans(problem);
      return [
        first!,
        { ...first!, algorithm: 'lazy', chosen: false, run: () => undefined },
        {
          ...first!,
          algorithm: 'off',
          chosen: false,
          run(input, output) {
            first!.run(input, output);
            output[77]! += 1;
          },
        },
      ];
    },
  } satisfies Probe;
  const { entries } = await measureCandidates(spoiling, probe.isas[0]!, problemOf('tiny8_16_d2'), { threads: 1, tolerance: 0 }, timing);
  expect(entries.map((entry) => [entry.name, entry.timing !== null])).toEqual([
    ['direct-k-lanes', true],
    ['lazy', false],
    ['off', false],
  ]);
});

describe('the report', () => {
  const entry = (name: string, milliseconds: number | null, chosen = false): CandidateEntry => ({
    name,
    scheme: name.startsWith('winograd') ? 'open F(4,3) with 6' : null,
    cycles: 2e6,
    chosen,
    maxErrorOverBound: milliseconds === null ? 3 : 0.5,
    timing:
      milliseconds === null
        ? null
        : { milliseconds, medianMilliseconds: milliseconds, cpuShare: 1, roundMilliseconds: [milliseconds], runs: 3 },
  });
  const layers: CandidateLayer[] = [
    { name: 'right', threads: 1, entries: [entry('direct', 10, true), entry('winograd', 12)] },
    { name: 'near', threads: 1, entries: [entry('direct', 10, true), entry('winograd', 9.6)] },
    { name: 'missed', threads: 1, entries: [entry('direct', 10, true), entry('winograd', 8), entry('winograd #2', null)] },
    { name: 'broken', threads: 1, entries: [entry('direct', null, true), entry('winograd', 8)] },
  ];

  it('names what is more than 5 % slower than the fastest', () => {
    expect(layers.map((layer) => judge(layer)?.slowdown ?? null)).toEqual([1, 10 / 9.6, 1.25, null]);
    const [first, missed, ...wrong] = candidateRemarks(layers);
    expect(first).toContain('on 1 of 4 layers');
    expect(missed).toContain('missed, 1 thread: direct 1.25× as long as winograd (open F(4,3) with 6)');
    expect(wrong).toEqual([
      'WRONG: missed, winograd #2: 3.00 times the allowed error',
      'WRONG: broken, direct: 3.00 times the allowed error',
    ]);
  });

  it('sets the choice beside the fastest, and every candidate beside it', () => {
    const [choice, everyone] = candidateTables(layers);
    expect(choice!.rows).toEqual([
      ['right', 'direct', '10.0', '', '10.0', '1.00×'],
      ['near', 'direct', '10.0', 'winograd', '9.60', '1.04×'],
      ['missed', 'direct', '10.0', 'winograd', '8.00', '1.25×'],
      ['broken', 'direct', 'WRONG', '–', '–', '–'],
    ]);
    expect(everyone!.columns).toEqual(['layer', 'direct', 'winograd', 'winograd #2']);
    expect(everyone!.rows[2]).toEqual(['missed', '10.0', '8.00', 'WRONG']);
  });
});
