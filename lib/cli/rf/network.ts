/** Networks by name: what `atrous rf` reports of them, and the panels that it draws. */
import { contextModule, dilation10, dilation7, dilation8, drn, fcn8s, frontEnd, type Network } from '../../index.js';
import type { BuiltNode } from '../../network/builder.js';
import type { Dims } from '../../network/layer.js';
import { drnNames } from '../../network/models/drn.js';
import { knownRelation, type PlanePaths, type PlaneWindow, visitPlanePaths } from '../../network/plane-paths.js';
import { UsageError } from '../command.js';
import { type Drawing, largest, shareOf } from './drawing.js';
import { chosenLayers, eachAxis, mostSquares, type Panel, type PlaneField, renderPlane } from './plane.js';
import type { LayerReport, Report } from './report.js';

/** The networks of the papers; fields do not depend on the number of channels. */
export const networks: Readonly<Record<string, () => Network>> = {
  'context-basic': () => contextModule({ channels: 21 }),
  'context-large': () => contextModule({ channels: 21, variant: 'large' }),
  'front-end': () => frontEnd(),
  dilation7: () => dilation7(),
  dilation8: () => dilation8(),
  dilation10: () => dilation10(),
  ...Object.fromEntries(drnNames.map((name) => [`drn-${name}`, () => drn(name)])),
  fcn8s: () => fcn8s(),
};

/** A network's report, and how to draw it. */
export interface NetworkReport {
  readonly report: Report;
  readonly draw: () => Drawing;
}

/** Of what the first output sees of the first input; `size` is that of the input, per spatial axis. */
export function reportNetwork(title: string, network: Network, size?: readonly number[]): NetworkReport {
  const [image] = network.inputs;
  if (image === undefined) throw new UsageError(`Expected a network with an input, received ${title}`);
  const inputDims = size && [1, image.dims[1] ?? 1, ...size];
  const inputSize = size ?? knownSizes(image.dims);
  const told = new Map(network.report(inputDims).map((layer) => [layer.name, layer]));
  const counted = countPaths(network, (node) => told.get(node.name)!.outputDims);
  const nodes = network.nodes.filter(({ inputs }) => inputs.length > 0);
  const layers = nodes.map((node): LayerReport => {
    const { receptiveField: seen, outputDims } = told.get(node.name)!;
    const window = windowOf(node, (one) => told.get(one.name)!.outputDims);
    const paths = counted.get(node);
    return {
      name: node.name,
      kind: node.kind,
      ...window,
      ...(inputSize && { outputSize: knownSizes(outputDims) ?? [] }),
      ...(seen && {
        field: seen.map(({ size }) => size),
        jump: seen.map(({ stride }) => stride),
        center: seen.map(({ center }) => center),
      }),
      ...(paths && { hasHoles: paths.touched < paths.elements, touched: paths.touched }),
    };
  });
  const output = nodes.findIndex((node) => node === network.outputs.values().next().value);
  if (output < 0) throw new UsageError(`Expected a network with a layer between its input and its output, received ${title}`);
  const misaligned = new Set(
    [...told.values()].flatMap(({ receptiveField }) =>
      (receptiveField ?? []).flatMap(({ misalignments }) => misalignments.map(({ layer }) => layer)),
    ),
  );
  return {
    report: {
      of: 'network',
      title,
      axes: image.dims.length - 2,
      ...(inputSize && { inputSize }),
      layers,
      output,
      misaligned: [...misaligned],
    },
    draw: () => drawNetwork(nodes.slice(0, output + 1), counted),
  };
}

/** Sizes along the spatial axes, if all are known. */
function knownSizes(dims: Dims): number[] | undefined {
  const sizes = dims.slice(2);
  return sizes.includes(null) ? undefined : (sizes as number[]);
}

/** Per spatial axis, of convolutions and pools. */
function windowOf(node: BuiltNode, dims: (node: BuiltNode) => Dims): Pick<LayerReport, 'kernel' | 'dilation' | 'stride'> {
  if (!/^(conv|convTranspose|maxPool|avgPool)$/.test(node.kind)) return {};
  const relation = knownRelation(node, 0, dims);
  if (relation?.kind !== 'axes') return {};
  const windows = relation.axes.slice(2).filter((axis) => axis.kind === 'window');
  return {
    kernel: windows.map(({ kernel }) => kernel),
    dilation: windows.map(({ dilation }) => dilation),
    stride: windows.map(({ stride }) => stride),
  };
}

/** What is kept of a layer's paths. */
interface Counted {
  readonly elements: number;
  readonly touched: number;
  readonly field: PlaneField;
  readonly taps: Pick<Panel, 'taps' | 'view'>;
}

function countPaths(network: Network, dims: (node: BuiltNode) => Dims): Map<BuiltNode, Counted> {
  const counted = new Map<BuiltNode, Counted>();
  visitPlanePaths(network.nodes, network.inputs[0] as BuiltNode, dims, (node, paths, window) => {
    counted.set(node, {
      elements: paths.counts.length,
      touched: paths.counts.reduce((sum, count) => sum + (count > 0 ? 1 : 0), 0),
      field: fieldOf(paths),
      taps: window === undefined ? {} : tapsOf(window),
    });
  });
  return counted;
}

/** Taps lie in the middle of what they see, which is what output 0 of the input sees, a jump further for every element. */
function tapsOf({ windows, input }: PlaneWindow): Pick<Panel, 'taps' | 'view'> {
  const taps = eachAxis((axis) => {
    const { kernel, dilation } = windows[axis];
    return Array.from({ length: kernel }, (_, tap) => tap * dilation * input.jump[axis] + input.size[axis] / 2);
  });
  return { taps, ...(input.counts.length > 1 && { view: { first: [0, 0], elements: input.size } }) };
}

function fieldOf({ size, counts }: PlanePaths): PlaneField {
  const [height, width] = eachAxis((axis) => Math.ceil(size[axis] / mostSquares));
  const columns = Math.ceil(size[1] / width);
  const squares = Math.ceil(size[0] / height) * columns;
  const [elements, seen, paths] = [new Float64Array(squares), new Float64Array(squares), new Float64Array(squares)];
  counts.forEach((count, index) => {
    const row = Math.floor(index / size[1]);
    const square = Math.floor(row / height) * columns + Math.floor((index - row * size[1]) / width);
    elements[square]!++;
    if (count > 0) seen[square]!++;
    paths[square] = Math.max(paths[square]!, count);
  });
  const most = largest(paths);
  return {
    elements: size,
    side: [height, width],
    most,
    seen: (row, column) => seen[row * columns + column]! / elements[row * columns + column]!,
    paths: (row, column) => shareOf(paths[row * columns + column]!, most),
  };
}

/** A panel for every layer that sees more than those it reads, as far as there are counts. */
function drawNetwork(nodes: readonly BuiltNode[], counted: ReadonlyMap<BuiltNode, Counted>): Drawing {
  const elements = (node: BuiltNode): number => counted.get(node)?.elements ?? 1;
  const growing = nodes.filter((node) => counted.has(node) && elements(node) > Math.max(...node.inputs.map(elements)));
  if (growing.length === 0) throw new UsageError('Expected a network over the plane, with convolutions or pools, to draw');
  const shown = chosenLayers(growing);
  const panels = shown.map((node) => {
    const { field, taps } = counted.get(node)!;
    return { caption: shortName(node.name), field, ...taps };
  });
  const last = nodes.at(-1)!;
  return renderPlane(panels, [
    ...(shown.length < growing.length ? [`Drawn: ${shown.length} of the ${growing.length} layers whose fields grow.`] : []),
    ...(counted.has(last) ? [] : [`Drawn up to ${shortName(growing.at(-1)!.name)}: behind it outputs differ, or see too much.`]),
  ]);
}

const longestName = 16;

/** The end of a long name tells more than its beginning. */
function shortName(name: string): string {
  return name.length > longestName ? `…${name.slice(1 - longestName)}` : name;
}
