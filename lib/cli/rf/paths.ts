/** Where the paths of a stack run along one axis, in coordinates of its input: what the pictures draw. */
import { griddingStep, type WindowLayer } from '../../index.js';
import { stackFields } from '../../receptive-field/fields.js';
import { type PathCounts, pathCounts } from '../../receptive-field/path-counts.js';
import { type Layer, layerBegins, readLayers } from '../../receptive-field/window-layer.js';

export class AxisPaths {
  readonly #windows: readonly WindowLayer[];
  readonly #inputSize: number | undefined;
  readonly #layers: readonly Layer[];
  readonly #begins: readonly number[];
  /** Every layer with taps to spread is causal: an output belongs above the newest element it sees, not above the centre. */
  readonly #causal: boolean;

  constructor(layers: readonly WindowLayer[], inputSize?: number) {
    this.#windows = layers;
    this.#inputSize = inputSize;
    this.#layers = readLayers(layers);
    this.#begins = layerBegins(this.#layers, inputSize);
    this.#causal = this.#layers.every(({ kernel, padding }) => kernel === 1 || padding === 'causal');
  }

  /** An output of layer `index` with the largest field; behind transposed layers others may see less. */
  widestOutput(index: number): number {
    const { first, last } = stackFields(this.#layers.slice(0, index + 1), this.#begins);
    const sizes = last.map((element, phase) => element - first[phase]!);
    return sizes.indexOf(sizes.reduce((most, size) => Math.max(most, size), -Infinity));
  }

  /** Paths from an output of layer `index` (of the input: −1) to the stack's input. */
  toInput(index: number, output = this.widestOutput(index)): PathCounts {
    return pathCounts(this.#layers.slice(0, index + 1), this.#begins, output);
  }

  /** The inputs of layer `index`, which are the outputs of the layer before, that its output sees. */
  inputsOf(index: number, output: number): number[] {
    return elementsSeen(pathCounts([this.#layers[index]!], [this.#begins[index]!], output));
  }

  /** The outputs of layer `index` (of the input: −1) on a path to `output` of the last layer. */
  onPaths(index: number, output: number): number[] {
    return elementsSeen(pathCounts(this.#layers.slice(index + 1), this.#begins.slice(index + 1), output));
  }

  /**
   * Where an output of layer `index` (of the input: −1) stands: in the middle of its taps, theirs in the middle of their taps, and so on.
   * Behind convolutions that is the centre of its field.
   */
  position(index: number, output: number): number {
    if (index < 0) return output;
    const { stride, transposed, effectiveKernel } = this.#layers[index]!;
    const middle = this.#causal ? 0 : (effectiveKernel - 1) / 2 - this.#begins[index]!;
    return this.position(index - 1, transposed ? (output - middle) / stride : output * stride + middle);
  }

  /** Input elements from one output of layer `index` (of the input: −1) to the next. */
  jump(index: number): number {
    return this.position(index, 1) - this.position(index, 0);
  }

  /** The distance of the lattice that layer `index` sees. */
  lattice(index: number): number {
    return griddingStep(this.#windows.slice(0, index + 1), this.#inputSize);
  }
}

function elementsSeen({ first, counts }: PathCounts): number[] {
  return Array.from(counts.keys())
    .filter((offset) => counts[offset]! > 0)
    .map((offset) => first + offset);
}
