/** The command `atrous`, run as a user runs it: exit codes, what goes to stdout and what to stderr. */
import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { features } from '../../lib/index.js';
import packageJson from '../../package.json' with { type: 'json' };
import { built } from '../support/built.js';

function atrous(args: readonly string[], environment: Record<string, string> = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [built('cli.js'), ...args], {
    encoding: 'utf8',
    env: { ...process.env, ...environment },
  });
  return { status, stdout, stderr };
}

const commands = ['info', 'verify', 'bench', 'build'];

describe('atrous', () => {
  it('prints its usage to stdout when asked, naming every command', () => {
    const { status, stdout, stderr } = atrous(['--help']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    for (const command of commands) expect(stdout).toMatch(new RegExp(`^  ${command} `, 'm'));
  });

  it('prints its usage to stderr when called with nothing, and fails with 2', () => {
    expect(atrous([])).toEqual({ status: 2, stdout: '', stderr: expect.stringContaining('Usage: atrous') as string });
  });

  it('prints the version', () => {
    expect(atrous(['--version'])).toEqual({ status: 0, stdout: `${packageJson.version}\n`, stderr: '' });
  });

  it.each(['inf', 'toString', '__proto__', '--verbose'])('does not know the command %s: exit code 2, no stack', (name) => {
    const { status, stdout, stderr } = atrous([name]);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(`'${name}'`);
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  it.each(commands)('%s has --help', (command) => {
    const { status, stdout, stderr } = atrous([command, '--help']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(new RegExp(`^Usage: .*\\b${command}\\b`));
  });

  it.each(commands)('%s does not know --colour, nor a stray word: exit code 2, no stack', (command) => {
    for (const stray of ['--colour', 'stray']) {
      const { status, stdout, stderr } = atrous([command, stray]);
      expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
      expect(stderr).toContain(stray);
      expect(stderr).not.toMatch(/^\s+at /m);
    }
  });

  it('says what is wrong with the environment: exit code 1, no stack', () => {
    const { status, stdout, stderr } = atrous(['info'], { ATROUS_ISA: 'mmx' });
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(/ATROUS_ISA.*mmx/);
    expect(stderr).not.toMatch(/^\s+at /m);
  });
});

describe('atrous info', () => {
  it('prints what features() says', () => {
    const { status, stdout, stderr } = atrous(['info', '--json']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const { version, backend, isa, isas, threads } = features();
    expect(JSON.parse(stdout)).toMatchObject({ version, backend, isa, isas, threads, node: process.versions.node });
  });

  it('prints the same for people', () => {
    const { status, stdout } = atrous(['info']);
    expect(status).toBe(0);
    expect(stdout).toMatch(new RegExp(`^isa +${features().isa}$`, 'm'));
  });
});

describe('atrous verify', () => {
  it('checks every problem on the instruction set asked for', () => {
    const { status, stdout } = atrous(['verify', '--isa', 'scalar', '--json']);
    expect(status).toBe(0);
    const rows = JSON.parse(stdout) as { isa: string; ok: boolean; maxErrorOverBound: number }[];
    expect(rows.length).toBeGreaterThan(10);
    for (const row of rows) {
      expect(row).toMatchObject({ isa: 'scalar', ok: true });
      expect(row.maxErrorOverBound).toBeLessThanOrEqual(1);
    }
  });

  it('checks every instruction set by default', () => {
    const { status, stdout, stderr } = atrous(['verify', '--json'], { ATROUS_ISA: '' });
    const { isas } = features();
    expect(status).toBe(0);
    expect(new Set((JSON.parse(stdout) as { isa: string }[]).map(({ isa }) => isa))).toEqual(new Set(isas));
    for (const isa of isas) expect(stderr).toContain(isa);
  });

  it('fails where there is no native backend to verify', () => {
    const { status, stdout, stderr } = atrous(['verify'], { ATROUS_BACKEND: 'typescript' });
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toContain('typescript');
  });
});
