/**
 * The guide docs/receptive-fields.md: its examples are run, its commands too, and its pictures are drawn anew.
 *
 * A line `expression; // value (remark)` of an example is a claim. `vitest run test/docs -u` writes pictures that have changed.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { analyse } from '../../lib/cli/rf.js';
import { renderPicture } from '../../lib/cli/rf/picture.js';
import * as atrous from '../../lib/index.js';
import { built, root } from '../support/built.js';

const guide = readFileSync(join(root, 'docs/receptive-fields.md'), 'utf8');

/** The fenced blocks of a language, their indentation in lists taken off. */
function blocks(language: string): string[] {
  const fenced = guide.matchAll(new RegExp(`^( *)\`\`\`${language}\\n(.*?)^ *\`\`\`$`, 'gms'));
  return Array.from(fenced, ([, indent, block]) => block!.replaceAll(new RegExp(`^${indent!}`, 'gm'), ''));
}

describe('the examples', () => {
  interface Claim {
    readonly text: string;
    readonly actual: unknown;
    readonly expected: unknown;
  }
  const claims: Claim[] = [];
  const code = blocks('js')
    .join('\n')
    .replace(/^import \{[^}]*\} from 'atrous';$/m, (statement) => statement.replace('import', 'const').replace("from 'atrous'", '= atrous'))
    .replaceAll(/^(.+); \/\/ (.+?)(?: \(.*\))?$/gm, (_, expression: string, value: string) => {
      return `claim(${JSON.stringify(`${expression} is ${value}`)}, (${expression}), (${value}));`;
    });
  // The guide is ours, and its examples are JavaScript: this is how they run.
  // eslint-disable-next-line @typescript-eslint/no-implied-eval
  const run = new Function('atrous', 'claim', code) as (
    library: typeof atrous,
    claim: (...parts: [string, unknown, unknown]) => void,
  ) => void;
  run(atrous, (text, actual, expected) => claims.push({ text, actual, expected }));

  it('make claims, and nothing else is commented', () => {
    expect(claims.length).toBeGreaterThan(50);
    expect(code).not.toContain('//');
  });

  it.each(claims.map((claim) => [claim.text, claim] as const))('%s', (_, { actual, expected }) => {
    expect(actual).toEqual(expected);
  });
});

describe('the commands', () => {
  const commands = blocks('sh').map((block) => block.trim().split(' '));
  const outputs = blocks('text');

  it('have an output each', () => {
    expect(commands.length).toBeGreaterThan(0);
    expect(outputs).toHaveLength(commands.length);
  });

  it.each(commands.map((words, index) => [words.join(' '), words, outputs[index]!] as const))('%s', (_, [npx, name, ...args], output) => {
    expect([npx, name]).toEqual(['npx', 'atrous']);
    const { stdout, status } = spawnSync(process.execPath, [built('cli.js'), ...args], { encoding: 'utf8' });
    expect({ stdout, status }).toEqual({ stdout: output, status: 0 });
  });
});

describe('the pictures', () => {
  const drawn = [...guide.matchAll(/<!-- npx atrous rf (.*) --svg docs\/(.*) -->\n\n<img src="(.*?)" width="\d+" alt="(.+?)">/g)];

  it('are all drawn by the command above them, and described', () => {
    expect(drawn.length).toBeGreaterThan(4);
    expect(drawn).toHaveLength(guide.split('<img').length - 1);
    for (const [, , written, shown] of drawn) expect(shown).toBe(written);
  });

  it.each(drawn.map(([, words, file]) => [file!, words!.split(' ')] as const))('%s', async (file, words) => {
    const { report, draw } = analyse(words);
    await expect(renderPicture(report, draw)).toMatchFileSnapshot(join(root, 'docs', file));
  });
});
