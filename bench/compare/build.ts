/** Builds a commit of this repository beside the working tree, once, and loads what was built. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type * as Atrous from '../../lib/index.js';
import { runNpm } from '../npm.js';
import type { PublicFace } from '../own.js';
import { cacheFolder, packageRoot } from '../paths.js';

/** A commit can't be found, built or loaded; the message says why. */
export class BuildError extends Error {}

export interface Build {
  /** Short hash and subject, or 'working tree'. */
  readonly title: string;
  readonly isa: string;
  readonly face: PublicFace;
}

/** What a build is: the package's entry and the binary it loads, in the places they have in the repository. */
const products = ['package.json', 'dist', join('build', 'Release', 'atrous.node')];

/** Undefined: the working tree as built. @throws BuildError */
export async function loadBuild(revision: string | undefined, say: (line: string) => void): Promise<Build> {
  if (revision === undefined) return loadFolder('working tree', packageRoot);
  const commit = git('rev-parse', '--verify', '--end-of-options', `${revision}^{commit}`);
  const title = git('log', '-1', '--format=%h %s', commit);
  const folder = join(cacheFolder, 'commits', commit);
  if (!existsSync(folder)) await build(commit, folder, title, say);
  return loadFolder(title, folder);
}

async function build(commit: string, folder: string, title: string, say: (line: string) => void): Promise<void> {
  say(`Building ${title} …`);
  await mkdir(dirname(folder), { recursive: true });
  // Inside the repository's folder: Node and npm find the packages in node_modules above.
  const temporary = await mkdtemp(join(cacheFolder, 'build-'));
  const worktree = join(temporary, 'worktree');
  git('worktree', 'add', '--detach', worktree, commit);
  try {
    const failure = await runNpm(['run', 'build'], worktree);
    if (failure !== null) throw new BuildError(`${title} can't be built with these node_modules (${failure})`);
    const collected = join(temporary, 'products');
    for (const product of products) await cp(join(worktree, product), join(collected, product), { recursive: true });
    // In one step: a folder that is there is complete.
    await rename(collected, folder);
  } finally {
    git('worktree', 'remove', '--force', worktree);
    await rm(temporary, { recursive: true, force: true });
  }
}

async function loadFolder(title: string, folder: string): Promise<Build> {
  const { Conv, tensor, features } = (await import(pathToFileURL(join(folder, 'dist', 'index.js')).href)) as typeof Atrous;
  const { backend, isa, loadError } = features();
  if (backend !== 'native') throw new BuildError(`${title} has no native binary: ${loadError ?? 'another backend is chosen'}`);
  return { title, isa, face: { Conv, tensor } };
}

function git(...parameters: readonly string[]): string {
  try {
    return execFileSync('git', parameters, { cwd: packageRoot, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string };
    throw new BuildError(`git ${parameters.join(' ')} failed: ${(stderr ?? message).trim()}`);
  }
}
