/** Every operator, at each opset that changed it: small inputs whose outputs can be worked out by hand, or stand in the ONNX specification. */
import { describe, expect, it } from 'vitest';
import { fromOnnx } from '../../../lib/network/onnx/from-onnx.js';
import type { FloatTensor } from '../../../lib/types.js';
import { tensorOf } from '../layers/run-layer.js';
import { floats, int64s, model, node, runNode, typed } from './model.js';

const range = (dims: readonly number[], first = 1): FloatTensor => {
  const length = dims.reduce((product, size) => product * size, 1);
  return { data: Float32Array.from({ length }, (_, index) => index + first), dims };
};
const values = ({ data }: FloatTensor): number[] => Array.from(data);
const rounded = ({ data }: FloatTensor): number[] => Array.from(data, (value) => Math.round(value * 1e4) / 1e4);

describe('Conv', () => {
  const x = range([1, 1, 5]);
  const weights = { initializers: [floats('w', [1, 1, 2], [1, 10]), floats('b', [1], [0.5])], names: ['w', 'b'] };

  it.each([
    [{}, [21.5, 32.5, 43.5, 54.5]],
    [{ kernel_shape: [2], dilations: [2] }, [31.5, 42.5, 53.5]],
    [{ strides: [2], pads: [1, 0] }, [10.5, 32.5, 54.5]],
    [{ auto_pad: 'SAME_UPPER' }, [21.5, 32.5, 43.5, 54.5, 5.5]],
    [{ auto_pad: 'SAME_LOWER' }, [10.5, 21.5, 32.5, 43.5, 54.5]],
    [{ auto_pad: 'VALID', strides: [3] }, [21.5, 54.5]],
  ])('%j', (attributes, expected) => {
    expect(values(runNode(x, 'Conv', attributes, weights))).toEqual(expected);
    expect(values(runNode(x, 'Conv', attributes, { ...weights, opset: 9, open: true }))).toEqual(expected);
  });

  it('has groups', () => {
    const grouped = { initializers: [floats('w', [2, 1, 1], [10, 100])], names: ['w'] };
    expect(values(runNode(range([1, 2, 2]), 'Conv', { group: 2 }, grouped))).toEqual([10, 20, 300, 400]);
  });

  it.each([
    ['float', [1, 10]],
    ['double', [1, 10]],
    // 1 and 10 as halves.
    ['float16', [0x3c00, 0x4900]],
  ] as const)('has weights in the typed field of %s', (type, stored) => {
    const weight = { initializers: [typed('w', [1, 1, 2], type, stored)], names: ['w'] };
    expect(values(runNode(x, 'Conv', {}, weight))).toEqual([21, 32, 43, 54]);
  });
});

describe('ConvTranspose', () => {
  const x = range([1, 1, 3]);
  const weights = { initializers: [floats('w', [1, 1, 3], [1, 10, 100])], names: ['w'] };

  it.each([
    [{}, [1, 12, 123, 230, 300]],
    [{ strides: [2] }, [1, 10, 102, 20, 203, 30, 300]],
    [{ strides: [2], pads: [1, 1], output_padding: [1] }, [10, 102, 20, 203, 30, 300]],
    // 7 − 6: one is cut, at the beginning unless SAME_UPPER.
    [{ strides: [2], output_shape: [6] }, [10, 102, 20, 203, 30, 300]],
    [{ strides: [2], output_shape: [6], auto_pad: 'SAME_UPPER' }, [1, 10, 102, 20, 203, 30]],
    [{ strides: [2], auto_pad: 'SAME_UPPER' }, [1, 10, 102, 20, 203, 30]],
    [{ strides: [2], auto_pad: 'SAME_LOWER' }, [10, 102, 20, 203, 30, 300]],
    [{ dilations: [2] }, [1, 2, 13, 20, 130, 200, 300]],
  ])('%j', (attributes, expected) => {
    expect(values(runNode(x, 'ConvTranspose', attributes, weights))).toEqual(expected);
  });

  it('fills up to input · stride behind what a short kernel reaches', () => {
    const short = { initializers: [floats('w', [1, 1, 1], [10])], names: ['w'] };
    expect(values(runNode(x, 'ConvTranspose', { strides: [3], auto_pad: 'SAME_UPPER' }, short))).toEqual([10, 0, 0, 20, 0, 0, 30, 0, 0]);
  });
});

describe('pools', () => {
  const x = { data: Float32Array.of(3, 1, 2, 5, 4), dims: [1, 1, 5] };

  it.each([
    [{ kernel_shape: [2] }, [3, 2, 5, 5]],
    [{ kernel_shape: [2], strides: [2] }, [3, 5]],
    [{ kernel_shape: [2], strides: [2], ceil_mode: 1 }, [3, 5, 4]],
    [{ kernel_shape: [2], dilations: [2] }, [3, 5, 4]],
    [{ kernel_shape: [3], strides: [2], auto_pad: 'SAME_UPPER' }, [3, 5, 5]],
  ])('MaxPool %j', (attributes, expected) => {
    expect(values(runNode(x, 'MaxPool', attributes))).toEqual(expected);
  });

  it.each([
    [{ kernel_shape: [2] }, [2, 1.5, 3.5, 4.5]],
    [{ kernel_shape: [2], strides: [2], pads: [1, 0] }, [3, 1.5, 4.5]],
    [{ kernel_shape: [2], strides: [2], pads: [1, 0], count_include_pad: 1 }, [1.5, 1.5, 4.5]],
    [{ kernel_shape: [2], strides: [2], ceil_mode: 1 }, [2, 3.5, 4]],
    [{ kernel_shape: [2], dilations: [3] }, [4, 2.5]],
  ])('AveragePool %j', (attributes, expected) => {
    expect(values(runNode(x, 'AveragePool', attributes, { opset: 19 }))).toEqual(expected);
  });

  it('GlobalAveragePool', () => {
    const y = runNode(range([1, 2, 2, 2]), 'GlobalAveragePool');
    expect([y.dims, values(y)]).toEqual([
      [1, 2, 1, 1],
      [2.5, 6.5],
    ]);
  });
});

describe('functions of one element', () => {
  const x = { data: Float32Array.of(-2, -0.5, 0, 3), dims: [1, 1, 4] };

  it.each([
    ['Relu', {}, [0, 0, 0, 3]],
    ['LeakyRelu', { alpha: { float: 0.25 } }, [-0.5, -0.125, 0, 3]],
    ['LeakyRelu', {}, [-0.02, -0.005, 0, 3]],
    ['Sigmoid', {}, [0.1192, 0.3775, 0.5, 0.9526]],
    ['Identity', {}, [-2, -0.5, 0, 3]],
    ['Cast', { to: 10 }, [-2, -0.5, 0, 3]],
  ] as const)('%s %j', (opType, attributes, expected) => {
    expect(rounded(runNode(x, opType, attributes))).toEqual(expected);
  });

  it('Clip: bounds are attributes until opset 10, then inputs that may be left out', () => {
    expect(values(runNode(x, 'Clip', { min: { float: -1 }, max: { float: 2 } }, { opset: 9 }))).toEqual([-1, -0.5, 0, 2]);
    expect(values(runNode(x, 'Clip', { max: { float: 2 } }, { opset: 10 }))).toEqual([-2, -0.5, 0, 2]);
    expect(values(runNode(x, 'Clip', {}, { initializers: [floats('max', [], [2])], names: ['', 'max'] }))).toEqual([-2, -0.5, 0, 2]);
    expect(values(runNode(x, 'Clip'))).toEqual([-2, -0.5, 0, 3]);
  });

  it('Softmax: of one axis since opset 13, of all from an axis on before', () => {
    const pair = { data: Float32Array.of(0, Math.log(3), 0, Math.log(4)), dims: [1, 2, 2] };
    expect(rounded(runNode(pair, 'Softmax'))).toEqual([0.25, 0.75, 0.2, 0.8]);
    expect(rounded(runNode(pair, 'Softmax', { axis: 1 }))).toEqual([0.5, 0.4286, 0.5, 0.5714]);
    expect(rounded(runNode(pair, 'Softmax', {}, { opset: 12 }))).toEqual([0.1111, 0.3333, 0.1111, 0.4444]);
    expect(rounded(runNode(pair, 'Softmax', { axis: 2 }, { opset: 12 }))).toEqual([0.25, 0.75, 0.2, 0.8]);
  });

  it('BatchNormalization', () => {
    const parts = ['scale', 'bias', 'mean', 'variance'];
    const initializers = [[2, 1], [1, 0], [3, 0], [4, 1]].map((pair, index) => floats(parts[index]!, [2], pair)); // prettier-ignore
    const y = runNode(
      range([1, 2, 2]),
      'BatchNormalization',
      { epsilon: { float: 0 }, momentum: { float: 0.5 } },
      { initializers, names: parts },
    );
    expect(values(y)).toEqual([-1, 0, 3, 4]);
  });
});

describe('Add, Mul, Concat, Gemm', () => {
  it('broadcast constants and nodes', () => {
    const x = range([1, 2, 2]);
    const side = { initializers: [floats('c', [2, 1], [10, 20])], names: ['c'] };
    expect(values(runNode(x, 'Add', {}, side))).toEqual([11, 12, 23, 24]);
    expect(values(runNode(x, 'Mul', {}, side))).toEqual([10, 20, 60, 80]);
    expect(values(runNode(x, 'Mul', {}, { names: ['x'] }))).toEqual([1, 4, 9, 16]);
  });

  it('Concat along any axis', () => {
    const x = range([1, 2, 2]);
    expect(values(runNode(x, 'Concat', { axis: 1 }, { names: ['x'] }))).toEqual([1, 2, 3, 4, 1, 2, 3, 4]);
    expect(values(runNode(x, 'Concat', { axis: -1 }, { names: ['x'] }))).toEqual([1, 2, 1, 2, 3, 4, 3, 4]);
  });

  it('Gemm: α·A·B + β·C', () => {
    const x = range([1, 2]);
    const parts = { initializers: [floats('b', [2, 3], [1, 2, 3, 10, 20, 30]), floats('c', [3], [1, 2, 3])], names: ['b', 'c'] };
    expect(values(runNode(x, 'Gemm', { alpha: { float: 2 }, beta: { float: 100 } }, parts))).toEqual([142, 284, 426]);
    const other = { initializers: [floats('b', [3, 2], [1, 10, 2, 20, 3, 30])], names: ['b'] };
    expect(values(runNode(x, 'Gemm', { transB: 1 }, other))).toEqual([21, 42, 63]);
    expect(values(runNode(x, 'Gemm', { transB: 1 }, { initializers: [...other.initializers, floats('c', [], [5])], names: ['b', 'c'] }))).toEqual([26, 47, 68]); // prettier-ignore
  });
});

describe('shapes', () => {
  const x = range([1, 2, 3]);

  it('Flatten, Reshape, Transpose, Squeeze, Unsqueeze', () => {
    expect(runNode(x, 'Flatten').dims).toEqual([1, 6]);
    expect(runNode(x, 'Flatten', { axis: -1 }).dims).toEqual([2, 3]);
    expect(runNode(x, 'Reshape', {}, { initializers: [int64s('s', [0, 3, -1])], names: ['s'] }).dims).toEqual([1, 3, 2]);
    const turned = runNode(x, 'Transpose', { perm: [0, 2, 1] });
    expect([turned.dims, values(turned)]).toEqual([
      [1, 3, 2],
      [1, 4, 2, 5, 3, 6],
    ]);
    expect(runNode(x, 'Transpose').dims).toEqual([3, 2, 1]);
    expect(runNode(x, 'Squeeze', { axes: [0] }, { opset: 11 }).dims).toEqual([2, 3]);
    expect(runNode(x, 'Squeeze').dims).toEqual([2, 3]);
    expect(runNode(x, 'Unsqueeze', { axes: [0, -1] }, { opset: 11 }).dims).toEqual([1, 1, 2, 3, 1]);
    expect(runNode(x, 'Unsqueeze', {}, { initializers: [int64s('a', [2])], names: ['a'] }).dims).toEqual([1, 2, 1, 3]);
  });

  it('Slice: attributes until opset 9, inputs since, the largest int64 for the end', () => {
    expect(values(runNode(x, 'Slice', { starts: [1], ends: [2 ** 62], axes: [2] }, { opset: 9 }))).toEqual([2, 3, 5, 6]);
    const lists = { s: [-2, 0], e: [2 ** 62, 2], a: [-1, 1], t: [1, 2] };
    const initializers = Object.entries(lists).map(([name, list]) => int64s(name, list));
    expect(values(runNode(x, 'Slice', {}, { initializers, names: ['s', 'e', 'a', 't'] }))).toEqual([2, 3]);
  });

  it.each([
    [11, { split: [1, 2] }, {}],
    [17, {}, { initializers: [int64s('s', [1, 2])], names: ['s'] }],
  ])('Split at opset %i', (opset, attributes, { initializers = [], names = [] }: { initializers?: Uint8Array[]; names?: string[] }) => {
    const nodes = [node('Split', ['x', ...names], ['a', 'b'], { axis: 2, ...attributes })];
    const y = fromOnnx(model({ opset, inputs: { x: [1, 2, 3] }, nodes, initializers, outputs: ['a', 'b'] })).run({ x });
    expect([values(y.a!), values(y.b!)]).toEqual([
      [1, 4],
      [2, 3, 5, 6],
    ]);
  });

  it('Split into equal parts, the last one smaller', () => {
    const nodes = [node('Split', ['x'], ['a', 'b'], { axis: -1, num_outputs: 2 })];
    const y = fromOnnx(model({ opset: 18, inputs: { x: [1, 2, 3] }, nodes, outputs: ['a', 'b'] })).run({ x });
    expect([y.a!.dims, y.b!.dims]).toEqual([
      [1, 2, 2],
      [1, 2, 1],
    ]);
  });

  it.each([
    ['constant', [0, 1, 2, 3, 0, 0]],
    ['reflect', [2, 1, 2, 3, 2, 1]],
    ['edge', [1, 1, 2, 3, 3, 3]],
    ['wrap', [3, 1, 2, 3, 1, 2]],
  ])('Pad %s', (mode, expected) => {
    const pads = { initializers: [int64s('p', [0, 0, 1, 0, 0, 2])], names: ['p'], opset: 19 };
    expect(values(runNode(range([1, 1, 3]), 'Pad', { mode }, pads))).toEqual(expected);
  });

  it('Pad with a value, cuts, and chosen axes', () => {
    const one = range([1, 1, 3]);
    expect(values(runNode(one, 'Pad', { pads: [0, 0, 1, 0, 0, -1], value: { float: 7 } }, { opset: 9 }))).toEqual([7, 1, 2]);
    const inputs = [int64s('p', [-1, 2]), floats('v', [], [7]), int64s('a', [-1])];
    expect(values(runNode(one, 'Pad', {}, { initializers: inputs, names: ['p', 'v', 'a'], opset: 18 }))).toEqual([2, 3, 7, 7]);
  });
});

describe('Resize', () => {
  const square = range([1, 1, 2, 2]);
  const scales = (...list: number[]) => ({ initializers: [floats('s', [4], [1, 1, ...list])], names: ['', 's'] });
  const sizes = (...list: number[]) => ({ initializers: [int64s('s', [1, 1, ...list])], names: ['', '', 's'] });

  // From the ONNX specification of Resize.
  it.each([
    [{ mode: 'nearest' }, scales(2, 3), [1, 1, 1, 2, 2, 2, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4, 3, 3, 3, 4, 4, 4]],
    [{ mode: 'linear' }, scales(2, 2), [1, 1.25, 1.75, 2, 1.5, 1.75, 2.25, 2.5, 2.5, 2.75, 3.25, 3.5, 3, 3.25, 3.75, 4]],
    [
      { mode: 'linear', coordinate_transformation_mode: 'align_corners' },
      scales(2, 2),
      [1, 1.3333, 1.6667, 2, 1.6667, 2, 2.3333, 2.6667, 2.3333, 2.6667, 3, 3.3333, 3, 3.3333, 3.6667, 4],
    ],
    [
      { mode: 'linear', coordinate_transformation_mode: 'asymmetric' },
      scales(2, 2),
      [1, 1.5, 2, 2, 2, 2.5, 3, 3, 3, 3.5, 4, 4, 3, 3.5, 4, 4],
    ],
    [{ mode: 'linear', coordinate_transformation_mode: 'pytorch_half_pixel' }, sizes(1, 3), [1, 1.5, 2]],
  ])('%j', (attributes, target, expected) => {
    expect(rounded(runNode(square, 'Resize', attributes, target))).toEqual(expected);
    // Sizes say how large the batch is, so that it can't be open.
    expect(rounded(runNode(square, 'Resize', attributes, { ...target, opset: 11, open: target.names.length === 2 }))).toEqual(expected);
  });

  it('nearest: floor, ceil and both roundings of halves', () => {
    const row = range([1, 1, 1, 4]);
    const nearest = (nearest_mode: string) =>
      values(runNode(row, 'Resize', { nearest_mode, coordinate_transformation_mode: 'asymmetric' }, scales(1, 0.5)));
    expect(nearest('floor')).toEqual([1, 3]);
    const doubled = (nearest_mode: string) =>
      values(runNode(range([1, 1, 1, 2]), 'Resize', { nearest_mode, coordinate_transformation_mode: 'asymmetric' }, scales(1, 2)));
    expect(doubled('floor')).toEqual([1, 1, 2, 2]);
    expect(doubled('ceil')).toEqual([1, 2, 2, 2]);
    expect(doubled('round_prefer_floor')).toEqual([1, 1, 2, 2]);
    expect(doubled('round_prefer_ceil')).toEqual([1, 2, 2, 2]);
  });

  it('opset 10: from the origin, the upper neighbour where it shortens', () => {
    const x = range([1, 1, 2, 4]);
    const one = (...list: number[]) => ({ initializers: [floats('s', [4], [1, 1, ...list])], names: ['s'], opset: 10 });
    // resize_downsample_scales_nearest of ONNX's own tests at opset 10.
    expect(values(runNode(x, 'Resize', { mode: 'nearest' }, one(0.6, 0.6)))).toEqual([1, 3]);
    expect(values(runNode(square, 'Upsample', { mode: 'nearest' }, { ...one(1, 2), opset: 9 }))).toEqual([1, 1, 2, 2, 3, 3, 4, 4]);
    expect(values(runNode(square, 'Upsample', { mode: 'linear' }, { ...one(1, 2), opset: 9 }))).toEqual([1, 1.5, 2, 2, 3, 3.5, 4, 4]);
  });

  it('opset 18: chosen axes', () => {
    const chosen = { initializers: [floats('s', [1], [2])], names: ['', 's'], opset: 18 };
    expect(values(runNode(square, 'Resize', { axes: [3] }, chosen))).toEqual([1, 1, 2, 2, 3, 3, 4, 4]);
  });
});

describe('Constant', () => {
  it.each([
    [{ value: { tensor: floats('', [2], [10, 20]) } }, [11, 22]],
    [{ value_float: { float: 10 } }, [11, 12]],
    [{ value_floats: { floats: [10, 20] } }, [11, 22]],
  ])('%j', (attributes, expected) => {
    const nodes = [node('Constant', [], ['c'], attributes), node('Add', ['x', 'c'], ['y'])];
    const x = range([1, 1, 2]);
    expect(values(fromOnnx(model({ inputs: { x: [1, 1, 2] }, nodes })).run({ x }).y!)).toEqual(expected);
  });
});

describe('shape arithmetic', () => {
  it('of sizes that are known is folded: Shape, Gather, Add, Mul, Div, Floor, Cast, Unsqueeze, Concat', () => {
    const nodes = [
      node('Shape', ['x'], ['shape']),
      node('Constant', [], ['two'], { value_int: 2 }),
      node('Gather', ['shape', 'two'], ['height'], { axis: 0 }),
      node('Cast', ['height'], ['float'], { to: 1 }),
      node('Constant', [], ['factor'], { value_float: { float: 1.5 } }),
      node('Mul', ['float', 'factor'], ['scaled']),
      node('Floor', ['scaled'], ['floor']),
      node('Cast', ['floor'], ['size'], { to: 7 }),
      node('Unsqueeze', ['size', 'zero'], ['sizes']),
      node('Slice', ['shape', 'zero', 'twos'], ['front']),
      node('Concat', ['front', 'sizes', 'sizes'], ['target'], { axis: 0 }),
      node('Resize', ['x', '', '', 'target'], ['y'], { mode: 'nearest' }),
    ];
    const initializers = [int64s('zero', [0]), int64s('twos', [2])];
    const network = fromOnnx(model({ inputs: { x: [1, 1, 3, 3] }, nodes, initializers }));
    expect(network.outputs.get('y')!.dims).toEqual([1, 1, 4, 4]);
    expect(network.report().map(({ kind }) => kind)).toEqual(['input', 'resize']);
  });

  it('of open sizes becomes "as large as": what PyTorch writes for interpolate(x, size=other.shape[2:]) and x.view(x.size(0), -1)', () => {
    const nodes = [
      node('MaxPool', ['x'], ['small'], { kernel_shape: [2, 2], strides: [2, 2] }),
      node('Shape', ['x'], ['shape']),
      node('Shape', ['small'], ['own']),
      node('Slice', ['own', 'zero', 'two'], ['front']),
      node('Slice', ['shape', 'two', 'four'], ['back']),
      node('Concat', ['front', 'back'], ['target'], { axis: 0 }),
      node('Resize', ['small', '', '', 'target'], ['large'], { mode: 'nearest' }),
      node('Gather', ['own', 'first'], ['batch']),
      node('Unsqueeze', ['batch', 'zero'], ['batches']),
      node('Concat', ['batches', 'rest'], ['flat'], { axis: 0 }),
      node('Reshape', ['small', 'flat'], ['y']),
    ];
    const initializers = [int64s('zero', [0]), int64s('two', [2]), int64s('four', [4]), int64s('rest', [-1]), int64s('first', [0], [])];
    const network = fromOnnx(model({ inputs: { x: ['n', 1, 'h', 'w'] }, nodes, initializers, outputs: ['large', 'y'] }));
    expect(network.outputDims({ x: [2, 1, 5, 7] })).toEqual({ large: [2, 1, 5, 7], y: [2, 6] });
  });

  it('of pads: ConstantOfShape, Concat, Reshape, Slice backwards, Transpose, Reshape, Cast, as PyTorch writes F.pad', () => {
    const nodes = [
      node('ConstantOfShape', ['four'], ['zeros'], { value: { tensor: int64s('', [0]) } }),
      node('Concat', ['given', 'zeros'], ['all'], { axis: 0 }),
      node('Reshape', ['all', 'pairs'], ['table']),
      node('Slice', ['table', 'last', 'front', 'zero', 'last'], ['turned']),
      node('Transpose', ['turned'], ['columns'], { perm: [1, 0] }),
      node('Reshape', ['columns', 'last'], ['line']),
      node('Cast', ['line'], ['pads'], { to: 7 }),
      node('Pad', ['x', 'pads'], ['y']),
    ];
    const initializers = [
      int64s('four', [4]), int64s('given', [1, 2, 3, 0]), int64s('pairs', [-1, 2]), int64s('last', [-1]), int64s('front', [-(2 ** 62)]), int64s('zero', [0]),
    ]; // prettier-ignore
    expect(fromOnnx(model({ inputs: { x: [1, 1, 2, 2] }, nodes, initializers })).outputs.get('y')!.dims).toEqual([1, 1, 5, 5]);
  });
});

describe('fusion', () => {
  it('takes batch norm and relu into the convolution, weights behind Identity, Cast and Transpose too', () => {
    const parts = ['scale', 'bias', 'mean', 'variance'];
    const nodes = [
      node('Cast', ['half'], ['w1'], { to: 1 }),
      node('Identity', ['w1'], ['w'], {}),
      node('Conv', ['x', 'w'], ['c'], {}, 'first'),
      node('BatchNormalization', ['c', ...parts], ['n'], { epsilon: { float: 0 } }, 'norm'),
      node('Relu', ['n'], ['y'], {}, 'act'),
    ];
    const initializers = [
      typed('half', [1, 1, 1], 'float16', [0x4000]),
      ...parts.map((part, index) => floats(part, [1], [[3], [1], [2], [1]][index]!)),
    ];
    const network = fromOnnx(model({ inputs: { x: [1, 1, 3] }, nodes, initializers }));
    expect(network.report().map(({ name, kind, fused }) => [name, kind, fused])).toEqual([
      ['x', 'input', []],
      ['first', 'conv', ['norm', 'act']],
    ]);
    // 3·(2x − 2) + 1
    const y = network.run({ x: tensorOf([1, 1, 3], ([, , at]) => at!) }).y!;
    expect(values(y)).toEqual([0, 1, 7]);
  });
});
