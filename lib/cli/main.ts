#!/usr/bin/env node
/** The `atrous` command: picks the subcommand, and turns what it throws into a message and an exit code. */
import { features } from '../index.js';
import { bench } from './bench.js';
import { build } from './build.js';
import { type Command, UsageError } from './command.js';
import { info } from './info.js';
import { rf } from './rf.js';
import { verify } from './verify.js';

const commands: Readonly<Record<string, Command>> = { info, verify, rf, bench, build };

const usage = `Usage: atrous <command> [options]

Commands:
${Object.entries(commands)
  .map(([name, command]) => `  ${name.padEnd(8)} ${command.summary}\n`)
  .join('')}
Every command takes --help and --json. \`atrous --version\` prints the version.
`;

async function main([name, ...args]: readonly string[]): Promise<number> {
  if (name === '--help' || name === '-h') {
    process.stdout.write(usage);
    return 0;
  }
  if (name === '--version') {
    process.stdout.write(`${features().version}\n`);
    return 0;
  }
  if (name === undefined) {
    process.stderr.write(usage);
    return 2;
  }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!command) throw new UsageError(`Unknown command '${name}'`);
  return command.run(args);
}

try {
  // exitCode rather than exit(): output still buffered for a pipe is written first.
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const wrongUse = error instanceof UsageError;
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`atrous: ${message}\n${wrongUse ? 'Try `atrous --help`.\n' : ''}`);
  process.exitCode = wrongUse ? 2 : 1;
}
