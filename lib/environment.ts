/**
 * The environment variables, read at first use.
 *
 * | variable | values | meaning |
 * | --- | --- | --- |
 * | ATROUS_BACKEND | auto, native, typescript | what `backend: 'auto'` stands for |
 * | ATROUS_ISA | scalar, sse2, avx2, avx512, neon | instruction set of the native kernels; one that this CPU or binary lacks is an error |
 * | ATROUS_NUM_THREADS | 1 to 1024 | default of the option `threads` |
 * | ATROUS_REQUIRE_NATIVE | 0, 1 | 1: an error instead of a warning where no native binary loads |
 *
 * An empty value is as good as none.
 */
import { environmentError } from './errors.js';
import type { BackendName } from './types.js';
import { listNames, MOST_THREADS } from './validate.js';

export const backendNames: readonly BackendName[] = ['auto', 'native', 'typescript'];

/** Every instruction set that some binary may hold. */
export const instructionSets = ['scalar', 'sse2', 'avx2', 'avx512', 'neon'] as const;

export interface Environment {
  readonly backend: BackendName;
  /** Undefined: the best one. */
  readonly isa: string | undefined;
  /** Undefined: as many as the CPUs this process may use. */
  readonly threads: number | undefined;
  readonly requireNative: boolean;
}

let current: Environment | undefined;

/**
 * The environment of this process; a wrong one is an error at every use.
 *
 * @throws {RangeError} ERR_ATROUS_ENVIRONMENT.
 */
export function environment(): Environment {
  return (current ??= readEnvironment(process.env));
}

export function readEnvironment(variables: Readonly<Record<string, string | undefined>>): Environment {
  return {
    backend: readVariable(variables, 'ATROUS_BACKEND', backendNames) ?? 'auto',
    isa: readVariable(variables, 'ATROUS_ISA', instructionSets),
    threads: readThreads(variables.ATROUS_NUM_THREADS),
    requireNative: readVariable(variables, 'ATROUS_REQUIRE_NATIVE', ['0', '1']) === '1',
  };
}

function readVariable<Name extends string>(
  variables: Readonly<Record<string, string | undefined>>,
  variable: string,
  allowed: readonly Name[],
): Name | undefined {
  const value = variables[variable];
  if (value === undefined || value === '') return undefined;
  if (!allowed.includes(value as Name)) throw environmentError(variable, `one of ${listNames(allowed)}`, value);
  return value as Name;
}

function readThreads(value: string | undefined): number | undefined {
  if (value === undefined || value === '') return undefined;
  const threads = /^\d+$/.test(value) ? Number(value) : 0;
  if (threads < 1 || threads > MOST_THREADS)
    throw environmentError('ATROUS_NUM_THREADS', `one of the integers 1 to ${MOST_THREADS}`, value);
  return threads;
}
