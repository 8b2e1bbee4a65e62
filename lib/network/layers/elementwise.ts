/** Functions of one element: y[i] = f(x[i]), in place where nothing else reads x. NaN stays NaN in all of them. */
import { rangeError, typeError } from '../../errors.js';
import { sameElement } from '../../receptive-field/axis-relation.js';
import type { Dims, Layer, LayerPlan, Relation, Inputs } from '../layer.js';

/** One loop each: a loop that calls a function given to it runs at a third of the speed once several functions were. */
type Loop = (input: Float32Array, output: Float32Array) => void;

class ElementwiseLayer implements Layer {
  readonly kind: string;
  readonly parameters = [];
  readonly #loop: Loop;

  constructor(kind: string, loop: Loop) {
    this.kind = kind;
    this.#loop = loop;
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

  plan(): LayerPlan {
    const loop = this.#loop;
    return {
      workspaceBytes: 0,
      weightBytes: 0,
      run([input], output) {
        loop(input, output);
      },
    };
  }
}

export function relu(): Layer {
  return new ElementwiseLayer('relu', (input, output) => {
    for (let index = 0; index < input.length; index++) {
      const value = input[index]!;
      output[index] = value < 0 ? 0 : value;
    }
  });
}

export function leakyRelu(slope: unknown): Layer {
  const factor = readNumber('slope', slope);
  return new ElementwiseLayer('leakyRelu', (input, output) => {
    for (let index = 0; index < input.length; index++) {
      const value = input[index]!;
      output[index] = value < 0 ? value * factor : value;
    }
  });
}

export function sigmoid(): Layer {
  return new ElementwiseLayer('sigmoid', (input, output) => {
    for (let index = 0; index < input.length; index++) output[index] = 1 / (1 + Math.exp(-input[index]!));
  });
}

export function clip(min: unknown, max: unknown): Layer {
  const least = readBound('min', min);
  const most = readBound('max', max);
  if (least > most) throw rangeError('min', `at most max, ${most}`, least);
  return new ElementwiseLayer('clip', (input, output) => {
    for (let index = 0; index < input.length; index++) {
      const value = input[index]!;
      output[index] = value < least ? least : value > most ? most : value;
    }
  });
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
