/** A report as one HTML page that stands alone: the picture, then the table. */
import { escape } from './markup.js';
import type { Report } from './report.js';
import { columnsOf, headline, remarksOf, rowOf } from './summary.js';

export function renderPage(report: Report, picture: string): string {
  const row = (tag: string, cells: readonly string[]): string =>
    `<tr>${cells.map((cell) => `<${tag}>${escape(cell)}</${tag}>`).join('')}</tr>`;
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Receptive field of ${escape(report.title)}</title>
<style>
:root { color-scheme: light dark; --text: #1f2328; --quiet: #57606a; --line: #d8dee4; --back: #fff; }
@media (prefers-color-scheme: dark) { :root { --text: #e6edf3; --quiet: #9198a1; --line: #30363d; --back: #0d1117; } }
body { margin: 0 auto; padding: 12px 8px; max-width: 800px; font: 15px/1.5 system-ui, sans-serif; color: var(--text); background: var(--back); }
h1 { font-size: 1.4em; margin: 0 0 .2em; overflow-wrap: anywhere; } .quiet { color: var(--quiet); }
svg { display: block; width: 100%; height: auto; margin: 1em 0; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: 13px; font-variant-numeric: tabular-nums; }
th, td { padding: 3px 10px; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--line); }
th:first-child, td:first-child { text-align: left; }
</style>
<h1>Receptive field of ${escape(report.title)}</h1>
<p class="quiet">The ${report.of} ${escape(headline(report))}.</p>
${picture}
<div class="wide"><table>
<thead>${row('th', columnsOf(report))}</thead>
<tbody>
${report.layers.map((layer) => row('td', rowOf(layer))).join('\n')}
</tbody>
</table></div>
${remarksOf(report)
  .map((remark) => `<p>${escape(remark)}</p>`)
  .join('\n')}
</html>
`;
}
