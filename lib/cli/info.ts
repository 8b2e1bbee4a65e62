/** `atrous info`: what computes here, and on what. */
import { availableParallelism, cpus } from 'node:os';
import { features } from '../index.js';
import { type Command, readOptions } from './command.js';

const help = `Usage: atrous info [--json]

Prints the version, the backend in use, the instruction sets this processor can run (best first), and the
number of threads a convolution uses by default. Where the native binary did not load, it says why.
`;

export const info: Command = {
  summary: 'what computes here: backend, instruction sets, threads',

  run(args) {
    const options = readOptions(args, {});
    if (options.help) {
      process.stdout.write(help);
      return Promise.resolve(0);
    }
    const { version, backend, isa, isas, threads, loadError } = features();
    const facts = {
      version,
      node: process.versions.node,
      platform: `${process.platform}-${process.arch}`,
      cpu: cpus()[0]?.model.trim() ?? 'unknown',
      cpus: availableParallelism(),
      backend,
      isa,
      isas,
      threads,
      ...(loadError === undefined ? {} : { loadError }),
    };
    process.stdout.write(options.json ? `${JSON.stringify(facts, null, 2)}\n` : text(facts));
    return Promise.resolve(0);
  },
};

function text(facts: Record<string, unknown>): string {
  const lines = Object.entries(facts).map(([name, value]) => {
    const shown = Array.isArray(value) ? value.join(' ') : String(value);
    return `${name.padEnd(10)} ${shown}\n`;
  });
  return lines.join('');
}
