/**
 * Where things lie. This file is one folder below the package root, and so is the bundle made of it (dist/): the relative paths hold for both.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const packageRoot = fileURLToPath(new URL('..', import.meta.url));

/** bench/, with the peers' package.json; absent from the published package. */
export const benchFolder = join(packageRoot, 'bench');

/** Whether this is a checkout of the repository, not the published package. */
export const inRepository = existsSync(join(benchFolder, 'package.json'));

/** Downloads that are never committed. */
export const cacheFolder = join(packageRoot, '.cache');

/** The addon of the kernels' own tests, which only a build of the repository makes. */
export const probePath = join(packageRoot, 'build', 'Release', 'atrous_probe.node');
