/** Padding of the spatial axes as a layer of its own: with zeros or another value, the mirror image, the edge, or the other end. */
import { sourceIndex } from '../../backend/typescript/padded-image.js';
import { rangeError, typeError } from '../../errors.js';
import { sameElement } from '../../receptive-field/axis-relation.js';
import type { PaddingMode } from '../../types.js';
import { readName } from '../../validate.js';
import type { Dims, Layer, LayerPlan, Relation, Inputs, Sizes } from '../layer.js';
import { readMargins, requireRank, requireSpatialAxes, spatialTriple } from './spatial.js';

const modes: readonly PaddingMode[] = ['zeros', 'reflect', 'replicate', 'circular'];

export function padLayer(axes: number, options: Readonly<Record<string, unknown>>): Layer {
  requireSpatialAxes(axes);
  const { padding, mode = 'zeros', value = 0 } = options;
  if (typeof value !== 'number') throw typeError('value', 'a number', value);
  const name = readName('mode', mode, modes);
  if (value !== 0 && name !== 'zeros') throw rangeError('value', `absent with mode '${name}'`, value);
  return new PadLayer(readMargins('padding', padding, axes), name, value);
}

class PadLayer implements Layer {
  readonly kind = 'pad';
  readonly parameters = [];
  readonly #padding: readonly (readonly [number, number])[];
  readonly #mode: PaddingMode;
  readonly #value: number;

  constructor(padding: readonly (readonly [number, number])[], mode: PaddingMode, value: number) {
    this.#padding = padding;
    this.#mode = mode;
    this.#value = value;
  }

  outputDims([dims]: Inputs<Dims>): Dims {
    requireRank(dims, this.#padding.length);
    return dims.map((size, at) => {
      if (at < 2 || size === null) return size;
      const [begin, end] = this.#padding[at - 2]!;
      const most = { zeros: Infinity, reflect: size - 1, circular: size, replicate: size > 0 ? Infinity : 0 }[this.#mode];
      if (Math.max(begin, end) > most) {
        throw rangeError(
          `padding on spatial axis ${at - 2}`,
          `at most ${Math.max(0, most)} with mode '${this.#mode}' and ${size} elements`,
          [begin, end],
        );
      }
      return begin + size + end;
    });
  }

  relation(): Relation {
    const axes = this.#padding.map(([begin]) => ({ ...sameElement, begin, paddingMode: this.#mode }));
    return { kind: 'axes', axes: [sameElement, sameElement, ...axes] };
  }

  plan([dims]: Inputs<Sizes>, output: Sizes): LayerPlan {
    const axes = this.#padding.map(([begin], axis) => this.#sources(begin, dims[axis + 2]!, output[axis + 2]!));
    const [depth, height, width] = spatialTriple(axes, { input: 1, sources: Int32Array.of(0) });
    const [begin] = this.#padding.at(-1)!;
    const plane = depth.input * height.input * width.input;
    const value = this.#value;
    const mode = this.#mode;
    return {
      workspaceBytes: 0,
      weightBytes: 0,
      run([input], result) {
        if (mode === 'zeros') result.fill(value);
        let to = 0;
        for (let image = 0; to < result.length; image += plane) {
          for (const z of depth.sources) {
            for (const y of height.sources) {
              if (z >= 0 && y >= 0) {
                const from = image + (z * height.input + y) * width.input;
                result.set(input.subarray(from, from + width.input), to + begin);
                if (mode !== 'zeros') {
                  for (let x = 0; x < begin; x++) result[to + x] = input[from + width.sources[x]!]!;
                  for (let x = begin + width.input; x < width.sources.length; x++) result[to + x] = input[from + width.sources[x]!]!;
                }
              }
              to += width.sources.length;
            }
          }
        }
      },
    };
  }

  /** The input element of every output element; −1 in zeros. */
  #sources(begin: number, input: number, output: number) {
    const mode = this.#mode;
    const sources = Int32Array.from({ length: output }, (_, index) => {
      const position = index - begin;
      if (position >= 0 && position < input) return position;
      return mode === 'zeros' ? -1 : sourceIndex(position, input, mode);
    });
    return { input, sources };
  }
}
