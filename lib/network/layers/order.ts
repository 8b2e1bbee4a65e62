/** The same elements under other dims (flatten, reshape: nothing is moved), or in another order of axes (transpose). */
import { rangeError, typeError } from '../../errors.js';
import { LARGEST_INTEGER, readElements, readInteger } from '../../validate.js';
import {
  type Dims,
  formatDims,
  isComplete,
  type Layer,
  type LayerPlan,
  type Relation,
  type Size,
  type Inputs,
  type Sizes,
} from '../layer.js';

/** A layer whose output is its input's memory. */
export abstract class ReorderedDims implements Layer {
  abstract readonly kind: string;
  readonly parameters = [];

  abstract outputDims(inputs: Inputs<Dims>): Dims;

  relation(): Relation {
    return { kind: 'order' };
  }

  overwrites(): boolean {
    return true;
  }

  plan(): LayerPlan {
    return {
      workspaceBytes: 0,
      weightBytes: 0,
      run([input], output) {
        if (input !== output) output.set(input);
      },
    };
  }
}

export function flattenLayer(axis: number): Layer {
  return new FlattenLayer(axis);
}

class FlattenLayer extends ReorderedDims {
  readonly kind = 'flatten';
  readonly #axis: number;

  constructor(axis: number) {
    super();
    this.#axis = axis;
  }

  outputDims([dims]: Inputs<Dims>): Dims {
    return [product(dims.slice(0, this.#axis)), product(dims.slice(this.#axis))];
  }
}

export function reshapeLayer(dims: unknown): Layer {
  if (!Array.isArray(dims)) throw typeError('dims', 'an array of sizes', dims);
  const sizes = readElements(dims, dims.length, (size, axis) => readInteger(`dims[${axis}]`, size, -1, LARGEST_INTEGER));
  if (sizes.indexOf(-1) !== sizes.lastIndexOf(-1)) throw rangeError('dims', 'sizes of which one at most is −1', dims);
  return new ReshapeLayer(sizes);
}

class ReshapeLayer extends ReorderedDims {
  readonly kind = 'reshape';
  readonly #dims: readonly number[];

  constructor(dims: readonly number[]) {
    super();
    this.#dims = dims;
  }

  outputDims([dims]: Inputs<Dims>): Dims {
    const kept = this.#dims.map((size, axis): Size => {
      if (size !== 0) return size;
      if (axis >= dims.length) throw rangeError(`dims[${axis}]`, `a size (the input has ${dims.length} axes to keep one of)`, size);
      return dims[axis]!;
    });
    // Sizes that were kept cancel, be they unknown or 0.
    const known = product(kept.filter((size, axis) => size !== -1 && this.#dims[axis] !== 0));
    const elements = product(dims.filter((_, axis) => this.#dims[axis] !== 0));
    const free = kept.indexOf(-1);
    if (known === null || elements === null) return kept.map((size) => (size === -1 ? null : size));
    const fits = free < 0 ? known === elements : known > 0 && elements % known === 0;
    if (!fits) {
      throw rangeError('dims', `sizes that hold the elements of ${formatDims(dims)}`, this.#dims);
    }
    return kept.map((size) => (size === -1 ? elements / known : size));
  }
}

export function transposeLayer(permutation: unknown): Layer {
  if (!Array.isArray(permutation)) throw typeError('permutation', 'an array of axes', permutation);
  const axes = readElements(permutation, permutation.length, (axis, index) =>
    readInteger(`permutation[${index}]`, axis, 0, permutation.length - 1),
  );
  if (new Set(axes).size !== axes.length) throw rangeError('permutation', 'every axis once', permutation);
  return new TransposeLayer(axes);
}

class TransposeLayer implements Layer {
  readonly kind = 'transpose';
  readonly parameters = [];
  readonly #permutation: readonly number[];

  constructor(permutation: readonly number[]) {
    this.#permutation = permutation;
  }

  outputDims([dims]: Inputs<Dims>): Dims {
    if (dims.length !== this.#permutation.length) {
      throw rangeError('the input', `of rank ${this.#permutation.length}, as the permutation`, dims);
    }
    return this.#permutation.map((axis) => dims[axis]!);
  }

  relation(): Relation {
    return { kind: 'permutation', permutation: this.#permutation };
  }

  plan([dims]: Inputs<Sizes>, output: Sizes): LayerPlan {
    const steps = dims.map((_, axis) => dims.slice(axis + 1).reduce((elements, size) => elements * size, 1));
    const strides = this.#permutation.map((axis) => steps[axis]!);
    const last = output.length - 1;
    return {
      workspaceBytes: 0,
      weightBytes: 0,
      run([input], result) {
        let to = 0;
        const visit = (axis: number, from: number): void => {
          const stride = strides[axis]!;
          const size = output[axis]!;
          if (axis < last) for (let index = 0; index < size; index++) visit(axis + 1, from + index * stride);
          else for (let index = 0; index < size; index++) result[to++] = input[from + index * stride]!;
        };
        if (last < 0) result[0] = input[0]!;
        else visit(0, 0);
      },
    };
  }
}

function product(sizes: Dims): Size {
  return isComplete(sizes) ? sizes.reduce((elements, size) => elements * size, 1) : null;
}
