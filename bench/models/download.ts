/** Fetches npm packages' archives into a cache that is never committed, on first use. */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { runNpm } from '../npm.js';
import { cacheFolder } from '../paths.js';
import { readArchive } from './archive.js';

export interface PackageName {
  readonly name: string;
  readonly version: string;
  /** For the message. */
  readonly megabytes: number;
}

/** The package can't be had; the message says why. */
export class DownloadError extends Error {}

/** The files of a package. @throws DownloadError */
export async function fetchPackage(
  { name, version, megabytes }: PackageName,
  say: (line: string) => void,
): Promise<Map<string, Uint8Array>> {
  const archive = `${name.replace('@', '').replace('/', '-')}-${version}.tgz`;
  const cached = join(cacheFolder, archive);
  if (!existsSync(cached)) {
    say(`Fetching ${name}@${version} (${megabytes} MB, once) …`);
    await mkdir(cacheFolder, { recursive: true });
    // Beside its place and then renamed: an interrupted download leaves nothing that looks whole.
    const folder = await mkdtemp(join(cacheFolder, 'download-'));
    try {
      const failure = await runNpm(['pack', `${name}@${version}`, '--ignore-scripts', '--pack-destination', folder], folder);
      if (failure !== null) throw new DownloadError(`${name}@${version} can't be fetched: npm pack failed (${failure})`);
      await rename(join(folder, archive), cached);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
  return readArchive(await readFile(cached));
}
