import assert from 'node:assert/strict';
import { test } from 'node:test';
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
