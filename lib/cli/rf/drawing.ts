/** What the drawings of planes and trees share: sizes, the colour scale of path counts, numbers. */

/** The part of a picture below its title. */
export interface Drawing {
  readonly height: number;
  readonly elements: readonly string[];
  /** What it shows, for those who can't see it. */
  readonly description: string;
}

export const pictureWidth = 640;
export const pictureMargin = 16;
/** Steps of the colour scale of path counts. */
export const heatLevels = 9;

/** What is said of a drawing in which outputs are not alike. */
export const outputsDiffer = 'Outputs differ behind transposed layers; drawn: one with the largest field.';

export function largest(counts: Float64Array): number {
  return counts.reduce((most, count) => Math.max(most, count), 0);
}

/** The part that `count` is of `most`. Counts beyond doubles are infinite: all of them the largest. */
export function shareOf(count: number, most: number): number {
  return count === most ? 1 : count / most;
}

/** From 1 for one path to {@link heatLevels} for `most`, 0 where there is none; the middle where no element has more than one. */
export function heatLevel(share: number, most: number): number {
  if (share === 0) return 0;
  if (most <= 1) return Math.ceil(heatLevels / 2);
  return 1 + Math.round(((heatLevels - 1) * (share - 1 / most)) / (1 - 1 / most));
}

/** The colour scale, from one path to `most`, each level `step` wide. */
export function renderScale(x: number, y: number, most: number, step = 16): string {
  if (most <= 1) return '';
  const boxes = Array.from(
    { length: heatLevels },
    (_, level) => `<rect class="h${level + 1}" x="${x + 58 + level * step}" y="${y}" width="${step}" height="14"/>`,
  );
  return [
    `<text x="${x}" y="${y + 12}">1 path</text>`,
    ...boxes,
    `<text x="${x + 66 + heatLevels * step}" y="${y + 12}">${formatCount(most)}</text>`,
  ].join('');
}

/** 1,234 or 1.2·10⁹. */
export function formatCount(count: number): string {
  if (count < 1e6) return count.toLocaleString('en-US');
  const [digits, exponent] = count.toExponential(1).split('e+');
  if (exponent === undefined) return 'more than 10³⁰⁸';
  return `${digits!}·10${Array.from(exponent, (digit) => '⁰¹²³⁴⁵⁶⁷⁸⁹'[Number(digit)]!).join('')}`;
}

/** A coordinate with two digits behind the point, as short as it goes. */
export function short(value: number): number {
  return Math.round(value * 100) / 100;
}
