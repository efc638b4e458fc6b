/**
 * A sequential test for "it has become worse than the bound", looked at after every batch for as long as one likes: an
 * e-detector of Shiryaev and Roberts' form (Shin, Ramdas and Rinaldo 2022, "E-detectors"). Each batch is a bet against "no
 * worse than the bound" whose expected worth is at most 1 when that is so; the detector adds up the bets that began at each
 * batch. Then it takes at least `patience` batches on average until it stops for nothing, whenever one looks.
 *
 * The bets are a mixture over sizes of worsening, so that none has to be known beforehand, and no single batch may win much:
 * what is short, however large, does not stop it. Pure.
 */
import { assert } from '../base/assert.js';

/** How rarely the test may stop for nothing. */
export interface TestOptions {
  /** Batches between two stops for nothing, on average. */
  readonly patience: number;
  /** Batches that have to be worse, at least, before it stops. */
  readonly leastBatches: number;
}

/** Sizes of worsening that are bet on, in spreads beyond the bound. */
const SIZES = [0.75, 1.5, 3] as const;
/** Further out a batch says no more. Well within the bound it says more: bursts that come and go are no worsening. */
const MOST_SPREADS = { beyond: 4, within: 8 } as const;

/** Takes batches one after the other. `patience` bounds false stops for any noise that it was given. */
export class WorseningTest {
  readonly #stopAt: number;
  readonly #mostGain: number;
  /** Worth of all bets begun so far, as a logarithm. */
  #log = Number.NEGATIVE_INFINITY;
  /** Their worth by each size. */
  readonly #worth = new Float64Array(SIZES.length);

  constructor({ patience, leastBatches }: TestOptions) {
    assert(patience > 1 && leastBatches >= 1, 'a test waits for something');
    this.#stopAt = Math.log(patience);
    this.#mostGain = this.#stopAt / leastBatches;
  }

  /** Whether it has seen enough. `beyond`: how far a batch lies beyond the bound, in spreads; negative when it does not. */
  add(beyond: number): boolean {
    const size = Math.max(-MOST_SPREADS.within, Math.min(MOST_SPREADS.beyond, beyond));
    let sum = 0;
    for (const [at, bet] of SIZES.entries()) {
      const gain = Math.min(this.#mostGain, bet * size - (bet * bet) / 2);
      // A new bet begins with each batch, with worth 1.
      this.#worth[at] = Math.exp(gain) * (1 + this.#worth[at]);
      sum += this.#worth[at];
    }
    this.#log = Math.log(sum / SIZES.length);
    return this.#log >= this.#stopAt;
  }

  /** How near it is to a stop, 0 to 1: for status, and to know whether something is under suspicion. */
  get suspicion(): number {
    return Math.max(0, Math.min(1, this.#log / this.#stopAt));
  }
}
