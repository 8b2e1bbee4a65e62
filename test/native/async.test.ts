/** What may go wrong while a convolution computes on another thread: each hazard in a process that it may crash. */
import { describe, expect, it } from 'vitest';
import { runScript, type ScriptOptions } from '../support/child-process.js';

/** Runs the script, which must end by itself and well, and gives what it reported. */
async function outputOf(script: string, options?: ScriptOptions): Promise<unknown[]> {
  const { code, signal, output, stderr } = await runScript(script, options);
  expect({ code, signal, stderr }, JSON.stringify(output)).toEqual({ code: 0, signal: null, stderr: '' });
  return output;
}

const collectable = { flags: ['--expose-gc'] };

describe('the input of runAsync', () => {
  it('may be transferred right after the call', async () => {
    const script = `
      const made = native.makePlan(), { plan, length, input } = made, right = native.expected(made);
      for (let i = 0; i < 5; i++) {
        const given = input.slice(), output = new Float32Array(length);
        const promise = plan.runAsync(given, output);
        structuredClone(given, { transfer: [given.buffer] });
        gc(); // frees the memory with the clone
        await promise;
        report([given.length, native.equal(output, right)]);
      }`;
    expect(await outputOf(script, collectable)).toEqual(Array(5).fill([0, true]));
  });

  it('may lie in a resizable buffer that shrinks right after the call', async () => {
    const script = `
      const made = native.makePlan(), { plan, length, input } = made, right = native.expected(made);
      for (let i = 0; i < 5; i++) {
        const buffer = new ArrayBuffer(length * 4, { maxByteLength: length * 4 }), output = new Float32Array(length);
        const given = new Float32Array(buffer);
        given.set(input);
        const promise = plan.runAsync(given, output);
        buffer.resize(0);
        await promise;
        report([given.length, native.equal(output, right)]);
      }`;
    expect(await outputOf(script)).toEqual(Array(5).fill([0, true]));
  });

  it('may be overwritten right after the call', async () => {
    const script = `
      const made = native.makePlan(), { plan, length, input } = made, right = native.expected(made), output = new Float32Array(length);
      const promise = plan.runAsync(input, output);
      input.fill(NaN);
      await promise;
      report(native.equal(output, right));`;
    expect(await outputOf(script)).toEqual([true]);
  });

  it('is read in place from a SharedArrayBuffer, which the job keeps alive', async () => {
    const script = `
      const made = native.makePlan(), { plan, length, input } = made, right = native.expected(made), output = new Float32Array(length);
      const start = () => {
        const shared = new Float32Array(new SharedArrayBuffer(length * 4));
        shared.set(input);
        return plan.runAsync(shared, output);
      };
      const before = native.addon.allocationCount();
      const promise = start();
      const copies = native.addon.allocationCount() - before;
      gc();
      await new Promise(setImmediate);
      gc();
      await promise;
      report([copies, native.equal(output, right)]);`;
    expect(await outputOf(script, collectable)).toEqual([[0, true]]);
  });
});

describe('the garbage collector', () => {
  it('leaves plan and arrays of running jobs alone, though nobody holds them', async () => {
    const script = `
      const made = native.makePlan(), { length, input } = made, right = native.expected(made);
      const kept = [], promises = [];
      const plans = Array.from({ length: 30 }, () => native.makePlan().plan);
      const start = (keep) => {
        const output = new Float32Array(length);
        if (keep) kept.push(output);
        promises.push(plans.pop().runAsync(input.slice(), output));
      };
      while (plans.length > 0) start(plans.length % 6 === 0);
      let busy = true, untouched = true;
      const all = Promise.all(promises).then(() => (busy = false));
      while (busy) {
        gc();
        await new Promise(setImmediate); // finalizers run here
        // Whatever was freed too early is now this array's, and a job would write into it.
        const bystander = new Float32Array(length).fill(7);
        gc();
        untouched &&= bystander.every((value) => value === 7);
      }
      await all;
      report([untouched, ...kept.map((output) => native.equal(output, right))]);`;
    expect(await outputOf(script, collectable)).toEqual([Array(6).fill(true)]);
  });

  // One collection for several plans, and one for every plan.
  it.each([
    ['9 MB', 512, 200],
    ['85 MB', 1536, 24],
  ])('frees plans of %s within one turn of the event loop, where finalizers do not run', async (_, channels, count) => {
    const script = `
      const weight = new Float32Array(${channels * channels * 9}), shape = native.encodedShape(${channels}, 8), { addon } = native;
      let bytes = 0;
      for (let i = 0; i < ${count}; i++) bytes += addon.createPlan(shape, weight, null, addon.isas[0], 1, 'direct', 0, null).weightBytes;
      report([bytes, process.resourceUsage().maxRSS * 1024]);`;
    const [[made, resident]] = (await outputOf(script)) as [[number, number]];
    expect(made).toBeGreaterThan(1.5e9);
    expect(resident).toBeLessThan(made / 2);
  });

  it('keeps the plan of whoever holds nothing but its function', async () => {
    const script = `
      const made = native.makePlan(), { length, input } = made, right = native.expected(made), output = new Float32Array(length);
      const { run } = native.makePlan().plan;
      for (let i = 0; i < 3; i++) { gc(); await new Promise(setImmediate); }
      run(input, output);
      report(native.equal(output, right));`;
    expect(await outputOf(script, collectable)).toEqual([true]);
  });
});

describe('the weights of a plan', () => {
  it('stay for inputs that only plain sums can compute, whoever else has forgotten them', async () => {
    // A NaN is met by direct kernels, which are packed from the weights when it comes.
    const script = `
      const { addon, makePlan, equal, encodedShape, randomFloats } = native;
      const { plan, length, input } = makePlan(), output = new Float32Array(length), later = new Float32Array(length);
      input[5] = NaN;
      for (let i = 0; i < 3; i++) { gc(); await new Promise(setImmediate); new Float32Array(2 ** 20).fill(7); }
      const weight = randomFloats(64 * 64 * 9, 2), right = new Float32Array(length);
      addon.createPlan(encodedShape(64, 96), weight, null, addon.isas[0], 2, 'direct', 0, null).run(input, right);
      plan.run(input, output);
      await native.makePlan().plan.runAsync(input, later);
      const isClose = (a) => a.every((value, i) => Number.isNaN(value) ? Number.isNaN(right[i]) : Math.abs(value - right[i]) < 1e-3);
      report([/winograd/.test(plan.algorithm), isClose(output), equal(output, later)]);`;
    expect(await outputOf(script, collectable)).toEqual([[true, true, true]]);
  });
});

/** A script for worker_threads that leaves `count` jobs pending and tells so. */
const workerWithJobs = (count: number) => `
  const { parentPort } = require('node:worker_threads');
  const native = require(process.env.NATIVE_PLAN);
  const { plan, length, input } = native.makePlan();
  for (let i = 0; i < ${count}; i++) plan.runAsync(input, new Float32Array(length));
  parentPort.postMessage('started');`;

describe('an environment that ends', () => {
  it('by worker.terminate() waits for its job, drops the queued ones and harms no others', async () => {
    const script = `
      const { once } = require('node:events'), { Worker } = require('node:worker_threads');
      const made = native.makePlan(), { plan, length, input } = made, right = native.expected(made);
      for (let i = 0; i < 12; i++) {
        const output = new Float32Array(length);
        const worker = new Worker(${JSON.stringify(workerWithJobs(20))}, { eval: true });
        await once(worker, 'message');
        const promise = plan.runAsync(input, output); // behind the worker's
        for (let turn = 0; turn < i; turn++) await new Promise((resolve) => setTimeout(resolve, 1));
        await worker.terminate();
        await promise;
        report(native.equal(output, right));
      }`;
    expect(await outputOf(script)).toEqual(Array(12).fill(true));
  });

  it('by process.exit() in a worker ends that worker only', async () => {
    const script = `
      const { once } = require('node:events'), { Worker } = require('node:worker_threads');
      const worker = new Worker(${JSON.stringify(workerWithJobs(20) + 'process.exit(3);')}, { eval: true });
      const [code] = await once(worker, 'exit');
      const made = native.makePlan(), output = new Float32Array(made.length);
      await made.plan.runAsync(made.input, output);
      report([code, native.equal(output, native.expected(made))]);`;
    expect(await outputOf(script)).toEqual([[3, true]]);
  });

  it('naturally, in a worker, settles every promise first', async () => {
    const script = `
      const { once } = require('node:events'), { Worker } = require('node:worker_threads');
      const source = ${JSON.stringify(`
        const { parentPort } = require('node:worker_threads');
        const native = require(process.env.NATIVE_PLAN);
        const { plan, length, input } = native.makePlan();
        for (let i = 0; i < 4; i++) plan.runAsync(input, new Float32Array(length)).then(() => parentPort.postMessage(i));`)};
      const worker = new Worker(source, { eval: true }), settled = [];
      worker.on('message', (message) => settled.push(message));
      const [code] = await once(worker, 'exit');
      report([code, settled]);`;
    expect(await outputOf(script)).toEqual([[0, [0, 1, 2, 3]]]);
  });

  it.each(['at once', 'while a job runs', 'while the last job runs'])('by process.exit() %s exits with its code', async (when) => {
    const script = `
      const { plan, length, input } = native.makePlan();
      const jobs = Array.from({ length: 12 }, () => plan.runAsync(input, new Float32Array(length)));
      ${when === 'at once' ? '' : `await jobs[${when === 'while a job runs' ? 2 : 10}];`}
      process.exit(7);`;
    for (let i = 0; i < 4; i++) {
      expect(await runScript(script)).toEqual({ code: 7, signal: null, output: [], stderr: '' });
    }
  });

  it('by process.exit() in the main thread takes workers with jobs along', async () => {
    const script = `
      const { once } = require('node:events'), { Worker } = require('node:worker_threads');
      const workers = Array.from({ length: 3 }, () => new Worker(${JSON.stringify(workerWithJobs(20))}, { eval: true }));
      await Promise.all(workers.map((worker) => once(worker, 'message')));
      process.exit(7);`;
    for (let i = 0; i < 3; i++) expect(await runScript(script)).toEqual({ code: 7, signal: null, output: [], stderr: '' });
  });

  it('naturally settles every promise first, in order, and then does end', async () => {
    const script = `
      const { plan, length, input } = native.makePlan();
      for (let i = 0; i < 5; i++) plan.runAsync(input, new Float32Array(length)).then(() => report(i));`;
    expect(await outputOf(script)).toEqual([0, 1, 2, 3, 4]);
  });

  it('leaves the code in place for the threads that still run it', async () => {
    // The main thread must not have loaded the addon: Node would not unload it then.
    const script = `
      const { once } = require('node:events'), { Worker } = require('node:worker_threads');
      const { existsSync, readFileSync } = require('node:fs'), maps = '/proc/self/maps';
      const loaded = () => existsSync(maps) ? readFileSync(maps, 'utf8').includes('/atrous.node') : 'unknown';
      const before = loaded();
      for (let i = 0; i < 3; i++) {
        await once(new Worker(process.env.SOURCE, { eval: true }), 'exit');
        report([before, loaded()]);
      }`;
    const source = `
      const native = require(process.env.NATIVE_PLAN);
      const made = native.makePlan({ threads: 4 });
      native.expected(made);
      made.plan.runAsync(made.input, new Float32Array(made.length));`;
    const linux = process.platform === 'linux';
    expect(await outputOf(script, { withoutAddon: true, env: { SOURCE: source } })).toEqual(
      Array(3).fill(linux ? [false, true] : ['unknown', 'unknown']),
    );
  });
});

describe('the main thread', () => {
  it('goes on with timers and file access before busy jobs are through', async () => {
    const script = `
      const { plan, length, input } = native.makePlan({ channels: 96, size: 128 });
      const jobs = Array.from({ length: 8 }, () => plan.runAsync(input, new Float32Array(length)));
      const last = jobs[7].then(() => report('jobs'));
      await Promise.all([
        new Promise((resolve) => setTimeout(resolve, 1)).then(() => report('timer')),
        require('node:fs').promises.readFile(process.env.NATIVE_PLAN).then(() => report('file')),
        last,
      ]);`;
    const output = await outputOf(script);
    expect(output.toSorted()).toEqual(['file', 'jobs', 'timer']);
    expect(output.at(-1)).toBe('jobs');
  });
});

describe('many environments', () => {
  it('compute at the same time, synchronously and not, and get equal bits', async () => {
    const script = `
      const { once } = require('node:events'), { Worker } = require('node:worker_threads');
      const source = ${JSON.stringify(`
        const { parentPort } = require('node:worker_threads');
        const native = require(process.env.NATIVE_PLAN);
        const digest = (floats) => require('node:crypto').createHash('sha256').update(floats).digest('hex');
        (async () => {
          const made = native.makePlan({ size: 48, threads: 3 }), outputs = [], promises = [];
          for (let i = 0; i < 10; i++) {
            const output = new Float32Array(made.length);
            promises.push(made.plan.runAsync(made.input, output));
            outputs.push(output, native.expected(made));
          }
          await Promise.all(promises);
          parentPort.postMessage(outputs.map(digest));
        })();`)};
      const workers = Array.from({ length: 8 }, () => new Worker(source, { eval: true }));
      const digests = (await Promise.all(workers.map((worker) => once(worker, 'message')))).flat(2);
      report([digests.length, new Set(digests).size]);`;
    expect(await outputOf(script)).toEqual([[160, 1]]);
  });
});

describe('a promise', () => {
  it('is rejected where run() would throw, and runAsync never throws', async () => {
    const script = `
      const { plan, length, input } = native.makePlan(), output = new Float32Array(length);
      for (const given of [[input.subarray(1), output], [input, input], [undefined, output], [input, new Uint8Array(length)], []]) {
        const promise = plan.runAsync(...given);
        report(await promise.catch(({ name, code, message }) => [name, code, message]));
      }`;
    expect(await outputOf(script)).toEqual([
      ['RangeError', 'ERR_ATROUS_ARGUMENT_RANGE', 'Expected input to have length 589824, received length 589823'],
      ['RangeError', 'ERR_ATROUS_ARGUMENT_RANGE', expect.stringContaining('overlap')],
      ['TypeError', 'ERR_ATROUS_ARGUMENT_TYPE', 'Expected input to be a Float32Array'],
      ['TypeError', 'ERR_ATROUS_ARGUMENT_TYPE', 'Expected output to be a Float32Array'],
      ['TypeError', 'ERR_ATROUS_ARGUMENT_TYPE', 'Expected input to be a Float32Array'],
    ]);
  });
});
