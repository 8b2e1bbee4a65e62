/**
 * The named layers that are timed: dilated convolutions of published networks, batch 1, float32, stride 1, channels first.
 *
 * Beside each dilation stand two shares of the FMA peak at one thread, in percent of all taps (padding too; above 100 means that products
 * were skipped): `goal`, what we aim for end to end through JavaScript, and `best`, what the fastest of oneDNN 3.14, ncnn, XNNPACK,
 * PyTorch 1.13 and ONNX Runtime 1.30, each in the layout it likes best, reached on one Zen 4 core (117 GFLOP/s).
 */
export interface Shape {
  /** Family and dilation, e.g. `aspp256_33_d6`. */
  readonly name: string;
  /** Which network has such a layer. */
  readonly network: string;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly groups: number;
  /** Spatial sizes of the input, one to three. */
  readonly input: readonly number[];
  readonly kernel: readonly number[];
  /** The same on every axis. */
  readonly dilation: number;
  readonly padding: 'same' | 'valid';
  /** Percent of the FMA peak of one core. */
  readonly goalPercent: number;
  /** Percent of the FMA peak of one core, and the library that reached it. */
  readonly best: { readonly library: string; readonly percent: number };
  /** In the default choice, which ends within a minute. */
  readonly quick: boolean;
}

interface Family {
  readonly network: string;
  readonly channels: readonly [number, number];
  readonly groups?: number;
  readonly input: readonly number[];
  readonly kernel: readonly number[];
  readonly padding?: 'valid';
  /** dilation → goal, best, its library. */
  readonly dilations: Readonly<Record<number, readonly [goal: number, best: number, library: string]>>;
  /** The dilations of this family in the quick choice. */
  readonly quick?: readonly number[];
}

const families: Readonly<Record<string, Family>> = {
  aspp256_33: {
    network: 'DeepLab v3, atrous spatial pyramid pooling',
    channels: [256, 256],
    input: [33, 33],
    kernel: [3, 3],
    dilations: {
      1: [300, 281, 'ncnn packed'],
      6: [260, 126, 'oneDNN'],
      12: [350, 166, 'oneDNN'],
      18: [330, 233, 'oneDNN'],
    },
    quick: [6, 18],
  },
  aspp2048_33: {
    network: 'DeepLab v3, pyramid on ResNet features',
    channels: [2048, 256],
    input: [33, 33],
    kernel: [3, 3],
    dilations: { 1: [300, 252, 'ncnn packed'], 12: [340, 167, 'oneDNN'] },
  },
  drn512_28: {
    network: 'dilated residual network (DRN-D-22)',
    channels: [512, 512],
    input: [28, 28],
    kernel: [3, 3],
    dilations: { 1: [300, 301, 'ncnn packed'], 2: [290, 191, 'ncnn planar'], 4: [330, 117, 'oneDNN'] },
    quick: [4],
  },
  ctx21_64: {
    network: 'context module (Yu and Koltun), 21 classes',
    channels: [21, 21],
    input: [64, 64],
    kernel: [3, 3],
    dilations: {
      1: [215, 87, 'ncnn packed'],
      2: [215, 67, 'oneDNN'],
      4: [215, 71, 'ncnn planar'],
      8: [215, 71, 'oneDNN'],
      16: [215, 85, 'oneDNN'],
    },
    quick: [4],
  },
  ctx21_128: {
    network: 'context module (Yu and Koltun), 21 classes',
    channels: [21, 21],
    input: [128, 128],
    kernel: [3, 3],
    dilations: {
      1: [215, 77, 'ncnn planar'],
      2: [215, 66, 'XNNPACK'],
      4: [215, 66, 'XNNPACK'],
      8: [215, 67, 'oneDNN'],
      16: [215, 73, 'oneDNN'],
    },
  },
  u2_256_20: {
    network: 'U²-Net, inner blocks',
    channels: [256, 256],
    input: [20, 20],
    kernel: [3, 3],
    dilations: {
      1: [310, 312, 'ncnn packed'],
      2: [300, 173, 'ncnn planar'],
      4: [370, 130, 'oneDNN'],
      8: [380, 180, 'oneDNN'],
    },
    quick: [2],
  },
  u2_64_64: {
    network: 'U²-Net, outer blocks',
    channels: [64, 64],
    input: [64, 64],
    kernel: [3, 3],
    dilations: { 1: [290, 242, 'ncnn packed'], 2: [290, 133, 'ncnn planar'] },
  },
  hr32_256: {
    network: 'few channels on a large map',
    channels: [32, 32],
    input: [256, 256],
    kernel: [3, 3],
    dilations: { 1: [200, 129, 'ncnn packed'], 2: [200, 99, 'oneDNN'], 8: [200, 99, 'oneDNN'] },
    quick: [2],
  },
  hr3to32_512: {
    network: 'first layer of an image network',
    channels: [3, 32],
    input: [512, 512],
    kernel: [3, 3],
    dilations: { 1: [100, 85, 'oneDNN'], 2: [100, 85, 'oneDNN'] },
  },
  dw128_128: {
    network: 'MobileNet depthwise, 128 channels',
    channels: [128, 128],
    groups: 128,
    input: [128, 128],
    kernel: [3, 3],
    dilations: { 1: [94, 68, 'oneDNN'], 2: [94, 54, 'oneDNN'], 4: [94, 48, 'oneDNN'] },
    quick: [2],
  },
  dw960_33: {
    network: 'MobileNet depthwise, 960 channels',
    channels: [960, 960],
    groups: 960,
    input: [33, 33],
    kernel: [3, 3],
    dilations: { 1: [75, 64, 'oneDNN'], 2: [75, 57, 'oneDNN'] },
  },
  dw64_112_k5: {
    network: 'MobileNet depthwise, 5×5',
    channels: [64, 64],
    groups: 64,
    input: [112, 112],
    kernel: [5, 5],
    dilations: { 1: [95, 95, 'oneDNN'], 2: [95, 75, 'oneDNN'] },
  },
  grp32_256_56: {
    network: 'ResNeXt, 32 groups of 8',
    channels: [256, 256],
    groups: 32,
    input: [56, 56],
    kernel: [3, 3],
    dilations: { 1: [125, 93, 'oneDNN'], 2: [125, 95, 'oneDNN'] },
    quick: [2],
  },
  wavenet: {
    network: 'WaveNet, gated layer, 16,000 outputs',
    channels: [64, 128],
    // The layer has no padding: an input of 16,000 + dilation samples gives 16,000 outputs for every dilation.
    input: [16000],
    kernel: [2],
    padding: 'valid',
    dilations: { 1: [118, 98, 'XNNPACK'], 16: [120, 98, 'XNNPACK'], 512: [112, 98, 'XNNPACK'] },
    quick: [16],
  },
  tcn256: {
    network: 'temporal convolutional network',
    channels: [256, 256],
    input: [4000],
    kernel: [3],
    dilations: { 1: [170, 99, 'XNNPACK'], 8: [170, 99, 'XNNPACK'], 64: [170, 99, 'XNNPACK'] },
    quick: [8],
  },
  hifi128_k11: {
    network: 'HiFi-GAN residual block, 128 channels',
    channels: [128, 128],
    input: [8192],
    kernel: [11],
    dilations: { 1: [180, 100, 'XNNPACK'], 3: [180, 99, 'XNNPACK'], 5: [180, 98, 'XNNPACK'] },
  },
  hifi32_k7: {
    network: 'HiFi-GAN residual block, 32 channels',
    channels: [32, 32],
    input: [65536],
    kernel: [7],
    dilations: { 1: [150, 99, 'oneDNN'], 5: [150, 98, 'XNNPACK'] },
    quick: [5],
  },
  gen15_k51: {
    network: 'genomics (ATAC-seq denoising), 15 channels',
    channels: [15, 15],
    input: [60000],
    kernel: [51],
    dilations: { 1: [200, 94, 'oneDNN'], 8: [200, 93, 'XNNPACK'] },
    quick: [8],
  },
  gen64_k5: {
    network: 'genomics, 64 channels',
    channels: [64, 64],
    input: [60000],
    kernel: [5],
    dilations: { 1: [165, 98, 'XNNPACK'], 8: [165, 93, 'XNNPACK'] },
  },
  vol32: {
    network: 'volumetric segmentation (HighRes3DNet)',
    channels: [32, 32],
    input: [32, 32, 32],
    kernel: [3, 3, 3],
    dilations: { 1: [380, 104, 'oneDNN'], 2: [380, 110, 'oneDNN'] },
    quick: [2],
  },
  tiny8_16: {
    network: 'a layer so small that the call itself counts',
    channels: [8, 8],
    input: [16, 16],
    kernel: [3, 3],
    dilations: { 1: [70, 49, 'XNNPACK'], 2: [70, 49, 'XNNPACK'] },
    quick: [2],
  },
};

function familyShapes(familyName: string, family: Family): Shape[] {
  return Object.entries(family.dilations).map(([key, [goalPercent, percent, library]]) => {
    const dilation = Number(key);
    const padding = family.padding ?? 'same';
    const input = padding === 'same' ? family.input : family.input.map((size, axis) => size + dilation * (family.kernel[axis]! - 1));
    return {
      name: `${familyName}_d${key}`,
      network: family.network,
      inChannels: family.channels[0],
      outChannels: family.channels[1],
      groups: family.groups ?? 1,
      input,
      kernel: family.kernel,
      dilation,
      padding,
      goalPercent,
      best: { library, percent },
      quick: family.quick?.includes(dilation) ?? false,
    };
  });
}

/** Every named layer, in the order of the tables. */
export const shapes: readonly Shape[] = Object.entries(families).flatMap(([name, family]) => familyShapes(name, family));

/** Sizes of the output, one per spatial axis: the input's under 'same', without dilation·(kernel − 1) elements under 'valid'. */
export function outputSizes(shape: Shape): number[] {
  if (shape.padding === 'same') return [...shape.input];
  return shape.input.map((size, axis) => size - shape.dilation * (shape.kernel[axis]! - 1));
}

/**
 * Multiplications of the plain formula: outChannels · inChannels/groups · Π kernel · Π output, every tap counted, in the padding too, so
 * that a faster algorithm shows as a higher rate.
 */
export function multiplyCount(shape: Shape): number {
  const product = (sizes: readonly number[]): number => sizes.reduce((total, size) => total * size, 1);
  return shape.outChannels * (shape.inChannels / shape.groups) * product(shape.kernel) * product(outputSizes(shape));
}
