/** What convolutions and transposed ones share: a kernel with the batch norms that were folded into it, and a plan on `Conv` or `ConvTranspose`. */
import type { Conv } from '../../conv.js';
import { isShared } from '../../typed-array.js';
import type { FloatTensor } from '../../types.js';
import type { ChannelAffine } from '../channel-affine.js';
import type { LayerPlan, Sizes } from '../layer.js';
import { type Parameter, type ParameterShape, shapesOf } from '../parameters.js';

export interface KernelParameters {
  readonly weight: Parameter;
  readonly bias: Parameter | null;
}

/** A kernel and the batch norms that were folded into it, one after the other. */
export interface KernelSource extends KernelParameters {
  readonly affines: readonly ChannelAffine[];
}

export function withAffine(source: KernelSource, affine: ChannelAffine): KernelSource {
  return { ...source, affines: [...source.affines, affine] };
}

export function parametersOf({ weight, bias, affines }: KernelSource): readonly ParameterShape[] {
  return shapesOf([weight, ...(bias === null ? [] : [bias]), ...affines.flatMap(({ parameters }) => parameters)]);
}

/** `outChannelOf`: which output channel a value of the weight is for. */
export function foldKernel(
  { weight, bias, affines }: KernelSource,
  outChannelOf: (index: number) => number,
): { weight: FloatTensor; bias: Float32Array | undefined } {
  const folded = { weight: weight.values(), bias: bias?.values() };
  for (const affine of affines) {
    const { scale, shift } = affine.values();
    const source = { ...folded };
    folded.weight = Float32Array.from(source.weight, (value, index) => value * scale[outChannelOf(index)]!);
    folded.bias = Float32Array.from(shift, (value, channel) => (source.bias?.[channel] ?? 0) * scale[channel]! + value);
  }
  return { weight: { data: folded.weight, dims: weight.dims }, bias: folded.bias };
}

export function planKernel(layer: Pick<Conv, 'plan' | 'run' | 'runAsync'>, dims: Sizes): LayerPlan {
  const { workspaceBytes, weightBytes, algorithm } = layer.plan(dims);
  return {
    workspaceBytes,
    weightBytes,
    algorithm,
    run([data], output) {
      layer.run({ data, dims }, output);
    },
    async runAsync([data], output) {
      // Into shared memory in place, as `runAsync` takes it; into other memory by a copy.
      const inPlace = isShared(output);
      const result = await layer.runAsync({ data, dims }, inPlace ? { out: output } : {});
      if (!inPlace) output.set(result.data);
    },
  };
}
