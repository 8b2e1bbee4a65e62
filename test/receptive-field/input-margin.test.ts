/** Margins of tiles: published networks, enumerated taps, tiles whose outputs are those of the whole. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stackFields } from '../../lib/receptive-field/fields.js';
import { inputMargin } from '../../lib/receptive-field/input-margin.js';
import { receptiveField } from '../../lib/receptive-field/receptive-field.js';
import { layerBegins, readLayers, type WindowLayer } from '../../lib/receptive-field/window-layer.js';
import { rejected } from '../geometry/arguments.js';
import { convolutionStack, dilated, frontEnd, mixedStack } from './layers.js';
import { published, stackOf } from './published.js';
import { tapPaths } from './tap-paths.js';

const large = [{ kernel: 3, padding: 33 }, ...dilated(3, [1, 2, 4, 8, 16, 1]), { kernel: 1 }];

describe('worked examples', () => {
  it.each([
    ['front end: the reflected 186', frontEnd, { begin: 186, end: 186 }],
    ['front end and context module, whose 33 are padded at once', [...frontEnd, ...large], { begin: 450, end: 450 }],
    ['context module', large, { begin: 33, end: 33 }],
    ['dilations 1, 2, 4', dilated(3, [1, 2, 4]), { begin: 7, end: 7 }],
    ['causal', dilated(2, [1, 2, 4]).map((layer) => ({ ...layer, padding: 'causal' })), { begin: 7, end: 0 }],
    ['even kernel, odd unit at the end', [{ kernel: 4 }], { begin: 1, end: 2 }],
    ["even kernel, 'same'", [{ kernel: 4, padding: 'same' }], { begin: 1, end: 2 }],
    ["even kernel, 'sameLower'", [{ kernel: 4, padding: 'sameLower' }], { begin: 2, end: 1 }],
    ['pool', [{ kernel: 2, stride: 2 }], { begin: 0, end: 0 }],
    ['ResNet shortcut: the last element is not needed', [{ kernel: 1, stride: 2 }], { begin: 0, end: -1 }],
    [
      'ResNet stem',
      [
        { kernel: 7, stride: 2, padding: 3 },
        { kernel: 3, stride: 2, padding: 1 },
      ],
      { begin: 5, end: 2 },
    ],
    ['bilinear upsampling', [{ kernel: 4, stride: 2, padding: 1, transposed: true }], { begin: 1, end: 1 }],
    ['nothing', [], { begin: 0, end: 0 }],
    [
      'zeros between inputs',
      [
        { kernel: 1, stride: 2, transposed: true },
        { kernel: 1, stride: 2, padding: 1 },
      ],
      { begin: 0, end: 0 },
    ],
  ] as [string, WindowLayer[], object][])('%s', (_, layers, expected) => {
    expect(inputMargin(layers)).toEqual(expected);
  });

  it('DRN: half the field before, half behind, less the stride', () => {
    for (const name of ['drn_a_50', 'drn_c_26']) {
      const publishedCase = published.find((candidate) => candidate.name === name)!;
      const { rf, stride, effectivePadding } = publishedCase.expect;
      expect(inputMargin(stackOf(publishedCase))).toEqual({ begin: effectivePadding, end: rf! - stride! - effectivePadding! });
    }
  });
});

describe('enumerated taps', () => {
  it('m outputs depend on m·stride + begin + end input elements', () => {
    fc.assert(
      fc.property(convolutionStack, fc.integer({ min: 1, max: 4 }), (layers, tiles) => {
        const { begin, end } = inputMargin(layers);
        const { stride, size } = receptiveField(layers).at(-1)!;
        expect(begin + end).toBe(size - stride);
        const seen = Array.from({ length: tiles }, (_, output) => [...tapPaths(layers, output).keys()]).flat();
        expect(Math.max(...seen) - Math.min(...seen) + 1).toBe(tiles * stride + begin + end);
      }),
    );
  });

  it('and the layers’ own padding, where nothing else is missing, says where', () => {
    const padded = convolutionStack.map((layers) =>
      layers.map((layer): WindowLayer => ({
        ...layer,
        padding: ((layer.dilation ?? 1) * (layer.kernel - 1)) >> 1,
        kernel: layer.kernel | 1,
      })),
    );
    fc.assert(
      fc.property(padded, fc.nat(5), (layers, output) => {
        fc.pre(layers.every(({ kernel, dilation = 1, padding }) => padding === (dilation * (kernel - 1)) / 2));
        const { begin, end } = inputMargin(layers);
        const { stride } = receptiveField(layers).at(-1)!;
        const seen = [...tapPaths(layers, output).keys()];
        expect([Math.min(...seen), Math.max(...seen) + 1]).toEqual([output * stride - begin, (output + 1) * stride + end]);
      }),
    );
  });

  it('behind transposed layers, for whole periods', () => {
    fc.assert(
      fc.property(mixedStack, (layers) => {
        const stack = readLayers(layers);
        const { period, shift } = stackFields(stack, layerBegins(stack, undefined));
        fc.pre(period <= 48);
        const seen = Array.from({ length: period }, (_, output) => [...tapPaths(layers, output).keys()]).flat();
        fc.pre(seen.length > 0);
        const { begin, end } = inputMargin(layers);
        expect(Math.max(...seen) - Math.min(...seen) + 1).toBe(shift + begin + end);
      }),
    );
  });
});

describe('errors', () => {
  it("strided 'same' padding without the input size", () => {
    const layers: WindowLayer[] = [{ kernel: 3, stride: 2, padding: 'same' }];
    expect(() => inputMargin(layers)).toThrow(rejected('TypeError', 'inputSize'));
    expect(inputMargin(layers, 10)).toEqual({ begin: 0, end: 1 });
    expect(inputMargin(layers, 11)).toEqual({ begin: 1, end: 0 });
  });

  it('what is no stack', () => {
    expect(() => inputMargin(3 as never)).toThrow(rejected('TypeError', 'layers'));
    expect(() => inputMargin([{ kernel: 3 }], -1)).toThrow(rejected('RangeError', 'inputSize'));
  });
});
