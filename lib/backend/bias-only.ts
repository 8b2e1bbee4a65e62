/** A convolution, transposed or not, of an input without elements: no tap meets one, so y[n, k, o] = act(bias[k]); often y is empty too. */
import type { ConvPlan, TransposedShape } from './backend.js';

/** So no backend has to think of empty arrays, which have no address. */
export function biasOnlyPlan(
  { layout, outChannels, output, activation }: TransposedShape,
  bias: Float32Array | null,
  isa: string,
): ConvPlan {
  const pixels = output[0] * output[1] * output[2];
  const values = Float32Array.from(bias ?? new Float32Array(outChannels), (value) => (activation === 'relu' ? Math.max(0, value) : value));
  const run = (_input: Float32Array, result: Float32Array) => {
    const repeats = layout === 'channelsFirst' ? pixels : 1;
    for (let index = 0; index < result.length; index++) result[index] = values[Math.floor(index / repeats) % outChannels]!;
  };
  return {
    info: { algorithm: 'bias-only', isa, threads: 1, workspaceBytes: 0, weightBytes: 0 },
    run,
    runAsync(input, result) {
      run(input, result);
      return Promise.resolve();
    },
  };
}
