import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeededRandom } from '../../base/seeded-random.js';
import { USUAL_TRANSLATION } from '../../vocabulary/translation.js';
import { Bound, type ExactRates, leastWalkNs, unsavedNs, wasteOfAll } from './bound.js';

const PAGES = 16;
const CPU = { ...USUAL_TRANSLATION, entries: 8, hugeEntries: 8 };

function worldOf(rates: readonly number[]): ExactRates {
  return {
    pagesPerBlock: PAGES,
    pageBytes: 4096,
    rates: Float64Array.from(rates),
    isEmpty: Uint8Array.from(rates, (rate) => (rate === 0 ? 1 : 0)),
  };
}

function drawn(seed: number, blocks: number): ExactRates {
  const random = new SeededRandom(seed);
  const rates = Array.from({ length: blocks * PAGES }, () =>
    random.fraction() < 0.4 ? 0 : Math.exp(6 * random.fraction()),
  );
  return worldOf(rates);
}

/** What the best layout and the best choice of entries to keep in the TLB save: what the bound must not be below. */
function bestSaved({ rates, isEmpty, pageBytes }: ExactRates, allowed: number): number {
  const blocks = rates.length / PAGES;
  let best = 0;
  for (let set = 0; set < 2 ** blocks; set++) {
    let waste = 0;
    let saved = 0;
    const worth: number[] = [];
    for (let block = 0; block < blocks; block++) {
      const pages = rates.slice(block * PAGES, (block + 1) * PAGES);
      const total = pages.reduce((sum, rate) => sum + rate, 0);
      if (((set >> block) & 1) === 0) worth.push(...pages.map((rate) => rate * CPU.smallWalkNs));
      else {
        waste +=
          pageBytes * isEmpty.slice(block * PAGES, (block + 1) * PAGES).reduce((sum, one) => sum + one, 0);
        saved += total * (CPU.smallWalkNs - CPU.hugeWalkNs);
        worth.push(total * CPU.hugeWalkNs);
      }
    }
    if (waste > allowed) continue;
    worth.sort((one, other) => other - one);
    best = Math.max(best, saved + worth.slice(0, CPU.entries).reduce((sum, ns) => sum + ns, 0));
  }
  return best;
}

test('No layout saves more than the bound, and the bound is not far above the best', () => {
  for (let seed = 1; seed <= 12; seed++) {
    const world = drawn(seed, 7);
    const bound = new Bound(world, CPU);
    for (const share of [0, 0.2, 0.5, 0.8, 1]) {
      const allowed = share * wasteOfAll(world);
      const best = bestSaved(world, allowed);
      const most = bound.mostSavedNs(allowed);
      assert.ok(most >= best * (1 - 1e-9), `seed ${seed}, ${share}: ${most} below ${best}`);
      assert.ok(most <= best * 1.2, `seed ${seed}, ${share}: ${most} far above ${best}`);
    }
  }
});

test('With no byte to waste and one rate, the bound is the share of entries that fit', () => {
  const world = worldOf(Array.from({ length: 4 * PAGES }, (_, page) => (page % 2 === 0 ? 10 : 0)));
  const saved = new Bound(world, CPU).mostSavedNs(0);
  assert.ok(Math.abs(saved - 8 * 10 * CPU.smallWalkNs) < 0.01 * saved, `${saved}`);
});

test('More memory to waste never saves less', () => {
  const bound = new Bound(drawn(3, 8), CPU);
  let before = 0;
  for (let waste = 0; waste < 40; waste++) {
    const saved = bound.mostSavedNs(waste * 8192);
    assert.ok(saved >= before * (1 - 1e-6));
    before = saved;
  }
});

test('Where runs share an entry, more can be saved; frames merge only runs without holes', () => {
  const full = worldOf(Array.from({ length: 4 * PAGES }, (_, page) => (page % PAGES < 12 ? 1 : 0)));
  const holes = worldOf(Array.from({ length: 4 * PAGES }, (_, page) => (page % 4 === 0 ? 0 : 1)));
  const with4 = { ...CPU, runPages: 4, runBy: 'physical' as const };
  assert.ok(new Bound(full, with4).mostSavedNs(0) > 3.5 * new Bound(full, CPU).mostSavedNs(0));
  assert.equal(new Bound(holes, with4).mostSavedNs(0), new Bound(holes, CPU).mostSavedNs(0));
  const contiguous = { ...CPU, runPages: 4, runBy: 'contiguous-bit' as const };
  const all = wasteOfAll(holes);
  assert.ok(new Bound(holes, contiguous).mostSavedNs(all) >= new Bound(holes, CPU).mostSavedNs(all));
});

test('Phases count by their time', () => {
  const [one, other] = [drawn(1, 4), drawn(2, 4)];
  const ns = (world: ExactRates) => new Bound(world, CPU).leastWalkNs(20_000);
  const both = leastWalkNs(
    [
      { exact: one, share: 0.25 },
      { exact: other, share: 0.75 },
    ],
    CPU,
    20_000,
  );
  assert.ok(Math.abs(both - (0.25 * ns(one) + 0.75 * ns(other))) < 1e-6);
});

test('Nothing can be saved where nothing is accessed', () => {
  const world = worldOf(new Array(PAGES).fill(0));
  assert.equal(new Bound(world, CPU).mostSavedNs(1e6), 0);
  assert.equal(unsavedNs(world, CPU), 0);
  assert.equal(new Bound(world, CPU).leastWalkNs(0), 0);
});
