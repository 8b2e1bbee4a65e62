/** A process that runs a network when it is told to: the parent's side. The child is network-child.ts, which is a bundle beside this one. */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export type ContenderName = 'atrous' | 'onnxruntime';

/** What the child is started with, as its one argument in JSON: files with the model, the input's floats, and where the output goes. */
export interface Task {
  readonly contender: ContenderName;
  readonly model: string;
  readonly input: string;
  readonly output: string;
  readonly threads: number;
}

/** From parent to child. */
export type Request = 'run' | 'finish';

/** From child to parent. */
export type Reply = { readonly milliseconds: number } | { readonly finished: Finished };

export interface Finished {
  /** Of the whole process, as the system counts it. */
  readonly peakMegabytes: number;
  /** What the network's plan says: null of others. */
  readonly plannedMegabytes: number | null;
  readonly weightMegabytes: number | null;
  /** Least times, the slowest kind first; empty of others. */
  readonly kinds: readonly { readonly kind: string; readonly layers: number; readonly milliseconds: number }[];
  readonly slowest: readonly { readonly name: string; readonly milliseconds: number }[];
}

export class NetworkProcess {
  readonly contender: ContenderName;
  readonly #child: ChildProcess;

  constructor(task: Task) {
    this.contender = task.contender;
    this.#child = fork(fileURLToPath(new URL('network-child.js', import.meta.url)), [JSON.stringify(task)]);
  }

  /** Milliseconds of one run. */
  async run(): Promise<number> {
    return ((await this.#ask('run')) as { milliseconds: number }).milliseconds;
  }

  /** Writes the output of the last run, and ends the process. */
  async finish(): Promise<Finished> {
    return ((await this.#ask('finish')) as { finished: Finished }).finished;
  }

  #ask(request: Request): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const ended = (status: number | null): void => {
        reject(new Error(`The process of ${this.contender} ended with status ${status}`));
      };
      this.#child.once('exit', ended);
      this.#child.once('message', (reply) => {
        this.#child.off('exit', ended);
        resolve(reply as Reply);
      });
      this.#child.send(request);
    });
  }
}
