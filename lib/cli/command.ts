/** What a command of `atrous` is, and how it reads its options. */
import { parseArgs, type ParseArgsConfig } from 'node:util';

export interface Command {
  /** One line for the list of commands. */
  readonly summary: string;
  /** Resolves to the exit code: 0 done, 1 the command found something wrong, 2 it was called wrongly. */
  run(args: readonly string[]): Promise<number>;
}

/** The command was called wrongly: main prints the message and exits with 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

type Options = NonNullable<ParseArgsConfig['options']>;

/** Reads `--name value` options; every command has `--help` and `--json`, none takes positional arguments. */
export function readOptions<O extends Options>(args: readonly string[], options: O) {
  const config = {
    args: [...args],
    options: { ...options, help: { type: 'boolean', short: 'h' }, json: { type: 'boolean' } },
    strict: true,
    allowPositionals: false,
  } as const;
  try {
    return parseArgs(config).values;
  } catch (error) {
    if (error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS'))
      throw new UsageError(error.message);
    throw error;
  }
}
