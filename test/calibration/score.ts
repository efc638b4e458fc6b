/** How often claims about drawn blocks are false, by family, number of samples and share touched. */
import { SeededRandom } from '../../src/base/seeded-random.js';
import {
  claims,
  density,
  MOST_ACCESSES,
  markKept,
  type SampledBlock,
  sparseClaim,
} from '../../src/hotness/confidence.js';
import type { HotFraction, KeptPages } from '../../src/vocabulary/hot-map.js';
import { before } from './before.js';
import { Block } from './draw.js';
import type { Family } from './families.js';

export const SPARSE_BELOW = 0.1;
export const DENSE_ABOVE = 0.9;
/** Allowance for the rounding of a share that is meant to be met exactly. */
const ROUNDING = 1e-9;

export interface Cell {
  readonly family: string;
  readonly samples: number;
  readonly touched: number;
  readonly draws: number;
  readonly now: Score;
  readonly before: Score;
}

/** Counts of draws. */
export interface Score {
  falseSparse: number;
  falseDense: number;
  /** Draws of which any printed bound is violated. */
  violated: number;
  unknown: number;
}

/**
 * What is false:
 * - now, sparse: the sub-pages that the claim keeps take less than 90 % of the accesses;
 * - before, sparse: 10 % or more of the sub-pages are accessed, as it said;
 * - dense: at most 90 % of the sub-pages are accessed;
 * - now, violated: a set of sub-pages takes less than its bound, or the spread lies outside its interval;
 * - before, violated: the share accessed lies outside the interval.
 */
export function scoreCell(
  family: Family,
  samples: number,
  touched: number,
  draws: number,
  seed: number,
  pages = 512,
): Cell {
  const random = new SeededRandom(seed);
  const now = noScore();
  const old = noScore();
  for (let draw = 0; draw < draws; draw++) {
    // A new block for every few draws: its pages lie elsewhere, its law is the same.
    const block = new Block(family.phases({ pages, touched, samples }, random), family.lost);
    const truth = { touched: block.touched(), spread: block.spread(MOST_ACCESSES) };
    for (let again = 0; again < DRAWS_PER_BLOCK && draw < draws; again++, draw++) {
      const told = drawn(family, block, samples, random);
      scoreNow(now, block, truth, told);
      scoreBefore(old, truth.touched, told.counts, samples);
    }
    draw--;
  }
  return { family: family.name, samples, touched, draws, now, before: old };
}

const DRAWS_PER_BLOCK = 8;

/** Samples of a block, and what Octavo is told of how they were taken. */
function drawn(family: Family, block: Block, samples: number, random: SeededRandom): SampledBlock {
  const told = { samples, isBitmap: family.isBitmap === true, unseenShare: family.lost ?? 0 };
  if (family.walk !== undefined) {
    const walk = family.walk(random);
    return { ...told, counts: block.walk(samples, random, walk), periods: [walk.period] };
  }
  const counts = family.isSweep ? block.sweep(samples, random) : block.draw(samples, random);
  return { ...told, counts: told.isBitmap ? counts.map((count) => Math.min(1, count)) : counts };
}

interface Truth {
  readonly touched: number;
  readonly spread: number;
}

function noScore(): Score {
  return { falseSparse: 0, falseDense: 0, violated: 0, unknown: 0 };
}

function scoreNow(score: Score, block: Block, truth: Truth, told: SampledBlock): void {
  const { counts } = told;
  const fraction = claims(told);
  const verdict = density(fraction, SPARSE_BELOW, DENSE_ABOVE);
  const taken = fraction.kept.map((kept) => shareOn(block, counts, kept));
  if (verdict === 'unknown') score.unknown++;
  if (verdict === 'sparse' && takenBy(fraction, taken) < MOST_ACCESSES - ROUNDING) score.falseSparse++;
  if (verdict === 'dense' && truth.touched <= DENSE_ABOVE) score.falseDense++;
  const isViolated =
    taken.some((share, index) => share < fraction.kept[index].least - ROUNDING) ||
    truth.spread < fraction.low - ROUNDING ||
    truth.spread > fraction.high + ROUNDING;
  if (isViolated) score.violated++;
}

function takenBy(fraction: HotFraction, taken: readonly number[]): number {
  const claim = sparseClaim(fraction, SPARSE_BELOW, MOST_ACCESSES);
  return claim === undefined ? 0 : taken[fraction.kept.indexOf(claim)];
}

function shareOn(block: Block, counts: Uint16Array, kept: KeptPages): number {
  const inUse = new Uint8Array(counts.length / 8);
  markKept(counts, kept, inUse);
  let sum = 0;
  for (let page = 0; page < counts.length; page++)
    if ((inUse[page >> 3] >> (page & 7)) & 1) sum += block.shares[page];
  return sum;
}

function scoreBefore(score: Score, touched: number, counts: Uint16Array, samples: number): void {
  const { low, high, density: verdict } = before(counts, samples);
  if (verdict === 'unknown') score.unknown++;
  if (verdict === 'sparse' && touched >= SPARSE_BELOW) score.falseSparse++;
  if (verdict === 'dense' && touched <= DENSE_ABOVE) score.falseDense++;
  if (touched < low - ROUNDING || touched > high + ROUNDING) score.violated++;
}
