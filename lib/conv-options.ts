/** The options of a convolution, read and checked as far as they can be without knowing the input. */
import type { ExecutionOptions } from './backend/backend.js';
import { backendNames, environment } from './environment.js';
import { rangeError, typeError } from './errors.js';
import { requireOutputPadding } from './geometry/transposed-output-size.js';
import type { Activation, Algorithm, BackendName, ConvOptions, ConvTransposeOptions, Layout, PaddingMode, PaddingName } from './types.js';
import {
  type FloatTensorArgument,
  listNames,
  MOST_THREADS,
  readElements,
  readFloats,
  readInteger,
  readName,
  readNonNegativeNumber,
  readOptions,
  readPerAxis,
  requireOnePerAxis,
} from './validate.js';

/** Padding by name, or [begin, end] of each spatial axis. */
export type AxesPadding = PaddingName | readonly (readonly [number, number])[];

/** What {@link ConvSettings} and {@link TransposedSettings} have in common. */
interface WindowSettings {
  readonly stride: readonly number[];
  readonly dilation: readonly number[];
  readonly padding: AxesPadding;
  readonly groups: number;
  readonly layout: Layout;
  readonly activation: Activation;
  readonly execution: ExecutionOptions;
  readonly backend: BackendName;
}

/** {@link ConvOptions} without the bias, with defaults filled in and per-axis options spelled out. */
export interface ConvSettings extends WindowSettings {
  readonly paddingMode: PaddingMode;
}

/** {@link ConvTransposeOptions}, likewise. */
export interface TransposedSettings extends WindowSettings {
  readonly outputPadding: readonly number[];
}

/** The bias is kept apart: it is the caller's memory, which nothing that lives on may hold. */
export interface ReadOptions<Settings> {
  readonly bias: FloatTensorArgument | null;
  readonly settings: Settings;
}

const windowNames = ['bias', 'stride', 'dilation', 'padding'] as const;
const commonNames = ['groups', 'layout', 'activation', 'algorithm', 'tolerance', 'backend', 'threads'] as const;
const convNames = [...windowNames, 'paddingMode', ...commonNames] as const satisfies readonly (keyof ConvOptions)[];
const transposedNames = [...windowNames, 'outputPadding', ...commonNames] as const satisfies readonly (keyof ConvTransposeOptions)[];

const paddingNames: readonly PaddingName[] = ['valid', 'same', 'sameLower', 'causal'];
const paddingModes: readonly PaddingMode[] = ['zeros', 'reflect', 'replicate', 'circular'];
const layouts: readonly Layout[] = ['channelsFirst', 'channelsLast'];
const activations: readonly Activation[] = ['none', 'relu'];
const algorithms: readonly Algorithm[] = ['auto', 'direct', 'winograd'];

/** Reads `options` for a convolution of 1 to 3 spatial axes: own properties only, each once. */
export function readConvOptions(options: unknown, axes: number): ReadOptions<ConvSettings> {
  const values = readOptions('options', options, convNames);
  const { paddingMode = 'zeros' } = values;
  const { bias, settings } = readWindowOptions(values, axes);
  return { bias, settings: { ...settings, paddingMode: readName('paddingMode', paddingMode, paddingModes) } };
}

/** {@link readConvOptions} for a transposed convolution. */
export function readTransposedOptions(options: unknown, axes: number): ReadOptions<TransposedSettings> {
  const values = readOptions('options', options, transposedNames);
  const { outputPadding = 0 } = values;
  const { bias, settings } = readWindowOptions(values, axes);
  const perAxis = readPerAxis('outputPadding', outputPadding, axes, 0);
  perAxis.forEach((size, axis) => {
    requireOutputPadding(`outputPadding on spatial axis ${axis}`, size, settings.stride[axis]!, settings.dilation[axis]!);
  });
  return { bias, settings: { ...settings, outputPadding: perAxis } };
}

function readWindowOptions(
  {
    bias,
    stride = 1,
    dilation = 1,
    padding = 'valid',
    groups = 1,
    layout = 'channelsFirst',
    activation = 'none',
    algorithm = 'auto',
    tolerance = 1e-5,
    backend = 'auto',
    threads,
  }: Readonly<Partial<Record<(typeof windowNames | typeof commonNames)[number], unknown>>>,
  axes: number,
): ReadOptions<WindowSettings> {
  return {
    bias: bias === undefined ? null : readFloats('bias', bias),
    settings: {
      stride: readPerAxis('stride', stride, axes, 1),
      dilation: readPerAxis('dilation', dilation, axes, 1),
      padding: readPadding(padding, axes),
      groups: readInteger('groups', groups, 1),
      layout: readName('layout', layout, layouts),
      activation: readName('activation', activation, activations),
      execution: {
        algorithm: readName('algorithm', algorithm, algorithms),
        tolerance: readNonNegativeNumber('tolerance', tolerance),
        threads: threads === undefined ? environment().threads : readInteger('threads', threads, 1, MOST_THREADS),
      },
      backend: readName('backend', backend, backendNames),
    },
  };
}

function readPadding(value: unknown, axes: number): AxesPadding {
  if (typeof value === 'string') return readPaddingName(value, axes);
  if (typeof value === 'number') return new Array<[number, number]>(axes).fill(bothEnds(readInteger('padding', value, 0)));
  if (!Array.isArray(value)) {
    throw typeError('padding', `one of ${listNames(paddingNames)}, an integer ≥ 0, [n per axis] or [[begin, end] per axis]`, value);
  }
  requireOnePerAxis('padding', value, axes);
  const elements = readElements(value, axes, (element) => element);
  if (elements.some(Array.isArray)) return elements.map((pair, axis) => readPaddingPair(`padding[${axis}]`, pair));
  return elements.map((element, axis) => bothEnds(readInteger(`padding[${axis}]`, element, 0)));
}

function readPaddingName(value: string, axes: number): PaddingName {
  const name = readName('padding', value, paddingNames);
  if (name === 'causal' && axes !== 1) {
    throw rangeError('padding', `'causal' in 1-D convolutions only, not over ${axes} spatial axes`, value);
  }
  return name;
}

function readPaddingPair(name: string, value: unknown): readonly [number, number] {
  if (!Array.isArray(value)) throw typeError(name, 'an array [begin, end], as on the other axes', value);
  if (value.length !== 2) throw rangeError(name, 'an array [begin, end] of length 2', value);
  const [begin, end] = readElements(value, 2, (element, index) => readInteger(`${name}[${index}]`, element, 0));
  return [begin!, end!];
}

function bothEnds(size: number): [number, number] {
  return [size, size];
}
