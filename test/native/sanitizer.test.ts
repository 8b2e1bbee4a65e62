/** Under `npm run test:asan`: the sanitized binary is the one that runs. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { conv } from '../../lib/index.js';

describe.skipIf(process.env.ATROUS_SANITIZED !== '1')('the sanitized build', () => {
  it('is loaded in place of the release build', () => {
    conv({ data: new Float32Array(9), dims: [1, 1, 3, 3] }, { data: new Float32Array(1), dims: [1, 1, 1, 1] }, { backend: 'native' });
    const mapped = readFileSync('/proc/self/maps', 'utf8');
    expect(mapped).toMatch(/build-asan\/Release\/atrous\.node/);
    expect(mapped).not.toMatch(/build\/Release\/atrous\.node/);
    expect(mapped).toMatch(/libasan/);
  });
});
