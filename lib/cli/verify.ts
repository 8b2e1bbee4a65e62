/** `atrous verify`: the native backend against the pure-TypeScript one, on problems of every kind and every instruction set here. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type ConvOptions, features, type FloatTensor, tensor, verify as verifyProblem } from '../index.js';
import { type Command, readOptions } from './command.js';

const help = `Usage: atrous verify [--isa <name>] [--json]

Computes named problems with the native backend and with the pure-TypeScript one, and compares them under the
bound that float32 sums obey. Exits with 1 if any result is off. Every instruction set that this processor runs
is tried, each in a process of its own.

  --isa <name>  this instruction set only (default: ATROUS_ISA, else all of them)
`;

interface Problem {
  readonly name: string;
  readonly input: readonly number[];
  readonly weight: readonly number[];
  readonly options: Omit<ConvOptions, 'bias'>;
  /** Number of biases; none where absent. */
  readonly bias?: number;
}

// Channel counts of 21 and 33 and odd widths leave part of a vector over in every instruction set.
const problems: readonly Problem[] = [
  { name: 'pointwise', input: [2, 64, 9, 11], weight: [48, 64, 1, 1], options: {} },
  { name: '3×3', input: [1, 33, 19, 21], weight: [21, 33, 3, 3], options: { padding: 'same' }, bias: 21 },
  {
    name: '3×3, dilation 2',
    input: [1, 64, 28, 28],
    weight: [64, 64, 3, 3],
    options: { padding: 'same', dilation: 2, activation: 'relu' },
  },
  { name: '3×3, dilation 18 (mostly padding)', input: [1, 32, 33, 33], weight: [32, 32, 3, 3], options: { padding: 'same', dilation: 18 } },
  {
    name: '5×3, stride 2 and dilation [2, 3]',
    input: [1, 12, 31, 40],
    weight: [20, 12, 5, 3],
    options: {
      stride: 2,
      dilation: [2, 3],
      padding: [
        [4, 3],
        [2, 4],
      ],
    },
  },
  {
    name: 'depthwise 3×3, dilation 2',
    input: [1, 40, 33, 35],
    weight: [40, 1, 3, 3],
    options: { padding: 'same', dilation: 2, groups: 40 },
    bias: 40,
  },
  { name: 'groups of 8 channels', input: [1, 32, 17, 23], weight: [48, 8, 3, 3], options: { padding: 'same', dilation: 2, groups: 4 } },
  {
    name: 'causal 1-D, dilation 64 (WaveNet)',
    input: [1, 64, 500],
    weight: [128, 64, 2],
    options: { padding: 'causal', dilation: 64 },
    bias: 128,
  },
  { name: '1-D, kernel 11', input: [2, 24, 301], weight: [24, 24, 11], options: { padding: 'same', dilation: 5 } },
  { name: '3-D, dilation 2', input: [1, 8, 10, 11, 12], weight: [16, 8, 3, 3, 3], options: { padding: 'same', dilation: 2 } },
  {
    name: 'channels last',
    input: [2, 17, 19, 21],
    weight: [3, 3, 21, 33],
    options: { layout: 'channelsLast', padding: 'sameLower', dilation: 2 },
    bias: 33,
  },
  {
    name: 'reflected borders',
    input: [1, 16, 15, 18],
    weight: [16, 16, 3, 3],
    options: { paddingMode: 'reflect', padding: 4, dilation: 4 },
  },
  {
    name: 'wrapped borders',
    input: [1, 16, 15, 18],
    weight: [16, 16, 3, 3],
    options: { paddingMode: 'circular', padding: 4, dilation: 4 },
  },
  {
    name: 'repeated borders',
    input: [1, 16, 15, 18],
    weight: [16, 16, 3, 3],
    options: { paddingMode: 'replicate', padding: 4, dilation: 4 },
  },
];

interface Row {
  readonly problem: string;
  readonly isa: string;
  readonly algorithm: string;
  readonly maxError: number;
  readonly maxErrorOverBound: number;
  readonly ok: boolean;
}

export const verify: Command = {
  summary: 'compares the native backend with the pure-TypeScript one',

  async run(args) {
    const options = readOptions(args, { isa: { type: 'string' } });
    if (options.help) {
      process.stdout.write(help);
      return 0;
    }
    // Read at first use, which lies below.
    if (options.isa !== undefined) process.env.ATROUS_ISA = options.isa;

    const { backend, isa, isas, loadError } = features();
    if (isas.length === 0) {
      process.stderr.write(`atrous: nothing to verify, the backend is ${backend}${loadError === undefined ? '' : `: ${loadError}`}\n`);
      return 1;
    }
    const one = Boolean(process.env.ATROUS_ISA) || isas.length === 1;
    const rows = one ? problems.map((problem) => check(problem, isa)) : await checkEach(isas);
    process.stdout.write(options.json ? `${JSON.stringify(rows, null, 2)}\n` : table(rows));
    const wrong = rows.filter((row) => !row.ok).length;
    process.stderr.write(`${rows.length - wrong} of ${rows.length} right\n`);
    return wrong === 0 ? 0 : 1;
  },
};

/** The instruction set of a process is settled at first use, so each has its own. */
async function checkEach(isas: readonly string[]): Promise<Row[]> {
  const rows: Row[] = [];
  for (const isa of isas) {
    process.stderr.write(`${isa} …\n`);
    const run = promisify(execFile)(process.execPath, [process.argv[1]!, 'verify', '--json', '--isa', isa], { maxBuffer: 2 ** 24 });
    const stdout = await run.then(
      (result) => result.stdout,
      (error: unknown) => {
        // Exit code 1 with a table is a wrong result, not a broken run.
        if (isFailedRun(error) && error.code === 1 && error.stdout !== '') return error.stdout;
        throw error;
      },
    );
    rows.push(...(JSON.parse(stdout) as Row[]));
  }
  return rows;
}

function isFailedRun(error: unknown): error is Error & { code: unknown; stdout: string } {
  return error instanceof Error && 'code' in error && 'stdout' in error && typeof error.stdout === 'string';
}

function check({ name, input, weight, options, bias }: Problem, isa: string): Row {
  const result = verifyProblem(numbers(input, 1), numbers(weight, 2), {
    ...options,
    ...(bias === undefined ? {} : { bias: numbers([bias], 3) }),
  });
  if (result.isa !== isa) throw new Error(`Expected instruction set ${isa} to run, ${result.isa} did`);
  return {
    problem: name,
    isa: result.isa,
    algorithm: result.algorithm,
    maxError: result.maxError,
    maxErrorOverBound: result.maxErrorOverBound,
    ok: result.ok,
  };
}

/** Uniform in [−1, 1), the same on every machine (a 32-bit linear congruential generator, upper bits). */
function numbers(dims: readonly number[], seed: number): FloatTensor {
  let state = seed;
  const data = Float32Array.from({ length: dims.reduce((a, b) => a * b) }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) / 2 ** 23 - 1;
  });
  return tensor(data, dims);
}

function table(rows: readonly Row[]): string {
  const cells = [
    ['problem', 'isa', 'algorithm', 'max error', 'of bound', ''],
    ...rows.map((row) => [
      row.problem,
      row.isa,
      row.algorithm,
      row.maxError.toExponential(2),
      `${(100 * row.maxErrorOverBound).toFixed(1)} %`,
      row.ok ? 'ok' : 'WRONG',
    ]),
  ];
  const widths = cells[0]!.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)));
  return cells
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column]!))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}
