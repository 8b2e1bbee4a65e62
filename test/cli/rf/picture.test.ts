/** The pictures draw what the arithmetic says: dots, areas, boxes and nodes are counted, for chosen stacks and for random ones. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatCount } from '../../../lib/cli/rf/drawing.js';
import { renderPage } from '../../../lib/cli/rf/page.js';
import { renderPicture } from '../../../lib/cli/rf/picture.js';
import { reportStack } from '../../../lib/cli/rf/report.js';
import { drawStack } from '../../../lib/cli/rf/stack-drawing.js';
import { alongAxis, readStack } from '../../../lib/cli/rf/stack.js';
import { coverage, receptiveField } from '../../../lib/index.js';
import { area, cells, count, panels, rectangle, unbalancedTags } from './svg.js';

function draw(words: string): string {
  const stack = readStack(words.split(' '));
  const report = reportStack(stack);
  return renderPicture(report, () => drawStack(stack, report));
}

/** Coverage of the first `layers` layers along the rows and the columns. */
function covered(words: string, layers: number) {
  const stack = readStack(words.split(' '));
  return [0, 1].map((axis) => coverage(alongAxis(stack, axis).slice(0, layers))) as [
    ReturnType<typeof coverage>,
    ReturnType<typeof coverage>,
  ];
}

const product = (values: readonly number[]): number => values.reduce((a, b) => a * b, 1);

describe("Yu and Koltun's figure 1: dilation 1, 2, 4", () => {
  const svg = draw('3x3d1 3x3d2 3x3d4');
  const [first, second, third, paths] = panels(svg);

  it('has a panel for every layer and one for the paths', () => {
    expect(panels(svg)).toHaveLength(4);
  });

  it.each([
    [first!, 3],
    [second!, 7],
    [third!, 15],
  ])('shows nine taps on a full field', (panel, size) => {
    expect(count(panel, 'tap')).toBe(9);
    expect(rectangle(panel, 'field')).toMatchObject({ width: size, height: size });
    expect(area(panel, /seen/)).toBe(size * size);
    expect(panel).toContain(`sees ${size}×${size}`);
  });

  it('shows what one tap sees: the field of the layer before, in the same corner', () => {
    const field = rectangle(third!, 'field');
    expect(rectangle(third!, 'view')).toEqual({ x: field.x, y: field.y, width: 7, height: 7 });
  });

  it('shows as many levels of path counts as there are, the largest as the highest', () => {
    expect(area(paths!, /h\d/)).toBe(225);
    // Along an axis 1, 1, 2, 1, 3, 2, 3, 1, 3, 2, 3, 1, 2, 1, 1: four columns of 3, so 16 elements with 9 paths.
    expect(area(paths!, /h9/)).toBe(16);
  });
});

describe('dilation 2, 2, 2', () => {
  const svg = draw('3x3d2 3x3d2 3x3d2');

  it('shows the grid of holes: 9, 25 and 49 of the elements are drawn, each alone', () => {
    const seen = panels(svg)
      .slice(0, 3)
      .map((panel) => cells(panel, /seen/));
    expect(seen.map(({ length }) => length)).toEqual([9, 25, 49]);
    for (const { width, height } of seen.flat()) expect({ width, height }).toEqual({ width: 1, height: 1 });
    expect(area(panels(svg)[3]!, /h\d/)).toBe(49);
  });

  it('says so', () => {
    expect(svg).toContain('touches 49 of 169');
  });
});

it('numbers the paths where there is room', () => {
  const numbers = [...panels(draw('3x3d2 3x3d2'))[2]!.matchAll(/class="count[^>]*>(\d+)</g)].map(([, number]) => Number(number));
  expect(numbers).toHaveLength(25);
  // 9 paths each through two layers of 9 taps.
  expect(numbers.reduce((a, b) => a + b)).toBe(81);
});

it('draws any stack of the plane as coverage tells it', () => {
  const number = fc.integer({ min: 1, max: 3 });
  const word = fc
    .tuple(number, number, number, number, fc.integer({ min: 1, max: 2 }))
    .map(([rows, columns, d, e, s]) => `${rows}x${columns}d${d}x${e}s${s}`);
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 3 }), (layers) => {
      const words = layers.join(' ');
      const svg = draw(words);
      expect(unbalancedTags(svg)).toEqual([]);
      expect(svg).not.toMatch(/NaN|undefined|Infinity/);
      const whole = covered(words, layers.length);
      const heat = cells(panels(svg).at(-1)!, /h\d/);
      expect(heat.reduce((sum, { width, height }) => sum + width * height, 0)).toBe(whole[0].touched * whole[1].touched);
      const stack = readStack(layers);
      const shown = [...layers.keys()].filter((index) => {
        const [before, after] = [covered(words, index), covered(words, index + 1)];
        return index === 0 || after.some(({ size }, axis) => size > before[axis]!.size);
      });
      expect(panels(svg)).toHaveLength(shown.length + 1);
      shown.forEach((index, panel) => {
        const [rows, columns] = covered(words, index + 1);
        const drawn = panels(svg)[panel]!;
        expect(rectangle(drawn, 'field')).toMatchObject({ width: columns.size, height: rows.size });
        expect(area(drawn, /seen/)).toBe(rows.touched * columns.touched);
        expect(count(drawn, 'tap')).toBe(product(stack[index]!.axes.map(({ kernel }) => kernel)));
      });
    }),
    { numRuns: 150 },
  );
});

describe('large fields', () => {
  it('are drawn in squares, and say so', () => {
    const svg = draw(Array.from({ length: 40 }, () => '3x3d2').join(' '));
    expect(svg).toContain('Squares of 2×2 elements');
    expect(svg).toContain('8 of the 40 layers');
    expect(svg).toContain('8.7·10³⁵');
    expect(area(panels(svg)[7]!, /seen/)).toBe(161 * 161);
    expect(svg.length).toBeLessThan(100_000);
  });

  it('stay small files, whatever the kernel', () => {
    for (const words of ['1000x1000d7 999x3s5', 'k100000', 'k9d9 k9d99 k9d999', '3x3d7 3x3d70 3x3d700']) {
      const svg = draw(words);
      expect(svg.length).toBeLessThan(400_000);
      expect(svg).not.toMatch(/NaN|undefined|Infinity/);
    }
  });

  it('with counts beyond doubles have them all at the highest level', () => {
    const svg = draw(Array.from({ length: 240 }, () => '21x1').join(' '));
    expect(svg).toContain('more than 10³⁰⁸');
    expect(svg).not.toMatch(/NaN|undefined/);
  });
});

describe('one axis', () => {
  it('is a tree: WaveNet, dilation 1, 2, 4, 8', () => {
    const svg = draw('k2d1causal k2d2causal k2d4causal k2d8causal');
    // 1 + 2 + 4 + 8 + 16 outputs on a path, of 5 rows of 16.
    expect(count(svg, 'node on')).toBe(31);
    expect(count(svg, 'node')).toBe(5 * 16 - 31);
    expect([...svg.matchAll(/M[\d.]+ [\d.]+L/g)]).toHaveLength(2 + 4 + 8 + 16);
    // Every path ends at the newest sample's column or to the left of it; the output stands above it.
    const nodes = [...svg.matchAll(/class="node on" cx="([\d.]+)" cy="([\d.]+)"/g)].map(([, x, y]) => [Number(x), Number(y)] as const);
    const top = Math.min(...nodes.map(([, y]) => y));
    expect(nodes.find(([, y]) => y === top)![0]).toBe(Math.max(...nodes.map(([x]) => x)));
  });

  it('leaves holes empty', () => {
    const svg = draw('k3d2 k3d2 k3d2');
    const bottom = Math.max(...[...svg.matchAll(/cy="([\d.]+)"/g)].map(([, y]) => Number(y)));
    const input = svg.split('\n').filter((line) => line.includes(`cy="${bottom}"`));
    expect(input.filter((line) => line.includes('node on'))).toHaveLength(7);
    expect(input.filter((line) => line.includes('"node"'))).toHaveLength(6);
    expect([...svg.matchAll(/class="count[^>]*>(\d+)</g)].map(([, number]) => number).join(' ')).toBe('1 3 6 7 6 3 1');
  });

  it('draws every step of ten layers, and of more than 4,096 the span', () => {
    const ten = draw(Array.from({ length: 10 }, (_, layer) => `k2d${2 ** layer}causal`).join(' '));
    expect([...ten.matchAll(/M[\d.]+ [\d.]+L/g)]).toHaveLength(2046);
    const twelve = draw(Array.from({ length: 12 }, (_, layer) => `k2d${2 ** layer}`).join(' '));
    expect(count(twelve, 'span')).toBe(12);
    expect(twelve).toContain('Too many paths');
  });
});

describe('transposed layers', () => {
  it('are drawn for an output with the largest field', () => {
    const words = 't4x4s2p1 3x3';
    const svg = draw(words);
    const size = receptiveField(alongAxis(readStack(words.split(' ')), 0)).at(-1)!.size;
    expect(rectangle(panels(svg)[1]!, 'field')).toMatchObject({ width: size, height: size });
    expect(svg).toContain('drawn: one with the largest field');
  });

  it('stand above the middle of their taps: a tree of symmetric layers is symmetric', () => {
    const svg = draw('tk3s2p1 k3');
    const nodes = [...svg.matchAll(/class="node on" cx="([\d.]+)" cy="([\d.]+)"/g)].map(([, x, y]) => [Number(x), Number(y)] as const);
    const middles = [...new Set(nodes.map(([, y]) => y))].map((row) => {
      const xs = nodes.filter(([, y]) => y === row).map(([x]) => x);
      return xs.reduce((a, b) => a + b) / xs.length;
    });
    for (const middle of middles) expect(middle).toBeCloseTo(middles[0]!, 0);
  });

  it('that see nothing are told in words', () => {
    expect(draw('tk1s2p1 k1s2')).toContain('The strides pick out nothing');
    expect(draw('t1x1s2p1 1x1s2')).toContain('sees nothing');
  });
});

describe('picture and page', () => {
  const stack = readStack(['3x3d2', 'max2x2s2', 't4x4s2p1']);
  const report = reportStack(stack, [64, 80]);
  const picture = renderPicture(report, () => drawStack(stack, report));

  it('stand alone: no script, no address but the namespace, both colour schemes', () => {
    for (const document of [picture, renderPage(report, picture)]) {
      expect(document).not.toContain('<script');
      expect(document.replaceAll('http://www.w3.org/2000/svg', '')).not.toContain('http');
      expect(document).toContain('prefers-color-scheme: dark');
      expect(document).not.toMatch(/NaN|undefined/);
    }
  });

  it('describe themselves', () => {
    const svg = picture;
    expect(svg).toContain('role="img" aria-labelledby="title description"');
    expect(svg).toContain('<title id="title">Receptive field of 3×3, d 2 → max 2×2, s 2 → transposed 4×4, s 2</title>');
    expect(svg).toMatch(/<desc id="description">The stack sees [^<]*Panels: [^<]*</);
  });

  it('the page has the table with a row for every layer', () => {
    const page = renderPage(report, picture);
    expect(page.match(/<tr>/g)).toHaveLength(1 + 3);
    expect(page).toContain('<td>60×76</td>');
  });
});

it('writes counts short', () => {
  expect([1, 1234, 999_999, 1e6, 1.25e9, Infinity].map(formatCount)).toEqual([
    '1',
    '1,234',
    '999,999',
    '1.0·10⁶',
    '1.3·10⁹',
    'more than 10³⁰⁸',
  ]);
});
