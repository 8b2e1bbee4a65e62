/**
 * A stack of layers written as words, one a layer, the layer next to the input first: `3x3 max2x2s2 3x3d2same`.
 *
 *     word    = [kind] kernel option…
 *     kind    = 'max' | 'avg' | 't' (transposed convolution); none: a convolution
 *     kernel  = 'k' n (one axis) | n 'x' n ['x' n] (two or three: height × width, depth × height × width)
 *     option  = 'd' each (dilation) | 's' each (stride) | 'p' each (padding) | 'o' each (output padding) | 'ceil'
 *             | 'valid' | 'same' | 'sameLower' | 'causal'
 *     each    = one number for all axes, or one per axis: d2, d2x3; of padding a number may be begin:end: p1:2, p0:1x2
 */
import type { AxisPadding, WindowLayer } from '../../index.js';
import { LARGEST_INTEGER } from '../../validate.js';
import { UsageError } from '../command.js';

export type LayerKind = 'conv' | 'max' | 'avg' | 'transposed';

export interface StackLayer {
  /** As it was written. */
  readonly word: string;
  readonly kind: LayerKind;
  /** The layer along each axis. */
  readonly axes: readonly WindowLayer[];
}

const kinds: Readonly<Record<string, LayerKind>> = { max: 'max', avg: 'avg', t: 'transposed' };
const numberOptions = { d: 'dilation', s: 'stride', p: 'padding', o: 'outputPadding' } as const;
const expectedOption = 'd2 (dilation), s2 (stride), p1 (padding), o1 (output padding), same, sameLower, valid, causal or ceil';

/** Reads the words of a stack; an error shows where in which word it is. */
export function readStack(words: readonly string[]): StackLayer[] {
  const layers = words.map(readLayerWord);
  for (const { word, axes } of layers) {
    const [first] = layers;
    if (axes.length !== first!.axes.length) {
      throw new UsageError(
        `Expected layers with one number of axes, received '${first!.word}' with ${first!.axes.length} and '${word}' with ${axes.length}`,
      );
    }
  }
  return layers;
}

/** The stack along one axis, each layer named by its word. */
export function alongAxis(stack: readonly StackLayer[], axis: number): WindowLayer[] {
  return stack.map(({ word, axes }) => ({ ...axes[axis]!, name: word }));
}

function readLayerWord(word: string): StackLayer {
  const scanner = new Scanner(word);
  const kind = kinds[scanner.take(/max|avg|t/y) ?? ''] ?? 'conv';
  const kernel = readKernel(scanner);
  const options = new Map<string, readonly (AxisPadding | 'ceil')[]>();
  while (!scanner.done) {
    const at = scanner.position;
    const [name, values] = readOption(scanner, kernel.length);
    if (options.has(name)) throw scanner.error(`${name} once`, at);
    options.set(name, values);
  }
  const axes = kernel.map((taps, axis) => ({
    kernel: taps,
    ...Object.fromEntries([...options].map(([name, values]) => [name, values[axis]])),
    ...(kind === 'transposed' ? { transposed: true } : {}),
  }));
  return { word, kind, axes };
}

function readKernel(scanner: Scanner): number[] {
  if (scanner.take(/k/y) !== undefined) return [scanner.integer(1)];
  const at = scanner.position;
  if (scanner.done || !scanner.sees(/\d/y)) throw scanner.error('a kernel such as 3x3, or k3 for one axis');
  const kernel = scanner.list(() => scanner.integer(1));
  if (kernel.length === 1) throw scanner.error(`k${kernel[0]} for a kernel of one axis, or ${kernel[0]}x${kernel[0]} for one of two`, at);
  if (kernel.length > 3) throw scanner.error('a kernel of one, two or three axes', at);
  return kernel;
}

/** An option's name and its value along each axis. */
function readOption(scanner: Scanner, axes: number): [name: string, values: readonly (AxisPadding | 'ceil')[]] {
  const forAll = <Value>(value: Value): Value[] => new Array<Value>(axes).fill(value);
  const padding = scanner.take(/sameLower|same|valid|causal/y) as AxisPadding | undefined;
  if (padding !== undefined) return ['padding', forAll(padding)];
  if (scanner.take(/ceil/y) !== undefined) return ['rounding', forAll('ceil')];
  const letter = scanner.take(/[dspo]/y) as keyof typeof numberOptions | undefined;
  if (letter === undefined) throw scanner.error(expectedOption);
  const at = scanner.position;
  const least = letter === 'd' || letter === 's' ? 1 : 0;
  const values = scanner.list(() => {
    const begin = scanner.integer(least);
    return letter === 'p' && scanner.take(/:/y) !== undefined ? ([begin, scanner.integer(0)] as const) : begin;
  });
  if (values.length !== 1 && values.length !== axes) throw scanner.error(`one number, or one for each of the ${axes} axes`, at);
  return [numberOptions[letter], values.length === axes ? values : forAll(values[0]!)];
}

class Scanner {
  position = 0;

  constructor(readonly word: string) {}

  get done(): boolean {
    return this.position === this.word.length;
  }

  sees(pattern: RegExp): boolean {
    pattern.lastIndex = this.position;
    return pattern.test(this.word);
  }

  /** Moves behind what the sticky `pattern` matches here, and gives it back. */
  take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.position;
    const taken = pattern.exec(this.word)?.[0];
    this.position += taken?.length ?? 0;
    return taken;
  }

  integer(least: number): number {
    const at = this.position;
    const value = Number(this.take(/\d+/y) ?? NaN);
    if (value >= least && value <= LARGEST_INTEGER) return value;
    throw this.error(value > LARGEST_INTEGER ? `an integer ≤ ${LARGEST_INTEGER}` : `an integer ≥ ${least}`, at);
  }

  /** One value or more, x (or the × of the tables) between them. */
  list<Value>(read: () => Value): Value[] {
    const values = [read()];
    while (this.take(/[x×]/y) !== undefined) values.push(read());
    return values;
  }

  /** Points below the word at the place where something else was expected. */
  error(expected: string, at = this.position): UsageError {
    const received = at === this.word.length ? 'its end' : `'${this.word.slice(at)}'`;
    return new UsageError(`Expected ${expected}, received ${received} in the layer\n  ${this.word}\n  ${' '.repeat(at)}^`);
  }
}
