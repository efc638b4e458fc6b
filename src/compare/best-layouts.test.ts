import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeededRandom } from '../base/seeded-random.js';
import { CPUS } from '../model/cpus/catalogue.js';
import { GEOMETRY_4K } from '../vocabulary/units.js';
import { knownLayouts, knownSavings } from './best-layouts.js';
import { type CountedPages, joined, ratesOf, smallEntries, translationCosts } from './rates.js';
import { STEPS } from './speed-bound.js';
import { boundsOf, boundsTogether } from './stretch-bounds.js';

const GEOMETRY = GEOMETRY_4K;
const { pagesPerBlock } = GEOMETRY;

/** Blocks with `used` of their pages in use, accessed as `weight` says. */
function world(blocks: number, used: number, weight: (block: number) => number): CountedPages {
  const random = new SeededRandom(blocks);
  const pages = {
    counts: new Uint32Array(blocks * pagesPerBlock),
    used: new Uint8Array(blocks * pagesPerBlock),
  };
  for (let page = 0; page < pages.used.length; page++) {
    if (random.fraction() >= used) continue;
    pages.used[page] = 1;
    pages.counts[page] = Math.round(weight(Math.floor(page / pagesPerBlock)));
  }
  return pages;
}

test('known layouts go from everything huge to everything small, and save less the more goes back', () => {
  const layouts = knownLayouts(
    world(64, 0.4, (block) => 100 * 1.1 ** block),
    GEOMETRY,
    CPUS.zen3,
  );
  assert.equal(layouts[0].removed, 0);
  assert.ok(Math.abs((layouts.at(-1)?.removed ?? 0) - 1) < 1e-9);
  for (const [index, { removed, translationNs, walkNs }] of layouts.entries()) {
    assert.ok(index === 0 || removed > layouts[index - 1].removed);
    assert.ok(index === 0 || translationNs > layouts[index - 1].translationNs);
    assert.ok(walkNs > 3 && walkNs < 100, String(walkNs));
  }
  const saved = knownSavings(layouts);
  assert.ok(Math.abs(saved[0] - ((layouts.at(-1)?.translationNs ?? 0) - layouts[0].translationNs)) < 1e-9);
  assert.ok(Math.abs(saved[STEPS]) < 1e-9);
  // Of the hottest blocks alone more is kept than their share of the memory.
  assert.ok(saved[50] > 0.6 * saved[0], `${saved[50]} of ${saved[0]}`);
});

test('no known layout is below the bound, on CPUs with and without runs', () => {
  for (const cpu of [CPUS.zen3, CPUS['sapphire-rapids'], CPUS['kunpeng-920']]) {
    const pages = world(64, 0.3, (block) => 50 + 20 * (block % 7));
    const layouts = knownLayouts(pages, GEOMETRY, cpu);
    const { leastNs, knownNs } = boundsOf(pages, GEOMETRY, cpu);
    const smallNs = layouts.at(-1)?.translationNs ?? 0;
    for (let step = 0; step <= STEPS; step++) {
      const known = smallNs - knownNs[step];
      assert.ok(leastNs[step] <= known + 1e-9, `${cpu.name} at ${step} %: ${leastNs[step]} above ${known}`);
    }
  }
});

test('blocks that nothing uses change neither the bound nor what is known', () => {
  const pages = world(16, 0.4, () => 100);
  const among = joined([world(16, 0, () => 0), pages, world(8, 0, () => 0)]);
  assert.deepEqual(boundsOf(among, GEOMETRY, CPUS.zen3), boundsOf(pages, GEOMETRY, CPUS.zen3));
});

test('no layouts of two processes with a CPU each are below the bound of both', () => {
  const [few, many] = [world(16, 0.2, () => 100), world(64, 0.7, () => 60)];
  const accessesOf = ({ counts }: CountedPages) => Array.from(counts).reduce((sum, count) => sum + count, 0);
  const bloatOf = ({ used }: CountedPages) => used.reduce((sum, one) => sum + 1 - one, 0);
  const mean = (one: number, other: number, weight: (pages: CountedPages) => number) =>
    (one * weight(few) + other * weight(many)) / (weight(few) + weight(many));
  for (const cpu of [CPUS.zen3, CPUS['sapphire-rapids']]) {
    const { leastNs } = boundsTogether([few, many], GEOMETRY, cpu);
    const others = knownLayouts(many, GEOMETRY, cpu);
    let nearest = Number.POSITIVE_INFINITY;
    for (const one of knownLayouts(few, GEOMETRY, cpu)) {
      for (const other of others) {
        const step = Math.floor(mean(one.removed, other.removed, bloatOf) * STEPS + 1e-9);
        const ns = mean(one.translationNs, other.translationNs, accessesOf);
        assert.ok(leastNs[step] <= ns + 1e-9, `${cpu.name} at ${step} %: ${leastNs[step]} above ${ns}`);
        if (leastNs[step] > 0) nearest = Math.min(nearest, ns / leastNs[step]);
      }
    }
    assert.ok(nearest < 1.1, `${cpu.name}: none nearer than ${nearest} times`);
  }
});

test('the bound of one process is that of its own, and one without memory takes nothing', () => {
  const pages = world(16, 0.4, (block) => 100 * 1.1 ** block);
  const alone = boundsOf(pages, GEOMETRY, CPUS.zen3);
  assert.deepEqual(boundsTogether([pages], GEOMETRY, CPUS.zen3), alone);
  const { leastNs } = boundsTogether([pages, world(16, 0, () => 0)], GEOMETRY, CPUS.zen3);
  for (let step = 0; step <= STEPS; step++) assert.ok(leastNs[step] <= alone.leastNs[step] + 1e-9);
  for (const step of [60, 80, 99])
    assert.ok(leastNs[step] >= 0.8 * alone.leastNs[step - 2], `${leastNs[step]} at ${step} %`);
});

/** The sparse blocks are the hot ones: what LRU keeps is far from what is popular. */
function hotSparse(blocks: number): CountedPages {
  const random = new SeededRandom(1);
  const counts = new Uint32Array(blocks * pagesPerBlock);
  for (let page = 0; page < counts.length; page++) {
    const isSparse = Math.floor(page / pagesPerBlock) % 2 === 0;
    if (random.fraction() < (isSparse ? 0.1 : 0.7)) counts[page] = isSparse ? 1000 : 16;
  }
  return { counts, used: Uint8Array.from(counts, (count) => Number(count > 0)) };
}

test('what is known comes near the bound where few hot pages and many cold ones share the TLB', () => {
  const { leastNs, knownNs } = boundsOf(hotSparse(128), GEOMETRY, CPUS.zen3);
  const layouts = knownLayouts(hotSparse(128), GEOMETRY, CPUS.zen3);
  const smallNs = layouts.at(-1)?.translationNs ?? 0;
  const best = (saved: (step: number) => number) =>
    Math.max(...Array.from(leastNs, (_, step) => (saved(step) * step) / STEPS));
  const [bound, known] = [best((step) => smallNs - leastNs[step]), best((step) => knownNs[step])];
  assert.ok(known > 0.8 * bound, `${known} of ${bound}`);
});

test('runs are entries where all their pages are in use, or where a folio may keep the empty ones', () => {
  const pages = world(1, 1, () => 3);
  const entriesOf = (cpu: (typeof CPUS)[keyof typeof CPUS]) =>
    ratesOf(pages, GEOMETRY, cpu)[0].pieces.map(({ entries, emptyBytes }) => [entries.length, emptyBytes]);
  assert.deepEqual(entriesOf(CPUS.zen3), [[128, undefined]]);
  assert.deepEqual(entriesOf(CPUS['sapphire-rapids']), [[512, undefined]]);
  assert.deepEqual(entriesOf(CPUS['kunpeng-920']), new Array(32).fill([16, 0]));
  pages.used[5] = 0;
  assert.deepEqual(entriesOf(CPUS.zen3), [[131, undefined]]);
  assert.deepEqual(entriesOf(CPUS['kunpeng-920'])[0], [16, 4096]);
  const [{ emptyBytes }] = ratesOf(pages, GEOMETRY, CPUS.zen3);
  assert.equal(emptyBytes, 4096);
});

test('memory that nobody accesses has no layouts, and takes no time', () => {
  const pages = world(4, 0.5, () => 0);
  assert.deepEqual(knownLayouts(pages, GEOMETRY, CPUS.zen3), []);
  const { leastNs, knownNs } = boundsOf(pages, GEOMETRY, CPUS.zen3);
  assert.ok(leastNs.every((ns) => ns === 0) && knownNs.every((ns) => ns === 0));
  assert.equal(ratesOf({ counts: pages.counts, used: pages.used.fill(0) }, GEOMETRY, CPUS.zen3).length, 0);
});

test('what a hit and a huge walk take is of the CPU', () => {
  const { firstEntries, secondEntries, hitNs, hugeNs } = translationCosts(CPUS.zen3);
  assert.deepEqual([firstEntries, secondEntries], [64, 2048]);
  assert.ok(Math.abs(hitNs - (7 * 0.65) / 3) < 1e-9 && Math.abs(hugeNs - (18 * 0.65) / 3) < 1e-9);
});

test('pages that all fall into one set have its ways alone, and the bound knows', () => {
  const blocks = 256;
  const counts = new Uint32Array(blocks * pagesPerBlock);
  for (let block = 0; block < blocks; block++) counts[block * pagesPerBlock] = 10;
  const pages = { counts, used: Uint8Array.from(counts, (count) => Number(count > 0)) };
  assert.equal(smallEntries(pages, CPUS.zen3), 8);
  // As folios of 16 pages they have entries in eight of the 256 sets.
  assert.equal(smallEntries(pages, CPUS['kunpeng-920']), 8 * 8);
  assert.equal(
    smallEntries(
      world(64, 0.4, () => 1),
      CPUS.zen3,
    ),
    2048,
  );
  const { leastNs, knownNs } = boundsOf(pages, GEOMETRY, CPUS.zen3);
  const layouts = knownLayouts(pages, GEOMETRY, CPUS.zen3);
  const smallNs = layouts.at(-1)?.translationNs ?? 0;
  for (let step = 0; step <= STEPS; step++) assert.ok(leastNs[step] <= smallNs - knownNs[step] + 1e-9);
  assert.ok(leastNs[STEPS] > 0.4 * smallNs, `${leastNs[STEPS]} of ${smallNs}`);
});
