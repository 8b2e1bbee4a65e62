/** The built package (dist/, build/Release): what tests load that run in a process of their own. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root folder. */
export const root = fileURLToPath(new URL('../..', import.meta.url));

const modified = (path: string): number => (existsSync(join(root, path)) ? statSync(join(root, path)).mtimeMs : 0);

/** The path of a file in dist/; throws where it is missing or older than the sources it was made of. */
export function built(name: string): string {
  const sources = readdirSync(join(root, 'lib'), { recursive: true, encoding: 'utf8' }).map((path) => join('lib', path));
  const newest = Math.max(...sources.filter((path) => path.endsWith('.ts')).map(modified));
  if (modified(join('dist', name)) < newest) throw new Error(`dist/${name} is missing or older than lib/: npm run build:ts`);
  return join(root, 'dist', name);
}
