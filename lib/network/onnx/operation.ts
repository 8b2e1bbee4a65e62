/** One node of a model as its operator reads it: attributes and inputs, each checked as it is read. */
import { modelError, unsupportedModelError } from '../../errors.js';
import { LARGEST_INTEGER } from '../../validate.js';
import type { NetworkBuilder, NetworkNode } from '../builder.js';
import { type Constant, type FloatConstant, floats, type Integer, readTensor, toNumber } from './constant.js';
import { attributeTypes, type OnnxAttribute, type OnnxNode } from './schema.js';

/** What a tensor of the model is: computed when the network runs, or known before. */
export type Value = NetworkNode | Constant;

export function isConstant(value: Value): value is Constant {
  return value.kind === 'floats' || value.kind === 'integers';
}

const text = new TextDecoder();

export class Operation {
  readonly builder: NetworkBuilder;
  readonly opset: number;
  /** Of the layer that gives the node's output. */
  readonly name: string;
  readonly inputs: readonly (Value | undefined)[];
  /** Outputs that have a name. */
  readonly outputCount: number;
  readonly #attributes: ReadonlyMap<string, OnnxAttribute>;
  readonly #read = new Set<string>();

  constructor(builder: NetworkBuilder, opset: number, node: OnnxNode, name: string, inputs: readonly (Value | undefined)[]) {
    this.builder = builder;
    this.opset = opset;
    this.name = name;
    this.inputs = inputs;
    this.outputCount = node.output.findLastIndex((output) => output !== '') + 1;
    this.#attributes = new Map(node.attribute.map((attribute) => [attribute.name, attribute]));
  }

  /** What would change the result if it were passed over. */
  requireAllRead(): void {
    const unread = Array.from(this.#attributes.keys()).find((name) => !this.#read.has(name));
    if (unread !== undefined) throw unsupportedModelError(`the attribute '${unread}' is not supported at opset ${this.opset}`);
  }

  has(name: string): boolean {
    return this.#attributes.has(name);
  }

  integer(name: string, missing: number): number {
    const attribute = this.#attribute(name, attributeTypes.int);
    return attribute === undefined ? missing : toNumber(attribute.i);
  }

  integers(name: string): number[] | undefined {
    return this.#attribute(name, attributeTypes.ints)?.ints.map(toNumber);
  }

  float(name: string, missing: number): number {
    return this.#attribute(name, attributeTypes.float)?.f ?? missing;
  }

  floats(name: string): readonly number[] | undefined {
    return this.#attribute(name, attributeTypes.floats)?.floats;
  }

  string(name: string, missing: string): string {
    const attribute = this.#attribute(name, attributeTypes.string);
    return attribute === undefined ? missing : text.decode(attribute.s);
  }

  tensor(name: string): Constant | undefined {
    const attribute = this.#attribute(name, attributeTypes.tensor);
    return attribute?.t === undefined ? undefined : readTensor(attribute.t, `the attribute '${name}'`);
  }

  /** An attribute that may only have the value that changes nothing. */
  requireInteger(name: string, only: number): void {
    const value = this.integer(name, only);
    if (value !== only) throw unsupportedModelError(`the attribute ${name} = ${value} is not supported, only ${only}`);
  }

  /** An input of the layer: constants become nodes. */
  node(index: number): NetworkNode {
    const value = this.value(index);
    if (!isConstant(value)) return value;
    return this.builder.constant(this.#requireFloats(value, index));
  }

  value(index: number): Value {
    const value = this.inputs[index];
    if (value === undefined) throw modelError(`input ${index} is missing`);
    return value;
  }

  /** The values of all inputs, as layers with any number of them take them. */
  nodes(): NetworkNode[] {
    return this.inputs.map((_, index) => this.node(index));
  }

  weights(index: number, what: string): FloatConstant {
    return this.#requireFloats(this.constant(index, what), index);
  }

  optionalWeights(index: number, what: string): FloatConstant | undefined {
    return this.inputs[index] === undefined ? undefined : this.weights(index, what);
  }

  /** {@link weights} as they stand in the file. */
  storedWeights(index: number, what: string): FloatConstant {
    return this.#requireFloats(this.#constant(index, what), index);
  }

  constant(index: number, what: string): Constant {
    const value = this.#constant(index, what);
    return value.kind === 'floats' ? floats(value.data, value.dims) : value;
  }

  #constant(index: number, what: string): Constant {
    const value = this.value(index);
    if (isConstant(value)) return value;
    throw unsupportedModelError(`its ${what} (input ${index}) is computed by the network, supported are constants`);
  }

  /** A list of integers that the opset has as an input. */
  sizes(index: number, what: string): readonly Integer[] | undefined {
    if (this.inputs[index] === undefined) return undefined;
    const constant = this.constant(index, what);
    if (constant.kind === 'integers') return constant.data;
    throw modelError(`its ${what} (input ${index}) must be integers, they are floats`);
  }

  /** The same where every one must be known. */
  knownSizes(index: number, what: string): number[] | undefined {
    return this.sizes(index, what)?.map((value) => requireKnown(value, what));
  }

  scalar(index: number, what: string): number | undefined {
    if (this.inputs[index] === undefined) return undefined;
    const { data } = this.constant(index, what);
    if (data.length !== 1) throw modelError(`its ${what} (input ${index}) must be one value, received ${data.length}`);
    return requireKnown(data[0]!, what);
  }

  #requireFloats(constant: Constant, index: number): FloatConstant {
    if (constant.kind === 'floats') return constant;
    throw unsupportedModelError(`input ${index} is a constant of integers, supported are floats`);
  }

  #attribute(name: string, type: number): OnnxAttribute | undefined {
    const attribute = this.#attributes.get(name);
    if (attribute === undefined) return undefined;
    this.#read.add(name);
    if (attribute.type !== type) throw modelError(`the attribute '${name}' has type ${attribute.type}, expected ${type}`);
    return attribute;
  }
}

export function requireKnown(value: Integer, what: string): number {
  if (typeof value === 'number') return value;
  throw unsupportedModelError(
    `its ${what} depends on axis ${value.axis} of '${value.node.name}', whose size only an input tells: export the model with fixed sizes`,
  );
}

/** Inside what an axis may be: a begin or end that lies behind every axis means its end. */
export function clampToAxis(position: number): number {
  return Math.max(-LARGEST_INTEGER, Math.min(LARGEST_INTEGER, position));
}
