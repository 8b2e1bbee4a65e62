/** Asynchronous runs without a thread: on the calling one, in a later turn of the event loop. */
import { rangeError } from '../../errors.js';
import { isShared } from '../../typed-array.js';
import type { ConvPlan } from '../backend.js';
import { copyOf } from './allocate.js';

/** Runs `plan` later on: it delays other work as long as run() would. A SharedArrayBuffer is read in place, other input is copied now. */
export async function runLater(plan: Pick<ConvPlan, 'run'>, input: Float32Array, output: Float32Array): Promise<void> {
  const ownInput = isShared(input) ? input : copyOf(input, 'a copy of the input');
  const length = output.length;
  await new Promise((resolve) => setImmediate(resolve));
  if (output.length !== length) throw rangeError('output', `an array that keeps its length ${length} until the promise settles`, output);
  plan.run(ownInput, output);
}
