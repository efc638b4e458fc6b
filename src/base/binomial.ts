/** Tails of the binomial distribution, from its mass outwards: exact to rounding, no normal approximation. */

/** A term this much smaller than the sum so far no longer counts. */
const NEGLIGIBLE = 1e-17;

/** P(X ≥ least) for X ~ Bin(trials, chance), with 0 < chance < 1. */
export function atLeast(least: number, trials: number, chance: number): number {
  if (least <= 0) return 1;
  if (least > trials) return 0;
  if (least > trials * chance) return upwards(least, trials, chance);
  return 1 - downwards(least - 1, trials, chance);
}

/** P(X ≤ most) for X ~ Bin(trials, chance), with 0 < chance < 1. */
export function atMost(most: number, trials: number, chance: number): number {
  if (most < 0) return 0;
  if (most >= trials) return 1;
  if (most < trials * chance) return downwards(most, trials, chance);
  return 1 - upwards(most + 1, trials, chance);
}

/** Largest b with P(X ≤ b) ≤ alpha for X ~ Bin(trials, chance); −1 when there is none. */
export function lowerQuantile(trials: number, chance: number, alpha: number): number {
  let low = -1;
  let high = trials;
  while (low < high) {
    const middle = Math.floor((low + high + 1) / 2);
    if (atMost(middle, trials, chance) <= alpha) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Interval of a chance of which `hits` of `trials` were hits (Clopper and Pearson), each end missing with `alpha`. */
export function chanceBounds(hits: number, trials: number, alpha: number): { low: number; high: number } {
  return {
    low: hits === 0 ? 0 : bisect((chance) => atLeast(hits, trials, chance) > alpha),
    high: hits === trials ? 1 : bisect((chance) => atMost(hits, trials, chance) <= alpha),
  };
}

/** Smallest chance for which a rising condition holds. */
function bisect(holds: (chance: number) => boolean): number {
  let low = 0;
  let high = 1;
  for (let halving = 0; halving < HALVINGS; halving++) {
    const middle = (low + high) / 2;
    if (holds(middle)) high = middle;
    else low = middle;
  }
  return (low + high) / 2;
}

const HALVINGS = 40;

/** Sum of the mass at `from` and above; for `from` above the mean. */
function upwards(from: number, trials: number, chance: number): number {
  const odds = chance / (1 - chance);
  let term = mass(from, trials, chance);
  let sum = term;
  for (let k = from; k < trials && term > sum * NEGLIGIBLE; k++) {
    term *= (odds * (trials - k)) / (k + 1);
    sum += term;
  }
  return Math.min(1, sum);
}

/** Sum of the mass at `from` and below; for `from` below the mean. */
function downwards(from: number, trials: number, chance: number): number {
  const odds = (1 - chance) / chance;
  let term = mass(from, trials, chance);
  let sum = term;
  for (let k = from; k > 0 && term > sum * NEGLIGIBLE; k--) {
    term *= (odds * k) / (trials - k + 1);
    sum += term;
  }
  return Math.min(1, sum);
}

function mass(k: number, trials: number, chance: number): number {
  const ways = logFactorial(trials) - logFactorial(k) - logFactorial(trials - k);
  return Math.exp(ways + k * Math.log(chance) + (trials - k) * Math.log1p(-chance));
}

const LOG_FACTORIALS: number[] = [0];
const TABLE = 4096;

/** ln n!: by a table, beyond it by Stirling's series, whose error there is below 1e-18. */
export function logFactorial(n: number): number {
  if (n < TABLE) {
    for (let next = LOG_FACTORIALS.length; next <= n; next++)
      LOG_FACTORIALS.push(LOG_FACTORIALS[next - 1] + Math.log(next));
    return LOG_FACTORIALS[n];
  }
  return (n + 0.5) * Math.log(n) - n + 0.5 * Math.log(2 * Math.PI) + 1 / (12 * n) - 1 / (360 * n ** 3);
}
