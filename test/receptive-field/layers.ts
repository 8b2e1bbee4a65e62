/** Random layers and stacks for property tests. */
import fc from 'fast-check';
import type { WindowLayer } from '../../lib/receptive-field/window-layer.js';

export const convolutionLayer: fc.Arbitrary<WindowLayer> = fc.record({
  kernel: fc.integer({ min: 1, max: 5 }),
  stride: fc.integer({ min: 1, max: 3 }),
  dilation: fc.integer({ min: 1, max: 5 }),
  padding: fc.oneof(fc.nat(6), fc.tuple(fc.nat(6), fc.nat(6))),
});

export const transposedLayer: fc.Arbitrary<WindowLayer> = fc.record({
  kernel: fc.integer({ min: 1, max: 5 }),
  stride: fc.integer({ min: 1, max: 4 }),
  dilation: fc.integer({ min: 1, max: 4 }),
  padding: fc.oneof(fc.nat(6), fc.tuple(fc.nat(6), fc.nat(6))),
  transposed: fc.constant(true),
});

export const convolutionStack = fc.array(convolutionLayer, { minLength: 1, maxLength: 4 });
export const mixedStack = fc.array(fc.oneof(convolutionLayer, transposedLayer), { minLength: 1, maxLength: 4 });
