/**
 * The front end of F. Yu, V. Koltun, Multi-Scale Context Aggregation by Dilated Convolutions, ICLR 2016, section 4: VGG-16 (Simonyan and Zisserman,
 * ICLR 2015) without its last two pools, what followed them dilated by 2 and 4 instead, nothing padded.
 */
import type { NetworkBuilder, NetworkNode } from '../builder.js';
import { buildNetwork, type Network } from '../network.js';
import { type ClassifierOptions, readClasses, readModelOptions } from './model-options.js';

/**
 * The front end: class scores at an eighth of the image's size, (n − 372)/8 of n elements (more, where pools count a last window that hangs over), from a
 * field of 380.
 *
 * The paper pads the image by 186 elements of its mirror image (`g.pad` with mode 'reflect'), so that there is a score for every eighth pixel.
 *
 * @param options `classes` (default 21, Pascal VOC's), and those of {@link buildNetwork}.
 * @throws {TypeError | RangeError} For options out of their range.
 * @example
 * const network = frontEnd({ classes: 21 });
 * network.outputDims([1, 3, 900, 900]); // [1, 21, 66, 66]
 * network.receptiveField()[0]; // { size: 380, stride: 8, … }
 */
export function frontEnd(options?: ClassifierOptions): Network {
  const { given, options: networkOptions, wide } = readModelOptions(options, ['classes']);
  const { classes = 21 } = given;
  return buildNetwork((g) => addFrontEnd(g, g.input('image', [null, 3, null, null]), readClasses(classes), wide), networkOptions);
}

/** Adds the layers of the front end, under the names of the authors' networks. */
export function addFrontEnd(g: NetworkBuilder, image: NetworkNode, classes: number, wide: (channels: number) => number): NetworkNode {
  const conv = (name: string, node: NetworkNode, channels: number, kernel: number, dilation = 1) =>
    g.conv(node, { name, channels: wide(channels), kernel, dilation, activation: 'relu' });
  let node = image;
  [64, 128, 256, 512, 512].forEach((channels, index) => {
    const level = index + 1;
    const convolutions = level <= 2 ? 2 : 3;
    for (let number = 1; number <= convolutions; number++) node = conv(`conv${level}_${number}`, node, channels, 3, level === 5 ? 2 : 1);
    if (level <= 3) node = g.maxPool(node, { name: `pool${level}`, kernel: 2, rounding: 'ceil' });
  });
  node = conv('fc6', node, 4096, 7, 4);
  node = conv('fc7', node, 4096, 1);
  return g.conv(node, { name: 'fc-final', channels: classes, kernel: 1 });
}
