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

/** Reads `--name value` options; every command has `--help` and `--json`, and takes no other words but by {@link readWords}. */
export function readOptions<O extends Options>(args: readonly string[], options: O) {
  return parse(args, options, false).values;
}

/** Reads options, and the words that are none. */
export function readWords<O extends Options>(args: readonly string[], options: O) {
  return parse(args, options, true);
}

function parse<O extends Options>(args: readonly string[], options: O, allowPositionals: boolean) {
  const config = {
    args: [...args],
    options: { ...options, help: { type: 'boolean', short: 'h' }, json: { type: 'boolean' } },
    strict: true,
    allowPositionals,
  } as const;
  try {
    return parseArgs(config);
  } catch (error) {
    if (error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS'))
      throw new UsageError(error.message);
    throw error;
  }
}
