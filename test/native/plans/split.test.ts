/** Even division of work: the fewest parts within the limit, in order, their sizes differing by one at most, the larger first. */
import { expect, it } from 'vitest';
import { probe } from '../../support/probe.js';

it('cuts every total by every limit', () => {
  for (let total = 0; total <= 60; total++) {
    for (let limit = 1; limit <= 20; limit++) {
      const { largest, parts } = probe.split(total, limit);
      const title = `${total} by ${limit}: ${JSON.stringify(parts)}`;
      expect(parts.length, title).toBe(Math.max(1, Math.ceil(total / limit)));
      const sizes = parts.map(([, , size]) => size);
      expect(largest, title).toBe(Math.max(...sizes));
      expect(largest <= limit && largest - Math.min(...sizes) <= 1, title).toBe(true);
      expect(sizes, title).toEqual([...sizes].sort((a, b) => b - a));
      let next = 0;
      for (const [begin, end, size] of parts) {
        expect([begin, end], title).toEqual([next, next + size]);
        next = end;
      }
      expect(next, title).toBe(total);
    }
  }
});
