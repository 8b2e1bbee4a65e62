/** Tells on standard error what is being done: one line rewritten on a terminal, a line for each layer in a log. */
export class Progress {
  readonly #total: number;
  #done = 0;
  #layer = '';

  constructor(total: number) {
    this.#total = total;
  }

  /** The next of the layers. */
  next(layer: string): void {
    this.#done++;
    this.#layer = layer;
    if (process.stderr.isTTY) this.step('');
    else process.stderr.write(`${this.#prefix()}\n`);
  }

  /** What is done with it now: on a terminal only. */
  step(what: string): void {
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${this.#prefix()} ${what}`);
  }

  /** A line that stays. */
  say(line: string): void {
    process.stderr.write(`${process.stderr.isTTY ? '\r\x1b[K' : ''}${line}\n`);
  }

  finish(): void {
    if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  }

  #prefix(): string {
    return `[${String(this.#done).padStart(String(this.#total).length)}/${this.#total}] ${this.#layer}`;
  }
}
