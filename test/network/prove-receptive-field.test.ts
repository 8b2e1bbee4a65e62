/** Receptive fields proved by the networks that run: 1,000 random graphs, the papers' networks; and that a wrong arithmetic would be found. */
import { describe, expect, it, vi } from 'vitest';
import type { NetworkNode } from '../../lib/network/builder.js';
import { contextModule } from '../../lib/network/models/context-module.js';
import { dilation10, dilation7, dilation8 } from '../../lib/network/models/dilation.js';
import { drn, drnNames } from '../../lib/network/models/drn.js';
import { fcn8s } from '../../lib/network/models/fcn8s.js';
import { frontEnd } from '../../lib/network/models/front-end.js';
import { buildNetwork, type Network } from '../../lib/network/network.js';
import { proveReceptiveField } from '../../lib/network/prove-receptive-field.js';
import { coverage } from '../../lib/receptive-field/coverage.js';
import { rejected } from '../geometry/arguments.js';
import { randomGraph } from './random-graph.js';

describe('random graphs', () => {
  it.each(Array.from({ length: 10 }, (_, index) => index * 100))('seeds %d to +99: every element of the input, every path', (first) => {
    for (let seed = first; seed < first + 100; seed++) {
      const { network, inputDims } = randomGraph(seed);
      const proof = proveReceptiveField(network, { inputDims });
      if (!proof.ok || !proof.complete) {
        const layers = network.report(inputDims).map(({ name, inputs, outputDims }) => `${name}(${inputs.join()}) ${outputDims.join('×')}`);
        expect.fail(`seed ${seed}: ${JSON.stringify(proof.mismatches)}\n${layers.join('\n')}`);
      }
    }
  });

  it('are of every kind of layer', () => {
    const kinds = new Set<string>();
    for (let seed = 0; seed < 100; seed++) for (const { kind } of randomGraph(seed).network.report()) kinds.add(kind);
    for (const kind of ['conv', 'convTranspose', 'maxPool', 'avgPool', 'globalAvgPool', 'relu', 'leakyRelu', 'sigmoid', 'softmax']) {
      expect(kinds).toContain(kind);
    }
    for (const kind of [
      'add',
      'mul',
      'concat',
      'resize',
      'crop',
      'slice',
      'pad',
      'batchNorm',
      'linear',
      'flatten',
      'reshape',
      'transpose',
    ]) {
      expect(kinds).toContain(kind);
    }
  });
});

/** The elements of the last axis that reach the middle output of the last axis lie where the field says. */
function expectFieldOf(network: Network, inputDims: readonly number[]): void {
  const outputDims = network.outputDims(inputDims);
  const middle = outputDims.map((size) => Math.floor(size / 2));
  const { data } = network.reach({ inputDims })(middle);
  const width = inputDims.at(-1)!;
  const seen = Array.from({ length: width }, (_, x) => x).filter((x) => data.some((flag, element) => flag === 1 && element % width === x));
  const { size, stride, padding } = network.receptiveField(undefined, { inputDims }).at(-1)!;
  const first = middle.at(-1)! * stride - padding;
  expect(size, 'the field lies inside the image').toBeLessThanOrEqual(width);
  expect([seen[0], seen.at(-1)]).toEqual([first, first + size - 1]);
}

// One or few channels: the geometry is that of the paper.
describe("the papers' networks, of small width", () => {
  it.each(drnNames)('drn %s, a strip wider than its field', (name) => {
    const network = drn(name, { width: 1 / 64, classes: 1 });
    const inputDims = [1, 3, 8, network.receptiveField()[0]!.size + 65];
    expect(proveReceptiveField(network, { inputDims, probes: 100 })).toMatchObject({ ok: true, probes: 100 });
    expectFieldOf(network, inputDims);
  });

  it('drn d-22, every element of 40 × 40', () => {
    const network = drn('d-22', { width: 1 / 64, classes: 1 });
    expect(proveReceptiveField(network, { inputDims: [1, 3, 40, 40], probes: 4801 })).toMatchObject({ ok: true, complete: true });
  });

  it('context modules, every element', () => {
    const basic = contextModule({ channels: 1 });
    expect(proveReceptiveField(basic, { inputDims: [1, 1, 50, 75] })).toMatchObject({ ok: true, complete: true });
    expectFieldOf(basic, [1, 1, 50, 75]);
    const large = contextModule({ channels: 1, variant: 'large' });
    expect(proveReceptiveField(large, { inputDims: [1, 1, 5, 75] })).toMatchObject({ ok: true, complete: true });
  });

  it.each([
    ['front end', frontEnd, 396],
    ['dilation7', dilation7, 700],
    ['dilation8', dilation8, 940],
    ['dilation10', dilation10, 500],
  ] as const)('%s', (_, model, width) => {
    const network = model({ width: 1 / 512, classes: 1 });
    const elements = [network.outputDims([1, 3, 380, width]).map((size) => Math.floor(size / 2))];
    expect(proveReceptiveField(network, { inputDims: [1, 3, 380, width], elements, probes: 40 })).toMatchObject({ ok: true });
    if (model !== dilation10) expectFieldOf(network, [1, 3, 380, width]);
  });

  it('fcn8s', () => {
    const network = fcn8s({ width: 1 / 512, classes: 1 });
    expect(proveReceptiveField(network, { inputDims: [1, 3, 1, 600], probes: 60 })).toMatchObject({ ok: true });
  });
});

describe('reach', () => {
  it('has the holes that coverage counts', () => {
    const dilations = [2, 2];
    const network = buildNetwork((g) =>
      dilations.reduce<NetworkNode>((node, dilation) => g.conv(node, { channels: 1, kernel: 3, dilation }), g.input('x', [1, 1, 9, 9])),
    );
    const { counts } = coverage(dilations.map((dilation) => ({ kernel: 3, dilation })));
    const expected = counts.flatMap((row) => counts.map((column) => (row * column > 0 ? 1 : 0)));
    const { data, dims } = network.reach()([0, 0, 0, 0]);
    expect(dims).toEqual([1, 1, 9, 9]);
    expect(Array.from(data)).toEqual(expected);
    expect(expected.reduce<number>((sum, flag) => sum + flag, 0)).toBe(25);
  });

  it('knows channels', () => {
    const network = buildNetwork((g) => {
      const x = g.input('x', [1, 4, 3]);
      const middle = g.crop(g.slice(x, [{ axis: 1, begin: 3 }]), { margin: 1 });
      return g.concat([middle, g.conv(x, { channels: 2, kernel: 3, groups: 2 })]);
    });
    const reach = network.reach();
    expect(Array.from(reach([0, 0, 0]).data)).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0]);
    expect(Array.from(reach([0, 2, 0]).data)).toEqual([0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1]);
  });

  it('needs sizes where they are not fixed, and indices inside the output', () => {
    expect(() => contextModule({ channels: 1 }).reach()).toThrow(rejected('TypeError', 'inputDims'));
    const reach = contextModule({ channels: 1 }).reach({ inputDims: [1, 1, 8, 8] });
    expect(() => reach([0, 0, 0])).toThrow(rejected('RangeError', 'element'));
    expect(() => reach([0, 0, 0, 8])).toThrow(rejected('RangeError', 'element[3]'));
  });
});

describe('the proof', () => {
  const network = buildNetwork((g) => g.conv(g.input('x', [null, 1, 5, 5]), { channels: 1, kernel: 3, dilation: 2 }));

  /** The same network with an arithmetic that is wrong in one element. */
  function withWrongArithmetic(wrong: number): Network {
    const other = buildNetwork((g) => g.conv(g.input('x', [null, 1, 5, 5]), { channels: 1, kernel: 3, dilation: 2 }));
    const reachability = other.reachability.bind(other);
    vi.spyOn(other, 'reachability').mockImplementation((options) => {
      const right = reachability(options);
      const reach = (element: number) => right.reach(element).map((flag, index) => (index === wrong ? 1 - flag : flag));
      return { ...right, reach };
    });
    return other;
  }

  it.each([0, 1, 24])('finds one wrong element, %d', (wrong) => {
    const proof = proveReceptiveField(withWrongArithmetic(wrong), { inputDims: [1, 1, 5, 5] });
    expect(proof).toMatchObject({
      ok: false,
      complete: true,
      mismatches: [{ element: [0, 0, 0, 0], probe: `element ${wrong}`, reached: wrong !== 1 }],
    });
  });

  it('tells what it looked at', () => {
    expect(proveReceptiveField(network, { inputDims: [1, 1, 5, 5] })).toEqual({
      ok: true,
      complete: true,
      probes: 26,
      elements: [{ element: [0, 0, 0, 0], reaching: 9 }],
      mismatches: [],
    });
    // Nothing, all but the set, and 8 of the lines.
    expect(proveReceptiveField(network, { inputDims: [1, 1, 5, 5], probes: 10 })).toMatchObject({ ok: true, complete: false, probes: 10 });
    expect(() => proveReceptiveField(network, { inputDims: [1, 1, 5, 5], probes: 1 })).toThrow(/Expected probes to be an integer ≥ 2/);
  });

  it('refuses what it can not prove', () => {
    expect(() => proveReceptiveField({} as never)).toThrow(rejected('TypeError', 'network'));
    expect(() => proveReceptiveField(network, { inputDims: [1, 1, 5, 5], elements: [[0, 0, 0, 9]] })).toThrow(
      rejected('RangeError', 'elements[0][3]'),
    );
    expect(() => proveReceptiveField(network, { inputDims: [1, 1, 5, 5], output: 'x' })).toThrow(rejected('RangeError', 'output'));
    expect(() => proveReceptiveField(network, { inputDims: [0, 1, 5, 5] })).toThrow(rejected('RangeError', 'the output has elements'));
    const broken = buildNetwork((g) => g.mul([g.input('x', [null, 1]), g.constant({ data: Float32Array.of(NaN), dims: [1] })]));
    expect(() => proveReceptiveField(broken, { inputDims: [1, 1] })).toThrow(rejected('RangeError', 'numbers for numbers'));
  });
});
