/** Options that every network of the papers takes. */
import { rangeError, typeError } from '../../errors.js';
import { readInteger, readOptions } from '../../validate.js';
import type { NetworkOptions } from '../network.js';

export interface ModelOptions extends NetworkOptions {
  /**
   * Factor of all channel counts but those of the image and the classes, which are rounded and at least 1: a network of the same geometry and few
   * parameters, for tests and experiments (the width multiplier of Howard et al., MobileNets, 2017). Default 1.
   */
  readonly width?: number | undefined;
}

export interface ClassifierOptions extends ModelOptions {
  /** How many classes are scored. */
  readonly classes?: number | undefined;
}

interface ReadModelOptions<Name extends string> {
  readonly given: Readonly<Partial<Record<Name, unknown>>>;
  readonly options: NetworkOptions;
  /** A channel count of the paper at this width. */
  readonly wide: (channels: number) => number;
}

/** Splits a model's options into its own, by name, and those of every network. */
export function readModelOptions<Name extends string>(value: unknown, names: readonly Name[]): ReadModelOptions<Name> {
  const read: Partial<Record<string, unknown>> = readOptions('options', value, [
    ...names,
    'width',
    'weights',
    'seed',
    'algorithm',
    'tolerance',
    'backend',
    'threads',
  ]);
  const { width = 1 } = read;
  if (typeof width !== 'number') throw typeError('width', 'a number > 0', width);
  if (!(width > 0 && width < Infinity)) throw rangeError('width', 'a finite number > 0', width);
  const own = ([name]: readonly [string, unknown]) => (names as readonly string[]).includes(name);
  const entries = Object.entries(read).filter(([name]) => name !== 'width');
  return {
    given: Object.fromEntries(entries.filter(own)) as Partial<Record<Name, unknown>>,
    options: Object.fromEntries(entries.filter((entry) => !own(entry))),
    wide: (channels) => Math.max(1, Math.round(channels * width)),
  };
}

export function readClasses(value: unknown): number {
  return readInteger('classes', value, 1);
}
