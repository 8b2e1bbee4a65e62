/**
 * Fields over the plane: a panel for every layer with its taps as dots on what it sees, then the paths as a heat map.
 *
 * Elements are drawn one by one as long as a field has at most {@link mostSquares} along an axis; of larger ones a square stands for several,
 * and shows the share of them that is seen, or the largest of their counts.
 */
import { type Drawing, formatCount, heatLevel, heatLevels, pictureMargin, pictureWidth, renderScale, short } from './drawing.js';
import { escape } from './markup.js';

const gap = 20;
const captionHeight = 46;
const mostDots = 4096;
const [shareSteps, leastGrid, leastNumbered] = [4, 6, 20];

/** Squares that a field has at most along an axis. */
export const mostSquares = 96;
/** Layers that are drawn at most. */
export const mostPanels = 8;

/** Of rows and of columns. */
export type Plane<Value> = readonly [rows: Value, columns: Value];

/** What an output sees, in squares of `side` elements; the last of a row or column may be cut off by the field's end. */
export interface PlaneField {
  readonly elements: Plane<number>;
  readonly side: Plane<number>;
  /** The share of a square's elements that are seen. */
  seen(row: number, column: number): number;
  /** The largest path count of a square, over the largest of all. */
  paths(row: number, column: number): number;
  readonly most: number;
}

export interface Panel {
  readonly caption: string;
  readonly field: PlaneField;
  /** Where taps lie, in elements behind the edges of the field. */
  readonly taps?: Plane<readonly number[]>;
  /** What the first tap sees: first elements, in elements behind the edges of the field, and how many. */
  readonly view?: { readonly first: Plane<number>; readonly elements: Plane<number> };
}

/** What all panels share: the plane they show, in elements, and units an element. */
interface Scale {
  readonly plane: Plane<number>;
  readonly unit: number;
}

/** The panels, and the paths of the last. */
export function renderPlane(layers: readonly Panel[], remarks: readonly string[]): Drawing {
  const { field } = layers.at(-1)!;
  const panels = layers.length + 1;
  const columns = panels <= 4 ? 2 : 3;
  const width = (pictureWidth - 2 * pictureMargin - gap * (columns - 1)) / columns;
  const plane = eachAxis((axis) => field.elements[axis] + 2 * Math.max(1, Math.ceil(field.elements[axis] / 32)));
  const unit = width / Math.max(...plane);
  const scale: Scale = { plane, unit };
  const rowHeight = captionHeight + plane[0] * unit + gap;

  const captions = [
    ...layers.map((layer) => [layer.caption, `sees ${layer.field.elements.join('×')}`] as const),
    ['number of paths', `up to ${formatCount(field.most)}`] as const,
  ];
  const contents = [...layers.map((layer) => renderPanel(layer, scale)), renderPaths(field, scale)];
  const elements = contents.map((content, index) => {
    const x = short(pictureMargin + (index % columns) * (width + gap));
    const y = short(Math.floor(index / columns) * rowHeight);
    const [caption, quiet] = captions[index]!;
    return `<g transform="translate(${x} ${y})"><text class="caption" y="16">(${letter(index)}) ${escape(caption)}</text><text class="quiet" y="36">${quiet}</text>
<g transform="translate(0 ${captionHeight}) scale(${short4(unit)})">${content}</g></g>`;
  });
  const top = Math.ceil(panels / columns) * rowHeight;
  // The last row's empty places are the legend's.
  const beside = panels % columns;
  const legend =
    beside === 0
      ? renderLegend(rowLegend, pictureMargin, top + 6, field.most, 16)
      : renderLegend(columnLegend, pictureMargin + beside * (width + gap), top - rowHeight + captionHeight, field.most, 8);
  const notesTop = top + (beside === 0 ? 72 : 10);
  const squares = field.side.some((side) => side > 1)
    ? [`Squares of ${field.side.join('×')} elements: paler where fewer are seen, their largest path count.`]
    : [];
  const notes = [...remarks, ...squares];
  return {
    height: short(notesTop - 6 + notes.length * 22),
    elements: [
      ...elements,
      legend,
      ...notes.map((note, index) => `<text class="quiet" x="${pictureMargin}" y="${short(notesTop + index * 22)}">${escape(note)}</text>`),
    ],
    description: `Panels: ${captions.map((lines, index) => `(${letter(index)}) ${lines.join(', ')}`).join('; ')}. ${notes.join(' ')}`,
  };
}

/** Of many layers some, evenly spaced, the last among them. */
export function chosenLayers<Layer>(layers: readonly Layer[]): readonly Layer[] {
  if (layers.length <= mostPanels) return layers;
  return Array.from({ length: mostPanels }, (_, index) => layers[Math.round((index * (layers.length - 1)) / (mostPanels - 1))]!);
}

function renderPanel({ field, taps, view }: Panel, scale: Scale): string {
  const origin = originOf(field, scale);
  const areas = runs(field, (row, column) => Math.ceil(shareSteps * field.seen(row, column)), origin);
  return [
    ...[...areas].map(
      ([step, path]) =>
        `<path class="seen"${step === shareSteps ? '' : ` fill-opacity="${short(0.2 + (0.8 * step) / shareSteps)}"`} d="${path}"/>`,
    ),
    renderGrid(scale),
    outline('field', origin, field.elements, scale.unit, 1.6),
    ...(view
      ? [
          outline(
            'view',
            eachAxis((axis) => origin[axis] + view.first[axis]),
            view.elements,
            scale.unit,
            1.2,
            true,
          ),
        ]
      : []),
    ...(taps ? renderTaps(taps, origin, scale) : []),
  ].join('');
}

function renderTaps(taps: Plane<readonly number[]>, [top, left]: Plane<number>, { unit }: Scale): string[] {
  const [rows, columns] = taps;
  if (rows.length * columns.length > mostDots) return [];
  const pitch = Math.min(...taps.map(([first, second]) => (second === undefined ? Infinity : second - first!)));
  const radius = short4(Math.min(5 / unit, 0.3 * pitch));
  return rows.flatMap((y) => columns.map((x) => `<circle class="tap" cx="${short(left + x)}" cy="${short(top + y)}" r="${radius}"/>`));
}

function renderPaths(field: PlaneField, scale: Scale): string {
  const origin = originOf(field, scale);
  const areas = runs(field, (row, column) => heatLevel(field.paths(row, column), field.most), origin);
  return [
    ...[...areas].map(([level, path]) => `<path class="h${level}" d="${path}"/>`),
    renderGrid(scale),
    outline('field', origin, field.elements, scale.unit, 1.6),
    // Browsers set text of half a pixel badly, however large it comes out: this is drawn in units of the picture.
    ...(scale.unit >= leastNumbered && field.most < 1000
      ? [
          `<g transform="scale(${short4(1 / scale.unit)})" style="font-size:${short(scale.unit / 2)}px">${renderCounts(field, origin, scale)}</g>`,
        ]
      : []),
  ].join('');
}

function renderCounts(field: PlaneField, [top, left]: Plane<number>, { unit }: Scale): string {
  const numbers: string[] = [];
  for (let row = 0; row < field.elements[0]; row++) {
    for (let column = 0; column < field.elements[1]; column++) {
      const share = field.paths(row, column);
      if (share === 0) continue;
      const high = heatLevel(share, field.most) > heatLevels / 2 ? ' high' : '';
      const [x, y] = [short((left + column + 0.5) * unit), short((top + row + 0.68) * unit)];
      numbers.push(`<text class="count${high}" x="${x}" y="${y}">${Math.round(share * field.most)}</text>`);
    }
  }
  return numbers.join('');
}

/** Where a field's first element is drawn: in the middle, on a line of the grid. */
function originOf({ elements }: PlaneField, { plane }: Scale): Plane<number> {
  return eachAxis((axis) => Math.floor((plane[axis] - elements[axis]) / 2));
}

/** The squares of each step above 0 as one path, neighbours in a row joined. */
function runs(
  { elements: [rows, columns], side: [height, width] }: PlaneField,
  stepOf: (row: number, column: number) => number,
  [top, left]: Plane<number>,
): Map<number, string> {
  const paths = new Map<number, string>();
  const ends = Math.ceil(columns / width);
  for (let row = 0; row * height < rows; row++) {
    const y = row * height;
    for (let begin = 0, end = 0; begin < ends; begin = end) {
      const step = stepOf(row, begin);
      for (end = begin + 1; end < ends && stepOf(row, end) === step;) end++;
      if (step === 0) continue;
      const x = begin * width;
      const run = Math.min(end * width, columns) - x;
      paths.set(step, `${paths.get(step) ?? ''}M${left + x} ${top + y}h${run}v${Math.min(height, rows - y)}h-${run}z`);
    }
  }
  return paths;
}

export function eachAxis<Value>(value: (axis: 0 | 1) => Value): Plane<Value> {
  return [value(0), value(1)];
}

function renderGrid({ plane: [rows, columns], unit }: Scale): string {
  if (unit < leastGrid) return outline('grid', [0, 0], [rows, columns], unit, 0.8);
  const lines = [
    ...Array.from({ length: columns + 1 }, (_, x) => `M${x} 0V${rows}`),
    ...Array.from({ length: rows + 1 }, (_, y) => `M0 ${y}H${columns}`),
  ];
  return `<path class="grid" stroke-width="${short4(0.8 / unit)}" d="${lines.join('')}"/>`;
}

function outline(
  name: string,
  [top, left]: Plane<number>,
  [height, width]: Plane<number>,
  unit: number,
  stroke: number,
  dashed = false,
): string {
  const dash = dashed ? ` stroke-dasharray="${short4(4 / unit)} ${short4(3 / unit)}"` : '';
  return `<rect class="${name}" x="${short(left)}" y="${short(top)}" width="${width}" height="${height}" stroke-width="${short4(stroke / unit)}"${dash}/>`;
}

/** Where the legend's entries stand: side by side below the panels, or one below the other. */
const rowLegend = [0, 66, 236, 414, 0].map((x, index) => [x, index === 4 ? 26 : 0] as const);
const columnLegend = [0, 28, 56, 84, 112].map((y) => [0, y] as const);

function renderLegend(places: readonly (readonly [x: number, y: number])[], left: number, top: number, most: number, step: number): string {
  const entries = [
    ['tap', '<circle class="tap" cx="7" cy="7" r="5"/>'],
    ['what one tap sees', '<rect class="view" width="14" height="14" stroke-width="1.2" stroke-dasharray="4 3"/>'],
    ['seen by the output', '<rect class="seen" width="14" height="14"/>'],
    ['field; empty: holes', '<rect class="field" width="14" height="14" stroke-width="1.6"/>'],
  ] as const;
  const texts = entries.map(([text, symbol], index) => {
    const [x, y] = places[index]!;
    return `<g transform="translate(${short(left + x)} ${short(top + y)})">${symbol}<text x="22" y="12">${text}</text></g>`;
  });
  const [x, y] = places[entries.length]!;
  return [...texts, renderScale(short(left + x), short(top + y), most, step)].join('');
}

function letter(index: number): string {
  return String.fromCharCode('a'.charCodeAt(0) + index);
}

/** Lengths in units of an element need more digits. */
function short4(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}
