/** Reads ONNX models as networks. */
import { detachedError, hasCode, modelError, typeError, unsupportedModelError } from '../../errors.js';
import { isDetached } from '../../typed-array.js';
import type { NetworkBuilder, NetworkNode } from '../builder.js';
import type { Execution, Size } from '../layer.js';
import { buildNetwork, type Network } from '../network.js';
import { readTensor, toNumber } from './constant.js';
import { decodeModel } from './decode.js';
import { foldedOperators } from './fold.js';
import { isConstant, Operation, type Value } from './operation.js';
import { layerOperators } from './operators.js';
import { dataTypes, type OnnxGraph, type OnnxModel, type OnnxNode, type OnnxValueInfo } from './schema.js';

const firstOpset = 9;
const lastOpset = 22;

/**
 * Reads an ONNX model, opset 9 to 22, as a network that computes in float32: weights may be float32, float16 or double, and casts between these
 * change nothing. Inputs and outputs keep their names; sizes that the model leaves open are unknown until an input comes.
 *
 * Shape arithmetic is computed here; batch norms and relus become part of the convolutions before them; nodes that no output needs are left
 * out. Weights are copied, so that `bytes` may be dropped.
 *
 * Operators: Add, AveragePool, BatchNormalization, Cast, Clip, Concat, Constant, Conv, ConvTranspose, Flatten, Gemm, GlobalAveragePool,
 * Identity, LeakyRelu, MaxPool, Mul, Pad, Relu, Reshape, Resize (nearest, linear), Sigmoid, Slice, Softmax, Split, Squeeze, Transpose,
 * Unsqueeze, Upsample; where all inputs are known also Ceil, ConstantOfShape, Div, Floor, Gather, Shape, Sub.
 *
 * Needs the optional dependency `@bufbuild/protobuf`, which npm installs unless told to omit optional ones. It is loaded by the first call.
 *
 * @param bytes The content of an .onnx file.
 * @param options How the network computes: see {@link buildNetwork}.
 * @throws {TypeError} ERR_ATROUS_ARGUMENT_TYPE when `bytes` is no Uint8Array.
 * @throws {RangeError} ERR_ATROUS_ONNX for bytes that are no ONNX model, or one that contradicts itself; ERR_ATROUS_ONNX_UNSUPPORTED for what is not
 *   supported: the message names the node, and what is.
 * @throws {Error} ERR_ATROUS_MISSING_PACKAGE when the optional dependency is missing.
 * @see https://onnx.ai/onnx/repo-docs/IR.html and https://onnx.ai/onnx/operators
 * @example
 * import { readFileSync } from 'node:fs';
 * const network = fromOnnx(readFileSync('model.onnx'));
 * network.inputs.map(({ name, dims }) => [name, dims]); // [['input', [null, 3, 1024, 1024]]]
 * const mask = network.run({ input: tensor(pixels, [1, 3, 1024, 1024]) }).output;
 */
export function fromOnnx(bytes: Uint8Array, options?: Execution): Network {
  if (!(bytes instanceof Uint8Array)) throw typeError('bytes', 'a Uint8Array, the content of an .onnx file', bytes);
  if (isDetached(bytes)) throw detachedError('bytes');
  // Not a Buffer, whose slice does not copy.
  const model = decodeModel(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  const { graph } = model;
  if (graph === undefined) throw modelError('Expected bytes to be an ONNX model, but they hold no graph');
  const opset = readOpset(model);
  if (graph.output.length === 0) throw modelError('The model has no outputs');
  return buildNetwork((g) => {
    new GraphReader(g, graph, opset).read();
  }, options);
}

function readOpset({ opsetImport }: OnnxModel): number {
  const version = opsetImport.find(({ domain }) => isOnnxDomain(domain))?.version;
  if (version === undefined) throw modelError('Expected bytes to be an ONNX model, but they name no opset of its operators');
  const opset = toNumber(version);
  if (opset >= firstOpset && opset <= lastOpset) return opset;
  throw unsupportedModelError(`The model has opset ${opset}, supported are ${firstOpset} to ${lastOpset}`);
}

function isOnnxDomain(domain: string): boolean {
  return domain === '' || domain === 'ai.onnx';
}

class GraphReader {
  readonly #builder: NetworkBuilder;
  readonly #graph: OnnxGraph;
  readonly #opset: number;
  readonly #values = new Map<string, Value>();
  /** How often a name was wanted for a layer. */
  readonly #wanted = new Map<string, number>();

  constructor(builder: NetworkBuilder, graph: OnnxGraph, opset: number) {
    this.#builder = builder;
    this.#graph = graph;
    this.#opset = opset;
  }

  read(): void {
    for (const tensor of this.#graph.initializer) this.#define(tensor.name, readTensor(tensor, `the initializer '${shown(tensor.name)}'`));
    const initialized = new Set(this.#values.keys());
    for (const input of this.#graph.input) {
      // Until IR version 3 initializers were listed among the inputs.
      if (!initialized.has(input.name)) this.#define(input.name, this.#input(input));
    }
    for (const node of this.#sortedNodes()) this.#readNode(node);
    for (const { name } of this.#graph.output) this.#output(name);
  }

  /** The nodes that outputs depend on, each behind those that it reads, else in the order of the file: converters append nodes at its end. */
  #sortedNodes(): OnnxNode[] {
    const producers = new Map<string, OnnxNode>();
    for (const node of this.#graph.node) {
      for (const output of node.output) {
        if (output === '') continue;
        if (producers.has(output)) throw modelError(`The model has two nodes that give '${shown(output)}'`);
        producers.set(output, node);
      }
    }
    const producersOf = (names: readonly string[]) => names.flatMap((name) => producers.get(name) ?? []);
    const needed = new Set<OnnxNode>(producersOf(this.#graph.output.map(({ name }) => name)));
    // A set gives what is added while it is walked.
    for (const node of needed) producersOf(node.input).forEach((producer) => needed.add(producer));

    const sorted = new Set<OnnxNode>();
    const entered = new Set<OnnxNode>();
    // A stack of its own: chains may be longer than the engine's.
    const stack = this.#graph.node.filter((node) => needed.has(node)).reverse();
    for (let node = stack.at(-1); node !== undefined; node = stack.at(-1)) {
      const missing = entered.has(node) ? [] : producersOf(node.input).filter((producer) => !sorted.has(producer));
      const circle = missing.find((producer) => producer === node || entered.has(producer));
      if (circle !== undefined)
        throw modelError(`The nodes '${shown(nameOf(circle))}' and '${shown(nameOf(node))}' read each other's results, in a circle`);
      entered.add(node);
      if (missing.length > 0) stack.push(...missing.reverse());
      else sorted.add(stack.pop()!);
    }
    return Array.from(sorted);
  }

  #input({ name, type }: OnnxValueInfo): NetworkNode {
    const tensor = type?.tensorType;
    const what = `the input '${shown(name)}'`;
    if (tensor?.shape === undefined) throw unsupportedModelError(`${what} is no tensor with a number of axes`);
    const isFloat = [dataTypes.float, dataTypes.float16, dataTypes.double].some((known) => known === tensor.elemType);
    if (!isFloat) throw unsupportedModelError(`${what} has data type ${tensor.elemType}, supported are float, float16 and double`);
    const dims = tensor.shape.dim.map(({ dimValue, dimParam }): Size => {
      const size = toNumber(dimValue);
      // A size that is left open has a name, or nothing, or −1.
      return dimParam !== '' || size <= 0 ? null : size;
    });
    if (dims.length > mostAxes) throw modelError(`${what} has ${dims.length} axes, supported are ${mostAxes}`);
    return inModel(what, () => this.#builder.input(name, dims));
  }

  #readNode(node: OnnxNode): void {
    const { opType, domain, output } = node;
    const where = `Node '${shown(nameOf(node))}' (${shown(opType)})`;
    const isKnown = isOnnxDomain(domain) && (Object.hasOwn(layerOperators, opType) || Object.hasOwn(foldedOperators, opType));
    if (!isKnown) {
      const full = isOnnxDomain(domain) ? '' : ` of domain '${shown(domain)}'`;
      const supported = Array.from(new Set([...Object.keys(layerOperators), ...Object.keys(foldedOperators)])).sort();
      throw unsupportedModelError(`${where}: the operator ${shown(opType)}${full} is not supported, supported are ${supported.join(', ')}`);
    }
    const values = inModel(where, () => {
      const inputs = node.input.map((name) => this.#inputValue(name));
      const operation = new Operation(this.#builder, this.#opset, node, this.#layerName(node), inputs);
      const results = this.#compute(operation, opType);
      operation.requireAllRead();
      return results;
    });
    output.forEach((name, index) => {
      const value = values[index];
      if (name === '') return;
      if (value === undefined) throw unsupportedModelError(`${where}: its output ${index} is not supported`);
      this.#define(name, value);
    });
  }

  #compute(operation: Operation, opType: string): readonly Value[] {
    const isKnown = operation.inputs.length > 0 && operation.inputs.every((value) => value === undefined || isConstant(value));
    const fold = Object.hasOwn(foldedOperators, opType) ? foldedOperators[opType] : undefined;
    if (fold !== undefined && (isKnown || opType === 'Shape')) return [fold(operation)];
    const layer = Object.hasOwn(layerOperators, opType) ? layerOperators[opType] : undefined;
    if (layer === undefined) throw unsupportedModelError(`the operator ${opType} is supported where all its inputs are constants only`);
    const result = layer(operation);
    return Array.isArray(result) ? (result as readonly Value[]) : [result as Value];
  }

  #inputValue(name: string): Value | undefined {
    if (name === '') return undefined;
    const value = this.#values.get(name);
    if (value !== undefined) return value;
    throw modelError(`it reads '${shown(name)}', which no input, initializer or node gives`);
  }

  #define(name: string, value: Value): void {
    if (this.#values.has(name)) throw modelError(`The model has two tensors of the name '${shown(name)}'`);
    this.#values.set(name, value);
  }

  /** The node's own name, or that of its output, with a number where it is taken. */
  #layerName(node: OnnxNode): string {
    const wanted = nameOf(node);
    let number = this.#wanted.get(wanted) ?? 0;
    let name: string;
    do name = ++number === 1 ? wanted : `${wanted}_${number}`;
    while (this.#builder.hasLayer(name));
    this.#wanted.set(wanted, number);
    return name;
  }

  #output(name: string): void {
    const value = this.#values.get(name);
    if (value === undefined) throw modelError(`No input, initializer or node gives the output '${shown(name)}'`);
    inModel(`the output '${shown(name)}'`, () => {
      if (!isConstant(value)) this.#builder.output(value, name);
      else if (value.kind === 'floats') this.#builder.output(this.#builder.constant(value), name);
      else throw unsupportedModelError('integers are not supported as an output');
    });
  }
}

function nameOf({ name, output, opType }: OnnxNode): string {
  return name !== '' ? name : (output.find((given) => given !== '') ?? opType);
}

/** More than any format has. */
const mostAxes = 64;

function shown(name: string): string {
  return name.length > 80 ? `${name.slice(0, 79)}…` : name;
}

/** Lets errors say where in the model they arose; those of the builder become the model's. */
function inModel<Result>(where: string, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    if (!hasCode(error)) throw error;
    if (error.code === 'ERR_ATROUS_OUT_OF_MEMORY') throw error;
    const message = `${where}: ${error.message.replace(/^Layer '.*?' \(\w+\): /, '')}`;
    throw error.code === 'ERR_ATROUS_ONNX_UNSUPPORTED' ? unsupportedModelError(message) : modelError(message, error);
  }
}
