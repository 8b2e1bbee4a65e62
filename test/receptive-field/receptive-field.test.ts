/** Receptive fields of stacks: published cases, worked examples, enumerated taps, errors. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fieldFirst, fieldLast, type Fields, stackFields } from '../../lib/receptive-field/fields.js';
import { receptiveField, type ReceptiveFieldStep } from '../../lib/receptive-field/receptive-field.js';
import { layerBegins, readLayers, type WindowLayer } from '../../lib/receptive-field/window-layer.js';
import { rejected } from '../geometry/arguments.js';
import { dilated, frontEnd, mixedStack, repeat } from './layers.js';
import { published, stackOf } from './published.js';
import { tapPaths } from './tap-paths.js';

function last(layers: readonly WindowLayer[], inputSize?: number): ReceptiveFieldStep {
  return receptiveField(layers, inputSize).at(-1)!;
}

const sizes = (layers: readonly WindowLayer[]): number[] => receptiveField(layers).map(({ size }) => size);

describe('published cases', () => {
  it('are all there', () => {
    expect(published).toHaveLength(88);
  });

  it.each(published.map((publishedCase) => [`${publishedCase.name} (${publishedCase.source})`, publishedCase] as const))(
    '%s',
    (_, publishedCase) => {
      const { input, expect: expected } = publishedCase;
      const steps = receptiveField(stackOf(publishedCase), input);
      const { size, stride, padding, center, outputSize } = steps.at(-1)!;
      const checks: Record<string, () => void> = {
        rf: () => {
          expect(size).toBe(expected.rf);
        },
        stride: () => {
          expect(stride).toBe(expected.stride);
        },
        effectivePadding: () => {
          expect(padding).toBe(expected.effectivePadding);
        },
        start: () => {
          expect(center + 0.5).toBe(expected.start);
        },
        out: () => {
          expect(outputSize).toBe(expected.out);
        },
        rfSequence: () => {
          expect(steps.map((step) => step.size)).toEqual(expected.rfSequence);
        },
        rightContext: () => {
          expect(size - 1 - padding).toBe(expected.rightContext);
        },
      };
      // Checked in coverage.test.ts and gridding.test.ts.
      const elsewhere = ['coverage', 'covered', 'hdcM2'];
      for (const key of Object.keys(expected)) {
        if (elsewhere.includes(key)) continue;
        expect(checks, `a check of ${key}`).toHaveProperty(key);
        checks[key]!();
      }
    },
  );
});

describe('worked examples', () => {
  it('two 3×3 layers with dilation 2 see 9', () => {
    expect(sizes(dilated(3, [2, 2]))).toEqual([5, 9]);
  });

  it('13 comes from dilation 2 then 4, from three of 2, from two 7×7', () => {
    for (const stack of [dilated(3, [2, 4]), dilated(3, [2, 2, 2]), dilated(7, [1, 1])]) expect(last(stack).size).toBe(13);
  });

  it('doubling dilations up to d see 4d − 1', () => {
    expect(sizes(dilated(3, [1, 2, 4]))).toEqual([3, 7, 15]);
    for (let layers = 1; layers <= 20; layers++) {
      const dilations = Array.from({ length: layers }, (_, index) => 2 ** index);
      expect(last(dilated(3, dilations)).size).toBe(4 * dilations.at(-1)! - 1);
    }
  });

  it('WaveNet: kernel 2, dilation 1 … 512 sees 1,024 samples, all of them past', () => {
    const layers = Array.from({ length: 10 }, (_, index): WindowLayer => ({ kernel: 2, dilation: 2 ** index, padding: 'causal' }));
    expect(last(layers, 16000)).toEqual({ size: 1024, stride: 1, padding: 1023, center: -511.5, inputSize: 16000, outputSize: 16000 });
  });

  it('TCN: 1 + 2(k − 1)·stacks·Σd', () => {
    const blocks = [1, 2, 4, 8, 16].flatMap((dilation) => repeat(2, { kernel: 3, dilation, padding: 'causal' }));
    expect(last([...blocks, ...blocks]).size).toBe(1 + 2 * 2 * 2 * 31);
  });

  it('context module: 3, 5, 9, 17, 33, 65, 67, 67', () => {
    const layers = [...dilated(3, [1, 1, 2, 4, 8, 16, 1]), { kernel: 1 }];
    expect(sizes(layers)).toEqual([3, 5, 9, 17, 33, 65, 67, 67]);
  });

  it('front end: field 380, stride 8, (n − 372)/8 outputs', () => {
    for (const outputs of [1, 32, 66]) {
      expect(last(frontEnd, 372 + 8 * outputs)).toMatchObject({ size: 380, stride: 8, padding: 0, center: 189.5, outputSize: outputs });
    }
  });

  it('front end, large context module and deconvolution: 1396 → 128 → 1024', () => {
    const context = [{ kernel: 3, padding: 129 }, ...dilated(3, [1, 2, 4, 8, 16, 32, 64, 1]), { kernel: 1 }];
    const steps = receptiveField([...frontEnd, ...context, { kernel: 16, stride: 8, padding: 4, transposed: true }], 1396);
    expect(steps.at(-2)).toMatchObject({ size: 2444, stride: 8, outputSize: 128 });
    // Every pixel sees two features of the 128, one stride of 8 apart.
    expect(steps.at(-1)).toMatchObject({ size: 2452, stride: 1, outputSize: 1024 });
  });

  it('names its steps after their layers', () => {
    expect(receptiveField([{ kernel: 3, name: 'conv1' }, { kernel: 2 }])).toEqual([
      { name: 'conv1', size: 3, stride: 1, padding: 0, center: 1 },
      { size: 4, stride: 1, padding: 0, center: 1.5 },
    ]);
  });

  it('an empty stack has no steps', () => {
    expect(receptiveField([])).toEqual([]);
  });

  it('never says −0', () => {
    const { padding } = last([{ kernel: 1 }]);
    expect(Object.is(padding, 0)).toBe(true);
    expect(Object.is(last([{ kernel: 1 }]).center, 0)).toBe(true);
  });
});

describe('transposed layers', () => {
  it.each([
    ['kernel 2, stride 2: each output sees one input', { kernel: 2, stride: 2 }, { size: 1, stride: 0.5, padding: 0, center: 0 }],
    ['kernel 4, stride 2, padding 1: two inputs', { kernel: 4, stride: 2, padding: 1 }, { size: 2, stride: 0.5, padding: 1, center: -0.5 }],
    ['kernel 3, stride 2: two inputs or one', { kernel: 3, stride: 2 }, { size: 2, stride: 0.5, padding: 1, center: -0.5 }],
    ['kernel 1, stride 3: outputs that see nothing', { kernel: 1, stride: 3 }, { size: 1, stride: 1 / 3, padding: 0, center: 0 }],
    [
      'output 0 sees nothing: padding is output 1’s',
      { kernel: 1, stride: 3, padding: 2 },
      { size: 1, stride: 1 / 3, padding: -1, center: 1 },
    ],
    [
      'dilation 3 over stride 2: inputs three apart',
      { kernel: 3, stride: 2, dilation: 3 },
      { size: 4, stride: 0.5, padding: 3, center: -1.5 },
    ],
  ] as const)('%s', (_, layer, expected) => {
    expect(last([{ ...layer, transposed: true }])).toEqual(expected);
  });

  it('undo a stride', () => {
    const layers: WindowLayer[] = [
      { kernel: 2, stride: 2 },
      { kernel: 2, stride: 2, transposed: true },
    ];
    expect(last(layers, 10)).toEqual({ size: 2, stride: 1, padding: 0, center: 0.5, inputSize: 5, outputSize: 10 });
  });

  it('see nothing where strides pick the zeros between inputs', () => {
    const layers: WindowLayer[] = [
      { kernel: 1, stride: 2, transposed: true },
      { kernel: 1, stride: 2, padding: 1 },
    ];
    expect(last(layers)).toEqual({ size: 0, stride: 1, padding: NaN, center: NaN });
  });

  it('follow eleven doublings, and refuse what repeats too late', () => {
    const doublings = repeat(11, { kernel: 4, stride: 2, padding: 1, transposed: true });
    expect(last(doublings, 8)).toMatchObject({ size: 3, stride: 2 ** -11, outputSize: 8 * 2 ** 11 });
    expect(() => receptiveField(repeat(17, { kernel: 4, stride: 2, padding: 1, transposed: true }))).toThrow(
      rejected('RangeError', 'layers[16]'),
    );
  });
});

function fieldsOf(layers: readonly WindowLayer[]): Fields {
  const stack = readLayers(layers);
  return stackFields(stack, layerBegins(stack, undefined));
}

describe('enumerated taps', () => {
  it('agree with every output’s field, the largest size, the stride and the padding', () => {
    fc.assert(
      fc.property(mixedStack, (layers) => {
        const fields = fieldsOf(layers);
        const step = last(layers);
        let largest = 0;
        let padding: number | undefined;
        const outputs = Math.min(2 * fields.period, 300);
        for (let output = 0; output < outputs; output++) {
          const seen = [...tapPaths(layers, output).keys()];
          const first = seen.reduce((least, input) => Math.min(least, input), Infinity);
          const end = seen.reduce((most, input) => Math.max(most, input), -Infinity);
          expect([fieldFirst(fields, output), fieldLast(fields, output)]).toEqual([first, end]);
          if (seen.length === 0) continue;
          largest = Math.max(largest, end - first + 1);
          padding ??= 0 - first;
        }
        expect(step.stride).toBe(fields.shift / fields.period);
        if (outputs < fields.period) return;
        expect(step.size).toBe(largest);
        expect(step.padding).toBe(padding ?? NaN);
        expect(step.center).toBe((largest - 1) / 2 - (padding ?? NaN));
      }),
      { numRuns: 300 },
    );
  });

  it('agree at negative outputs too', () => {
    fc.assert(
      fc.property(mixedStack, fc.integer({ min: -30, max: -1 }), (layers, output) => {
        const seen = [...tapPaths(layers, output).keys()].sort((a, b) => a - b);
        const fields = fieldsOf(layers);
        expect(fieldFirst(fields, output)).toBe(seen[0] ?? Infinity);
        expect(fieldLast(fields, output)).toBe(seen.at(-1) ?? -Infinity);
      }),
      { numRuns: 100 },
    );
  });
});

describe('padding by name', () => {
  it("'same' with stride 1 needs no input size", () => {
    expect(last([{ kernel: 4, dilation: 3, padding: 'same' }]).padding).toBe(4);
    expect(last([{ kernel: 4, dilation: 3, padding: 'sameLower' }]).padding).toBe(5);
  });

  it("'same' with stride above 1 depends on the input size", () => {
    expect(last([{ kernel: 3, stride: 2, padding: 'same' }], 10).padding).toBe(0);
    expect(last([{ kernel: 3, stride: 2, padding: 'same' }], 11).padding).toBe(1);
    for (const padding of ['same', 'sameLower'] as const) {
      expect(() => receptiveField([{ kernel: 1 }, { kernel: padding === 'same' ? 3 : 4, stride: 2, padding }])).toThrow(
        rejected(
          'TypeError',
          `Expected inputSize to be given, because '${padding}' padding with stride 2 (layers[1]) depends on it, received undefined`,
        ),
      );
    }
  });

  it('needs the input size exactly where the begin depends on it', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 1, max: 12 }),
        fc.constantFrom('same' as const, 'sameLower' as const),
        (kernel, stride, padding) => {
          const layers = [{ kernel, stride, padding }];
          const begins = new Set(Array.from({ length: 3 * stride }, (_, index) => last(layers, index + 1).padding));
          if (begins.size > 1) expect(() => receptiveField(layers)).toThrow('inputSize');
          else expect(last(layers).padding).toBe([...begins][0]);
        },
      ),
    );
  });

  it('of a transposed layer is resolved without the input size', () => {
    expect(last([{ kernel: 5, stride: 2, padding: 'same', transposed: true }], 7)).toMatchObject({ padding: 1, outputSize: 14 });
  });
});

describe('errors', () => {
  const bad: [string, unknown, 'TypeError' | 'RangeError', string][] = [
    ['layers is no array', { kernel: 3 }, 'TypeError', 'layers'],
    ['a layer is missing', [{ kernel: 3 }, undefined], 'TypeError', 'layers[1]'],
    ['a hole', new Array(1), 'TypeError', 'layers[0]'],
    ['a layer is a number', [3], 'TypeError', 'layers[0]'],
    ['an unknown key', [{ kernel: 3, dialation: 2 }], 'TypeError', "'dialation'"],
    ['no kernel', [{}], 'TypeError', 'layers[0].kernel'],
    ['an inherited kernel', [Object.create({ kernel: 3 })], 'TypeError', 'layers[0]'],
    ['kernel 0', [{ kernel: 0 }], 'RangeError', 'layers[0].kernel'],
    ['kernel 2^31', [{ kernel: 2 ** 31 }], 'RangeError', 'layers[0].kernel'],
    ['kernel of text', [{ kernel: '3' }], 'TypeError', 'layers[0].kernel'],
    ['stride null', [{ kernel: 3, stride: null }], 'TypeError', 'layers[0].stride'],
    ['dilation 1.5', [{ kernel: 3, dilation: 1.5 }], 'RangeError', 'layers[0].dilation'],
    ['padding −1', [{ kernel: 3, padding: -1 }], 'RangeError', 'layers[0].padding'],
    ['padding −0', [{ kernel: 3, padding: -0 }], 'RangeError', 'received -0'],
    ['padding [0, −1]', [{ kernel: 3, padding: [0, -1] }], 'RangeError', 'layers[0].padding[1]'],
    ['a padding name', [{ kernel: 3, padding: 'SAME' }], 'RangeError', "'same'"],
    ['rounding', [{ kernel: 3, rounding: 'round' }], 'RangeError', 'layers[0].rounding'],
    ['transposed 1', [{ kernel: 3, transposed: 1 }], 'TypeError', 'layers[0].transposed'],
    ['name 1', [{ kernel: 3, name: 1 }], 'TypeError', 'layers[0].name'],
    ['outputPadding without transposed', [{ kernel: 3, stride: 2, outputPadding: 1 }], 'RangeError', 'layers[0].outputPadding'],
    [
      'outputPadding as large as the stride',
      [{ kernel: 3, stride: 2, outputPadding: 2, transposed: true }],
      'RangeError',
      'layers[0].outputPadding',
    ],
    ['ceil in a transposed layer', [{ kernel: 3, rounding: 'ceil', transposed: true }], 'RangeError', 'layers[0].rounding'],
    ['an effective kernel of 2^62', [{ kernel: 2 ** 31 - 1, dilation: 2 ** 31 - 1 }], 'RangeError', 'layers[0]'],
    ['an effective stride of 2^60', repeat(60, { kernel: 2, stride: 2 }), 'RangeError', 'layers[52]'],
  ];

  it.each(bad)('%s', (_, layers, name, part) => {
    expect(() => receptiveField(layers as WindowLayer[])).toThrow(rejected(name, part));
  });

  it('a kernel larger than its padded input, deep in the stack', () => {
    expect(() => receptiveField([{ kernel: 3 }, { kernel: 2, stride: 2 }, { kernel: 5, dilation: 2 }], 18)).toThrow(
      rejected('RangeError', 'Expected the effective kernel size of layers[2] to be at most 8, the padded input size, received 9'),
    );
  });

  it.each([[-1], [-0], [1.5], [NaN], [2 ** 31]])('inputSize %d', (inputSize) => {
    expect(() => receptiveField([{ kernel: 1 }], inputSize)).toThrow(rejected('RangeError', 'inputSize'));
  });

  it('is exact up to the limit', () => {
    const layers = repeat(52, { kernel: 2, stride: 2 });
    expect(last(layers)).toMatchObject({ size: 2 ** 52, stride: 2 ** 52, center: (2 ** 52 - 1) / 2 });
  });

  it('reads own properties once', () => {
    let reads = 0;
    const layer = {
      get kernel() {
        reads++;
        return 3;
      },
    };
    receptiveField([layer]);
    expect(reads).toBe(1);
  });
});
