/** What `atrous rf` reports of a stack: per layer and axis, all of it from the package's receptive-field arithmetic. */
import { coverage, griddingStep, hasHoles, hdcRule, inputMargin, receptiveField, type InputMargin, type WindowLayer } from '../../index.js';
import { titleOf } from './label.js';
import { alongAxis, type StackLayer } from './stack.js';

/** A layer and what its outputs see of the input; arrays have one entry per axis. */
export interface LayerReport {
  readonly name: string;
  readonly kind: string;
  /** The layer's own window; absent where it has none. */
  readonly kernel?: readonly number[];
  readonly dilation?: readonly number[];
  readonly stride?: readonly number[];
  /** Present if the input's size is known; empty where the layer's output has no such axes. */
  readonly outputSize?: readonly number[];
  /** Field, jump and centre are absent where they depend on an input size that was not given. */
  readonly field?: readonly number[];
  readonly jump?: readonly number[];
  readonly center?: readonly number[];
  /** Absent behind layers of a network whose outputs differ, and in fields too large to count. */
  readonly hasHoles?: boolean;
  /** Elements of the field that reach the output; absent where outputs differ (transposed layers) or the field is too large to count. */
  readonly touched?: number;
}

export interface Report {
  readonly of: 'stack' | 'network';
  readonly title: string;
  readonly axes: number;
  readonly inputSize?: readonly number[];
  readonly layers: readonly LayerReport[];
  /** Of the layer that is the whole: a stack's last, a network's first output. */
  readonly output: number;
  /** Distance of the lattice that the elements seen lie on; 1: no gridding. Of stacks, as all below. */
  readonly gridding?: readonly number[];
  /** Of the rule of hybrid dilated convolution, for stacks of equal kernels at stride 1. */
  readonly hdc?: readonly { readonly m2: number; readonly accepted: boolean }[];
  /** What to crop or pad around a tile, so that its outputs are exact. */
  readonly margin?: readonly InputMargin[];
  /** Of networks: layers that join paths which see the input at different strides or around different centres. */
  readonly misaligned?: readonly string[];
}

// Larger fields with holes are not counted: an element takes 8 bytes, and each layer's field is counted anew.
const largestCounted = 2 ** 20;

/** Analyses a stack; `inputSize` has one size per axis. */
export function reportStack(stack: readonly StackLayer[], inputSize?: readonly number[]): Report {
  const axes = Array.from(stack[0]!.axes, (_, axis) => ({ layers: alongAxis(stack, axis), size: inputSize?.[axis] }));
  const steps = axes.map(({ layers, size }) => receptiveField(layers, size));
  const layers = stack.map(({ word, kind, axes: windows }, index): LayerReport => {
    const prefixes = axes.map(({ layers, size }) => ({ layers: layers.slice(0, index + 1), size }));
    const holes = prefixes.map((prefix) => hasHoles(prefix.layers, prefix.size));
    const field = steps.map((axis) => axis[index]!.size);
    const differ = stack.slice(0, index + 1).some((layer) => layer.kind === 'transposed');
    return {
      name: word,
      kind,
      kernel: windows.map(({ kernel }) => kernel),
      dilation: windows.map(({ dilation = 1 }) => dilation),
      stride: windows.map(({ stride = 1 }) => stride),
      ...(inputSize && { outputSize: steps.map((axis) => axis[index]!.outputSize!) }),
      field,
      jump: steps.map((axis) => axis[index]!.stride),
      center: steps.map((axis) => axis[index]!.center),
      hasHoles: holes.includes(true),
      ...(!differ &&
        field.every((size, axis) => !holes[axis] || size <= largestCounted) && {
          touched: product(field.map((size, axis) => (holes[axis] ? coverage(prefixes[axis]!.layers).touched : size))),
        }),
    };
  });
  const hdc = axes.map(({ layers }) => hdcOf(layers));
  return {
    of: 'stack',
    title: titleOf(stack),
    axes: axes.length,
    ...(inputSize && { inputSize }),
    layers,
    output: layers.length - 1,
    gridding: axes.map(({ layers, size }) => griddingStep(layers, size)),
    ...(hdc.every((rule) => rule !== undefined) && { hdc }),
    margin: axes.map(({ layers, size }) => inputMargin(layers, size)),
  };
}

function hdcOf(layers: readonly WindowLayer[]) {
  const [first] = layers;
  const isFor =
    layers.length >= 2 &&
    layers.every(({ kernel, stride = 1, transposed = false }) => kernel === first!.kernel && stride === 1 && !transposed);
  return isFor ? hdcRule({ kernel: first!.kernel, dilations: layers.map(({ dilation = 1 }) => dilation) }) : undefined;
}

export function product(values: readonly number[]): number {
  return values.reduce((result, value) => result * value, 1);
}
