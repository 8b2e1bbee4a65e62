/** Runs a network, its own process: see network-process.ts. */
import { readFile, writeFile } from 'node:fs/promises';
import { performance } from 'node:perf_hooks';
import { type FloatTensor, fromOnnx } from '../../lib/index.js';
import { loadOnnxRuntime, sessionOptions } from '../peers/onnxruntime.js';
import { imageSize } from './isnet-model.js';
import type { Finished, Reply, Request, Task } from './network-process.js';

const dims = [1, 3, imageSize, imageSize];
const slowestShown = 8;

interface Runner {
  /** Gives the mask. */
  run(): Promise<Float32Array> | Float32Array;
  describe(): Omit<Finished, 'peakMegabytes'>;
}

async function makeAtrous({ model, threads }: Task, input: Float32Array): Promise<Runner> {
  const network = fromOnnx(await readFile(model), { threads });
  const { peakBytes, weightBytes, layers } = network.plan(dims);
  const kindOf = new Map(layers.map(({ name, kind }) => [name, kind]));
  const least = new Map<string, number>();
  return {
    run() {
      let last = performance.now();
      // A tensor by itself asks for the first output only, which is the mask.
      const mask = network.runObserved({ data: input, dims }, (name) => {
        const now = performance.now();
        least.set(name, Math.min(least.get(name) ?? Infinity, now - last));
        last = now;
      });
      return (mask as FloatTensor).data;
    },
    describe() {
      const slowest = Array.from(least, ([name, milliseconds]) => ({ name, milliseconds })).sort((a, b) => b.milliseconds - a.milliseconds);
      return {
        plannedMegabytes: Math.round(peakBytes / 1e6),
        weightMegabytes: Math.round(weightBytes / 1e6),
        kinds: groupKinds(least, kindOf),
        slowest: slowest.slice(0, slowestShown),
      };
    },
  };
}

function groupKinds(least: ReadonlyMap<string, number>, kindOf: ReadonlyMap<string, string>): Finished['kinds'] {
  const kinds = new Map<string, { kind: string; layers: number; milliseconds: number }>();
  for (const [name, milliseconds] of least) {
    const kind = kindOf.get(name)!;
    const sum = kinds.get(kind) ?? { kind, layers: 0, milliseconds: 0 };
    kinds.set(kind, { kind, layers: sum.layers + 1, milliseconds: sum.milliseconds + milliseconds });
  }
  return Array.from(kinds.values()).sort((a, b) => b.milliseconds - a.milliseconds);
}

async function makeOnnxRuntime({ model, threads }: Task, input: Float32Array): Promise<Runner> {
  const runtime = loadOnnxRuntime();
  const session = await runtime.InferenceSession.create(model, sessionOptions(threads));
  const feeds = { input: new runtime.Tensor('float32', input, dims) };
  return {
    run: async () => (await session.run(feeds, ['output'])).output!.data,
    describe: () => ({ plannedMegabytes: null, weightMegabytes: null, kinds: [], slowest: [] }),
  };
}

const task = JSON.parse(process.argv[2]!) as Task;
const bytes = await readFile(task.input);
const input = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / Float32Array.BYTES_PER_ELEMENT);
const runner = await (task.contender === 'atrous' ? makeAtrous : makeOnnxRuntime)(task, input);
let mask = new Float32Array(0);

process.on('message', (request: Request) => {
  void (request === 'run' ? run() : finish()).then((reply) => {
    process.send!(reply, () => {
      if (request === 'finish') process.disconnect();
    });
  });
});

async function run(): Promise<Reply> {
  const begin = performance.now();
  mask = (await runner.run()) as Float32Array<ArrayBuffer>;
  return { milliseconds: performance.now() - begin };
}

async function finish(): Promise<Reply> {
  await writeFile(task.output, mask);
  return { finished: { peakMegabytes: Math.round(process.resourceUsage().maxRSS / 1e3), ...runner.describe() } };
}
