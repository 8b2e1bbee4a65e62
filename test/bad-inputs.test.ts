/**
 * Every row of fixtures/bad-inputs.json that means something here, in each form of the call: conv(), Conv.run() and Conv.runAsync().
 *
 * The rows speak of a flat call (x, xShape, w, wShape, options); x and w are the data of our input and weight, xShape and wShape their dims,
 * and the patterns are translated likewise. Where a row says "decide", the documented behaviour decides.
 */
import { readFileSync } from 'node:fs';
import { runInNewContext } from 'node:vm';
import { afterEach, describe, expect, it } from 'vitest';
import { conv, Conv } from '../lib/index.js';
import type { ConvOptions, FloatTensor } from '../lib/index.js';

interface Row {
  readonly id: string;
  readonly change: string;
  readonly error: string | null;
  readonly pattern: string;
}

const { cases } = JSON.parse(readFileSync(new URL('fixtures/bad-inputs.json', import.meta.url), 'utf8')) as { cases: readonly Row[] };

/** One way to do what a row says. What is absent is good. */
interface Call {
  readonly label?: string;
  /** What the message must name where the row's pattern says x. */
  readonly argument?: 'input' | 'weight' | 'bias' | 'out';
  readonly input?: unknown;
  readonly weight?: unknown;
  readonly options?: unknown;
  readonly out?: unknown;
  readonly forms?: readonly Form[];
}

type Form = 'conv' | 'run' | 'runAsync';

type Floats = Float32Array<ArrayBuffer>;
const floats = (length: number): Floats => Float32Array.from({ length }, (_, index) => (index % 7) - 3);
const tensorOf = (data: unknown, dims: unknown) => ({ data, dims: Array.isArray(dims) ? [...(dims as unknown[])] : dims });
const inputDims = [1, 4, 8, 8];
const weightDims = [6, 4, 3, 3];
const outputDims = [1, 6, 4, 4];
const dilated = { dilation: 2 };

const option = (name: keyof ConvOptions, value: unknown): Call[] => [{ options: { ...dilated, [name]: value } }];
const inputSized = (dims: unknown, length = 256): Call => ({ label: `input ${String(dims)}`, input: tensorOf(floats(length), dims) });
const weightSized = (dims: unknown, length = 216): Call => ({ label: `weight ${String(dims)}`, weight: tensorOf(floats(length), dims) });

/** The same wrong array in every place where an array may stand. An absent bias or output is none: those need not fail. */
function everywhere(change: (array: Floats) => unknown): Call[] {
  const whole: Call[] = [
    { argument: 'input', label: 'instead of the tensor', input: change(floats(256)) },
    { argument: 'input', input: tensorOf(change(floats(256)), inputDims) },
    { argument: 'weight', label: 'instead of the tensor', weight: change(floats(216)) },
    { argument: 'weight', weight: tensorOf(change(floats(216)), weightDims) },
    { argument: 'bias', label: 'in a tensor', options: { ...dilated, bias: tensorOf(change(floats(6)), [6]) } },
    { argument: 'out', label: 'in a tensor', out: tensorOf(change(floats(96)), outputDims) },
  ];
  const bias = change(floats(6));
  return bias === undefined
    ? whole
    : [...whole, { argument: 'bias', options: { ...dilated, bias } }, { argument: 'out', out: change(floats(96)) }];
}

/** Arrays that were fine until their memory went away or shrank. */
function inEachArray(change: (array: Floats) => Float32Array): Call[] {
  return [
    { argument: 'input', input: tensorOf(change(floats(256)), inputDims) },
    { argument: 'weight', weight: tensorOf(change(floats(216)), weightDims) },
    { argument: 'bias', options: { ...dilated, bias: change(floats(6)) } },
    { argument: 'out', out: change(floats(96)) },
  ];
}

function detached(array: Floats): Float32Array {
  structuredClone(array.buffer, { transfer: [array.buffer] });
  return array;
}

type ResizableBuffer = ArrayBuffer & { resize(bytes: number): void };

function resizable(length: number): [Float32Array, ResizableBuffer] {
  const options = { maxByteLength: length * 4 };
  const buffer = Reflect.construct(ArrayBuffer, [length * 4, options]) as ResizableBuffer;
  return [new Float32Array(buffer), buffer];
}

/** A view of fixed length on a buffer that shrank below it. */
function shrunk(array: Floats): Float32Array {
  const [, buffer] = resizable(array.length);
  const view = new Float32Array(buffer, 0, array.length);
  buffer.resize(4);
  return view;
}

/** Options whose dilation shrinks or detaches the memory of an argument that was read before them. */
function takenByGetter(argument: 'input' | 'weight', length: number, dims: readonly number[]): Call[] {
  const [array, buffer] = resizable(length);
  const lost = floats(length);
  const forms: Form[] = argument === 'input' ? ['conv'] : ['conv', 'run'];
  const shrinking = { get dilation() { buffer.resize(4); return 1; } }; // prettier-ignore
  const detaching = { get dilation() { detached(lost); return 1; } }; // prettier-ignore
  return [
    { label: `${argument} shrunk`, [argument]: tensorOf(array, dims), options: shrinking, forms },
    { label: `${argument} detached`, [argument]: tensorOf(lost, dims), options: detaching, forms },
  ];
}

function shared(length: number): [Float32Array, Float32Array] {
  const memory = new SharedArrayBuffer(length * 4);
  return [new Float32Array(memory), new Float32Array(structuredClone(memory))];
}

function twiceWrapped(): Call[] {
  const [input, out] = shared(256);
  return [{ input: tensorOf(input, inputDims), out: out.subarray(160) }];
}

/** What each row means here; called anew for each test, because a call may use up its arguments. */
const calls: Record<string, () => Call[]> = {
  'type-x-undefined': () => everywhere(() => undefined),
  'type-x-plain-array': () => everywhere((array) => Array.from(array)),
  'type-x-Uint8Array': () => everywhere(({ buffer }) => new Uint8Array(buffer)),
  'type-x-Int32Array': () => everywhere((array) => Int32Array.from(array)),
  'type-x-DataView': () => everywhere(({ buffer }) => new DataView(buffer)),
  'type-x-number': () => everywhere(() => 5),
  'type-x-fake-prototype': () => everywhere(() => Object.create(Float32Array.prototype)),
  'type-x-Symbol.toStringTag-fake': () => everywhere(() => ({ [Symbol.toStringTag]: 'Float32Array', length: 256 })),
  'shape-type-missing': () => [inputSized(undefined), weightSized(undefined)],
  'shape-type-typed-array-ok?': () => [inputSized(Int32Array.from(inputDims)), weightSized(Int32Array.from(weightDims))],
  'shape-rank-rank-3': () => [inputSized([4, 8, 8]), weightSized([6, 4, 9])],
  'shape-rank-empty': () => [inputSized([]), weightSized([])],
  'shape-dim-negative': () => [inputSized([1, 4, 8, -8]), weightSized([6, 4, 3, -3])],
  'shape-dim-Infinity': () => [inputSized([1, 4, 8, Infinity]), weightSized([6, 4, 3, Infinity])],
  'shape-dim-bigint': () => [inputSized([1, 4, 8, 8n]), weightSized([6, 4, 3, 3n])],
  'shape-dim-boolean': () => [inputSized([1, 4, 8, true]), weightSized([6, 4, 3, true])],
  'shape-dim--0': () => [inputSized([1, 4, 8, -0]), weightSized([6, 4, 3, -0])],
  'shape-length-mismatch-short': () => [
    inputSized(inputDims, 255),
    { weight: tensorOf(floats(255), [8, 2, 4, 4]), input: tensorOf(floats(128), [1, 2, 8, 8]), options: {} },
    { weight: tensorOf(floats(256), [256, 1, 1, 1]), input: tensorOf(floats(1), [1, 1, 1, 1]), options: { bias: floats(255) } },
    { weight: tensorOf(floats(4), [4, 1, 1, 1]), input: tensorOf(floats(64), [1, 1, 8, 8]), options: {}, out: floats(255) },
  ],
  'shape-product-overflow-32': () => [inputSized([65536, 65536, 1, 1], 0), inputSized([2 ** 31 - 1, 2 ** 31 - 1, 2 ** 31 - 1, 2], 0)],
  'channels-mismatch': () => [
    weightSized([6, 3, 3, 3], 162),
    // As the row stands, the weight's length is wrong too; the constructor, which knows no input, can only say that.
    { ...weightSized([6, 3, 3, 3]), forms: ['conv'] },
  ],
  'stride-zero': () => option('stride', 0),
  'stride-fraction': () => option('stride', 1.5),
  'stride-Infinity': () => option('stride', Infinity),
  'stride-2**53': () => option('stride', 2 ** 53),
  'stride-tuple-short': () => option('stride', [1]),
  'stride-tuple-bad-member': () => option('stride', [1, 0]),
  'stride-null': () => option('stride', null),
  'stride-bigint': () => option('stride', 2n),
  'stride-empty-array': () => option('stride', []),
  'dilation-negative': () => option('dilation', -1),
  'dilation-NaN': () => option('dilation', NaN),
  'dilation-2**31': () => [...option('dilation', 2 ** 31), ...option('dilation', 2 ** 31 - 1)],
  'dilation-1e300': () => option('dilation', 1e300),
  'dilation-tuple-long': () => option('dilation', [1, 1, 1]),
  'dilation-string': () => option('dilation', '2'),
  'dilation-object-valueOf': () => option('dilation', { valueOf: () => 2 }),
  'dilation-boolean': () => option('dilation', true),
  'padding-negative': () => [...option('padding', -1), ...option('padding', [1, -1]), ...option('padding', [[0, 0], [0, -1]])], // prettier-ignore
  'padding-NaN': () => option('padding', NaN),
  'padding-2**62': () => option('padding', 2 ** 62),
  'padding-tuple-of-3': () => [...option('padding', [1, 1, 1]), ...option('padding', [[1, 1, 1], [1, 1]])], // prettier-ignore
  'padding-null': () => option('padding', null),
  'padding-causal-2d': () => option('padding', 'causal'),
  'kernel-dim-zero': () => [weightSized([6, 4, 0, 3], 0)],
  'groups-zero': () => option('groups', 0),
  'groups-fraction': () => option('groups', 1.5),
  'groups-string': () => option('groups', '2'),
  'groups-more-than-channels': () => [...option('groups', 8), ...option('groups', 3)],
  'output-allocation-fails': () => option('padding', 2 ** 20),
  'options-unknown-key': () => [{ options: { dialation: 2 } }],
  'options-number': () => [{ options: 3 }],
  'options-function': () => [{ options: () => undefined }],
  'enum-activation': () => option('activation', 'rellu'),
  'enum-algorithm': () => option('algorithm', 'winogradd'),
  'threads-negative': () => option('threads', -1),
  'threads-NaN': () => option('threads', NaN),
  'threads-string': () => option('threads', '4'),
  'buffer-detached': () => inEachArray(detached),
  'buffer-shrunk-by-getter': () => [...takenByGetter('input', 256, inputDims), ...takenByGetter('weight', 216, weightDims)],
  'buffer-oob-view': () => inEachArray(shrunk),
  'alias-out-x': () => {
    const memory = floats(500);
    const input = tensorOf(memory.subarray(95, 351), inputDims);
    const square = tensorOf(floats(256), inputDims);
    return [
      { label: 'last element on the first', input, out: memory.subarray(0, 96) },
      { label: 'first element on the last', input, out: tensorOf(memory.subarray(350, 446), outputDims) },
      { label: 'within', input, out: memory.subarray(200, 296) },
      { label: 'the same tensor', input: square, weight: tensorOf(floats(16), [4, 4, 1, 1]), options: {}, out: square },
    ];
  },
  'alias-out-x-sab': twiceWrapped,
  'out-dtype': () => [{ out: new Float64Array(96) }, { out: tensorOf(new Float64Array(96), outputDims) }],
};

/** Rows that are tested by name below, or elsewhere. */
const otherwise: Record<string, string> = {
  'output-padding->=': 'of the transposed convolution',
  'output-padding-fraction': 'of the transposed convolution',
  'transposed-negative-output': 'of the transposed convolution',
  'backward-data-ambiguous-size': 'of the gradients',
  'quant-zeroPoint': 'nothing is quantised here',
  'getter-throws': 'below',
  'proto-pollution': 'below',
  'subclass-spoof': 'below',
  'shape-mutated-after-async': 'below',
  'async-error-channel': 'the form runAsync of every row',
  'signal-already-aborted': 'below',
  'plan-disposed-during-async': 'nothing is disposed by hand',
  'plan-foreign-realm': 'below',
  'env-isa-unknown': 'environment.test.ts',
  'native-missing': 'backend/select.test.ts, addon.test.ts',
};

const goodInput = () => tensorOf(floats(256), inputDims) as FloatTensor;
const goodWeight = () => tensorOf(floats(216), weightDims) as FloatTensor;

/** Makes the call and gives back what it throws or rejects with. runAsync itself must never throw. */
async function failure(form: Form, call: Call): Promise<unknown> {
  const input = 'input' in call ? (call.input as FloatTensor) : goodInput();
  const weight = 'weight' in call ? (call.weight as FloatTensor) : goodWeight();
  const options = ('options' in call ? call.options : dilated) as ConvOptions;
  let layer: Conv;
  try {
    if (form === 'conv') {
      conv(input, weight, options);
      return undefined;
    }
    layer = new Conv(weight, options);
    if (form === 'run') {
      layer.run(input, call.out as FloatTensor);
      return undefined;
    }
  } catch (error) {
    return error;
  }
  return layer.runAsync(input).then(
    () => undefined,
    (error: unknown) => error,
  );
}

/** The row's pattern in our words. */
function expectedMessage({ pattern }: Row, { argument = 'input' }: Call): RegExp {
  const words = pattern
    .replace('\\bx\\b', `\\b${argument}\\b`)
    .replace(/\.\*x$/, `.*${argument}`)
    .replace('shape', 'dims');
  return new RegExp(words);
}

const errorClasses: Record<string, ErrorConstructor> = { TypeError, RangeError };

describe.each(cases.filter(({ id }) => id in calls))('$id: $change', (row) => {
  const count = calls[row.id]!().length;
  const tests = Array.from({ length: count }, (_, index) => {
    const call = calls[row.id]!()[index]!;
    const forms = call.forms ?? ('out' in call ? ['run'] : ['conv', 'run', 'runAsync']);
    return forms.map((form) => ({ form, index, label: [call.argument, call.label].filter(Boolean).join(' ') }));
  }).flat();

  it.each(tests)('$form $label', async ({ form, index }) => {
    const call = calls[row.id]!()[index]!;
    const error = (await failure(form, call)) as Error & { code: string };
    expect(error, 'the call must fail').toBeInstanceOf(errorClasses[row.error!]);
    expect(error.message).toMatch(expectedMessage(row, call));
    expect(error.code).toMatch(/^ERR_ATROUS_(ARGUMENT_TYPE|ARGUMENT_RANGE|OUT_OF_MEMORY)$/);
    expect(error.code === 'ERR_ATROUS_ARGUMENT_TYPE').toBe(error instanceof TypeError);
    expect(conv(goodInput(), goodWeight(), dilated).dims, 'the next call works').toEqual(outputDims);
  });
});

it('knows every row', () => {
  for (const { id } of cases) expect(id in calls || id in otherwise, id).toBe(true);
  expect(Object.keys(calls).length + Object.keys(otherwise).length).toBe(cases.length);
});

describe('rows whose call succeeds, or fails otherwise', () => {
  const expected = () => conv(goodInput(), goodWeight(), dilated).data;

  it('getter-throws: the caller’s own error passes unchanged', async () => {
    const mine = new Error('mine');
    const options = {
      get stride(): number {
        throw mine;
      },
    };
    for (const form of ['conv', 'run'] as const) expect(await failure(form, { options })).toBe(mine);
    const input = {
      dims: inputDims,
      get data(): Float32Array {
        throw mine;
      },
    };
    for (const form of ['conv', 'run', 'runAsync'] as const) expect(await failure(form, { input })).toBe(mine);
    expect(conv(goodInput(), goodWeight(), dilated).dims).toEqual(outputDims);
  });

  describe('proto-pollution', () => {
    const pollution: [object, PropertyKey][] = [];
    const pollute = (prototype: object, key: PropertyKey, value: unknown) => {
      Object.defineProperty(prototype, key, { value, configurable: true, writable: true, enumerable: false });
      pollution.push([prototype, key]);
    };
    afterEach(() => {
      for (const [prototype, key] of pollution.splice(0)) Reflect.deleteProperty(prototype, key);
    });

    it('leaves the result as it is', () => {
      const before = expected();
      pollute(Object.prototype, 'dilation', 0);
      pollute(Object.prototype, 'stride', 3);
      pollute(Array.prototype, '1', 0);
      expect(expected()).toEqual(before);
      expect(conv(goodInput(), goodWeight()).dims).toEqual([1, 6, 6, 6]);
    });

    it('doesn’t fill the holes of an array', async () => {
      pollute(Array.prototype, '1', 1);
      const error = (await failure('conv', { options: { stride: [1, ,] } })) as Error;
      expect(error.message).toMatch(/stride/);
    });
  });

  it('subclass-spoof: a class that lies about its length, buffer and offset is seen through', async () => {
    class Spoof extends Float32Array {
      override get length() {
        return 1e9;
      }
      override get byteLength() {
        return 4e9;
      }
      override get byteOffset() {
        return 0;
      }
      override get buffer() {
        return new ArrayBuffer(4);
      }
      static get [Symbol.species](): Float32ArrayConstructor {
        throw new Error('no code of the caller runs');
      }
    }
    const input = tensorOf(new Spoof(floats(256)), inputDims) as FloatTensor;
    const weight = tensorOf(new Spoof(floats(216)), weightDims) as FloatTensor;
    const out = new Spoof(96);
    expect(conv(input, weight, dilated).data).toEqual(expected());
    const layer = new Conv(weight, { ...dilated, bias: new Spoof(6) });
    expect((await layer.runAsync(input)).data).toEqual(expected());
    expect(layer.run(input, out).data).toBe(out);
    expect(Array.from({ length: 96 }, (_, index) => out[index])).toEqual(Array.from(expected()));
  });

  it('takes a Float32Array of another realm', () => {
    const foreign = (length: number) =>
      runInNewContext(`Float32Array.from({ length: ${length} }, (_, index) => (index % 7) - 3)`) as Float32Array;
    const options = runInNewContext('({ dilation: 2, stride: [1, 1] })') as ConvOptions;
    const out = foreign(96);
    const layer = new Conv(tensorOf(foreign(216), weightDims) as FloatTensor, options);
    expect(layer.run(tensorOf(foreign(256), runInNewContext('[1, 4, 8, 8]')) as FloatTensor, out).data).toBe(out);
    expect(Array.from(out)).toEqual(Array.from(expected()));
  });

  it('shape-mutated-after-async: what the caller does after the call changes nothing', async () => {
    const input = goodInput();
    const weight = goodWeight();
    const layer = new Conv(weight, dilated);
    weight.data.fill(NaN);
    const promise = layer.runAsync(input);
    (input.dims as number[])[3] = 1e9;
    input.data.fill(NaN);
    const result = await promise;
    expect(result.dims).toEqual(outputDims);
    expect(result.data).toEqual(expected());
  });

  it('signal-already-aborted', async () => {
    const reason = new Error('enough');
    const error: unknown = await new Conv(goodWeight(), dilated)
      .runAsync(goodInput(), { signal: AbortSignal.abort(reason) })
      .catch((caught: unknown) => caught);
    expect(error).toMatchObject({ name: 'AbortError', code: 'ABORT_ERR', cause: reason });
    expect(String(error)).toMatch(/abort/);
  });

  it('plan-foreign-realm: a Conv can’t be cloned', () => {
    const layer = new Conv(goodWeight());
    expect(() => structuredClone(layer)).toThrow(expect.objectContaining({ name: 'DataCloneError' }));
    const { port1 } = new MessageChannel();
    expect(() => {
      port1.postMessage({ layer });
    }).toThrow(/clone/);
    port1.close();
  });
});
