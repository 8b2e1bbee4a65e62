/** The result as one HTML page that stands alone: the pictures, then the tables. */
import { escape } from '../../lib/cli/rf/markup.js';
import { renderPicture } from './picture.js';
import type { BenchResult } from './result.js';
import { textColumns, type Table } from './table.js';

export function renderPage(result: BenchResult, tables: readonly Table[], remarks: readonly string[]): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(result.title)}, ${result.date.slice(0, 10)}</title>
<style>
:root { color-scheme: light dark; --text: #1f2328; --quiet: #57606a; --line: #d8dee4; --back: #fff; --wrong: #cf222e; }
@media (prefers-color-scheme: dark) { :root { --text: #e6edf3; --quiet: #9198a1; --line: #30363d; --back: #0d1117; --wrong: #ff7b72; } }
body { margin: 0 auto; padding: 12px 8px; max-width: 1100px; font: 15px/1.5 system-ui, sans-serif; color: var(--text); background: var(--back); }
h1 { font-size: 1.4em; margin: 0 0 .2em; } h2 { font-size: 1.1em; margin: 1.6em 0 .4em; }
.quiet { color: var(--quiet); } .wrong { color: var(--wrong); font-weight: 600; }
.pictures { display: flex; flex-wrap: wrap; gap: 24px; } .pictures svg { flex: 1 1 360px; max-width: 720px; height: auto; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: 13px; font-variant-numeric: tabular-nums; }
th, td { padding: 3px 10px; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--line); }
th:first-child, td:first-child, .text { text-align: left; }
tfoot td { font-weight: 600; border-top: 2px solid var(--line); }
</style>
<h1>${escape(result.title)}</h1>
<p class="quiet">${escape(result.date.slice(0, 16).replace('T', ' '))} UTC</p>
<div class="pictures">
${result.threads.map((threads) => renderPicture(result, threads)).join('\n')}
</div>
${tables.map(renderTable).join('\n')}
<h2>Remarks</h2>
${remarks.map((remark) => `<p class="${/^(WRONG|FAILED)/.test(remark) ? 'wrong' : 'quiet'}">${escape(remark)}</p>`).join('\n')}
</html>
`;
}

function renderTable({ title, columns, rows, summary }: Table): string {
  const text = columns.map((name) => textColumns.has(name));
  const cells = (tag: string, row: readonly string[]): string =>
    `<tr>${row.map((cell, column) => `<${tag}${cellClass(cell, text[column]!)}>${escape(cell)}</${tag}>`).join('')}</tr>`;
  return `<h2>${escape(title)}</h2>
<div class="wide"><table>
<thead>${cells('th', columns)}</thead>
<tbody>
${rows.map((row) => cells('td', row)).join('\n')}
</tbody>
<tfoot>${summary.map((row) => cells('td', row)).join('')}</tfoot>
</table></div>`;
}

function cellClass(cell: string, isText: boolean): string {
  if (cell === 'WRONG') return ' class="wrong"';
  return isText ? ' class="text"' : '';
}
