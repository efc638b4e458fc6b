/** Claims and bounds against the formulas of docs/decisions/0710, worked out one unit at a time, without tables. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PROCESS, SUB_PAGE_ORIGIN } from '../../test/support/drawing.js';
import { logFactorial, lowerQuantile } from '../base/binomial.js';
import { SeededRandom } from '../base/seeded-random.js';
import { GEOMETRY_4K } from '../vocabulary/units.js';
import {
  claims,
  density,
  fewestSamples,
  hotFraction,
  markKept,
  sparseClaim,
  surelyWider,
} from './confidence.js';
import { HotMapBuilder } from './hot-map-builder.js';
import { leastToKeep, uncovered } from './uncovered.js';

const PAGES = 512;

/** P(Bin(n, p) ≥ k), term by term. */
function tail(k: number, n: number, p: number): number {
  let sum = 0;
  for (let j = k; j <= n; j++) {
    const ways = logFactorial(n) - logFactorial(j) - logFactorial(n - j);
    sum += Math.exp(ways + j * Math.log(p) + (n - j) * Math.log1p(-p));
  }
  return Math.min(1, sum);
}

/** The four rates and their weights, chosen by the number of samples alone. */
function ratesFor(samples: number, alpha: number) {
  const useful = (1 - alpha ** (1 / samples)) / 0.1;
  const smallest = Math.min(0.85, Math.max(0.2, useful));
  const weights = [0.2, 0.35, 0.3, 0.15];
  return [0.03, 0.25, 0.55, 0.9].map((step, at) => ({
    rate: 1 - (1 - smallest) * step,
    weight: weights[at],
  }));
}

/** Where the mixture of A(M) is 1 / alpha, and how wide the bracket is that the search halves 14 times. */
function bookBound(counts: readonly number[], samples: number, step: number, alpha: number) {
  const rounded = 2 ** (Math.floor(16 * Math.log2(samples)) / 16);
  const least = Math.min(256, 1 + Math.floor(rounded / step));
  const most = Math.max(256, 16 * least) - 1;
  const mixture = ratesFor(rounded, alpha).map(({ rate, weight }) => ({
    rate,
    weight,
    log: counts.reduce(
      (sum, count) =>
        sum +
        (count < least ? count * Math.log(1 - rate) : Math.log(tail(least, Math.min(count, most), 1 - rate))),
      0,
    ),
  }));
  const tooMuch = (share: number) =>
    mixture.reduce(
      (sum, { rate, weight, log }) => sum + weight * Math.exp(log - samples * Math.log(1 - rate * share)),
      0,
    ) >=
    1 / alpha;
  const exact = rootOf(tooMuch);
  const alone = (log: number, rate: number) => Math.min(1, (1 - Math.exp(log / samples)) / rate);
  const high = Math.min(
    ...mixture.map(({ rate, weight, log }) => alone(log + Math.log(weight * alpha), rate)),
  );
  const low = Math.min(...mixture.map(({ rate, log }) => alone(log + Math.log(alpha), rate)));
  const left = counts.filter((count) => count < least).reduce((sum, count) => sum + count, 0);
  const single = counts.filter((count) => count === least).length;
  return {
    least,
    kept: counts.filter((count) => count >= least).length,
    expected: Math.min(1, (left + least * single) / samples),
    exact,
    slack: (high - low) / 2 ** 14 + 1e-9,
  };
}

/** Where a condition of shares begins to hold; 1 when nowhere. */
function rootOf(holds: (share: number) => boolean): number {
  let [low, high] = [0, 1];
  for (let halving = 0; halving < 50; halving++) {
    const middle = (low + high) / 2;
    if (holds(middle)) high = middle;
    else low = middle;
  }
  return high;
}

/** Blocks of all kinds: few samples and many, on few pages, on runs, everywhere, and with strays. */
function* drawnBlocks(): Generator<number[]> {
  const random = new SeededRandom(71);
  for (const samples of [1, 2, 7, 40, 54, 90, 200, 513, 700, 1500, 4000]) {
    for (const draw of [
      () => 0,
      () => random.below(3),
      () => 64 + random.below(40),
      () => random.below(PAGES),
      () => (random.below(20) > 0 ? 17 * random.below(20) : random.below(PAGES)),
    ]) {
      const counts = Array<number>(PAGES).fill(0);
      for (let sample = 0; sample < samples; sample++) counts[draw()]++;
      yield counts;
    }
  }
}

const ascending = (counts: readonly number[]) =>
  counts.filter((count) => count > 0).sort((left, right) => left - right);

function piecesOf(counts: readonly number[]): number[] {
  const pieces = Array<number>(PAGES / 16).fill(0);
  for (const [page, count] of counts.entries()) pieces[Math.floor(page / 16)] += count;
  return pieces;
}

const total = (counts: readonly number[]) => counts.reduce((sum, count) => sum + count, 0);

test('the bound on what lies outside is where the mixture of the book reaches 1 / α', () => {
  for (const counts of drawnBlocks()) {
    const units = ascending(counts);
    const samples = total(units);
    for (const [step, alpha] of [
      [512, 0.028],
      [100, 0.05],
      [Number.POSITIVE_INFINITY, 0.012],
    ] as const) {
      const found = uncovered(Float64Array.from(units), samples, step, alpha);
      const book = bookBound(units, samples, step, alpha);
      const told = `${samples} samples on ${units.length}, step ${step}`;
      assert.deepEqual([found.kept, found.least], [book.kept, book.least], told);
      assert.equal(found.least, leastToKeep(samples, step), told);
      assert.ok(Math.abs(found.expected - book.expected) < 1e-12, told);
      const exact = Math.max(book.exact, book.expected);
      assert.ok(found.worst >= exact - 1e-9, `${told}: ${found.worst} below ${exact}`);
      assert.ok(found.worst <= exact + book.slack, `${told}: ${found.worst} above ${exact}`);
    }
  }
});

/** The largest spread that a coverage allows, as a share of the pages. */
function mostSpread(kept: number, least: number): number {
  const pages = least >= 0.9 ? (kept * 0.9) / least : kept + ((PAGES - kept) * (0.9 - least)) / (1 - least);
  return Math.min(1, pages / (0.9 * PAGES));
}

/** The least: pages with most samples are ruled out while together they have no more than the 1 % quantile. */
function leastSpread(units: readonly number[], samples: number, unseenShare: number): number {
  const share = (0.9 - unseenShare) / (1 - unseenShare);
  if (unseenShare >= 0.9) return 0;
  const tooFew = lowerQuantile(samples, share, 0.01);
  let ruledOut = 0;
  let sum = 0;
  for (const count of [...units].reverse()) {
    sum += count;
    if (sum > tooFew) break;
    ruledOut++;
  }
  return ruledOut / (0.9 * PAGES);
}

test('the claims of a block are those of the book, whatever share its samples cannot speak for', () => {
  for (const counts of drawnBlocks()) {
    const samples = total(counts);
    for (const unseenShare of [0, 0.06, 0.4, 0.9, 0.95]) {
      const block = { counts: Uint16Array.from(counts), samples, isBitmap: false, unseenShare };
      const { kept, low, high, seen } = claims(block);
      const told = `${samples} samples, ${unseenShare} unseen`;
      assert.equal(seen, ascending(counts).length / PAGES, told);
      assert.equal(low, leastSpread(ascending(counts), samples, unseenShare), told);
      assert.ok(Math.abs(high - mostSpread(kept[0].pages, kept[0].least)) < 1e-12, told);
      assert.ok(high <= mostSpread(kept[1].pages, kept[1].least) + 1e-12, 'the sharper claim first');
      for (const claim of kept) {
        const isByPage = claim.order === 0;
        const book = isByPage
          ? bookBound(ascending(counts), samples, 512, 0.028)
          : bookBound(ascending(piecesOf(counts)), samples, 128, 0.012);
        const exact = (1 - unseenShare) * (1 - Math.max(book.exact, book.expected));
        assert.ok(claim.least <= exact + 1e-9 && claim.least >= exact - book.slack, told);
        assert.deepEqual(
          [claim.order, claim.pages, claim.leastSamples, claim.share],
          [isByPage ? 0 : 4, book.kept * (isByPage ? 1 : 16), book.least, claim.pages / PAGES],
          told,
        );
        assert.ok(Math.abs(claim.expected - (1 - book.expected)) < 1e-12, told);
      }
    }
  }
});

test('a bitmap’s samples lie on the page and the piece that prove least, and strays are never told apart', () => {
  const counts = Array<number>(PAGES).fill(0);
  for (const page of [3, 64, 65, 66, 300]) counts[page] = 1;
  const block = { counts: Uint16Array.from(counts), samples: 600, isBitmap: true, unseenShare: 0 };
  const never = Number.POSITIVE_INFINITY;
  for (const claim of claims(block).kept) {
    const units = claim.order === 0 ? [1, 1, 1, 1, 596] : [1, 1, 598];
    const book = bookBound(units, 600, never, claim.order === 0 ? 0.028 : 0.012);
    assert.deepEqual([claim.leastSamples, claim.pages], [1, claim.order === 0 ? 5 : 48]);
    assert.ok(Math.abs(1 - claim.least - book.exact) <= book.slack);
  }
});

const claim = { order: 0, pages: 8, share: 0.1, leastSamples: 1, expected: 1, least: 0.9 } as const;
const fractionOf = (changes: object) => ({
  samples: 9,
  seen: 0.1,
  low: 0,
  high: 1,
  kept: [claim],
  ...changes,
});

test('a claim makes a block sparse when it has pages, few enough of them, and enough of the accesses', () => {
  assert.equal(sparseClaim(fractionOf({}), 0.1, 0.9), claim);
  for (const changes of [{ pages: 0 }, { share: 0.11 }, { least: 0.89 }])
    assert.equal(sparseClaim(fractionOf({ kept: [{ ...claim, ...changes }] }), 0.1, 0.9), undefined);
  const one = { ...claim, pages: 1 };
  assert.equal(sparseClaim(fractionOf({ kept: [one] }), 0.1, 0.9), one);
  const better = { ...claim, least: 0.95 };
  for (const kept of [
    [claim, better],
    [better, claim],
  ])
    assert.equal(sparseClaim(fractionOf({ kept }), 0.1, 0.9), better);
});

test('dense is more than was asked for, sparse is told first, and wider speaks of 90 % and more', () => {
  assert.equal(density(fractionOf({ kept: [], seen: 0.5 }), 0.1, 0.5), 'unknown');
  assert.equal(density(fractionOf({ kept: [], seen: 0.51 }), 0.1, 0.5), 'dense');
  assert.equal(density(fractionOf({ seen: 0.51 }), 0.1, 0.5), 'sparse');
  const wide = fractionOf({ low: 0.5 });
  assert.equal(surelyWider(wide, 0.45), true);
  assert.equal(surelyWider(wide, 0.4501), false);
  assert.equal(surelyWider(wide, 0.1, 0.9), true);
  assert.equal(surelyWider(wide, 0.1, 0.899), false);
});

test('the fewest samples are one where nothing need be shown, and none where a million would not do', () => {
  assert.equal(fewestSamples(PAGES, 0), 1);
  assert.ok(Number.isFinite(fewestSamples(PAGES, 0.99999)));
  assert.equal(fewestSamples(PAGES, 0.999997), Number.POSITIVE_INFINITY);
  const fewest = fewestSamples(PAGES, 0.99999);
  const shows = (samples: number) => {
    const counts = new Uint16Array(PAGES);
    counts[5] = 0xffff;
    return claims({ counts, samples, isBitmap: false, unseenShare: 0 }).kept.some(
      ({ least }) => least >= 0.99999,
    );
  };
  assert.deepEqual([shows(fewest), shows(fewest - 1)], [true, false], `${fewest}`);
});

test('one sample is enough to say something, and a census says what its source could not see', () => {
  const builder = new HotMapBuilder(PROCESS, GEOMETRY_4K);
  builder.addCount(3, 1, 1);
  assert.equal(hotFraction(builder.build([SUB_PAGE_ORIGIN]), 0)?.samples, 1);
  const origin = { ...SUB_PAGE_ORIGIN, nature: 'page-bits' as const, unseenShare: 0.25 };
  assert.deepEqual(hotFraction(builder.build([origin]), 0)?.kept, [
    { order: 0, leastSamples: 1, pages: 1, share: 1 / 512, expected: 1, least: 0.75 },
  ]);
});

test('marks lie on the pages of the block and on none behind it', () => {
  const counts = new Uint16Array(PAGES);
  counts[PAGES - 1] = 3;
  const inUse = new Uint8Array(PAGES / 8 + 2);
  markKept(counts, { ...claim, order: 4, leastSamples: 3 }, inUse);
  assert.deepEqual([...inUse.slice(PAGES / 8 - 3)], [0, 255, 255, 0, 0]);
});
