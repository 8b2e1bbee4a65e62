/** Writes the report: `<date>.json`, a page and a picture of each thread count. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { renderPage } from './page.js';
import { renderPicture } from './picture.js';
import type { BenchResult } from './result.js';
import { makeRemarks, makeTables } from './table.js';

/** Returns the files written. `name` follows the date in their names. */
export async function writeReport(result: BenchResult, folder: string, name: string): Promise<string[]> {
  await mkdir(folder, { recursive: true });
  const stem = join(folder, result.date.slice(0, 19).replace('T', '-').replaceAll(':', '') + name);
  const files: Record<string, string> = {
    [`${stem}.json`]: JSON.stringify(result, null, 2) + '\n',
    [`${stem}.html`]: renderPage(result, makeTables(result), makeRemarks(result)),
  };
  for (const threads of result.threads) files[`${stem}-${threads}.svg`] = renderPicture(result, threads);
  await Promise.all(Object.entries(files).map(([file, content]) => writeFile(file, content)));
  return Object.keys(files);
}
