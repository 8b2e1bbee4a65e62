/** The result as text for a terminal. */
import { entryOf, geometricMean, milliseconds, ownName, type BenchResult, type Entry, type LayerResult } from './result.js';
import { mainPeer, makeStandings, verdict, type Standing } from './standing.js';

export interface Table {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly summary: readonly (readonly string[])[];
}

/** Columns whose cells are words: they stand to the left. */
export const textColumns: ReadonlySet<string> = new Set(['layer', 'algorithm', 'by', 'chosen', 'fastest']);

/** For each thread count where our best instruction set stands, and every contender's time. */
export function makeTables(result: BenchResult): Table[] {
  return [
    ...result.threads.map((threads) => summaryTable(result, threads)),
    ...result.threads.map((threads) => contenderTable(result, threads)),
    ...(result.layers.some(({ comparison }) => comparison) ? [comparisonTable(result)] : []),
  ];
}

function summaryTable(result: BenchResult, threads: number): Table {
  const standings = makeStandings(result, threads);
  const some = (key: keyof Standing): boolean => standings.some((standing) => standing[key] !== null);
  const timed = standings.filter(({ overPeer }) => overPeer !== null);
  const sum = (of: (standing: Standing) => number): number => timed.reduce((total, standing) => total + of(standing), 0);
  const [ownSum, peerSum] = [sum((standing) => standing.milliseconds!), sum((standing) => standing.peerMilliseconds!)];
  const mean = (key: 'gigaflops' | 'percent' | 'goalPercent' | 'scaling' | 'overPublished' | 'overPeer'): number | null =>
    geometricMean(standings.map((standing) => standing[key]));

  // Name, a layer's cell, the mean's, the sum's.
  type Column = readonly [name: string, cell: (standing: Standing) => string, mean: string, sum: string];
  const goal: Column[] = [['goal %', ({ goalPercent }) => number(goalPercent), number(mean('goalPercent')), '']];
  const scaling: Column[] = [['scaling', (standing) => times(standing.scaling), times(mean('scaling')), '']];
  const published: Column[] = [
    ['published %', (standing) => number(standing.published?.percent ?? null), '', ''],
    ['by', (standing) => standing.published?.library ?? '–', '', ''],
    ['× published', ({ overPublished }) => times(overPublished), times(mean('overPublished')), ''],
  ];
  const columns: Column[] = [
    ['layer', ({ layer }) => layer, 'geometric mean', timed.length > 0 ? `sum of ${timed.length} layers` : 'sum'],
    ['algorithm', ({ entry }) => entry?.algorithm ?? '', '', ''],
    ['ms', ({ entry }) => timeOrStatus(entry), '', duration(ownSum || null)],
    ['GFLOP/s', (standing) => number(standing.gigaflops), number(mean('gigaflops')), ''],
    ['% of peak', ({ percent }) => number(percent), number(mean('percent')), ''],
    ...(some('goalPercent') ? goal : []),
    ...(threads > 1 ? scaling : []),
    ...(some('published') ? published : []),
    [`${mainPeer} ms`, ({ peerMilliseconds }) => duration(peerMilliseconds), '', duration(peerSum || null)],
    [`× ${mainPeer}`, ({ overPeer }) => times(overPeer), times(mean('overPeer')), times(timed.length > 0 ? peerSum / ownSum : null)],
  ];
  return {
    title: `${ownName(result)}, ${countThreads(threads)}`,
    columns: columns.map(([name]) => name),
    rows: standings.map((standing) => columns.map(([, cell]) => cell(standing))),
    summary: [columns.map(([, , cell]) => cell), columns.map(([, , , cell]) => cell)],
  };
}

function contenderTable(result: BenchResult, threads: number): Table {
  const own = ownName(result);
  const names = [
    ...new Set(result.layers.flatMap(({ entries }) => entries.filter((entry) => entry.threads === threads).map(({ name }) => name))),
  ];
  const ratio = (layer: LayerResult, name: string): number | null => {
    const theirs = milliseconds(entryOf(layer, name, threads));
    const ours = milliseconds(entryOf(layer, own, threads));
    return theirs === null || ours === null ? null : theirs / ours;
  };
  return {
    title: `Every contender, milliseconds, ${countThreads(threads)}`,
    columns: ['layer', ...names],
    rows: result.layers.map((layer) => [layer.name, ...names.map((name) => timeOrStatus(entryOf(layer, name, threads)))]),
    summary: [[`mean time / ${own}'s`, ...names.map((name) => times(geometricMean(result.layers.map((layer) => ratio(layer, name)))))]],
  };
}

function comparisonTable(result: BenchResult): Table {
  return {
    title: "Our result beside ONNX Runtime's own of the same layer, inside the network",
    columns: ['layer', 'input', 'weight', 'dilation', 'largest difference / deviation', 'share of both bounds', 'agree'],
    rows: result.layers.map(({ name, inputDims, weightDims, dilation, comparison }) => [
      name,
      inputDims.join('×'),
      weightDims.join('×'),
      dilation.join('×'),
      comparison ? comparison.maxDifferenceOverDeviation.toExponential(1) : '–',
      comparison ? comparison.maxDifferenceOverBounds.toFixed(3) : '–',
      comparison ? (comparison.ok ? 'yes' : 'WRONG') : '–',
    ]),
    summary: [],
  };
}

/** What stands around the tables: the machine, the peaks, what failed and what is missing. */
export function makeRemarks(result: BenchResult): string[] {
  const { machine } = result;
  const remarks = [
    `${machine.cpu}, ${machine.cpus} CPUs, ${machine.platform}, Node ${machine.node}; atrous ${result.version}` +
      Object.entries(result.peerVersions)
        .map(([name, version]) => `, ${name} ${version}`)
        .join(''),
  ];
  const peaks = Object.entries(result.peak).map(([isa, peak]) => `${isa} ${number(peak)}`);
  if (peaks.length > 0) remarks.push(`FMA peak of one core, GFLOP/s, measured between the layers: ${peaks.join(', ')}`);
  remarks.push(
    `GFLOP/s count every tap of the plain formula, those in the padding too. "× ${mainPeer} 2.00×" means half its time, measured in this run.`,
    'Published: the best of oneDNN, ncnn, XNNPACK, PyTorch and ONNX Runtime on another machine (Zen 4), in % of its peak.',
    ...(result.tolerance === 0
      ? ["Direct kernels only (tolerance 0), compared with direct ones: published figures below 110 %, and oneDNN's."]
      : []),
    ...result.threads.flatMap((threads) => {
      const found = verdict(makeStandings(result, threads));
      return found === null ? [] : [`${countThreads(threads)}: ${found}`];
    }),
    ...result.notes.map((note) => `Note: ${note}`),
  );
  const robbed = result.layers.filter(({ entries }) => entries.some(isRobbed)).map(({ name }) => name);
  if (robbed.length > 0) remarks.push(`Disturbed: other work took the CPU from even the best run of ours on ${robbed.join(', ')}`);
  for (const layer of result.layers) {
    for (const { status, name, threads, note } of layer.entries) {
      if (status === 'wrong' || status === 'failed')
        remarks.push(`${status.toUpperCase()}: ${layer.name}, ${name}, threads ${threads}: ${note}`);
    }
  }
  return remarks;
}

/** Ours had a CPU for less than 95 % of its least time. */
function isRobbed({ kind, timing }: Entry): boolean {
  return kind === 'native' && timing !== null && timing.cpuShare < 0.95;
}

export function renderText(tables: readonly Table[], remarks: readonly string[]): string {
  return [...tables.map(renderTable), remarks.join('\n')].join('\n\n') + '\n';
}

function renderTable({ title, columns, rows, summary }: Table): string {
  const all = [columns, ...rows, ...summary];
  const widths = columns.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)));
  const isText = columns.map((name) => textColumns.has(name));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => (isText[column] ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
      .join('  ')
      .trimEnd();
  const rule = widths.map((width) => '─'.repeat(width)).join('──');
  return [title, rule, line(columns), rule, ...rows.map(line), rule, ...summary.map(line)].join('\n');
}

function timeOrStatus(entry: Entry | undefined): string {
  if (!entry) return '–';
  if (entry.timing) return duration(entry.timing.milliseconds);
  return { timed: '–', wrong: 'WRONG', unsupported: 'none', skipped: 'skipped', failed: 'failed' }[entry.status];
}

/** Three digits. */
export function duration(time: number | null): string {
  if (time === null) return '–';
  return time >= 100 ? time.toFixed(0) : time >= 10 ? time.toFixed(1) : time >= 1 ? time.toFixed(2) : time.toPrecision(3);
}

export function number(value: number | null): string {
  if (value === null) return '–';
  return value >= 10 ? value.toFixed(0) : value.toPrecision(2);
}

export function times(ratio: number | null): string {
  if (ratio === null) return '–';
  return `${ratio >= 100 ? ratio.toFixed(0) : ratio >= 10 ? ratio.toFixed(1) : ratio.toFixed(2)}×`;
}

export function countThreads(threads: number): string {
  return threads === 1 ? '1 thread' : `${threads} threads`;
}
