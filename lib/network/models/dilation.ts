/**
 * The networks that F. Yu and V. Koltun published with Multi-Scale Context Aggregation by Dilated Convolutions, ICLR 2016: front end and context
 * module together, one for each data set.
 *
 * | network    | data set    | classes | context      | field | input → output          | parameters  |
 * | ---------- | ----------- | ------: | ------------ | ----: | ----------------------- | ----------: |
 * | dilation7  | KITTI       |      11 | basic, 7     |   652 | 852×1640 → 60×159       | 134,312,343 |
 * | dilation8  | Pascal VOC  |      21 | large, 8     |   908 | 900×900 → 66×66         | 141,149,720 |
 * | dilation8  | CamVid      |      11 | basic, 8     |   908 | 900×1100 → 66×91        | 134,313,443 |
 * | dilation10 | Cityscapes  |      19 | basic, 10    |  2444 | 1396×1396 → 128×128     | 134,368,179 |
 *
 * Images are BGR, each channel less its mean; Pascal VOC's is 102.93, 111.36, 116.52. They are padded by 186 elements of their mirror image.
 */
import { readName } from '../../validate.js';
import type { NetworkBuilder, NetworkNode } from '../builder.js';
import { buildNetwork, type Network } from '../network.js';
import { addContextModule, type ContextVariant } from './context-module.js';
import { addFrontEnd } from './front-end.js';
import { interpolate } from './interpolation.js';
import { type ClassifierOptions, readClasses, readModelOptions } from './model-options.js';

export interface Dilation8Options extends ClassifierOptions {
  /** `'large'` (default): the context module of Pascal VOC; `'basic'`: that of CamVid. */
  readonly variant?: ContextVariant | undefined;
}

/**
 * The network for KITTI: the probability of each class at every eighth pixel.
 *
 * @param options `classes` (default 11), and those of {@link buildNetwork}.
 * @example
 * dilation7().outputDims([1, 3, 852, 1640]); // [1, 11, 60, 159]
 */
export function dilation7(options?: ClassifierOptions): Network {
  const { given, options: networkOptions, wide } = readModelOptions(options, ['classes']);
  const { classes = 11 } = given;
  return buildNetwork((g) => g.softmax(addScores(g, readClasses(classes), wide, 'basic', 7), { name: 'prob' }), networkOptions);
}

/**
 * The network for Pascal VOC, and with variant 'basic' and 11 classes that for CamVid: the probability of each class at every eighth pixel.
 *
 * @param options `classes` (default 21), `variant` (default 'large'), and those of {@link buildNetwork}.
 * @example
 * const network = dilation8();
 * network.receptiveField()[0].size; // 908
 * network.outputDims([1, 3, 900, 900]); // [1, 21, 66, 66]
 * network.parameterCount; // 141149720
 */
export function dilation8(options?: Dilation8Options): Network {
  const { given, options: networkOptions, wide } = readModelOptions(options, ['classes', 'variant']);
  const { classes = 21, variant = 'large' } = given;
  const named = readName<ContextVariant>('variant', variant, ['basic', 'large']);
  return buildNetwork((g) => g.softmax(addScores(g, readClasses(classes), wide, named, 8), { name: 'prob' }), networkOptions);
}

/**
 * The network for Cityscapes: the probability of each class at every pixel, interpolated from scores at every eighth.
 *
 * The scores, layer 'ctx10', have the published field of 2444; a pixel between two of them sees both, 2452.
 *
 * @param options `classes` (default 19), and those of {@link buildNetwork}.
 * @example
 * const network = dilation10();
 * network.receptiveField('ctx10')[0].size; // 2444
 * network.outputDims([1, 3, 1396, 1396]); // [1, 19, 1024, 1024]
 */
export function dilation10(options?: ClassifierOptions): Network {
  const { given, options: networkOptions, wide } = readModelOptions(options, ['classes']);
  const { classes = 19 } = given;
  const channels = readClasses(classes);
  return buildNetwork((g) => {
    const pixels = interpolate(g, addScores(g, channels, wide, 'basic', 10), 'upsample', channels, 8, 4);
    return g.softmax(pixels, { name: 'prob' });
  }, networkOptions);
}

function addScores(
  g: NetworkBuilder,
  classes: number,
  wide: (channels: number) => number,
  variant: ContextVariant,
  layers: number,
): NetworkNode {
  const scores = addFrontEnd(g, g.input('image', [null, 3, null, null]), classes, wide);
  return addContextModule(g, scores, { channels: classes, variant, layers, padding: 'first' });
}
