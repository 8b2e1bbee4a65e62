/**
 * The context module of F. Yu, V. Koltun, Multi-Scale Context Aggregation by Dilated Convolutions, ICLR 2016, table 1.
 *
 *     layer      1   2   3   4   5   6   7   8
 *     kernel     3   3   3   3   3   3   3   1
 *     dilation   1   1   2   4   8  16   1   1
 *     field      3   5   9  17  33  65  67  67
 *     basic      C   C   C   C   C   C   C   C
 *     large     2C  2C  4C  8C 16C 32C 32C   C
 *
 * Longer ones go on doubling, shorter ones stop earlier.
 */
import { readInteger, readName, readNonNegativeNumber } from '../../validate.js';
import type { NetworkBuilder, NetworkNode } from '../builder.js';
import { buildNetwork, type Network } from '../network.js';
import { type Initializer, seededKernel } from '../parameters.js';
import { type ModelOptions, readModelOptions } from './model-options.js';

export type ContextVariant = 'basic' | 'large';

export interface ContextModuleOptions extends Omit<ModelOptions, 'width'> {
  /** C: channels of input and output. */
  readonly channels: number;
  /** Default `'basic'`. */
  readonly variant?: ContextVariant | undefined;
  /** Layers, an integer from 4 to 20. Default 8. */
  readonly layers?: number | undefined;
  /** Amplitude of the noise in the identity initialisation of `'large'` (the paper's σ, far below 1 / 32). Default 0. */
  readonly noise?: number | undefined;
}

/**
 * A context module: `layers` dilated convolutions that keep resolution and size, relu behind all but the last.
 *
 * Its weights are the identity initialisation of the paper (equations 4 and 5), unless `weights` gives others: input without negative elements passes
 * through unchanged. Basic: 1 at the centre tap where input and output channel are the same. Large, from c to c' channels: C/c' at the centre tap
 * where ⌊a·C/c⌋ = ⌊b·C/c'⌋, noise elsewhere.
 *
 * Parameters of the default 8 layers: basic 64·C² + 8·C, large 15422·C² + 97·C.
 *
 * @param options Channels, variant and layers, and those of {@link buildNetwork}.
 * @throws {TypeError | RangeError} For options out of their range.
 * @example
 * const context = contextModule({ channels: 21, variant: 'large' });
 * context.receptiveField()[0].size; // 67
 * context.parameterCount; // 6803139
 */
export function contextModule(options: ContextModuleOptions): Network {
  const { given, options: networkOptions } = readModelOptions(options, ['channels', 'variant', 'layers', 'noise']);
  const { variant = 'basic', layers = 8, noise = 0 } = given;
  const channels = readInteger('channels', given.channels, 1);
  const settings = {
    channels,
    variant: readName<ContextVariant>('variant', variant, ['basic', 'large']),
    layers: readInteger('layers', layers, 4, 20),
    noise: readNonNegativeNumber('noise', noise),
    padding: 'same' as const,
  };
  return buildNetwork((g) => addContextModule(g, g.input('features', [null, channels, null, null]), settings), networkOptions);
}

interface ContextSettings {
  readonly channels: number;
  readonly variant: ContextVariant;
  readonly layers: number;
  readonly noise?: number;
  /** `'same'`: every layer keeps the size; `'first'`: the first layer pads for all, as in the networks that the authors published. */
  readonly padding: 'same' | 'first';
}

/** Dilations of the 3×3 layers: 1, 1, 2, 4, …, 1. */
export function contextDilations(layers: number): number[] {
  return [1, ...Array.from({ length: layers - 3 }, (_, index) => 2 ** index), 1];
}

/** Adds the layers of a context module, named ctx1, ctx2, …. */
export function addContextModule(g: NetworkBuilder, input: NetworkNode, settings: ContextSettings): NetworkNode {
  const { channels, variant, layers, noise = 0, padding } = settings;
  const dilations = contextDilations(layers);
  const margin = dilations.reduce((sum, dilation) => sum + dilation, 0);
  const widest = 2 * dilations[layers - 3]!;
  let node = input;
  let width = channels;
  [...dilations, undefined].forEach((dilation, index) => {
    const last = dilation === undefined;
    const factor = variant === 'basic' || last ? 1 : index === dilations.length - 1 ? widest : 2 * dilation;
    const name = `ctx${index + 1}`;
    node = g.conv(node, {
      name,
      channels: factor * channels,
      kernel: last ? 1 : 3,
      dilation: dilation ?? 1,
      padding: padding === 'same' ? 'same' : index === 0 ? margin : 0,
      activation: last ? 'none' : 'relu',
      weight: identityInitializer(channels, width, noise, `${name}.weight`),
    });
    width = factor * channels;
  });
  return node;
}

/** Equations 4 and 5: C/c' at the centre tap of the channels that stand for the same one of C, noise elsewhere. */
function identityInitializer(channels: number, inChannels: number, noise: number, name: string): Initializer {
  return (dims) => {
    const [outChannels, , ...kernel] = dims as [number, number, ...number[]];
    const taps = kernel.reduce((product, size) => product * size, 1);
    const values =
      noise === 0 ? new Float32Array(outChannels * inChannels * taps) : seededKernel(name, 1)(dims).map((value) => value * noise);
    const centre = (taps - 1) / 2;
    for (let b = 0; b < outChannels; b++) {
      for (let a = 0; a < inChannels; a++) {
        const same = Math.floor((a * channels) / inChannels) === Math.floor((b * channels) / outChannels);
        if (same) values[(b * inChannels + a) * taps + centre] = channels / outChannels;
      }
    }
    return values;
  };
}
