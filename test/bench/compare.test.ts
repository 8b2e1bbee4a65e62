/** The comparison of two commits: its command line, what counts as a movement, and two builds of which one is slower or wrong. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { UsageError } from '../../bench/arguments.js';
import { parseCompareArguments } from '../../bench/compare/arguments.js';
import { compareLayer, type ComparedLayer } from '../../bench/compare/layer.js';
import { judgeMovement } from '../../bench/compare/movement.js';
import { main } from '../../bench/compare/run.js';
import { comparisonRemarks, comparisonTables } from '../../bench/compare/table.js';
import { makeProblem, seededValues } from '../../bench/problem.js';
import { shapes } from '../../bench/shapes.js';
import { Conv, type FloatTensor, tensor } from '../../lib/index.js';

describe('the command line', () => {
  afterEach(() => void vi.restoreAllMocks());

  it('is BASE [HEAD] and options', () => {
    expect(parseCompareArguments(['main'])).toEqual({
      base: 'main',
      head: undefined,
      full: false,
      filter: undefined,
      threads: [1],
      tolerance: 1e-5,
      json: false,
    });
    const words = 'v1 v2 --full --filter dw --threads 1,2 --tolerance 0 --json';
    expect(parseCompareArguments(words.split(' '))).toEqual({
      base: 'v1',
      head: 'v2',
      full: true,
      filter: /dw/,
      threads: [1, 2],
      tolerance: 0,
      json: true,
    });
    expect(parseCompareArguments(['--help'])).toBeNull();
  });

  it.each([[[]], [['a', 'b', 'c']], [['a', '--fast']], [['a', '--threads', '0']]])('refuses %j', (argv) => {
    expect(() => parseCompareArguments(argv)).toThrow(UsageError);
  });

  it('prints its usage for --help, and returns 2 for wrong use, 1 for a commit that is none', async () => {
    const out = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    const err = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    expect(await main(['--help'])).toBe(0);
    expect(out.mock.calls.join('')).toContain('BASE [HEAD]');
    out.mockClear();
    expect(await main([])).toBe(2);
    expect(await main(['no-such-commit'])).toBe(1);
    expect(err.mock.calls.join('')).toContain('no-such-commit');
    expect(out).not.toHaveBeenCalled();
  });
});

describe('judgeMovement', () => {
  /** Twenty rounds: the time, up to `spread` longer. */
  const series = (time: number, spread: number, seed: number): number[] =>
    [...seededValues(20, seed)].map((value) => time * (1 + spread * ((value + 1) / 2) ** 2));

  it('calls 10 % a movement where rounds agree within 3 %, and 1 % none', () => {
    const [base, again] = [series(10, 0.03, 4), series(10, 0.03, 5)];
    expect(judgeMovement(base, again, series(9, 0.03, 6))).toMatchObject({ verdict: 'faster' });
    expect(judgeMovement(base, again, series(11, 0.03, 6))).toMatchObject({ verdict: 'slower' });
    for (const head of [9.9, 10, 10.1]) expect(judgeMovement(base, again, series(head, 0.03, 6))).toMatchObject({ verdict: 'same' });
    const { speed, interval, noise } = judgeMovement(base, again, series(9, 0.03, 6));
    expect(speed).toBeCloseTo(10 / 9, 2);
    expect(interval[0]).toBeLessThanOrEqual(speed);
    expect(interval[1]).toBeGreaterThanOrEqual(speed);
    expect(noise).toBeGreaterThanOrEqual(0.02);
  });

  it('calls nothing a movement that equal builds show too', () => {
    const disturbed = [...series(10, 0.02, 4)];
    expect(judgeMovement(disturbed, series(8.5, 0.02, 5), series(9, 0.02, 6)).verdict).toBe('same');
    expect(judgeMovement(series(8.5, 0.02, 5), disturbed, series(9.2, 0.02, 6)).verdict).toBe('same');
  });

  it('needs more than one lucky round', () => {
    const base = series(10, 0.01, 4);
    const head = series(10, 0.01, 6).map((time, round) => (round === 7 ? 8 : time));
    expect(judgeMovement(base, series(10, 0.01, 5), head).verdict).toBe('same');
  });
});

describe('compareLayer', () => {
  const problem = makeProblem(shapes.find(({ name }) => name === 'ctx21_64_d4')!);
  const face = { Conv, tensor };
  const compare = (head: typeof face): Promise<ComparedLayer> =>
    compareLayer(problem, { threads: 1, tolerance: 1e-5 }, [face, head], { budgetMilliseconds: 20, rounds: 3, placements: 2 });

  /** `Conv` with something else done in `run`. */
  const altered = (change: (run: () => FloatTensor) => FloatTensor): typeof face => ({
    Conv: class extends Conv {
      override run(...parameters: Parameters<Conv['run']>): FloatTensor {
        return change(() => super.run(...parameters));
      }
    },
    tensor,
  });

  it('finds a head that does everything three times slower, with the same bits', async () => {
    const head = altered((run) => {
      run();
      run();
      return run();
    });
    const layer = await compare(head);
    expect(layer).toMatchObject({ sameBits: true, movement: { verdict: 'slower' }, base: { failure: null }, head: { failure: null } });
    expect(layer.movement!.speed).toBeLessThan(0.6);
  });

  it('times nothing where a result is wrong, and says whose', async () => {
    const layer = await compare(
      altered((run) => {
        const result = run();
        result.data[5]! += 1;
        return result;
      }),
    );
    expect(layer).toMatchObject({ sameBits: null, movement: null, base: { failure: null, milliseconds: null } });
    expect(layer.head.failure).toMatch(/times the allowed error/);
  });

  it('goes on where a build refuses the layer', async () => {
    const layer = await compare(
      altered(() => {
        throw new Error('not yet');
      }),
    );
    expect(layer.head).toEqual({ algorithm: null, failure: 'not yet', milliseconds: null });
    expect(comparisonTables([layer])[0]!.rows[0]!.slice(0, 4)).toEqual(['ctx21_64_d4', `${layer.base.algorithm} → –`, '–', 'FAILED']);
    expect(comparisonRemarks([layer])).toEqual([
      'The head is faster on 0 of 1',
      'The head is slower on 0 of 1',
      'FAILED: ctx21_64_d4, head: not yet',
    ]);
  });

  it('is reported in a line, and by name where it moved', () => {
    const side = { algorithm: 'direct-k-lanes', failure: null, milliseconds: 2 };
    const movement = { speed: 1.25, interval: [1.2, 1.26], noise: 0.02, verdict: 'faster' } as const;
    const layer = { name: 'a', threads: 2, base: side, head: { ...side, milliseconds: 1.6 }, sameBits: true, movement };
    const [table] = comparisonTables([layer]);
    expect(table!.rows).toEqual([['a', 'direct-k-lanes', '2.00', '1.60', '1.25×', '1.200…1.260', '±2.0 %', 'same', 'faster']]);
    expect(comparisonRemarks([layer])[0]).toBe('The head is faster on 1 of 1: a 1.25× (2 threads)');
  });
});
