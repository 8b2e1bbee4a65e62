/**
 * The named layers that are timed, float32: the 58 dilated convolutions of published networks that the goals are set for (batch 1, stride 1,
 * channels first), and further layers that other kernels must serve: strides, large kernels, batches, channels last, depthwise in one
 * dimension.
 *
 * The 58 carry shares of the FMA peak in percent of all taps (padding too; above 100 means that products were skipped): `goal`, what we aim
 * for end to end through JavaScript on one thread, and `published`, what the fastest of oneDNN 3.14, ncnn, XNNPACK, PyTorch 1.13 and ONNX
 * Runtime 1.30, each in the layout it likes best, reached on a Zen 4 (117 GFLOP/s a core) with one thread and with two.
 */
import type { Layout } from '../lib/types.js';

/** A share of the FMA peak of all cores in use, and the library that reached it. */
export interface Published {
  readonly library: string;
  readonly percent: number;
}

export interface Shape {
  /** Family and dilation, e.g. `aspp256_33_d6`; with `_last`: the same in channels last. */
  readonly name: string;
  /** Which network has such a layer. */
  readonly network: string;
  readonly batch: number;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly groups: number;
  /** Spatial sizes of the input, one to three. */
  readonly input: readonly number[];
  readonly kernel: readonly number[];
  /** The same on every axis. */
  readonly stride: number;
  /** The same on every axis. */
  readonly dilation: number;
  readonly padding: 'same' | 'valid';
  /** Of our input, weight and output; peers take the layout they like. */
  readonly layout: Layout;
  /** Percent of the FMA peak of one core. */
  readonly goalPercent: number | null;
  /** By number of threads. */
  readonly published: Readonly<Record<number, Published>>;
  /** In the default choice, which ends within a minute. */
  readonly quick: boolean;
}

interface Family {
  readonly network: string;
  readonly batch?: number;
  readonly channels: readonly [number, number];
  readonly groups?: number;
  readonly input: readonly number[];
  readonly kernel: readonly number[];
  readonly stride?: number;
  readonly padding?: 'valid';
  /** dilation → goal, the best library on one thread, on two; without these: null. */
  readonly dilations: Readonly<Record<number, Figures | null>>;
  /** The dilations of this family in the quick choice. */
  readonly quick?: readonly number[];
}

type Figures = readonly [goal: number, one: readonly [percent: number, library: string], two: readonly [percent: number, library: string]];

const families: Readonly<Record<string, Family>> = {
  aspp256_33: {
    network: 'DeepLab v3, atrous spatial pyramid pooling',
    channels: [256, 256],
    input: [33, 33],
    kernel: [3, 3],
    dilations: {
      1: [300, [281, 'ncnn packed'], [258, 'ncnn packed']],
      6: [260, [126, 'oneDNN'], [127, 'oneDNN']],
      12: [350, [166, 'oneDNN'], [166, 'oneDNN']],
      18: [330, [233, 'oneDNN'], [232, 'oneDNN']],
    },
    quick: [6, 18],
  },
  aspp2048_33: {
    network: 'DeepLab v3, pyramid on ResNet features',
    channels: [2048, 256],
    input: [33, 33],
    kernel: [3, 3],
    dilations: { 1: [300, [252, 'ncnn packed'], [239, 'ncnn packed']], 12: [340, [167, 'oneDNN'], [163, 'oneDNN']] },
  },
  drn512_28: {
    network: 'dilated residual network (DRN-D-22)',
    channels: [512, 512],
    input: [28, 28],
    kernel: [3, 3],
    dilations: {
      1: [300, [301, 'ncnn packed'], [292, 'ncnn packed']],
      2: [290, [191, 'ncnn planar'], [167, 'ncnn planar']],
      4: [330, [117, 'oneDNN'], [116, 'oneDNN']],
    },
    quick: [4],
  },
  ctx21_64: {
    network: 'context module (Yu and Koltun), 21 classes',
    channels: [21, 21],
    input: [64, 64],
    kernel: [3, 3],
    dilations: {
      1: [215, [87, 'ncnn packed'], [66, 'XNNPACK']],
      2: [215, [67, 'oneDNN'], [66, 'oneDNN']],
      4: [215, [71, 'ncnn planar'], [66, 'XNNPACK']],
      8: [215, [71, 'oneDNN'], [70, 'oneDNN']],
      16: [215, [85, 'oneDNN'], [83, 'oneDNN']],
    },
    quick: [4],
  },
  ctx21_128: {
    network: 'context module (Yu and Koltun), 21 classes',
    channels: [21, 21],
    input: [128, 128],
    kernel: [3, 3],
    dilations: {
      1: [215, [77, 'ncnn planar'], [66, 'XNNPACK']],
      2: [215, [66, 'XNNPACK'], [66, 'oneDNN']],
      4: [215, [66, 'XNNPACK'], [66, 'XNNPACK']],
      8: [215, [67, 'oneDNN'], [67, 'oneDNN']],
      16: [215, [73, 'oneDNN'], [73, 'oneDNN']],
    },
  },
  u2_256_20: {
    network: 'U²-Net, inner blocks',
    channels: [256, 256],
    input: [20, 20],
    kernel: [3, 3],
    dilations: {
      1: [310, [312, 'ncnn packed'], [292, 'ncnn planar']],
      2: [300, [173, 'ncnn planar'], [167, 'ncnn planar']],
      4: [370, [130, 'oneDNN'], [128, 'oneDNN']],
      8: [380, [180, 'oneDNN'], [178, 'oneDNN']],
    },
    quick: [2],
  },
  u2_64_64: {
    network: 'U²-Net, outer blocks',
    channels: [64, 64],
    input: [64, 64],
    kernel: [3, 3],
    dilations: { 1: [290, [242, 'ncnn packed'], [151, 'ncnn planar']], 2: [290, [133, 'ncnn planar'], [122, 'ncnn planar']] },
  },
  hr32_256: {
    network: 'few channels on a large map',
    channels: [32, 32],
    input: [256, 256],
    kernel: [3, 3],
    dilations: {
      1: [200, [129, 'ncnn packed'], [120, 'ncnn packed']],
      2: [200, [99, 'oneDNN'], [98, 'PyTorch']],
      8: [200, [99, 'oneDNN'], [99, 'oneDNN']],
    },
    quick: [2],
  },
  hr3to32_512: {
    network: 'first layer of an image network',
    channels: [3, 32],
    input: [512, 512],
    kernel: [3, 3],
    dilations: { 1: [100, [85, 'oneDNN'], [88, 'oneDNN']], 2: [100, [85, 'oneDNN'], [90, 'oneDNN']] },
  },
  dw128_128: {
    network: 'MobileNet depthwise, 128 channels',
    channels: [128, 128],
    groups: 128,
    input: [128, 128],
    kernel: [3, 3],
    dilations: {
      1: [94, [68, 'oneDNN'], [78, 'oneDNN']],
      2: [94, [54, 'oneDNN'], [67, 'oneDNN']],
      4: [94, [48, 'oneDNN'], [61, 'oneDNN']],
    },
    quick: [2],
  },
  dw960_33: {
    network: 'MobileNet depthwise, 960 channels',
    channels: [960, 960],
    groups: 960,
    input: [33, 33],
    kernel: [3, 3],
    dilations: { 1: [75, [64, 'oneDNN'], [62, 'oneDNN']], 2: [75, [57, 'oneDNN'], [53, 'oneDNN']] },
  },
  dw64_112_k5: {
    network: 'MobileNet depthwise, 5×5',
    channels: [64, 64],
    groups: 64,
    input: [112, 112],
    kernel: [5, 5],
    dilations: { 1: [95, [95, 'oneDNN'], [93, 'oneDNN']], 2: [95, [75, 'oneDNN'], [73, 'oneDNN']] },
  },
  grp32_256_56: {
    network: 'ResNeXt, 32 groups of 8',
    channels: [256, 256],
    groups: 32,
    input: [56, 56],
    kernel: [3, 3],
    dilations: { 1: [125, [93, 'oneDNN'], [92, 'oneDNN']], 2: [125, [95, 'oneDNN'], [94, 'oneDNN']] },
    quick: [2],
  },
  wavenet: {
    network: 'WaveNet, gated layer, 16,000 outputs',
    channels: [64, 128],
    // The layer has no padding: an input of 16,000 + dilation samples gives 16,000 outputs for every dilation.
    input: [16000],
    kernel: [2],
    padding: 'valid',
    dilations: {
      1: [118, [98, 'XNNPACK'], [100, 'XNNPACK']],
      16: [120, [98, 'XNNPACK'], [100, 'XNNPACK']],
      512: [112, [98, 'XNNPACK'], [100, 'XNNPACK']],
    },
    quick: [16],
  },
  tcn256: {
    network: 'temporal convolutional network',
    channels: [256, 256],
    input: [4000],
    kernel: [3],
    dilations: {
      1: [170, [99, 'XNNPACK'], [99, 'XNNPACK']],
      8: [170, [99, 'XNNPACK'], [100, 'XNNPACK']],
      64: [170, [99, 'XNNPACK'], [100, 'XNNPACK']],
    },
    quick: [8],
  },
  hifi128_k11: {
    network: 'HiFi-GAN residual block, 128 channels',
    channels: [128, 128],
    input: [8192],
    kernel: [11],
    dilations: {
      1: [180, [100, 'XNNPACK'], [100, 'XNNPACK']],
      3: [180, [99, 'XNNPACK'], [99, 'XNNPACK']],
      5: [180, [98, 'XNNPACK'], [99, 'XNNPACK']],
    },
  },
  hifi32_k7: {
    network: 'HiFi-GAN residual block, 32 channels',
    channels: [32, 32],
    input: [65536],
    kernel: [7],
    dilations: { 1: [150, [99, 'oneDNN'], [99, 'oneDNN']], 5: [150, [98, 'XNNPACK'], [97, 'XNNPACK']] },
    quick: [5],
  },
  gen15_k51: {
    network: 'genomics (ATAC-seq denoising), 15 channels',
    channels: [15, 15],
    input: [60000],
    kernel: [51],
    dilations: { 1: [200, [94, 'oneDNN'], [94, 'oneDNN']], 8: [200, [93, 'XNNPACK'], [92, 'XNNPACK']] },
    quick: [8],
  },
  gen64_k5: {
    network: 'genomics, 64 channels',
    channels: [64, 64],
    input: [60000],
    kernel: [5],
    dilations: { 1: [165, [98, 'XNNPACK'], [96, 'XNNPACK']], 8: [165, [93, 'XNNPACK'], [94, 'oneDNN']] },
  },
  vol32: {
    network: 'volumetric segmentation (HighRes3DNet)',
    channels: [32, 32],
    input: [32, 32, 32],
    kernel: [3, 3, 3],
    dilations: { 1: [380, [104, 'oneDNN'], [104, 'oneDNN']], 2: [380, [110, 'oneDNN'], [111, 'oneDNN']] },
    quick: [2],
  },
  tiny8_16: {
    network: 'a layer so small that the call itself counts',
    channels: [8, 8],
    input: [16, 16],
    kernel: [3, 3],
    dilations: { 1: [70, [49, 'XNNPACK'], [43, 'XNNPACK']], 2: [70, [49, 'XNNPACK'], [43, 'XNNPACK']] },
    quick: [2],
  },
  stem3to64_224_k7_s2: {
    network: 'first layer of a ResNet',
    channels: [3, 64],
    input: [224, 224],
    kernel: [7, 7],
    stride: 2,
    dilations: { 1: null },
  },
  res128_56_s2: {
    network: 'ResNet, where the map is halved',
    channels: [128, 128],
    input: [56, 56],
    kernel: [3, 3],
    stride: 2,
    dilations: { 1: null, 2: null },
  },
  enc64to128_8000_k8_s4: {
    network: 'audio encoder (EnCodec), where the signal is shortened',
    channels: [64, 128],
    input: [8000],
    kernel: [8],
    stride: 4,
    dilations: { 1: null },
  },
  incep64_56_k5: {
    network: 'dense 5×5 (Inception)',
    channels: [64, 64],
    input: [56, 56],
    kernel: [5, 5],
    dilations: { 1: null, 2: null },
  },
  gcn32_64_k7: {
    network: 'dense 7×7 (large-kernel segmentation)',
    channels: [32, 32],
    input: [64, 64],
    kernel: [7, 7],
    dilations: { 1: null, 3: null },
  },
  dw96_112_s2: {
    network: 'MobileNet v2 depthwise, where the map is halved',
    channels: [96, 96],
    groups: 96,
    input: [112, 112],
    kernel: [3, 3],
    stride: 2,
    dilations: { 1: null, 2: null },
  },
  dw144_56_k5_s2: {
    network: 'EfficientNet depthwise 5×5, where the map is halved',
    channels: [144, 144],
    groups: 144,
    input: [56, 56],
    kernel: [5, 5],
    stride: 2,
    dilations: { 1: null },
  },
  dw64_56_k7: {
    network: 'large-kernel depthwise (ConvNeXt; dilation 3: visual attention network)',
    channels: [64, 64],
    groups: 64,
    input: [56, 56],
    kernel: [7, 7],
    dilations: { 1: null, 3: null },
  },
  tasnet512_3200: {
    network: 'Conv-TasNet, depthwise in one dimension',
    channels: [512, 512],
    groups: 512,
    input: [3200],
    kernel: [3],
    dilations: { 1: null, 8: null, 128: null },
  },
  conformer512_1000_k31: {
    network: 'Conformer, depthwise in one dimension, 31 taps',
    channels: [512, 512],
    groups: 512,
    input: [1000],
    kernel: [31],
    dilations: { 1: null },
  },
  u2_256_20_b8: {
    network: 'U²-Net, inner blocks, eight images',
    batch: 8,
    channels: [256, 256],
    input: [20, 20],
    kernel: [3, 3],
    dilations: { 4: null },
  },
  ctx21_64_b8: {
    network: 'context module, eight images',
    batch: 8,
    channels: [21, 21],
    input: [64, 64],
    kernel: [3, 3],
    dilations: { 4: null },
  },
  dw960_33_b8: {
    network: 'MobileNet depthwise, eight images',
    batch: 8,
    channels: [960, 960],
    groups: 960,
    input: [33, 33],
    kernel: [3, 3],
    dilations: { 2: null },
  },
  tiny8_16_b8: {
    network: 'eight images of a layer so small that the call itself counts',
    batch: 8,
    channels: [8, 8],
    input: [16, 16],
    kernel: [3, 3],
    dilations: { 2: null },
  },
};

/** Timed in channels last too. */
const twins: readonly string[] = [
  'aspp256_33_d6',
  'drn512_28_d2',
  'ctx21_64_d4',
  'u2_256_20_d2',
  'u2_64_64_d1',
  'hr32_256_d2',
  'hr3to32_512_d2',
  'grp32_256_56_d2',
  'tcn256_d8',
  'vol32_d2',
  'dw128_128_d2',
  'dw64_112_k5_d2',
  'tasnet512_3200_d8',
];

function familyShapes(familyName: string, family: Family): Shape[] {
  return Object.entries(family.dilations).map(([key, figures]) => {
    const dilation = Number(key);
    const padding = family.padding ?? 'same';
    const input = padding === 'same' ? family.input : family.input.map((size, axis) => size + dilation * (family.kernel[axis]! - 1));
    const [goalPercent = null, ...best] = figures ?? [];
    return {
      name: `${familyName}_d${key}`,
      network: family.network,
      batch: family.batch ?? 1,
      inChannels: family.channels[0],
      outChannels: family.channels[1],
      groups: family.groups ?? 1,
      input,
      kernel: family.kernel,
      stride: family.stride ?? 1,
      dilation,
      padding,
      layout: 'channelsFirst',
      goalPercent,
      published: Object.fromEntries(best.map(([percent, library], index) => [index + 1, { percent, library }])),
      quick: family.quick?.includes(dilation) ?? false,
    };
  });
}

const channelsFirst = Object.entries(families).flatMap(([name, family]) => familyShapes(name, family));

/** The goals are of plain channels first, so a twin has none. */
const channelsLast = channelsFirst
  .filter(({ name }) => twins.includes(name))
  .map((shape): Shape => ({
    ...shape,
    name: `${shape.name}_last`,
    layout: 'channelsLast',
    goalPercent: null,
    published: {},
    quick: false,
  }));

/** Every named layer: first those with goals, in the order of the tables. */
export const shapes: readonly Shape[] = [...channelsFirst, ...channelsLast];

/** Sizes of the output, one per spatial axis: under 'same' ⌈input / stride⌉; 'valid' fits the dilated kernel inside the input. */
export function outputSizes(shape: Shape): number[] {
  const { input, kernel, stride, dilation, padding } = shape;
  if (padding === 'same') return input.map((size) => Math.ceil(size / stride));
  return input.map((size, axis) => Math.floor((size - dilation * (kernel[axis]! - 1) - 1) / stride) + 1);
}

/**
 * Multiplications of the plain formula: batch · outChannels · inChannels/groups · Π kernel · Π output, every tap counted, in the padding
 * too, so that a faster algorithm shows as a higher rate.
 */
export function multiplyCount(shape: Shape): number {
  const product = (sizes: readonly number[]): number => sizes.reduce((total, size) => total * size, 1);
  return shape.batch * shape.outChannels * (shape.inChannels / shape.groups) * product(shape.kernel) * product(outputSizes(shape));
}
