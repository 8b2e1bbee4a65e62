/** Messages and codes of errors, and the description of any value that runs no code of its owner. */
import { describe as suite, expect, it } from 'vitest';
import {
  abortError,
  describe,
  detachedError,
  lengthError,
  outOfMemoryError,
  rangeError,
  typeError,
  unknownOptionError,
} from '../lib/errors.js';

suite('messages name the argument, what was expected and what came', () => {
  it.each([
    [
      typeError('stride', 'an integer ≥ 1', '2'),
      TypeError,
      'ERR_ATROUS_ARGUMENT_TYPE',
      "Expected stride to be an integer ≥ 1, received '2'",
    ],
    [
      rangeError('dilation[0]', 'an integer ≥ 1', 0),
      RangeError,
      'ERR_ATROUS_ARGUMENT_RANGE',
      'Expected dilation[0] to be an integer ≥ 1, received 0',
    ],
    [
      lengthError('input.data', 255, 256, [1, 4, 8, 8]),
      RangeError,
      'ERR_ATROUS_ARGUMENT_RANGE',
      'Expected input.data to be as long as its dims say, received length 255, expected 256 (1 × 4 × 8 × 8)',
    ],
    [
      detachedError('input.data'),
      TypeError,
      'ERR_ATROUS_ARGUMENT_TYPE',
      'Expected input.data to be an array that still has its memory, received one whose buffer is detached',
    ],
    [
      unknownOptionError('options', 'dialation', ['dilation']),
      TypeError,
      'ERR_ATROUS_ARGUMENT_TYPE',
      "Expected options to have known keys only (dilation), received unknown option 'dialation'",
    ],
  ])('%s', (error, constructor, code, message) => {
    expect(error).toBeInstanceOf(constructor);
    expect(error).toMatchObject({ code, message });
    expect(Object.keys(error)).toEqual(['code']);
  });

  it('keep their cause', () => {
    const cause = new Error('why');
    expect(outOfMemoryError('8 floats', cause)).toMatchObject({ code: 'ERR_ATROUS_OUT_OF_MEMORY', cause });
    expect(abortError('reason')).toMatchObject({ name: 'AbortError', code: 'ABORT_ERR', cause: 'reason' });
  });
});

suite('describe', () => {
  class Own {
    readonly value = 1;
  }
  const anonymous = (() =>
    class {
      readonly value = 1;
    })();

  it.each<[text: string, value: unknown]>([
    ['undefined', undefined],
    ['null', null],
    ['-0', -0],
    ['1e+300', 1e300],
    ['NaN', NaN],
    ['true', true],
    ['8n', 8n],
    ["'2'", '2'],
    ['\'a "b"\\n\'', 'a "b"\n'],
    ['Symbol(name)', Symbol('name')],
    ['a function', () => 1],
    ['a function', Own],
    ['an object', {}],
    ['an object', Object.create(null)],
    ['[]', []],
    ["[1, -0, '2', an array of length 1]", [1, -0, '2', [3]]],
    ['an array of length 1000000000', new Array(1e9)],
    ['an array of length 1', [{}]],
    ['a Float64Array of length 3', new Float64Array(3)],
    ['a Float32Array', Object.create(Float32Array.prototype)],
    ['a DataView', new DataView(new ArrayBuffer(1))],
    ['a Map', new Map()],
    ['an Own', new Own()],
    ['an object', new anonymous()],
    ['a Proxy', new Proxy([], {})],
    ['a function', new Proxy(() => 1, {})],
  ])('%s', (text, value) => {
    expect(describe(value)).toBe(text);
  });

  it('is short', () => {
    expect(describe('x'.repeat(1e6))).toHaveLength(42);
    expect(describe(Symbol('x'.repeat(1e6))).length).toBeLessThan(60);
    expect(describe(10n ** 5000n).length).toBeLessThan(60);
    expect(describe(Object.assign(Object.create({ constructor: { name: 'x' } }) as object, {})).length).toBeLessThan(60);
    expect(describe(new Array(9).fill('x'.repeat(100)))).toBe('an array of length 9');
  });

  it('runs no code of the value’s owner', () => {
    const trap = (): never => {
      throw new Error('ran');
    };
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    const values = [
      { toString: trap, valueOf: trap, [Symbol.toPrimitive]: trap, toJSON: trap },
      Object.defineProperty({}, 'constructor', { get: trap }),
      Object.defineProperty({}, Symbol.toStringTag, { get: trap }),
      Object.defineProperty([], 0, { get: trap, enumerable: true }),
      Object.defineProperty(() => 1, 'name', { get: trap }),
      new Proxy({}, { get: trap, getPrototypeOf: trap, getOwnPropertyDescriptor: trap, ownKeys: trap, has: trap }),
      Object.create(new Proxy({}, { getPrototypeOf: trap, getOwnPropertyDescriptor: trap })),
      { constructor: new Proxy(Own, { get: trap, getOwnPropertyDescriptor: trap }) },
      proxy,
    ];
    for (const value of values) expect(describe(value)).toMatch(/^an? (object|array|function|Proxy)/);
  });
});
