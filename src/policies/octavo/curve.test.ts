import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeededRandom } from '../../base/seeded-random.js';
import { USUAL_TRANSLATION } from '../../vocabulary/translation.js';
import { curveOf, savedByHuge, walkNsOf } from './curve.js';
import { EXACT, type LayoutTable, LayoutTableBuilder } from './layout-table.js';
import { characteristicTime, entriesWithin, hugeMisses, smallMisses } from './residency.js';

const { tables: _tables, ...CONSTANT } = USUAL_TRANSLATION;
const CPU = { ...CONSTANT, entries: 64, hugeEntries: 64 };
const PAGES = 64;

/** Blocks of `used` pages of one rate each. */
function world(blocks: readonly { used: number; rate: number }[], exposure = EXACT): LayoutTable {
  const builder = new LayoutTableBuilder(PAGES);
  for (const { used, rate } of blocks) {
    builder.add(exposure, new Float64Array(used).fill(rate * exposure), used, (PAGES - used) * 4096);
  }
  return builder.build();
}

function drawn(count: number, seed: number) {
  const random = new SeededRandom(seed);
  return Array.from({ length: count }, () => ({
    used: 1 + random.below(PAGES - 1),
    rate: Math.exp(4 * random.fraction()),
  }));
}

const none = (table: LayoutTable) => new Uint8Array(table.count);

test('The characteristic time is the one at which the entries used within it fill the TLB', () => {
  const table = world(drawn(20, 1));
  const tau = characteristicTime(table, none(table), 64);
  assert.ok(Math.abs(entriesWithin(table, none(table), tau) / 64 - 1) < 1e-3);
  for (const guess of [1e-9, 1e-3, 1, 1e6, Number.POSITIVE_INFINITY]) {
    const found = characteristicTime(table, none(table), 64, guess);
    assert.ok(Math.abs(found / tau - 1) < 2e-3, `from a guess of ${guess} s: ${found} s instead of ${tau} s`);
  }
});

test('Nothing misses where everything fits', () => {
  const table = world([{ used: 60, rate: 5 }]);
  const tau = characteristicTime(table, none(table), 64);
  assert.equal(tau, Number.POSITIVE_INFINITY);
  assert.equal(smallMisses(table, 0, tau), 0);
  assert.equal(hugeMisses(table, 0, tau), 0);
});

test('Equal rates miss as often as the TLB is too small', () => {
  // 128 entries of which any 64 are in: every second access walks.
  const table = world([
    { used: 64, rate: 10 },
    { used: 64, rate: 10 },
  ]);
  const tau = characteristicTime(table, none(table), 64);
  const misses = smallMisses(table, 0, tau) + smallMisses(table, 1, tau);
  assert.ok(Math.abs(misses / (128 * 10 * 0.5) - 1) < 0.01, `${misses} misses a second`);
});

test('What is believed of a rate spreads its misses: the mean of the Gamma, not that of one rate', () => {
  const exposure = 2;
  const builder = new LayoutTableBuilder(1);
  builder.add(exposure, Float64Array.of(3), 1, 0);
  const table = builder.build();
  const tau = 0.7;
  // ∫ λ e^{−λτ} dGamma(3, 2), by the trapezium rule.
  let sum = 0;
  for (let rate = 0.0005; rate < 40; rate += 0.001) {
    sum +=
      rate * Math.exp(-rate * tau) * ((exposure ** 3 * rate ** 2 * Math.exp(-exposure * rate)) / 2) * 0.001;
  }
  assert.ok(Math.abs(smallMisses(table, 0, tau) - sum) < 1e-6);
});

test('The curve is nested, and a beginning of it is never worse than a shorter one that is cheaper to have', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const table = world(drawn(40, seed));
    const curve = curveOf(table, CPU);
    assert.deepEqual(
      [...curve.order].sort((a, b) => a - b),
      Array.from({ length: 40 }, (_, block) => block),
    );
    for (let at = 1; at <= 40; at++) {
      assert.ok(curve.waste[at] >= curve.waste[at - 1]);
      assert.ok(curve.walkNs[at] <= curve.walkNs[at - 1] * 1.001, `seed ${seed}, ${at} huge blocks`);
    }
  }
});

test('Of small worlds, the curve comes close to the best of all layouts of the same waste', () => {
  for (let seed = 1; seed <= 10; seed++) {
    const table = world(drawn(9, seed));
    const curve = curveOf(table, { ...CPU, entries: 16 });
    for (let at = 0; at <= 9; at++) {
      const best = bestLayout(table, curve.waste[at]);
      const span = curve.walkNs[0] - curve.walkNs[9];
      assert.ok(
        curve.walkNs[at] - best <= 0.12 * span,
        `seed ${seed}, ${at} huge blocks: ${curve.walkNs[at]} ns where ${best} can be had, of ${span}`,
      );
    }
  }
});

function bestLayout(table: LayoutTable, allowed: number): number {
  let best = Number.POSITIVE_INFINITY;
  for (let set = 0; set < 2 ** table.count; set++) {
    const isHuge = Uint8Array.from({ length: table.count }, (_, block) => (set >> block) & 1);
    const waste = isHuge.reduce((sum, huge, block) => sum + huge * table.waste[block], 0);
    if (waste > allowed) continue;
    const cpu = { ...CPU, entries: 16 };
    best = Math.min(best, walkNsOf(table, isHuge, characteristicTime(table, isHuge, 16), cpu));
  }
  return best;
}

test('A design that failed: ranks from everything huge are all the same', () => {
  const table = world(drawn(40, 3));
  const all = new Uint8Array(40).fill(1);
  const tau = characteristicTime(table, all, CPU.entries);
  assert.equal(tau, Number.POSITIVE_INFINITY);
  for (let block = 0; block < 40; block++) assert.equal(savedByHuge(table, block, tau, CPU), 0);
  // The curve tells them apart.
  assert.ok(new Set(curveOf(table, CPU).score).size > 20);
});

test('A design that failed: a price and the layout that it justifies is all or nothing', () => {
  // Many blocks alike, too many for the TLB in small pages, few enough as huge ones.
  const table = world(Array.from({ length: 40 }, () => ({ used: 16, rate: 10 })));
  const layoutAfter = (price: number, rounds: number) => {
    let isHuge = none(table);
    for (let round = 0; round < rounds; round++) {
      const tau = characteristicTime(table, isHuge, CPU.entries);
      isHuge = isHuge.map((_, block) =>
        savedByHuge(table, block, tau, CPU) > price * table.waste[block] ? 1 : 0,
      );
    }
    return isHuge.reduce((sum, huge) => sum + huge, 0);
  };
  const kept = Array.from({ length: 60 }, (_, step) => layoutAfter(1e-6 * 1.4 ** step, 50 + (step % 2)));
  assert.deepEqual(
    [...new Set(kept)].sort((a, b) => a - b),
    [0, 40],
  );
  // The curve offers everything between.
  const { waste } = curveOf(table, CPU);
  assert.equal(new Set(waste).size, 41);
});

test('The order does not depend on the order in which blocks come', () => {
  const blocks = drawn(30, 5);
  const scoreOf = (list: typeof blocks) => curveOf(world(list), CPU).walkNs;
  const there = scoreOf(blocks);
  const back = scoreOf([...blocks].reverse());
  there.forEach((ns, at) => {
    assert.ok(Math.abs(ns - back[at]) <= 1e-6 * there[0]);
  });
});
