/** A report in words: the table's cells and the sentences below it, for the terminal and the page alike. */
import { perAxis } from './label.js';
import { type LayerReport, product, type Report } from './report.js';

export function columnsOf(report: Report): string[] {
  return ['layer', 'kernel', 'dilation', 'stride', ...(report.inputSize ? ['output'] : []), 'field', 'jump', 'centre', 'holes'];
}

export function rowOf(layer: LayerReport): string[] {
  const { name, kernel, dilation, stride, outputSize, field, jump, center } = layer;
  return [
    name,
    sizes(kernel),
    perAxis(dilation),
    perAxis(stride),
    ...(outputSize ? [sizes(outputSize)] : []),
    sizes(field),
    perAxis(jump),
    perAxis(center).replaceAll('NaN', '–'),
    holesOf(layer),
  ];
}

function holesOf({ hasHoles, field, touched }: LayerReport): string {
  if (hasHoles === undefined) return '–';
  if (!hasHoles) return 'none';
  if (touched === undefined) return 'yes';
  const all = product(field!);
  return `${grouped(all - touched)} of ${grouped(all)}`;
}

/** What the outputs see, in one line. */
export function headline({ layers, output }: Report): string {
  const { field, hasHoles, touched } = layers[output]!;
  if (field === undefined) return 'sees what only the size of its input tells';
  if (field.includes(0)) return 'sees nothing';
  const seen = `sees ${sizes(field)}`;
  if (hasHoles === undefined) return seen;
  if (!hasHoles) return `${seen}, without holes`;
  return touched === undefined ? `${seen}, with holes` : `${seen}, touches ${grouped(touched)} of ${grouped(product(field))}`;
}

function sizes(values: readonly number[] | undefined): string {
  return values?.length ? values.join('×') : '–';
}

export function remarksOf({ gridding, hdc, margin, misaligned, layers, output }: Report): string[] {
  const { kernel, hasHoles } = layers[output]!;
  const grid = perAxis(gridding);
  const [begin, end] = [perAxis(margin?.map((one) => one.begin)), perAxis(margin?.map((one) => one.end))];
  return [
    ...(gridding && grid !== '1' ? [`Gridding: the elements seen lie ${grid} apart; neighbouring outputs may share none.`] : []),
    ...(hdc ? [hdcRemark(hdc, kernel!, hasHoles!)] : []),
    ...(margin ? [`Margin: a tile needs ${begin} elements in front of it and ${end} behind.`] : []),
    ...(misaligned?.length ? [`Paths of different strides or centres meet in: ${listed(misaligned)}.`] : []),
  ];
}

/** As many names as fit into a line or two. */
function listed(names: readonly string[]): string {
  const shown = names.slice(0, 6);
  return names.length > shown.length ? `${shown.join(', ')} and ${names.length - shown.length} more layers` : shown.join(', ');
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
