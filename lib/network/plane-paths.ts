/**
 * Paths of a graph over the plane of its last two axes: what `coverage` is to stacks. Where branches meet their paths add up, so the counts are
 * not products of those along the axes.
 *
 * Behind convolutions and pools all outputs of a layer see alike: output u sees what output 0 sees, J elements further for each, J being the
 * effective stride. With P(z) = Σ counts·z^element of output 0 of its input, a window gives
 *
 *     P(z)·z^(−begin·J)·(1 + z^(d·J) + … + z^((k − 1)·d·J))        along each axis,
 *
 * and a layer of several inputs the sum. Behind transposed layers and resizes outputs differ, and behind global layers they see all: there are no counts.
 */
import type { WindowRelation } from '../receptive-field/axis-relation.js';
import type { BuiltNode } from './builder.js';
import { type Dims, isComplete, ofInputs, type Relation } from './layer.js';

/** Of rows and of columns. */
type Plane<Value> = readonly [rows: Value, columns: Value];

export interface PlanePaths {
  /** Input element that counts[0] belongs to. */
  readonly first: Plane<number>;
  /** Input elements that the field spans. */
  readonly size: Plane<number>;
  /** Paths to each of them from output 0, row by row. */
  readonly counts: Float64Array;
  /** Effective stride. */
  readonly jump: Plane<number>;
}

/** One layer's own window and what its input's output 0 sees. */
export interface PlaneWindow {
  readonly windows: Plane<WindowRelation>;
  readonly input: PlanePaths;
}

// 64 MiB a layer; the largest network of the papers sees 2,452² elements.
const mostElements = 2 ** 23;

/**
 * Tells `visit` of each node that outputs of `input` reach, in order; of nodes with one input its window too. Nodes without counts are left
 * out. Counts are kept as long as a later node needs them.
 */
export function visitPlanePaths(
  nodes: readonly BuiltNode[],
  input: BuiltNode,
  dims: (node: BuiltNode) => Dims,
  visit: (node: BuiltNode, paths: PlanePaths, window: PlaneWindow | undefined) => void,
): void {
  if (input.dims.length < 4) return;
  const known = new Map<BuiltNode, PlanePaths>([[input, { first: [0, 0], size: [1, 1], counts: Float64Array.of(1), jump: [1, 1] }]]);
  const lastUse = new Map(nodes.flatMap((node, index) => node.inputs.map((source) => [source, index] as const)));
  for (const [index, node] of nodes.entries()) {
    const branches = node === input ? [] : branchesOf(node, known, dims);
    const paths = branches.map(({ windows, input: source }) => throughWindow(source, windows)).reduce(added, undefined);
    if (paths !== undefined) {
      known.set(node, paths);
      visit(node, paths, branches.length === 1 ? branches[0] : undefined);
    }
    for (const source of node.inputs) if (lastUse.get(source) === index) known.delete(source);
  }
}

/** The windows through which a node reads the inputs that depend on the image; empty where one of them has no counts. */
function branchesOf(node: BuiltNode, known: ReadonlyMap<BuiltNode, PlanePaths>, dims: (node: BuiltNode) => Dims): PlaneWindow[] {
  const branches: PlaneWindow[] = [];
  for (const [index, source] of node.inputs.entries()) {
    const input = known.get(source);
    const windows = planeWindows(node, index, dims);
    if (windows === 'unread') continue;
    if (input === undefined || windows === undefined) return [];
    branches.push({ windows, input });
  }
  return branches;
}

/** The windows along the last two axes; undefined where the node reads its input otherwise. */
function planeWindows(node: BuiltNode, index: number, dims: (node: BuiltNode) => Dims): Plane<WindowRelation> | 'unread' | undefined {
  const relation = knownRelation(node, index, dims);
  if (relation?.kind !== 'axes') return undefined;
  if (relation.axes.some((axis) => axis.kind === 'blocks' && axis.inputs === 0)) return 'unread';
  if (relation.axes.length < 4) return undefined;
  const [rows, columns] = relation.axes.slice(-2);
  if (rows?.kind !== 'window' || columns?.kind !== 'window' || rows.transposed || columns.transposed) return undefined;
  // Parts of a concatenation along the plane see each their own: no two outputs of different parts see alike.
  if (node.kind === 'concat' && (rows.begin !== 0 || columns.begin !== 0)) return undefined;
  return [rows, columns];
}

/** What a node reads of an input; undefined where that depends on a size that is null. */
export function knownRelation(node: BuiltNode, index: number, dims: (node: BuiltNode) => Dims): Relation | undefined {
  const inputs = ofInputs(node.inputs, dims);
  try {
    return node.layer.relation(index, inputs, dims(node));
  } catch (error) {
    if (inputs.every(isComplete)) throw error;
    return undefined;
  }
}

function throughWindow({ first, size, counts, jump }: PlanePaths, windows: Plane<WindowRelation>): PlanePaths | undefined {
  const [height, width] = ([0, 1] as const).map((axis) => (windows[axis].kernel - 1) * windows[axis].dilation * jump[axis]) as [
    number,
    number,
  ];
  const grown: Plane<number> = [size[0] + height, size[1] + width];
  if (grown[0] * grown[1] > mostElements) return undefined;
  const [rows, columns] = windows;
  // A step down in a row-major plane is a whole row.
  const wide = sumOverTaps(counts, size[1], grown[1], columns.kernel, columns.dilation * jump[1]);
  return {
    first: [first[0] - rows.begin * jump[0], first[1] - columns.begin * jump[1]],
    size: grown,
    counts: sumOverTaps(wide, wide.length, wide.length + height * grown[1], rows.kernel, rows.dilation * jump[0] * grown[1]),
    jump: [jump[0] * rows.stride, jump[1] * columns.stride],
  };
}

/** Each run of `length` counts becomes one of `grown`: Σ over t < taps of it moved by t·step. */
function sumOverTaps(counts: Float64Array, length: number, grown: number, taps: number, step: number): Float64Array {
  if (taps === 1) return counts;
  const runs = counts.length / length;
  const sums = new Float64Array(runs * grown);
  for (let run = 0; run < runs; run++) {
    for (let tap = 0; tap < taps; tap++) {
      const to = run * grown + tap * step;
      const from = run * length;
      for (let index = 0; index < length; index++) sums[to + index] = sums[to + index]! + counts[from + index]!;
    }
  }
  return sums;
}

function added(a: PlanePaths | undefined, b: PlanePaths | undefined, index: number): PlanePaths | undefined {
  if (index === 0) return b;
  if (a === undefined || b === undefined) return undefined;
  if (a.jump[0] !== b.jump[0] || a.jump[1] !== b.jump[1]) return undefined;
  const first = [0, 1].map((axis) => Math.min(a.first[axis]!, b.first[axis]!)) as [number, number];
  const end = [0, 1].map((axis) => Math.max(a.first[axis]! + a.size[axis]!, b.first[axis]! + b.size[axis]!)) as [number, number];
  const size: Plane<number> = [end[0] - first[0], end[1] - first[1]];
  if (size[0] * size[1] > mostElements) return undefined;
  const counts = new Float64Array(size[0] * size[1]);
  for (const branch of [a, b]) {
    for (let row = 0; row < branch.size[0]; row++) {
      const to = (branch.first[0] - first[0] + row) * size[1] + branch.first[1] - first[1];
      const from = row * branch.size[1];
      for (let column = 0; column < branch.size[1]; column++) counts[to + column] = counts[to + column]! + branch.counts[from + column]!;
    }
  }
  return { first, size, counts, jump: a.jump };
}
