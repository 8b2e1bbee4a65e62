/** The list of kernel families: each has its test beside this file, and of those that accept a problem the one with the lowest estimate is taken. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeShape } from '../../../lib/backend/native.js';
import { root } from '../../support/built.js';
import { arbitraryConv } from '../../support/arbitrary-conv.js';
import { type ConvCase, inputLength, outputLength } from '../../support/conv-cases.js';
import { probe } from '../../support/probe.js';
import { propertySeed } from './property-seed.js';

const seed = propertySeed();
const folder = join(root, 'native/plan');
const sources = readdirSync(folder).filter((name) => name.endsWith('.cpp'));

/** By the name of its constant: the name that find_candidate knows it by. */
const defined = new Map(
  sources.flatMap((file) =>
    [...readFileSync(join(folder, file), 'utf8').matchAll(/^const Candidate (\w+)\{\s*"([^"]+)"/gm)].map(
      ([, constant, name]) => [constant!, name!] as const,
    ),
  ),
);
const [, list] = /candidates\[\] = \{([^}]*)\}/.exec(readFileSync(join(folder, 'choose.cpp'), 'utf8'))!;
const chosenFrom = list!.split(',').map((item) => item.trim().replace(/^&/, ''));
const names = chosenFrom.map((constant) => defined.get(constant)!);

it('holds every family there is', () => {
  expect(chosenFrom.toSorted()).toEqual([...defined.keys()].sort());
});

it.each(names)('%s has a test', (name) => {
  const test = fileURLToPath(new URL(`${name}.test.ts`, import.meta.url));
  expect(existsSync(test), test).toBe(true);
  expect(readFileSync(test, 'utf8')).toContain(`'${name}'`);
});

describe.each(probe.isas)('%s', (isa) => {
  it('takes the first of the cheapest families that accept the problem', () => {
    fc.assert(
      fc.property(arbitraryConv.filter(isComputed), fc.constantFrom(1, 2, 8), ({ shape, weight }, threads) => {
        const encoded = encodeShape(shape);
        // Of one image: the estimate of several rounds otherwise, and may break a tie.
        const one = encodeShape({ ...shape, batch: 1 });
        const costs = names.map((name) => probe.cost(name, one, weight, isa, threads));
        for (const cost of costs) expect(cost === null || (cost >= 0 && Number.isFinite(cost)), costs.join()).toBe(true);
        const least = Math.min(...costs.filter((cost) => cost !== null));
        expect(probe.choose(encoded, weight, isa, threads), costs.join()).toBe(names[costs.indexOf(least)]);
      }),
      { seed, numRuns: 300 },
    );
  });
});

/** A backend meets no problem without inputs, and computes nothing for one without outputs. */
function isComputed(convolution: ConvCase): boolean {
  return inputLength(convolution.shape) > 0 && outputLength(convolution.shape) > 0;
}
