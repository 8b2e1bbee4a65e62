/** Padding by name: examples, the least padding found by trying, errors. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { convOutputSize } from '../../lib/geometry/output-size.js';
import { padAxis, resolvePadding, type ResolvePaddingOptions } from '../../lib/geometry/padding.js';
import { rejected, size, windows } from './arguments.js';

describe('resolvePadding', () => {
  it.each([
    [10, { kernel: 3, padding: 'valid' }, [0, 0]],
    [10, { kernel: 3, padding: 'same' }, [1, 1]],
    [10, { kernel: 4, padding: 'same' }, [1, 2]],
    [10, { kernel: 4, padding: 'sameLower' }, [2, 1]],
    [10, { kernel: 3, stride: 2, padding: 'same' }, [0, 1]],
    [11, { kernel: 3, stride: 2, padding: 'same' }, [1, 1]],
    [10, { kernel: 1, stride: 4, padding: 'same' }, [0, 0]],
    [33, { kernel: 3, dilation: 6, padding: 'same' }, [6, 6]],
    [10, { kernel: 2, dilation: 8, padding: 'causal' }, [8, 0]],
    [10, { kernel: 3, padding: 7 }, [7, 7]],
    [10, { kernel: 3, padding: [2, 5] }, [2, 5]],
    [0, { kernel: 3, padding: 'same' }, [1, 1]],
  ] as [number, ResolvePaddingOptions, number[]][])('%d, %o: %o', (input, options, expected) => {
    expect(resolvePadding(input, options)).toEqual(expected);
    const { kernel, stride = 1, dilation = 1, padding } = options;
    if (typeof padding !== 'number') expect(padAxis(input, kernel, stride, dilation, padding)).toEqual(expected);
  });

  it("'same' adds the least that gives ⌈input / stride⌉ outputs, split evenly", () => {
    fc.assert(
      fc.property(size(1, 40), fc.record(windows), (input, window) => {
        const [begin, end] = resolvePadding(input, { ...window, padding: 'same' });
        const { kernel, stride, dilation } = window;
        const outputs = Math.ceil(input / stride);
        expect(convOutputSize(input, kernel, stride, dilation, begin, end)).toBe(outputs);
        if (begin + end > 0) expect(convOutputSize(input, kernel, stride, dilation, begin, end - 1)).toBeLessThan(outputs);
        expect([0, 1]).toContain(end - begin);
        expect(resolvePadding(input, { ...window, padding: 'sameLower' })).toEqual([end, begin]);
      }),
    );
  });

  it('gives back an array of its own', () => {
    const padding: [number, number] = [1, 2];
    expect(resolvePadding(5, { kernel: 3, padding })).not.toBe(padding);
  });

  it('needs a padding', () => {
    expect(() => resolvePadding(5, { kernel: 3 } as ResolvePaddingOptions)).toThrow(rejected('TypeError', 'padding'));
    expect(() => resolvePadding(5, { kernel: 3, padding: 'same', rounding: 'ceil' } as ResolvePaddingOptions)).toThrow(
      rejected('TypeError', "unknown option 'rounding'"),
    );
  });
});
