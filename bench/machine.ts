/** Facts of the machine that a time means nothing without; no host name, no path. */
import { arch, availableParallelism, cpus, loadavg, platform, totalmem } from 'node:os';

export interface Machine {
  readonly cpu: string;
  /** CPUs that this process may use. */
  readonly cpus: number;
  readonly memoryGiB: number;
  readonly platform: string;
  readonly node: string;
  /** Processes that wanted a CPU over the last minute, other work than this; 0 on Windows. */
  readonly loadBefore: number;
}

/** To be called before the work begins. */
export function describeMachine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cpus: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    platform: `${platform()}-${arch()}`,
    node: process.version,
    loadBefore: Math.round(10 * loadavg()[0]!) / 10,
  };
}
