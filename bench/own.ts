/** Our own backends made ready for a problem: the plan is made beforehand, `run` is what a caller with a plan and an output array pays. */
import type { Backend, ExecutionOptions } from '../lib/backend/backend.js';
import type { Contender } from './contender.js';
import { product, resolvedShape, type Problem } from './problem.js';

/** The public defaults. */
const defaults: Pick<ExecutionOptions, 'algorithm' | 'tolerance'> = { algorithm: 'auto', tolerance: 1e-5 };

export function prepareOwn(backend: Backend, problem: Problem, threads: number): Contender {
  const plan = backend.plan(resolvedShape(problem), problem.weight, problem.bias, { ...defaults, threads });
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
