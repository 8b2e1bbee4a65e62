/**
 * TensorFlow.js, whichever backend: its convolutions want channels last, so that input and weight are converted beforehand, outside the time;
 * the timed part is the operation and the copy of its result to JavaScript.
 */
import type { Contender } from '../contender.js';
import { product, type Problem } from '../problem.js';
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

  await tensorFlow.setBackend(backend);
  await tensorFlow.ready();
  const input = tensorFlow.tensor(...channelsLastInput(problem));
  const weight = tensorFlow.tensor(...channelsLastWeight(problem, depthwise));
  const padding = problem.padding.every(([begin, end]) => begin + end === 0) ? 'valid' : 'same';
  const convolve = (): TensorFlowTensor => {
    if (depthwise) return tensorFlow.depthwiseConv2d(input, weight, 1, padding, 'NHWC', problem.dilation);
    if (axes === 1) return tensorFlow.conv1d(input, weight, 1, padding, 'NWC', problem.dilation[0]);
    if (axes === 2) return tensorFlow.conv2d(input, weight, 1, padding, 'NHWC', problem.dilation);
    return tensorFlow.conv3d(input, weight, 1, padding, 'NDHWC', problem.dilation);
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
    output: () => channelsFirstOutput(result, problem),
    close() {
      input.dispose();
      weight.dispose();
    },
  };
}

/** [1, channels, …spatial] → [1, …spatial, channels]. */
function channelsLastInput(problem: Problem): [Float32Array, number[]] {
  const [, channels, ...spatial] = problem.inputDims as [number, number, ...number[]];
  return [transpose(problem.input, channels, product(spatial)), [1, ...spatial, channels]];
}

/** [outChannels, inChannels, …kernel] → [...kernel, inChannels, outChannels], depthwise [...kernel, channels, 1]. */
function channelsLastWeight(problem: Problem, depthwise: boolean): [Float32Array, number[]] {
  const [outChannels, inChannels, ...kernel] = problem.weightDims as [number, number, ...number[]];
  const taps = product(kernel);
  const values = transpose(problem.weight, outChannels * inChannels, taps);
  if (depthwise) return [values, [...kernel, outChannels, 1]];
  const block = outChannels * inChannels;
  for (let tap = 0; tap < taps; tap++) {
    const offset = tap * block;
    values.set(transpose(values.subarray(offset, offset + block), outChannels, inChannels), offset);
  }
  return [values, [...kernel, inChannels, outChannels]];
}

/** [1, …spatial, channels] → [1, channels, …spatial]. */
function channelsFirstOutput(values: Float32Array, problem: Problem): Float32Array {
  const [, channels, ...spatial] = problem.outputDims as [number, number, ...number[]];
  return transpose(values, product(spatial), channels);
}

/** A matrix of `rows` rows, transposed. */
function transpose(values: Float32Array, rows: number, columns: number): Float32Array {
  const result = new Float32Array(values.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) result[column * rows + row] = values[row * columns + column]!;
  }
  return result;
}
