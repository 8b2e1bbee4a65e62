/** What every peer's adapter gives, and how its packages are found. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Contender } from '../contender.js';
import { benchFolder } from '../paths.js';
import type { Problem } from '../problem.js';

export interface Peer {
  readonly name: string;
  readonly version: string;
  /** Whether it can use more than one thread. */
  readonly threaded: boolean;
  /** Time that one run takes, roughly, on the safe side: what may take too long is not started. */
  expectedSeconds(problem: Problem): number;
  /** @throws Unsupported when the peer has no such convolution. */
  prepare(problem: Problem, threads: number): Promise<Contender>;
}

/** The peer lacks what the problem asks for; its message says what. */
export class Unsupported extends Error {}

/** Loads a package from bench/node_modules: this file may be part of a bundle elsewhere. */
export function requirePeer(name: string): unknown {
  return createRequire(join(benchFolder, 'package.json'))(name);
}

export function peerVersion(name: string): string {
  return (requirePeer(`${name}/package.json`) as { version: string }).version;
}
