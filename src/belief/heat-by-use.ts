/**
 * What is expected of a block before its own samples count: by how many of its sub-pages are in use. Where pages are all
 * alike, a block's heat grows with its pages; where a few pages get what a whole block gets elsewhere, it does not, or
 * shrinks. So the samples of all blocks tell an exponent: expected = c · used^γ, by a regression of counts that spread
 * as much more than Poisson's as blocks differ.
 */
import type { Pages } from '../vocabulary/units.js';

/** Before any sample every page is alike, and two standard deviations from that the exponent is 0 or 2. */
const USUAL_EXPONENT = 1;
const PRECISION = 4;
const LEAST_EXPONENT = -2;
const MOST_EXPONENT = 3;
const ROUNDS = 25;
/** A block counts as this many times as hot as expected at most: a few wild ones say nothing about the others. */
const MOST_TIMES = 5;
/** A step changes expectations by no more than e to this. */
const MOST_STEP = 1;
const ENOUGH = 1e-4;

/** Counts that are expected of each block; they sum to about those that were found. 0 where nothing is in use. */
export function expectedByUse(
  totals: ArrayLike<number>,
  used: ArrayLike<Pages>,
  between: number,
): Float64Array {
  const fit = new Fit(totals, used, between);
  for (let round = 0; round < ROUNDS && fit.step() > ENOUGH; round++);
  return fit.expected();
}

class Fit {
  readonly #totals: ArrayLike<number>;
  readonly #logs: Float64Array;
  readonly #isUsed: Uint8Array;
  readonly #between: number;
  /** Expected logarithm of a block of mean use, and how it grows with that of the use. */
  #level: number;
  #exponent = USUAL_EXPONENT;

  constructor(totals: ArrayLike<number>, used: ArrayLike<Pages>, between: number) {
    this.#totals = totals;
    this.#between = between;
    this.#isUsed = Uint8Array.from(used, (pages) => Number(pages > 0));
    const logs = Float64Array.from(used, (pages) => Math.log(Math.max(1, pages)));
    const blocks = this.#isUsed.reduce((sum, one) => sum + one, 0);
    const mean = logs.reduce((sum, log, block) => sum + log * this.#isUsed[block], 0) / Math.max(1, blocks);
    this.#logs = logs.map((log) => log - mean);
    const found = this.#sum(totals);
    const alike = this.#logs.reduce((sum, log, block) => sum + Math.exp(log) * this.#isUsed[block], 0);
    this.#level = Math.log(Math.max(found, 1) / Math.max(alike, Number.MIN_VALUE));
  }

  /** One step of Newton's method (Fisher scoring); returns by how much it changed what is expected. */
  step(): number {
    let [level, slope, one, log, square] = [
      0,
      -PRECISION * (this.#exponent - USUAL_EXPONENT),
      0,
      0,
      PRECISION,
    ];
    for (let block = 0; block < this.#logs.length; block++) {
      if (this.#isUsed[block] === 0) continue;
      const expected = this.#of(block);
      const weight = this.#between / (this.#between + expected);
      const x = this.#logs[block];
      const beyond = Math.min(this.#totals[block], MOST_TIMES * (expected + 1)) - expected;
      level += weight * beyond;
      slope += weight * beyond * x;
      one += weight * expected;
      log += weight * expected * x;
      square += weight * expected * x * x;
    }
    const determinant = one * square - log * log;
    if (!(determinant > 0)) return 0;
    const held = (by: number) => Math.max(-MOST_STEP, Math.min(MOST_STEP, by));
    const byLevel = held((square * level - log * slope) / determinant);
    const before = this.#exponent;
    const wanted = before + held((one * slope - log * level) / determinant);
    this.#level += byLevel;
    this.#exponent = Math.max(LEAST_EXPONENT, Math.min(MOST_EXPONENT, wanted));
    return Math.abs(byLevel) + Math.abs(this.#exponent - before);
  }

  expected(): Float64Array {
    const expected = this.#logs.map((_, block) => (this.#isUsed[block] === 0 ? 0 : this.#of(block)));
    const [found, all] = [this.#sum(this.#totals), this.#sum(expected)];
    return all === 0 ? expected : expected.map((one) => (one * Math.max(1, found)) / all);
  }

  #of(block: number): number {
    return Math.exp(this.#level + this.#exponent * this.#logs[block]);
  }

  #sum(values: ArrayLike<number>): number {
    return this.#isUsed.reduce((sum, isUsed, block) => sum + isUsed * values[block], 0);
  }
}
