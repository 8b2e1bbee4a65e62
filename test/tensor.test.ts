/** tensor(): what it takes, copies and refuses. */
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { type Tensor, tensor, type TypedArray } from '../lib/index.js';

describe('tensor', () => {
  it('keeps the data and copies the dims', () => {
    const data = new Float32Array(6);
    const dims = [1, 2, 3];
    const made = tensor(data, dims);
    expect(made).toEqual({ data, dims: [1, 2, 3] });
    expect(made.data).toBe(data);
    dims[0] = 7;
    expect(made.dims).toEqual([1, 2, 3]);
  });

  it.each([new Int8Array(4), new Float64Array(4), new BigInt64Array(4), runInNewContext('new Uint16Array(4)') as Uint16Array])(
    'takes any typed array: %o',
    (data) => {
      const made: Tensor = tensor(data as TypedArray, [2, 2]);
      expect(made.data).toBe(data);
    },
  );

  it('takes a single value, and none', () => {
    expect(tensor(new Float32Array(1), []).dims).toEqual([]);
    expect(tensor(new Float32Array(0), [3, 0, 2 ** 31 - 1]).dims).toEqual([3, 0, 2 ** 31 - 1]);
  });

  const endless = new Proxy([1], { get: (target, key) => (key === 'length' ? Infinity : (Reflect.get(target, key) as unknown)) });
  it.each<[string, unknown, unknown, typeof TypeError | typeof RangeError, RegExp]>([
    ['data undefined', undefined, [1], TypeError, /Expected data to be a typed array.*undefined/],
    ['data an array', [1], [1], TypeError, /Expected data.*\[1\]/],
    ['data a DataView', new DataView(new ArrayBuffer(4)), [1], TypeError, /Expected data.*DataView/],
    ['dims missing', new Float32Array(1), undefined, TypeError, /Expected dims to be an array of sizes, received undefined/],
    ['dims a number', new Float32Array(1), 1, TypeError, /Expected dims/],
    ['a string among the dims', new Float32Array(1), ['1'], TypeError, /Expected dims\[0\] to be an integer ≥ 0, received '1'/],
    ['a hole among the dims', new Float32Array(1), new Array(3), TypeError, /Expected dims\[0\].*undefined/],
    ['a fraction', new Float32Array(1), [1, 0.5], RangeError, /Expected dims\[1\].*0\.5/],
    ['a size too large', new Float32Array(1), [2 ** 31], RangeError, /Expected dims\[0\] to be an integer ≤ 2147483647/],
    ['too many sizes', new Float32Array(1), new Array(65).fill(1), RangeError, /Expected dims to be an array of at most 64 sizes/],
    ['endless dims', new Float32Array(1), endless, RangeError, /Expected dims to be an array of at most 64 sizes/],
    ['a wrong length', new Float32Array(5), [2, 3], RangeError, /received length 5, expected 6 \(2 × 3\)/],
    ['a product beyond 2^53', new Float32Array(1), new Array(8).fill(2 ** 30), RangeError, /too large/],
  ])('refuses %s', (_, data, dims, constructor, message) => {
    const call = () => tensor(data as Float32Array, dims as number[]);
    expect(call).toThrow(constructor);
    expect(call).toThrow(message);
    expect(call).toThrow(expect.objectContaining({ code: expect.stringMatching(/^ERR_ATROUS_ARGUMENT_(TYPE|RANGE)$/) as string }));
  });

  it('refuses a detached buffer, even one of no elements', () => {
    for (const length of [4, 0]) {
      const data = new Float32Array(length);
      structuredClone(data.buffer, { transfer: [data.buffer] });
      expect(() => tensor(data, [length])).toThrow(/detached/);
    }
  });
});
