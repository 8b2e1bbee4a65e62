/** Functions of one element: y[i] = f(x[i]), in place where nothing else reads x. NaN stays NaN in all of them. */
import type { ElementFunction, LayerKernels } from '../../backend/layer-kernels.js';
import { selectBackend } from '../../backend/select.js';
import { rangeError, typeError } from '../../errors.js';
import { sameElement } from '../../receptive-field/axis-relation.js';
import { type Dims, type Execution, type Layer, type LayerPlan, planOf, type Relation, type Inputs } from '../layer.js';

class ElementwiseLayer implements Layer {
  readonly kind: string;
  readonly parameters = [];
  readonly #function: ElementFunction;

  constructor(kind: string, of: ElementFunction) {
    this.kind = kind;
    this.#function = of;
  }

  outputDims([dims]: Inputs<Dims>): Dims {
    return dims;
  }

  relation(_index: number, _inputs: Inputs<Dims>, output: Dims): Relation {
    return { kind: 'axes', axes: output.map(() => sameElement) };
  }

  overwrites(): boolean {
    return true;
  }

  plan(_inputs: unknown, _output: unknown, { backend = 'auto', threads }: Execution): LayerPlan {
    return planElementwise(selectBackend(backend), this.#function, threads);
  }
}

export function planElementwise(kernels: LayerKernels, of: ElementFunction, threads: number | undefined): LayerPlan {
  return planOf(kernels.mapElements(of, threads));
}

export function relu(): Layer {
  return new ElementwiseLayer('relu', { kind: 'clip', least: 0, most: Infinity });
}

export function leakyRelu(slope: unknown): Layer {
  return new ElementwiseLayer('leakyRelu', { kind: 'leakyRelu', slope: Math.fround(readNumber('slope', slope)) });
}

export function sigmoid(): Layer {
  return new ElementwiseLayer('sigmoid', { kind: 'sigmoid' });
}

export function clip(min: unknown, max: unknown): Layer {
  const least = readBound('min', min);
  const most = readBound('max', max);
  if (least > most) throw rangeError('min', `at most max, ${most}`, least);
  return new ElementwiseLayer('clip', { kind: 'clip', least, most });
}

function readNumber(name: string, value: unknown): number {
  const number = readBound(name, value);
  if (!Number.isFinite(number)) throw rangeError(name, 'a finite number', number);
  return number;
}

function readBound(name: string, value: unknown): number {
  if (typeof value !== 'number') throw typeError(name, 'a number', value);
  if (Number.isNaN(value)) throw rangeError(name, 'a number', value);
  return value;
}
