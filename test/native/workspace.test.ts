/** What runs leave in the scratch that the next ones borrow: lanes beyond the data compute with it, which subnormal numbers make slow. */
import { expect, it } from 'vitest';
import { encodeShape } from '../../lib/backend/native.js';
import { convCase, type ConvDescription, outputLength } from '../support/conv-cases.js';
import { probe } from '../support/probe.js';

const layers: readonly ConvDescription[] = [
  { inChannels: 8, outChannels: 33, input: [30, 37], kernel: [3, 3], dilation: 2, padding: 'same' },
  { inChannels: 8, outChannels: 9, input: [30, 37], kernel: [3, 3], stride: 2, dilation: 3, padding: 4 },
  { inChannels: 40, outChannels: 20, input: [60, 61], kernel: [3, 3], padding: 'same', layout: 'channelsLast' },
  { groups: 20, inChannels: 20, outChannels: 20, input: [30, 30], kernel: [3, 3], stride: 2, padding: 1 },
  { inChannels: 3, outChannels: 21, input: [4000], kernel: [7], dilation: 3, padding: [[18, 0]] }, // prettier-ignore
];

it.each(probe.isas)('holds no subnormal numbers after plans of %s', (isa) => {
  for (const layer of layers) {
    const { shape, weight, bias, input } = convCase(layer);
    const plans = probe.allPlans({ shape: encodeShape(shape), weight, bias, isa, schemes: 2, threads: 2, tolerance: 1e-5 });
    expect(plans.length).toBeGreaterThan(1);
    for (const { algorithm, run } of plans) {
      run(input, new Float32Array(outputLength(shape)));
      expect(probe.subnormalsInWorkspaces(), `${algorithm} of ${JSON.stringify(layer)}`).toBe(0);
    }
  }
});
