/** The papers' networks running: the identity initialisation, seeded weights, small widths of every network. */
import { describe, expect, it } from 'vitest';
import { contextModule } from '../../../lib/network/models/context-module.js';
import { dilation10, dilation7, dilation8 } from '../../../lib/network/models/dilation.js';
import { drn, drnNames } from '../../../lib/network/models/drn.js';
import { fcn8s } from '../../../lib/network/models/fcn8s.js';
import { frontEnd } from '../../../lib/network/models/front-end.js';
import { rejected } from '../../geometry/arguments.js';
import { Random } from '../../support/random.js';
import { randomTensor } from '../layers/run-layer.js';

describe('identity initialisation (equations 4 and 5)', () => {
  it.each([
    ['basic', 3],
    ['large', 1],
    ['large', 3],
  ] as const)('%s, %d channels: what is not negative passes through unchanged', (variant, channels) => {
    // Integers: the products by powers of two are exact, and so is every order of summing.
    const random = new Random(1);
    const data = Float32Array.from({ length: channels * 20 * 24 }, () => random.integer(0, 255));
    const input = { data, dims: [1, channels, 20, 24] };
    expect(contextModule({ channels, variant, algorithm: 'direct' }).run(input)).toEqual(input);
  });

  it('negative elements are lost, as relu will have it', () => {
    const input = { data: Float32Array.of(-1, 2, -3, 4), dims: [1, 1, 2, 2] };
    expect(Array.from(contextModule({ channels: 1 }).run(input).data)).toEqual([0, 2, 0, 4]);
  });

  it('noise breaks the ties of the large one, and little else', () => {
    const input = randomTensor([1, 2, 12, 12]);
    input.data.forEach((value, index) => (input.data[index] = Math.abs(value)));
    const got = contextModule({ channels: 2, variant: 'large', noise: 1e-4 }).run(input);
    const largest = got.data.reduce((most, value, index) => Math.max(most, Math.abs(value - input.data[index]!)), 0);
    expect(largest).toBeGreaterThan(0);
    expect(largest).toBeLessThan(0.1);
  });

  it.each([
    [{}, 'TypeError', 'channels'],
    [{ channels: 1, layers: 3 }, 'RangeError', 'layers'],
    [{ channels: 1, variant: 'huge' }, 'RangeError', 'variant'],
    [{ channels: 1, noise: '1' }, 'TypeError', 'noise'],
  ] as const)('%j is refused', (options, name, part) => {
    expect(() => contextModule(options as never)).toThrow(rejected(name, part));
  });
});

describe('seeded weights, small width', () => {
  const width = 1 / 64;

  it.each(drnNames)('drn %s', (name) => {
    const network = drn(name, { width, classes: 5 });
    const { scores, logits } = network.run({ image: randomTensor([1, 3, 32, 24]) });
    expect([scores!.dims, logits!.dims]).toEqual([
      [1, 5, 4, 3],
      [1, 5],
    ]);
    expect(scores!.data.every(Number.isFinite)).toBe(true);
    const mean = scores!.data.slice(0, 12).reduce((sum, value) => sum + value, 0) / 12;
    expect(Math.abs(logits!.data[0]! - mean)).toBeLessThanOrEqual(1e-5 * (1 + Math.abs(mean)));
  });

  it.each([
    ['dilation7', () => dilation7({ width }), [1, 3, 380, 396], [1, 11, 1, 3]],
    ['dilation8', () => dilation8({ width }), [1, 3, 380, 396], [1, 21, 1, 3]],
    ['dilation8, CamVid', () => dilation8({ width, classes: 11, variant: 'basic' }), [1, 3, 380, 396], [1, 11, 1, 3]],
    ['dilation10', () => dilation10({ width }), [1, 3, 380, 396], [1, 19, 8, 24]],
    ['fcn8s', () => fcn8s({ width }), [1, 3, 17, 40], [1, 21, 17, 40]],
    ['front end', () => frontEnd({ width }), [1, 3, 380, 396], [1, 21, 1, 3]],
  ] as const)('%s', (name, model, inputDims, outputDims) => {
    const { data, dims } = model().run(randomTensor(inputDims));
    expect(dims).toEqual(outputDims);
    expect(data.every(Number.isFinite)).toBe(true);
    expect(new Set(data).size).toBeGreaterThan(1);
    if (!name.startsWith('dilation')) return;
    const pixels = dims[2]! * dims[3]!;
    const sum = Array.from({ length: dims[1]! }, (_, channel) => data[channel * pixels]!).reduce((total, value) => total + value, 0);
    expect(sum).toBeCloseTo(1, 5);
  });

  it('options out of their range are refused', () => {
    expect(() => drn('e-1' as never)).toThrow(rejected('RangeError', "one of 'a-18'"));
    expect(() => frontEnd({ width: 0 })).toThrow(rejected('RangeError', 'width'));
    expect(() => frontEnd({ classes: 0 })).toThrow(rejected('RangeError', 'classes'));
    expect(() => fcn8s({ channels: 2 } as never)).toThrow(rejected('TypeError', "unknown option 'channels'"));
  });
});
