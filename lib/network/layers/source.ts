/** Where values come from: an input of the network, or a constant. */
import { rangeError } from '../../errors.js';
import { type Dims, formatDims, type Layer } from '../layer.js';
import type { Parameter } from '../parameters.js';

export class InputLayer implements Layer {
  readonly kind = 'input';
  readonly parameters = [];
  readonly dims: Dims;

  constructor(dims: Dims) {
    this.dims = dims;
  }

  outputDims(): Dims {
    return this.dims;
  }

  /** Checks what comes against what was declared. */
  requireDims(name: string, dims: readonly number[]): void {
    const fits = dims.length === this.dims.length && this.dims.every((size, axis) => size === null || size === dims[axis]);
    if (!fits) throw rangeError(name, `${formatDims(this.dims)}, as the network declares it`, dims);
  }

  relation(): never {
    throw new Error('An input of the network reads nothing');
  }

  plan(): never {
    throw new Error('An input of the network is not computed');
  }
}

export class ConstantLayer implements Layer {
  readonly kind = 'constant';
  readonly parameters = [];
  readonly value: Parameter;

  constructor(value: Parameter) {
    this.value = value;
  }

  outputDims(): Dims {
    return this.value.dims;
  }

  relation(): never {
    throw new Error('A constant reads nothing');
  }

  plan(): never {
    throw new Error('A constant is not computed');
  }
}

export function inputLayer(dims: Dims): Layer {
  return new InputLayer(dims);
}

export function constantLayer(value: Parameter): Layer {
  return new ConstantLayer(value);
}
