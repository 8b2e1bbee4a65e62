/**
 * What every kind of layer knows of itself: the dims it gives, its parameters, which input elements an output element reads, and how it is
 * computed. The graph knows nothing else of a layer, so a new kind is one file here and one method of the builder.
 *
 * Tensors are [batch, channels, …spatial] in row-major order.
 */
import type { ArrayFunction } from '../backend/layer-kernels.js';
import { typeError } from '../errors.js';
import type { AxisWindow } from '../geometry/axis.js';
import type { AxisRelation } from '../receptive-field/axis-relation.js';
import { windowBegin } from '../receptive-field/window-layer.js';
import type { Algorithm, BackendName } from '../types.js';
import type { ParameterShape } from './parameters.js';

/** A size; null where only an input will tell. */
export type Size = number | null;

/** Sizes as a graph knows them before an input comes: `[null, 3, null, null]` is any batch of colour images of any size. */
export type Dims = readonly Size[];

export type Sizes = readonly number[];

/** One or more, one for each input of a layer. */
export type Inputs<Value> = readonly [Value, ...Value[]];

/** What `Conv` is told of how to compute; undefined where its defaults are. */
export interface Execution {
  readonly algorithm?: Algorithm | undefined;
  readonly tolerance?: number | undefined;
  readonly backend?: BackendName | undefined;
  readonly threads?: number | undefined;
}

/** A layer of one input size, ready to run. */
export interface LayerPlan {
  /** Scratch memory of one run, in bytes, beside inputs and output. */
  readonly workspaceBytes: number;
  /** Packed weights held, in bytes. */
  readonly weightBytes: number;
  /** The kernels that run, for reports. */
  readonly algorithm?: string;
  /** Arrays have exactly the lengths of their dims. `output` overlaps no input but one that {@link Layer.overwrites} or {@link Layer.parts} admits. */
  run(inputs: Inputs<Float32Array>, output: Float32Array): void;
  /** Off the calling thread, where the layer can; inputs and output stay untouched until the promise settles. */
  runAsync?(inputs: Inputs<Float32Array>, output: Float32Array): Promise<void>;
}

/** Of a layer with one input that holds no weights, and scratch of some rows at most. */
export function planOf(run: ArrayFunction): LayerPlan {
  return {
    workspaceBytes: 0,
    weightBytes: 0,
    run([input], output) {
      run(input, output);
    },
  };
}

/**
 * Which elements of an input an output element reads.
 *
 * - `axes`: along each output axis by itself, and all combinations of them. Axes are matched from the last one backwards, as broadcasting does.
 * - `order`: output element i reads input element i, counted in row-major order (a reshape).
 * - `permutation`: output axis a is input axis permutation[a].
 */
export type Relation =
  | { readonly kind: 'axes'; readonly axes: readonly AxisRelation[] }
  | { readonly kind: 'order' }
  | { readonly kind: 'permutation'; readonly permutation: readonly number[] };

export interface Layer {
  /** `'conv'`, `'maxPool'`, …: the builder's method that makes it. */
  readonly kind: string;
  /** Learned parameters as they were declared: a folded batch norm's scale and shift are among them. */
  readonly parameters: readonly ParameterShape[];
  /** Layers that were fused into this one, by name. */
  readonly fused?: readonly string[];
  /** Dims for inputs of the given dims: complete if those are, else with null where unknown. Throws where the inputs don't fit. */
  outputDims(inputs: Inputs<Dims>): Dims;
  /** What an output element reads of input `index`. Throws where that depends on a size that is null. */
  relation(index: number, inputs: Inputs<Dims>, output: Dims): Relation;
  /** How to compute it; dims are complete and have been through {@link outputDims}. */
  plan(inputs: Inputs<Sizes>, output: Sizes, execution: Execution): LayerPlan;
  /** Whether the output may be written over input `index` while it is computed. Without this method: never. */
  overwrites?(index: number, inputs: Inputs<Sizes>, output: Sizes): boolean;
  /**
   * Where the inputs stand in the output, of a layer that puts them there as they are, each in one run, and does nothing else: what is
   * there already is not copied. Without this method, or undefined: they do not.
   */
  parts?(inputs: Inputs<Sizes>, output: Sizes): readonly number[] | undefined;
}

export function isComplete(dims: Dims): dims is readonly number[] {
  return !dims.includes(null);
}

/** `[?, 3, 480, 640]`. */
export function formatDims(dims: Dims): string {
  return `[${dims.map((size) => size ?? '?').join(', ')}]`;
}

/** A size that `what` depends on. */
export function requireSize(size: Size | undefined, what: string): number {
  if (typeof size === 'number') return size;
  throw typeError('inputDims', `given, because ${what} depends on them`, undefined);
}

/** The begin padding of a window along an axis of `size` elements. */
export function requireBegin(window: AxisWindow, size: Size | undefined): number {
  const begin = windowBegin(window, size ?? undefined);
  if (begin !== undefined) return begin;
  throw typeError(
    'inputDims',
    `given, because '${String(window.padding)}' padding with stride ${window.stride} depends on them`,
    undefined,
  );
}

/** Something of each input of a layer: sources, which have none, take no notice of it. */
export function ofInputs<Input, Value>(inputs: readonly Input[], of: (input: Input) => Value): Inputs<Value> {
  return inputs.map(of) as readonly Value[] as Inputs<Value>;
}
