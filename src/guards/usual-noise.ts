/** What a metric does by itself, learned while Octavo does not act: middle, spread, and how much lasts until the next batch. */
import type { Fraction } from '../vocabulary/units.js';

/** The noise of batches of a metric. */
export interface Noise {
  /** Middle of the values. */
  readonly centre: number;
  /** Spread of one batch, as a standard deviation would be, widened for what lasts. */
  readonly spread: number;
  /** Error of the middle: so far off it may be. */
  readonly centreError: number;
  /** Longest run of batches beyond the middle by more than a level: what has come and gone by itself. */
  longestRun(level: number): number;
}

/** MAD to standard deviation, and the same of the distance from the median to the 90th percentile. */
const MAD_TO_SIGMA = 1.4826;
const P90_TO_SIGMA = 1 / 1.2816;
/** Values further out count as being there: one of them must not decide how much lasts. */
const CLIPPED_AT = 3;
/** Of the error that a correlation of so many values has, what is added to it. */
const CORRELATION_ERRORS = 0.5;
/** A middle of so many values may be off by so many of its own errors. */
const ERRORS_ALLOWED = 1.5;
/** More than this cannot be told from a drift in so few batches. */
const MOST_LASTING: Fraction = 0.9;

/** `least`: a spread below it is taken as that, since no metric is exact. */
export function noiseOf(values: readonly number[], least: number): Noise {
  const sorted = values.toSorted((one, other) => one - other);
  const centre = quantile(sorted, 0.5);
  const away = values.map((value) => Math.abs(value - centre)).sort((one, other) => one - other);
  const upper = (quantile(sorted, 0.9) - centre) * P90_TO_SIGMA;
  const sigma = Math.max(least, quantile(away, 0.5) * MAD_TO_SIGMA, upper);
  const lasting = lastingShare(values.map((value) => clipped((value - centre) / sigma)));
  const widened = sigma * Math.sqrt((1 + lasting) / (1 - lasting));
  return {
    centre,
    spread: widened,
    centreError: (ERRORS_ALLOWED * widened) / Math.sqrt(values.length),
    longestRun: (level) => longestRun(values, centre + level),
  };
}

/** Correlation of neighbours, somewhat larger than found, since few values show too little of it. 0 to MOST_LASTING. */
function lastingShare(values: readonly number[]): Fraction {
  let product = 0;
  let square = 0;
  for (const [at, value] of values.entries()) {
    square += value * value;
    if (at > 0) product += value * values[at - 1];
  }
  const found = square === 0 ? 0 : product / square;
  return Math.min(MOST_LASTING, Math.max(0, found + CORRELATION_ERRORS / Math.sqrt(values.length)));
}

function longestRun(values: readonly number[], level: number): number {
  let longest = 0;
  let run = 0;
  for (const value of values) {
    run = value > level ? run + 1 : 0;
    longest = Math.max(longest, run);
  }
  return longest;
}

function clipped(value: number): number {
  return Math.max(-CLIPPED_AT, Math.min(CLIPPED_AT, value));
}

/** Of sorted values, between neighbours where it falls between them. */
export function quantile(sorted: readonly number[], share: Fraction): number {
  const at = share * (sorted.length - 1);
  const low = Math.floor(at);
  const high = Math.min(sorted.length - 1, low + 1);
  return sorted[low] + (at - low) * (sorted[high] - sorted[low]);
}

/** Mean of the middle: of three and more a quarter on each side is left out, and one at least. */
export function middle(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  const out = values.length < 3 ? 0 : Math.max(1, Math.floor(values.length / 4));
  const inside = sorted.slice(out, sorted.length - out);
  return inside.reduce((sum, value) => sum + value, 0) / inside.length;
}

/** Returns the median of values, which need not be sorted. */
export function median(values: readonly number[]): number {
  return quantile(
    values.toSorted((one, other) => one - other),
    0.5,
  );
}
