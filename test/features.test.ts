/** features() against what a convolution on this machine really uses. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Conv, features, tensor } from '../lib/index.js';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };

describe('features', () => {
  it('reports what a convolution really uses', () => {
    const found = features();
    const layer = new Conv(tensor(new Float32Array(9), [1, 1, 3, 3]));
    expect(found.version).toBe(version);
    expect(layer.plan([1, 1, 64, 64]).isa).toBe(found.isa);
    expect(found.isas.includes(found.isa)).toBe(found.backend === 'native');
    expect(found.threads).toBeGreaterThanOrEqual(1);
    expect(Object.keys(found)).toEqual(['version', 'backend', 'isa', 'isas', 'threads', ...('loadError' in found ? ['loadError'] : [])]);
  });

  it('gives a list of its own', () => {
    features().isas.push('changed');
    expect(features().isas).not.toContain('changed');
  });
});
