/**
 * Dilated residual networks: F. Yu, V. Koltun, T. Funkhouser, Dilated Residual Networks, CVPR 2017.
 *
 * A residual network (He et al. 2016) whose last two levels keep the resolution of an eighth and are dilated by 2 and 4 instead (A). Against
 * gridding, C replaces the max pool by convolutions and adds levels 7 and 8 of dilation 2 and 1 without shortcuts; D makes levels 1, 2, 7 and 8
 * plain convolutions.
 *
 *     level (C, D)   1   2   3    4    5    6    7    8
 *     channels      16  32  64  128  256  512  512  512    bottlenecks: 4 times as many on levels 3 to 6
 *     stride         1   2   2    2    1    1    1    1
 *     dilation       1   1   1    1    2    4    2    1
 */
import { readName } from '../../validate.js';
import type { NetworkBuilder, NetworkNode } from '../builder.js';
import { buildNetwork, type Network } from '../network.js';
import { type ClassifierOptions, readClasses, readModelOptions } from './model-options.js';

/** Blocks of each level. */
const architectures = {
  'a-18': { kind: 'a', bottleneck: false, blocks: [2, 2, 2, 2] },
  'a-34': { kind: 'a', bottleneck: false, blocks: [3, 4, 6, 3] },
  'a-50': { kind: 'a', bottleneck: true, blocks: [3, 4, 6, 3] },
  'c-26': { kind: 'c', bottleneck: false, blocks: [1, 1, 2, 2, 2, 2, 1, 1] },
  'c-42': { kind: 'c', bottleneck: false, blocks: [1, 1, 3, 4, 6, 3, 1, 1] },
  'c-58': { kind: 'c', bottleneck: true, blocks: [1, 1, 3, 4, 6, 3, 1, 1] },
  'd-22': { kind: 'd', bottleneck: false, blocks: [1, 1, 2, 2, 2, 2, 1, 1] },
  'd-24': { kind: 'd', bottleneck: false, blocks: [1, 1, 2, 2, 2, 2, 2, 2] },
  'd-38': { kind: 'd', bottleneck: false, blocks: [1, 1, 3, 4, 6, 3, 1, 1] },
  'd-40': { kind: 'd', bottleneck: false, blocks: [1, 1, 3, 4, 6, 3, 2, 2] },
  'd-54': { kind: 'd', bottleneck: true, blocks: [1, 1, 3, 4, 6, 3, 1, 1] },
  'd-56': { kind: 'd', bottleneck: true, blocks: [1, 1, 3, 4, 6, 3, 2, 2] },
  'd-105': { kind: 'd', bottleneck: true, blocks: [1, 1, 3, 4, 23, 3, 1, 1] },
} as const satisfies Record<string, Architecture>;

export type DrnName = keyof typeof architectures;

export const drnNames = Object.keys(architectures) as readonly DrnName[];

interface Architecture {
  readonly kind: 'a' | 'c' | 'd';
  readonly bottleneck: boolean;
  readonly blocks: readonly number[];
}

/** Of levels 1 to 8. */
const channelsOfLevels = [16, 32, 64, 128, 256, 512, 512, 512];
const strides = [1, 2, 2, 2, 1, 1, 1, 1];
const dilations = [1, 1, 1, 1, 2, 4, 2, 1];

/**
 * A dilated residual network for images of any size. Outputs: `scores`, the class scores at every eighth pixel, and `logits`, their mean over the
 * image (as the scores are linear, the same as the published average pool in front of the classifier).
 *
 * | name   | field | parameters |     | name   | field | parameters |
 * | ------ | ----: | ---------: | --- | ------ | ----: | ---------: |
 * | a-18   |   355 | 11,689,512 |     | d-24   |   575 | 21,114,392 |
 * | a-34   |   819 | 21,797,672 |     | d-38   |   991 | 26,501,912 |
 * | a-50   |   411 | 25,557,032 |     | d-40   |  1039 | 31,222,552 |
 * | c-26   |   581 | 21,126,584 |     | d-54   |   519 | 35,809,176 |
 * | c-42   |  1045 | 31,234,744 |     | d-56   |   567 | 40,529,816 |
 * | c-58   |   573 | 41,591,608 |     | d-105  |  1063 | 54,801,304 |
 * | d-22   |   527 | 16,393,752 |     |        |       |            |
 *
 * @param name Architecture and depth.
 * @param options `classes` (default 1000), and those of {@link buildNetwork}.
 * @throws {TypeError | RangeError} For a name that is none of them, and options out of their range.
 * @example
 * const network = drn('d-22');
 * network.outputDims([1, 3, 224, 224]); // [1, 1000, 28, 28]
 * network.run({ image }).logits; // [1, 1000]
 */
export function drn(name: DrnName, options?: ClassifierOptions): Network {
  const { kind, bottleneck, blocks }: Architecture = architectures[readName('name', name, drnNames)];
  const { given, options: networkOptions, wide } = readModelOptions(options, ['classes']);
  const { classes = 1000 } = given;
  return buildNetwork((g) => {
    const image = g.input('image', [null, 3, null, null]);
    const levels = new Levels(g, wide, bottleneck);
    const features = kind === 'a' ? addA(levels, image, blocks) : addCOrD(levels, image, kind, blocks);
    const scores = g.conv(features, { name: 'fc', channels: readClasses(classes), kernel: 1 });
    g.output(scores, 'scores');
    g.output(g.flatten(g.globalAvgPool(scores)), 'logits');
  }, networkOptions);
}

function addA(levels: Levels, image: NetworkNode, blocks: readonly number[]): NetworkNode {
  const stem = levels.conv('conv1', image, 64, 7, { stride: 2 });
  const pooled = levels.g.maxPool(levels.g.relu(stem), { name: 'maxpool', kernel: 3, stride: 2, padding: 1 });
  // The first block of a level is not dilated yet.
  return blocks.reduce((node, count, index) => {
    const dilation = [1, 1, 2, 4][index]!;
    return levels.residual(`layer${index + 1}`, node, 64 * 2 ** index, count, { stride: index === 1 ? 2 : 1, dilation, firstDilation: 1 });
  }, pooled);
}

function addCOrD(levels: Levels, image: NetworkNode, kind: 'c' | 'd', blocks: readonly number[]): NetworkNode {
  const stem = levels.g.relu(levels.conv('conv1', image, 16, 7, {}));
  return blocks.reduce((node, count, index) => {
    const name = `layer${index + 1}`;
    const channels = channelsOfLevels[index]!;
    const window = { stride: strides[index]!, dilation: dilations[index]! };
    const outer = index < 2 || index > 5;
    if (!outer) return levels.residual(name, node, channels, count, window);
    return kind === 'd' ? levels.plain(name, node, channels, count, window) : levels.basic(name, node, channels, count, window, index < 2);
  }, stem);
}

interface LevelWindow {
  readonly stride?: number;
  readonly dilation?: number;
  /** Of the first block. Default: as the others. */
  readonly firstDilation?: number;
}

/** The kinds of levels that the architectures are made of. */
class Levels {
  readonly g: NetworkBuilder;
  readonly #wide: (channels: number) => number;
  readonly #bottleneck: boolean;

  constructor(g: NetworkBuilder, wide: (channels: number) => number, bottleneck: boolean) {
    this.g = g;
    this.#wide = wide;
    this.#bottleneck = bottleneck;
  }

  /** A convolution that keeps the size (but for its stride), and a batch norm; `channels` are those of the paper. */
  conv(name: string, input: NetworkNode, channels: number, kernel: number, { stride = 1, dilation = 1 }: LevelWindow): NetworkNode {
    const padding = (dilation * (kernel - 1)) / 2;
    const sums = this.g.conv(input, { name, channels: this.#wide(channels), kernel, stride, dilation, padding, bias: false });
    return this.g.batchNorm(sums, { name: `${name}.bn` });
  }

  /** Convolutions one behind the other. */
  plain(name: string, input: NetworkNode, channels: number, count: number, { stride = 1, dilation = 1 }: LevelWindow): NetworkNode {
    let node = input;
    for (let index = 0; index < count; index++) {
      node = this.g.relu(this.conv(`${name}.${index}`, node, channels, 3, { stride: index === 0 ? stride : 1, dilation }));
    }
    return node;
  }

  /** Residual blocks, of the architecture's kind. */
  residual(name: string, input: NetworkNode, channels: number, count: number, window: LevelWindow): NetworkNode {
    if (!this.#bottleneck) return this.basic(name, input, channels, count, window, true);
    return this.#blocks(name, input, channels * 4, count, window, true, (place, node, first) => {
      const narrow = this.g.relu(this.conv(`${place}.conv1`, node, channels, 1, {}));
      const wide = this.g.relu(this.conv(`${place}.conv2`, narrow, channels, 3, first));
      return this.conv(`${place}.conv3`, wide, channels * 4, 1, {});
    });
  }

  /** Blocks of two 3×3 convolutions, with a shortcut around them or without. */
  basic(name: string, input: NetworkNode, channels: number, count: number, window: LevelWindow, shortcuts: boolean): NetworkNode {
    return this.#blocks(name, input, channels, count, window, shortcuts, (place, node, first) => {
      const half = this.g.relu(this.conv(`${place}.conv1`, node, channels, 3, first));
      return this.conv(`${place}.conv2`, half, channels, 3, { dilation: first.dilation ?? 1 });
    });
  }

  /**
   * `count` blocks; the first takes the stride, and a 1×1 convolution in its shortcut where size or channels change. Levels without shortcuts
   * have that convolution too, unused: the published counts include it.
   */
  #blocks(
    name: string,
    input: NetworkNode,
    channels: number,
    count: number,
    { stride = 1, dilation = 1, firstDilation = dilation }: LevelWindow,
    shortcuts: boolean,
    block: (place: string, node: NetworkNode, window: LevelWindow) => NetworkNode,
  ): NetworkNode {
    let node = input;
    for (let index = 0; index < count; index++) {
      const place = `${name}.${index}`;
      const first = index === 0;
      const changes = first && (stride !== 1 || node.dims[1] !== this.#wide(channels));
      const shortcut = changes ? this.conv(`${place}.downsample`, node, channels, 1, { stride }) : node;
      const sums = block(place, node, first ? { stride, dilation: firstDilation } : { dilation });
      node = this.g.relu(shortcuts ? this.g.add([sums, shortcut], { name: `${place}.add` }) : sums);
    }
    return node;
  }
}
