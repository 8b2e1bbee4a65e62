/** The pool of threads, and how many CPUs it may use. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root } from '../support/built.js';
import { runScript, type ScriptOptions } from '../support/child-process.js';

const linux = process.platform === 'linux';

function skipped(condition: boolean, what: string, needs: string): boolean {
  if (condition) process.stderr.write(`SKIPPED: test/native/threads.test.ts: ${what} needs ${needs}\n`);
  return condition;
}

/** Runs the script, which must end by itself and well, and gives what it reported. */
async function outputOf(script: string, options?: ScriptOptions): Promise<unknown[]> {
  const { code, signal, output, stderr } = await runScript(script, options);
  expect({ code, signal, stderr }, JSON.stringify(output)).toEqual({ code: 0, signal: null, stderr: '' });
  return output;
}

describe('the result', () => {
  it('has the same bits for any number of threads', async () => {
    const script = `
      const expected = native.expected(native.makePlan({ size: 50, threads: 1 }));
      for (const threads of [2, 3, 4, 7, 16, 33]) {
        const made = native.makePlan({ size: 50, threads });
        for (let i = 0; i < 5; i++) report(native.equal(native.expected(made), expected));
      }`;
    expect(await outputOf(script)).toEqual(Array(30).fill(true));
  });

  it('is there when no thread can be started', async () => {
    const script = `
      const right = native.expected(native.makePlan({ threads: 1 }));
      require('node:child_process').execFileSync('prlimit', ['--pid', String(process.pid), '--nproc=1']);
      if (process.getuid() === 0) process.setuid(65534); // the limit does not bind root
      const made = native.makePlan({ threads: 4 }), output = new Float32Array(made.length);
      report(native.equal(native.expected(made), right));
      await made.plan.runAsync(made.input, output);
      report(native.equal(output, right));
      report(require('node:fs').readdirSync('/proc/self/task')
        .map((task) => require('node:fs').readFileSync('/proc/self/task/' + task + '/comm', 'utf8').trim())
        .filter((name) => name.startsWith('atrous')));`;
    if (skipped(!linux || spawnSync('prlimit', ['--version']).status !== 0, 'a process without threads', 'prlimit')) return;
    expect(await outputOf(script)).toEqual([true, true, []]);
  });
});

describe.skipIf(skipped(!linux, 'the list of threads', '/proc'))('threads', () => {
  it('start when they are first needed, as many as were asked for, and stay', async () => {
    const script = `
      const { readFileSync, readdirSync } = require('node:fs');
      const names = () => readdirSync('/proc/self/task').map((task) => readFileSync('/proc/self/task/' + task + '/comm', 'utf8').trim());
      const ours = () => ['atrous', 'atrous-async'].map((ours) => names().filter((name) => name === ours).length);
      // A thread sets its name itself, soon after it starts.
      const settled = async (helpers, lanes) => {
        while (ours().join() !== [helpers, lanes].join()) await new Promise((resolve) => setTimeout(resolve, 1));
        report(ours());
      };
      const run = (threads) => native.expected(native.makePlan({ threads }));
      report(ours());
      run(1); report(ours());
      run(3); await settled(2, 0);
      run(5); await settled(4, 0);
      run(2); await settled(4, 0);
      const made = native.makePlan({ threads: 1 });
      await made.plan.runAsync(made.input, new Float32Array(made.length));
      await settled(4, 1);`;
    expect(await outputOf(script)).toEqual([
      [0, 0],
      [0, 0],
      [2, 0],
      [4, 0],
      [4, 0],
      [4, 1],
    ]);
  });

  it('are bounded, however many are asked for', async () => {
    expect(
      await outputOf('for (const threads of [512, 513, 1e9, 1e300]) report(native.makePlan({ size: 4, threads }).plan.threads);'),
    ).toEqual([512, 512, 512, 512]);
    const script = `
      for (const threads of [0, -1, NaN, '2', undefined]) {
        try { native.addon.createPlan(native.encodedShape(1, 4), new Float32Array(9), null, 'scalar', threads, 'auto', 0, null); report('made'); }
        catch ({ name, code }) { report([name, code]); }
      }`;
    const [range, type] = [
      ['RangeError', 'ERR_ATROUS_ARGUMENT_RANGE'],
      ['TypeError', 'ERR_ATROUS_ARGUMENT_TYPE'],
    ];
    expect(await outputOf(script)).toEqual([range, range, range, type, type]);
  });
});

describe('cpus', () => {
  const script = 'report(native.addon.cpus);';

  it('are at least one and at most what the system shows', async () => {
    const [cpus] = (await outputOf(script)) as [number];
    expect(cpus).toBeGreaterThanOrEqual(1);
    expect(cpus).toBeLessThanOrEqual(availableParallelism());
  });

  const taskset = linux && spawnSync('taskset', ['--version']).status === 0;
  it.skipIf(skipped(!taskset, 'the affinity mask', 'taskset'))('are those of the affinity mask', async () => {
    const first = /Cpus_allowed_list:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))![1]!;
    expect(await outputOf(script, { through: ['taskset', '-c', first] })).toEqual([1]);
  });

  // A group that this process may make, of either version, with a quota of half a CPU.
  const makers: readonly (readonly [folder: string, write: (group: string) => void])[] = [
    [
      '/sys/fs/cgroup/cpu',
      (group) => {
        writeFileSync(join(group, 'cpu.cfs_quota_us'), '50000');
      },
    ],
    [
      '/sys/fs/cgroup',
      (group) => {
        writeFileSync(join(group, 'cpu.max'), '50000 100000');
      },
    ],
  ];
  const group = makers
    .filter(([folder]) => linux && existsSync(join(folder, 'cgroup.procs')))
    .map(([folder, limit]) => {
      const path = join(folder, `atrous-test-${process.pid}`);
      try {
        mkdirSync(path);
        limit(path);
        return path;
      } catch {
        if (existsSync(path)) rmdirSync(path);
        return undefined;
      }
    })
    .find((path) => path !== undefined);
  afterAll(() => {
    if (group !== undefined) rmdirSync(group);
  });
  it.skipIf(skipped(group === undefined, 'a real CPU quota', 'the right to make a cgroup'))('are those of the CPU quota', async () => {
    expect(await outputOf(script, { through: ['sh', '-c', `echo $$ > ${group!}/cgroup.procs && exec "$@"`, 'sh'] })).toEqual([1]);
  });
});

const compiler = process.env.CXX ?? 'g++';
const compiles = spawnSync(compiler, ['--version']).status === 0;

describe.skipIf(skipped(!compiles, 'the pool on its own', compiler))('on their own', () => {
  const folder = mkdtempSync(join(tmpdir(), 'atrous-threads-'));
  // A sanitizer that is preloaded into the tests has no business in the compiler and its programs.
  const env = { PATH: process.env.PATH };
  const compile = (program: string, flags: readonly string[]): string => {
    const sources = ['cpu_count', 'thread', 'thread_pool'].map((name) => `native/plan/${name}.cpp`);
    const path = join(folder, program);
    execFileSync(
      compiler,
      ['-std=c++17', '-O1', '-g', '-pthread', '-Inative', ...flags, 'test/native/threads-program.cpp', ...sources, '-o', path],
      { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    return path;
  };
  const run = (...command: string[]): string =>
    execFileSync(command[0]!, command.slice(1), { env, encoding: 'utf8', timeout: 60_000 }).trim();
  let program: string;
  beforeAll(() => {
    program = compile('plain', []);
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  describe('parallel_for', () => {
    it.each([1, 3, 12])('gives every item to one worker, with %i callers', (callers) => {
      expect(run(program, 'pool', String(callers), '3000')).toBe('0');
    });

    it('is free of data races', () => {
      let checked: string;
      try {
        checked = compile('checked', ['-fsanitize=thread', '-Wno-tsan']);
      } catch {
        skipped(true, 'the search for data races', `${compiler} -fsanitize=thread`);
        return;
      }
      // The sanitizer places its memory where randomised addresses may be in the way.
      const placed = spawnSync('setarch', ['-R', 'true']).status === 0 ? ['setarch', '-R'] : [];
      for (const callers of [1, 4]) expect(run(...placed, checked, 'pool', String(callers), '500')).toBe('0');
    });
  });

  describe.skipIf(skipped(!linux, 'cgroup quotas', 'Linux'))('a CPU quota', () => {
    const v2 = '30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n';
    const cases: Readonly<Record<string, readonly [number, Readonly<Record<string, string>>]>> = {
      'none without files': [0, {}],
      'none where the group has none': [
        0,
        { 'proc/self/cgroup': '0::/\n', 'proc/self/mountinfo': v2, 'sys/fs/cgroup/cpu.max': 'max 100000\n' },
      ],
      'the smallest up the hierarchy, rounded up': [
        4,
        {
          'proc/self/cgroup': '0::/pods/pod1/app\n',
          'proc/self/mountinfo': v2,
          'sys/fs/cgroup/pods/pod1/app/cpu.max': 'max 100000\n',
          'sys/fs/cgroup/pods/pod1/cpu.max': '350000 100000\n',
          'sys/fs/cgroup/pods/cpu.max': '800000 100000\n',
        },
      ],
      'that of a container with a namespace of its own': [
        2,
        { 'proc/self/cgroup': '0::/\n', 'proc/self/mountinfo': v2, 'sys/fs/cgroup/cpu.max': '150000 100000\n' },
      ],
      'that of a version 1 container which reads its path on the host': [
        3,
        {
          'proc/self/cgroup': '12:memory:/docker/abc\n5:cpu,cpuacct:/docker/abc\n0::/system.slice\n',
          'proc/self/mountinfo':
            '700 690 0:33 /docker/abc /cg/cpu,cpuacct ro master:11 - cgroup cgroup rw,cpu,cpuacct\n701 690 0:34 /docker/abc /cg/memory ro - cgroup cgroup rw,memory\n',
          'cg/cpu,cpuacct/cpu.cfs_quota_us': '300000\n',
          'cg/cpu,cpuacct/cpu.cfs_period_us': '100000\n',
        },
      ],
      'none where version 1 says −1': [
        0,
        {
          'proc/self/cgroup': '5:cpu:/\n',
          'proc/self/mountinfo': '700 690 0:33 / /cg/cpu ro - cgroup cgroup rw,cpu\n',
          'cg/cpu/cpu.cfs_quota_us': '-1\n',
          'cg/cpu/cpu.cfs_period_us': '100000\n',
        },
      ],
      'none in files that say something else': [
        0,
        {
          'proc/self/cgroup': 'x\n::\n0:\n0::/a/../b\n',
          'proc/self/mountinfo': 'x\n- - -\n1 2 3 4 5 6 - cgroup2\n30 23 0:26 / /x rw - cgroup2 a b\n\n',
          'x/cpu.max': '-5 0\n',
        },
      ],
    };

    it.each(Object.keys(cases))('is %s', (name) => {
      const [expected, files] = cases[name]!;
      const hierarchy = mkdtempSync(join(folder, 'root-'));
      for (const [path, text] of Object.entries(files)) {
        mkdirSync(dirname(join(hierarchy, path)), { recursive: true });
        writeFileSync(join(hierarchy, path), text);
      }
      expect(run(program, 'quota', hierarchy)).toBe(String(expected));
    });
  });
});
