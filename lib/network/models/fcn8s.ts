/** FCN-8s: E. Shelhamer, J. Long, T. Darrell, Fully Convolutional Networks for Semantic Segmentation, PAMI 2017, as published for Pascal VOC. */
import type { NetworkBuilder, NetworkNode } from '../builder.js';
import { buildNetwork, type Network } from '../network.js';
import { interpolate } from './interpolation.js';
import { type ClassifierOptions, readClasses, readModelOptions } from './model-options.js';

/**
 * VGG-16 as a fully convolutional network: scores at 1/32 of the size are enlarged twice by 2, each time joined with scores of a finer level, then
 * by 8, and cropped to the image. The first convolution pads by 100, so that images of any size are scored; pools count a last window that hangs over.
 *
 * Scores at 1/32 (layer 'score_fr') have a field of 404 and stride 32. 134,362,751 parameters, without the frozen interpolations.
 *
 * @param options `classes` (default 21), and those of {@link buildNetwork}.
 * @throws {TypeError | RangeError} For options out of their range.
 * @example
 * fcn8s().outputDims([1, 3, 500, 375]); // [1, 21, 500, 375]
 */
export function fcn8s(options?: ClassifierOptions): Network {
  const { given, options: networkOptions, wide } = readModelOptions(options, ['classes']);
  const { classes = 21 } = given;
  const channels = readClasses(classes);
  return buildNetwork((g) => {
    const image = g.input('image', [null, 3, null, null]);
    const { pool3, pool4, fc7 } = addVgg16(g, image, wide);
    const score = (name: string, node: NetworkNode) => g.conv(node, { name, channels, kernel: 1 });
    const joined = (name: string, coarse: NetworkNode, fine: NetworkNode, offset: number) =>
      g.add([coarse, g.crop(fine, { name: `${name}c`, like: coarse, offset })], { name: `fuse_${name}` });

    const eighth = interpolate(g, score('score_fr', fc7), 'upscore2', channels, 2);
    const with4 = joined('score_pool4', eighth, score('score_pool4', pool4), 5);
    const with3 = joined('score_pool3', interpolate(g, with4, 'upscore_pool4', channels, 2), score('score_pool3', pool3), 9);
    return g.crop(interpolate(g, with3, 'upscore8', channels, 8), { name: 'score', like: image, offset: 31 });
  }, networkOptions);
}

function addVgg16(g: NetworkBuilder, image: NetworkNode, wide: (channels: number) => number) {
  const pools: NetworkNode[] = [];
  let node = image;
  [64, 128, 256, 512, 512].forEach((channels, index) => {
    const level = index + 1;
    for (let number = 1; number <= (level <= 2 ? 2 : 3); number++) {
      const padding = level === 1 && number === 1 ? 100 : 1;
      node = g.conv(node, { name: `conv${level}_${number}`, channels: wide(channels), kernel: 3, padding, activation: 'relu' });
    }
    node = g.maxPool(node, { name: `pool${level}`, kernel: 2, rounding: 'ceil' });
    pools.push(node);
  });
  const fc6 = g.conv(node, { name: 'fc6', channels: wide(4096), kernel: 7, activation: 'relu' });
  const fc7 = g.conv(fc6, { name: 'fc7', channels: wide(4096), kernel: 1, activation: 'relu' });
  return { pool3: pools[2]!, pool4: pools[3]!, fc7 };
}
