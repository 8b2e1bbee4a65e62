/** The command line of the benchmark. */
import { parseArgs } from 'node:util';
import { shapes, type Shape } from './shapes.js';

export interface BenchOptions {
  readonly full: boolean;
  /** Layers whose name matches; undefined: all of the choice. */
  readonly filter: RegExp | undefined;
  /** Undefined: one, and as many as the CPUs this process may use. */
  readonly threads: readonly number[] | undefined;
  /** Instruction sets to time; undefined: all. */
  readonly isas: readonly string[] | undefined;
  readonly tolerance: number;
  readonly json: boolean;
  readonly candidates: boolean;
  readonly peers: boolean;
  readonly model: 'isnet' | undefined;
  /** The whole model, instead of its dilated layers one by one. */
  readonly whole: boolean;
  /** Folder for the report; undefined: bench/results in the repository, none elsewhere. */
  readonly output: string | undefined;
}

/** That of the public option. */
export const defaultTolerance = 1e-5;

export const usage = `Usage: npm run bench -- [options]

Computes the named layers with the native backend, checks every result against the pure-TypeScript backend, then times both and the peers.

  --quick            a layer of each kind, under a minute (default)
  --full             every layer, more repetitions: about ten minutes
  --filter PATTERN   of all layers, those whose name matches the regular expression, e.g. aspp or 'd(4|8)$'
  --threads LIST     thread counts to time, e.g. 1,2 (default: 1 and all CPUs)
  --isa LIST         instruction sets to time, e.g. avx2 (default: all of this CPU)
  --tolerance N      of the short algorithms (default: 1e-5); 0: direct kernels only, compared with the published figures of direct ones
  --json             print JSON, and nothing else, on standard output
  --no-peers         leave out ONNX Runtime and TensorFlow.js
  --candidates       instead: every plan that could compute a layer, and where the model's choice is not the fastest; needs
                     build/Release/atrous_probe.node, which npm run build:native makes in the repository
  --model isnet      instead: the 23 dilated layers of the ISNet network on a photograph, with its trained weights (fetches 113 MB once)
  --whole            with --model: the whole network, beside ONNX Runtime: its mask as a picture, the time and memory of both
  --output FOLDER    where the report goes (default: bench/results)
  --help

Exit status: 0 all results right, 1 a result wrong or something missing, 2 wrong use.
`;

/** The command line can't be understood; the message says why. */
export class UsageError extends Error {}

/** Null when help is asked for. @throws UsageError */
export function parseArguments(argv: readonly string[]): BenchOptions | null {
  const values = parseValues(argv);
  if (values.help) return null;
  if (values.quick && values.full) throw new UsageError('Expected --quick or --full, received both');
  if (values.candidates && values.model !== undefined) throw new UsageError('Expected --candidates or --model, received both');
  if (values.model !== undefined && values.model !== 'isnet') throw new UsageError(`Expected --model isnet, received '${values.model}'`);
  if (values.whole && values.model === undefined) throw new UsageError('Expected --whole beside --model isnet');
  return {
    full: values.full ?? false,
    filter: values.filter === undefined ? undefined : parsePattern(values.filter),
    threads: values.threads === undefined ? undefined : parseThreads(values.threads),
    isas: values.isa?.split(','),
    tolerance: values.tolerance === undefined ? defaultTolerance : parseTolerance(values.tolerance),
    candidates: values.candidates ?? false,
    json: values.json ?? false,
    peers: !values['no-peers'],
    model: values.model,
    whole: values.whole ?? false,
    output: values.output,
  };
}

/** The layers whose name matches. @throws UsageError when none does */
export function requireMatches<Layer extends { readonly name: string }>(layers: readonly Layer[], filter: RegExp): Layer[] {
  const matches = layers.filter(({ name }) => filter.test(name));
  if (matches.length > 0) return matches;
  throw new UsageError(`No layer's name matches ${filter}; they are:\n${layers.map(({ name }) => name).join(' ')}`);
}

/** @throws UsageError when no layer matches the filter */
export function chooseShapes({ full, filter }: Pick<BenchOptions, 'full' | 'filter'>): readonly Shape[] {
  if (filter) return requireMatches(shapes, filter);
  return full ? shapes : shapes.filter((shape) => shape.quick);
}

function parseValues(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        quick: { type: 'boolean' },
        full: { type: 'boolean' },
        filter: { type: 'string' },
        threads: { type: 'string' },
        isa: { type: 'string' },
        tolerance: { type: 'string' },
        candidates: { type: 'boolean' },
        json: { type: 'boolean' },
        'no-peers': { type: 'boolean' },
        model: { type: 'string' },
        whole: { type: 'boolean' },
        output: { type: 'string' },
        help: { type: 'boolean' },
      },
    }).values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

export function parsePattern(source: string): RegExp {
  try {
    return new RegExp(source);
  } catch (error) {
    throw new UsageError(`Expected --filter to be a regular expression: ${(error as Error).message}`);
  }
}

export function parseTolerance(text: string): number {
  const tolerance = text.trim() === '' ? NaN : Number(text);
  if (tolerance >= 0 && tolerance < Infinity) return tolerance;
  throw new UsageError(`Expected --tolerance to be a number ≥ 0, received '${text}'`);
}

export function parseThreads(list: string): number[] {
  const counts = list.split(',').map(Number);
  const wrong = counts.find((count) => !Number.isInteger(count) || count < 1 || count > 1024);
  if (wrong !== undefined)
    throw new UsageError(`Expected --threads to be integers from 1 to 1024, separated by commas, received '${list}'`);
  return [...new Set(counts)].sort((a, b) => a - b);
}
