/** Our own implementations made ready for a problem: packed and planned beforehand, with an array for the result. */
import type { Backend } from '../lib/backend/backend.js';
import { Conv, tensor } from '../lib/index.js';
import type { Contender } from './contender.js';
import { product, resolvedShape, type Problem } from './problem.js';

/** The public class, on the native backend: what a caller pays, its argument checks too. */
export function preparePublic(problem: Problem, threads: number): Contender {
  const { dilation, padding, groups, bias } = problem;
  const layer = new Conv(tensor(problem.weight, problem.weightDims), {
    dilation,
    padding,
    groups,
    threads,
    backend: 'native',
    ...(bias && { bias }),
  });
  const input = tensor(problem.input, problem.inputDims);
  const output = new Float32Array(product(problem.outputDims));
  const { isa, algorithm } = layer.plan(problem.inputDims);
  return {
    name: isa,
    threads,
    algorithm,
    run() {
      layer.run(input, output);
    },
    output: () => output,
  };
}

/** Any backend, past the public functions: instruction sets that are not this machine's default, and pure TypeScript. */
export function prepareBackend(backend: Backend, problem: Problem, threads: number): Contender {
  // The public defaults.
  const plan = backend.plan(resolvedShape(problem), problem.weight, problem.bias, { algorithm: 'auto', tolerance: 1e-5, threads });
  const output = new Float32Array(product(problem.outputDims));
  return {
    name: backend.isa,
    threads,
    algorithm: plan.info.algorithm,
    run() {
      plan.run(problem.input, output);
    },
    output: () => output,
  };
}
