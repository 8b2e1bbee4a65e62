/** Which element stands at a place in the padding, as the padding modes are defined. */
import { describe, expect, it } from 'vitest';
import { PaddedImage, sourceIndex } from '../../../lib/backend/typescript/padded-image.js';
import { convShape } from '../../support/conv-cases.js';

describe('sourceIndex', () => {
  const around = (size: number, reach: number, mode: 'reflect' | 'replicate' | 'circular') =>
    Array.from({ length: size + 2 * reach }, (_, index) => sourceIndex(index - reach, size, mode)).join(' ');

  it('mirrors without repeating the edge', () => {
    expect(around(4, 3, 'reflect')).toBe('3 2 1 0 1 2 3 2 1 0');
    expect(around(1, 0, 'reflect')).toBe('0');
  });

  it('repeats the edge', () => {
    expect(around(3, 4, 'replicate')).toBe('0 0 0 0 0 1 2 2 2 2 2');
  });

  it('goes on at the other end', () => {
    expect(around(3, 3, 'circular')).toBe('0 1 2 0 1 2 0 1 2');
  });
});

describe('PaddedImage', () => {
  it('writes the same image in both layouts', () => {
    const sizes = { inChannels: 2, outChannels: 1, input: [2, 3], kernel: [1, 1], padding: [[1, 0], [0, 2]], paddingMode: 'circular' } as const; // prettier-ignore
    const first = new PaddedImage(convShape({ ...sizes, layout: 'channelsFirst' }), 'circular');
    const last = new PaddedImage(convShape({ ...sizes, layout: 'channelsLast' }), 'circular');
    first.fill(Float32Array.of(99, 1, 2, 3, 4, 5, 6, 10, 20, 30, 40, 50, 60), 1);
    last.fill(Float32Array.of(1, 10, 2, 20, 3, 30, 4, 40, 5, 50, 6, 60), 0);
    const plane = [4, 5, 6, 4, 5, 1, 2, 3, 1, 2, 4, 5, 6, 4, 5];
    expect([...first.data]).toEqual([...plane, ...plane.map((value) => 10 * value)]);
    expect([...last.data]).toEqual(plane.flatMap((value) => [value, 10 * value]));
  });
});
