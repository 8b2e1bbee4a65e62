/** A report in words: the table's cells and the sentences below it, for the terminal and the page alike. */
import { elementsOf, type LayerReport, perAxis, type Report } from './report.js';

export function columnsOf(report: Report): string[] {
  return ['layer', 'kernel', 'dilation', 'stride', ...(report.inputSize ? ['output'] : []), 'field', 'jump', 'centre', 'holes'];
}

export function rowOf(layer: LayerReport): string[] {
  return [
    layer.name,
    layer.kernel.join('×'),
    perAxis(layer.dilation),
    perAxis(layer.stride),
    ...(layer.outputSize ? [layer.outputSize.join('×')] : []),
    layer.field.join('×'),
    perAxis(layer.jump),
    perAxis(layer.center).replaceAll('NaN', '–'),
    holesOf(layer),
  ];
}

function holesOf(layer: LayerReport): string {
  if (!layer.hasHoles) return 'none';
  const { all, touched } = elementsOf(layer);
  return touched === undefined ? 'yes' : `${grouped(all - touched)} of ${grouped(all)}`;
}

/** What the last layer's outputs see, in one line. */
export function headline({ layers }: Report): string {
  const last = layers.at(-1)!;
  const { all, touched } = elementsOf(last);
  if (last.field.includes(0)) return 'sees nothing';
  const field = `sees ${last.field.join('×')}`;
  if (!last.hasHoles) return `${field}, without holes`;
  return touched === undefined ? `${field}, with holes` : `${field}, touches ${grouped(touched)} of ${grouped(all)}`;
}

export function remarksOf(report: Report): string[] {
  const { gridding, hdc, margin, layers } = report;
  const holes = layers.at(-1)!.hasHoles;
  const grid = perAxis(gridding);
  return [
    ...(grid === '1' ? [] : [`Gridding: the elements seen lie ${grid} apart; neighbouring outputs may share none.`]),
    ...(hdc ? [hdcRemark(hdc, layers.at(-1)!.kernel, holes)] : []),
    `Margin: a tile needs ${perAxis(margin.map(({ begin }) => begin))} elements in front of it and ${perAxis(margin.map(({ end }) => end))} behind.`,
  ];
}

function hdcRemark(hdc: NonNullable<Report['hdc']>, kernel: readonly number[], holes: boolean): string {
  const accepted = hdc.every((rule) => rule.accepted);
  const verdict = `HDC rule of thumb: M₂ = ${perAxis(hdc.map(({ m2 }) => m2))} ${accepted ? '≤' : '>'} ${perAxis(kernel)}, ${accepted ? 'accepted' : 'rejected'}`;
  if (accepted !== holes) return `${verdict}.`;
  return `${verdict}, wrongly: there are ${holes ? 'holes' : 'none'}.`;
}

export function grouped(count: number): string {
  return count.toLocaleString('en-US');
}
