/** Models that are damaged, contradict themselves, or ask for what there is not: an error that says what, in bounded time and memory. */
import { describe, expect, it } from 'vitest';
import { concatenate, messageField, textField, varintField } from '../../../bench/onnx/wire.js';
import type { Network } from '../../../lib/network/network.js';
import { fromOnnx } from '../../../lib/network/onnx/from-onnx.js';
import { Random } from '../../support/random.js';
import { floats, int64s, model, type ModelParts, node, raw, typed, valueInfo } from './model.js';

function failure(bytes: unknown, use: (network: Network) => void = () => undefined): { code: string; message: string } {
  try {
    use(fromOnnx(bytes as Uint8Array));
  } catch (error) {
    const { code = 'none', message } = error as Error & { code?: string };
    return { code, message };
  }
  return { code: 'no error', message: '' };
}

const relu = node('Relu', ['x'], ['y'], {}, 'act');
const inputs = { x: [1, 1, 4] };
const withNodes = (nodes: readonly Uint8Array[], more: Partial<ModelParts> = {}) => failure(model({ inputs, nodes, ...more }));

/** A model with one of everything: what is cut and mutated. */
const small = model({
  inputs: { x: ['n', 2, 'h', 'w'] },
  nodes: [
    node('Conv', ['x', 'w', 'b'], ['c'], { kernel_shape: [3, 3], pads: [1, 1, 1, 1], dilations: [1, 1] }, 'conv'),
    node('BatchNormalization', ['c', 'b', 'b', 'b', 'v'], ['n'], { epsilon: { float: 1e-5 } }, 'norm'),
    node('Relu', ['n'], ['r']),
    node('MaxPool', ['r'], ['p'], { kernel_shape: [2, 2], strides: [2, 2], ceil_mode: 1 }),
    node('Shape', ['x'], ['shape']),
    node('Slice', ['shape', 'two', 'four'], ['back']),
    node('Concat', ['front', 'back'], ['target'], { axis: 0 }),
    node('Resize', ['p', '', '', 'target'], ['u'], { mode: 'linear', coordinate_transformation_mode: 'pytorch_half_pixel' }),
    node('Concat', ['u', 'r'], ['k'], { axis: 1 }),
    node('Constant', [], ['one'], { value: { tensor: floats('', [1, 1, 1, 1], [2]) } }),
    node('Mul', ['k', 'one'], ['y']),
  ],
  initializers: [
    floats('w', [2, 2, 3, 3], new Random(1).floats(36)),
    typed('b', [2], 'float', [0, 1]),
    typed('v', [2], 'float16', [0x3c00, 0x3c00]),
    int64s('front', [1, 2]),
    typed('two', [1], 'int64', [2]),
    int64s('four', [4]),
  ],
});

/** Runs it at sizes that it takes, where it gives no more than a million elements. */
function run(network: Network): void {
  const dims = network.inputs.map((input) => [input.name, input.dims.map((size) => size ?? 6)] as const);
  const outputs = network.outputDims(Object.fromEntries(dims));
  const elements = (sizes: readonly number[]) => sizes.reduce((product, size) => product * size, 1);
  if ([...dims.map(([, sizes]) => sizes), ...Object.values(outputs)].some((sizes) => elements(sizes) > 1e6)) return;
  network.run(Object.fromEntries(dims.map(([name, sizes]) => [name, { data: new Float32Array(elements(sizes)), dims: sizes }])));
}

describe('bytes', () => {
  it.each([[undefined], ['model.onnx'], [[8, 8]], [new ArrayBuffer(8)], [new Float32Array(4)]])('%j are no Uint8Array', (bytes) => {
    expect(failure(bytes)).toMatchObject({ code: 'ERR_ATROUS_ARGUMENT_TYPE', message: expect.stringContaining('Expected bytes to be a Uint8Array') as string }); // prettier-ignore
  });

  it('may be a part of a larger buffer, a Buffer too, and may change afterwards', () => {
    const larger = new Uint8Array(small.length + 7);
    larger.set(small, 3);
    const nodes = [node('Add', ['x', 'c'], ['y'])];
    const bytes = Buffer.from(model({ inputs, nodes, initializers: [floats('c', [4], [1, 2, 3, 4])] }));
    const network = fromOnnx(bytes);
    bytes.fill(0);
    expect(Array.from(network.run({ x: { data: new Float32Array(4), dims: [1, 1, 4] } }).y!.data)).toEqual([1, 2, 3, 4]);
    expect(failure(larger.subarray(3, 3 + small.length)).code).toBe('ERR_ATROUS_ONNX_UNSUPPORTED');
  });

  it('cut at any place are an error', () => {
    const bytes = model({ inputs, nodes: [relu], initializers: [floats('w', [2], [1, 2])] });
    expect(failure(bytes).code).toBe('no error');
    for (let length = 0; length < bytes.length; length++)
      expect(failure(bytes.subarray(0, length)).code, `cut at ${length}`).toBe('ERR_ATROUS_ONNX');
  });

  it('of all kinds of messages, cut, are an error or what is not supported', () => {
    for (let length = 0; length < small.length; length++) expect(failure(small.subarray(0, length)).code).toMatch(/^ERR_ATROUS_ONNX/);
  });

  it('with random changes give a network or an error, which run or fail to', () => {
    const random = new Random(7);
    const codes = new Map<string, number>();
    for (let turn = 0; turn < 3000; turn++) {
      const bytes = small.slice();
      for (let change = random.integer(1, 4); change > 0; change--) {
        bytes[random.integer(0, bytes.length - 1)] =
          random.integer(0, 2) === 0 ? random.integer(0, 255) : [0, 1, 127, 128, 255][random.integer(0, 4)]!;
      }
      const { code, message } = failure(bytes, run);
      codes.set(code, (codes.get(code) ?? 0) + 1);
      expect(code, `turn ${turn}: ${message}`).toMatch(/^ERR_ATROUS_(ONNX|ARGUMENT|OUT_OF_MEMORY)|^no error$/);
    }
    // Most bytes are those of weights and names.
    expect(codes.get('ERR_ATROUS_ONNX')).toBeGreaterThan(300);
  });

  it('that are random are an error', () => {
    const random = new Random(3);
    for (let turn = 0; turn < 2000; turn++) {
      const bytes = Uint8Array.from({ length: random.integer(0, 60) }, () => random.integer(0, 255));
      expect(failure(bytes).code).toBe('ERR_ATROUS_ONNX');
    }
  });

  it('with groups nested deeply are an error, not an overflow of the stack', () => {
    expect(failure(new Uint8Array(100_000).fill(3 * 8 + 3)).code).toBe('ERR_ATROUS_ONNX');
  });
});

describe('sizes that lie', () => {
  it.each([
    ['more elements than there are', floats('w', [3], [1, 2]), "initializer 'w' to hold 3 elements"],
    ['a product beyond 2^53', floats('w', [2 ** 31, 2 ** 31, 2 ** 31], [1]), 'to be sizes'],
    ['a terabyte', floats('w', [2 ** 38], [1]), 'to hold 274877906944 elements'],
    [
      'a negative size',
      concatenate([floats('w', [1], [1]), Uint8Array.of(8, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1)]),
      'to be sizes',
    ],
    ['half an element', raw('w', [1], 'float', new Uint8Array(3)), 'elements of 4 bytes, received 3'],
  ])('%s', (_, initializer, message) => {
    expect(withNodes([relu], { initializers: [initializer] })).toMatchObject({ code: 'ERR_ATROUS_ONNX', message: expect.stringContaining(message) as string }); // prettier-ignore
  });

  it('of empty tensors may be as large as they like, and fill nothing', () => {
    const empty = floats('e', [2 ** 30, 0], []);
    const nodes = [node('Transpose', ['e'], ['t']), node('Concat', ['t', 't'], ['k'], { axis: 0 }), node('Gather', ['k', 'i'], ['y'])];
    expect(withNodes(nodes, { initializers: [empty, int64s('i', [0])], inputs: {} }).code).toMatch(/^ERR_ATROUS_ONNX|no error/);
  });

  it('of what is filled or broadcast at load are bounded', () => {
    const fill = node('ConstantOfShape', ['s'], ['y']);
    expect(withNodes([fill], { initializers: [int64s('s', [2 ** 20, 2 ** 20])] })).toMatchObject({ code: 'ERR_ATROUS_ONNX_UNSUPPORTED' });
    const outer = [floats('a', [5000, 1], new Float32Array(5000)), floats('b', [5000], new Float32Array(5000))];
    expect(withNodes([node('Add', ['a', 'b'], ['y'])], { initializers: outer })).toMatchObject({ code: 'ERR_ATROUS_ONNX_UNSUPPORTED' });
  });
});

describe('graphs that contradict themselves', () => {
  const chain = Array.from({ length: 20_000 }, (_, index) =>
    node('Relu', [index === 0 ? 'x' : `t${index}`], [index === 19_999 ? 'y' : `t${index + 1}`]),
  );

  it.each([
    [
      'a circle',
      [node('Add', ['x', 'y'], ['a'], {}, 'one'), node('Relu', ['a'], ['y'], {}, 'two')],
      "'one' and 'two' read each other's results",
    ],
    ['a node that reads itself', [node('Relu', ['y'], ['y'], {}, 'self')], 'in a circle'],
    [
      'an input from nowhere',
      [node('Conv', ['x', 'lost'], ['y'], {}, 'c')],
      "Node 'c' (Conv): it reads 'lost', which no input, initializer or node gives",
    ],
    ['an output from nowhere', [node('Relu', ['x'], ['z'])], "No input, initializer or node gives the output 'y'"],
    ['two nodes that give the same', [relu, relu], "two nodes that give 'y'"],
    ['a node that gives an input', [node('Relu', ['x'], ['x']), relu], 'circle'],
    ['no inputs', [node('Relu', [], ['y'], {}, 'act')], "Node 'act' (Relu): input 0 is missing"],
    [
      'an attribute of another type',
      [node('LeakyRelu', ['x'], ['y'], { alpha: 1 }, 'act')],
      "the attribute 'alpha' has type 2, expected 1",
    ],
    ['an axis that is none', [node('Concat', ['x'], ['y'], { axis: 3 })], '(Concat): Expected axis to be an integer ≤ 2, received 3'],
  ])('%s', (_, nodes, message) => {
    expect(withNodes(nodes)).toMatchObject({ code: 'ERR_ATROUS_ONNX', message: expect.stringContaining(message) as string });
  });

  it.each([
    ['float32', floats('w', [1, 3, 2], new Float32Array(6))],
    ['float16', raw('w', [1, 3, 2], 'float16', new Uint8Array(12))],
  ])('weights of %s that do not fit', (_, weight) => {
    expect(withNodes([node('Conv', ['x', 'w'], ['y'], {}, 'c')], { initializers: [weight] })).toEqual({
      code: 'ERR_ATROUS_ONNX',
      message: "Node 'c' (Conv): Expected the input[1] (channels) to be 3 (3 of the weight × 1 groups), received 1",
    });
  });

  it('nodes may stand in any order, in chains of any length, under one name', () => {
    const network = fromOnnx(model({ inputs, nodes: [...chain].reverse() }));
    expect(network.report()).toHaveLength(20_001);
    const twice = fromOnnx(model({ inputs, nodes: [node('Relu', ['x'], ['a'], {}, 'act'), node('Sigmoid', ['a'], ['y'], {}, 'act')] }));
    expect(twice.report().map(({ name }) => name)).toEqual(['x', 'act', 'act_2']);
  });
});

describe('what is not supported', () => {
  it('is named, with its node and what is', () => {
    const { code, message } = withNodes([node('Einsum', ['x'], ['y'], {}, '/head/Einsum')]);
    expect(code).toBe('ERR_ATROUS_ONNX_UNSUPPORTED');
    expect(message).toContain("Node '/head/Einsum' (Einsum): the operator Einsum is not supported, supported are Add, AveragePool,");
    expect(withNodes([node('toString', ['x'], ['y'])]).code).toBe('ERR_ATROUS_ONNX_UNSUPPORTED');
    expect(withNodes([node('Sub', ['x', 'x'], ['y'])]).message).toContain('Sub is supported where all its inputs are constants only');
  });

  it('where nothing needs it, it is passed over', () => {
    expect(withNodes([relu, node('Einsum', ['x'], ['unread'])]).code).toBe('no error');
  });

  it.each([
    ['Resize', { mode: 'cubic' }, "the mode 'cubic' is not supported, only nearest, linear"],
    ['Resize', { coordinate_transformation_mode: 'tf_crop_and_resize' }, 'only half_pixel, pytorch_half_pixel, align_corners, asymmetric'],
    ['Pad', { mode: 'mirror' }, "the mode 'mirror' is not supported, only constant, reflect, edge, wrap"],
    ['Cast', { to: 7 }, 'data type 7'],
    ['Relu', { beta: { float: 1 } }, "the attribute 'beta' is not supported at opset 17"],
    ['Conv', {}, 'its weight (input 1) is computed by the network, supported are constants'],
    ['BatchNormalization', { training_mode: 1 }, 'training_mode = 1 is not supported, only 0'],
  ])('%s %j', (opType, attributes, message) => {
    const { code, message: got } = withNodes([node(opType, ['x', 'x', 'x', 'x', 'x'], ['y'], attributes)]);
    expect(code).toBe('ERR_ATROUS_ONNX_UNSUPPORTED');
    expect(got).toContain(message);
  });

  it('domains, opsets, data types, data elsewhere, inputs of integers', () => {
    expect(withNodes([concatenate([relu, textField(7, 'com.microsoft')])]).message).toContain("Relu of domain 'com.microsoft'");
    expect(withNodes([relu], { opset: 8 }).message).toBe('The model has opset 8, supported are 9 to 22');
    expect(withNodes([relu], { opset: 23 }).code).toBe('ERR_ATROUS_ONNX_UNSUPPORTED');
    const text = concatenate([varintField(2, 8), textField(8, 's')]);
    expect(withNodes([relu], { initializers: [text] }).message).toContain("initializer 's' has data type 8");
    const elsewhere = concatenate([floats('w', [2], []), varintField(14, 1)]);
    expect(withNodes([relu], { initializers: [elsewhere] }).message).toContain("initializer 'w' has its data in another file");
    const graph = messageField(7, messageField(1, relu), messageField(11, valueInfo('x', [1], 7)), messageField(12, valueInfo('y', [])));
    const { code, message } = failure(concatenate([messageField(8, varintField(2, 17)), graph]));
    expect([code, message]).toEqual([
      'ERR_ATROUS_ONNX_UNSUPPORTED',
      "the input 'x' has data type 7, supported are float, float16 and double",
    ]);
  });

  it('shapes that depend on open sizes say on which', () => {
    const nodes = [node('Shape', ['x'], ['s']), node('Mul', ['s', 's'], ['t']), node('Reshape', ['x', 't'], ['y'], {}, 'r')];
    const { message } = failure(model({ inputs: { x: ['n', 1, 4] }, nodes }));
    expect(message).toContain("(Mul): its value depends on axis 0 of 'x', whose size only an input tells");
  });
});
