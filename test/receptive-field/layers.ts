/** Stacks that several tests use: the front end, plain dilated stacks, random ones for property tests. */
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

export const repeat = (count: number, layer: WindowLayer): WindowLayer[] => Array.from({ length: count }, () => layer);
export const dilated = (kernel: number, dilations: readonly number[]): WindowLayer[] => dilations.map((dilation) => ({ kernel, dilation }));

/** VGG-16 of the dilated front end: pool4 and pool5 removed, conv5 with dilation 2, fc6 7×7 with dilation 4, nothing padded. */
export const frontEnd: readonly WindowLayer[] = [
  ...[2, 2, 3].flatMap((convolutions) => [...repeat(convolutions, { kernel: 3 }), { kernel: 2, stride: 2 }]),
  ...repeat(3, { kernel: 3 }),
  ...repeat(3, { kernel: 3, dilation: 2 }),
  { kernel: 7, dilation: 4 },
  { kernel: 1 },
  { kernel: 1 },
];
