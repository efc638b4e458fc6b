import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeededRandom } from '../base/seeded-random.js';
import { claims, density, sparseClaim } from './confidence.js';
import { inStepOf, stepPeriods } from './in-step.js';

/** A loop over 512 pages, one access each, of which each `period`th is a sample. */
function walk(period: number, samples = 3000): Uint16Array {
  const counts = new Uint16Array(512);
  for (let sample = 0; sample < samples; sample++) counts[(5 + sample * period) % 512]++;
  return counts;
}

const verdict = (counts: Uint16Array, periods: readonly number[]) =>
  density(
    claims({
      counts,
      samples: counts.reduce((sum, one) => sum + one, 0),
      isBitmap: false,
      unseenShare: 0,
      periods,
    }),
    0.1,
    0.9,
  );

test('an evenly hot block is not sparse because the period is in step with a walk over it', () => {
  for (const period of [10_000, 100_000, 16, 64]) {
    assert.equal(verdict(walk(period), []), 'sparse', `${period}: it looks so`);
    assert.equal(verdict(walk(period), [period]), 'unknown', String(period));
  }
  assert.equal(verdict(walk(10_007), [10_007]), 'dense');
});

test('what keeps nothing says why, and that its accesses may be all over the block', () => {
  const fraction = claims({
    counts: walk(10_000),
    samples: 3000,
    isBitmap: false,
    unseenShare: 0,
    periods: [7, 10_000],
  });
  assert.deepEqual(fraction.inStep, { distance: 16, period: 10_000 });
  assert.deepEqual([fraction.high, fraction.kept], [1, []]);
  assert.equal(sparseClaim(fraction, 0.1, 0.9), undefined);
});

test('a few samples of other accesses on other pages do not hide it', () => {
  const counts = walk(10_000);
  counts[100] = 2;
  counts[333] = 1;
  assert.deepEqual(inStepOf(counts, [10_000]), { distance: 16, period: 10_000 });
});

test('hot pages that no walk by this period shows stay what they are', () => {
  const pages = (...numbers: readonly number[]) => {
    const counts = new Uint16Array(512);
    for (const page of numbers) counts[page] = 100;
    return counts;
  };
  const every = (distance: number, from = 0, to = 512) =>
    Array.from({ length: Math.ceil((to - from) / distance) }, (_, at) => from + at * distance);
  // The distance is no divisor of the period, the pages are few, neighbours, a part of the block, or have gaps.
  for (const [counts, period] of [
    [pages(...every(32)), 10_000],
    [pages(0, 128, 256), 4096],
    [pages(...every(1, 0, 20)), 4096],
    [pages(...every(16, 0, 256)), 4096],
    [pages(...every(16, 256)), 4096],
    [pages(0, 16, 64, 256, 400, 496), 4096],
  ] as const)
    assert.equal(inStepOf(counts, [period]), undefined);
  assert.deepEqual(inStepOf(pages(...every(16)), [4096]), { distance: 16, period: 4096 });
  assert.deepEqual(inStepOf(pages(0, 128, 256, 384), [4096]), { distance: 128, period: 4096 });
  assert.equal(inStepOf(pages(...every(16)), []), undefined);
});

/** A loop over `pages` pages with some accesses to each, by a period that is close to a multiple of its length. */
function slowly(samples: number, accesses: number, step: number, pages = 512): Uint16Array {
  const counts = new Uint16Array(512);
  for (let sample = 0; sample < samples; sample++)
    counts[Math.floor((sample * step) / accesses) % pages] += 1;
  return counts;
}

/** Samples by chance, all pages of `hot` alike. */
function byChance(samples: number, hot: number, seed: number): Uint16Array {
  const random = new SeededRandom(seed);
  const counts = new Uint16Array(512);
  for (let sample = 0; sample < samples; sample++) counts[(7 * random.below(hot)) % 512]++;
  return counts;
}

test('samples that have come to a part of a loop only prove nothing, by a prime period either', () => {
  // Four, three and two samples on each page beside the other; 16 clusters that move on slowly.
  const drifting = [slowly(180, 4, 1), slowly(140, 3, 1), slowly(96, 2, 1), slowly(200, 64, 2051)];
  for (const counts of drifting) {
    assert.deepEqual(inStepOf(counts, [10_007]), { period: 10_007 });
    assert.equal(inStepOf(counts, []), undefined, 'by chance it would be just so');
    assert.equal(verdict(counts, [10_007]), 'unknown');
  }
  assert.equal(verdict(drifting[0], []), 'sparse', 'it looks so');
});

test('samples by chance are hardly ever too even, and many samples on each page never', () => {
  let [even, all] = [0, 0];
  for (const [samples, hot] of [
    [100, 20],
    [300, 40],
    [1000, 512],
    [200, 512],
  ] as const)
    for (let seed = 1; seed <= 50; seed++, all++)
      if (inStepOf(byChance(samples, hot, seed), [10_007]) !== undefined) even++;
  assert.ok(even <= all / 20, String(even));
  const often = new Uint16Array(512).fill(32, 100, 140);
  assert.equal(inStepOf(often, [10_007]), undefined);
  assert.deepEqual(
    inStepOf(
      often.map((count) => count / 2),
      [10_007],
    ),
    { period: 10_007 },
  );
});

test('neighbours prove nothing where hardly a page was hit twice by a fixed period', () => {
  // Squares modulo a prime: as irregular as chance, no two alike.
  const counts = new Uint16Array(512);
  for (let root = 1; root <= 63; root++) counts[(root * root) % 127] = 1;
  const asked = { counts, samples: 63, isBitmap: false, unseenShare: 0 };
  const orders = (periods: readonly number[]) => claims({ ...asked, periods }).kept.map(({ order }) => order);
  assert.deepEqual(orders([]), [4, 0]);
  assert.deepEqual(orders([10_007]), [0]);
});

test('fewer than 40 samples by a fixed period prove nothing: that they are even could not be told', () => {
  const proven = (samples: number, periods: readonly number[]) => {
    const counts = new Uint16Array(512);
    counts[7] = samples;
    const { kept, high, inStep } = claims({ counts, samples, isBitmap: false, unseenShare: 0, periods });
    return [kept.length, high < 1, inStep];
  };
  assert.deepEqual(proven(39, [10_007]), [0, false, undefined]);
  assert.deepEqual(proven(39, []), [2, true, undefined]);
  assert.deepEqual(proven(40, [10_007]), [2, true, undefined]);
});

test('only origins of heat have periods', () => {
  const origin = { ...({} as Parameters<typeof stepPeriods>[0][number]), tells: 'heat' } as const;
  assert.deepEqual(
    stepPeriods([
      origin,
      { ...origin, stepPeriods: [5, 6] },
      { ...origin, tells: 'content', stepPeriods: [7] },
    ]),
    [5, 6],
  );
});
