/** The operations of every vector type (native/vec), one by one. */
import { describe, expect, it } from 'vitest';
import { nanGuard } from '../../support/guarded-array.js';
import { edges, probe, type VecOperation } from '../../support/probe.js';
import { Random } from '../../support/random.js';
import { untouched } from './expected-tile.js';

/** What the instruction sets differ in. */
const traits: Readonly<Record<string, { readonly fused: boolean; readonly reluOfNegativeZero: number }>> = {
  avx512: { fused: true, reluOfNegativeZero: -0 },
  avx2: { fused: true, reluOfNegativeZero: -0 },
  sse2: { fused: false, reluOfNegativeZero: -0 },
  // FMAX orders −0 below +0.
  neon: { fused: true, reluOfNegativeZero: 0 },
  scalar: { fused: false, reluOfNegativeZero: -0 },
};

const bitsOf = (floats: Float32Array) => new Uint32Array(floats.buffer, floats.byteOffset, floats.length);
const randomBits = (length: number, seed: number) => {
  const random = new Random(seed);
  return new Float32Array(Uint32Array.from({ length }, () => random.bits()).buffer);
};

const largest = (2 - 2 ** -23) * 2 ** 127;
const smallest = 2 ** -149;

describe.each(probe.isas)('%s', (isa) => {
  const { lanes, operations } = probe.describe(isa);
  const { fused, reluOfNegativeZero } = traits[isa]!;
  const counts = Array.from({ length: lanes + 1 }, (_, count) => count);

  /** The result of `operation`, the same at either edge. */
  const apply = (operation: VecOperation, input: Float32Array, outputLength = lanes, count = lanes): Float32Array => {
    const [begin, end] = edges.map((edge) => {
      const output = untouched(outputLength);
      probe.vec(isa, operation, input, count, output, edge);
      return output;
    });
    expect(bitsOf(begin!), 'the same at either edge').toEqual(bitsOf(end!));
    return begin!;
  };

  /** `operation` on operands that stand in every lane once, beside other numbers. */
  const expectEach = (operation: VecOperation, rows: readonly (readonly number[])[]) => {
    for (const row of rows) {
      const operands = row.slice(0, -1);
      const result = row.at(-1)!;
      for (let lane = 0; lane < lanes; lane++) {
        const input = new Float32Array(operands.length * lanes).fill(1);
        operands.forEach((operand, index) => (input[index * lanes + lane] = operand));
        expect(apply(operation, input)[lane], `${operation}(${operands.join(', ')}) in lane ${lane}`).toBe(result);
      }
    }
  };

  it('has every operation', () => {
    expect(Object.values(operations)).not.toContain(false);
  });

  it.each(counts)('load_tail of %i reads as many, and zeros follow', (count) => {
    const input = randomBits(count, count + 1);
    const expected = new Uint32Array(lanes);
    expected.set(bitsOf(input));
    expect(bitsOf(apply('load_tail', input, lanes, count))).toEqual(expected);
  });

  it('load_inside reads what lies inside, and zeros stand for the rest', () => {
    for (const size of [0, 1, lanes - 1, lanes, 2 * lanes + 1]) {
      const input = randomBits(size, size + 1);
      for (const first of [-(2 ** 30), -lanes - 1, ...counts.flatMap((count) => [-count, count, size - count]), size + 1]) {
        const expected = Uint32Array.from({ length: lanes }, (_, lane) => bitsOf(input)[first + lane] ?? 0);
        expect(bitsOf(apply('load_inside', input, lanes, first)), `${first} of ${size}`).toEqual(expected);
      }
    }
  });

  it('deinterleave2 takes the even floats apart from the odd ones', () => {
    const bits = bitsOf(randomBits(2 * lanes, 7));
    const expected = Uint32Array.from({ length: 2 * lanes }, (_, i) => bits[i < lanes ? 2 * i : 2 * (i - lanes) + 1]!);
    expect(bitsOf(apply('deinterleave2', new Float32Array(bits.buffer), 2 * lanes))).toEqual(expected);
  });

  it('interleave2 is its inverse', () => {
    const bits = bitsOf(randomBits(2 * lanes, 8));
    const expected = Uint32Array.from({ length: 2 * lanes }, (_, i) => bits[i % 2 === 0 ? i / 2 : lanes + (i - 1) / 2]!);
    expect(bitsOf(apply('interleave2', new Float32Array(bits.buffer), 2 * lanes))).toEqual(expected);
  });

  it.each(counts)('store_tail of %i writes as many', (count) => {
    const input = randomBits(lanes, count + 1);
    expect(bitsOf(apply('store_tail', input, count, count))).toEqual(bitsOf(input).slice(0, count));
    // Where the memory goes on, too.
    const expected = new Uint32Array(lanes).fill(nanGuard);
    expected.set(bitsOf(input).slice(0, count));
    expect(bitsOf(apply('store_tail', input, lanes, count))).toEqual(expected);
  });

  it('broadcast reads one float into all lanes', () => {
    const input = randomBits(1, 5);
    expect(bitsOf(apply('broadcast', input))).toEqual(new Uint32Array(lanes).fill(bitsOf(input)[0]!));
  });

  it('add rounds each lane by itself', () => {
    const random = new Random(3);
    const input = random.floats(2 * lanes);
    const expected = Float32Array.from({ length: lanes }, (_, lane) => Math.fround(input[lane]! + input[lanes + lane]!));
    expect(apply('add', input)).toEqual(expected);
    expectEach('add', [
      [1, 2 ** -24, 1],
      [smallest, smallest, 2 * smallest],
      [largest, largest, Infinity],
      [Infinity, -Infinity, NaN],
      [NaN, 1, NaN],
      [-0, -0, -0],
      [1, -1, 0],
    ]);
  });

  it('multiply and divide round each lane by itself', () => {
    const random = new Random(9);
    const input = random.floats(2 * lanes);
    const of = (result: (a: number, b: number) => number) =>
      Float32Array.from({ length: lanes }, (_, lane) => result(input[lane]!, input[lanes + lane]!));
    expect(apply('multiply', input)).toEqual(of((a, b) => a * b));
    expect(apply('divide', input)).toEqual(of((a, b) => a / b));
    expectEach('multiply', [
      [smallest, 0.5, 0],
      [largest, 2, Infinity],
      [-1, 0, -0],
      [Infinity, 0, NaN],
      [NaN, 1, NaN],
    ]);
    expectEach('divide', [
      [1, 3, Math.fround(1 / 3)],
      [smallest, 2, 0],
      [largest, 0.5, Infinity],
      [-1, Infinity, -0],
      [1, 0, Infinity],
      [0, 0, NaN],
      [1, NaN, NaN],
    ]);
  });

  it('larger takes NaN before all numbers, and +0 before −0', () => {
    const random = new Random(10);
    const input = random.floats(2 * lanes);
    const expected = Float32Array.from({ length: lanes }, (_, lane) => Math.max(input[lane]!, input[lanes + lane]!));
    expect(apply('larger', input)).toEqual(expected);
    const numbers = [NaN, -Infinity, -largest, -smallest, -0, 0, smallest, largest, Infinity];
    expectEach(
      'larger',
      numbers.flatMap((a) => numbers.map((b) => [a, b, Math.max(a, b)])),
    );
  });

  it('where_negative takes −0 and NaN for not negative', () => {
    expectEach('where_negative', [
      [-1, 2, 3, 2],
      [-smallest, 2, 3, 2],
      [-Infinity, NaN, 3, NaN],
      [-0, 2, 3, 3],
      [0, 2, 3, 3],
      [smallest, NaN, 3, 3],
      [NaN, 2, -0, -0],
      [Infinity, 2, 3, 3],
    ]);
  });

  it('power_of_two reads the exponent from the last bits', () => {
    const rounder = 1.5 * 2 ** 23;
    expectEach(
      'power_of_two',
      [-126, -125, -1, 0, 1, 2, 126, 127].map((n) => [rounder + n, 2 ** n]),
    );
  });

  it(`multiply_add rounds ${fused ? 'once' : 'the product and the sum'}`, () => {
    const factor = 1 + 2 ** -12;
    // (1 + 2⁻¹²)² − (1 + 2⁻¹¹) = 2⁻²⁴, which a rounded product has lost.
    expectEach('multiply_add', [[factor, factor, -(1 + 2 ** -11), fused ? 2 ** -24 : 0]]);
    // A product beyond the largest float, back in range by the sum.
    expectEach('multiply_add', [[2, largest, -largest, fused ? largest : Infinity]]);
    // A product of 2⁻¹⁵⁰, which rounds to 0; the sum of 1½ times the smallest float rounds to twice it.
    expectEach('multiply_add', [[2 ** -75, 2 ** -75, smallest, fused ? 2 * smallest : smallest]]);
  });

  it('multiply_add follows IEEE', () => {
    const random = new Random(4);
    const input = random.integers(3 * lanes);
    const expected = Float32Array.from({ length: lanes }, (_, lane) => input[lane]! * input[lanes + lane]! + input[2 * lanes + lane]!);
    expect(apply('multiply_add', input).map((value) => value + 0)).toEqual(expected.map((value) => value + 0));
    expectEach('multiply_add', [
      [2, 3, 4, 10],
      [smallest, 3, smallest, 4 * smallest],
      [NaN, 0, 1, NaN],
      [1, 0, NaN, NaN],
      [Infinity, 0, 1, NaN],
      [Infinity, 2, 1, Infinity],
      [Infinity, 1, -Infinity, NaN],
      [-1, 0, -0, -0],
    ]);
  });

  it('relu keeps what is positive and NaN', () => {
    const random = new Random(6);
    const input = random.floats(lanes);
    expect(apply('relu', input)).toEqual(input.map((value) => (value < 0 ? 0 : value)));
    expectEach('relu', [
      [0, 0],
      [-0, reluOfNegativeZero],
      [NaN, NaN],
      [Infinity, Infinity],
      [-Infinity, 0],
      [smallest, smallest],
      [-smallest, 0],
      [largest, largest],
      [-largest, 0],
    ]);
    // NaNs of either sign and any payload.
    for (const bits of [0x7fc00000, 0xffc00000, 0x7f800001, 0xffffffff]) {
      expect(apply('relu', new Float32Array(new Uint32Array(lanes).fill(bits).buffer)).every(Number.isNaN), bits.toString(16)).toBe(true);
    }
  });

  it('transpose exchanges rows and columns, bit by bit', () => {
    const input = randomBits(lanes * lanes, 7);
    const bits = bitsOf(input);
    const expected = bits.map((_, index) => bits[(index % lanes) * lanes + Math.floor(index / lanes)]!);
    expect(bitsOf(apply('transpose', input, lanes * lanes))).toEqual(expected);
  });

  it.each([1, 2, 4, 8].filter((unit) => unit === 1 || unit < lanes))(
    'deinterleave4 and interleave4 deal units of %i, bit by bit',
    (unit) => {
      const input = randomBits(4 * lanes, 8 + unit);
      const dealt = new Uint32Array(4 * lanes);
      bitsOf(input).forEach((bits, index) => {
        const number = Math.floor(index / unit);
        dealt[(number % 4) * lanes + Math.floor(number / 4) * unit + (index % unit)] = bits;
      });
      expect(bitsOf(apply('deinterleave4', input, 4 * lanes, unit))).toEqual(dealt);
      expect(bitsOf(apply('interleave4', new Float32Array(dealt.buffer), 4 * lanes, unit))).toEqual(bitsOf(input));
    },
  );
});
