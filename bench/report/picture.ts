/**
 * The result as an SVG picture: for each layer a bar for us, one for the best peer and a mark for the goal, in percent of the FMA peak of one
 * core. It stands alone (no script, no font), follows the reader's light or dark scheme, and is narrow enough to be read at 400 pixels.
 */
import { escape } from '../../lib/cli/rf/markup.js';
import { countThreads, times } from './table.js';
import { bestPeer, entryOf, gigaflops, milliseconds, ownName, peakOf, type BenchResult, type LayerResult } from './result.js';

const width = 440;
const barsBegin = 132;
const barsEnd = 384;
const rowHeight = 27;
const headHeight = 64;
const footHeight = 26;

interface Row {
  readonly name: string;
  readonly own: number | null;
  readonly peer: { readonly name: string; readonly value: number } | null;
  readonly goal: number | null;
  readonly remark: string;
}

export function renderPicture(result: BenchResult, threads: number): string {
  const own = ownName(result);
  // Without a binary there is no peak to measure by: the bars are GFLOP/s then.
  const peak = peakOf(result, own, 1);
  const unit = peak === null ? 'GFLOP/s' : '% of the FMA peak of one core';
  const rows = result.layers.map((layer) => makeRow(layer, own, threads, peak));
  const largest = Math.max(1, ...rows.flatMap((row) => [row.own ?? 0, row.peer?.value ?? 0, row.goal ?? 0]));
  const step = tickStep(largest);
  const end = Math.ceil(largest / step) * step;
  const x = (value: number): number => round(barsBegin + ((barsEnd - barsBegin) * value) / end);
  const height = headHeight + rows.length * rowHeight + footHeight;
  const gridBottom = height - footHeight + 4;

  const ticks = Array.from({ length: Math.round(end / step) + 1 }, (_, index) => index * step).map(
    (value) =>
      `<line class="grid" x1="${x(value)}" x2="${x(value)}" y1="${headHeight - 6}" y2="${gridBottom}"/>` +
      `<text class="small" text-anchor="middle" x="${x(value)}" y="${height - 8}">${value}</text>`,
  );
  const bars = rows.map((row, index) => renderRow(row, headHeight + index * rowHeight, x));
  const conditions = `${own}, ${countThreads(threads)}`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escape(`${result.title}: ${conditions}`)}">
<style>
text { font: 11px system-ui, sans-serif; fill: #1f2328; }
.title { font-weight: 600; font-size: 13px; }
.small { font-size: 10px; fill: #57606a; }
.own { fill: #0969da; } .peer { fill: #afb8c1; } .wrong { fill: #cf222e; font-weight: 600; }
.goal { stroke: #bc4c00; stroke-width: 2; } .grid { stroke: #d8dee4; stroke-width: 1; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3; } .small { fill: #9198a1; }
  .own { fill: #4493f8; } .peer { fill: #656c76; } .wrong { fill: #ff7b72; }
  .goal { stroke: #f0883e; } .grid { stroke: #30363d; }
}
</style>
<text class="title" x="8" y="17">${escape(result.title)}</text>
<text class="small" x="8" y="32">${conditions}: ${unit}, every tap counted; longer is faster</text>
<rect class="own" x="8" y="41" width="18" height="8"/><text class="small" x="30" y="49">atrous</text>
<rect class="peer" x="76" y="41" width="18" height="8"/><text class="small" x="98" y="49">best peer</text>
${rows.some((row) => row.goal !== null) ? '<line class="goal" x1="160" x2="160" y1="39" y2="51"/><text class="small" x="166" y="49">goal</text>' : ''}
<text class="small" text-anchor="end" x="${width - 4}" y="49">times the peer</text>
${ticks.join('\n')}
${bars.join('\n')}
</svg>
`;
}

function makeRow(layer: LayerResult, own: string, threads: number, peak: number | null): Row {
  const value = (time: number): number => (peak === null ? gigaflops(layer, time) : (100 * gigaflops(layer, time)) / peak);
  const entry = entryOf(layer, own, own === 'typescript' ? 1 : threads);
  const time = milliseconds(entry);
  const peer = bestPeer(layer, threads);
  return {
    name: layer.name,
    own: time === null ? null : value(time),
    peer: peer && { name: peer.name, value: value(peer.milliseconds) },
    // The goals are of one thread.
    goal: threads === 1 && peak !== null ? layer.goalPercent : null,
    remark: entry?.status === 'wrong' ? 'WRONG' : time !== null && peer ? times(peer.milliseconds / time) : '',
  };
}

function renderRow(row: Row, top: number, x: (value: number) => number): string {
  const bar = (className: string, value: number, y: number, height: number, label: string): string =>
    `<rect class="${className}" x="${barsBegin}" y="${y}" width="${round(x(value) - barsBegin)}" height="${height}"><title>${escape(label)}</title></rect>`;
  return [
    `<text x="8" y="${top + 14}">${escape(row.name)}</text>`,
    row.own === null ? '' : bar('own', row.own, top + 3, 10, `${row.name}: ${row.own.toFixed(0)}`),
    row.peer === null ? '' : bar('peer', row.peer.value, top + 14, 7, `${row.peer.name}: ${row.peer.value.toFixed(0)}`),
    row.goal === null ? '' : `<line class="goal" x1="${x(row.goal)}" x2="${x(row.goal)}" y1="${top + 1}" y2="${top + 23}"/>`,
    `<text ${row.remark === 'WRONG' ? 'class="wrong" ' : ''}text-anchor="end" x="${width - 8}" y="${top + 14}">${row.remark}</text>`,
  ].join('');
}

/** 1, 2 or 5 times a power of ten, four to eight of them in the range. */
function tickStep(largest: number): number {
  const power = 10 ** Math.floor(Math.log10(largest / 4));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => largest / step <= 6) ?? 10 * power;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
