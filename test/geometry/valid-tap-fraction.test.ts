/** Valid taps: DeepLab's figures, taps counted one by one, errors. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { outputSize } from '../../lib/geometry/output-size.js';
import { resolvePadding } from '../../lib/geometry/padding.js';
import { validTapFraction } from '../../lib/geometry/valid-tap-fraction.js';
import { rejected, size, windows } from './arguments.js';

describe('validTapFraction', () => {
  it.each([
    [6, 77],
    [12, 57],
    [18, 40],
  ])('3×3, 33², dilation %d: %d %% of the taps', (dilation, percent) => {
    expect(Math.round(100 * validTapFraction(33, { kernel: 3, dilation, padding: 'same' }) ** 2)).toBe(percent);
  });

  it('is 1 without padding, 1/3 where only the centre tap is left', () => {
    expect(validTapFraction(10, { kernel: 3 })).toBe(1);
    expect(validTapFraction(33, { kernel: 3, dilation: 33, padding: 'same' })).toBe(1 / 3);
  });

  it('counts taps', () => {
    fc.assert(
      fc.property(size(1, 30), fc.record({ ...windows, padding: fc.tuple(size(0, 20), size(0, 20)) }), (input, options) => {
        const { kernel, stride, dilation, padding } = options;
        fc.pre(input + padding[0] + padding[1] >= dilation * (kernel - 1) + 1);
        const outputs = outputSize(input, options);
        const [begin] = resolvePadding(input, options);
        let valid = 0;
        for (let output = 0; output < outputs; output++) {
          for (let tap = 0; tap < kernel; tap++) {
            const position = output * stride - begin + tap * dilation;
            if (position >= 0 && position < input) valid++;
          }
        }
        expect(validTapFraction(input, options)).toBe(valid / (outputs * kernel));
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    [0, { kernel: 1 }, 'RangeError', 'input'],
    [3, { kernel: 4 }, 'RangeError', 'kernel'],
    [3, { kernel: 1, rounding: 'ceil' }, 'TypeError', "unknown option 'rounding'"],
  ] as [number, never, 'TypeError' | 'RangeError', string][])('(%j, %j) is refused', (input, options, name, part) => {
    expect(() => validTapFraction(input, options)).toThrow(rejected(name, part));
  });
});
