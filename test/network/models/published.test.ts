/** The papers' networks: published fields, strides, output sizes and parameter counts, without a weight in memory. */
import { describe, expect, it } from 'vitest';
import { contextModule } from '../../../lib/network/models/context-module.js';
import { dilation10, dilation7, dilation8 } from '../../../lib/network/models/dilation.js';
import { drn, type DrnName, drnNames } from '../../../lib/network/models/drn.js';
import { fcn8s } from '../../../lib/network/models/fcn8s.js';
import { frontEnd } from '../../../lib/network/models/front-end.js';
import type { Network } from '../../../lib/network/network.js';

/** Both axes see the same, around the middle of what is padded. */
function expectField(network: Network, size: number, stride: number, layer?: string): void {
  for (const axis of network.receptiveField(layer)) expect(axis).toMatchObject({ size, stride, aligned: true, misalignments: [] });
}

describe('dilated residual networks (CVPR 2017 and the README of its repository)', () => {
  const published: Record<DrnName, readonly [field: number, parameters: number]> = {
    // Of no field is published: 11 behind the pool, then 8, 16, 32 or 64 a convolution; parameters are those of ResNet-18 and 34.
    'a-18': [11 + 4 * 8 + 8 + 3 * 16 + 2 * 16 + 2 * 32 + 2 * 16 + 2 * 64, 11_689_512],
    'a-34': [11 + 6 * 8 + 8 + 7 * 16 + 2 * 16 + 10 * 32 + 2 * 16 + 4 * 64, 21_797_672],
    'a-50': [411, 25_557_032],
    'c-26': [581, 21_126_584],
    'c-42': [1045, 31_234_744],
    'c-58': [573, 41_591_608],
    'd-22': [527, 16_393_752],
    'd-24': [575, 21_114_392],
    'd-38': [991, 26_501_912],
    'd-40': [1039, 31_222_552],
    'd-54': [519, 35_809_176],
    'd-56': [567, 40_529_816],
    'd-105': [1063, 54_801_304],
  };

  it.each(drnNames)('%s', (name) => {
    const network = drn(name);
    const [field, parameters] = published[name];
    expect(network.parameterCount).toBe(parameters);
    expectField(network, field, 8);
    expect(network.outputDims([1, 3, 224, 224])).toEqual([1, 1000, 28, 28]);
    expect(network.outputDims({ image: [2, 3, 224, 224] })).toEqual({ scores: [2, 1000, 28, 28], logits: [2, 1000] });
    // 205 and 290 are the published effective paddings of A-50 and C-26: score 0 is centred on pixel 0.
    expect(network.receptiveField()[0]).toMatchObject({ padding: (field - 1) / 2, center: 0 });
  });

  it('count the shortcut that C-58 has and does not use', () => {
    const unused = drn('c-58')
      .report()
      .find(({ name }) => name === 'layer7.0.downsample')!;
    expect(unused.parameters).toBe(1_049_600);
    const narrow = drn('c-58', { width: 1 / 64, classes: 1 });
    expect(narrow.plan([1, 3, 8, 8]).layers.map(({ name }) => name)).not.toContain('layer7.0.downsample');
  });
});

describe('multi-scale context aggregation (ICLR 2016)', () => {
  it.each([1, 3, 19, 21])('context module of %d channels: 64·C² + 8·C parameters, large 15422·C² + 97·C', (channels) => {
    expect(contextModule({ channels }).parameterCount).toBe(64 * channels ** 2 + 8 * channels);
    expect(contextModule({ channels, variant: 'large' }).parameterCount).toBe(15422 * channels ** 2 + 97 * channels);
  });

  it.each(['basic', 'large'] as const)('context module, %s: fields 3, 5, 9, 17, 33, 65, 67, 67', (variant) => {
    const network = contextModule({ channels: 2, variant });
    const layers = network.report().filter(({ kind }) => kind === 'conv');
    expect(layers.map(({ receptiveField }) => receptiveField![0]!.size)).toEqual([3, 5, 9, 17, 33, 65, 67, 67]);
    const widths = { basic: [1, 1, 1, 1, 1, 1, 1, 1], large: [2, 2, 4, 8, 16, 32, 32, 1] }[variant];
    expect(layers.map(({ outputDims }) => outputDims[1])).toEqual(widths.map((factor) => 2 * factor));
    expect(network.outputDims([1, 2, 64, 64])).toEqual([1, 2, 64, 64]);
  });

  it.each([
    [7, 35],
    [8, 67],
    [10, 259],
  ])('context module of %d layers sees %d', (layers, field) => {
    expectField(contextModule({ channels: 1, layers }), field, 1);
  });

  it('front end: field 380, stride 8, (n − 372)/8 outputs', () => {
    const network = frontEnd();
    expectField(network, 380, 8);
    expect(network.outputDims([1, 3, 628, 900])).toEqual([1, 21, 32, 66]);
    expect(network.parameterCount).toBe(134_346_581);
  });

  it('dilation7 (KITTI)', () => {
    const network = dilation7();
    expectField(network, 652, 8);
    expect(network.outputDims([1, 3, 852, 1640])).toEqual([1, 11, 60, 159]);
    expect(network.parameterCount).toBe(134_312_343);
  });

  it('dilation8 (Pascal VOC)', () => {
    const network = dilation8();
    expectField(network, 908, 8);
    expect(network.receptiveField()[0]!.padding).toBe(264);
    expect(network.outputDims([1, 3, 900, 900])).toEqual([1, 21, 66, 66]);
    expect(network.parameterCount).toBe(141_149_720);
  });

  it('dilation8 (CamVid)', () => {
    const network = dilation8({ classes: 11, variant: 'basic' });
    expectField(network, 908, 8);
    expect(network.outputDims([1, 3, 900, 1100])).toEqual([1, 11, 66, 91]);
    expect(network.parameterCount).toBe(134_313_443);
  });

  it('dilation10 (Cityscapes)', () => {
    const network = dilation10();
    expectField(network, 2444, 8, 'ctx10');
    const [context] = network.report([1, 3, 1396, 1396]).filter(({ name }) => name === 'ctx10');
    expect(context!.outputDims).toEqual([1, 19, 128, 128]);
    expect(network.outputDims([1, 3, 1396, 1396])).toEqual([1, 19, 1024, 1024]);
    expect(network.parameterCount).toBe(134_368_179);
    // Every pixel sees two of the scores, one stride of 8 apart.
    expectField(network, 2452, 1);
  });
});

describe('fully convolutional networks (PAMI 2017)', () => {
  it('fcn8s gives scores of the size of the image, whatever it is', () => {
    const network = fcn8s();
    for (const [height, width] of [
      [500, 375],
      [224, 224],
      [1, 33],
    ]) {
      expect(network.outputDims([1, 3, height!, width!])).toEqual([1, 21, height, width]);
    }
    expectField(network, 404, 32, 'score_fr');
    // VGG-16 with 1,000 classes has 138,357,544: less its classifier, 4096·1000 + 1000, more three scores of 21 classes.
    expect(network.parameterCount).toBe(138_357_544 - 4_097_000 + (4096 + 512 + 256 + 3) * 21);
  });

  it('the offsets of its crops, 5, 9 and 31, align every path', () => {
    for (const axis of fcn8s().receptiveField()) expect(axis).toMatchObject({ stride: 1, aligned: true, misalignments: [] });
  });
});
