/** The second addon (native/probe): vector operations, kernels and plans one by one, each of them forced. Its arrays lie at inaccessible pages. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Algorithm } from '../../lib/types.js';
import { root } from './built.js';

/** Where an array meets the inaccessible page: an access beyond that end kills the process, after a line on stderr that names the array. */
export type Edge = 'begin' | 'end';
export const edges = ['begin', 'end'] as const satisfies readonly Edge[];

/** The slots of KernelTable (native/kernels/table.hpp): whether each is filled. */
export interface KernelSlots {
  /** [vectors − 1][pixels − 1] */
  readonly k_lanes: readonly (readonly boolean[])[];
  /** [outputs − 1][vectors − 1] */
  readonly w_lanes: readonly (readonly boolean[])[];
  /** [0: any size, 1: 3×3, 2: 5×5, 3: 3×3 inside, 4: 5×5 inside][rows − 1] */
  readonly depthwise_pixels: readonly (readonly boolean[])[];
  readonly depthwise_channels: readonly (readonly boolean[])[];
  readonly split_phases: boolean;
  readonly strided_copy: boolean;
  readonly short_transform: boolean;
  readonly rows_to_chunks: boolean;
  readonly chunks_to_rows: boolean;
  readonly chunks_to_lanes: boolean;
  readonly lanes_to_chunks: boolean;
  /** [outputs − 1][vectors − 1] */
  readonly point_products: readonly (readonly boolean[])[];
  readonly transform_kernels: boolean;
  readonly transpose: boolean;
  /** [RunFunction] and [RunOperation] of table.hpp. */
  readonly map_run: readonly boolean[];
  readonly combine_runs: readonly boolean[];
  readonly mix_runs: boolean;
  readonly double_run: boolean;
  readonly vec: boolean;
  readonly multiply_add_burst: boolean;
}

export interface KernelDescription {
  readonly lanes: number;
  /** Output channels that transform_kernels takes. */
  readonly transformWidth: number;
  readonly slots: KernelSlots;
  /** The members of VecOperations. */
  readonly operations: Readonly<Record<VecOperation, boolean>>;
}

export type VecOperation =
  | 'load_tail'
  | 'load_inside'
  | 'store_tail'
  | 'broadcast'
  | 'add'
  | 'multiply'
  | 'divide'
  | 'multiply_add'
  | 'relu'
  | 'larger'
  | 'where_negative'
  | 'power_of_two'
  | 'transpose'
  | 'deinterleave2'
  | 'interleave2'
  | 'deinterleave4'
  | 'interleave4'
  | 'shift_in';

/** The fields of a tile in table.hpp. `output` is written in place; `title` is what a crash is reported with. */
export interface Tile {
  readonly title: string;
  readonly input: Float32Array;
  readonly weight: Float32Array;
  readonly bias: Float32Array;
  readonly output: Float32Array;
  readonly relu: boolean;
}

export interface KLanesTile extends Tile {
  readonly inputPixelStride: number;
  readonly tapCount: readonly [number, number, number];
  readonly tapInputStride: readonly [number, number, number];
  readonly tapWeightStride: readonly [number, number, number];
  readonly channels: number;
  readonly outputPixelStride: number;
  readonly lastLanes: number;
}

export interface WLanesTile extends Tile {
  readonly channelStride: number;
  readonly tapOffset: readonly number[];
  /** Null where the weights stand in the order of the taps. */
  readonly tapIndex: readonly number[] | null;
  readonly channels: number;
  readonly inputVectorStride: number;
  readonly outputChannelStride: number;
  readonly outputVectorStride: number;
  readonly lanesToStore: number;
  readonly lastLanesToStore: number;
}

/** DepthwiseRows of table.hpp; `inputRows` stands for its `rows`. */
export interface DepthwiseTile extends Tile {
  readonly offset: number;
  readonly tapOffset: readonly number[];
  readonly tapBegin: number;
  readonly tapEnd: number;
  readonly tapRows: number;
  readonly tapPhases: number;
  readonly groups: number;
  readonly tapRowStride: number;
  readonly row: number;
  readonly tapRowStep: number;
  readonly inputRows: number;
  readonly weightRowStride: number;
  readonly weightTapStride: number;
  readonly outputRowStride: number;
  readonly width: number;
  readonly column: number;
  readonly columns: number;
  readonly reach: number;
  readonly channels: number;
  readonly inputPixelStride: number;
  readonly outputPixelStride: number;
}

/** Arguments of strided_copy in table.hpp: as many elements as `output` has, which is written in place. */
export interface StridedCopy {
  readonly title: string;
  readonly input: Float32Array;
  readonly step: number;
  readonly output: Float32Array;
}

/** Arguments of split_phases in table.hpp; `output` is written in place. */
export interface PhaseSplit {
  readonly title: string;
  readonly input: Float32Array;
  readonly rows: number;
  readonly width: number;
  readonly stride: number;
  readonly output: Float32Array;
  readonly pitch: number;
}

/** Arguments of the kernels of runs in table.hpp; `output`, whose length is the run's (of doubleRun twice it), is written in place. */
export interface Run {
  readonly title: string;
  readonly input: Float32Array;
  readonly output: Float32Array;
}

/** `right`: the parameters of a function, or the other run. */
export interface RunOfTwo extends Run {
  readonly right: Float32Array;
}

export interface ShortTransform {
  readonly title: string;
  /** [to][from] of each axis: depth, height, width. */
  readonly matrix: readonly [Float32Array, Float32Array, Float32Array];
  /** Of each axis: ShortStructure of table.hpp. the place in linear-map.ts. */
  readonly structure: readonly [number, number, number];
  readonly from: readonly [number, number, number];
  readonly to: readonly [number, number, number];
  readonly input: Float32Array;
  /** Where in `input` channel 0 of each point lies. */
  readonly inputOffset: readonly number[];
  readonly output: Float32Array;
  /** Likewise; −1: not wanted. */
  readonly outputOffset: readonly number[];
  readonly vectors: number;
  readonly lastLanes: number;
  readonly bias: Float32Array | null;
  readonly relu: boolean;
}

/** `length` columns of a row from `column` on, which are the elements of a row in chunks from `element` on. */
export type ChunkRun = readonly [column: number, element: number, length: number];

/** LaneRows of table.hpp, of depth and height. */
export interface LaneRows {
  readonly title: string;
  /** [to][from] of each axis. */
  readonly matrix: readonly [Float32Array, Float32Array];
  /** As in ShortTransform. */
  readonly structure: readonly [number, number];
  readonly from: readonly [number, number];
  readonly to: readonly [number, number];
  readonly runs: readonly ChunkRun[];
  readonly chunkLength: number;
  readonly channels: number;
  readonly lineStride: number;
  readonly channelStride: number;
  readonly rowChannelStride: number;
  readonly rows: Float32Array;
  /** Where in `rows` column 0 of channel 0 of each row lies; −1: it is null. */
  readonly rowOffset: readonly number[];
  readonly chunks: Float32Array;
}

/** `chunks` are written in place. */
export interface RowsToChunks extends LaneRows {
  /** How many there are. */
  readonly zeros: number;
}

/** `rows` are written in place. */
export interface ChunksToRows extends LaneRows {
  /** How many floats there are. */
  readonly unwanted: number;
  readonly bias: Float32Array;
  readonly relu: boolean;
}

/** LaneWidth of table.hpp; its planes hold NaNs. chunksToLanes writes `lanes` in place. */
export interface LaneWidth {
  readonly title: string;
  /** [to][from] */
  readonly matrix: Float32Array;
  readonly structure: number;
  readonly from: number;
  readonly to: number;
  readonly tiles: number;
  readonly phases: number;
  readonly channels: number;
  readonly chunkStride: number;
  readonly chunkChannelStride: number;
  readonly pointStride: number;
  readonly laneChannelStride: number;
  readonly planePitch: number;
  readonly chunks: Float32Array;
  readonly lanes: Float32Array;
}

/** `chunks` are written in place. */
export interface LanesToChunks extends LaneWidth {
  readonly bias: Float32Array | null;
  readonly relu: boolean;
}

/** `output` is written in place. */
export interface PointProducts {
  readonly title: string;
  readonly input: Float32Array;
  readonly inputPointStride: number;
  /** As many as a sum has terms. */
  readonly offset: readonly number[];
  readonly points: number;
  /** [points][terms][outputs] */
  readonly weight: Float32Array;
  readonly output: Float32Array;
  readonly outputPointStride: number;
  readonly outputChannelStride: number;
  readonly tiles: number;
}

export interface KernelTransform {
  readonly title: string;
  /** [products][taps] of each axis: depth, height, width. */
  readonly matrix: readonly [Float64Array, Float64Array, Float64Array];
  readonly taps: readonly [number, number, number];
  readonly products: readonly [number, number, number];
  /** [taps][transformWidth] */
  readonly input: Float64Array;
  /** [products][transformWidth], transformWidth + 3 apart; likewise the sums, to which absolute values are added. */
  readonly output: Float32Array;
  readonly sum: Float32Array;
}

export interface Transposition {
  readonly title: string;
  readonly input: Float32Array;
  readonly inputStride: number;
  readonly output: Float32Array;
  readonly outputStride: number;
  readonly rows: number;
  readonly columns: number;
}

/** One run of a plan of the family `candidate`. */
export interface PlanRun {
  readonly candidate: string;
  readonly title: string;
  /** As encodeShape() of lib/backend/native.ts gives it. */
  readonly shape: Int32Array;
  readonly weight: Float32Array;
  readonly bias: Float32Array | null;
  readonly isa: string;
  readonly threads: number;
  /** Of ExecutionOptions: 0 admits direct families only. */
  readonly tolerance: number;
  readonly input: Float32Array;
  readonly edge: Edge;
  /** The same layer on an input of another size, whose plan lends its packed weights. */
  readonly siblingShape?: Int32Array | undefined;
}

/** One run of a plan of a transposed convolution; the shape is as encodeTransposedShape() gives it. */
export type TransposedRun = Omit<PlanRun, 'candidate' | 'siblingShape'>;

/** A row of native/plan/short_algorithms.inc: y = A·((G·w) ∘ (B·x)). */
export interface ShortAlgorithm {
  readonly form: 'open' | 'closed';
  readonly outputs: number;
  readonly inputs: number;
  readonly taps: number;
  readonly products: number;
  /** Largest float32 error over the output's standard deviation, nested in 2-D, 512 channels of uniform data. */
  readonly error: number;
  /** [outputs][products] */
  readonly a: Float64Array;
  /** [products][inputs] */
  readonly b: Float64Array;
  /** [products][taps] */
  readonly g: Float64Array;
}

/** ShortScheme of native/plan/short_scheme.hpp; each triple is depth, height, width. */
export interface ShortScheme {
  /** Numbers in shortAlgorithms(); −1: an axis of one tap, left as it is. */
  readonly algorithms: readonly [number, number, number];
  /** Along the width. */
  readonly tapGroups: number;
  /** Outputs of a region along each axis: all, or a multiple of the algorithm's outputs times the dilation. */
  readonly region: readonly [number, number, number];
  /** Numbers in shortAlgorithms(); −1: none. */
  readonly second: readonly [number, number, number];
  /** Tiles of a phase that the first algorithm computes where there is a second. */
  readonly firstTiles: readonly [number, number, number];
}

/** LaneScheme of native/plan/lane_scheme.hpp. */
export interface LaneScheme extends Omit<ShortScheme, 'region' | 'second' | 'firstTiles'> {
  /** At most so many tiles along depth and height are worked on at a time, … */
  readonly rows: number;
  /** … and of the width so many tiles and phases. Fewer phases than there are must be whole vectors. */
  readonly tiles: number;
  readonly phases: number;
  /** The most output channels of a panel, and the most vectors of a call: a slot of point_products. */
  readonly panel: number;
  readonly vectors: number;
}

/** A piece of LaneAxis (native/plan/lane_axis.hpp). */
export interface LanePiece {
  readonly tiles: number;
  readonly phases: number;
  readonly inputColumn: number;
  readonly outputColumn: number;
  readonly inputs: readonly ChunkRun[];
  readonly outputs: readonly ChunkRun[];
}

export interface ShortFit {
  readonly algorithm: number;
  readonly tapGroups: number;
  /** −1 or left out: none. */
  readonly second?: number;
  readonly firstTiles?: number;
}

/** One plan of a scheme, run on one input after the other. */
export interface ShortRun<Scheme = ShortScheme> extends Omit<PlanRun, 'candidate' | 'tolerance' | 'input' | 'siblingShape'> {
  readonly scheme: Scheme;
  /** Of a plan that lends its transformed weights. */
  readonly sibling?: { readonly shape: Int32Array; readonly scheme: Scheme } | undefined;
  readonly inputs: readonly Float32Array[];
}

export interface ShortRunResult {
  readonly outputs: readonly Float32Array[];
  /** Of aligned memory, while the plan was made. */
  readonly allocations: number;
  /** The scheme's error figure. */
  readonly error: number;
  readonly workspaceBytes: number;
  readonly weightBytes: number;
}

export interface ShortChoice extends Omit<ShortRun, 'title' | 'edge' | 'scheme' | 'sibling' | 'inputs'> {
  readonly algorithm: Algorithm;
  readonly tolerance: number;
}

/** What could compute a problem, and with how many schemes of short algorithms. */
export interface AllPlans extends Omit<PlanRun, 'candidate' | 'title' | 'input' | 'edge' | 'siblingShape'> {
  readonly schemes: number;
}

export interface CandidatePlan {
  /** The family. */
  readonly algorithm: string;
  /** Of short algorithms with channels in lanes only. */
  readonly scheme: ShortScheme | null;
  /** The estimate that the choice goes by. */
  readonly cycles: number;
  readonly chosen: boolean;
  readonly run: (input: Float32Array, output: Float32Array) => void;
}

/** Axis of native/plan/axis.hpp. */
export interface Axis {
  readonly input: number;
  readonly output: number;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly padding: number;
}

export interface Probe {
  /** Those of this CPU, best first. */
  readonly isas: readonly string[];
  describe(isa: string): KernelDescription;
  /** The operands lie one after the other in `input`; load_tail reads `count` floats of it, store_tail writes `count` to `output`, load_inside has its first lane at `count`, of the (de)interleaving by four it is the unit. */
  vec(isa: string, operation: VecOperation, input: Float32Array, count: number, output: Float32Array, edge: Edge): void;
  transpose(isa: string, transposition: Transposition, edge: Edge): void;
  splitPhases(isa: string, split: PhaseSplit, edge: Edge): void;
  subnormalsInWorkspaces(): number;
  stridedCopy(isa: string, copy: StridedCopy, edge: Edge): void;
  /** `number`: of RunFunction. */
  mapRun(isa: string, number: number, run: RunOfTwo, edge: Edge): void;
  /** `number`: of RunOperation. */
  combineRuns(isa: string, number: number, runs: RunOfTwo & { readonly repeated: boolean }, edge: Edge): void;
  mixRuns(isa: string, runs: RunOfTwo & { readonly part: number; readonly rightPart: number }, edge: Edge): void;
  doubleRun(isa: string, run: Run, edge: Edge): void;
  kLanes(isa: string, vectors: number, pixels: number, tile: KLanesTile, edge: Edge): void;
  wLanes(isa: string, outputs: number, vectors: number, tile: WLanesTile, edge: Edge): void;
  /** `slot` 0: any size, 1: 3×3, 2: 5×5, 3: 3×3 inside, 4: 5×5 inside. */
  depthwisePixels(isa: string, slot: number, rows: number, tile: DepthwiseTile, edge: Edge): void;
  depthwiseChannels(isa: string, slot: number, rows: number, tile: DepthwiseTile, edge: Edge): void;
  shortTransform(isa: string, transform: ShortTransform, edge: Edge): void;
  rowsToChunks(isa: string, rows: RowsToChunks, edge: Edge): void;
  chunksToRows(isa: string, rows: ChunksToRows, edge: Edge): boolean;
  chunksToLanes(isa: string, width: LaneWidth, edge: Edge): void;
  lanesToChunks(isa: string, width: LanesToChunks, edge: Edge): boolean;
  pointProducts(isa: string, outputs: number, vectors: number, products: PointProducts, edge: Edge): void;
  /** [products][16] */
  transformKernels(isa: string, transform: KernelTransform, edge: Edge): void;
  multiplyAddBurst(isa: string, rounds: number): number;
  /** The name of the family that is taken. */
  choose(shape: Int32Array, weight: Float32Array, isa: string, threads: number): string;
  /** The family's estimate of its cycles, or null where it does not accept the problem. */
  cost(candidate: string, shape: Int32Array, weight: Float32Array, isa: string, threads: number): number | null;
  /** Null where the family does not accept the problem. */
  runPlan(run: PlanRun): Float32Array | null;
  /** One of each family that accepts the problem, and of the short algorithms the schemes with the lowest estimates. */
  allPlans(problem: AllPlans): CandidatePlan[];
  runTransposed(run: TransposedRun): { readonly algorithm: string; readonly output: Float32Array };
  shortAlgorithms(): ShortAlgorithm[];
  /** For each axis all that compute it. */
  shortFits(shape: Int32Array): [depth: ShortFit[], height: ShortFit[], width: ShortFit[]];
  /** What the short algorithms' family takes; null where it does not accept the problem. */
  chooseShort(problem: ShortChoice): { readonly scheme: ShortScheme; readonly error: number } | null;
  /** Throws for a scheme that does not compute the shape. */
  runShort(run: ShortRun): ShortRunResult;
  /** The same with tiles in lanes. Along the width algorithm −1 stands for a tap a group. */
  laneFits(shape: Int32Array): [depth: ShortFit[], height: ShortFit[], width: ShortFit[]];
  runLanes(run: ShortRun<LaneScheme>): ShortRunResult;
  /** The width in pieces of at most so many tiles and phases; null where the algorithm does not compute it. */
  lanePieces(width: {
    readonly axis: Axis;
    readonly algorithm: number;
    readonly tapGroups: number;
    readonly tiles: number;
    readonly phases: number;
  }): LanePiece[] | null;
  /** Modes as in native/plan/conv_shape.hpp: zeros, reflect, replicate, circular. */
  sourceElement(mode: number, coordinate: number, size: number): number;
  outputsInside(axis: Axis, tap: number): number;
  validTapFraction(axis: Axis): number;
  tapRuns(axis: Axis): [begin: number, end: number, tapBegin: number, tapEnd: number][];
  split(total: number, limit: number): { readonly largest: number; readonly parts: [begin: number, end: number, size: number][] };
}

export const probe = loadProbe();

function loadProbe(): Probe {
  const path = join(root, 'build/Release/atrous_probe.node');
  if (!existsSync(path)) throw new Error(`The kernels' tests need ${path}, which is missing: npm run build:native`);
  const loaded = createRequire(import.meta.url)(path) as Probe;
  if (!process.env.ATROUS_SANITIZED) return loaded;
  // A sanitizer makes every run several times as long, and sse2's kernels are avx2's templates at half the width.
  const { isas } = loaded;
  return { ...loaded, isas: isas.includes('avx2') ? isas.filter((isa) => isa !== 'sse2') : isas };
}
