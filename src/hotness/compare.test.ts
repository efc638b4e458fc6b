import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PROCESS, SUB_PAGE_ORIGIN } from '../../test/support/drawing.js';
import { atMost } from '../base/binomial.js';
import { GEOMETRY_4K } from '../vocabulary/units.js';
import { compareMaps, ratioBounds } from './compare.js';
import { HotMapBuilder } from './hot-map-builder.js';

const OPTIONS = { factor: 2, sparseBelow: 0.1 };

/** A map with `pages` sub-pages sampled `times` times, by block. */
function drawn(blocks: Readonly<Record<number, readonly [pages: number, times: number]>>) {
  const builder = new HotMapBuilder(PROCESS, GEOMETRY_4K);
  for (const [block, [pages, times]] of Object.entries(blocks))
    for (let page = 0; page < pages; page++) builder.addCount(Number(block) * 512 + page, times, times);
  return builder.build([SUB_PAGE_ORIGIN]);
}

test('a block is hotter, colder or the same only when its interval says so', () => {
  const before = drawn({ 0: [3, 10], 1: [3, 100], 2: [3, 100], 3: [3, 1], 5: [3, 100] });
  const after = drawn({ 0: [3, 100], 1: [3, 10], 2: [3, 100], 3: [3, 2], 4: [3, 100] });
  const changes = compareMaps(before, after, { before: 1000, after: 1000 }, OPTIONS);
  assert.deepEqual(
    changes.map(({ block, heat }) => `${block} ${heat}`),
    ['0 hotter', '1 colder', '2 same', '3 unknown', '4 hotter', '5 colder'],
  );
  assert.equal(changes[4].high, Number.POSITIVE_INFINITY);
  assert.equal(changes[5].low, 0);
});

test('shares are compared, not numbers of samples', () => {
  const map = drawn({ 0: [3, 100] });
  const twice = compareMaps(map, drawn({ 0: [3, 200] }), { before: 1000, after: 2000 }, OPTIONS);
  assert.equal(twice[0].heat, 'same');
  const same = compareMaps(map, map, { before: 1000, after: 10_000 }, OPTIONS);
  assert.equal(same[0].heat, 'colder');
});

test('what became sparse is told apart from what was not known before', () => {
  const before = drawn({ 0: [512, 9], 1: [3, 3], 2: [3, 100] });
  const after = drawn({ 0: [3, 100], 1: [3, 100], 2: [512, 9] });
  const changes = compareMaps(before, after, { before: 5000, after: 5000 }, OPTIONS);
  assert.deepEqual(
    changes.map(({ sparseBefore, sparseAfter }) => `${sparseBefore} → ${sparseAfter}`),
    ['wider → sparse', 'unknown → sparse', 'sparse → wider'],
  );
});

test('a process of one file alone is compared with nothing', () => {
  const map = drawn({ 0: [3, 100] });
  assert.equal(compareMaps(undefined, map, { before: 500, after: 500 }, OPTIONS)[0].heat, 'hotter');
  assert.equal(compareMaps(map, undefined, { before: 500, after: 500 }, OPTIONS)[0].heat, 'colder');
});

/** True ratios of shares, and samples in all blocks before and after. */
const RATIOS = [0.01, 0.25, 1, 3, 40].flatMap((ratio) =>
  [
    [7, 7],
    [1000, 50],
    [3, 900],
    [1e6, 1e6],
  ].map(([before, after]) => [ratio, before, after] as const),
);

test('the interval of a ratio misses the truth in at most 5 % of outcomes, every one counted', () => {
  for (const [ratio, ofBefore, ofAfter] of RATIOS) {
    for (const both of [1, 5, 30, 200]) {
      // Each sample of the block is one of after with this chance.
      const chance = (ratio * ofAfter) / (ratio * ofAfter + ofBefore);
      let missed = 0;
      for (let after = 0; after <= both; after++) {
        const { low, high } = ratioBounds(
          { samples: both - after, of: ofBefore },
          { samples: after, of: ofAfter },
        );
        const mass = atMost(after, both, chance) - atMost(after - 1, both, chance);
        if (ratio < low || ratio > high) missed += mass;
      }
      assert.ok(missed <= 0.05, `${ratio}, ${ofBefore}, ${ofAfter}, ${both}: ${missed}`);
    }
  }
  assert.deepEqual(ratioBounds({ samples: 0, of: 5 }, { samples: 0, of: 5 }), {
    low: 0,
    high: Number.POSITIVE_INFINITY,
  });
});
