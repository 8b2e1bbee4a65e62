/** Every instruction set of the native binary that this CPU runs, under the tests of every backend. There is always a binary here: without one these tests fail. */
import { describe, expect, it } from 'vitest';
import { loadAddon, type NativeAddon } from '../../lib/addon.js';
import { createNativeBackend } from '../../lib/backend/native.js';
import { conformance } from './conformance.js';

function addon(): NativeAddon {
  const loaded = loadAddon();
  if (!('addon' in loaded)) throw new Error('The native binary does not load: npm run build:native', { cause: loaded.loadError });
  return loaded.addon;
}

describe('native', () => {
  it('has the portable instruction set, and the best of this CPU first', () => {
    const { isas } = addon();
    expect(isas).toContain('scalar');
    const order = ['avx512', 'avx2', 'sse2', 'neon', 'scalar'];
    expect(isas).toEqual(order.filter((isa) => isas.includes(isa)));
  });

  describe.each(addon().isas)('%s', (isa) => {
    conformance(() => createNativeBackend(addon(), isa));
  });
});
