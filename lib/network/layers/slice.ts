/** Slices of axes, and crops of the spatial ones. */
import { rangeError, typeError } from '../../errors.js';
import { noElement, sameElement, shifted } from '../../receptive-field/axis-relation.js';
import { LARGEST_INTEGER, readElements, readInteger, readOptions, readPerAxis } from '../../validate.js';
import { type Dims, type Layer, type LayerPlan, type Relation, type Size, type Inputs, requireSize, type Sizes } from '../layer.js';
import { readMargins, requireRank, requireSpatialAxes } from './spatial.js';

/** The elements begin, begin + step, … of an axis, `size` of them. */
interface AxisSlice {
  readonly begin: number;
  readonly step: number;
  readonly size: number;
}

/** A layer that keeps part of each axis. */
abstract class PartOfAxes implements Layer {
  abstract readonly kind: string;
  readonly parameters = [];

  abstract outputDims(inputs: Inputs<Dims>): Dims;
  abstract slices(inputs: Inputs<Sizes>): readonly AxisSlice[];
  /** First element kept of an axis, and the step: what can be told where sizes are unknown. */
  abstract firstKept(inputs: Inputs<Dims>, axis: number): Pick<AxisSlice, 'begin' | 'step'>;

  relation(index: number, inputs: Inputs<Dims>, output: Dims): Relation {
    // The other node of a crop lends its size only.
    if (index > 0) return { kind: 'axes', axes: output.map(() => noElement) };
    const axes = output.map((_, axis) => {
      const { begin, step } = this.firstKept(inputs, axis);
      return begin === 0 && step === 1 ? sameElement : shifted(begin, step);
    });
    return { kind: 'axes', axes };
  }

  plan(inputs: Inputs<Sizes>): LayerPlan {
    const dims = inputs[0];
    const slices = this.slices(inputs);
    const strides = dims.map((_, axis) => dims.slice(axis + 1).reduce((product, size) => product * size, 1));
    const last = dims.length - 1;
    return {
      workspaceBytes: 0,
      weightBytes: 0,
      run([input], result) {
        let to = 0;
        const visit = (axis: number, from: number): void => {
          const { begin, step, size } = slices[axis]!;
          const first = from + begin * strides[axis]!;
          if (axis < last) {
            for (let index = 0; index < size; index++) visit(axis + 1, first + index * step * strides[axis]!);
          } else if (step === 1) {
            result.set(input.subarray(first, first + size), to);
            to += size;
          } else {
            for (let index = 0; index < size; index++) result[to++] = input[first + index * step]!;
          }
        };
        visit(0, 0);
      },
    };
  }
}

interface ReadRange {
  readonly begin: number;
  readonly end: number;
  readonly step: number;
}

export function sliceLayer(ranges: unknown, rank: number): Layer {
  if (!Array.isArray(ranges)) throw typeError('ranges', 'an array of ranges { axis, begin, end, step }', ranges);
  const perAxis = new Map<number, ReadRange>();
  readElements(ranges, ranges.length, (range, index) => {
    const name = `ranges[${index}]`;
    const { axis, begin = 0, end = LARGEST_INTEGER, step = 1 } = readOptions(name, range, ['axis', 'begin', 'end', 'step']);
    const given = readInteger(`${name}.axis`, axis, -rank, rank - 1);
    const at = given < 0 ? given + rank : given;
    if (perAxis.has(at)) throw rangeError(`${name}.axis`, 'an axis that no other range has', axis);
    perAxis.set(at, {
      begin: readInteger(`${name}.begin`, begin, -LARGEST_INTEGER),
      end: readInteger(`${name}.end`, end, -LARGEST_INTEGER),
      step: readInteger(`${name}.step`, step, 1),
    });
  });
  return new SliceLayer(perAxis, rank);
}

class SliceLayer extends PartOfAxes {
  readonly kind = 'slice';
  readonly #ranges: ReadonlyMap<number, ReadRange>;
  readonly #rank: number;

  constructor(ranges: ReadonlyMap<number, ReadRange>, rank: number) {
    super();
    this.#ranges = ranges;
    this.#rank = rank;
  }

  outputDims([dims]: Inputs<Dims>): Dims {
    if (dims.length !== this.#rank) throw rangeError('the dims of the input', `of rank ${this.#rank}`, dims);
    return dims.map((size, axis) => {
      if (!this.#ranges.has(axis)) return size;
      return size === null ? null : this.#slice(axis, size).size;
    });
  }

  slices([dims]: Inputs<Sizes>): readonly AxisSlice[] {
    return dims.map((size, axis) => this.#slice(axis, size));
  }

  firstKept([dims]: Inputs<Dims>, axis: number): Pick<AxisSlice, 'begin' | 'step'> {
    const { begin, step } = this.#ranges.get(axis) ?? { begin: 0, step: 1 };
    return begin >= 0 ? { begin, step } : this.#slice(axis, requireSize(dims[axis], 'a begin counted from the end'));
  }

  #slice(axis: number, size: number): AxisSlice {
    const { begin, end, step } = this.#ranges.get(axis) ?? { begin: 0, end: size, step: 1 };
    const clamp = (position: number) => Math.max(0, Math.min(size, position < 0 ? position + size : position));
    return { begin: clamp(begin), step, size: Math.max(0, Math.ceil((clamp(end) - clamp(begin)) / step)) };
  }
}

export function cropLayer(axes: number, options: Readonly<Record<string, unknown>>, like: boolean): Layer {
  requireSpatialAxes(axes);
  const { margin, offset } = options;
  if (like === (margin !== undefined)) throw rangeError('the options margin and like', 'one of them', like ? 'both' : 'none');
  if (!like && offset !== undefined) throw rangeError('offset', 'absent beside margin', offset);
  return new CropLayer(
    axes,
    like ? undefined : readMargins('margin', margin, axes),
    offset === undefined ? undefined : readPerAxis('offset', offset, axes, 0),
  );
}

class CropLayer extends PartOfAxes {
  readonly kind = 'crop';
  readonly #axes: number;
  readonly #margins: readonly (readonly [number, number])[] | undefined;
  readonly #offsets: readonly number[] | undefined;

  constructor(axes: number, margins: readonly (readonly [number, number])[] | undefined, offsets: readonly number[] | undefined) {
    super();
    this.#axes = axes;
    this.#margins = margins;
    this.#offsets = offsets;
  }

  outputDims([dims, like]: Inputs<Dims>): Dims {
    requireRank(dims, this.#axes);
    if (like !== undefined) requireRank(like, this.#axes);
    return dims.map((size, at): Size => {
      if (at < 2) return size;
      const other = like?.[at];
      if (size === null || other === null) return other ?? null;
      return this.#slice(at - 2, size, other).size;
    });
  }

  slices([dims, like]: Inputs<Sizes>): readonly AxisSlice[] {
    return dims.map((size, at) => (at < 2 ? { begin: 0, step: 1, size } : this.#slice(at - 2, size, like?.[at])));
  }

  firstKept([dims, like]: Inputs<Dims>, at: number): Pick<AxisSlice, 'begin' | 'step'> {
    const begin = at < 2 ? 0 : (this.#margins?.[at - 2]![0] ?? this.#offsets?.[at - 2]);
    if (begin !== undefined) return { begin, step: 1 };
    const [size, other] = [dims[at], like?.[at]].map((given) => requireSize(given, 'the middle of a crop')) as [number, number];
    return this.#slice(at - 2, size, other);
  }

  #slice(axis: number, size: number, like: number | undefined): AxisSlice {
    const [begin, kept] = this.#begin(axis, size, like);
    if (kept >= 0 && begin >= 0 && begin + kept <= size) return { begin, step: 1, size: kept };
    throw rangeError(`what the crop keeps of spatial axis ${axis}`, `in its ${size} elements`, `${kept} from element ${begin}`);
  }

  #begin(axis: number, size: number, like: number | undefined): readonly [begin: number, kept: number] {
    if (like !== undefined) return [this.#offsets?.[axis] ?? Math.floor((size - like) / 2), like];
    const [begin, end] = this.#margins![axis]!;
    return [begin, size - begin - end];
  }
}
