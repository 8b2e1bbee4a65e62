/** One whole convolution as a caller gives it in one call: input, weight and options, read and checked together. */
import type { Backend, ConvPlan, ExecutionOptions } from './backend/backend.js';
import { biasOnlyPlan } from './backend/bias-only.js';
import { readConvOptions } from './conv-options.js';
import { defineConv, type ResolvedConv, requireInputRank, requireParameterLengths, resolveConv, spatialAxes } from './conv-shape.js';
import type { BackendName } from './types.js';
import { elementCount, readFloatTensor, requireLength } from './validate.js';

export interface ConvProblem {
  readonly resolved: ResolvedConv;
  readonly input: Float32Array;
  readonly weight: Float32Array;
  readonly bias: Float32Array | null;
  readonly execution: ExecutionOptions;
  readonly backend: BackendName;
}

/** The arrays are the caller's own. `caller` is named in errors; `requiredAxes` is undefined where 1 to 3 spatial axes will do. */
export function readConvProblem(
  input: unknown,
  weight: unknown,
  options: unknown,
  caller: string,
  requiredAxes: number | undefined,
): ConvProblem {
  const inputArgument = readFloatTensor('input', input);
  const weightArgument = readFloatTensor('weight', weight);
  const axes = spatialAxes(weightArgument.dims, caller, requiredAxes);
  const { bias, settings } = readConvOptions(options, axes);
  requireInputRank('input.dims', inputArgument.dims, axes);
  requireLength(inputArgument, elementCount('input.dims', inputArgument.dims), inputArgument.dims);
  const definition = defineConv(weightArgument.dims, settings);
  const resolved = resolveConv(definition, 'input.dims', inputArgument.dims);
  requireParameterLengths(definition.outChannels, weightArgument, bias);
  return {
    resolved,
    input: inputArgument.data,
    weight: weightArgument.data,
    bias: bias?.data ?? null,
    execution: settings.execution,
    backend: settings.backend,
  };
}

/** Plans a resolved convolution; a backend never meets one whose input is empty. */
export function planConv(
  backend: Backend,
  { shape, inputLength }: ResolvedConv,
  weight: Float32Array,
  bias: Float32Array | null,
  execution: ExecutionOptions,
  sibling?: ConvPlan,
): ConvPlan {
  return inputLength === 0 ? biasOnlyPlan(shape, bias, backend.isa) : backend.plan(shape, weight, bias, execution, sibling);
}
