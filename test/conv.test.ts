/** conv() and Conv: what they resolve, hand to a backend and give back. The arithmetic itself is tested per backend and over random options. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { ConvPlan, ConvShape } from '../lib/backend/backend.js';
import { typescriptBackend } from '../lib/backend/typescript.js';
import { environment } from '../lib/environment.js';
import { conv, Conv, conv1d, conv2d, conv3d, type ConvOptions, features, type FloatTensor, tensor } from '../lib/index.js';
import { convCase, publicArguments } from './support/conv-cases.js';

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
const inTypescript: ConvOptions = { backend: 'typescript' };

afterEach(() => {
  vi.restoreAllMocks();
});

/** The shapes, weights and siblings that the backend is given. */
function spyOnPlans() {
  return vi.spyOn(typescriptBackend, 'plan');
}

function resolvedShape(input: readonly number[], weight: readonly number[], options: ConvOptions): ConvShape {
  const plans = spyOnPlans();
  conv(ones(input), ones(weight), { ...options, ...inTypescript });
  const [shape] = plans.mock.lastCall!;
  plans.mockRestore();
  return shape;
}

describe('worked by hand', () => {
  it('1-D, causal, dilation 2: y[t] = x[t − 2] + 10·x[t]', () => {
    const x = tensor(Float32Array.of(1, 2, 3, 4, 5), [1, 1, 5]);
    const w = tensor(Float32Array.of(1, 10), [1, 1, 2]);
    const y = conv1d(x, w, { dilation: 2, padding: 'causal' });
    expect(y.dims).toEqual([1, 1, 5]);
    expect(Array.from(y.data)).toEqual([10, 20, 31, 42, 53]);
  });

  it('2-D, dilation [2, 1], stride [1, 2], bias and relu', () => {
    const x = tensor(Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9), [1, 1, 3, 3]);
    const w = tensor(Float32Array.of(1, 0, 0, -1), [1, 1, 2, 2]);
    // x[0][c] − x[2][c + 1] at c = 0: 1 − 8.
    const y = conv2d(x, w, { dilation: [2, 1], stride: [1, 2], bias: Float32Array.of(9) });
    expect(y).toEqual({ data: Float32Array.of(2), dims: [1, 1, 1, 1] });
    expect(conv2d(x, w, { dilation: [2, 1], stride: [1, 2], activation: 'relu' }).data).toEqual(Float32Array.of(0));
  });

  it('3-D: a sum of 2×2×2 in a 3×3×3 of ones', () => {
    expect(conv3d(ones([1, 1, 3, 3, 3]), ones([1, 1, 2, 2, 2]))).toEqual({ data: new Float32Array(8).fill(8), dims: [1, 1, 2, 2, 2] });
  });

  it('channelsLast holds the same numbers in another order', () => {
    // Two pixels of two channels; the weight [kernel, inChannels, outChannels] swaps the channels and doubles the second.
    const x = tensor(Float32Array.of(1, 2, 3, 4), [1, 2, 2]);
    const w = tensor(Float32Array.of(0, 2, 1, 0), [1, 2, 2]);
    expect(Array.from(conv1d(x, w, { layout: 'channelsLast' }).data)).toEqual([2, 2, 4, 6]);
  });

  it.each([
    ['reflect', [3, 2, 1, 2, 3, 2, 1]],
    ['replicate', [1, 1, 1, 2, 3, 3, 3]],
    ['circular', [2, 3, 1, 2, 3, 1, 2]],
    ['zeros', [0, 0, 1, 2, 3, 0, 0]],
  ] as const)('paddingMode %s', (paddingMode, expected) => {
    const x = tensor(Float32Array.of(1, 2, 3), [1, 1, 3]);
    expect(Array.from(conv(x, ones([1, 1, 1]), { padding: 2, paddingMode }).data)).toEqual(expected);
  });

  it('relu keeps NaN', () => {
    const x = tensor(Float32Array.of(NaN, -1, 1), [1, 1, 3]);
    expect(Array.from(conv(x, ones([1, 1, 1]), { activation: 'relu' }).data)).toEqual([NaN, 0, 1]);
  });

  it('takes the bias as an array or a tensor', () => {
    const expected = Float32Array.of(1, 2);
    const call = (bias: ConvOptions['bias']) => conv(ones([1, 1, 1]), tensor(new Float32Array(2), [2, 1, 1]), { bias }).data;
    expect(call(Float32Array.of(1, 2))).toEqual(expected);
    expect(call(tensor(Float32Array.of(1, 2), [2]))).toEqual(expected);
  });
});

describe('resolved shapes', () => {
  it.each<[ConvOptions['padding'], begin: number[], end: number[]]>([
    [undefined, [0, 0], [0, 0]],
    ['valid', [0, 0], [0, 0]],
    ['same', [1, 1], [2, 1]],
    ['sameLower', [2, 1], [1, 1]],
    [3, [3, 3], [3, 3]],
    [
      [3, 1],
      [3, 1],
      [3, 1],
    ],
    [[[1, 2], [0, 3]], [1, 0], [2, 3]], // prettier-ignore
    [-0, [0, 0], [0, 0]],
  ])('padding %j', (padding, begin, end) => {
    const shape = resolvedShape([1, 1, 9, 9], [1, 1, 4, 2], { padding, dilation: [1, 2] });
    expect(shape.paddingBegin).toEqual([0, ...begin]);
    expect(shape.paddingEnd).toEqual([0, ...end]);
  });

  it('fills missing axes in front and drops strides and dilations that mean nothing', () => {
    expect(resolvedShape([2, 6, 10], [4, 3, 1], { stride: 3, dilation: 5, groups: 2, activation: 'relu' })).toEqual({
      batch: 2,
      groups: 2,
      inChannels: 6,
      outChannels: 4,
      input: [1, 1, 10],
      kernel: [1, 1, 1],
      stride: [1, 1, 3],
      dilation: [1, 1, 1],
      paddingBegin: [0, 0, 0],
      paddingEnd: [0, 0, 0],
      output: [1, 1, 4],
      paddingMode: 'zeros',
      layout: 'channelsFirst',
      activation: 'relu',
    });
    expect(resolvedShape([1, 1, 9, 9], [1, 1, 3, 9], { stride: [2, 2 ** 31 - 1] }).stride).toEqual([1, 2, 1]);
    expect(resolvedShape([1, 1, 9, 9], [1, 1, 3, 5], { stride: 2 ** 31 - 1 }).stride).toEqual([1, 7, 5]);
  });

  it('reads channelsLast', () => {
    const shape = resolvedShape([2, 5, 7, 6], [3, 2, 3, 4], { layout: 'channelsLast', groups: 2, bias: undefined });
    expect(shape).toMatchObject({
      batch: 2,
      inChannels: 6,
      outChannels: 4,
      groups: 2,
      input: [1, 5, 7],
      kernel: [1, 3, 2],
      output: [1, 3, 6],
    });
  });

  it('hands over the execution options, with their defaults', () => {
    const plans = spyOnPlans();
    conv(ones([1, 1, 3]), ones([1, 1, 2]), inTypescript);
    conv(ones([1, 1, 3]), ones([1, 1, 2]), { ...inTypescript, algorithm: 'direct', tolerance: 0, threads: 1024 });
    expect(plans.mock.calls.map(([, , , execution]) => execution)).toEqual([
      { algorithm: 'auto', tolerance: 1e-5, threads: environment().threads, once: true },
      { algorithm: 'direct', tolerance: 0, threads: 1024, once: true },
    ]);
  });
});

describe('empty inputs', () => {
  it.each<[string, number[], number[], ConvOptions, number[]]>([
    ['no batch', [0, 2, 8, 8], [3, 2, 3, 3], { dilation: 2 }, [0, 3, 4, 4]],
    ['no width, same', [1, 2, 8, 0], [3, 2, 3, 3], { padding: 'same' }, [1, 3, 8, 0]],
    ['no length, causal', [1, 2, 0], [3, 2, 2], { padding: 'causal', dilation: 4 }, [1, 3, 0]],
    ['no length, kernel 1', [1, 2, 0], [3, 2, 1], {}, [1, 3, 0]],
    ['no height, channelsLast', [1, 0, 5, 2], [1, 1, 2, 3], { layout: 'channelsLast', stride: 2 }, [1, 0, 3, 3]],
    ['no length, reflect without padding', [1, 2, 0], [3, 2, 1], { paddingMode: 'reflect' }, [1, 3, 0]],
  ])('%s', async (_, input, weight, options, output) => {
    expect(conv(ones(input), ones(weight), options)).toEqual({ data: new Float32Array(0), dims: output });
    const layer = new Conv(ones(weight), options);
    expect(layer.outputDims(input)).toEqual(output);
    expect((await layer.runAsync(ones(input))).dims).toEqual(output);
    const out = ones(output);
    expect(layer.run(ones(input), out)).toBe(out);
  });

  it('gives activation(bias) where only padding is left', async () => {
    const bias = Float32Array.of(2, -1);
    const input = ones([1, 1, 0]);
    const layer = new Conv(ones([2, 1, 3]), { padding: 2, bias, activation: 'relu' });
    expect(Array.from(layer.run(input).data)).toEqual([2, 2, 0, 0]);
    expect(Array.from((await layer.runAsync(input)).data)).toEqual([2, 2, 0, 0]);
    expect(layer.plan([1, 1, 0])).toMatchObject({ algorithm: 'bias-only', workspaceBytes: 0 });
    const last = conv(ones([1, 0, 1]), ones([3, 1, 2]), { padding: 2, bias, layout: 'channelsLast' });
    expect(last).toEqual({ data: Float32Array.of(2, -1, 2, -1), dims: [1, 2, 2] });
    expect(Array.from(conv(input, ones([1, 1, 2]), { padding: 1 }).data)).toEqual([0]);
  });
});

describe('refusals beyond the listed ones', () => {
  const symbol = Symbol('secret');
  const input = [1, 4, 8, 8];
  const weight = [6, 4, 3, 3];

  it.each<[string, unknown, 'TypeError' | 'RangeError', RegExp]>([
    ['options null', null, 'TypeError', /Expected options to be a plain object of options, received null/],
    ['options a bigint', 3n, 'TypeError', /Expected options.*3n/],
    ['options a symbol', symbol, 'TypeError', /Expected options.*Symbol\(secret\)/],
    ['options a string', 'same', 'TypeError', /Expected options.*'same'/],
    ['options an array', [], 'TypeError', /Expected options/],
    ['options a Map', new Map([['dilation', 2]]), 'TypeError', /Expected options.*a Map/],
    ['options of a class', new (class Settings { #dilation = 2; get dilation() { return this.#dilation; } })(), 'TypeError', /Expected options.*a Settings/], // prettier-ignore
    ['options inherited', Object.create({ dilation: 2 }), 'TypeError', /Expected options/],
    ['a symbol key', { [symbol]: 1 }, 'TypeError', /unknown option Symbol\(secret\)/],
    ['a hidden key', Object.defineProperty({}, 'dialation', { value: 2 }), 'TypeError', /unknown option 'dialation'/],
    ['__proto__ as a key', JSON.parse('{ "__proto__": 1 }'), 'TypeError', /unknown option '__proto__'/],
    ['outputPadding, which is of another operator', { outputPadding: 1 }, 'TypeError', /unknown option 'outputPadding'/],
    ['stride an Int32Array', { stride: Int32Array.of(1, 1) }, 'TypeError', /Expected stride.*Int32Array/],
    ['stride with a hole', { stride: [1, , 1].slice(0, 2) }, 'TypeError', /Expected stride\[1\].*undefined/], // prettier-ignore
    ['stride nested', { stride: [[1], [1]] }, 'TypeError', /Expected stride\[0\]/],
    ['stride −Infinity', { stride: -Infinity }, 'RangeError', /Expected stride/],
    ['stride −0', { stride: -0 }, 'RangeError', /Expected stride to be an integer ≥ 1, received -0/],
    ['dilation a symbol', { dilation: symbol }, 'TypeError', /Expected dilation/],
    ['dilation a function', { dilation: () => 2 }, 'TypeError', /Expected dilation.*a function/],
    ['padding a bigint', { padding: 1n }, 'TypeError', /Expected padding/],
    ['padding an unknown name', { padding: 'Same' }, 'RangeError', /Expected padding to be one of 'valid', 'same', 'sameLower', 'causal'/],
    ['padding an object', { padding: { begin: 1 } }, 'TypeError', /Expected padding/],
    ['padding half nested', { padding: [1, [1, 1]] }, 'TypeError', /Expected padding\[0\] to be an array \[begin, end\]/],
    ['padding flat, as ONNX', { padding: [1, 1, 1, 1] }, 'RangeError', /Expected padding to be an array of length 2/],
    ['padding of strings', { padding: ['1', '1'] }, 'TypeError', /Expected padding\[0\]/],
    ['padding pairs of strings', { padding: [['1', 1], [1, 1]] }, 'TypeError', /Expected padding\[0\]\[0\]/], // prettier-ignore
    ['padding empty', { padding: [] }, 'RangeError', /Expected padding/],
    ['paddingMode unknown', { paddingMode: 'mirror' }, 'RangeError', /paddingMode.*one of 'zeros', 'reflect', 'replicate', 'circular'/],
    ['paddingMode a number', { paddingMode: 0 }, 'TypeError', /paddingMode.*one of/],
    [
      'reflect as wide as the input',
      { padding: 8, paddingMode: 'reflect' },
      'RangeError',
      /padding on spatial axis 0.*at most 7.*'reflect'/,
    ],
    ['circular wider than the input', { padding: [0, 9], paddingMode: 'circular' }, 'RangeError', /padding on spatial axis 1.*at most 8/],
    ['layout unknown', { layout: 'NCHW' }, 'RangeError', /layout.*one of/],
    ['layout null', { layout: null }, 'TypeError', /layout.*one of.*null/],
    ['groups NaN', { groups: NaN }, 'RangeError', /groups/],
    ['groups that the channels don’t fit', { groups: 2 }, 'RangeError', /input\.dims\[1\] \(channels\).*8.*groups.*received 4/],
    ['bias a plain array', { bias: [1, 2, 3, 4, 5, 6] }, 'TypeError', /Expected bias to be a Float32Array or a tensor/],
    ['bias null', { bias: null }, 'TypeError', /Expected bias/],
    ['bias of float64', { bias: new Float64Array(6) }, 'TypeError', /Expected bias.*Float64Array/],
    ['bias too short', { bias: new Float32Array(5) }, 'RangeError', /bias.*length 5, expected 6/],
    ['bias of wrong dims', { bias: { data: new Float32Array(6), dims: [1, 6] } }, 'RangeError', /bias\.dims to be \[6\].*\[1, 6\]/],
    ['algorithm null', { algorithm: null }, 'TypeError', /algorithm.*one of 'auto', 'direct', 'winograd'/],
    ['backend unknown', { backend: 'cuda' }, 'RangeError', /backend.*one of 'auto', 'native', 'typescript'/],
    ['tolerance negative', { tolerance: -1e-9 }, 'RangeError', /Expected tolerance to be a finite number ≥ 0/],
    ['tolerance infinite', { tolerance: Infinity }, 'RangeError', /tolerance/],
    ['tolerance a string', { tolerance: '1e-5' }, 'TypeError', /tolerance/],
    ['threads 0', { threads: 0 }, 'RangeError', /threads/],
    ['threads beyond any machine', { threads: 1025 }, 'RangeError', /Expected threads to be an integer ≤ 1024/],
    ['threads a fraction', { threads: 1.5 }, 'RangeError', /threads/],
    [
      'a kernel larger than the input',
      { dilation: 4 },
      'RangeError',
      /effective kernel size.*at most 8, the padded input size, received 9/,
    ],
    [
      'a padded input beyond 2^31',
      { dilation: 2 ** 30, padding: 'same' },
      'RangeError',
      /padded input size of spatial axis 0.*at most 2147483647/,
    ],
    ['an output beyond 2^53', { padding: 2 ** 30 - 8 }, 'RangeError', /too large|memory/],
  ])('%s', (_, options, name, message) => {
    for (const call of [
      () => conv(ones(input), ones(weight), options as ConvOptions),
      () => new Conv(ones(weight), options as ConvOptions).run(ones(input)),
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

  it.each([
    ['conv1d', conv1d, [1, 1, 3], 3],
    ['conv2d', conv2d, [1, 1, 3, 3], 4],
    ['conv3d', conv3d, [1, 1, 3, 3, 3], 5],
  ] as const)('%s takes its own rank only', (name, call, dims, rank) => {
    expect(call(ones(dims), ones(dims)).dims).toHaveLength(rank);
    const other = rank === 5 ? [1, 1, 3] : [...dims, 3];
    const message = `Expected weight.dims to be of rank ${rank} for ${name}, received [${other.join(', ')}]`;
    expect(() => call(ones(other), ones(other))).toThrow(message);
  });

  it.each<[number[], number[], RegExp]>([
    [[1, 4, 8], [6, 4, 3, 3], /input\.dims to be of rank 4, the rank of weight\.dims, received \[1, 4, 8\]/],
    [[1, 4], [6, 4], /weight\.dims to be of rank 3, 4 or 5 .* for conv, received \[6, 4\]/],
    [[1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 1, 1], /weight\.dims to be of rank 3, 4 or 5/],
    [[1, 4, 8], [0, 4, 3], /weight\.dims\[0\] \(output channels\) to be a positive integer, received 0/],
    [[1, 0, 8], [6, 0, 3], /weight\.dims\[1\] \(input channels \/ groups\) to be a positive integer/],
    [[1, 4, 8], [6, 4, 0], /weight\.dims\[2\] \(kernel size\) to be a positive integer/],
    [[1, 5, 8], [6, 4, 3], /input\.dims\[1\] \(channels\) to be 4 .*received 5/],
    [[1, 4, 0], [6, 4, 3], /effective kernel size/],
    [[1, 4, 2], [6, 4, 3], /effective kernel size/],
  ])('input %j, weight %j', (input, weight, message) => {
    expect(() => conv(ones(input), ones(weight))).toThrow(message);
    expect(() => conv(ones(input), ones(weight))).toThrow(RangeError);
  });

  it.each(['reflect', 'replicate', 'circular'] as const)('nothing to %s on an empty axis', (paddingMode) => {
    expect(() => conv(ones([1, 1, 0]), ones([1, 1, 1]), { padding: 1, paddingMode })).toThrow(/at most 0 with paddingMode/);
    expect(() => conv(ones([0, 1, 2]), ones([1, 1, 1]), { padding: 3, paddingMode: 'reflect' })).toThrow(/at most 1 with paddingMode/);
  });

  it('reads each property of options, input and weight once', () => {
    const reads: string[] = [];
    const counted = <Value extends object>(name: string, target: Value): Value =>
      new Proxy(target, {
        get(object, key) {
          reads.push(`${name}.${String(key)}`);
          return Reflect.get(object, key) as unknown;
        },
      });
    conv(
      counted('input', ones([1, 1, 3])),
      counted('weight', ones([1, 1, 2])),
      counted('options', { dilation: counted('dilation', [2]), padding: 'same' } as const),
    );
    const once = ['input.data', 'input.dims', 'weight.data', 'weight.dims', 'options.dilation', 'options.padding', 'dilation.0'];
    expect(reads.filter((read) => read !== 'dilation.length')).toEqual(once.filter((read) => reads.includes(read)));
    expect(new Set(reads)).toEqual(new Set([...once, 'dilation.length']));
  });

  it('passes what the output can’t be allocated for as a coded error, and works on', () => {
    const call = () => conv(ones([1, 1, 1, 1]), ones([1, 1, 1, 1]), { padding: 2 ** 25 });
    expect(call).toThrow(
      expect.objectContaining({ name: 'RangeError', code: 'ERR_ATROUS_OUT_OF_MEMORY', cause: expect.any(RangeError) as Error }),
    );
    expect(conv(ones([1, 1, 3]), ones([1, 1, 3])).data[0]).toBe(3);
  });
});

describe('Conv', () => {
  const convolution = convCase({ inChannels: 4, outChannels: 6, input: [8, 9], kernel: [3, 3], dilation: 2, padding: 'same' });
  const { input, weight, options } = publicArguments(convolution);
  const expected = conv(input, weight, options);

  it('computes what conv does, however the result is asked for', async () => {
    const layer = new Conv(weight, options);
    expect(layer.run(input)).toEqual(expected);
    expect(await layer.runAsync(input)).toEqual(expected);
    const out = { ...expected, data: new Float32Array(expected.data.length) };
    expect(layer.run(input, out)).toBe(out);
    expect(out.data).toEqual(expected.data);
    const bare = new Float32Array(expected.data.length);
    const result = layer.run(input, bare);
    expect(result).toEqual(expected);
    expect(result.data).toBe(bare);
    expect(layer.run(input, undefined)).toEqual(expected);
  });

  it('gives each result its own dims', () => {
    const layer = new Conv(weight, options);
    (layer.run(input).dims as number[])[0] = 99;
    layer.outputDims(input.dims)[0] = 99;
    expect(layer.run(input)).toEqual(expected);
  });

  it('is not changed by what becomes of the weight, the bias and the options', () => {
    const own = {
      weight: tensor(weight.data.slice(), weight.dims),
      options: { ...options, bias: (options.bias as Float32Array).slice(), dilation: [2, 2] },
    };
    const layer = new Conv(own.weight, own.options);
    own.weight.data.fill(NaN);
    own.options.dilation.fill(3);
    structuredClone(own.options.bias.buffer, { transfer: [own.options.bias.buffer] });
    expect(layer.run(input)).toEqual(expected);
    const shorter = tensor(input.data.slice(0, 4 * 64), [1, 4, 8, 8]);
    expect(layer.run(shorter)).toEqual(conv(shorter, weight, options));
  });

  it('keeps its weight for inputs that its algorithm is not for, too', () => {
    const given = { weight: counting([16, 16, 3, 3]), bias: new Float32Array(16).fill(2) };
    const image = counting([1, 16, 24, 24]);
    image.data[300] = NaN;
    const direct = conv(image, given.weight, { bias: given.bias, padding: 'same', algorithm: 'direct' });
    const layer = new Conv(given.weight, { bias: given.bias, padding: 'same', algorithm: 'winograd' });
    given.weight.data.fill(NaN);
    given.bias.fill(NaN);
    expect(layer.run(image)).toEqual(direct);
  });

  it('writes over memory beside the input, and over the weight it was made of', () => {
    const memory = new Float32Array(input.data.length + expected.data.length);
    memory.set(input.data);
    const out = memory.subarray(input.data.length);
    const layer = new Conv(weight, options);
    expect(layer.run({ data: memory.subarray(0, input.data.length), dims: input.dims }, out).data).toEqual(expected.data);

    const square = ones([2, 2, 1]);
    const pointwise = new Conv(square);
    expect(Array.from(pointwise.run(ones([1, 2, 2]), tensor(square.data, [1, 2, 2])).data)).toEqual([2, 2, 2, 2]);
    expect(Array.from(pointwise.run(ones([1, 2, 2])).data)).toEqual([2, 2, 2, 2]);
  });

  it('puts shared memory back that it looked at for an overlap', () => {
    const memory = new SharedArrayBuffer(64);
    const elsewhere = new SharedArrayBuffer(64);
    // The native backend would compare addresses.
    const layer = new Conv(ones([1, 1, 1]), inTypescript);
    const data = new Float32Array(memory, 0, 8).fill(7);
    const again = structuredClone(memory);
    const out = new Float32Array(again, 16, 8);
    expect(() => layer.run({ data, dims: [1, 1, 8] }, out)).toThrow(/overlap with input/);
    expect(Array.from(data)).toEqual(new Array(8).fill(7));
    expect(Array.from(layer.run({ data, dims: [1, 1, 8] }, new Float32Array(again, 32, 8)).data)).toEqual(new Array(8).fill(7));
    expect(Array.from(layer.run({ data, dims: [1, 1, 8] }, new Float32Array(elsewhere, 0, 8)).data)).toEqual(new Array(8).fill(7));
  });

  it.each<[string, unknown, typeof TypeError | typeof RangeError, RegExp]>([
    ['null', null, TypeError, /Expected out to be a Float32Array or a tensor/],
    ['a number', 5, TypeError, /Expected out/],
    ['a short array', new Float32Array(5), RangeError, /out.*length 5, expected 432 \(1 × 6 × 8 × 9\)/],
    [
      'a tensor of other dims',
      { data: new Float32Array(432), dims: [1, 6, 9, 8] },
      RangeError,
      /out\.dims to be \[1, 6, 8, 9\].*received \[1, 6, 9, 8\]/,
    ],
    ['a tensor without dims', { data: new Float32Array(432) }, TypeError, /out\.dims to be an array of sizes/],
    ['a tensor of wrong length', { data: new Float32Array(431), dims: [1, 6, 8, 9] }, RangeError, /out.*length 431, expected 432/],
  ])('refuses as out: %s', (_, out, constructor, message) => {
    const layer = new Conv(weight, options);
    expect(() => layer.run(input, out as FloatTensor)).toThrow(constructor);
    expect(() => layer.run(input, out as FloatTensor)).toThrow(message);
  });

  it('refuses an input that the dims of out take away', () => {
    const data = input.data.slice();
    const out = {
      get data() {
        structuredClone(data.buffer, { transfer: [data.buffer] });
        return new Float32Array(432);
      },
      dims: [1, 6, 8, 9],
    };
    expect(() => new Conv(weight, options).run({ data, dims: input.dims }, out)).toThrow(/input\.data.*detached/);
  });

  it('says what it computes and how', () => {
    const layer = new Conv(weight, { ...options, backend: 'typescript' });
    expect(layer.outputDims([5, 4, 20, 30])).toEqual([5, 6, 20, 30]);
    const info = layer.plan(input.dims);
    expect(info).toMatchObject({ algorithm: 'direct', isa: 'typescript', threads: 1 });
    (info as { algorithm: string }).algorithm = 'changed';
    expect(layer.plan(input.dims).algorithm).toBe('direct');
    expect(() => layer.outputDims([1, 5, 20, 30])).toThrow(/inputDims\[1\] \(channels\) to be 4/);
    expect(() => layer.plan([1, 4, 20])).toThrow(/inputDims to be of rank 4/);
    expect(() => layer.plan(undefined as never)).toThrow(/inputDims to be an array of sizes/);
  });

  it.runIf(features().backend === 'native')('says which short algorithm runs along the axes it has, and none for plain sums', () => {
    const weight = tensor(new Float32Array(32 * 32 * 9).fill(0.1), [32, 32, 3, 3]);
    const { algorithm, shortAlgorithm } = new Conv(weight, { padding: 'same' }).plan([1, 32, 64, 64]);
    expect(algorithm).toMatch(/^winograd-/);
    const { outputs, taps, products, error } = shortAlgorithm!;
    expect(taps).toEqual([3, 3]);
    for (const axis of [0, 1]) {
      expect(outputs[axis]).toBeGreaterThan(1);
      expect(products[axis]).toBeLessThan(outputs[axis]! * taps[axis]!);
    }
    expect(error).toBeGreaterThan(1e-7);
    expect(error).toBeLessThanOrEqual(1e-5);
    expect(new Conv(weight, { padding: 'same', algorithm: 'direct' }).plan([1, 32, 64, 64])).not.toHaveProperty('shortAlgorithm');
  });

  it('has no backend to plan with when only sizes are asked for', () => {
    const plans = spyOnPlans();
    new Conv(weight, inTypescript).outputDims([1, 4, 1e6, 1e6]);
    expect(plans).not.toHaveBeenCalled();
  });
});

describe('plans of a Conv', () => {
  const weight = ones([1, 1, 1]);
  const sized = (length: number) => ones([1, 1, length]);

  it('are made once for each input size, with the sibling’s packed weights', () => {
    const plans = spyOnPlans();
    const layer = new Conv(weight, inTypescript);
    layer.run(sized(3));
    layer.run(sized(3));
    layer.run(sized(4));
    layer.run(sized(3));
    layer.run(sized(4));
    expect(plans.mock.calls.map(([shape]) => shape.input[2])).toEqual([3, 4]);
    const [first] = plans.mock.results;
    expect(plans.mock.calls.map(([, , , , sibling]) => sibling)).toEqual([undefined, first!.value as ConvPlan]);
  });

  it('are dropped when eight other sizes came after', () => {
    const plans = spyOnPlans();
    const layer = new Conv(weight, inTypescript);
    for (const length of [1, 2, 3, 4, 5, 6, 7, 8, 1, 9, 1, 2]) layer.run(sized(length));
    expect(plans.mock.calls.map(([shape]) => shape.input[2])).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 2]);
  });

  it('outlive a question about other sizes', () => {
    const plans = spyOnPlans();
    const layer = new Conv(weight, inTypescript);
    layer.run(sized(1));
    for (let length = 2; length < 20; length++) layer.outputDims([1, 1, length]);
    layer.run(sized(1));
    expect(plans).toHaveBeenCalledOnce();
  });

  it('are not made by an input that is refused', () => {
    const plans = spyOnPlans();
    const layer = new Conv(weight, inTypescript);
    expect(() => layer.run({ data: new Float32Array(2), dims: [1, 1, 3] })).toThrow(/length 2, expected 3/);
    expect(() => layer.run(sized(3), new Float32Array(2))).toThrow(/out/);
    expect(plans).not.toHaveBeenCalled();
    expect(layer.run(sized(3)).dims).toEqual([1, 1, 3]);
  });

  it('of an empty input lend nothing', () => {
    const plans = spyOnPlans();
    const layer = new Conv(weight, inTypescript);
    layer.run(sized(0));
    layer.run(sized(2));
    expect(plans.mock.calls.map(([, , , , sibling]) => sibling)).toEqual([undefined]);
  });

  it('conv hands the caller’s own weight over, Conv a copy', () => {
    const plans = spyOnPlans();
    conv(sized(2), weight, inTypescript);
    new Conv(weight, inTypescript).run(sized(2));
    expect(plans.mock.calls[0]![1]).toBe(weight.data);
    expect(plans.mock.calls[1]![1]).not.toBe(weight.data);
    expect(plans.mock.calls[1]![1]).toEqual(weight.data);
  });
});

describe('runAsync', () => {
  const layer = new Conv(ones([1, 1, 1]), inTypescript);
  const input = counting([1, 1, 5]);
  const rejection = (promise: Promise<unknown>) => promise.then(() => undefined, (error: unknown) => error); // prettier-ignore

  it.each<[string, unknown, typeof TypeError | typeof RangeError, RegExp]>([
    ['null options', null, TypeError, /Expected options/],
    ['an unknown option', { singal: 1 }, TypeError, /unknown option 'singal'/],
    ['a signal that is none', { signal: {} }, TypeError, /Expected signal to be an AbortSignal/],
    ['a null signal', { signal: null }, TypeError, /Expected signal to be an AbortSignal, received null/],
    ['a tensor for options', input, TypeError, /unknown option 'data'/],
  ])('rejects %s', async (_, options, constructor, message) => {
    const promise = layer.runAsync(input, options as { signal: AbortSignal });
    expect(promise).toBeInstanceOf(Promise);
    const error = (await rejection(promise)) as Error;
    expect(error).toBeInstanceOf(constructor);
    expect(error.message).toMatch(message);
  });

  it('rejects when the signal’s getter takes the input away', async () => {
    const data = input.data.slice();
    const options = {
      get signal() {
        structuredClone(data.buffer, { transfer: [data.buffer] });
        return undefined;
      },
    };
    expect(await rejection(layer.runAsync({ data, dims: [1, 1, 5] }, options))).toMatchObject({
      name: 'TypeError',
      message: expect.stringMatching(/detached/) as string,
    });
  });

  it('rejects when aborted meanwhile, once, and lets go of the signal', async () => {
    const controller = new AbortController();
    const removed = vi.spyOn(controller.signal, 'removeEventListener');
    const promise = layer.runAsync(input, { signal: controller.signal });
    controller.abort('enough');
    expect(await rejection(promise)).toMatchObject({ name: 'AbortError', code: 'ABORT_ERR', cause: 'enough' });
    await vi.waitFor(() => {
      expect(removed).toHaveBeenCalledOnce();
    });
    expect(await layer.runAsync(input)).toEqual(input);
  });

  it('resolves with a signal that stays quiet, and lets go of it', async () => {
    const { signal } = new AbortController();
    const removed = vi.spyOn(signal, 'removeEventListener');
    expect(await layer.runAsync(input, { signal })).toEqual(input);
    expect(removed).toHaveBeenCalledOnce();
  });

  it('writes where it is told, in shared memory', async () => {
    const out = { data: new Float32Array(new SharedArrayBuffer(20)), dims: [1, 1, 5] };
    expect(await layer.runAsync(input, { out })).toBe(out);
    expect(Array.from(out.data)).toEqual(Array.from(input.data));
    const { data } = await layer.runAsync(input, { out: out.data });
    expect(data).toBe(out.data);
    const refusal = (given: unknown) => rejection(layer.runAsync({ data: out.data, dims: [1, 1, 5] }, { out: given as Float32Array }));
    expect(await refusal(new Float32Array(5))).toMatchObject({ message: expect.stringContaining('SharedArrayBuffer') as string });
    const pretending = Object.defineProperty(new Float32Array(5), 'buffer', { value: new SharedArrayBuffer(20) });
    expect(await refusal(pretending)).toMatchObject({ message: expect.stringContaining('SharedArrayBuffer') as string });
    expect(await refusal(new Float32Array(new SharedArrayBuffer(16)))).toMatchObject({ message: expect.stringContaining('out') as string });
    expect(await refusal(out)).toMatchObject({ code: 'ERR_ATROUS_ARGUMENT_RANGE' });
  });

  it('runs many at once, each on the input as it was', async () => {
    const data = new Float32Array(5);
    const results = await Promise.all(
      [1, 2, 3, 4, 5].map((value) => {
        data.fill(value);
        return layer.runAsync({ data, dims: [1, 1, 5] });
      }),
    );
    expect(results.map((result) => result.data[4])).toEqual([1, 2, 3, 4, 5]);
  });
});
