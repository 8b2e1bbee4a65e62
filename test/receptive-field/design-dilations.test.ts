/** Designed schedules: examples, the shortest found by trying every schedule, errors. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { designDilations, type DesignDilationsOptions } from '../../lib/receptive-field/design-dilations.js';
import { hasHoles } from '../../lib/receptive-field/has-holes.js';
import { rejected } from '../geometry/arguments.js';
import { dilated } from './layers.js';

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

describe('designDilations', () => {
  it.each([
    [{ kernel: 3, receptiveField: 1 }, []],
    [{ kernel: 3, receptiveField: 2 }, [1]],
    [{ kernel: 3, receptiveField: 9 }, [1, 3]],
    [{ kernel: 3, receptiveField: 15 }, [1, 2, 4]],
    [{ kernel: 3, receptiveField: 15, layers: 4 }, [1, 1, 2, 3]],
    [{ kernel: 3, receptiveField: 15, layers: 10 }, new Array<number>(10).fill(1)],
    [{ kernel: 3, receptiveField: 27 }, [1, 3, 9]],
    [{ kernel: 2, receptiveField: 1024 }, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512]],
    [{ kernel: 1, receptiveField: 1 }, []],
    [{ kernel: 1, receptiveField: 1, layers: 2 }, [1, 1]],
    [{ kernel: 2 ** 31 - 1, receptiveField: 2 ** 31 - 1 }, [1]],
  ] as [DesignDilationsOptions, number[]][])('%j: %j', (options, expected) => {
    expect(designDilations(options)).toEqual(expected);
  });

  it('reaches every field without holes and without overshoot, dilations ascending', () => {
    for (const kernel of [2, 3, 4, 5, 7]) {
      for (let receptiveField = 1; receptiveField <= 700; receptiveField++) {
        const dilations = designDilations({ kernel, receptiveField });
        const field = 1 + (kernel - 1) * sum(dilations);
        const right =
          field >= receptiveField &&
          field - receptiveField < kernel - 1 &&
          !hasHoles(dilated(kernel, dilations)) &&
          dilations.every((dilation, index) => dilation >= (dilations[index - 1] ?? 1));
        if (!right) expect.fail(`kernel ${kernel}, field ${receptiveField}: ${dilations.join(', ')}`);
      }
    }
  });

  it('is as short as the shortest of all schedules', () => {
    // The largest field without holes of each number of layers, over all schedules of dilations up to 30.
    const reach = (kernel: number, layers: number, width = 1): number => {
      if (layers === 0) return width;
      let widest = 0;
      for (let dilation = 1; dilation <= Math.min(width, 30); dilation++) {
        widest = Math.max(widest, reach(kernel, layers - 1, width + (kernel - 1) * dilation));
      }
      return widest;
    };
    for (const kernel of [2, 3, 4]) {
      for (const layers of [1, 2, 3]) {
        const widest = reach(kernel, layers);
        expect(designDilations({ kernel, receptiveField: widest })).toHaveLength(layers);
        expect(designDilations({ kernel, receptiveField: widest + 1 })).toHaveLength(layers + 1);
      }
    }
  });

  it('takes as many layers as it is told', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 9 }), fc.integer({ min: 1, max: 2 ** 31 - 1 }), fc.nat(40), (kernel, receptiveField, more) => {
        const layers = designDilations({ kernel, receptiveField }).length + more;
        const dilations = designDilations({ kernel, receptiveField, layers });
        expect(dilations).toHaveLength(layers);
        expect(dilations.every((dilation) => Number.isSafeInteger(dilation) && dilation >= 1)).toBe(true);
        expect(hasHoles(dilated(kernel, dilations))).toBe(false);
        expect(sum(dilations)).toBe(Math.max(layers, Math.ceil((receptiveField - 1) / (kernel - 1))));
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    [{ kernel: 1, receptiveField: 2 }, 'RangeError', 'kernel'],
    [{ kernel: 3, receptiveField: 0 }, 'RangeError', 'receptiveField'],
    [{ kernel: 3, receptiveField: 28, layers: 3 }, 'RangeError', 'Expected layers to be at least 4, since 3 of kernel 3 see at most 27'],
    [{ kernel: 3, receptiveField: 9, layers: 2 ** 20 }, 'RangeError', 'Expected layers to be at most 65536'],
    [{ kernel: 3 }, 'TypeError', 'receptiveField'],
    [{ kernel: 3, receptiveField: 9, layers: null }, 'TypeError', 'layers'],
    [{ kernel: 3, field: 9 }, 'TypeError', "unknown option 'field'"],
  ] as [DesignDilationsOptions, 'TypeError' | 'RangeError', string][])('%j is refused', (options, name, part) => {
    expect(() => designDilations(options)).toThrow(rejected(name, part));
  });
});
