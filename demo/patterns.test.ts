import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from '../test/support/properties.js';
import { pagesOfPattern } from './patterns.js';
import { WorkloadRefusal } from './refusal.js';

describe('patterns', () => {
  it('gives each block as many pages as asked, whatever the block size', () => {
    const sizes = fc.constantFrom(16, 512, 2048, 8192);
    fc.assert(
      fc.property(
        sizes,
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1 }),
        (size, shares) => {
          const counts = shares.map((share) => Math.round(share * size));
          const found = pagesOfPattern({ perBlock: counts }, size * counts.length, size, 1);
          const byBlock = counts.map(() => 0);
          for (const page of found) byBlock[Math.floor(page / size)]++;
          assert.deepEqual(byBlock, counts);
        },
      ),
      { numRuns: 30 },
    );
  });

  it('takes every n-th page from the first one on', () => {
    assert.deepEqual([...pagesOfPattern({ every: 4, first: 2 }, 12, 512, 1)], [2, 6, 10]);
  });

  it('draws a share that depends on the seed and nothing else', () => {
    const draw = (seed: number) => pagesOfPattern({ share: 0.1 }, 100_000, 512, seed);
    assert.deepEqual(draw(3), draw(3));
    assert.notDeepEqual(draw(3), draw(4));
    assert.ok(Math.abs(draw(3).length - 10_000) < 500, `${draw(3).length} pages`);
  });

  it('refuses what is no pattern', () => {
    for (const pattern of [
      { every: 0 },
      { perBlock: [] },
      { perBlock: [513] },
      { pages: [1024] },
      {},
      undefined,
    ]) {
      assert.throws(() => pagesOfPattern(pattern as never, 1024, 512, 1), WorkloadRefusal);
    }
  });
});
