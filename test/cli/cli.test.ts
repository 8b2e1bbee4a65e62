/** The command `atrous`, run as a user runs it: exit codes, what goes to stdout and what to stderr. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
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

const commands = ['info', 'verify', 'rf', 'bench', 'build'];

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

describe('atrous rf', () => {
  const folder = mkdtempSync(join(tmpdir(), 'atrous-rf-'));

  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('prints a row for every layer, and what the stack sees', () => {
    const { status, stdout, stderr } = atrous(['rf', '3x3d1', '3x3d2', '3x3d4']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^3x3d2 +3×3 +2 +1 +7×7 +1 +3 +none$/m);
    expect(stdout).toContain('The stack sees 15×15, without holes.');
  });

  it('prints the same for programs, sizes too', () => {
    const { stdout } = atrous(['rf', '3x3d2', '3x3d2', '--input', '32x48', '--json']);
    const { layers } = JSON.parse(stdout) as { layers: unknown[] };
    expect(layers[1]).toMatchObject({ field: [9, 9], jump: [1, 1], center: [4, 4], touched: 25, hasHoles: true, outputSize: [24, 40] });
  });

  it('knows networks by name', () => {
    const { status, stdout, stderr } = atrous(['rf', 'drn-d-22', '--input', '224']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^layer8\.0 +3×3 +1 +1 +28×28 +527×527 +8 +0 +none$/m);
    expect(stdout).toContain('The network sees 527×527, without holes.');
  });

  it('writes pictures and pages that stand alone', () => {
    const [svg, html] = ['field.svg', 'field.html'].map((name) => join(folder, name)) as [string, string];
    expect(atrous(['rf', 'k2d1causal', 'k2d2causal', '--svg', svg, '--html', html])).toMatchObject({ status: 0, stderr: '' });
    expect(readFileSync(svg, 'utf8')).toMatch(/^<svg /);
    expect(readFileSync(html, 'utf8')).toMatch(/^<!doctype html>/);
  });

  it.each([
    [['rf'], 'Expected the layers of a stack'],
    [['rf', 'drn-d-23'], 'drn-d-22'],
    [['rf', 'toString'], "received 'toString'"],
    [['rf', '3x3d2q'], '  3x3d2q\n       ^\n'],
    [['rf', '3x3', '--input', '32x32x32'], '--input'],
    [['rf', '3x3', '--input', 'large'], "'large'"],
    [['rf', '3x3', 't3x3s2o2'], 'layer 2 (t3x3s2o2).outputPadding'],
    [['rf', '3x3s2same'], 'Expected --input to be given'],
    [['rf', '5x5', '--input', '4'], 'layer 1 (5x5)'],
    [['rf', '3x3', '--input', '99999999999'], '--input'],
  ])('%j: exit code 2, no stack', (args, part) => {
    const { status, stdout, stderr } = atrous(args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(part);
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  it('says where it can not write: exit code 1', () => {
    const { status, stderr } = atrous(['rf', '3x3', '--svg', join(folder, 'missing', 'field.svg')]);
    expect(status).toBe(1);
    expect(stderr).toContain('missing');
  });
});
