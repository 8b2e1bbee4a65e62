/** The burst of multiply-adds that measures the peak does all of them: 12 sums s ← s/2 + 1/2 from 1/2 on, added up at the end. */
import { describe, expect, it } from 'vitest';
import { probe } from '../../support/probe.js';

describe.each(probe.isas)('multiply_add_burst of %s', (isa) => {
  it.each([0, 1, 2, 5, 17])('of %i rounds gives 12·(1 − 2^−(rounds + 1))', (rounds) => {
    expect(probe.multiplyAddBurst(isa, rounds)).toBe(12 * (1 - 2 ** -(rounds + 1)));
  });
});
