/** convTranspose() and ConvTranspose: what they resolve, give back and refuse. The arithmetic is tested per backend and over random options. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { TransposedShape } from '../lib/backend/backend.js';
import { typescriptBackend } from '../lib/backend/typescript.js';
import { convTranspose, ConvTranspose, type ConvTransposeOptions, type FloatTensor, tensor, transposedOutputSize } from '../lib/index.js';
import { transposedArguments, transposedCase } from './support/transposed-cases.js';

const counting = (dims: readonly number[]): FloatTensor => {
  const length = dims.reduce((product, size) => product * size, 1);
  return tensor(
    Float32Array.from({ length }, (_, index) => (index % 7) - 3),
    dims,
  );
};
const ones = (dims: readonly number[]): FloatTensor => {
  const { data } = counting(dims);
  return { data: data.fill(1), dims };
};

afterEach(() => {
  vi.restoreAllMocks();
});

function resolvedShape(input: readonly number[], weight: readonly number[], options: ConvTransposeOptions): TransposedShape {
  const plans = vi.spyOn(typescriptBackend, 'planTransposed');
  convTranspose(ones(input), ones(weight), { ...options, backend: 'typescript' });
  const [shape] = plans.mock.lastCall!;
  plans.mockRestore();
  return shape;
}

describe.each(['typescript', 'native'] as const)('worked by hand, %s', (backend) => {
  it('1-D, stride 2: each input spreads the kernel', () => {
    const x = tensor(Float32Array.of(1, 2, 3), [1, 1, 3]);
    const w = tensor(Float32Array.of(1, 10, 100), [1, 1, 3]);
    const call = (options: ConvTransposeOptions) => Array.from(convTranspose(x, w, { stride: 2, backend, ...options }).data);
    expect(call({})).toEqual([1, 10, 102, 20, 203, 30, 300]);
    expect(call({ padding: 1 })).toEqual([10, 102, 20, 203, 30]);
    expect(call({ padding: [[0, 3]] })).toEqual([1, 10, 102, 20]);
    expect(call({ padding: 1, outputPadding: 1 })).toEqual([10, 102, 20, 203, 30, 300]);
    expect(call({ padding: [[0, 0]], outputPadding: 1 })).toEqual([1, 10, 102, 20, 203, 30, 300, 0]);
  });

  it('padding by name gives input·stride outputs, an odd one cut at the end, at the start, or all at the end', () => {
    const x = tensor(Float32Array.of(1, 2), [1, 1, 2]);
    const w = tensor(Float32Array.of(1, 10, 100, 1000, 10000), [1, 1, 5]);
    const call = (padding: ConvTransposeOptions['padding']) => Array.from(convTranspose(x, w, { stride: 2, padding, backend }).data);
    expect(call('valid')).toEqual([1, 10, 102, 1020, 10200, 2000, 20000]);
    expect(call('same')).toEqual([10, 102, 1020, 10200]);
    expect(call('sameLower')).toEqual([102, 1020, 10200, 2000]);
    expect(call('causal')).toEqual([1, 10, 102, 1020]);
    // A kernel below the stride leaves room at the end.
    const short = tensor(Float32Array.of(5), [1, 1, 1]);
    expect(Array.from(convTranspose(x, short, { stride: 3, padding: 'same', backend }).data)).toEqual([5, 0, 0, 10, 0, 0]);
  });

  it('2-D, dilation [2, 1], stride [1, 2], bias and relu', () => {
    const x = tensor(Float32Array.of(1, -1), [1, 1, 1, 2]);
    const w = tensor(Float32Array.of(1, 2, 3, 4), [1, 1, 2, 2]);
    const y = convTranspose(x, w, { dilation: [2, 1], stride: [1, 2], bias: Float32Array.of(0.5), activation: 'relu', backend });
    expect(y).toEqual({ data: Float32Array.of(1.5, 2.5, 0, 0, 0.5, 0.5, 0.5, 0.5, 3.5, 4.5, 0, 0), dims: [1, 1, 3, 4] });
  });

  it('channelsLast holds the same numbers in another order', () => {
    // Two pixels of two channels; the weight [kernel, outChannels, inChannels] sums the channels into the first and takes the second twice.
    const x = tensor(Float32Array.of(1, 2, 3, 4), [1, 2, 2]);
    const w = tensor(Float32Array.of(1, 1, 0, 2), [1, 2, 2]);
    const y = convTranspose(x, w, { layout: 'channelsLast', stride: 2, backend });
    expect(y).toEqual({ data: Float32Array.of(3, 4, 0, 0, 7, 8), dims: [1, 3, 2] });
  });
});

describe('resolved shapes', () => {
  it('fills missing axes in front and drops a dilation that means nothing', () => {
    expect(resolvedShape([2, 6, 10], [6, 2, 1], { stride: 3, dilation: 5, groups: 2, outputPadding: 1, activation: 'relu' })).toEqual({
      batch: 2,
      groups: 2,
      inChannels: 6,
      outChannels: 4,
      input: [1, 1, 10],
      kernel: [1, 1, 1],
      stride: [1, 1, 3],
      dilation: [1, 1, 1],
      paddingBegin: [0, 0, 0],
      output: [1, 1, 29],
      layout: 'channelsFirst',
      activation: 'relu',
    });
  });

  it('reads channelsLast', () => {
    expect(resolvedShape([2, 5, 7, 6], [3, 2, 4, 6], { layout: 'channelsLast', groups: 2, stride: [1, 2], padding: 1 })).toMatchObject({
      batch: 2,
      inChannels: 6,
      outChannels: 8,
      input: [1, 5, 7],
      kernel: [1, 3, 2],
      stride: [1, 1, 2],
      paddingBegin: [0, 1, 1],
      output: [1, 5, 12],
    });
  });

  it('agree with transposedOutputSize', () => {
    for (const padding of ['valid', 'same', 'sameLower', 'causal', 2] as const) {
      const window = { stride: 3, dilation: 2, padding, outputPadding: 2 };
      const layer = new ConvTranspose(ones([1, 1, 4]), window);
      expect(layer.outputDims([5, 1, 11])).toEqual([5, 1, transposedOutputSize(11, { kernel: 4, ...window })]);
    }
  });
});

describe('ConvTranspose', () => {
  const convolution = transposedCase({ inChannels: 6, outChannels: 5, input: [7, 8], kernel: [4, 4], stride: 2, padding: [[1, 1], [1, 2]] }); // prettier-ignore
  const { input, weight, options } = transposedArguments(convolution);
  const expected = convTranspose(input, weight, options);

  it('computes what convTranspose does, into new memory, an array or a tensor', async () => {
    const layer = new ConvTranspose(weight, options);
    expect(layer.run(input)).toEqual(expected);
    expect(await layer.runAsync(input)).toEqual(expected);
    const out = new Float32Array(expected.data.length);
    expect(layer.run(input, out)).toEqual(expected);
    expect(layer.run(input, out).data).toBe(out);
    const target = tensor(new Float32Array(out.length), expected.dims);
    expect(layer.run(input, target)).toBe(target);
    expect(target).toEqual(expected);
    expect(layer.outputDims(input.dims)).toEqual(expected.dims);
    expect(layer.plan(input.dims)).toMatchObject({ algorithm: expect.stringMatching(/^transposed-/) as string });
  });

  it('keeps its own weight and bias, and shares them among input sizes', () => {
    const bias = Float32Array.from(convolution.bias!);
    const own = tensor(weight.data.slice(), weight.dims);
    const layer = new ConvTranspose(own, { ...options, bias });
    own.data.fill(NaN);
    bias.fill(NaN);
    for (const size of [5, 9, 7]) {
      const other = counting([1, 6, size, 8]);
      expect(layer.run(other)).toEqual(convTranspose(other, weight, options));
    }
  });

  it('rejects with what run throws, and with an AbortError', async () => {
    const layer = new ConvTranspose(weight, options);
    await expect(layer.runAsync(counting([1, 5, 7, 8]))).rejects.toThrow(/input\.dims\[1\] \(channels\) to be 6.*received 5/);
    await expect(layer.runAsync(input, { signal: AbortSignal.abort('late') })).rejects.toMatchObject({ code: 'ABORT_ERR', cause: 'late' });
    expect(() => layer.run(input, new Float32Array(3))).toThrow(/Expected out to be as long as its dims say/);
    expect(() => layer.run(input, input.data)).toThrow(RangeError);
    expect(() => structuredClone(layer)).toThrow();
  });
});

describe('empty inputs', () => {
  it.each<[string, number[], number[], ConvTransposeOptions, number[]]>([
    ['no batch', [0, 2, 8], [2, 3, 4], { stride: 2 }, [0, 3, 18]],
    ['no length, the kernel as long as the stride', [1, 2, 0], [2, 3, 2], { stride: 2 }, [1, 3, 0]],
    ['no length, same', [1, 2, 0, 5], [2, 3, 3, 3], { padding: 'same', stride: 2 }, [1, 3, 0, 10]],
  ])('%s', async (_, input, weight, options, output) => {
    expect(convTranspose(ones(input), ones(weight), options)).toEqual({ data: new Float32Array(0), dims: output });
    const layer = new ConvTranspose(ones(weight), options);
    expect(layer.outputDims(input)).toEqual(output);
    expect((await layer.runAsync(ones(input))).dims).toEqual(output);
  });

  it('gives activation(bias) where the kernel is longer than the stride', () => {
    const y = convTranspose(ones([1, 1, 0]), ones([1, 2, 3]), { bias: Float32Array.of(2, -1), activation: 'relu' });
    expect(y).toEqual({ data: Float32Array.of(2, 2, 0, 0), dims: [1, 2, 2] });
  });
});

describe('refusals', () => {
  const input = [1, 4, 8, 8];
  const weight = [4, 6, 3, 3];

  it.each<[string, unknown, 'TypeError' | 'RangeError', RegExp]>([
    ['options null', null, 'TypeError', /Expected options to be a plain object of options, received null/],
    ['paddingMode, which it has not', { paddingMode: 'zeros' }, 'TypeError', /unknown option 'paddingMode'/],
    [
      'a misspelt option',
      { outputPading: 1 },
      'TypeError',
      /known keys only \(bias, stride, dilation, padding, outputPadding, .*'outputPading'/,
    ],
    ['outputPadding as large as the stride', { stride: 2, outputPadding: 2 }, 'RangeError', /Expected outputPadding on spatial axis 0 to be below 2, the larger of stride and dilation, received 2/], // prettier-ignore
    ['outputPadding of one axis', { stride: [3, 1], outputPadding: 1 }, 'RangeError', /outputPadding on spatial axis 1 to be below 1/],
    ['outputPadding negative', { outputPadding: -1 }, 'RangeError', /Expected outputPadding to be an integer ≥ 0, received -1/],
    ['outputPadding a string', { outputPadding: '1' }, 'TypeError', /Expected outputPadding/],
    ['outputPadding for three axes', { outputPadding: [0, 0, 0] }, 'RangeError', /Expected outputPadding to be an array of length 2/],
    ['stride 0', { stride: 0 }, 'RangeError', /Expected stride to be an integer ≥ 1, received 0/],
    ['padding an unknown name', { padding: 'full' }, 'RangeError', /Expected padding to be one of/],
    ['causal in 2-D', { padding: 'causal' }, 'RangeError', /'causal' in 1-D convolutions only/],
    ['padding that cuts everything', { padding: 5 }, 'RangeError', /output size of spatial axis 0, \(8 − 1\)·1 \+ 3 \+ 0 − 5 − 5, to be positive, received 0/], // prettier-ignore
    ['groups that the weight does not have', { groups: 3 }, 'RangeError', /groups to be a divisor of the 4 input channels, received 3/],
    ['bias too short', { bias: new Float32Array(5) }, 'RangeError', /bias.*length 5, expected 6/],
    ['an output beyond 2^31', { stride: 2 ** 30 }, 'RangeError', /output size of spatial axis 0 before cutting to be at most 2147483647/],
  ])('%s', (_, options, name, message) => {
    for (const call of [
      () => convTranspose(ones(input), ones(weight), options as ConvTransposeOptions),
      () => new ConvTranspose(ones(weight), options as ConvTransposeOptions).run(ones(input)),
    ]) {
      expect(call).toThrow(
        expect.objectContaining({
          name,
          message: expect.stringMatching(message) as string,
          code: expect.stringMatching(/^ERR_ATROUS_/) as string,
        }),
      );
    }
  });

  it.each<[number[], number[], RegExp]>([
    [[1, 4, 8], [4, 6, 3, 3], /input\.dims to be of rank 4, the rank of weight\.dims/],
    [[1, 4], [4, 6], /weight\.dims to be of rank 3, 4 or 5 .* for convTranspose/],
    [[1, 4, 8], [0, 6, 3], /weight\.dims\[0\] \(input channels\) to be a positive integer/],
    [[1, 4, 8], [4, 0, 3], /weight\.dims\[1\] \(output channels \/ groups\) to be a positive integer/],
    [[1, 5, 8], [4, 6, 3], /input\.dims\[1\] \(channels\) to be 4, the input channels of the weight, received 5/],
  ])('input %j, weight %j', (inputDims, weightDims, message) => {
    expect(() => convTranspose(ones(inputDims), ones(weightDims))).toThrow(message);
  });

  it('takes no weight of 2^31 output channels × taps', () => {
    const huge = { data: new Float32Array(0), dims: [1, 1, 50000, 50000] };
    expect(() => convTranspose(ones([1, 1, 1, 1]), huge)).toThrow(/at most 2147483647 output channels × taps/);
  });

  it('passes what can’t be allocated as a coded error, and works on', () => {
    const call = () => convTranspose(ones([1, 1, 2, 2]), ones([1, 1, 1, 1]), { stride: 2 ** 25 });
    expect(call).toThrow(expect.objectContaining({ name: 'RangeError', code: 'ERR_ATROUS_OUT_OF_MEMORY' }));
    expect(convTranspose(ones([1, 1, 1]), ones([1, 1, 3])).data).toEqual(Float32Array.of(1, 1, 1));
  });
});
