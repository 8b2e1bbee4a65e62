/**
 * An image with its padding written out, for the padding modes that read it: padded[i] = image[source(i − paddingBegin)] on every axis.
 *
 * In channelsFirst an image is [channels][depth][height][width], in channelsLast [depth][height][width][channels]; both are
 * [planes][depth][height][width][values] with one value per pixel, or one plane.
 */
import type { ConvShape, Triple } from '../backend.js';
import type { PaddingMode } from '../../types.js';
import { allocateFloats } from './allocate.js';

export function paddedSize({ input, paddingBegin, paddingEnd }: ConvShape): Triple {
  return [
    paddingBegin[0] + input[0] + paddingEnd[0],
    paddingBegin[1] + input[1] + paddingEnd[1],
    paddingBegin[2] + input[2] + paddingEnd[2],
  ];
}

/** The element of 0 … size − 1 that stands at `position`, which may lie outside. */
export function sourceIndex(position: number, size: number, mode: Exclude<PaddingMode, 'zeros'>): number {
  switch (mode) {
    case 'replicate':
      return Math.max(0, Math.min(size - 1, position));
    case 'circular':
      return modulo(position, size);
    case 'reflect': {
      // The mirror image repeats every 2·(size − 1) elements: both edges stand once in a period.
      const period = Math.max(1, 2 * (size - 1));
      const phase = modulo(position, period);
      return Math.min(phase, period - phase);
    }
  }
}

export class PaddedImage {
  readonly data: Float32Array;
  readonly #planes: number;
  readonly #values: number;
  readonly #input: Triple;
  readonly #sources: readonly [Int32Array, Int32Array, Int32Array];

  constructor(shape: ConvShape, mode: Exclude<PaddingMode, 'zeros'>) {
    const size = paddedSize(shape);
    this.data = allocateFloats(shape.inChannels * size[0] * size[1] * size[2], 'the padded image');
    this.#planes = shape.layout === 'channelsFirst' ? shape.inChannels : 1;
    this.#values = shape.layout === 'channelsFirst' ? 1 : shape.inChannels;
    this.#input = shape.input;
    const sources = (axis: 0 | 1 | 2) =>
      Int32Array.from({ length: size[axis] }, (_, index) => sourceIndex(index - shape.paddingBegin[axis], shape.input[axis], mode));
    this.#sources = [sources(0), sources(1), sources(2)];
  }

  get byteLength(): number {
    const [depth, height, width] = this.#sources;
    return this.data.byteLength + depth.byteLength + height.byteLength + width.byteLength;
  }

  /** Fills `data` from the image that starts at `imageBegin` of `input`. */
  fill(input: Float32Array, imageBegin: number): void {
    const { data } = this;
    const values = this.#values;
    const [depth, height, width] = this.#input;
    const [depthSources, heightSources, widthSources] = this.#sources;
    let to = 0;
    for (let plane = 0; plane < this.#planes; plane++) {
      for (let z = 0; z < depthSources.length; z++) {
        for (let y = 0; y < heightSources.length; y++) {
          const row = imageBegin + ((plane * depth + depthSources[z]!) * height + heightSources[y]!) * width * values;
          for (let x = 0; x < widthSources.length; x++) {
            const from = row + widthSources[x]! * values;
            for (let value = 0; value < values; value++) data[to++] = input[from + value]!;
          }
        }
      }
    }
  }
}

function modulo(value: number, period: number): number {
  return ((value % period) + period) % period;
}
