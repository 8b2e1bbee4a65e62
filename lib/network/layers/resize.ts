/**
 * Resampling of the spatial axes. Output o lies at x = (o·numerator + offset)/denominator, a fraction, so that no rounding moves a tap: at s = p/q,
 *
 *     halfPixel     x = (o + ½)/s − ½ = ((2o + 1)·q − p) / 2p
 *     asymmetric    x = o/s = o·q/p
 *     alignCorners  x = o·(n − 1)/(m − 1)
 *
 * Linear interpolation reads ⌊x⌋ and ⌈x⌉, one element where they are the same, clamped to the axis; nearest reads one of them.
 *
 * ONNX, operator Resize; PyTorch, torch.nn.functional.interpolate.
 */
import type { ResizeAxis } from '../../backend/layer-kernels.js';
import { selectBackend } from '../../backend/select.js';
import { rangeError, typeError } from '../../errors.js';
import {
  type NearestRounding,
  noElement,
  resampledInputs,
  type ResampleRelation,
  sameElement,
} from '../../receptive-field/axis-relation.js';
import { readElements, readInteger, readName, requireOnePerAxis } from '../../validate.js';
import {
  type Dims,
  type Execution,
  type Inputs,
  type Layer,
  type LayerPlan,
  planOf,
  type Relation,
  requireSize,
  type Size,
  type Sizes,
} from '../layer.js';
import { requireRank, requireSpatialAxes, spatialTriple } from './spatial.js';

const coordinateModes = ['halfPixel', 'pytorchHalfPixel', 'alignCorners', 'asymmetric'] as const;
type Coordinates = (typeof coordinateModes)[number];
const modes = ['nearest', 'linear'] as const;
const roundings: readonly NearestRounding[] = ['floor', 'ceil', 'roundPreferFloor', 'roundPreferCeil'];

interface ResizeSettings {
  readonly axes: number;
  readonly scale: readonly number[] | undefined;
  /** Undefined beside `scale`, and where another node's size is taken. */
  readonly size: readonly number[] | undefined;
  readonly coordinates: Coordinates;
  readonly nearest: NearestRounding | undefined;
}

export function resizeLayer(axes: number, options: Readonly<Record<string, unknown>>, like: boolean): Layer {
  requireSpatialAxes(axes);
  const { scale, size, mode = 'nearest', coordinates = 'halfPixel', rounding } = options;
  const given = [scale, size].filter((value) => value !== undefined).length + (like ? 1 : 0);
  if (given !== 1) throw rangeError('the options scale, size and like', 'one of them', given);
  const nearest = readName('mode', mode, modes) === 'nearest';
  if (!nearest && rounding !== undefined) throw rangeError('rounding', "absent with mode 'linear'", rounding);
  return new ResizeLayer({
    axes,
    scale: scale === undefined ? undefined : readScales(scale, axes),
    size: size === undefined ? undefined : readSize(size, axes),
    coordinates: readName('coordinates', coordinates, coordinateModes),
    nearest: nearest ? readName('rounding', rounding ?? 'roundPreferFloor', roundings) : undefined,
  });
}

function scaled(size: Size, scale: number): Size {
  return size === null ? null : Math.floor(size * scale);
}

function readScales(value: unknown, axes: number): number[] {
  const scales = Array.isArray(value) ? value : new Array<unknown>(axes).fill(value);
  requireOnePerAxis('scale', scales, axes);
  return readElements(scales, axes, (scale, axis) => {
    const name = Array.isArray(value) ? `scale[${axis}]` : 'scale';
    if (typeof scale !== 'number') throw typeError(name, 'a number > 0, or an array of one per spatial axis', scale);
    if (!(scale > 0 && scale < Infinity)) throw rangeError(name, 'a finite number > 0', scale);
    return scale;
  });
}

function readSize(value: unknown, axes: number): number[] {
  if (!Array.isArray(value)) throw typeError('size', 'an array of sizes, one per spatial axis', value);
  requireOnePerAxis('size', value, axes);
  return readElements(value, axes, (size, axis) => readInteger(`size[${axis}]`, size, 1));
}

class ResizeLayer implements Layer {
  readonly kind = 'resize';
  readonly parameters = [];
  readonly #settings: ResizeSettings;

  constructor(settings: ResizeSettings) {
    this.#settings = settings;
  }

  outputDims([dims, like]: Inputs<Dims>): Dims {
    const { axes, scale, size } = this.#settings;
    requireRank(dims, axes);
    if (like !== undefined) requireRank(like, axes);
    return dims.map((input, at): Size => {
      const axis = at - 2;
      if (axis < 0) return input;
      const resized = like === undefined ? (size?.[axis] ?? scaled(input, scale![axis]!)) : like[at]!;
      if (input !== 0 || resized === 0 || resized === null) return resized;
      throw rangeError(`the size of spatial axis ${axis}`, 'positive: nothing can be made of no element', input);
    });
  }

  relation(index: number, [input]: Inputs<Dims>, output: Dims): Relation {
    // The other node lends its size only.
    if (index > 0) return { kind: 'axes', axes: output.map(() => noElement) };
    return { kind: 'axes', axes: [sameElement, sameElement, ...this.#axisRelations(input, output)] };
  }

  plan([dims]: Inputs<Sizes>, output: Sizes, { backend = 'auto', threads }: Execution): LayerPlan {
    const axes = this.#axisRelations(dims, output).map((relation, axis) => resizedAxis(relation, dims[axis + 2]!, output[axis + 2]!));
    const shape = { planes: dims[0]! * dims[1]!, axes: spatialTriple(axes, oneElement) };
    return planOf(selectBackend(backend).resize(shape, threads));
  }

  #axisRelations(input: Dims, output: Dims): ResampleRelation[] {
    const { scale, coordinates, nearest } = this.#settings;
    return input.slice(2).map((size, axis) => {
      const resized = output[axis + 2] ?? null;
      const sized = (given: Size) => requireSize(given, 'the scale of a resize to a size');
      const [p, q] = scale === undefined ? [sized(resized), sized(size)] : nearestFraction(scale[axis]!);
      return { kind: 'resample', ...coordinateOf(coordinates, size, resized, p, q), nearest };
    });
  }
}

function coordinateOf(coordinates: Coordinates, input: Size, output: Size, p: number, q: number) {
  switch (coordinates) {
    case 'asymmetric':
      return { numerator: q, offset: 0, denominator: p };
    case 'alignCorners': {
      const [inputs, outputs] = [input, output].map((size) => requireSize(size, "the coordinates of 'alignCorners'")) as [number, number];
      return { numerator: outputs > 1 ? inputs - 1 : 0, offset: 0, denominator: Math.max(1, outputs - 1) };
    }
    case 'pytorchHalfPixel':
      if (output === 1) return { numerator: 0, offset: 0, denominator: 1 };
      return { numerator: 2 * q, offset: q - p, denominator: 2 * p };
    case 'halfPixel':
      return { numerator: 2 * q, offset: q - p, denominator: 2 * p };
  }
}

/** The best fraction p/q of a scale with q ≤ 2^12: from its continued fraction. Scales are written as 2, 0.5 or 1.3333334. */
function nearestFraction(scale: number): readonly [p: number, q: number] {
  let [p, q, previousP, previousQ] = [Math.floor(scale), 1, 1, 0];
  let rest = scale - p;
  while (rest > 1e-6 * scale) {
    const whole = Math.floor(1 / rest);
    rest = 1 / rest - whole;
    const nextQ = whole * q + previousQ;
    // A scale below 2^−12 is no 0.
    if (nextQ > 2 ** 12 && p > 0) break;
    [p, q, previousP, previousQ] = [whole * p + previousP, nextQ, p, q];
    if (Math.abs(p / q - scale) < 1e-7 * scale) break;
  }
  return [p, q];
}

const oneElement: ResizeAxis = {
  input: 1,
  output: 1,
  low: Int32Array.of(0),
  high: Int32Array.of(0),
  fraction: Float64Array.of(0),
  doubles: false,
};

function resizedAxis(relation: ResampleRelation, input: number, output: number): ResizeAxis {
  const low = new Int32Array(output);
  const high = new Int32Array(output);
  const fraction = new Float64Array(output);
  const clamp = (element: number) => Math.max(0, Math.min(input - 1, element));
  for (let index = 0; index < output; index++) {
    const inputs = resampledInputs(relation, index);
    low[index] = clamp(inputs.low);
    high[index] = clamp(inputs.high);
    fraction[index] = low[index] === high[index] ? 0 : inputs.fraction;
  }
  const { numerator, offset, denominator, nearest } = relation;
  const doubles = nearest === undefined && output === 2 * input && 2 * numerator === denominator && 4 * offset === -denominator;
  return { input, output, low, high, fraction, doubles };
}
