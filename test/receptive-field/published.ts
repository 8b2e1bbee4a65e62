/** The published cases of test/fixtures/receptive-fields.json. */
import { readFileSync } from 'node:fs';
import type { WindowLayer } from '../../lib/receptive-field/window-layer.js';

export interface PublishedCase {
  readonly name: string;
  readonly source: string;
  readonly input?: number;
  /** Runs of equal layers: [count, layer]. */
  readonly layers: readonly (readonly [count: number, layer: WindowLayer])[];
  readonly expect: {
    readonly rf?: number;
    readonly stride?: number;
    readonly effectivePadding?: number;
    readonly start?: number;
    readonly out?: number;
    readonly rfSequence?: readonly number[];
    readonly rightContext?: number;
    readonly coverage?: 'full' | 'holes';
    readonly covered?: number;
    readonly hdcM2?: number;
  };
}

const fixture = new URL('../fixtures/receptive-fields.json', import.meta.url);

export const published = JSON.parse(readFileSync(fixture, 'utf8')) as readonly PublishedCase[];

export function stackOf({ layers }: PublishedCase): WindowLayer[] {
  return layers.flatMap(([count, layer]) => Array.from({ length: count }, () => layer));
}
