/**
 * A stack over the plane: a panel for every layer with its taps as dots on what it sees, then the paths as a heat map.
 *
 * Elements are drawn one by one as long as a field has at most 96 along an axis; of larger ones a square stands for several, and shows
 * the share of them that is seen, or the largest of their counts.
 */
import { alongAxis, type StackLayer } from './stack.js';
import type { PathCounts } from '../../receptive-field/path-counts.js';
import { AxisPaths } from './paths.js';
import { type Drawing, formatCount, heatLevel, heatLevels, pictureMargin, pictureWidth, renderScale, shareOf, short } from './drawing.js';
import { isDilated, labelOf, type Report } from './report.js';

const gap = 20;
const captionHeight = 46;
const mostSquares = 96;
const mostLayers = 8;
const mostDots = 4096;
const [shareSteps, leastGrid, leastNumbered] = [4, 6, 20];

/** A field along one axis, in squares of `side` elements; the last may be cut off by the field's end. */
interface Squares {
  readonly elements: number;
  readonly side: number;
  /** Of each square, the share of its elements that are seen. */
  readonly seen: readonly number[];
  /** Of each square, the largest path count, over the largest of all. */
  readonly paths: readonly number[];
  readonly most: number;
}

/** What all panels share: the plane they show, [rows, columns] elements, and units an element. */
interface Scale {
  readonly plane: readonly [rows: number, columns: number];
  readonly unit: number;
}

export function renderPlane(stack: readonly StackLayer[], report: Report): Drawing {
  // Of a volume the plane of its last two axes.
  const axes = [report.axes - 2, report.axes - 1].map((axis) => new AxisPaths(alongAxis(stack, axis), report.inputSize?.[axis])) as [
    AxisPaths,
    AxisPaths,
  ];
  const last = stack.length - 1;
  const shown = shownLayers(report);
  const panels = shown.length + 1;
  const columns = panels <= 4 ? 2 : 3;
  const side = (pictureWidth - 2 * pictureMargin - gap * (columns - 1)) / columns;
  const plane = axes.map(
    (axis) => axis.toInput(last).counts.length + 2 * Math.max(1, Math.ceil(axis.toInput(last).counts.length / 32)),
  ) as [number, number];
  const unit = side / Math.max(...plane);
  const scale: Scale = { plane, unit };
  const rowHeight = captionHeight + plane[0] * unit + gap;

  const contents = shown.map((layer) => renderLayer(axes, layer, scale));
  const captions = shown.map((layer, index) => [
    `(${letter(index)}) ${labelOf(stack[layer]!, isDilated(stack))}`,
    `sees ${report.layers[layer]!.field.slice(-2).join('×')}`,
  ]);
  const paths = axes.map((axis) => squaresOf(axis, last)) as [Squares, Squares];
  contents.push(renderPaths(paths, scale));
  captions.push([`(${letter(shown.length)}) number of paths`, countsLine(paths)]);

  const elements = contents.map((content, index) => {
    const x = short(pictureMargin + (index % columns) * (side + gap));
    const y = short(Math.floor(index / columns) * rowHeight);
    const [caption, quiet] = captions[index]!;
    return `<g transform="translate(${x} ${y})"><text class="caption" y="16">${caption!}</text><text class="quiet" y="36">${quiet!}</text>
<g transform="translate(0 ${captionHeight}) scale(${short4(unit)})">${content}</g></g>`;
  });
  const top = Math.ceil(panels / columns) * rowHeight;
  const notes = notesOf(report, shown, paths);
  const most = paths[0].most * paths[1].most;
  // The last row's empty places are the legend's.
  const beside = panels % columns;
  const legend =
    beside === 0
      ? renderLegend(rowLegend, pictureMargin, top + 6, most, 16)
      : renderLegend(columnLegend, pictureMargin + beside * (side + gap), top - rowHeight + captionHeight, most, 8);
  const notesTop = top + (beside === 0 ? 72 : 10);
  return {
    height: short(notesTop - 6 + notes.length * 22),
    elements: [
      ...elements,
      legend,
      ...notes.map((note, index) => `<text class="quiet" x="${pictureMargin}" y="${short(notesTop + index * 22)}">${note}</text>`),
    ],
    description: `Panels: ${captions.map(([caption, quiet]) => `${caption!}, ${quiet!}`).join('; ')}. ${notes.join(' ')}`,
  };
}

/** The layers whose fields grow; of many, some, evenly spaced, the last among them. */
function shownLayers({ layers }: Report): number[] {
  const growing = [...layers.keys()].filter(
    (index) => index === 0 || layers[index]!.field.some((size, axis) => size > layers[index - 1]!.field[axis]!),
  );
  if (growing.length <= mostLayers) return growing;
  return Array.from({ length: mostLayers }, (_, index) => growing[Math.round((index * (growing.length - 1)) / (mostLayers - 1))]!);
}

function notesOf(report: Report, shown: readonly number[], [rows, columns]: readonly [Squares, Squares]): string[] {
  return [
    ...(shown.length < mostLayers ? [] : [`Drawn: ${shown.length} of the ${report.layers.length} layers.`]),
    ...(report.axes === 3 ? ['Drawn: the plane of the last two axes.'] : []),
    ...(rows.side > 1 || columns.side > 1
      ? [`Squares of ${rows.side}×${columns.side} elements: paler where fewer are seen, their largest path count.`]
      : []),
    ...(report.layers.some(({ kind }) => kind === 'transposed')
      ? ['Outputs differ behind transposed layers; drawn: one with the largest field.']
      : []),
  ];
}

function squaresOf(axis: AxisPaths, layer: number): Squares {
  const { counts } = axis.toInput(layer);
  // Squares of whole cells of the lattice: others would hold now more, now fewer of its elements, a pattern that is not there.
  const lattice = counts.length <= mostSquares ? 1 : axis.lattice(layer);
  const side = lattice * Math.ceil(counts.length / (mostSquares * lattice));
  const most = counts.reduce((largest, count) => Math.max(largest, count), 0);
  const squares = Array.from({ length: Math.ceil(counts.length / side) }, (_, index) => counts.subarray(index * side, (index + 1) * side));
  return {
    elements: counts.length,
    side,
    seen: squares.map((square) => square.reduce((sum, count) => sum + (count > 0 ? 1 : 0), 0) / square.length),
    paths: squares.map((square) =>
      shareOf(
        square.reduce((largest, count) => Math.max(largest, count), 0),
        most,
      ),
    ),
    most,
  };
}

function renderLayer(axes: readonly [AxisPaths, AxisPaths], layer: number, scale: Scale): string {
  const squares = axes.map((axis) => squaresOf(axis, layer)) as [Squares, Squares];
  const origin = originOf(squares, scale);
  const areas = runs(squares, (row, column) => Math.ceil(shareSteps * squares[0].seen[row]! * squares[1].seen[column]!), origin);
  const outputs = axes.map((axis) => axis.widestOutput(layer));
  const tapped = axes.map((axis, index) => axis.inputsOf(layer, outputs[index]!));
  // From input coordinates to the panel's, where an element's centre lies half an element behind its edge.
  const shift = axes.map((axis, index) => origin[index]! - axis.toInput(layer).first);
  const taps = axes.map((axis, index) => tapped[index]!.map((input) => short(axis.position(layer - 1, input) + shift[index]! + 0.5))) as [
    number[],
    number[],
  ];
  const pitch = Math.min(...taps.map(([first, second]) => (second === undefined ? Infinity : second - first!)));
  const radius = short4(Math.min(5 / scale.unit, 0.3 * pitch));
  const dots =
    taps[0].length * taps[1].length > mostDots
      ? []
      : taps[0].flatMap((y) => taps[1].map((x) => `<circle class="tap" cx="${x}" cy="${y}" r="${radius}"/>`));
  const [rows, columns] = axes.map((axis, index) => axis.toInput(layer - 1, tapped[index]![0])) as [PathCounts, PathCounts];
  const [height, width] = [rows.counts.length, columns.counts.length];
  const view =
    height * width === 1 ? '' : outline('view', columns.first + shift[1]!, rows.first + shift[0]!, width, height, scale.unit, 1.2, true);
  return [
    ...[...areas].map(
      ([step, path]) =>
        `<path class="seen"${step === shareSteps ? '' : ` fill-opacity="${short(0.2 + (0.8 * step) / shareSteps)}"`} d="${path}"/>`,
    ),
    renderGrid(scale),
    outline('field', origin[1], origin[0], squares[1].elements, squares[0].elements, scale.unit, 1.6),
    view,
    ...dots,
  ].join('');
}

function renderPaths(squares: readonly [Squares, Squares], scale: Scale): string {
  const origin = originOf(squares, scale);
  const [rows, columns] = squares;
  const most = rows.most * columns.most;
  const share = (row: number, column: number): number => rows.paths[row]! * columns.paths[column]!;
  const areas = runs(squares, (row, column) => heatLevel(share(row, column), most), origin);
  const numbered = scale.unit >= leastNumbered && most < 1000;
  const numbers = !numbered
    ? []
    : rows.paths.flatMap((_, row) =>
        columns.paths.map((_, column) => {
          const level = heatLevel(share(row, column), most);
          if (level === 0) return '';
          const count = Math.round(share(row, column) * most);
          const high = level > heatLevels / 2 ? ' high' : '';
          return `<text class="count${high}" x="${short((origin[1] + column + 0.5) * scale.unit)}" y="${short((origin[0] + row + 0.68) * scale.unit)}">${count}</text>`;
        }),
      );
  return [
    ...[...areas].map(([level, path]) => `<path class="h${level}" d="${path}"/>`),
    renderGrid(scale),
    outline('field', origin[1], origin[0], columns.elements, rows.elements, scale.unit, 1.6),
    // Browsers set text of half a pixel badly, however large it comes out.
    ...(numbered
      ? [`<g transform="scale(${short4(1 / scale.unit)})" style="font-size:${short(scale.unit / 2)}px">${numbers.join('')}</g>`]
      : []),
  ].join('');
}

/** Where a field's first element is drawn: in the middle, on a line of the grid. */
function originOf(squares: readonly [Squares, Squares], { plane }: Scale): [row: number, column: number] {
  return squares.map(({ elements }, axis) => Math.floor((plane[axis]! - elements) / 2)) as [number, number];
}

/** The squares of each step above 0 as one path, neighbours in a row joined. */
function runs(
  [rows, columns]: readonly [Squares, Squares],
  stepOf: (row: number, column: number) => number,
  [top, left]: readonly [number, number],
): Map<number, string> {
  const paths = new Map<number, string>();
  for (let row = 0; row < rows.seen.length; row++) {
    const height = Math.min(rows.side, rows.elements - row * rows.side);
    for (let begin = 0, end = 0; begin < columns.seen.length; begin = end) {
      const step = stepOf(row, begin);
      for (end = begin + 1; end < columns.seen.length && stepOf(row, end) === step;) end++;
      if (step === 0) continue;
      const width = Math.min(end * columns.side, columns.elements) - begin * columns.side;
      paths.set(step, `${paths.get(step) ?? ''}M${left + begin * columns.side} ${top + row * rows.side}h${width}v${height}h-${width}z`);
    }
  }
  return paths;
}

function renderGrid({ plane: [rows, columns], unit }: Scale): string {
  if (unit < leastGrid) return outline('grid', 0, 0, columns, rows, unit, 0.8);
  const lines = [
    ...Array.from({ length: columns + 1 }, (_, x) => `M${x} 0V${rows}`),
    ...Array.from({ length: rows + 1 }, (_, y) => `M0 ${y}H${columns}`),
  ];
  return `<path class="grid" stroke-width="${short4(0.8 / unit)}" d="${lines.join('')}"/>`;
}

function outline(name: string, x: number, y: number, width: number, height: number, unit: number, stroke: number, dashed = false): string {
  const dash = dashed ? ` stroke-dasharray="${short4(4 / unit)} ${short4(3 / unit)}"` : '';
  return `<rect class="${name}" x="${short(x)}" y="${short(y)}" width="${width}" height="${height}" stroke-width="${short4(stroke / unit)}"${dash}/>`;
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

function countsLine([rows, columns]: readonly [Squares, Squares]): string {
  return `up to ${formatCount(rows.most * columns.most)}`;
}

function letter(index: number): string {
  return String.fromCharCode('a'.charCodeAt(0) + index);
}

/** Lengths in units of an element need more digits. */
function short4(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}
