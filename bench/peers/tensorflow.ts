/**
 * TensorFlow.js, whichever backend: its convolutions want channels last, so that input and weight are converted beforehand, outside the time;
 * the timed part is the operation and the copy of its result to JavaScript.
 */
import type { Contender } from '../contender.js';
import { channelsLastDims, channelsLastWeightDims, fromChannelsLast, toChannelsLast, weightToChannelsLast } from '../channels-last.js';
import type { Problem } from '../problem.js';
import { peerVersion, requirePeer, Unsupported, type Peer } from './peer.js';

interface TensorFlowTensor {
  readonly shape: readonly number[];
  dataSync(): Float32Array;
  dispose(): void;
}

interface TensorFlow {
  tensor(values: Float32Array, shape: readonly number[]): TensorFlowTensor;
  setBackend(name: string): Promise<boolean>;
  getBackend(): string;
  ready(): Promise<void>;
  enableProdMode(): void;
  conv1d(...args: unknown[]): TensorFlowTensor;
  conv2d(...args: unknown[]): TensorFlowTensor;
  conv3d(...args: unknown[]): TensorFlowTensor;
  depthwiseConv2d(...args: unknown[]): TensorFlowTensor;
}

/** Loads the core and one backend package, which registers itself. */
export function tensorFlowPeer(backend: 'wasm' | 'cpu', expectedSeconds: (problem: Problem) => number): Peer {
  const tensorFlow = requirePeer('@tensorflow/tfjs-core') as TensorFlow;
  requirePeer(`@tensorflow/tfjs-backend-${backend}`);
  // Without it the cpu backend prints an advertisement; it also drops checks that a user would not time.
  tensorFlow.enableProdMode();
  return {
    name: `tfjs-${backend}`,
    version: peerVersion('@tensorflow/tfjs-core'),
    // In Node its wasm build finds no worker threads: WASM_HAS_MULTITHREAD_SUPPORT is false.
    threaded: false,
    expectedSeconds,
    prepare: (problem) => prepareOn(tensorFlow, backend, problem),
  };
}

async function prepareOn(tensorFlow: TensorFlow, backend: string, problem: Problem): Promise<Contender> {
  const axes = problem.dilation.length;
  const depthwise = problem.groups > 1 && problem.groups === problem.inputDims[1] && problem.groups === problem.outputDims[1];
  if (problem.groups > 1 && !depthwise) throw new Unsupported('no grouped convolution');
  if (depthwise && axes !== 2) throw new Unsupported('depthwise in two dimensions only');
  const strided = problem.stride.some((stride) => stride > 1);
  if (strided && problem.dilation.some((dilation) => dilation > 1)) throw new Unsupported('stride or dilation, not both');

  await tensorFlow.setBackend(backend);
  await tensorFlow.ready();
  const { stride, dilation, inputDims, weightDims } = problem;
  const input = tensorFlow.tensor(toChannelsLast(problem.input, inputDims), channelsLastDims(inputDims));
  // Depthwise it wants […kernel, channels, 1], which lies in memory as […kernel, 1, channels] does.
  const weight = tensorFlow.tensor(
    weightToChannelsLast(problem.weight, weightDims),
    depthwise ? [...weightDims.slice(2), problem.groups, 1] : channelsLastWeightDims(weightDims),
  );
  const padding = problem.padding.every(([begin, end]) => begin + end === 0) ? 'valid' : 'same';
  const convolve = (): TensorFlowTensor => {
    if (depthwise) return tensorFlow.depthwiseConv2d(input, weight, stride, padding, 'NHWC', dilation);
    if (axes === 1) return tensorFlow.conv1d(input, weight, stride[0], padding, 'NWC', dilation[0]);
    if (axes === 2) return tensorFlow.conv2d(input, weight, stride, padding, 'NHWC', dilation);
    return tensorFlow.conv3d(input, weight, stride, padding, 'NDHWC', dilation);
  };
  let result: Float32Array = new Float32Array(0);
  const runOnce = (): void => {
    const output = convolve();
    result = output.dataSync();
    output.dispose();
  };
  return {
    name: `tfjs-${backend}`,
    threads: 1,
    algorithm: null,
    run() {
      // The two backends share one engine; the switch falls into the sample that is not counted.
      if (tensorFlow.getBackend() !== backend) return tensorFlow.setBackend(backend).then(runOnce);
      runOnce();
    },
    output: () => fromChannelsLast(result, problem.outputDims),
    close() {
      input.dispose();
      weight.dispose();
    },
  };
}
