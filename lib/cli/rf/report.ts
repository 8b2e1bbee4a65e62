/** What `atrous rf` reports of a stack: per layer and axis, all of it from the package's receptive-field arithmetic. */
import { coverage, griddingStep, hasHoles, hdcRule, inputMargin, receptiveField, type InputMargin, type WindowLayer } from '../../index.js';
import { alongAxis, type LayerKind, type StackLayer } from './stack.js';

/** A layer and what its outputs see of the stack's input; arrays have one entry per axis. */
export interface LayerReport {
  readonly name: string;
  readonly kind: LayerKind;
  readonly kernel: readonly number[];
  readonly dilation: readonly number[];
  readonly stride: readonly number[];
  /** Present if the stack's input size was given. */
  readonly outputSize?: readonly number[];
  readonly field: readonly number[];
  readonly jump: readonly number[];
  readonly center: readonly number[];
  readonly hasHoles: boolean;
  /** Elements of the field that reach the output; absent where outputs differ (transposed layers) or the field is too large to count. */
  readonly touched?: readonly number[];
}

export interface Report {
  readonly title: string;
  readonly axes: number;
  readonly inputSize?: readonly number[];
  readonly layers: readonly LayerReport[];
  /** Distance of the lattice that the elements seen lie on; 1: no gridding. */
  readonly gridding: readonly number[];
  /** Of the rule of hybrid dilated convolution, for stacks of equal kernels at stride 1. */
  readonly hdc?: readonly { readonly m2: number; readonly accepted: boolean }[];
  /** What to crop or pad around a tile, so that its outputs are exact. */
  readonly margin: readonly InputMargin[];
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
          touched: field.map((size, axis) => (holes[axis] ? coverage(prefixes[axis]!.layers).touched : size)),
        }),
    };
  });
  const hdc = axes.map(({ layers }) => hdcOf(layers));
  return {
    title: titleOf(stack),
    axes: axes.length,
    ...(inputSize && { inputSize }),
    layers,
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

/** Whether the dilation of a convolution is worth telling. */
export function isDilated(stack: readonly StackLayer[]): boolean {
  return stack.some(({ axes }) => axes.some(({ dilation = 1 }) => dilation > 1));
}

/** `3×3, d 2, s 2`; a stride of 1 goes unsaid, and a dilation of 1 but for a convolution of a `dilated` stack. */
export function labelOf({ kind, axes }: StackLayer, dilated: boolean): string {
  const kernel = axes.map(({ kernel }) => kernel);
  const dilation = perAxis(axes.map(({ dilation = 1 }) => dilation));
  const stride = perAxis(axes.map(({ stride = 1 }) => stride));
  const window = `${kind === 'conv' ? '' : `${kind} `}${kernel.length === 1 ? `k ${kernel[0]}` : kernel.join('×')}`;
  return `${window}${dilation !== '1' || (dilated && kind === 'conv') ? `, d ${dilation}` : ''}${stride === '1' ? '' : `, s ${stride}`}`;
}

/** The labels; neighbours that differ in dilation only share one: `3×3, dilation 1, 2, 4`. */
function titleOf(stack: readonly StackLayer[]): string {
  const runs: { readonly head: string; readonly dilations: string[] }[] = [];
  for (const layer of stack) {
    const [head, dilation] = labelOf(layer, isDilated(stack)).split(/, d (?=[^,]+$)/);
    const run = runs.at(-1);
    if (dilation !== undefined && run?.head === head && run!.dilations.length > 0) run!.dilations.push(dilation);
    else runs.push({ head: head!, dilations: dilation === undefined ? [] : [dilation] });
  }
  const name = runs.length === 1 ? 'dilation' : 'd';
  return runs.map(({ head, dilations }) => (dilations.length === 0 ? head : `${head}, ${name} ${dilations.join(', ')}`)).join(' → ');
}

/** One number where the axes agree, else one per axis. */
export function perAxis(values: readonly number[]): string {
  return values.every((value) => Object.is(value, values[0])) ? String(values[0]) : values.join('×');
}

/** How many elements a field has, and how many of them reach the output. */
export function elementsOf({ field, touched }: LayerReport): { readonly all: number; readonly touched?: number } {
  const product = (values: readonly number[]): number => values.reduce((result, value) => result * value, 1);
  return { all: product(field), ...(touched && { touched: product(touched) }) };
}
