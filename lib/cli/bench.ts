/** `atrous bench`: the benchmark on this machine; where the benchmark's peers are not installed, without them. */
import { type Command } from './command.js';

export const bench: Command = {
  summary: 'times the named layers of real networks, each checked first',

  async run(args) {
    // Loaded on demand: no other command needs the benchmark's code.
    const { main } = await import('../../bench/run.js');
    return main([...args]);
  },
};
