import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeededRandom } from '../../base/seeded-random.js';
import { USUAL_TRANSLATION } from '../../vocabulary/translation.js';
import { bestKnown, exactTable } from './best-known.js';
import { Bound, type ExactRates, wasteOfAll } from './bound.js';
import { walkNsOf } from './curve.js';
import { characteristicTime } from './residency.js';

const PAGES = 32;
const { tables: _, ...CONSTANT } = USUAL_TRANSLATION;
const CPU = { ...CONSTANT, entries: 24, hugeEntries: 24 };

function drawn(seed: number, blocks: number): ExactRates {
  const random = new SeededRandom(seed);
  const rates = Float64Array.from({ length: blocks * PAGES }, (_, page) =>
    random.fraction() < (Math.floor(page / PAGES) % 5) / 6 ? 0 : Math.exp(4 * random.fraction()),
  );
  return {
    pagesPerBlock: PAGES,
    pageBytes: 4096,
    rates,
    isEmpty: Uint8Array.from(rates, (rate) => Number(rate === 0)),
  };
}

function bestOfAll(exact: ExactRates, allowed: number): number {
  const table = exactTable(exact, 1);
  let best = Number.POSITIVE_INFINITY;
  for (let set = 0; set < 2 ** table.count; set++) {
    const isHuge = Uint8Array.from({ length: table.count }, (_, block) => (set >> block) & 1);
    if (isHuge.reduce((sum, huge, block) => sum + huge * table.waste[block], 0) > allowed) continue;
    best = Math.min(best, walkNsOf(table, isHuge, characteristicTime(table, isHuge, CPU.entries), CPU));
  }
  return best;
}

test('The best known layout is close to the best of all, and never below the bound', () => {
  for (let seed = 1; seed <= 8; seed++) {
    const exact = drawn(seed, 9);
    const bound = new Bound(exact, CPU);
    const never = bestKnown(exact, CPU, -1).walkNs;
    for (const share of [0.2, 0.5, 0.8]) {
      const allowed = share * wasteOfAll(exact);
      const { walkNs, waste } = bestKnown(exact, CPU, allowed);
      assert.ok(waste <= allowed);
      const best = bestOfAll(exact, allowed);
      assert.ok(walkNs - best <= 0.08 * never, `seed ${seed}, ${share}: ${walkNs} where ${best} can be had`);
      // Rates within an eighth of an octave are one class, so that a part in five hundred is rounding.
      assert.ok(walkNs >= bound.leastWalkNs(allowed) - 0.002 * never, `seed ${seed}, ${share}`);
    }
  }
});

test('It uses what it is allowed: with all the waste everything is huge', () => {
  const exact = drawn(3, 8);
  assert.deepEqual([...bestKnown(exact, CPU, wasteOfAll(exact)).isHuge], Array(8).fill(1));
});
