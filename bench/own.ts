/** Our own implementations made ready for a problem: packed and planned beforehand, with an array for the result. */
import type { Backend } from '../lib/backend/backend.js';
import * as atrous from '../lib/index.js';
import { channelsLastDims, channelsLastWeightDims, fromChannelsLast, toChannelsLast, weightToChannelsLast } from './channels-last.js';
import type { Contender } from './contender.js';
import { product, resolvedShape, type Problem } from './problem.js';

export interface Execution {
  readonly threads: number;
  /** As in the public options: 0 admits direct kernels only. */
  readonly tolerance: number;
}

/** What of the package is timed; another commit's build has the same. */
export type PublicFace = Pick<typeof atrous, 'Conv' | 'tensor'>;

/** The public class, on the native backend: what a caller pays, its argument checks too. */
export function preparePublic(
  problem: Problem,
  { threads, tolerance }: Execution,
  face: PublicFace = atrous,
  arrays = ownArrays(problem),
): Contender {
  const { stride, dilation, padding, groups, layout, bias } = problem;
  const layer = new face.Conv(face.tensor(arrays.weight, arrays.weightDims), {
    stride,
    dilation,
    padding,
    groups,
    layout,
    tolerance,
    threads,
    backend: 'native',
    ...(bias && { bias }),
  });
  const input = face.tensor(arrays.input, arrays.inputDims);
  const { isa, algorithm } = layer.plan(arrays.inputDims);
  return {
    name: isa,
    threads,
    algorithm,
    run() {
      layer.run(input, arrays.output);
    },
    output: arrays.result,
  };
}

/** Any backend, past the public functions: instruction sets that are not this machine's default, and pure TypeScript. */
export function prepareBackend(backend: Backend, problem: Problem, execution: Execution): Contender {
  const { input, weight, output, result } = ownArrays(problem);
  const plan = backend.plan(resolvedShape(problem), weight, problem.bias, { algorithm: 'auto', ...execution });
  return {
    name: backend.isa,
    threads: execution.threads,
    algorithm: plan.info.algorithm,
    run() {
      plan.run(input, output);
    },
    output: result,
  };
}

/** The problem's arrays in its layout, an array for the output, and that in channels first, as it is compared. */
export function ownArrays(problem: Problem) {
  const { input, inputDims, weight, weightDims, outputDims } = problem;
  const output = new Float32Array(product(outputDims));
  if (problem.layout === 'channelsFirst') return { input, inputDims, weight, weightDims, output, result: () => output };
  return {
    input: toChannelsLast(input, inputDims),
    inputDims: channelsLastDims(inputDims),
    weight: weightToChannelsLast(weight, weightDims),
    weightDims: channelsLastWeightDims(weightDims),
    output,
    result: () => fromChannelsLast(output, outputDims),
  };
}
