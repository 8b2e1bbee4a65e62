/** ONNX Runtime through onnxruntime-node: a model of one Conv node, run end to end from JavaScript with plain channels-first data. */
import type { Contender } from '../contender.js';
import { convModel } from '../onnx/conv-model.js';
import type { Problem } from '../problem.js';
import { peerVersion, requirePeer, type Peer } from './peer.js';

export interface OnnxTensor {
  readonly data: Float32Array;
  readonly dims: readonly number[];
}

export interface OnnxSession {
  run(feeds: Record<string, OnnxTensor>, fetches?: Record<string, OnnxTensor> | readonly string[]): Promise<Record<string, OnnxTensor>>;
  release(): Promise<void>;
}

export interface OnnxRuntime {
  readonly Tensor: new (type: 'float32', data: Float32Array, dims: readonly number[]) => OnnxTensor;
  readonly InferenceSession: { create(model: Uint8Array | string, options: Record<string, unknown>): Promise<OnnxSession> };
}

export function loadOnnxRuntime(): OnnxRuntime {
  return requirePeer('onnxruntime-node') as OnnxRuntime;
}

/** Every optimisation on; one operator at a time, on `threads` threads. Severity 3: errors only. */
export function sessionOptions(threads: number): Record<string, unknown> {
  return {
    executionProviders: ['cpu'],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    logSeverityLevel: 3,
  };
}

/** How long its helpers spin after a run: 29 ms of CPU time with 2 threads. */
export function spinMilliseconds(threads: number): number {
  return threads > 1 ? 40 : 0;
}

export function onnxRuntimePeer(): Peer {
  const runtime = loadOnnxRuntime();
  return {
    name: 'onnxruntime',
    version: peerVersion('onnxruntime-node'),
    threaded: true,
    // Its slowest case, small groups, is near 20 GFLOP/s.
    expectedSeconds: (problem) => problem.multiplies / 10e9,
    async prepare(problem: Problem, threads: number): Promise<Contender> {
      const session = await runtime.InferenceSession.create(convModel(problem), sessionOptions(threads));
      const feeds = { x: new runtime.Tensor('float32', problem.input, problem.inputDims) };
      const result = new Float32Array(problem.outputDims.reduce((total, size) => total * size, 1));
      // A preallocated result saves it an allocation and a copy, as `out` does for us.
      const fetches = { y: new runtime.Tensor('float32', result, problem.outputDims) };
      return {
        name: 'onnxruntime',
        threads,
        algorithm: null,
        spinMilliseconds: spinMilliseconds(threads),
        async run() {
          await session.run(feeds, fetches);
        },
        output: () => result,
        close: () => session.release(),
      };
    },
  };
}
