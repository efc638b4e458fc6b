import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PROCESS, SUB_PAGE_ORIGIN } from '../../test/support/drawing.js';
import fc from '../../test/support/properties.js';
import { countBits } from '../base/bits.js';
import { SeededRandom } from '../base/seeded-random.js';
import type { HotFraction } from '../vocabulary/hot-map.js';
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
import { HotMapBuilder, type HotMapDetail } from './hot-map-builder.js';

const PAGES = 512;

function mapOf(counts: readonly number[], detail: HotMapDetail = 'counts') {
  const builder = new HotMapBuilder(PROCESS, GEOMETRY_4K, detail);
  counts.forEach((count, page) => void builder.addCount(page, count, count));
  return builder.build([SUB_PAGE_ORIGIN]);
}

function fractionOf(counts: readonly number[], detail?: HotMapDetail): HotFraction {
  const fraction = hotFraction(mapOf(counts, detail), 0);
  assert.ok(fraction !== undefined);
  return fraction;
}

/** Claims of a block from its counters alone. */
function claimsOf(counts: ArrayLike<number>, unseenShare = 0): HotFraction {
  const samples = Array.from(counts).reduce((sum, count) => sum + count, 0);
  const padded = new Uint16Array(PAGES);
  padded.set(Array.from(counts));
  return claims({ counts: padded, samples, isBitmap: false, unseenShare });
}

const repeated = (pages: number, count: number) => Array.from({ length: pages }, () => count);
const kind = (fraction: HotFraction) => density(fraction, 0.1, 0.9);

test('54 samples of a uniformly hot block look 10 % hot, and are told as unknown', () => {
  const random = new SeededRandom(7);
  const counts = repeated(PAGES, 0);
  for (let sample = 0; sample < 54; sample++) counts[random.below(PAGES)]++;
  const fraction = fractionOf(counts);
  assert.ok(fraction.seen < 0.11);
  assert.equal(kind(fraction), 'unknown');
  assert.equal(fraction.high, 1);
});

test('accessed bits of all sub-pages are a census: few that show are few, however few the looks were', () => {
  const bitsOf = (counts: readonly number[]) => {
    const builder = new HotMapBuilder(PROCESS, GEOMETRY_4K);
    counts.forEach((count, page) => void builder.addCount(page, count, count));
    const fraction = hotFraction(builder.build([{ ...SUB_PAGE_ORIGIN, nature: 'page-bits' }]), 0);
    assert.ok(fraction !== undefined);
    return fraction;
  };
  const few = bitsOf(repeated(8, 1));
  assert.equal(kind(few), 'sparse');
  assert.deepEqual([few.seen, few.low, few.kept.length], [8 / PAGES, 0, 1]);
  assert.ok(Math.abs(few.high - 8 / PAGES) < 1e-12);
  assert.deepEqual([few.kept[0].pages, few.kept[0].least, few.kept[0].leastSamples], [8, 1, 1]);
  assert.equal(kind(bitsOf(repeated(52, 1))), 'unknown');
  assert.equal(kind(bitsOf(repeated(461, 1))), 'dense');
  // The same counts as samples of accesses prove nothing.
  assert.equal(kind(fractionOf(repeated(8, 1))), 'unknown');
});

test('a block with three hot sub-pages and many samples is sparse, a full one dense', () => {
  assert.equal(kind(fractionOf(repeated(3, 100))), 'sparse');
  assert.equal(kind(fractionOf(repeated(461, 10))), 'dense');
  assert.equal(kind(fractionOf(repeated(460, 10))), 'unknown');
});

test('nothing is claimed of a block without samples, or by a source that sees no sub-pages', () => {
  const builder = new HotMapBuilder(PROCESS, GEOMETRY_4K);
  builder.addBlock(0);
  assert.equal(hotFraction(builder.build([SUB_PAGE_ORIGIN]), 0), undefined);
  assert.equal(hotFraction(builder.build([SUB_PAGE_ORIGIN]), 7), undefined);
  builder.addSample(0, 1);
  const blind = { ...SUB_PAGE_ORIGIN, granularity: { ...SUB_PAGE_ORIGIN.granularity, pages: PAGES } };
  assert.equal(hotFraction(builder.build([blind]), 0), undefined);
});

test('5 % of the pages that take 95 % are enough: what is hit by chance is not kept', () => {
  const random = new SeededRandom(3);
  const counts = repeated(PAGES, 0);
  for (let sample = 0; sample < 3000; sample++)
    counts[random.below(20) > 0 ? random.below(26) : random.below(PAGES)]++;
  const fraction = fractionOf(counts);
  assert.ok(fraction.seen > 0.2);
  assert.equal(kind(fraction), 'sparse');
  const claim = sparseClaim(fraction, 0.1, 0.9);
  assert.ok(claim !== undefined && claim.pages >= 26 && claim.pages < 52 && claim.leastSamples > 1);
  assert.ok(claim.least < claim.expected && claim.expected < 0.97);
});

test('heat in a run is known by pieces before it is known by pages', () => {
  const random = new SeededRandom(5);
  const counts = repeated(PAGES, 0);
  for (let sample = 0; sample < 80; sample++) counts[64 + random.below(48)]++;
  const fraction = fractionOf(counts);
  const claim = sparseClaim(fraction, 0.1, 0.9);
  assert.deepEqual([claim?.order, claim?.pages, claim?.leastSamples], [4, 48, 1]);
  assert.equal(fraction.kept[0], claim);
});

test('a bitmap proves no more than the worst counters it may stand for', () => {
  const byPage = ({ kept }: HotFraction) => kept.find(({ order }) => order === 0);
  assert.deepEqual(byPage(fractionOf(repeated(4, 100), 'bitmap')), byPage(claimsOf([1, 1, 1, 397])));
  assert.equal(kind(fractionOf(repeated(4, 250), 'bitmap')), 'sparse');
  assert.equal(kind(fractionOf(repeated(51, 20), 'counts')), 'sparse');
  assert.equal(kind(fractionOf(repeated(100, 10), 'bitmap')), 'unknown');
  for (const pages of [1, 5, 20, 100, 512]) {
    const bitmap = fractionOf(repeated(pages, 6), 'bitmap');
    const full = fractionOf(repeated(pages, 6));
    assert.ok(bitmap.low <= full.low + 1e-12, `${pages}`);
    assert.ok(bitmap.high >= full.high - 1e-12 || full.kept[0].leastSamples > 1, `${pages}`);
  }
});

test('a counter at its end counts for all samples that it had', () => {
  const counts = [70_000];
  const fraction = fractionOf(counts);
  assert.equal(fraction.samples, 70_000);
  assert.ok(fraction.kept[0].least > 0.9998);
});

test('a block with millions of samples is judged as fast, and by pages that take a share worth keeping', () => {
  const counts = [...repeated(20, 60_000), ...repeated(492, 30)];
  const started = performance.now();
  const fraction = claimsOf(counts);
  assert.ok(performance.now() - started < 5000);
  assert.deepEqual([fraction.kept[0].pages, fraction.kept[0].leastSamples], [20, 256]);
  assert.equal(kind(fraction), 'sparse');
});

test('what the samples cannot speak for may lie anywhere', () => {
  const whole = claimsOf(repeated(5, 200));
  const most = claimsOf(repeated(5, 200), 0.05);
  assert.ok(Math.abs(most.kept[0].least - 0.95 * whole.kept[0].least) < 1e-12);
  assert.equal(most.kept[0].expected, whole.kept[0].expected);
  assert.ok(most.low <= whole.low && most.high > whole.high);
  assert.equal(kind(most), 'sparse');
  assert.equal(kind(claimsOf(repeated(5, 200), 0.1)), 'unknown');
  assert.equal(claimsOf(repeated(5, 200), 0.9).low, 0);
  const none = claimsOf(repeated(5, 200), 1);
  assert.deepEqual([none.low, none.high, none.kept[0].least], [0, 1, 0]);
});

test('loss may have been on few pages: it lowers the lower end as well', () => {
  const even = repeated(512, 20);
  assert.ok(claimsOf(even, 0.2).low < claimsOf(even).low);
  assert.ok(surelyWider(claimsOf(even), 0.1));
  assert.ok(!surelyWider(claimsOf(even, 0.9), 0.1));
});

test('the fewest samples can show it, one less cannot', () => {
  // The bound is sharpest at 90 %; elsewhere its choice of rates costs more.
  for (const [keeping, most] of [
    [0.5, 1.8],
    [0.9, 1.35],
    [0.95, 1.45],
    [0.99, 1.7],
  ] as const) {
    const fewest = fewestSamples(PAGES, keeping);
    const shown = (count: number) => claimsOf([count]).kept.some(({ least }) => least >= keeping);
    assert.ok(shown(fewest) && !shown(fewest - 1), `${keeping}: ${fewest}`);
    // No valid bound can do with less than what the binomial asks at the same error.
    assert.ok(fewest >= Math.log(0.04) / Math.log(keeping));
    assert.ok(fewest <= (most * Math.log(0.04)) / Math.log(keeping), `${keeping}: ${fewest}`);
  }
  assert.equal(fewestSamples(PAGES, 1), Number.POSITIVE_INFINITY);
});

test('claims are in order, and the pages marked are the pages counted', () => {
  const counts = fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 40 })), {
    minLength: PAGES,
    maxLength: PAGES,
  });
  fc.assert(
    fc.property(counts, fc.double({ min: 0, max: 1, noNaN: true }), (drawn, unseenShare) => {
      fc.pre(drawn.some((count) => count > 0));
      const fraction = claimsOf(drawn, unseenShare);
      assert.ok(0 <= fraction.low && fraction.low <= fraction.high && fraction.high <= 1);
      assert.ok(fraction.low <= fraction.seen);
      for (const claim of fraction.kept) {
        assert.ok(0 <= claim.least && claim.least <= claim.expected && claim.expected <= 1);
        const inUse = new Uint8Array(PAGES / 8);
        markKept(Uint16Array.from(drawn), claim, inUse);
        assert.equal(countBits(inUse), claim.pages);
        assert.equal(claim.share, claim.pages / PAGES);
      }
    }),
    { numRuns: 60 },
  );
});

test('no split of two or three pages violates a bound more often than it says: every outcome counted', () => {
  for (const samples of [8, 40, 90]) {
    for (const shares of [
      [0.5, 0.5],
      [0.97, 0.03],
      [0.92, 0.08],
      [0.9, 0.05, 0.05],
      [0.96, 0.03, 0.01],
      [0.8, 0.1, 0.1],
    ]) {
      const chance = chanceOfViolation(samples, shares);
      assert.ok(chance <= 0.05, `${samples} samples on ${shares}: ${chance}`);
    }
  }
  // The bound is sharp: one page that is missed in 4 % of the draws.
  const share = 1 - 0.027 ** (1 / 40);
  assert.ok(chanceOfViolation(40, [1 - share, share]) < 0.05);
});

/** Exact chance that any claim is false, over all counts that `samples` samples can give. */
function chanceOfViolation(samples: number, shares: readonly number[]): number {
  let chance = 0;
  for (const [counts, probability] of outcomes(samples, shares)) {
    // Pages far apart, so that each is a piece of its own.
    const spread = new Array(PAGES).fill(0);
    counts.forEach((count, at) => {
      spread[at * 160] = count;
    });
    const fraction = claimsOf(spread);
    const isFalse = fraction.kept.some(({ leastSamples, least }) => {
      const taken = shares.reduce((sum, share, at) => sum + (counts[at] >= leastSamples ? share : 0), 0);
      return taken < least - 1e-12;
    });
    if (isFalse || isOutside(fraction, shares)) chance += probability;
  }
  return chance;
}

function isOutside({ low, high }: HotFraction, shares: readonly number[]): boolean {
  let sum = 0;
  let at = 0;
  while (sum + shares[at] < 0.9) sum += shares[at++];
  const spread = (at + (0.9 - sum) / shares[at]) / (0.9 * PAGES);
  return spread < low - 1e-12 || spread > high + 1e-12;
}

/** All counts of two or three pages, with their multinomial probability. */
function* outcomes(samples: number, shares: readonly number[]): Generator<[number[], number]> {
  const ways = Array.from({ length: samples + 1 }, () => 0);
  for (let k = 1; k <= samples; k++) ways[k] = ways[k - 1] + Math.log(k);
  const [first, second, third] = shares;
  for (let one = 0; one <= samples; one++) {
    const others =
      third === undefined ? [samples - one] : Array.from({ length: samples - one + 1 }, (_, two) => two);
    for (const two of others) {
      const three = samples - one - two;
      const log = ways[samples] - ways[one] - ways[two] - ways[three];
      const mass = one * Math.log(first) + two * Math.log(second) + (three > 0 ? three * Math.log(third) : 0);
      yield [third === undefined ? [one, two] : [one, two, three], Math.exp(log + mass)];
    }
  }
}
