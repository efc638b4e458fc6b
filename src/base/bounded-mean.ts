/** Totals of a population from a random sample, with bounds that hold for every distribution. */

/** Bounds of a value; both ends belong to it. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** An interval for the total of a population, and the best guess inside it. */
export interface SampledTotal extends Interval {
  /** The sample's mean times the population; undefined without a sample. */
  readonly expected: number | undefined;
}

/** 95 %, half of the rest at each end. */
const LOG_OF_TAILS = Math.log(2 / 0.05);
const HALVINGS = 50;

/**
 * The sum over `population` values between 0 and `most`, of which a random sample was seen. Bounds hold with 95 %
 * confidence by Chernoff's bound in the form of Hoeffding (1963), theorem 1, which is for bounded values of any
 * distribution, and by his theorem 4 for samples without replacement. `independent` is how many of the values were drawn
 * for themselves, where neighbours were taken with them; all when absent.
 */
export function sampledTotal(
  seen: readonly number[],
  population: number,
  most: number,
  independent = seen.length,
): SampledTotal {
  const sum = seen.reduce((total, value) => total + value, 0);
  const unseen = Math.max(0, population - seen.length);
  if (unseen === 0) return { expected: sum, low: sum, high: sum };
  const last = sum + unseen * most;
  if (seen.length === 0 || most === 0)
    return { expected: most === 0 ? sum : undefined, low: sum, high: last };
  const mean = sum / seen.length;
  const share = shareBounds(Math.min(1, mean / most), independent);
  return {
    expected: mean * population,
    low: Math.max(sum, share.low * most * population),
    high: Math.min(last, share.high * most * population),
  };
}

/** Shares p whose distance from the seen share is not beyond what chance explains: n × KL(seen ‖ p) ≤ ln(2 / 0.05). */
function shareBounds(seen: number, drawn: number): Interval {
  const isPlausible = (share: number) => drawn * divergence(seen, share) <= LOG_OF_TAILS;
  return {
    low: boundary(0, seen, (share) => !isPlausible(share)),
    high: boundary(seen, 1, isPlausible),
  };
}

/** Where a condition that holds near `from` ends. */
function boundary(from: number, to: number, holds: (share: number) => boolean): number {
  let low = from;
  let high = to;
  for (let halving = 0; halving < HALVINGS; halving++) {
    const middle = (low + high) / 2;
    if (holds(middle)) low = middle;
    else high = middle;
  }
  return high;
}

/** Kullback and Leibler's divergence of two chances, in nats. */
function divergence(seen: number, chance: number): number {
  return part(seen, chance) + part(1 - seen, 1 - chance);
}

function part(seen: number, chance: number): number {
  if (seen === 0) return 0;
  return chance === 0 ? Number.POSITIVE_INFINITY : seen * Math.log(seen / chance);
}
