/** Reports: the arithmetic's numbers under the table's headings, and what is said below it. */
import { describe, expect, it } from 'vitest';
import { reportStack } from '../../../lib/cli/rf/report.js';
import { readStack } from '../../../lib/cli/rf/stack.js';
import { columnsOf, headline, remarksOf, rowOf } from '../../../lib/cli/rf/summary.js';

const report = (words: string, inputSize?: readonly number[]) => reportStack(readStack(words.split(' ')), inputSize);

describe('rows', () => {
  it('have one number where the axes agree, and sizes along each', () => {
    expect(rowOf(report('3x3d2').layers[0]!)).toEqual(['3x3d2', '3×3', '2', '1', '5×5', '1', '2', '16 of 25']);
    expect(rowOf(report('3x5d1x2s2x1').layers[0]!)).toEqual(['3x5d1x2s2x1', '3×5', '1×2', '2×1', '3×9', '2×1', '1×4', '12 of 27']);
  });

  it('have output sizes if there is an input size', () => {
    const sized = report('7x7s2p3 max3x3s2p1ceil', [224, 300]);
    expect(columnsOf(sized)).toEqual(['layer', 'kernel', 'dilation', 'stride', 'output', 'field', 'jump', 'centre', 'holes']);
    expect(sized.layers.map(({ outputSize }) => outputSize)).toEqual([
      [112, 150],
      [57, 76],
    ]);
  });

  it('tell holes apart: none, counted, and there but not counted', () => {
    const holes = (words: string): string => rowOf(report(words).layers.at(-1)!).at(-1)!;
    expect(holes('3x3 3x3d3')).toBe('none');
    expect(holes('3x3 3x3d4')).toBe('40 of 121');
    expect(holes('k2d2097152')).toBe('yes');
    expect(holes('tk2s2 k2d9')).toBe('yes');
  });

  it('stand for what no output sees with a dash', () => {
    expect(rowOf(report('t1x1s2p1 1x1s2').layers[1]!).slice(4)).toEqual(['0×0', '1', '–', 'none']);
    expect(headline(report('t1x1s2p1 1x1s2'))).toBe('sees nothing');
  });
});

describe('remarks', () => {
  it('report the HDC rule where it applies, and that it errs', () => {
    const hdc = (words: string): string | undefined => remarksOf(report(words)).find((remark) => remark.startsWith('HDC'));
    expect(hdc('3x3 3x3d2 3x3d5')).toBe('HDC rule of thumb: M₂ = 2 ≤ 3, accepted.');
    expect(hdc('3x3 3x3d2 3x3d9')).toBe('HDC rule of thumb: M₂ = 5 > 3, rejected.');
    expect(hdc('3x3d2 3x3d2 3x3d2')).toBe('HDC rule of thumb: M₂ = 2 ≤ 3, accepted, wrongly: there are holes.');
    expect(hdc('k3 k3d3 k3')).toBe('HDC rule of thumb: M₂ = 5 > 3, rejected, wrongly: there are none.');
    for (const other of ['3x3', '3x3 3x3s2', '3x3 5x5', '3x3 t3x3']) expect(hdc(other)).toBeUndefined();
  });

  it('report gridding and the margin', () => {
    expect(remarksOf(report('3x3d2 3x3d4'))[0]).toMatch(/^Gridding: the elements seen lie 2 apart/);
    expect(remarksOf(report('k2causal k2d2causal')).at(-1)).toBe('Margin: a tile needs 3 elements in front of it and 0 behind.');
  });
});

it('titles name runs of dilations once', () => {
  const title = (words: string): string => report(words).title;
  expect(title('3x3d1 3x3d2 3x3d4')).toBe('3×3, dilation 1, 2, 4');
  expect(title('3x3d1 3x3d2 1x1')).toBe('3×3, d 1, 2 → 1×1, d 1');
  expect(title('3x3 max2x2s2 3x3')).toBe('3×3 → max 2×2, s 2 → 3×3');
  expect(title('3x3d2s2 3x3d4s2')).toBe('3×3, d 2, s 2 → 3×3, d 4, s 2');
  expect(title('tk4s2d3')).toBe('transposed k 4, d 3, s 2');
});
