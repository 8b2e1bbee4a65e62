/** Layers as words: everything that can be written, and where an error is. */
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../lib/cli/command.js';
import { alongAxis, readStack } from '../../../lib/cli/rf/stack.js';
import type { WindowLayer } from '../../../lib/index.js';

const axesOf = (word: string): readonly WindowLayer[] => readStack([word])[0]!.axes;

describe('a word', () => {
  it.each([
    ['3x3', [{ kernel: 3 }, { kernel: 3 }]],
    ['3×5', [{ kernel: 3 }, { kernel: 5 }]],
    [
      '3x5d1x2',
      [
        { kernel: 3, dilation: 1 },
        { kernel: 5, dilation: 2 },
      ],
    ],
    ['k2d512causal', [{ kernel: 2, dilation: 512, padding: 'causal' }]],
    ['k3s2p1', [{ kernel: 3, stride: 2, padding: 1 }]],
    ['k3p0:2', [{ kernel: 3, padding: [0, 2] }]],
    [
      '3x3p0x1:2',
      [
        { kernel: 3, padding: 0 },
        { kernel: 3, padding: [1, 2] },
      ],
    ],
    ['1x2x3same', [1, 2, 3].map((kernel) => ({ kernel, padding: 'same' }))],
    ['k3sameLower', [{ kernel: 3, padding: 'sameLower' }]],
    ['k3valid', [{ kernel: 3, padding: 'valid' }]],
    ['maxk3s2ceil', [{ kernel: 3, stride: 2, rounding: 'ceil' }]],
    ['avg2x2s2', [1, 2].map(() => ({ kernel: 2, stride: 2 }))],
    ['tk4s2p1o1', [{ kernel: 4, stride: 2, padding: 1, outputPadding: 1, transposed: true }]],
    ['k2147483647', [{ kernel: 2147483647 }]],
  ])('%s', (word, axes) => {
    expect(axesOf(word)).toEqual(axes);
  });

  it('tells what kind of layer it is', () => {
    expect(readStack(['3x3', 'max2x2', 'avg2x2', 't2x2']).map(({ kind }) => kind)).toEqual(['conv', 'max', 'avg', 'transposed']);
  });

  it('names the layer along each axis', () => {
    expect(alongAxis(readStack(['3x5d2', '1x1']), 1)).toEqual([
      { kernel: 5, dilation: 2, name: '3x5d2' },
      { kernel: 1, name: '1x1' },
    ]);
  });
});

describe('an error points at its place', () => {
  it.each([
    ['', 0, 'a kernel such as 3x3, or k3 for one axis, received its end'],
    ['conv', 0, 'a kernel such as 3x3, or k3 for one axis'],
    ['3', 0, 'k3 for a kernel of one axis, or 3x3 for one of two'],
    ['3x3x3x3', 0, 'a kernel of one, two or three axes'],
    ['k', 1, 'an integer ≥ 1, received its end'],
    ['k0', 1, 'an integer ≥ 1'],
    ['3x', 2, 'an integer ≥ 1'],
    ['3x3d', 4, 'an integer ≥ 1'],
    ['3x3d0', 4, 'an integer ≥ 1'],
    ['3x3d-1', 4, 'an integer ≥ 1'],
    ['3x3d1.5', 5, 'd2 (dilation)'],
    ['3x3d2147483648', 4, 'an integer ≤ 2147483647'],
    ['3x3d2x2x2', 4, 'one number, or one for each of the 2 axes'],
    ['3x3d2s1d2', 7, 'dilation once'],
    ['3x3p1same', 5, 'padding once'],
    ['3x3p1:', 6, 'an integer ≥ 0'],
    ['3x3d1:2', 5, 'd2 (dilation)'],
    ['max3x3q', 6, 'd2 (dilation)'],
    ['3x3 ', 3, 'd2 (dilation)'],
  ])('%o', (word, place, part) => {
    let error: unknown;
    try {
      readStack([word]);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(UsageError);
    const { message } = error as Error;
    expect(message).toContain(part);
    expect(message.split('\n').slice(-2)).toEqual([`  ${word}`, `  ${' '.repeat(place)}^`]);
  });

  it('or names two layers of different rank', () => {
    expect(() => readStack(['3x3', '3x3', 'k3'])).toThrow("received '3x3' with 2 and 'k3' with 1");
  });
});
