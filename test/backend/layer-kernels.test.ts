/**
 * Layers beside convolutions on every instruction set, against the pure-TypeScript ones (whose sums are float64, and which the tests of layers hold
 * against their definitions): the same maxima, sums within their bound, and the same bits for any number of threads.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadAddon, type NativeAddon } from '../../lib/addon.js';
import type { ArrayFunction, Broadcast, PoolAxis, ResizeAxis } from '../../lib/backend/layer-kernels.js';
import { createNativeBackend } from '../../lib/backend/native.js';
import { typescriptBackend } from '../../lib/backend/typescript.js';
import { GuardedArray } from '../support/guarded-array.js';
import { Random } from '../support/random.js';

function loaded(): NativeAddon {
  const result = loadAddon();
  if (!('addon' in result)) throw new Error('The native binary does not load: npm run build:native', { cause: result.loadError });
  return result.addon;
}

const addon = loaded();
const special = [NaN, Infinity, -Infinity, -0, 0];

/** Floats, and among them what IEEE has besides. */
function values(length: number, random: Random, specials: boolean): Float32Array {
  const floats = random.floats(length);
  for (let index = 0; specials && index < length; index += random.integer(1, 9)) floats[index] = special[random.integer(0, 4)]!;
  return floats;
}

const lengthOf = (planes: number, axes: readonly number[]) => axes.reduce((product, size) => product * size, planes);

/** What `run` gives, with nothing written beside it. */
function computed(length: number, run: (output: Float32Array) => void): Float32Array {
  const guarded = new GuardedArray(new Float32Array(length).fill(7), 3);
  run(guarded.view);
  guarded.expectIntactGuards('output');
  return guarded.view.slice();
}

/** Element by element: toEqual takes seconds for as many. */
function expectEqual(got: Float32Array, expected: Float32Array, title = ''): void {
  expect(got.length).toBe(expected.length);
  const wrong = got.findIndex((value, index) => !Object.is(value, expected[index]));
  if (wrong >= 0) expect.fail(`${title}: element ${wrong} is ${got[wrong]}, expected ${expected[wrong]}`);
}

/** Both are as close as `bound`, and NaN or infinite in the same places. */
function expectClose(got: Float32Array, expected: Float32Array, bound: number): void {
  got.forEach((value, index) => {
    const exact = expected[index]!;
    if (Object.is(value, exact) || Math.abs(value - exact) <= bound) return;
    expect.fail(`element ${index} is ${value}, expected ${exact}`);
  });
}

const poolAxis = fc
  .record({
    input: fc.integer({ min: 0, max: 40 }),
    output: fc.integer({ min: 0, max: 21 }),
    kernel: fc.integer({ min: 1, max: 4 }),
    stride: fc.integer({ min: 1, max: 4 }),
    dilation: fc.integer({ min: 1, max: 3 }),
    begin: fc.nat(4),
  })
  .map(({ ...axis }): PoolAxis => ({ ...axis, counted: axis.begin % 2 === 0 ? [0, axis.input] : [-axis.begin, axis.input + 1] }));
/** Where an output lies between inputs; half of them on one. */
const resizeAxis = fc
  .record({ input: fc.integer({ min: 1, max: 12 }), output: fc.integer({ min: 1, max: 37 }), seed: fc.nat(), doubles: fc.boolean() })
  .map(({ input, output, seed, doubles }): ResizeAxis => {
    const random = new Random(seed);
    if (doubles) {
      const places = Array.from({ length: 2 * input }, (_, index) => Math.max(0, Math.min(input - 1, (index - 0.5) / 2)));
      const low = Int32Array.from(places, Math.floor);
      const fraction = Float64Array.from(places, (place, index) => place - low[index]!);
      const high = low.map((place, index) => (fraction[index] === 0 ? place : place + 1));
      return { input, output: 2 * input, low, high, fraction, doubles };
    }
    const pick = () => Int32Array.from({ length: output }, () => random.integer(0, input - 1));
    return {
      input,
      output,
      low: pick(),
      high: pick(),
      fraction: Float64Array.from({ length: output }, () => random.integer(0, 7) / 8),
      doubles,
    };
  });

describe.each(addon.isas)('%s', (isa) => {
  const native = createNativeBackend(addon, isa);

  /** Of one thread, after three gave the same bits. */
  const onThreads = (length: number, make: (threads: number) => (output: Float32Array) => void): Float32Array => {
    const [one, three] = [1, 3].map((threads) => computed(length, make(threads)));
    expectEqual(one!, three!, 'three threads');
    return one!;
  };
  const compare = (make: (backend: typeof native, threads: number) => ArrayFunction, input: Float32Array, length: number) => {
    const got = onThreads(length, (threads) => (output) => {
      make(native, threads)(input, output);
    });
    return [got, computed(length, (output) => { make(typescriptBackend, 1)(input, output); })] as const; // prettier-ignore
  };

  it('maxPool has the very elements', () => {
    fc.assert(
      fc.property(fc.tuple(poolAxis, poolAxis, poolAxis), fc.nat(3), fc.nat(), (axes, planes, seed) => {
        const input = values(lengthOf(planes, axes.map((axis) => axis.input)), new Random(seed), true); // prettier-ignore
        const length = lengthOf(planes, axes.map((axis) => axis.output)); // prettier-ignore
        const [got, expected] = compare((backend, threads) => backend.pool({ kind: 'maxPool', planes, axes }, threads), input, length);
        expectEqual(got, expected);
      }),
      { numRuns: 60 },
    );
  });

  it('avgPool is within the bound of a sum of its taps', () => {
    fc.assert(
      fc.property(fc.tuple(poolAxis, poolAxis, poolAxis), fc.nat(3), fc.nat(), fc.boolean(), (axes, planes, seed, specials) => {
        const input = values(lengthOf(planes, axes.map((axis) => axis.input)), new Random(seed), specials); // prettier-ignore
        const length = lengthOf(planes, axes.map((axis) => axis.output)); // prettier-ignore
        const [got, expected] = compare((backend, threads) => backend.pool({ kind: 'avgPool', planes, axes }, threads), input, length);
        const taps = axes.reduce((product, axis) => product * axis.kernel, 1);
        // Σ|x| is at most the number of taps that it is divided by.
        expectClose(got, expected, (taps + 2) * 2 ** -24);
      }),
      { numRuns: 60 },
    );
  });

  it('resize is within the bound of its two blends', () => {
    fc.assert(
      fc.property(fc.tuple(resizeAxis, resizeAxis, resizeAxis), fc.nat(3), fc.nat(), fc.boolean(), (axes, planes, seed, specials) => {
        const input = values(lengthOf(planes, axes.map((axis) => axis.input)), new Random(seed), specials); // prettier-ignore
        const length = lengthOf(planes, axes.map((axis) => axis.output)); // prettier-ignore
        const [got, expected] = compare((backend, threads) => backend.resize({ planes, axes }, threads), input, length);
        // Three roundings a blend of ours, one of the reference's.
        expectClose(got, expected, 12 * 2 ** -24);
      }),
      { numRuns: 60 },
    );
  });

  it('avgPool of a sum that no float holds', () => {
    const one = { input: 1, output: 1, kernel: 1, stride: 1, dilation: 1, begin: 0, counted: [0, 1] as const };
    const width = { input: 20, output: 19, kernel: 2, stride: 1, dilation: 1, begin: 0, counted: [0, 20] as const };
    const input = new Float32Array(20).fill(3e38);
    input.set([-3e38, Infinity, NaN], 10);
    const shape = { kind: 'avgPool', planes: 1, axes: [one, one, width] } as const;
    const [got, expected] = compare((backend, threads) => backend.pool(shape, threads), input, 19);
    expectEqual(got, expected);
    expect(got[0]).toBe(input[0]);
  });

  it('functions of elements, on several threads', () => {
    const input = values(300_007, new Random(1), true);
    for (const of of [
      { kind: 'clip', least: -0.5, most: 0.25 },
      { kind: 'leakyRelu', slope: Math.fround(0.01) },
    ] as const) {
      const [got, expected] = compare((backend, threads) => backend.mapElements(of, threads), input, input.length);
      expectEqual(got, expected);
    }
    const [got, expected] = compare((backend, threads) => backend.mapElements({ kind: 'sigmoid' }, threads), input, input.length);
    expectClose(got, expected, 3 * 2 ** -24);
  });

  const broadcasts: readonly (readonly [string, number, (length: number) => Broadcast])[] = [
    ['whole arrays', 300_007, (length) => ({ run: length, repeated: false, begins: Int32Array.of(0) })],
    ['one number', 300_007, (length) => ({ run: length, repeated: true, begins: Int32Array.of(5) })],
    ['one number a channel', 75_001, (run) => ({ run, repeated: true, begins: Int32Array.of(2, 0, 1, 2) })],
    ['rows', 37, (run) => ({ run, repeated: false, begins: Int32Array.from({ length: 8100 }, (_, turn) => (turn % 3) * run) })],
    ['single elements', 1, () => ({ run: 1, repeated: false, begins: Int32Array.of(3, 1, 2) })],
  ];

  it.each(broadcasts)('sums and products with %s', (_, run, make) => {
    const broadcast = make(run);
    const random = new Random(run);
    const left = values(run * broadcast.begins.length, random, true);
    const right = values(300_007, random, true);
    for (const operation of ['add', 'mul'] as const) {
      for (const relu of [false, true]) {
        const of = (backend: typeof native, threads: number) => (output: Float32Array) => {
          backend.combineElements(operation, broadcast, relu, threads)(left, right, output);
        };
        const got = onThreads(left.length, (threads) => of(native, threads));
        expectEqual(got, computed(left.length, of(typescriptBackend, 1)), `${operation}, relu ${relu}`);
        const inPlace = left.slice();
        native.combineElements(operation, broadcast, relu, 2)(inPlace, right, inPlace);
        expectEqual(inPlace, got, 'in place');
      }
    }
  });
});

describe('the addon trusts no shape', () => {
  const [input, output] = [new Float32Array(8), new Float32Array(8)];
  const isa = addon.isas[0]!;
  const poolShape = (...last: number[]) => Int32Array.of(1, 0, 1, 1, 1, 1, 1, 0, 0, 1, 1, 1, 1, 1, 1, 0, 0, 1, ...last);

  it.each<readonly [string, () => void]>([
    [
      'an instruction set that is none',
      () => {
        addon.mapElements('z80', 1, 0, new Float32Array(2), input, output);
      },
    ],
    [
      'no threads',
      () => {
        addon.mapElements(isa, 0, 0, new Float32Array(2), input, output);
      },
    ],
    [
      'a function that is none',
      () => {
        addon.mapElements(isa, 1, 3, new Float32Array(2), input, output);
      },
    ],
    [
      'one parameter',
      () => {
        addon.mapElements(isa, 1, 0, new Float32Array(1), input, output);
      },
    ],
    [
      'a short output',
      () => {
        addon.mapElements(isa, 1, 0, new Float32Array(2), input, output.subarray(1));
      },
    ],
    [
      'a run beyond the end',
      () => {
        addon.combineElements(isa, 1, 0, input, input, 8, Int32Array.of(1), 0, 0, output);
      },
    ],
    [
      'a run before the begin',
      () => {
        addon.combineElements(isa, 1, 0, input, input, 8, Int32Array.of(-1), 0, 0, output);
      },
    ],
    [
      'too few runs',
      () => {
        addon.combineElements(isa, 1, 0, input, input, 4, Int32Array.of(0), 0, 0, output);
      },
    ],
    [
      'shared integers',
      () => {
        addon.combineElements(isa, 1, 0, input, input, 8, new Int32Array(new SharedArrayBuffer(4)), 0, 0, output);
      },
    ],
    [
      'a shape of another length',
      () => {
        addon.pool(isa, 1, poolShape(), input, output);
      },
    ],
    [
      'a stride of 0',
      () => {
        addon.pool(isa, 1, poolShape(8, 8, 1, 0, 1, 0, 0, 8), input, output);
      },
    ],
    [
      'a pool of another input',
      () => {
        addon.pool(isa, 1, poolShape(9, 8, 1, 1, 1, 0, 0, 8), input, output);
      },
    ],
    [
      'a pool of another output',
      () => {
        addon.pool(isa, 1, poolShape(8, 9, 1, 1, 1, 0, 0, 8), input, output);
      },
    ],
    [
      'an element beyond the end',
      () => {
        resizeTo(Int32Array.of(0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 8, 0, 1, 2, 3, 4, 5, 6, 7));
      },
    ],
    [
      'a negative element',
      () => {
        resizeTo(Int32Array.of(0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, -1, 1, 2, 3, 4, 5, 6, 7));
      },
    ],
    [
      'too few elements',
      () => {
        resizeTo(Int32Array.of(0, 0, 0, 0));
      },
    ],
    [
      'a width that is not doubled',
      () => {
        resizeTo(Int32Array.of(0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7), 1);
      },
    ],
  ])('%s', (_, call) => {
    // prettier-ignore
    expect(call).toThrow(/^Expected /);
  });

  function resizeTo(elements: Int32Array, doubles = 0): void {
    addon.resize(isa, 1, Int32Array.of(1, 1, 1, 1, 1, 8, 8), elements, new Float32Array(10), doubles, input, output);
  }
});
