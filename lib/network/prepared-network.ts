/** A network of one set of input sizes, ready to run: every layer planned, in an order in which each follows its inputs, and their memory. */
import { inLayer, rangeError } from '../errors.js';
import { zeros } from '../tensor.js';
import { elementCount } from '../validate.js';
import type { BuiltNode } from './builder.js';
import { type Execution, type Inputs, type LayerPlan, ofInputs } from './layer.js';
import { ConstantLayer, InputLayer } from './layers/source.js';
import { ReorderedDims } from './layers/order.js';
import { type MemoryPlan, type MemoryStep, planMemory } from './memory-plan.js';

/** The memory that a network takes at one input size, in bytes. */
export interface NetworkPlanInfo {
  /** Values between layers, which share memory where they are not needed together. */
  readonly arenaBytes: number;
  /** The outputs' own arrays. */
  readonly outputBytes: number;
  /** Scratch of the layer that needs most. */
  readonly workspaceBytes: number;
  /** Packed weights. */
  readonly weightBytes: number;
  /** What a run takes at most, beside the weights: the sum of the first three. */
  readonly peakBytes: number;
  readonly layers: readonly LayerPlanInfo[];
}

export interface LayerPlanInfo {
  readonly name: string;
  readonly kind: string;
  readonly outputDims: readonly number[];
  /** The kernels of a convolution. */
  readonly algorithm?: string;
  readonly workspaceBytes: number;
  readonly weightBytes: number;
  /** Written over an input that nobody reads afterwards; of a concatenation: of inputs that were computed where they stand in it. */
  readonly inPlace: boolean;
}

interface Step {
  readonly node: BuiltNode;
  readonly plan: LayerPlan;
  readonly inputs: readonly number[];
  readonly output: number;
}

export type SizesOf = ReadonlyMap<BuiltNode, readonly number[]>;

/** Four GiB of float32: what is larger would first exhaust the memory of what is planned for it. */
const mostElements = 2 ** 30;

/** Elements of what a layer gives. @throws {RangeError} where there are more than a network computes. */
export function valueLength(node: BuiltNode, sizes: SizesOf): number {
  const dims = sizes.get(node)!;
  const length = elementCount(`the dims of layer '${node.name}'`, dims);
  if (length > mostElements) throw rangeError(`the dims of layer '${node.name}'`, `of at most ${mostElements} elements`, dims);
  return length;
}

/** Arrays by the name of their input, or output. */
export type Arrays = ReadonlyMap<string, Float32Array>;

export class PreparedNetwork {
  readonly info: NetworkPlanInfo;
  readonly sizes: SizesOf;
  readonly outputs: ReadonlyMap<string, BuiltNode>;
  readonly #steps: readonly Step[];
  readonly #memory: MemoryPlan;
  readonly #given: readonly BuiltNode[];
  readonly #wanted: readonly (readonly [name: string, value: number, dims: readonly number[]])[];
  readonly #constants = new Map<BuiltNode, Float32Array>();

  constructor(nodes: readonly BuiltNode[], outputs: ReadonlyMap<string, BuiltNode>, sizes: SizesOf, execution: Execution) {
    this.sizes = sizes;
    this.outputs = outputs;
    const needed = neededFor(outputs.values());
    const live = nodes.filter((node) => needed.has(node));
    this.#given = live.filter(({ layer }) => layer instanceof InputLayer || layer instanceof ConstantLayer);
    const computed = live.filter((node) => !this.#given.includes(node));
    const values = new Map([...this.#given, ...computed].map((node, value) => [node, value]));
    const sizesOf = (node: BuiltNode) => sizes.get(node)!;
    const lengthOf = (node: BuiltNode) => valueLength(node, sizes);
    live.forEach(lengthOf);

    this.#steps = computed.map((node) => {
      const inputs = ofInputs(node.inputs, sizesOf);
      const plan = inLayer(node.name, node.kind, () => node.layer.plan(inputs, sizesOf(node), execution));
      return { node, plan, inputs: node.inputs.map((input) => values.get(input)!), output: values.get(node)! };
    });
    const memorySteps = this.#steps.map(({ node, inputs, output }): MemoryStep => {
      const { layer } = node;
      const dims = ofInputs(node.inputs, sizesOf);
      const overwritable = inputs.filter((_, index) => layer.overwrites?.(index, dims, sizesOf(node)) ?? false);
      const parts = layer.parts?.(dims, sizesOf(node));
      return { inputs, output, length: lengthOf(node), overwritable, alias: layer instanceof ReorderedDims, parts };
    });
    this.#wanted = Array.from(outputs, ([name, node]) => [name, values.get(node)!, sizesOf(node)] as const);
    this.#memory = planMemory(
      this.#given.map(lengthOf),
      memorySteps,
      this.#wanted.map(([, value]) => value),
    );
    for (const node of this.#given) if (node.layer instanceof ConstantLayer) this.#constants.set(node, node.layer.value.values());
    this.info = this.#describe();
  }

  /** Elements of the arena that {@link run} wants. */
  get arenaLength(): number {
    return this.#memory.arenaLength;
  }

  /** Tells `afterLayer` the name of each layer once it is computed. */
  run(inputs: Arrays, arena: Float32Array, afterLayer?: (name: string) => void): Map<string, Float32Array> {
    const { arrays, outputs } = this.#arrays(inputs, arena);
    for (const { plan, ...step } of this.#steps) {
      plan.run(...this.#operands(step, arrays));
      afterLayer?.(step.node.name);
    }
    this.#copyShared(arrays, outputs);
    return outputs;
  }

  /** Inputs and arena stay untouched until the promise settles. `signal` stops it between layers. */
  async runAsync(inputs: Arrays, arena: Float32Array, beforeLayer: () => void): Promise<Map<string, Float32Array>> {
    const { arrays, outputs } = this.#arrays(inputs, arena);
    for (const { plan, ...step } of this.#steps) {
      beforeLayer();
      const operands = this.#operands(step, arrays);
      if (plan.runAsync === undefined) plan.run(...operands);
      else await plan.runAsync(...operands);
    }
    this.#copyShared(arrays, outputs);
    return outputs;
  }

  #arrays(inputs: Arrays, arena: Float32Array): { arrays: readonly Float32Array[]; outputs: Map<string, Float32Array> } {
    const outputs = new Map(this.#wanted.map(([name, , dims]) => [name, zeros(dims, elementCount('the dims of the output', dims)).data]));
    const { buffers } = this.#memory;
    const arrayOf = (buffer: number): Float32Array => {
      const { place, length } = buffers[buffer]!;
      switch (place.kind) {
        case 'given': {
          const node = this.#given[place.value]!;
          return this.#constants.get(node) ?? inputs.get(node.name)!;
        }
        case 'output':
          return outputs.get(this.#wanted.find(([, value]) => value === place.value)![0])!;
        case 'arena':
          return arena.subarray(place.offset, place.offset + length);
        case 'part':
          return arrayOf(place.of).subarray(place.offset, place.offset + length);
      }
    };
    return { arrays: buffers.map((_, buffer) => arrayOf(buffer)), outputs };
  }

  #operands({ inputs, output }: Omit<Step, 'plan'>, arrays: readonly Float32Array[]): [Inputs<Float32Array>, Float32Array] {
    const array = (value: number) => arrays[this.#memory.bufferOf[value]!]!;
    return [ofInputs(inputs, array), array(output)];
  }

  /** Outputs that stand in another one's array, or are an input or a constant. */
  #copyShared(arrays: readonly Float32Array[], outputs: ReadonlyMap<string, Float32Array>): void {
    for (const [name, value] of this.#wanted) {
      const computed = arrays[this.#memory.bufferOf[value]!]!;
      if (computed !== outputs.get(name)) outputs.get(name)!.set(computed);
    }
  }

  #describe(): NetworkPlanInfo {
    const { bufferOf, buffers, arenaLength } = this.#memory;
    const isIn = (value: number, output: number) => {
      const { place } = buffers[bufferOf[value]!]!;
      return place.kind === 'part' && place.of === bufferOf[output];
    };
    const layers = this.#steps.map(({ node, plan, inputs, output }): LayerPlanInfo => {
      const { workspaceBytes, weightBytes, algorithm } = plan;
      return {
        name: node.name,
        kind: node.kind,
        outputDims: this.sizes.get(node)!.slice(),
        ...(algorithm === undefined ? {} : { algorithm }),
        workspaceBytes,
        weightBytes,
        inPlace: inputs.some((input) => bufferOf[input] === bufferOf[output]) || inputs.every((input) => isIn(input, output)),
      };
    });
    const arenaBytes = arenaLength * Float32Array.BYTES_PER_ELEMENT;
    const outputBytes = this.#wanted.reduce((sum, [, , dims]) => sum + elementCount('the dims of the output', dims) * 4, 0);
    const workspaceBytes = layers.reduce((most, layer) => Math.max(most, layer.workspaceBytes), 0);
    const weightBytes = layers.reduce((sum, layer) => sum + layer.weightBytes, 0);
    return { arenaBytes, outputBytes, workspaceBytes, weightBytes, peakBytes: arenaBytes + outputBytes + workspaceBytes, layers };
  }
}

/** The nodes that these are computed from, and they themselves. */
export function neededFor(nodes: Iterable<BuiltNode>): ReadonlySet<BuiltNode> {
  const needed = new Set<BuiltNode>(nodes);
  // A set gives what is added while it is walked.
  for (const node of needed) for (const input of node.inputs) needed.add(input);
  return needed;
}
