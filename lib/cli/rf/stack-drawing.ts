/** The drawing of a stack: of one axis a tree, of the plane a panel for every layer whose field grows. */
import { AxisPaths } from './paths.js';
import { type Drawing, largest, outputsDiffer, shareOf } from './drawing.js';
import { chosenLayers, eachAxis, mostSquares, type Panel, type PlaneField, renderPlane } from './plane.js';
import { isDilated, labelOf } from './label.js';
import type { Report } from './report.js';
import { alongAxis, type StackLayer } from './stack.js';
import { renderTree } from './tree.js';

export function drawStack(stack: readonly StackLayer[], report: Report): Drawing {
  if (report.axes === 1) return renderTree(stack, report);
  // Of a volume the plane of its last two axes.
  const axes = eachAxis((index) => {
    const axis = report.axes - 2 + index;
    return new AxisPaths(alongAxis(stack, axis), report.inputSize?.[axis]);
  });
  const growing = [...stack.keys()].filter((layer) => layer === 0 || grows(report, layer));
  const shown = chosenLayers(growing);
  const panels = shown.map((layer) => panelOf(axes, layer, labelOf(stack[layer]!, isDilated(stack))));
  return renderPlane(panels, [
    ...(shown.length < growing.length ? [`Drawn: ${shown.length} of the ${stack.length} layers.`] : []),
    ...(report.axes === 3 ? ['Drawn: the plane of the last two axes.'] : []),
    ...(stack.some(({ kind }) => kind === 'transposed') ? [outputsDiffer] : []),
  ]);
}

function grows({ layers }: Report, layer: number): boolean {
  return layers[layer]!.field!.some((size, axis) => size > layers[layer - 1]!.field![axis]!);
}

function panelOf(axes: readonly [AxisPaths, AxisPaths], layer: number, caption: string): Panel {
  const field = eachAxis((axis) => axes[axis].toInput(layer));
  const tapped = eachAxis((axis) => axes[axis].inputsOf(layer, axes[axis].widestOutput(layer)));
  const view = eachAxis((axis) => axes[axis].toInput(layer - 1, tapped[axis][0]));
  return {
    caption,
    field: fieldOf(axes, layer),
    // An element's centre lies half an element behind its edge.
    taps: eachAxis((axis) => tapped[axis].map((input) => axes[axis].position(layer - 1, input) - field[axis].first + 0.5)),
    ...(view.some(({ counts }) => counts.length > 1) && {
      view: { first: eachAxis((axis) => view[axis].first - field[axis].first), elements: eachAxis((axis) => view[axis].counts.length) },
    }),
  };
}

/** Counts over the plane are the products of those along its axes. */
function fieldOf(axes: readonly [AxisPaths, AxisPaths], layer: number): PlaneField {
  const [rows, columns] = eachAxis((axis) => squaresAlong(axes[axis], layer));
  return {
    elements: [rows.elements, columns.elements],
    side: [rows.side, columns.side],
    most: rows.most * columns.most,
    seen: (row, column) => rows.seen[row]! * columns.seen[column]!,
    paths: (row, column) => rows.paths[row]! * columns.paths[column]!,
  };
}

function squaresAlong(axis: AxisPaths, layer: number) {
  const { counts } = axis.toInput(layer);
  // Squares of whole cells of the lattice: others would hold now more, now fewer of its elements, a pattern that is not there.
  const lattice = counts.length <= mostSquares ? 1 : axis.lattice(layer);
  const side = lattice * Math.ceil(counts.length / (mostSquares * lattice));
  const most = largest(counts);
  const squares = Array.from({ length: Math.ceil(counts.length / side) }, (_, index) => counts.subarray(index * side, (index + 1) * side));
  return {
    elements: counts.length,
    side,
    most,
    seen: squares.map((square) => square.reduce((sum, count) => sum + (count > 0 ? 1 : 0), 0) / square.length),
    paths: squares.map((square) => shareOf(largest(square), most)),
  };
}
