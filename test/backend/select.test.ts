/** Which backend computes, with a binary, without one and with a broken one, under each environment variable. The binary here is a fake. */
import { afterEach, beforeEach, describe, expect, it, type MockInstance, vi } from 'vitest';
import type { AddonResult, NativeAddon, NativePlan } from '../../lib/addon.js';
import type * as atrous from '../../lib/index.js';

const nativePlan: NativePlan = {
  algorithm: 'fake',
  isa: 'avx2',
  threads: 3,
  workspaceBytes: 1,
  weightBytes: 2,
  run: (_input, output) => {
    output.fill(42);
  },
  runAsync: (_input, output) => {
    output.fill(43);
    return Promise.resolve();
  },
};

function fakeAddon() {
  return {
    isas: ['avx2', 'scalar'],
    cpus: 3,
    createPlan: vi.fn<NativeAddon['createPlan']>(() => nativePlan),
    convolve: vi.fn<NativeAddon['convolve']>((...call) => {
      call[8].fill(42);
    }),
    createTransposedPlan: vi.fn<NativeAddon['createPlan']>(() => nativePlan),
    mapElements: vi.fn<NativeAddon['mapElements']>(),
    combineElements: vi.fn<NativeAddon['combineElements']>(),
    pool: vi.fn<NativeAddon['pool']>(),
    resize: vi.fn<NativeAddon['resize']>(),
    measurePeak: () => 0,
    allocationCount: () => 0,
  } satisfies NativeAddon;
}

const loadError = new Error('file too short');
const noBinary: AddonResult = { loadError };

/** The package as a new process would see it, with this binary and these variables. */
async function packageWith(binary: AddonResult, variables: Record<string, string> = {}) {
  vi.resetModules();
  vi.doMock('../../lib/addon.js', () => ({ loadAddon: () => binary }));
  for (const name of ['ATROUS_BACKEND', 'ATROUS_ISA', 'ATROUS_NUM_THREADS', 'ATROUS_REQUIRE_NATIVE']) vi.stubEnv(name, variables[name]);
  const [index, select] = await Promise.all([import('../../lib/index.js'), import('../../lib/backend/select.js')]);
  return { ...index, ...select };
}

const x = () => ({ data: new Float32Array(3), dims: [1, 1, 3] });
const w = () => ({ data: new Float32Array(2), dims: [1, 1, 2] });
const isNative = (api: typeof atrous, options?: atrous.ConvOptions) => api.conv(x(), w(), options).data[0] === 42;

const warnedMark = Symbol.for('atrous.warnedOfNoNative');
const realm = globalThis as { [warnedMark]?: boolean };
let warned: boolean | undefined;
let emitWarning: MockInstance;

beforeEach(() => {
  warned = realm[warnedMark];
  Reflect.deleteProperty(realm, warnedMark);
  emitWarning = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
});

afterEach(() => {
  if (warned !== undefined) realm[warnedMark] = warned;
  vi.doUnmock('../../lib/addon.js');
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

describe('with a binary', () => {
  it('native is the default, with the best instruction set and all CPUs', async () => {
    const addon = fakeAddon();
    const api = await packageWith({ addon });
    expect(api.features()).toEqual({
      version: expect.stringMatching(/^\d+\.\d+\.\d+/) as string,
      backend: 'native',
      isa: 'avx2',
      isas: ['avx2', 'scalar'],
      threads: 3,
    });
    expect(isNative(api)).toBe(true);
    expect(isNative(api, { backend: 'auto' })).toBe(true);
    expect(isNative(api, { backend: 'native' })).toBe(true);
    expect(isNative(api, { backend: 'typescript' })).toBe(false);
    expect(addon.convolve.mock.lastCall!.slice(3, -2)).toEqual(['avx2', 3, 'auto', 1e-5]);
    expect(addon.createPlan).not.toHaveBeenCalled();
    expect(emitWarning).not.toHaveBeenCalled();
  });

  it('encodes the shape in the order of native/plan/conv_shape.hpp', async () => {
    const addon = fakeAddon();
    const { conv } = await packageWith({ addon });
    const data = (length: number) => new Float32Array(length);
    conv({ data: data(2 * 6 * 20 * 30), dims: [2, 20, 30, 6] }, { data: data(5 * 4 * 3 * 8), dims: [5, 4, 3, 8] }, {
      groups: 2, stride: [2, 3], dilation: [2, 4], padding: [[1, 2], [3, 4]], paddingMode: 'circular', layout: 'channelsLast', activation: 'relu', bias: data(8),
      threads: 7, algorithm: 'direct', tolerance: 0,
    }); // prettier-ignore
    const [shape, weight, bias, ...rest] = addon.convolve.mock.lastCall!;
    expect(shape).toBeInstanceOf(Int32Array);
    // batch, groups, channels; then depth, height and width of input, kernel, stride, dilation, padding begin and end, output; then the names.
    expect(Array.from(shape)).toEqual([
      ...[2, 2, 6, 8],
      ...[1, 20, 30],
      ...[1, 5, 4],
      ...[1, 2, 3],
      ...[1, 2, 4],
      ...[0, 1, 3],
      ...[0, 2, 4],
      ...[1, 8, 9],
      ...[3, 1, 1],
    ]);
    expect([weight.length, bias!.length]).toEqual([480, 8]);
    expect(rest.slice(0, -2)).toEqual(['avx2', 7, 'direct', 0]);
    expect(rest.slice(-2).map((array) => (array as Float32Array).length)).toEqual([2 * 20 * 30 * 6, 2 * 8 * 9 * 8]);
  });

  it('lends the plan of one input size to the next, runs and reports', async () => {
    const addon = fakeAddon();
    const { Conv } = await packageWith({ addon });
    const layer = new Conv(w());
    expect(layer.run(x()).data).toEqual(Float32Array.of(42, 42));
    expect((await layer.runAsync(x())).data).toEqual(Float32Array.of(43, 43));
    expect(layer.plan([1, 1, 9])).toEqual({ algorithm: 'fake', isa: 'avx2', threads: 3, workspaceBytes: 1, weightBytes: 2 });
    expect(addon.createPlan.mock.calls.map((call) => call.slice(-2))).toEqual([
      [null, false],
      [nativePlan, false],
    ]);
  });

  it('never gives the binary an empty array', async () => {
    const addon = fakeAddon();
    const { conv } = await packageWith({ addon });
    expect(conv({ data: new Float32Array(0), dims: [0, 1, 3] }, w()).dims).toEqual([0, 1, 2]);
    expect(conv({ data: new Float32Array(0), dims: [1, 1, 0] }, w(), { padding: 1 }).data).toEqual(Float32Array.of(0));
    expect(addon.createPlan).not.toHaveBeenCalled();
    expect(addon.convolve).not.toHaveBeenCalled();
  });

  it('ATROUS_BACKEND stands for auto only', async () => {
    const api = await packageWith({ addon: fakeAddon() }, { ATROUS_BACKEND: 'typescript' });
    expect(api.features()).toMatchObject({ backend: 'typescript', isa: 'typescript', isas: [], threads: 1 });
    expect(isNative(api)).toBe(false);
    expect(isNative(api, { backend: 'auto' })).toBe(false);
    expect(isNative(api, { backend: 'native' })).toBe(true);
  });

  it('ATROUS_ISA and ATROUS_NUM_THREADS reach the plans; the option threads is stronger', async () => {
    const addon = fakeAddon();
    const api = await packageWith({ addon }, { ATROUS_ISA: 'scalar', ATROUS_NUM_THREADS: '2' });
    expect(api.features()).toMatchObject({ isa: 'scalar', threads: 2 });
    api.conv(x(), w());
    expect(addon.convolve.mock.lastCall!.slice(3, 5)).toEqual(['scalar', 2]);
    api.conv(x(), w(), { threads: 5 });
    expect(addon.convolve.mock.lastCall!.slice(3, 5)).toEqual(['scalar', 5]);
  });

  it('ATROUS_ISA of another machine is an error that lists what there is', async () => {
    const api = await packageWith({ addon: fakeAddon() }, { ATROUS_ISA: 'neon' });
    const error = expect.objectContaining({
      name: 'RangeError',
      code: 'ERR_ATROUS_ENVIRONMENT',
      message: expect.stringMatching(/ATROUS_ISA to be one of 'avx2', 'scalar'.*received 'neon'/) as string,
    }) as Error;
    expect(() => api.features()).toThrow(error);
    expect(() => api.conv(x(), w())).toThrow(error);
    expect(() => api.conv(x(), w())).toThrow(error);
    expect(isNative(api, { backend: 'typescript' })).toBe(false);
  });

  it('nativeBackend takes an instruction set by name', async () => {
    const { nativeBackend } = await packageWith({ addon: fakeAddon() }, { ATROUS_ISA: 'avx2' });
    expect(nativeBackend().isa).toBe('avx2');
    expect(nativeBackend({ isa: 'scalar' }).isa).toBe('scalar');
    expect(() => nativeBackend({ isa: 'avx512' })).toThrow(/Expected isa to be one of 'avx2', 'scalar'/);
  });
});

describe('without a binary', () => {
  it('computes in TypeScript and warns once', async () => {
    const api = await packageWith(noBinary);
    expect(api.features()).toMatchObject({ backend: 'typescript', isa: 'typescript', isas: [], threads: 1, loadError: 'file too short' });
    expect(emitWarning).not.toHaveBeenCalled();
    expect(isNative(api)).toBe(false);
    expect(isNative(api)).toBe(false);
    const again = await packageWith(noBinary);
    expect(isNative(again)).toBe(false);
    expect(emitWarning).toHaveBeenCalledExactlyOnceWith(expect.stringContaining('file too short'), { code: 'ATROUS_NO_NATIVE' });
  });

  it('says nothing where TypeScript is what was asked for', async () => {
    const asked = await packageWith(noBinary);
    expect(isNative(asked, { backend: 'typescript' })).toBe(false);
    const forced = await packageWith(noBinary, { ATROUS_BACKEND: 'typescript', ATROUS_REQUIRE_NATIVE: '1' });
    expect(isNative(forced)).toBe(false);
    expect(forced.features().loadError).toBeUndefined();
    expect(emitWarning).not.toHaveBeenCalled();
  });

  it.each<[Record<string, string>, atrous.ConvOptions, string]>([
    [{}, { backend: 'native' }, "backend: 'native' needs the native backend"],
    [{ ATROUS_BACKEND: 'native' }, {}, 'ATROUS_BACKEND=native needs the native backend'],
    [{ ATROUS_REQUIRE_NATIVE: '1' }, {}, 'ATROUS_REQUIRE_NATIVE=1 needs the native backend'],
    [{ ATROUS_ISA: 'avx2' }, {}, 'ATROUS_ISA=avx2 needs the native backend'],
  ])('%j and options %j demand one', async (variables, options, message) => {
    const api = await packageWith(noBinary, variables);
    const error = expect.objectContaining({
      message: expect.stringMatching(new RegExp(`^${message}, which is not available: file too short`)) as string,
      code: 'ERR_ATROUS_NATIVE_UNAVAILABLE',
      cause: loadError,
    }) as Error;
    expect(() => api.conv(x(), w(), options)).toThrow(error);
    expect(() => new api.Conv(w(), options)).toThrow(error);
    expect(emitWarning).not.toHaveBeenCalled();
    expect(isNative(api, { backend: 'typescript' })).toBe(false);
  });

  it('verify has nothing to verify', async () => {
    const api = await packageWith(noBinary);
    expect(() => api.verify(x(), w())).toThrow(expect.objectContaining({ code: 'ERR_ATROUS_NATIVE_UNAVAILABLE', cause: loadError }));
  });
});

it('a wrong variable is an error at every use, whatever the backend', async () => {
  const api = await packageWith({ addon: fakeAddon() }, { ATROUS_NUM_THREADS: 'all' });
  for (const use of [() => api.features(), () => api.conv(x(), w()), () => new api.Conv(w(), { backend: 'typescript' })]) {
    expect(use).toThrow(/ATROUS_NUM_THREADS.*one of/);
  }
});
