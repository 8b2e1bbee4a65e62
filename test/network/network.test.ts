/** Networks as a whole: what runs is what was built, in shared memory, off the thread, at every size; names, errors, reports. */
import { describe, expect, it } from 'vitest';
import { buildNetwork } from '../../lib/network/network.js';
import type { NetworkBuilder, NetworkNode } from '../../lib/network/builder.js';
import { rejected } from '../geometry/arguments.js';
import { Random } from '../support/random.js';
import { largestDifference, randomTensor } from './layers/run-layer.js';
import { randomGraph } from './random-graph.js';

const small = (g: NetworkBuilder): NetworkNode => {
  const image = g.input('image', [null, 3, null, null]);
  const features = g.conv(image, { channels: 16, kernel: 3, padding: 'same', activation: 'relu' });
  const context = g.conv(features, { channels: 16, kernel: 3, dilation: 2, padding: 'same', activation: 'relu' });
  return g.conv(g.concat([features, context]), { channels: 2, kernel: 1, name: 'score' });
};

describe('memory', () => {
  it('shared by values that are not needed together, gives what memory of its own does', () => {
    for (let seed = 0; seed < 300; seed++) {
      const { network, inputDims } = randomGraph(seed);
      const roomy = randomGraph(seed, true).network;
      const x = { data: new Random(seed).floats(inputDims.reduce((product, size) => product * size, 1)), dims: inputDims };
      const got = network.run({ x }).y!;
      const again = network.run({ x }).y!;
      const expected = roomy.run({ x }).y!;
      const scale = expected.data.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
      // What was folded into a convolution rounds otherwise than by itself.
      if (!(largestDifference(got, expected) <= 1e-4 * scale)) expect.fail(`seed ${seed}`);
      expect(again).toEqual(got);
    }
  });

  it('is reported, and less than all values take', () => {
    const network = buildNetwork(small);
    const { arenaBytes, outputBytes, workspaceBytes, weightBytes, peakBytes, layers } = network.plan([1, 3, 40, 50]);
    const value = 40 * 50 * 4;
    expect(outputBytes).toBe(2 * value);
    // Both halves of the concatenation are computed in it.
    expect(arenaBytes).toBe(32 * value);
    expect(peakBytes).toBe(arenaBytes + outputBytes + workspaceBytes);
    expect(weightBytes).toBeGreaterThan(0);
    expect(layers.map(({ name, inPlace }) => [name, inPlace])).toEqual([
      ['conv1', false],
      ['conv2', false],
      ['concat1', true],
      ['score', false],
    ]);
    expect(layers[0]!.algorithm).toEqual(expect.any(String));
  });

  it('of one tensor is that of the first output, which alone is computed', async () => {
    const network = buildNetwork((g) => {
      const x = g.input('x', [1, 3, null]);
      const a = g.conv(x, { channels: 2, kernel: 1, name: 'a' });
      g.output(g.relu(a), 'first');
      g.output(g.conv(a, { channels: 9, kernel: 1, name: 'b' }), 'second');
    });
    const x = randomTensor([1, 3, 8]);
    const { first } = network.run({ x });
    expect(network.run(x)).toEqual(first);
    expect(await network.runAsync(x)).toEqual(first);
    const namesOf = (dims: Parameters<typeof network.plan>[0]) => network.plan(dims).layers.map(({ name }) => name);
    expect(namesOf([1, 3, 8])).not.toContain('b');
    expect(namesOf({ x: [1, 3, 8] })).toContain('b');
    const computed: string[] = [];
    network.runObserved(x, (name) => computed.push(name));
    expect(computed).not.toContain('b');
  });

  it('of a result is its own: a later run does not change it', () => {
    const network = buildNetwork(small);
    const first = network.run(randomTensor([1, 3, 8, 8]));
    const copy = first.data.slice();
    network.run(randomTensor([1, 3, 8, 8], 2));
    expect(first.data).toEqual(copy);
  });

  it('of inputs is not written, even by layers that work in place', () => {
    const x = randomTensor([1, 3, 8]);
    const copy = x.data.slice();
    const network = buildNetwork((g) => {
      const input = g.input('x', [1, 3, 8]);
      g.output(g.sigmoid(g.relu(input)), 'a');
      g.output(g.relu(g.reshape(input, [1, 24])), 'b');
      g.output(input, 'c');
    });
    const outputs = network.run({ x });
    expect(x.data).toEqual(copy);
    expect(outputs.c!.data).toEqual(copy);
    expect(outputs.c!.data).not.toBe(x.data);
    expect(outputs.b!.data).toEqual(copy.map((value) => Math.max(0, value)));
  });
});

describe('runAsync', () => {
  it('gives what run gives, several at a time', async () => {
    const network = buildNetwork((g) => g.softmax(g.resize(small(g), { scale: 2, mode: 'linear' })));
    const inputs = [1, 2, 3].map((seed) => randomTensor([1, 3, 9 + seed, 8], seed));
    const results = await Promise.all(inputs.map((input) => network.runAsync(input)));
    results.forEach((result, index) => {
      expect(result).toEqual(network.run(inputs[index]!));
    });
    await expect(network.runAsync({ image: inputs[0]! })).resolves.toEqual(network.run({ image: inputs[0]! }));
  });

  it('copies its input before it returns', async () => {
    const network = buildNetwork(small);
    const input = randomTensor([1, 3, 16, 16]);
    const expected = network.run(input);
    const promise = network.runAsync(input);
    input.data.fill(NaN);
    expect(await promise).toEqual(expected);
  });

  it('rejects, and is aborted by a signal', async () => {
    const network = buildNetwork(small);
    await expect(network.runAsync(randomTensor([1, 4, 8, 8]))).rejects.toThrow(rejected('RangeError', "Layer 'image' (input)"));
    await expect(network.runAsync(randomTensor([1, 3, 8, 8]), { signal: AbortSignal.abort('enough') })).rejects.toMatchObject({
      name: 'AbortError',
      code: 'ABORT_ERR',
      cause: 'enough',
    });
    const controller = new AbortController();
    const aborted = network.runAsync(randomTensor([1, 3, 8, 8]), { signal: controller.signal });
    // Behind all layers, before the caller has the result.
    controller.abort('late');
    await expect(aborted).rejects.toMatchObject({ code: 'ABORT_ERR', cause: 'late' });
    const straight = buildNetwork((g) => g.input('x', [1]));
    await expect(straight.runAsync(randomTensor([1]), { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ABORT_ERR' });
    await expect(network.runAsync(randomTensor([1, 3, 8, 8]), { signal: 1 as never })).rejects.toThrow(rejected('TypeError', 'signal'));
  });
});

describe('inputs and outputs', () => {
  const network = buildNetwork((g) => {
    const [left, right] = [g.input('left', [null, 1, null]), g.input('right', [null, 1, null])];
    g.output(g.add([left, right]), 'sum');
    g.output(g.mul([left, right]), 'product');
  });
  const [left, right] = [randomTensor([1, 1, 4]), randomTensor([1, 1, 4], 2)];

  it('go by name', () => {
    const { sum, product } = network.run({ left, right });
    expect(sum!.data).toEqual(left.data.map((value, index) => value + right.data[index]!));
    expect(product!.data).toEqual(left.data.map((value, index) => value * right.data[index]!));
    expect(network.outputDims({ left: [2, 1, 5], right: [1, 1, 5] })).toEqual({ sum: [2, 1, 5], product: [2, 1, 5] });
    expect(network.inputs.map(({ name, dims }) => [name, dims])).toEqual([
      ['left', [null, 1, null]],
      ['right', [null, 1, null]],
    ]);
    expect(Array.from(network.outputs.keys())).toEqual(['sum', 'product']);
  });

  it('that are missing, unknown or wrong are refused', () => {
    expect(() => network.run(left)).toThrow(rejected('TypeError', 'an object with one entry per input (left, right)'));
    expect(() => network.run({ left })).toThrow(rejected('TypeError', 'inputs.right'));
    expect(() => network.run({ left, right, middle: left })).toThrow(rejected('TypeError', "unknown option 'middle'"));
    expect(() => network.run({ left, right: { data: [1], dims: [1] } as never })).toThrow(rejected('TypeError', 'right.data'));
    expect(() => network.run({ left, right: { data: new Float32Array(3), dims: [1, 1, 4] } })).toThrow(
      rejected('RangeError', 'right.data'),
    );
    expect(() => network.run({ left, right: randomTensor([1, 1, 5]) })).toThrow(
      rejected('RangeError', "Layer 'add1' (add): Expected the inputs"),
    );
    expect(() => network.run({ left, right: randomTensor([1, 4]) })).toThrow(
      rejected('RangeError', "Layer 'right' (input): Expected its dims to be [?, 1, ?]"),
    );
    expect(() => network.run(null as never)).toThrow(rejected('TypeError', 'inputs'));
    expect(() => network.outputDims(3 as never)).toThrow(rejected('TypeError', 'inputDims'));
  });
});

describe('building', () => {
  it.each([-1, 0, 1.5, NaN, [3], [3, 0]])('refuses the kernel %j', (kernel) => {
    for (const method of ['conv', 'convTranspose'] as const) {
      expect(() => buildNetwork((g) => g[method](g.input('x', [1, 1, 8, 8]), { channels: 1, kernel }))).toThrow(
        rejected('RangeError', `(${method}): Expected kernel`),
      );
    }
  });

  it('names layers by kind and number, and refuses a name twice', () => {
    const names = buildNetwork((g) => g.relu(g.sigmoid(g.relu(g.input('x', [1, 1])), { name: 'relu2' })))
      .report()
      .map(({ name }) => name);
    expect(names).toEqual(['x', 'relu1', 'relu2', 'relu3']);
    const twice = () => buildNetwork((g) => g.relu(g.input('x', [1, 1]), { name: 'x' }));
    expect(twice).toThrow(rejected('RangeError', 'Expected name to be the name of no other layer'));
  });

  it('refuses nodes of another network, and networks without an output', () => {
    let stranger: NetworkNode | undefined;
    buildNetwork((g) => (stranger = g.input('x', [1, 1])));
    expect(() => buildNetwork((g) => g.relu(stranger!))).toThrow(rejected('TypeError', 'a node of this network'));
    expect(() => buildNetwork((g) => g.relu({} as never))).toThrow(rejected('TypeError', 'a node of this network'));
    expect(() => buildNetwork((g) => g.concat([, g.input('x', [1, 1])] as never))).toThrow(
      rejected('TypeError', "Layer 'concat1' (concat): Expected input to be a node of this network, received undefined"),
    );
    expect(() => buildNetwork((g) => g.output(undefined as never))).toThrow(rejected('TypeError', 'Expected node to be a node'));
    expect(() => buildNetwork(() => Promise.resolve())).toThrow(rejected('TypeError', 'received a Promise'));
    expect(() => buildNetwork(() => undefined)).toThrow(rejected('RangeError', 'the outputs of the network'));
    expect(() => buildNetwork(3 as never)).toThrow(rejected('TypeError', 'build'));
    expect(() =>
      buildNetwork((g) => {
        g.output(g.input('x', [1]), 'a');
        g.output(g.input('y', [1]), 'a');
      }),
    ).toThrow(rejected('RangeError', 'the name of no other output'));
  });

  it.each([
    [{ threads: 0 }, 'RangeError', 'threads'],
    [{ backend: 'gpu' }, 'RangeError', 'backend'],
    [{ tolerance: -1 }, 'RangeError', 'tolerance'],
    [{ seed: 0.5 }, 'RangeError', 'seed'],
    [{ weights: 3 }, 'TypeError', 'weights'],
    [{ weights: new Map() }, 'TypeError', 'received a Map'],
    [{ wieghts: {} }, 'TypeError', "unknown option 'wieghts'"],
    [{ weights: { 'conv1.wieght': new Float32Array(1) } }, 'RangeError', "'conv1.wieght'"],
  ] as const)('refuses the options %j', (options, name, part) => {
    expect(() => buildNetwork(small, options as never)).toThrow(rejected(name, part));
  });

  it('names the layer of an unknown option', () => {
    const build = (g: NetworkBuilder) => g.maxPool(g.input('x', [1, 1, 8]), { kernel: 2, strides: 2 } as never);
    expect(() => buildNetwork(build)).toThrow(
      rejected('TypeError', "Layer 'maxPool1' (maxPool): Expected options to have known keys only (name, kernel, "),
    );
  });

  it('reports shapes as far as they are known', () => {
    const network = buildNetwork(small);
    expect(network.report().map(({ outputDims }) => outputDims)).toEqual([
      [null, 3, null, null],
      [null, 16, null, null],
      [null, 16, null, null],
      [null, 32, null, null],
      [null, 2, null, null],
    ]);
    expect(network.report([2, 3, 5, 6]).at(-1)).toEqual({
      name: 'score',
      kind: 'conv',
      inputs: ['concat1'],
      fused: [],
      outputDims: [2, 2, 5, 6],
      parameters: 66,
      receptiveField: [
        { size: 7, stride: 1, padding: 3, center: 0, aligned: true, misalignments: [] },
        { size: 7, stride: 1, padding: 3, center: 0, aligned: true, misalignments: [] },
      ],
    });
    expect(network.parameterCount).toBe(2834);
    expect(network.outputDims([1, 3, 480, 640])).toEqual([1, 2, 480, 640]);
  });

  it('a network can not be cloned', () => {
    expect(() => structuredClone(buildNetwork(small))).toThrow('could not be cloned');
  });
});

describe('weights', () => {
  const scaled = (weight: Float32Array, scale: Float32Array) =>
    buildNetwork((g) =>
      g.batchNorm(g.conv(g.input('x', [1, 1, 4]), { weight: { data: weight, dims: [1, 1, 1] } }), { scale, name: 'norm' }),
    );

  it.each(['weight', 'scale'])('whose memory is gone when the network first runs are refused: %s', (name) => {
    const arrays = { weight: Float32Array.of(1), scale: Float32Array.of(1) };
    const network = scaled(arrays.weight, arrays.scale);
    structuredClone(null, { transfer: [arrays[name as keyof typeof arrays].buffer] });
    expect(() => network.run(randomTensor([1, 1, 4]))).toThrow(rejected('TypeError', `.${name}`));
  });

  it('that no memory holds are refused where they are made', () => {
    const network = buildNetwork((g) => g.conv(g.input('x', [1, 3, 4]), { channels: 2 ** 30, kernel: 4 }));
    expect(network.parameterCount).toBe(2 ** 30 * 13);
    expect(() => network.plan([1, 3, 4])).toThrow(expect.objectContaining({ code: 'ERR_ATROUS_OUT_OF_MEMORY' }) as Error);
  });
});

describe('sizes', () => {
  it('beyond 2³¹ − 1 are refused', () => {
    const network = buildNetwork((g) => g.resize(g.input('x', [1, 1, null]), { scale: 1e9 }));
    expect(() => network.plan([1, 1, 8])).toThrow(rejected('RangeError', "Layer 'resize1' (resize): Expected its sizes[2]"));
  });

  it('that no plan and no set of elements can hold are refused before memory is asked for', () => {
    const network = buildNetwork((g) => g.avgPool(g.input('x', [1, 1, null, null]), { kernel: 2 }));
    const large = rejected('RangeError', "Expected the dims of layer 'x' to be of at most 1073741824 elements");
    expect(() => network.plan([1, 1, 2 ** 20, 2 ** 31 - 1])).toThrow(large);
    expect(() => network.reach({ inputDims: [1, 1, 2 ** 31 - 1, 2 ** 20] })).toThrow(large);
    expect(() => network.reach({ inputDims: [1, 1, 2 ** 23, 4] })).toThrow(/layer 'x' to be at most 4194304 along an axis/);
    expect(network.outputDims([1, 1, 2 ** 20, 2 ** 31 - 1])).toEqual([1, 1, 2 ** 19, 2 ** 30 - 1]);
  });

  it('may be empty', () => {
    const network = buildNetwork(small);
    expect(network.run(randomTensor([0, 3, 4, 4]))).toEqual({ data: new Float32Array(0), dims: [0, 2, 4, 4] });
    expect(network.run(randomTensor([1, 3, 0, 4])).dims).toEqual([1, 2, 0, 4]);
  });

  it('a batch is its images, one by one', () => {
    const network = buildNetwork((g) => g.globalAvgPool(g.maxPool(small(g), { kernel: 3, stride: 2, padding: 1 })));
    const batch = randomTensor([3, 3, 9, 9]);
    const got = network.run(batch);
    for (let image = 0; image < 3; image++) {
      const one = network.run({ data: batch.data.slice(image * 243, (image + 1) * 243), dims: [1, 3, 9, 9] });
      expect(one.data).toEqual(got.data.slice(image * 2, image * 2 + 2));
    }
  });
});
