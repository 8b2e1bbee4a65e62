/** TensorFlow.js, pure-JavaScript backend: what our own pure-TypeScript backend is measured against. */
import type { Peer } from './peer.js';
import { tensorFlowPeer } from './tensorflow.js';

export function tfjsCpuPeer(): Peer {
  // Measured: 0.35 to 0.85 GFLOP/s.
  return tensorFlowPeer('cpu', (problem) => problem.multiplies / 0.17e9);
}
