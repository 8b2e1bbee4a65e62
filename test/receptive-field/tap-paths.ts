/** Paths of a stack, enumerated: from an output through every tap of every layer to the input elements it sees. */
import { resolvePadding, type WindowOptions } from '../../lib/geometry/padding.js';
import type { WindowLayer } from '../../lib/receptive-field/window-layer.js';

/**
 * Paths from `output` to each input element that it sees, on an axis without ends.
 *
 * A transposed layer's inputs are searched, not solved for: x is one if some tap t has x·stride − begin + t·dilation = output.
 */
export function tapPaths(layers: readonly WindowLayer[], output: number): Map<number, number> {
  let paths = new Map([[output, 1]]);
  for (const layer of layers.toReversed()) {
    const inputs = new Map<number, number>();
    for (const [position, count] of paths) {
      for (const input of layer.transposed === true ? transposedInputs(layer, position) : windowInputs(layer, position)) {
        inputs.set(input, (inputs.get(input) ?? 0) + count);
      }
    }
    paths = inputs;
  }
  return paths;
}

function windowInputs(layer: WindowOptions, output: number): number[] {
  const { kernel, stride = 1, dilation = 1, padding = 'valid' } = layer;
  const [begin] = resolvePadding(1000 * stride, { kernel, stride, dilation, padding });
  return Array.from({ length: kernel }, (_, tap) => output * stride - begin + tap * dilation);
}

function transposedInputs(layer: WindowLayer, output: number): number[] {
  const { kernel, stride = 1, dilation = 1, padding = 0 } = layer;
  if (typeof padding === 'string') throw new Error('write the padding of transposed layers in numbers');
  const begin = typeof padding === 'number' ? padding : padding[0];
  const inputs = [];
  // |x·stride| ≤ |output| + begin + kernel·dilation for every x that a tap reaches.
  const farthest = Math.abs(output) + begin + kernel * dilation;
  for (let input = -farthest; input <= farthest; input++) {
    for (let tap = 0; tap < kernel; tap++) if (input * stride - begin + tap * dilation === output) inputs.push(input);
  }
  return inputs;
}
