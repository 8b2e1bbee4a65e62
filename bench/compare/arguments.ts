/** The command line of the comparison of two commits. */
import { parseArgs } from 'node:util';
import { defaultTolerance, parsePattern, parseThreads, parseTolerance, UsageError } from '../arguments.js';

export interface CompareOptions {
  readonly base: string;
  /** Undefined: the working tree as built. */
  readonly head: string | undefined;
  readonly full: boolean;
  readonly filter: RegExp | undefined;
  readonly threads: readonly number[];
  readonly tolerance: number;
  readonly json: boolean;
}

export const usage = `Usage: npm run bench:compare -- BASE [HEAD] [options]

Builds two commits of this repository, checks every result of both, times the named layers with one beside the other, and says which moved beyond noise.
HEAD is the working tree where it is left out. A commit is built once, in a temporary worktree with the node_modules of this one, and kept in .cache/commits.

  --full             every layer (default: the quick choice of the benchmark)
  --filter PATTERN   of all layers, those whose name matches the regular expression
  --threads LIST     thread counts to time, e.g. 1,2 (default: 1)
  --tolerance N      of the short algorithms (default: ${defaultTolerance}); 0: direct kernels only
  --json             print JSON, and nothing else, on standard output
  --help

ATROUS_ISA chooses the instruction set of both. Exit status: 0 all results right, 1 a result wrong or a build failed, 2 wrong use.
`;

/** Null when help is asked for. @throws UsageError */
export function parseCompareArguments(argv: readonly string[]): CompareOptions | null {
  const { values, positionals } = parse(argv);
  if (values.help) return null;
  const [base, head, ...others] = positionals;
  if (base === undefined || others.length > 0) throw new UsageError(`Expected BASE [HEAD], received '${positionals.join(' ')}'`);
  return {
    base,
    head,
    full: values.full ?? false,
    filter: values.filter === undefined ? undefined : parsePattern(values.filter),
    threads: values.threads === undefined ? [1] : parseThreads(values.threads),
    tolerance: values.tolerance === undefined ? defaultTolerance : parseTolerance(values.tolerance),
    json: values.json ?? false,
  };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        full: { type: 'boolean' },
        filter: { type: 'string' },
        threads: { type: 'string' },
        tolerance: { type: 'string' },
        json: { type: 'boolean' },
        help: { type: 'boolean' },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}
