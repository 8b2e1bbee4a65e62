/** Tables, picture and page of a made-up result: figures, failures and what stands for what is missing. */
import { describe, expect, it } from 'vitest';
import { renderPage } from '../../bench/report/page.js';
import { renderPicture } from '../../bench/report/picture.js';
import { bestPeer, geometricMean, gigaflops, isRight, type BenchResult, type Entry, type LayerResult } from '../../bench/report/result.js';
import { makeStandings, verdict } from '../../bench/report/standing.js';
import { duration, makeRemarks, makeTables, renderText } from '../../bench/report/table.js';

const entry = (name: string, kind: Entry['kind'], threads: number, milliseconds: number | null, more: Partial<Entry> = {}): Entry => ({
  name,
  kind,
  threads,
  status: 'timed',
  algorithm: kind === 'native' ? 'direct-k-lanes' : null,
  note: null,
  timing:
    milliseconds === null
      ? null
      : { milliseconds, medianMilliseconds: milliseconds, cpuShare: 1, roundMilliseconds: [milliseconds], runs: 9 },
  maxErrorOverBound: null,
  maxErrorOverDeviation: null,
  ...more,
});

const layer = (name: string, entries: Entry[], more: Partial<LayerResult> = {}): LayerResult => ({
  name,
  network: 'a <network>',
  inputDims: [1, 8, 16, 16],
  weightDims: [8, 8, 3, 3],
  layout: 'channelsFirst',
  stride: [1, 1],
  dilation: [2, 2],
  groups: 1,
  multiplies: 1e9,
  goalPercent: 200,
  published: { 1: { library: 'ncnn', percent: 125 }, 2: { library: 'oneDNN', percent: 80 } },
  entries,
  comparison: null,
  ...more,
});

const result: BenchResult = {
  title: 'Layers & more',
  date: '2030-01-02T03:04:05.678Z',
  version: '1.2.3',
  machine: { cpu: 'a CPU', cpus: 2, memoryGiB: 8, platform: 'linux-x64', node: 'v20', loadBefore: 0 },
  peerVersions: { onnxruntime: '1.30.0' },
  isas: ['avx2', 'scalar'],
  threads: [1, 2],
  tolerance: 1e-5,
  peak: { avx2: 100, scalar: 10 },
  notes: ['a note'],
  layers: [
    layer('first', [
      entry('avx2', 'native', 1, 20),
      entry('avx2', 'native', 2, 10),
      entry('scalar', 'native', 1, 200),
      entry('typescript', 'typescript', 1, 1000),
      entry('onnxruntime', 'peer', 1, 40),
      entry('onnxruntime', 'peer', 2, 30),
      entry('tfjs-cpu', 'peer', 1, null, { status: 'skipped', note: 'one run would take about 9 s' }),
    ]),
    layer('second', [
      entry('avx2', 'native', 1, null, { status: 'wrong', note: '4 times the allowed error' }),
      entry('onnxruntime', 'peer', 1, 80),
      entry('tfjs-cpu', 'peer', 1, null, { status: 'unsupported', note: 'no groups' }),
    ]),
  ],
};

describe('figures', () => {
  it('are 2 · multiplies ÷ time, and the least peer time with at most so many threads', () => {
    expect(gigaflops(result.layers[0]!, 20)).toBeCloseTo(100);
    expect(bestPeer(result.layers[0]!, 1)).toEqual({ name: 'onnxruntime', milliseconds: 40 });
    expect(bestPeer(result.layers[0]!, 2)).toEqual({ name: 'onnxruntime', milliseconds: 30 });
    expect(geometricMean([2, null, 8])).toBeCloseTo(4);
    expect(geometricMean([null])).toBeNull();
  });

  it('fail a run in which a result of ours is wrong, differs from another, or is missing', () => {
    const good = { ...result, layers: [result.layers[0]!] };
    expect(isRight(good)).toBe(true);
    expect(isRight(result)).toBe(false);
    expect(isRight({ ...good, isas: [] })).toBe(false);
    const comparison = { ok: false, maxDifferenceOverBounds: 2, maxDifferenceOverDeviation: 1 };
    expect(isRight({ ...good, layers: [{ ...good.layers[0]!, comparison }] })).toBe(false);
    const brokenPeer = entry('onnxruntime', 'peer', 1, null, { status: 'failed', note: 'no memory' });
    expect(isRight({ ...good, layers: [layer('third', [entry('avx2', 'native', 1, 20), brokenPeer])] })).toBe(true);
  });

  it('keep three digits', () => {
    expect([1234.5, 12.345, 1.2345, 0.0012345, null].map(duration)).toEqual(['1235', '12.3', '1.23', '0.00123', '–']);
  });
});

describe('the verdict', () => {
  const at = (name: string, milliseconds: number, more: Partial<LayerResult> = {}): LayerResult =>
    layer(name, [entry('avx2', 'native', 1, milliseconds), entry('onnxruntime', 'peer', 1, 20)], { goalPercent: 100, ...more });
  // 100 % of the peak takes 20 ms.
  const layers = [
    at('good', 10),
    at('nearly', 20 / 0.96),
    at('short', 20 / 0.94),
    at('aside', 40, { goalPercent: null, published: { 1: { library: 'oneDNN', percent: 115 } } }),
  ];
  const judged = { ...result, layers, threads: [1] };

  it('counts goals within 5 % as reached, and names what is below the published figure, worst first', () => {
    expect(verdict(makeStandings(judged, 1))).toMatch(
      /^2 of 3 goals reached within 5 %; .*; 3 of 4 layers below the best published figure: aside 0\.43×, short 0\.75×, nearly 0\.77×$/,
    );
  });

  it('takes the means over the layers with goals', () => {
    const mean = Math.cbrt(1.6 * 0.768 * 0.752);
    const overPeer = Math.cbrt(2 * 0.96 * 0.94);
    expect(verdict(makeStandings(judged, 1))).toContain(`mean ${mean.toFixed(2)}× published, ${overPeer.toFixed(2)}× onnxruntime`);
  });

  it('sets direct kernels no goals, and compares them with direct ones', () => {
    const standings = makeStandings({ ...judged, tolerance: 0 }, 1);
    expect(standings.every(({ goalPercent }) => goalPercent === null)).toBe(true);
    // ncnn's 125 % is not direct, oneDNN's 115 % is.
    expect(standings.map(({ published }) => published?.library)).toEqual([undefined, undefined, undefined, 'oneDNN']);
    expect(verdict(standings)).toBe('1 of 1 layers below the best published figure: aside 0.43×');
  });

  it('is silent where there is nothing to judge by', () => {
    expect(verdict(makeStandings({ ...judged, layers: [at('free', 10, { goalPercent: null, published: {} })] }, 1))).toBeNull();
  });
});

describe('tables', () => {
  const [one, everyOne, two] = [makeTables(result)[0]!, makeTables(result)[2]!, makeTables(result)[1]!];

  it('set us beside the goal, the published figure and ONNX Runtime', () => {
    expect(one.title).toBe('avx2, 1 thread');
    const cells = (table: typeof one, row: readonly string[]): Record<string, string> =>
      Object.fromEntries(table.columns.map((name, column) => [name, row[column]!]));
    const common = { layer: 'first', algorithm: 'direct-k-lanes', '% of peak': '100' };
    expect(cells(one, one.rows[0]!)).toEqual({
      ...common,
      ms: '20.0',
      'GFLOP/s': '100',
      'goal %': '200',
      'published %': '125',
      by: 'ncnn',
      '× published': '0.80×',
      'onnxruntime ms': '40.0',
      '× onnxruntime': '2.00×',
    });
    // Two threads: of the peak of two cores, 1.85 / 2 of the goal.
    expect(cells(two, two.rows[0]!)).toEqual({
      ...common,
      ms: '10.0',
      'GFLOP/s': '200',
      'goal %': '185',
      scaling: '2.00×',
      'published %': '80',
      by: 'oneDNN',
      '× published': '1.25×',
      'onnxruntime ms': '30.0',
      '× onnxruntime': '3.00×',
    });
    expect(one.summary.map((row) => [row[0], row.at(-1)])).toEqual([
      ['geometric mean', '2.00×'],
      ['sum of 1 layers', '2.00×'],
    ]);
  });

  it('show what is wrong without a time, and leave it out of the means', () => {
    expect(one.rows[1]!.slice(0, 5)).toEqual(['second', 'direct-k-lanes', 'WRONG', '–', '–']);
    expect(one.summary[0]).toContain('2.00×');
    expect(makeRemarks(result)).toContain('WRONG: second, avx2, threads 1: 4 times the allowed error');
  });

  it('say where other work took the CPU away', () => {
    const timing = { milliseconds: 9, medianMilliseconds: 9, cpuShare: 0.6, roundMilliseconds: [9], runs: 9 };
    const robbed = layer('robbed', [entry('avx2', 'native', 1, null, { timing })]);
    const of = (layers: LayerResult[]) => makeRemarks({ ...result, layers }).filter((remark) => remark.startsWith('Disturbed'));
    expect(of([...result.layers, robbed])).toEqual([expect.stringMatching(/ on robbed$/)]);
    expect(of([...result.layers])).toEqual([]);
  });

  it('name everyone, the skipped and the unable too', () => {
    expect(everyOne.columns).toEqual(['layer', 'avx2', 'scalar', 'typescript', 'onnxruntime', 'tfjs-cpu']);
    expect(everyOne.rows[0]).toEqual(['first', '20.0', '200', '1000', '40.0', 'skipped']);
    expect(everyOne.rows[1]).toEqual(['second', 'WRONG', '–', '–', '80.0', 'none']);
  });

  it('stand in columns', () => {
    const lines = renderText([one], []).split('\n');
    expect(new Set(lines.slice(2, 6).map((line) => line.length)).size).toBeLessThanOrEqual(2);
  });

  it('do without a binary, without peers and without goals', () => {
    const bare = {
      ...result,
      isas: [],
      peak: {},
      layers: [layer('only', [entry('typescript', 'typescript', 1, 5)], { goalPercent: null, published: {} })],
    };
    expect(makeTables(bare)[0]!.rows[0]).toEqual(['only', '', '5.00', '400', '–', '–', '–']);
    expect(renderPicture(bare, 1)).toContain('GFLOP/s');
  });
});

describe('picture and page', () => {
  it('stand alone: no script, no address but the namespace, both colour schemes', () => {
    for (const document of [renderPicture(result, 1), renderPage(result, makeTables(result), makeRemarks(result))]) {
      expect(document).not.toContain('<script');
      expect(document.replaceAll('http://www.w3.org/2000/svg', '')).not.toContain('http');
      expect(document).toContain('prefers-color-scheme: dark');
      expect(document).toContain('WRONG');
      expect(document).not.toContain('NaN');
      expect(document).not.toContain('undefined');
    }
  });

  it('escape text', () => {
    expect(renderPicture(result, 1)).toContain('Layers &amp; more');
    expect(renderPage(result, [], [])).toContain('<title>Layers &amp; more');
  });

  it('draw bars in proportion', () => {
    const widths = [...renderPicture(result, 1).matchAll(/class="(own|peer)" x="132" y="[\d.]+" width="([\d.]+)"/g)].map((match) =>
      Number(match[2]),
    );
    // 100 %, 50 % for the first layer, the peer's 25 % for the second.
    expect(widths).toHaveLength(3);
    expect(widths[0]! / widths[1]!).toBeCloseTo(2, 1);
    expect(widths[0]! / widths[2]!).toBeCloseTo(4, 1);
  });
});
