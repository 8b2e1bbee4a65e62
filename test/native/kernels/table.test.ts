/**
 * Nothing computes untested: every slot of KernelTable and VecOperations is one that the probe reaches, is filled, and is called by a test
 * beside this file.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { root } from '../../support/built.js';
import { probe } from '../../support/probe.js';

const header = readFileSync(join(root, 'native/kernels/table.hpp'), 'utf8').replaceAll(/\/\/.*$/gm, '');

/** The members of a struct of table.hpp that are functions or arrays of them. */
function functionsOf(struct: string): string[] {
  const [, body] = new RegExp(`^struct ${struct} \\{(.*?)^\\};`, 'ms').exec(header)!;
  return body!.split(';').flatMap((declaration) => {
    const text = declaration.trim().replaceAll(/\s+/g, ' ');
    if (text === '' || /^static |^(const char\*|int) \w+$/.test(text)) return [];
    const [, pointer, value] = /^[\w ]+\(\*(\w+)\)\(|^\w+ (\w+)/.exec(text) ?? [];
    const name = pointer ?? value;
    if (name === undefined) throw new Error(`Not understood in ${struct}: ${text}`);
    return [name];
  });
}

const camelCase = (name: string) => name.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase());

const folder = fileURLToPath(new URL('.', import.meta.url));
const tests = readdirSync(folder)
  .filter((name) => name.endsWith('.test.ts'))
  .map((name) => readFileSync(join(folder, name), 'utf8'))
  .join('\n');

describe.each(probe.isas)('the table of %s', (isa) => {
  const { slots, operations } = probe.describe(isa);

  it('has the slots and operations that are probed, and no others', () => {
    expect(Object.keys(slots).sort()).toEqual(functionsOf('KernelTable').sort());
    expect(Object.keys(operations).sort()).toEqual(functionsOf('VecOperations').sort());
  });

  it('is filled', () => {
    const isFilled = (slot: unknown): boolean => (Array.isArray(slot) ? slot.some(isFilled) : slot === true);
    for (const [name, slot] of Object.entries({ ...slots, ...operations })) expect(isFilled(slot), name).toBe(true);
  });
});

it.each(functionsOf('KernelTable'))('%s is called by a test', (name) => {
  expect(tests).toContain(`probe.${camelCase(name)}(`);
});

it.each(functionsOf('VecOperations'))('the vector operation %s is applied by a test', (name) => {
  expect(tests).toMatch(new RegExp(`(apply|expectEach)\\(\\s*'${name}'`));
});

it.skipIf(process.env.ATROUS_SANITIZED !== '1')('under sanitizers it is the sanitized table', () => {
  const mapped = readFileSync('/proc/self/maps', 'utf8');
  expect(mapped).toMatch(/build-asan\/Release\/atrous_probe\.node/);
  expect(mapped).not.toMatch(/build\/Release\/atrous_probe\.node/);
});
