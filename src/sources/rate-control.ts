/** Keeps the work of decoding samples under a bound by changing how often one is taken. */

/** What the last slice of a recording told. */
export interface RateMeasured {
  /** Share of one core that decoding took. */
  readonly share: number;
  /** Samples lost because they came too fast. */
  readonly lost: number;
}

/** The period may grow and shrink by this factor at once, so that one odd second does not decide. */
const STEP = 8;
/** Below this share of the bound the period shrinks: more samples are to be had for the same promise. */
const SLACK = 0.5;
/** Losses mean that the kernel's side is too slow, whatever decoding takes. */
const LOSS_STEP = 2;

/**
 * The period for the next slice. Overhead is proportional to the rate, so the period follows the ratio of share and
 * bound; it stays where it is between half of the bound and the bound.
 */
export function nextPeriod(period: number, least: number, measured: RateMeasured, bound: number): number {
  if (measured.lost > 0)
    return Math.ceil(period * Math.max(LOSS_STEP, Math.min(STEP, measured.share / bound)));
  if (measured.share > bound) return Math.ceil(period * Math.min(STEP, measured.share / bound));
  if (measured.share >= bound * SLACK) return period;
  const factor = Math.max(1 / STEP, measured.share / (bound * SLACK * 1.5));
  return Math.max(least, Math.floor(period * factor));
}
