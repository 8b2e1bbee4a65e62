/**
 * A stack along one axis as a tree: the input below, a row of outputs for every layer above it, and the paths from one output down.
 *
 * Up to 4,096 steps of paths are drawn one by one; of more, the span that they take.
 */
import { AxisPaths } from './paths.js';
import {
  type Drawing,
  formatCount,
  heatLevel,
  heatLevels,
  pictureMargin,
  pictureWidth,
  largest,
  outputsDiffer,
  renderScale,
  shareOf,
  short,
} from './drawing.js';
import { isDilated, labelOf } from './label.js';
import type { Report } from './report.js';
import { alongAxis, type StackLayer } from './stack.js';

const mostSteps = 4096;
const leastNode = 4;
const mostBars = 256;
const leastNumbered = 18;
const labelWidth = 112;
const stripHeight = 20;

export function renderTree(stack: readonly StackLayer[], report: Report): Drawing {
  const axis = new AxisPaths(alongAxis(stack, 0), report.inputSize?.[0]);
  const last = stack.length - 1;
  const output = axis.widestOutput(last);
  const { first, counts } = axis.toInput(last);
  const unit = (pictureWidth - labelWidth - 2 * pictureMargin) / Math.max(1, counts.length);
  const x = (position: number): number => short(pictureMargin + labelWidth + (position - first + 0.5) * unit);
  const rowHeight = stack.length > 24 ? 22 : stack.length > 12 ? 34 : 56;
  const y = (layer: number): number => 20 + (last - layer) * rowHeight;
  // From the input, −1, up to the last layer.
  const rows = Array.from({ length: stack.length + 1 }, (_, row) => ({ layer: row - 1, seen: axis.onPaths(row - 1, output) }));

  const single = rows.slice(1).reduce((steps, { layer, seen }) => steps + seen.length * stack[layer]!.axes[0]!.kernel, 0) <= mostSteps;
  const radius = short(Math.max(1.5, Math.min(6, unit * 0.3)));
  const labels = rows.map(
    ({ layer }) =>
      `<text x="${pictureMargin}" y="${y(layer) + 5}">${layer < 0 ? 'input' : labelOf(stack[layer]!, isDilated(stack))}</text>`,
  );
  const between = rows
    .slice(1)
    .map(({ layer, seen }) =>
      single
        ? `<path class="edge" stroke-width="${unit > 12 ? 1.6 : unit > leastNode ? 1 : 0.5}" d="${seen
            .flatMap((above) =>
              axis
                .inputsOf(layer, above)
                .map((below) => `M${x(axis.position(layer, above))} ${y(layer)}L${x(axis.position(layer - 1, below))} ${y(layer - 1)}`),
            )
            .join('')}"/>`
        : renderSpan(rows, layer, axis, x, y),
    );
  const nodes =
    !single || unit < leastNode
      ? []
      : rows.flatMap(({ layer, seen }) => renderNodes(axis, layer, seen, [first, first + counts.length - 1], radius, x, y));
  const stripTop = y(-1) + 16;
  const most = largest(counts);
  const legend = stripTop + stripHeight + 22;
  const legendHeight = most > 1 ? 34 : 0;
  const notes = [
    ...(single ? [] : ['Too many paths to draw one by one: shaded is the span they take.']),
    ...(report.layers.some(({ kind }) => kind === 'transposed') ? [outputsDiffer] : []),
  ];
  return {
    height: legend + legendHeight + notes.length * 22,
    elements: [
      ...labels,
      ...between,
      ...nodes,
      `<text x="${pictureMargin}" y="${stripTop + 15}">paths</text>`,
      renderStrip(counts, most, stripTop, unit),
      renderScale(pictureMargin, legend, most),
      ...notes.map(
        (note, index) => `<text class="quiet" x="${pictureMargin}" y="${legend + legendHeight + 6 + index * 22}">${note}</text>`,
      ),
    ],
    description: `From the output down: ${rows
      .toReversed()
      .map(({ layer, seen }) => `${layer < 0 ? 'the input' : labelOf(stack[layer]!, isDilated(stack))}, ${seen.length} on a path`)
      .join('; ')}. Up to ${formatCount(most)} paths an element. ${notes.join(' ')}`,
  };
}

/** Every output of a layer above the field; those on no path are empty. */
function renderNodes(
  axis: AxisPaths,
  layer: number,
  seen: readonly number[],
  [begin, end]: readonly [number, number],
  radius: number,
  x: (position: number) => number,
  y: (layer: number) => number,
): string[] {
  const on = new Set(seen);
  const jump = axis.jump(layer);
  const origin = axis.position(layer, 0);
  const [from, to] = [Math.ceil((begin - origin) / jump), Math.floor((end - origin) / jump)];
  const all = Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index);
  // Those of a valid stack with even kernels may stand outside.
  const outside = seen.filter((node) => node < from || node > to);
  return [...all, ...outside].map(
    (node) => `<circle class="node${on.has(node) ? ' on' : ''}" cx="${x(axis.position(layer, node))}" cy="${y(layer)}" r="${radius}"/>`,
  );
}

function renderSpan(
  rows: readonly { readonly layer: number; readonly seen: readonly number[] }[],
  layer: number,
  axis: AxisPaths,
  x: (position: number) => number,
  y: (layer: number) => number,
): string {
  const [below, above] = [rows[layer]!, rows[layer + 1]!].map((row) => ({ ...row, ends: [row.seen[0]!, row.seen.at(-1)!] as const }));
  const point = (of: typeof below, end: 0 | 1): string => `${x(axis.position(of!.layer, of!.ends[end]))} ${y(of!.layer)}`;
  return `<path class="span" d="M${point(above, 0)}L${point(above, 1)}L${point(below, 1)}L${point(below, 0)}z"/>`;
}

/** The counts under the input's elements; of many elements a bar stands for several, with the largest of their counts. */
function renderStrip(counts: Float64Array, most: number, top: number, unit: number): string {
  const side = Math.ceil(counts.length / mostBars);
  const bars = Array.from({ length: Math.ceil(counts.length / side) }, (_, index) => {
    const count = largest(counts.subarray(index * side, (index + 1) * side));
    return {
      begin: index * side,
      end: Math.min((index + 1) * side, counts.length),
      count,
      level: heatLevel(shareOf(count, most), most),
    };
  });
  const numbered = unit >= leastNumbered && most < 1000;
  const x = (element: number): number => short(pictureMargin + labelWidth + element * unit);
  // Bars of one level are one box.
  const changes = bars.filter((bar, index) => bar.level !== bars[index - 1]?.level);
  const boxes = changes.map(({ begin, level }, index) => {
    const width = short(x(changes[index + 1]?.begin ?? counts.length) - x(begin));
    return level === 0 ? '' : `<rect class="h${level}" x="${x(begin)}" y="${top}" width="${width}" height="${stripHeight}"/>`;
  });
  const field = `<rect class="field" x="${x(0)}" y="${top}" width="${short(counts.length * unit)}" height="${stripHeight}"/>`;
  const numbers = !numbered
    ? []
    : bars
        .filter(({ level }) => level > 0)
        .map(
          ({ begin, end, count, level }) =>
            `<text class="count${level > heatLevels / 2 ? ' high' : ''}" x="${short((x(begin) + x(end)) / 2)}" y="${top + 15}">${count}</text>`,
        );
  return [...boxes, field, ...numbers].join('');
}
