/** What the short algorithms' family takes and what it leaves alone: tolerances, the algorithm that is asked for, shapes that none fits. */
import { describe, expect, it } from 'vitest';
import { loadAddon } from '../../../lib/addon.js';
import type { ConvShape, ExecutionOptions } from '../../../lib/backend/backend.js';
import { createNativeBackend, encodeShape } from '../../../lib/backend/native.js';
import type { Algorithm, Layout } from '../../../lib/types.js';
import { type ConvDescription, convShape, inputLength, outputLength, weightLength } from '../../support/conv-cases.js';
import { probe } from '../../support/probe.js';
import { algorithms } from './forced-scheme.js';

/** Of the sizes that networks have: few channels and many, small maps and large, every number of axes and of taps. */
const layers: readonly ConvDescription[] = [
  ...[8, 21, 64, 512, 2048].flatMap((channels) =>
    [14, 33, 64].flatMap((size) =>
      [1, 2, 6].map((dilation): ConvDescription => ({
        inChannels: channels,
        outChannels: 32,
        input: [size, size],
        kernel: [3, 3],
        dilation,
        padding: 'same',
      })),
    ),
  ),
  ...[2, 5, 7].map((taps): ConvDescription => ({ inChannels: 64, outChannels: 64, input: [40, 44], kernel: [taps, taps] })),
  ...[2, 3, 4, 5, 7, 9, 11, 25, 51].flatMap((taps) =>
    [15, 128, 1024].map((channels): ConvDescription => ({
      inChannels: channels,
      outChannels: 64,
      input: [1000],
      kernel: [taps],
      dilation: 4,
    })),
  ),
  ...[4, 64].map((channels): ConvDescription => ({ inChannels: channels, outChannels: 32, input: [16, 18, 20], kernel: [3, 3, 3] })),
];

const described = layers.map((description) => {
  const shape = convShape(description);
  return { description, shape, weight: new Float32Array(weightLength(shape)).fill(0.5) };
});

type Layer = (typeof described)[number];

const chosen = ({ shape, weight }: Layer, isa: string, tolerance: number, algorithm: Algorithm = 'auto') =>
  probe.chooseShort({ shape: encodeShape(shape), weight, bias: null, isa, threads: 2, algorithm, tolerance });

describe.each(probe.isas)('%s', (isa) => {
  it.each([1e-6, 2e-6, 5e-6, 1e-5, 3e-5, 1e-3])('tolerance %d: no scheme is expected to err more', (tolerance) => {
    for (const layer of described) {
      const choice = chosen(layer, isa, tolerance);
      if (choice) expect(choice.error, JSON.stringify(layer.description)).toBeLessThanOrEqual(tolerance);
    }
  });

  it('the default tolerance leaves out what errs more than 1e-5 by its row, where its row was measured', () => {
    const above = algorithms.flatMap(({ error }, number) => (error > 1e-5 ? [number] : []));
    expect(above.length).toBeGreaterThan(0);
    const of512 = described.filter(({ shape }) => shape.inChannels === 512 && shape.kernel[1] === shape.kernel[2]);
    expect(of512.length).toBeGreaterThan(0);
    for (const layer of of512) {
      const [, height, width] = chosen(layer, isa, 1e-5)!.scheme.algorithms;
      expect(above.includes(height) && above.includes(width), JSON.stringify(layer.description)).toBe(false);
    }
  });

  it('a larger tolerance admits more', () => {
    const [strict, loose] = [1e-5, 1e-3].map((tolerance) =>
      described.map((layer) => JSON.stringify(chosen(layer, isa, tolerance)?.scheme.algorithms)),
    );
    expect(loose).not.toEqual(strict);
    expect(described.filter((layer) => chosen(layer, isa, 1e-6)).length).toBeLessThan(
      described.filter((layer) => chosen(layer, isa, 1e-5)).length,
    );
  });

  it('tolerance 0 and the direct algorithm admit none', () => {
    for (const layer of described) {
      for (const algorithm of ['auto', 'winograd', 'direct'] as const) expect(chosen(layer, isa, 0, algorithm)).toBeNull();
      expect(chosen(layer, isa, 1e-5, 'direct')).toBeNull();
    }
  });

  it.each<[what: string, description: ConvDescription]>([
    ['a stride', { inChannels: 64, outChannels: 64, input: [60, 60], kernel: [3, 3], stride: 2 }],
    ['a stride along one axis', { inChannels: 64, outChannels: 64, input: [60, 60], kernel: [3, 3], stride: [1, 2] }],
    ['a kernel of one tap', { inChannels: 64, outChannels: 64, input: [60, 60], kernel: [1, 1] }],
    ['more taps along the height than any algorithm has', { inChannels: 64, outChannels: 64, input: [60, 60], kernel: [9, 3] }],
  ])('%s fits none', (_, description) => {
    const shape = convShape(description);
    const weight = new Float32Array(weightLength(shape));
    expect(chosen({ description, shape, weight }, isa, 1e-3, 'winograd')).toBeNull();
  });
});

describe.each(nativeBackends())('plans of the backend, %s', (_, backend) => {
  const algorithmOf = (shape: ConvShape, weight: Float32Array, execution: Partial<ExecutionOptions>) =>
    backend.plan(shape, weight, null, { algorithm: 'auto', tolerance: 1e-5, threads: 2, ...execution }).info.algorithm;
  const some = described.filter((_, index) => index % 9 === 4);

  it('the algorithm that is asked for is the one that runs', () => {
    expect(some.length).toBeGreaterThan(5);
    for (const { shape, weight } of some) {
      expect(algorithmOf(shape, weight, { algorithm: 'winograd' })).toMatch(/^winograd-/);
      expect(algorithmOf(shape, weight, { algorithm: 'winograd', tolerance: 0 })).toMatch(/^direct-/);
      expect(algorithmOf(shape, weight, { algorithm: 'direct' })).toMatch(/^direct-/);
      expect(algorithmOf(shape, weight, { tolerance: 0 })).toMatch(/^direct-/);
    }
  });

  it('a channels-last image costs channels in lanes less than a channels-first one, and tiles in lanes more', () => {
    const cyclesOf = (layout: Layout) => {
      const shape = convShape({ inChannels: 64, outChannels: 64, input: [64, 64], kernel: [3, 3], padding: 'same', layout });
      const weight = new Float32Array(weightLength(shape)).fill(0.5);
      const plans = probe.allPlans({
        shape: encodeShape(shape),
        weight,
        bias: null,
        isa: backend.isa,
        schemes: 1,
        threads: 1,
        tolerance: 1e-5,
      });
      return (family: string) => plans.find(({ algorithm }) => algorithm === family)!.cycles;
    };
    const [first, last] = [cyclesOf('channelsFirst'), cyclesOf('channelsLast')];
    expect(last('winograd-k-lanes')).toBeLessThan(first('winograd-k-lanes'));
    expect(last('winograd-w-lanes')).toBeGreaterThan(first('winograd-w-lanes'));
  });

  it('is decided alike for every batch and number of threads', () => {
    for (const { description, weight } of some) {
      const names = [1, 2, 9].flatMap((batch) =>
        [1, 2, 7].map((threads) => algorithmOf(convShape({ ...description, batch }), weight, { threads })),
      );
      expect(new Set(names).size, JSON.stringify(description)).toBe(1);
    }
  });
});

describe('memory', () => {
  const addon = loaded();
  const layer = convShape({ inChannels: 32, outChannels: 32, input: [24, 30], kernel: [3, 3], padding: 'same', batch: 2 });
  const allocationsOf = (body: () => void): number => {
    const before = addon.allocationCount();
    body();
    return addon.allocationCount() - before;
  };

  it.each([
    ['one region', layer],
    ['several regions', convShape({ inChannels: 32, outChannels: 32, input: [150, 120], kernel: [3, 3], padding: 'same' })],
    ['groups of taps', convShape({ inChannels: 15, outChannels: 15, input: [3000], kernel: [51], dilation: 8, layout: 'channelsLast' })],
  ])('a second run allocates nothing, and neither does one with a NaN from the second of them on: %s', (_, shape) => {
    const weight = new Float32Array(weightLength(shape)).fill(0.25);
    for (const threads of [1, 2]) {
      const plan = createNativeBackend(addon, addon.isas[0]!).plan(shape, weight, null, {
        algorithm: 'winograd',
        tolerance: 1e-5,
        threads,
      });
      expect(plan.info.algorithm).toMatch(/^winograd-/);
      const input = new Float32Array(inputLength(shape)).fill(1);
      const spoilt = input.slice();
      spoilt[17] = NaN;
      const output = new Float32Array(outputLength(shape));
      plan.run(input, output);
      expect(allocationsOf(() => { plan.run(input, output); })).toBe(0); // prettier-ignore
      // The direct plan is made when it is first needed.
      expect(allocationsOf(() => { plan.run(spoilt, output); })).toBeGreaterThan(0); // prettier-ignore
      for (const next of [spoilt, input, spoilt]) expect(allocationsOf(() => { plan.run(next, output); })).toBe(0); // prettier-ignore
    }
  });
});

function loaded() {
  const result = loadAddon();
  if (!('addon' in result)) throw new Error('The native binary does not load: npm run build:native', { cause: result.loadError });
  return result.addon;
}

function nativeBackends() {
  const addon = loaded();
  return addon.isas.map((isa) => [isa, createNativeBackend(addon, isa)] as const);
}
