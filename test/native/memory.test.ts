/** Native memory: what a run allocates, and what happens when there is none. */
import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { loadAddon, type NativeAddon } from '../../lib/addon.js';
import { runScript } from '../support/child-process.js';

function loaded(): NativeAddon {
  const result = loadAddon();
  if (!('addon' in result)) throw new Error('The native binary does not load: npm run build:native', { cause: result.loadError });
  return result.addon;
}
const addon = loaded();

interface Layer {
  readonly batch?: number;
  readonly groups?: number;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly height?: number;
  readonly width: number;
  readonly dilation?: number;
  readonly stride?: number;
  readonly channelsLast?: boolean;
  readonly reflect?: boolean;
}

/** A kernel of 3 × 3, or of 3 in one dimension, with padding 2 where there is an axis. */
function layerPlan(layer: Layer, threads: number) {
  const { batch = 1, groups = 1, inChannels, outChannels, height = 1, width, dilation = 1, stride = 1 } = layer;
  const [tall, rows] = [height > 1, height > 1 ? 3 : 1];
  const outputs = (input: number) => Math.floor((input + 4 - dilation * 2 - 1) / stride) + 1;
  const [outHeight, outWidth] = [tall ? outputs(height) : 1, outputs(width)];
  const padding = [0, tall ? 2 : 0, 2];
  const shape = Int32Array.of(
    ...[
      batch,
      groups,
      inChannels,
      outChannels,
      1,
      height,
      width,
      1,
      rows,
      3,
      1,
      tall ? stride : 1,
      stride,
      1,
      tall ? dilation : 1,
      dilation,
    ],
    ...[...padding, ...padding, 1, outHeight, outWidth, layer.reflect === true ? 1 : 0, layer.channelsLast === true ? 1 : 0, 0],
  );
  const weight = new Float32Array((outChannels * inChannels * rows * 3) / groups).fill(0.5);
  return {
    plan: addon.createPlan(shape, weight, new Float32Array(outChannels), addon.isas[0]!, threads, 'auto', 1e-5, null),
    input: new Float32Array(batch * inChannels * height * width).fill(1),
    output: new Float32Array(batch * outChannels * outHeight * outWidth),
  };
}

const layers: Readonly<Record<string, Layer>> = {
  'wide channels': { inChannels: 64, outChannels: 64, height: 24, width: 24, dilation: 2 },
  'few channels': { batch: 2, inChannels: 3, outChannels: 5, height: 40, width: 70, dilation: 2 },
  depthwise: { groups: 48, inChannels: 48, outChannels: 48, height: 30, width: 30 },
  groups: { groups: 4, inChannels: 32, outChannels: 64, height: 20, width: 20, stride: 2 },
  'one dimension': { inChannels: 64, outChannels: 128, width: 500, dilation: 2 },
  'channels last': { inChannels: 32, outChannels: 48, height: 20, width: 20, channelsLast: true },
  'reflected padding': { inChannels: 16, outChannels: 16, height: 20, width: 20, dilation: 2, reflect: true },
};

describe('a run', () => {
  it.each(Object.keys(layers))('of the same plan allocates nothing the second time: %s', (name) => {
    for (const threads of [1, 3]) {
      const atFirst = addon.allocationCount();
      const { plan, input, output } = layerPlan(layers[name]!, threads);
      expect(addon.allocationCount(), 'allocations are counted').toBeGreaterThan(atFirst);
      plan.run(input, output);
      const before = addon.allocationCount();
      for (let i = 0; i < 20; i++) plan.run(input, output);
      expect(addon.allocationCount() - before, `${plan.algorithm}, ${threads} threads`).toBe(0);
    }
  });
});

const limited = process.platform === 'linux' && spawnSync('prlimit', ['--version']).status === 0;
if (!limited) process.stderr.write('SKIPPED: the out-of-memory tests of test/native/memory.test.ts need prlimit (Debian: util-linux)\n');

describe.skipIf(!limited)('without memory', () => {
  it('plans, runs and asynchronous runs fail with a RangeError, and later calls work', async () => {
    const script = `
      const { execFileSync } = require('node:child_process'), { readFileSync } = require('node:fs');
      const { addon, encodedShape, makePlan, expected, equal } = native;
      // Scalar plans need the same memory on every machine.
      const create = (shape, weight) => addon.createPlan(shape, weight, null, 'scalar', 2, 'direct', 0, null);
      const failure = ({ name, code, message }) => [name, code, message];
      const attempt = (action) => { try { action(); report('no failure'); } catch (error) { report(failure(error)); } };

      // The threads are there, with their stacks.
      const small = makePlan(), right = expected(small), later = new Float32Array(small.length);
      await small.plan.runAsync(small.input, later);

      // Scratch of 190 MB (the image with its channels last), packed weights of 150 MB, and 100 MB left.
      const large = create(encodedShape(64, 768), new Float32Array(64 * 64 * 9)), bytes = 64 * 768 * 768 * 4;
      const [input, shared, output] = [new ArrayBuffer(bytes), new SharedArrayBuffer(bytes), new ArrayBuffer(bytes)]
        .map((buffer) => new Float32Array(buffer));
      const weight = new Float32Array(2048 * 2048 * 9), wide = encodedShape(2048, 4);
      const inUse = /VmSize:\\s+(\\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))[1] * 1024;
      execFileSync('prlimit', ['--pid', String(process.pid), '--as=' + (inUse + 100e6) + ':']);

      attempt(() => create(wide, weight));
      attempt(() => large.run(input, output));
      report(await large.runAsync(input, output).then(() => 'no failure', failure));
      report(await large.runAsync(shared, output).then(() => 'no failure', failure));
      later.fill(0);
      await small.plan.runAsync(small.input, later);
      report(equal(later, right) && equal(expected(small), right));
    `;
    // By default glibc reserves 64 MB for each thread of Node's that happens to allocate.
    const { code, signal, output, stderr } = await runScript(script, { env: { MALLOC_ARENA_MAX: '1' } });
    const outOf = (what: string) => ['RangeError', 'ERR_ATROUS_OUT_OF_MEMORY', `Out of memory: the allocation of ${what} failed`];
    expect({ code, signal, output, stderr }).toEqual({
      code: 0,
      signal: null,
      output: [outOf('packed weights'), outOf('scratch'), outOf('a copy of the input'), outOf('scratch'), true],
      stderr: '',
    });
  });
});

describe('sizes', () => {
  const shape = Int32Array.of(1, 1, 1, 1, 1, 4, 4, 1, 3, 3, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 1, 2, 2, 0, 0, 0);
  const withIntegers = (changes: Readonly<Record<number, number>>) => {
    const changed = shape.slice();
    for (const [index, value] of Object.entries(changes)) changed[Number(index)] = value;
    return changed;
  };
  const create = (encoded: Int32Array, weight = new Float32Array(9)) =>
    addon.createPlan(encoded, weight, null, addon.isas[0]!, 1, 'auto', 0, null);

  it('are accepted when they agree', () => {
    const output = new Float32Array(4);
    create(shape).run(new Float32Array(16).fill(1), output);
    expect(output).toEqual(new Float32Array(4));
  });

  // Every index from batch (0) over input (4 … 6), kernel, stride, dilation, paddingBegin, paddingEnd and output (22 … 24) to activation (27).
  it.each(Array.from(shape, (_, index) => index))('that integer %i makes inconsistent are refused', (index) => {
    const largest = 2 ** 31 - 1;
    for (const value of [-1, -(2 ** 31), largest]) {
      // A larger stride or dilation of an axis with one output or one tap changes nothing; batch and channels change the arrays' lengths.
      const harmless = value === largest && [0, 10, 13].includes(index);
      if (harmless) expect(() => create(withIntegers({ [index]: value }))).not.toThrow();
      else expect(() => create(withIntegers({ [index]: value })), `${value}`).toThrow(/^Expected (shape|weight) to have /);
    }
  });

  it.each([
    ['input of 2^62 elements', { 0: 2 ** 31 - 1, 5: 2 ** 31 - 1, 8: 1, 9: 1, 23: 2 ** 31 - 1, 24: 4 }],
    ['weight of 2^62 elements', { 2: 2 ** 31 - 1, 3: 2 ** 31 - 1 }],
    ['window above 2^31', { 14: 2 ** 30, 17: 2 ** 30, 20: 2 ** 30 }],
    ['reflected padding as large as the input', { 17: 4, 23: 6, 25: 1 }],
    ['circular padding larger than the input', { 17: 5, 23: 7, 25: 3 }],
    ['replicated padding of an empty input', { 5: 0, 17: 3, 23: 1, 25: 2 }],
    ['groups that do not divide the channels', { 1: 2, 2: 3, 3: 2 }],
    ['unknown padding mode', { 25: 4 }],
    ['unknown layout', { 26: 2 }],
    ['unknown activation', { 27: 2 }],
  ])('are refused: %s', (_, changes) => {
    expect(() => create(withIntegers(changes))).toThrow(/^Expected shape to have /);
  });

  it('come as 28 integers', () => {
    expect(() => create(shape.subarray(1))).toThrow(/length 28, received length 27/);
    expect(() => create(new Uint32Array(shape) as unknown as Int32Array)).toThrow(TypeError);
  });

  it('must be those of every array', () => {
    const plan = create(shape);
    const [input, output] = [new Float32Array(16), new Float32Array(4)];
    expect(() => {
      plan.run(input.subarray(1), output);
    }).toThrow(/^Expected input to have length 16, received length 15/);
    expect(() => {
      plan.run(input, new Float32Array(5));
    }).toThrow(/^Expected output to have length 4, received length 5/);
    const gone = new Float32Array(16);
    structuredClone(gone, { transfer: [gone.buffer] });
    expect(() => {
      plan.run(gone, output);
    }).toThrow(/^Expected input to have length 16, received length 0/);
    expect(() => create(shape, new Float32Array(8))).toThrow(/^Expected weight to have length 9, received length 8/);
    const convolve = (weight: Float32Array, from: Float32Array, to: Float32Array) => {
      addon.convolve(shape, weight, null, addon.isas[0]!, 1, 'direct', 0, from, to);
    };
    const weight = new Float32Array(9);
    expect(() => {
      convolve(weight, input.subarray(1), output);
    }).toThrow(/^Expected input to have length 16, received length 15/);
    expect(() => {
      convolve(weight, input, new Float32Array(5));
    }).toThrow(/^Expected output to have length 4, received length 5/);
    expect(() => {
      convolve(new Float32Array(8), input, output);
    }).toThrow(/^Expected weight to have length 9, received length 8/);
  });
});

describe('input and output', () => {
  const shape = Int32Array.of(1, 1, 1, 1, 1, 1, 8, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 1, 1, 8, 0, 0, 0);
  const plan = addon.createPlan(shape, Float32Array.of(2), null, addon.isas[0]!, 1, 'direct', 0, null);

  it.each([
    ['ArrayBuffer', () => new ArrayBuffer(96)],
    ['SharedArrayBuffer', () => new SharedArrayBuffer(96)],
  ])('may touch in one %s, but not overlap', (_, makeBuffer) => {
    const buffer = makeBuffer();
    const input = new Float32Array(buffer, 32, 8);
    const runs = [
      (output: Float32Array) => {
        plan.run(input, output);
      },
      (output: Float32Array) => {
        addon.convolve(shape, Float32Array.of(2), null, addon.isas[0]!, 1, 'direct', 0, input, output);
      },
    ];
    for (const run of runs) {
      for (const offset of [4, 28, 32, 36, 60]) {
        expect(() => {
          run(new Float32Array(buffer, offset, 8));
        }).toThrow(
          expect.objectContaining({
            name: 'RangeError',
            code: 'ERR_ATROUS_ARGUMENT_RANGE',
            message: expect.stringContaining('overlap') as string,
          }),
        );
      }
      input.fill(3);
      for (const offset of [0, 64]) {
        const output = new Float32Array(buffer, offset, 8);
        run(output);
        expect(output).toEqual(new Float32Array(8).fill(6));
      }
    }
  });
});
