/** TensorFlow.js, WebAssembly backend with SIMD (one thread: see tensorflow.ts). */
import type { Peer } from './peer.js';
import { tensorFlowPeer } from './tensorflow.js';

export function tfjsWasmPeer(): Peer {
  // Measured: large layers of one and two dimensions run at 10 to 22 GFLOP/s, 3-D, a plain loop, at 0.4.
  return tensorFlowPeer('wasm', (problem) => problem.multiplies / (problem.dilation.length === 3 ? 0.2e9 : 6e9));
}
