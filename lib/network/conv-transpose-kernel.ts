/**
 * What a network needs of a transposed convolution, computed by plain loops: every input element is added to the outputs that it reaches,
 * in double precision.
 */
import { padTransposedAxis, convTransposedOutputSize } from '../geometry/transposed-output-size.js';
import type { AxesPadding } from '../conv-options.js';
import type { Activation, ConvPlanInfo, FloatTensor } from '../types.js';
import type { Execution } from './layer.js';
import { spatialTriple } from './layers/spatial.js';

interface ConvTransposeKernelOptions extends Execution {
  readonly bias: Float32Array | undefined;
  readonly stride: readonly number[];
  readonly dilation: readonly number[];
  readonly padding: AxesPadding;
  readonly outputPadding: readonly number[];
  readonly groups: number;
  readonly activation: Activation;
}

export class ConvTransposeKernel {
  readonly #weight: FloatTensor;
  readonly #options: ConvTransposeKernelOptions;

  constructor(weight: FloatTensor, options: ConvTransposeKernelOptions) {
    this.#weight = weight;
    this.#options = options;
  }

  outputDims(inputDims: readonly number[]): number[] {
    const { stride, dilation, outputPadding, groups } = this.#options;
    const [, outPerGroup, ...kernel] = this.#weight.dims;
    const sizes = kernel.map((taps, axis) => {
      const [begin, end] = this.#cut(axis);
      return convTransposedOutputSize(inputDims[axis + 2]!, taps, stride[axis]!, dilation[axis]!, begin, end, outputPadding[axis]!);
    });
    return [inputDims[0]!, outPerGroup! * groups, ...sizes];
  }

  plan(_inputDims: readonly number[]): ConvPlanInfo {
    return { algorithm: 'scatter', isa: 'typescript', threads: 1, workspaceBytes: 0, weightBytes: this.#weight.data.byteLength };
  }

  runAsync(input: FloatTensor): Promise<FloatTensor> {
    return Promise.resolve(this.run(input));
  }

  run(input: FloatTensor, out?: Float32Array): FloatTensor {
    const dims = this.outputDims(input.dims);
    const data = out ?? new Float32Array(dims.reduce((product, size) => product * size, 1));
    const { groups, bias, activation } = this.#options;
    const [inChannels, outPerGroup, ...taps] = this.#weight.dims;
    const kernel = spatialTriple(taps, 1);
    const stride = spatialTriple(this.#options.stride, 1);
    const dilation = spatialTriple(this.#options.dilation, 1);
    const begin = spatialTriple(
      taps.map((_, axis) => this.#cut(axis)[0]),
      0,
    );
    const inSize = spatialTriple(input.dims.slice(2), 1);
    const outSize = spatialTriple(dims.slice(2), 1);
    const outPixels = outSize[0] * outSize[1] * outSize[2];
    const sums = new Float64Array(outPixels);
    let target = 0;
    for (let n = 0; n < dims[0]!; n++) {
      for (let k = 0; k < dims[1]!; k++, target += outPixels) {
        sums.fill(bias?.[k] ?? 0);
        const inPerGroup = inChannels! / groups;
        const firstChannel = Math.floor(k / outPerGroup!) * inPerGroup;
        for (let c = firstChannel; c < firstChannel + inPerGroup; c++) {
          let at = (c * outPerGroup! + (k % outPerGroup!)) * kernel[0] * kernel[1] * kernel[2];
          for (let tapZ = 0; tapZ < kernel[0]; tapZ++) {
            for (let tapY = 0; tapY < kernel[1]; tapY++) {
              for (let tapX = 0; tapX < kernel[2]; tapX++) {
                const w = this.#weight.data[at++]!;
                const shift = tapX * dilation[2] - begin[2];
                const first = Math.max(0, Math.ceil(-shift / stride[2]));
                const last = Math.min(inSize[2] - 1, Math.floor((outSize[2] - 1 - shift) / stride[2]));
                for (let z = 0; z < inSize[0]; z++) {
                  const outZ = z * stride[0] - begin[0] + tapZ * dilation[0];
                  if (outZ < 0 || outZ >= outSize[0]) continue;
                  for (let y = 0; y < inSize[1]; y++) {
                    const outY = y * stride[1] - begin[1] + tapY * dilation[1];
                    if (outY < 0 || outY >= outSize[1]) continue;
                    const from = (((n * inChannels! + c) * inSize[0] + z) * inSize[1] + y) * inSize[2];
                    const to = (outZ * outSize[1] + outY) * outSize[2] + shift;
                    for (let x = first; x <= last; x++) {
                      sums[to + x * stride[2]] = sums[to + x * stride[2]]! + w * input.data[from + x]!;
                    }
                  }
                }
              }
            }
          }
        }
        if (activation === 'relu') for (let index = 0; index < outPixels; index++) if (sums[index]! < 0) sums[index] = 0;
        data.set(sums, target);
      }
    }
    return { data, dims };
  }

  #cut(axis: number): readonly [number, number] {
    const { stride, dilation, padding, outputPadding } = this.#options;
    const given = typeof padding === 'string' ? padding : padding[axis]!;
    return padTransposedAxis(this.#weight.dims[axis + 2]!, stride[axis]!, dilation[axis]!, given, outputPadding[axis]!);
  }
}
