/**
 * What is believed of sub-pages before (and beside) their own counts. The rate of sub-page i of block k is
 * Gamma(α, α·x/m_k), x the exposure and m_k the block's mean count: blocks differ in heat, so that one Gamma for a whole
 * process would call the pages of a cold block as hot as those of a hot one. How uneven pages are within blocks, α, is found
 * by moments over all blocks: counts spread by more than Poisson's m_k.
 */
import type { Pages } from '../vocabulary/units.js';

/** Sums over sub-pages in use that tell how uneven the rates within blocks are. */
export interface Unevenness {
  /** Σ m_k². */
  readonly squares: number;
  /** Σ ((n − m_k)² − n): the spread beyond that of counting. */
  readonly excess: number;
}

/** Bounds of α: nearly all accesses on a few pages, and pages that cannot be told apart. */
const LEAST_SHAPE = 0.02;
const MOST_SHAPE = 200;

/** Bounds of the shape between blocks: nearly all heat in a few blocks, and blocks that are nearly alike. */
const LEAST_BETWEEN = 0.3;
const MOST_BETWEEN = 30;
/** Standard deviations that nine of ten normal deviates stay below. */
const NINE_OF_TEN = 1.28;

/**
 * Shape of the Gamma of how blocks differ, by moments: of each block its count and what it would be at the process's mean.
 * Alike where nothing says otherwise.
 */
export function shapeBetween(totals: ArrayLike<number>, expected: ArrayLike<number>): number {
  let [squares, excess] = [0, 0];
  for (let block = 0; block < totals.length; block++) {
    squares += expected[block] ** 2;
    excess += (totals[block] - expected[block]) ** 2 - expected[block];
  }
  if (excess <= 0) return MOST_BETWEEN;
  return Math.min(MOST_BETWEEN, Math.max(LEAST_BETWEEN, squares / excess));
}

/**
 * How far that shape may be relied on: its inverse comes from sums over blocks, whose error is that of `blocks` counts of
 * about `meanCount` each. What nine of ten such errors do not exceed is added to it.
 */
export function sureShapeBetween(shape: number, blocks: number, meanCount: number): number {
  if (blocks === 0 || meanCount <= 0) return LEAST_BETWEEN;
  const error = Math.sqrt((2 + 1 / meanCount) / blocks);
  return Math.max(LEAST_BETWEEN, 1 / (1 / shape + NINE_OF_TEN * error));
}

/** Mean count of a sub-page in use of a block, towards what is expected of it the more the fewer samples it has. */
export function blockMean(total: number, used: Pages, expected: number, between: number): number {
  return expected === 0 || used === 0 ? 0 : ((total + between) * expected) / (expected + between) / used;
}

/**
 * Shape within blocks, by moments; even rates where nothing says otherwise. Counts of even rates spread beyond Poisson's
 * by chance, with a variance of 2 m² each: one standard deviation of that is no unevenness.
 */
export function shapeWithin({ squares, excess }: Unevenness): number {
  const beyondChance = excess - Math.sqrt(2 * squares);
  if (beyondChance <= 0) return MOST_SHAPE;
  return Math.min(MOST_SHAPE, Math.max(LEAST_SHAPE, squares / beyondChance));
}

/** What one block adds to the sums: of the sum of its counts and of their squares, `used` sub-pages being in use. */
export function unevennessOf(sum: number, sumOfSquares: number, used: Pages, mean: number): Unevenness {
  return { squares: used * mean * mean, excess: sumOfSquares - 2 * mean * sum + used * mean * mean - sum };
}

/** β + x of a block's Gammas: the exposure that their shapes α + n stand for, prior included. */
export function exposureWithPrior(exposure: number, shape: number, mean: number): number {
  return exposure * (1 + shape / Math.max(mean, Number.MIN_VALUE));
}
