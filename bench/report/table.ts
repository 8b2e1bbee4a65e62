/** The result as text for a terminal. */
import {
  bestPeer,
  entryOf,
  geometricMean,
  gigaflops,
  milliseconds,
  ownName,
  peakOf,
  type BenchResult,
  type Entry,
  type LayerResult,
} from './result.js';

export interface Table {
  readonly title: string;
  /** The first two columns may be text; numbers stand to the right. */
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly summary: readonly (readonly string[])[];
}

/** For each thread count our best instruction set beside the best peer, and every contender's time. */
export function makeTables(result: BenchResult): Table[] {
  return [
    ...result.threads.map((threads) => summaryTable(result, threads)),
    ...result.threads.map((threads) => contenderTable(result, threads)),
    ...(result.layers.some(({ comparison }) => comparison) ? [comparisonTable(result)] : []),
  ];
}

function summaryTable(result: BenchResult, threads: number): Table {
  const own = ownName(result);
  const ownThreads = own === 'typescript' ? 1 : threads;
  // One column for what is of interest: one thread has goals, where the layers have some, several threads a gain over one.
  const goals = result.layers.map((layer) => layer.goalPercent);
  const aside = threads > 1 ? 'scaling' : goals.some((goal) => goal !== null) ? 'goal %' : '';
  const rates: (number | null)[] = [];
  const shares: (number | null)[] = [];
  const ratios: (number | null)[] = [];
  const scalings: (number | null)[] = [];
  let ownSum = 0;
  let peerSum = 0;
  const rows = result.layers.map((layer) => {
    const entry = entryOf(layer, own, ownThreads);
    const time = milliseconds(entry);
    const peer = bestPeer(layer, threads);
    const peak = peakOf(result, own, threads);
    const rate = time === null ? null : gigaflops(layer, time);
    const share = rate === null || peak === null ? null : (100 * rate) / peak;
    const ratio = time === null || peer === null ? null : peer.milliseconds / time;
    const single = milliseconds(entryOf(layer, own, 1));
    const scaling = time === null || single === null ? null : single / time;
    if (time !== null && peer !== null) {
      ownSum += time;
      peerSum += peer.milliseconds;
    }
    rates.push(rate);
    shares.push(share);
    ratios.push(ratio);
    scalings.push(scaling);
    return [
      layer.name,
      entry?.algorithm ?? '',
      timeOrStatus(entry),
      number(rate),
      number(share),
      ...(aside === 'scaling' ? [times(scaling)] : aside ? [number(layer.goalPercent)] : []),
      peer?.name ?? '–',
      duration(peer?.milliseconds ?? null),
      times(ratio),
    ];
  });
  const count = ratios.filter((ratio) => ratio !== null).length;
  return {
    title: `${own}, ${countThreads(threads)}`,
    columns: ['layer', 'algorithm', 'ms', 'GFLOP/s', '% of peak', ...(aside ? [aside] : []), 'best peer', 'its ms', 'we are'],
    rows,
    summary: [
      [
        'geometric mean',
        '',
        '',
        number(geometricMean(rates)),
        number(geometricMean(shares)),
        ...(aside === 'scaling' ? [times(geometricMean(scalings))] : aside ? [number(geometricMean(goals))] : []),
        '',
        '',
        times(geometricMean(ratios)),
      ],
      [
        'sum',
        '',
        duration(ownSum || null),
        '',
        '',
        '',
        `of ${count} layers`,
        duration(peerSum || null),
        times(count > 0 ? peerSum / ownSum : null),
      ],
    ],
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
    'GFLOP/s count every tap of the plain formula, those in the padding too. "we are 2.0×" means half the time of the best peer.',
    ...result.notes.map((note) => `Note: ${note}`),
  );
  for (const layer of result.layers) {
    for (const { status, name, threads, note } of layer.entries) {
      if (status === 'wrong' || status === 'failed')
        remarks.push(`${status.toUpperCase()}: ${layer.name}, ${name}, threads ${threads}: ${note}`);
    }
  }
  return remarks;
}

export function renderText(tables: readonly Table[], remarks: readonly string[]): string {
  return [...tables.map(renderTable), remarks.join('\n')].join('\n\n') + '\n';
}

function renderTable({ title, columns, rows, summary }: Table): string {
  const all = [columns, ...rows, ...summary];
  const widths = columns.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)));
  const isText = columns.map((_, column) => column === 0 || ['algorithm', 'best peer'].includes(columns[column]!));
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
