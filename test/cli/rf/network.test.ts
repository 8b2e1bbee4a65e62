/** Networks by name: published fields in the report, one panel for a layer whose field grows. */
import { describe, expect, it } from 'vitest';
import { networks, reportNetwork } from '../../../lib/cli/rf/network.js';
import { renderPicture } from '../../../lib/cli/rf/picture.js';
import { columnsOf, headline, remarksOf, rowOf } from '../../../lib/cli/rf/summary.js';
import { buildNetwork } from '../../../lib/index.js';
import { area, count, panels, rectangle, unbalancedTags } from './svg.js';

const named = (name: string, inputSize?: readonly number[]) => reportNetwork(name, networks[name]!(), inputSize);

describe('the report', () => {
  it('has a row for every layer of drn-d-22, up to the published field', () => {
    const { report } = named('drn-d-22', [224, 224]);
    const rows = report.layers.map(rowOf);
    expect(columnsOf(report)).toContain('output');
    expect(rows[0]).toEqual(['conv1', '7×7', '1', '1', '224×224', '7×7', '1', '0', 'none']);
    expect(rows.find(([name]) => name === 'layer6.0.conv1')).toEqual([
      'layer6.0.conv1',
      '3×3',
      '4',
      '1',
      '28×28',
      '287×287',
      '8',
      '0',
      'none',
    ]);
    expect(rows.find(([name]) => name === 'layer6.0.add')!.slice(1, 4)).toEqual(['–', '–', '–']);
    expect(headline(report)).toBe('sees 527×527, without holes');
    expect(remarksOf(report)).toEqual([]);
  });

  it.each([
    ['context-basic', 'sees 67×67, without holes'],
    ['front-end', 'sees 380×380, without holes'],
    ['dilation7', 'sees 652×652, without holes'],
    ['drn-a-50', 'sees 411×411, without holes'],
    ['fcn8s', 'sees 468×468'],
  ])('%s %s', (name, line) => {
    expect(headline(named(name).report)).toBe(line);
  });

  it('says what holes there are, where paths do not meet, and what only a size would tell', () => {
    const network = buildNetwork((g) => {
      const image = g.input('image', [null, 3, null, null]);
      const wide = g.conv(image, { channels: 4, kernel: 3, dilation: 4, padding: 4, name: 'wide' });
      const shifted = g.conv(image, { channels: 4, kernel: 1, padding: [[0, 0], [1, 0]], name: 'shifted' }); // prettier-ignore
      const half = g.conv(wide, { channels: 4, kernel: 3, stride: 2, padding: 'same', name: 'half' });
      g.output(g.add([wide, g.crop(shifted, { margin: [[0, 0], [0, 1]] })], { name: 'sum' }), 'sum'); // prettier-ignore
      g.output(half, 'half');
    });
    const { report } = reportNetwork('own', network);
    const rows = new Map(report.layers.map((layer) => [layer.name, rowOf(layer)]));
    expect(rows.get('wide')!.at(-1)).toBe('72 of 81');
    expect(rows.get('half')!.slice(4)).toEqual(['–', '–', '–', '–']);
    expect(remarksOf(report)).toEqual(['Paths of different strides or centres meet in: sum.']);
  });
});

describe('networks of other kinds', () => {
  it('that end in numbers are reported to the end', () => {
    const network = buildNetwork((g) =>
      g.linear(g.flatten(g.maxPool(g.input('image', [1, 2, 8, 8]), { kernel: 2, name: 'pool' })), { features: 3, name: 'classes' }),
    );
    const { report, draw } = reportNetwork('classifier', network);
    expect(report).toMatchObject({ inputSize: [8, 8], output: 2 });
    expect(rowOf(report.layers[0]!)).toEqual(['pool', '2×2', '1', '2', '4×4', '2×2', '2', '0.5', 'none']);
    expect(rowOf(report.layers[2]!).slice(1)).toEqual(['–', '–', '–', '–', '8×8', '0', '3.5', '–']);
    expect(renderPicture(report, draw)).toContain('Drawn up to pool');
  });

  it('without a layer are refused', () => {
    const nothing = buildNetwork((g) => g.input('image', [1, 1, 8, 8]));
    expect(() => reportNetwork('nothing', nothing)).toThrow('a layer between its input and its output');
  });
});

describe('the picture', () => {
  it('of a context module is that of its stack', () => {
    const { report, draw } = named('context-large');
    const svg = renderPicture(report, draw);
    expect(unbalancedTags(svg)).toEqual([]);
    expect(
      panels(svg)
        .slice(0, 7)
        .map((panel) => rectangle(panel, 'field').width),
    ).toEqual([3, 5, 9, 17, 33, 65, 67]);
    for (const panel of panels(svg).slice(0, 7)) {
      const { width } = rectangle(panel, 'field');
      expect(count(panel, 'tap')).toBe(9);
      expect(area(panel, /seen/)).toBe(width ** 2);
    }
    expect(rectangle(panels(svg)[5]!, 'view')).toMatchObject({ width: 33, height: 33 });
    expect(svg).toContain('up to 2,916');
  });

  it('of a deep network shows some layers, as far as outputs see alike', () => {
    const { report, draw } = named('fcn8s');
    const svg = renderPicture(report, draw);
    expect(panels(svg)).toHaveLength(9);
    expect(svg).toContain('Drawn up to fc6: behind it outputs differ, or see too much.');
    expect(svg).not.toMatch(/NaN|undefined/);
    expect(svg.length).toBeLessThan(100_000);
  });

  it('needs a plane', () => {
    const network = buildNetwork((g) => g.conv(g.input('signal', [1, 1, null]), { channels: 1, kernel: 3 }));
    const { report, draw } = reportNetwork('one axis', network);
    expect(report.layers[0]).toMatchObject({ kernel: [3], field: [3] });
    expect(() => renderPicture(report, draw)).toThrow('Expected a network over the plane');
  });
});
