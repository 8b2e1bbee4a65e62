/** Makes the peers ready, installing their packages when they are missing. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runNpm } from '../npm.js';
import { benchFolder, inRepository } from '../paths.js';
import { onnxRuntimePeer } from './onnxruntime.js';
import type { Peer } from './peer.js';
import { tfjsCpuPeer } from './tfjs-cpu.js';
import { tfjsWasmPeer } from './tfjs-wasm.js';

const adapters: readonly (() => Peer)[] = [onnxRuntimePeer, tfjsWasmPeer, tfjsCpuPeer];

export interface LoadedPeers {
  readonly peers: readonly Peer[];
  /** Why there are fewer than there could be. */
  readonly notes: readonly string[];
}

export async function loadPeers(say: (line: string) => void): Promise<LoadedPeers> {
  const installProblem = await installPeers(say);
  if (installProblem !== null) return { peers: [], notes: [`no peers: ${installProblem}`] };
  const peers: Peer[] = [];
  const notes: string[] = [];
  for (const adapter of adapters) {
    try {
      peers.push(adapter());
    } catch (error) {
      notes.push(`${adapter.name} can't be loaded: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`);
    }
  }
  return { peers, notes };
}

/** Runs `npm ci` in bench/ when its packages are missing. Returns null when they are there, else the reason why not. */
export async function installPeers(say: (line: string) => void): Promise<string | null> {
  if (!inRepository) return 'their packages are named by bench/package.json, which is in the repository only';
  const { dependencies } = JSON.parse(readFileSync(join(benchFolder, 'package.json'), 'utf8')) as { dependencies: object };
  // npm writes the first of these files last; a dependency that came later than the folder is missing from it.
  const wanted = ['.package-lock.json', ...Object.keys(dependencies).map((name) => `${name}/package.json`)];
  if (wanted.every((path) => existsSync(join(benchFolder, 'node_modules', path)))) return null;
  say('Installing the peers into bench/node_modules (about 360 MB, once) …');
  const failure = await runNpm(['ci', '--ignore-scripts', '--no-audit', '--no-fund'], benchFolder);
  return failure === null ? null : `npm ci in bench/ failed (${failure})`;
}
