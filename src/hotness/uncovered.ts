/**
 * Upper bound on the share of accesses that fall outside the units that were kept, where a unit (a page, or a piece of
 * pages) is kept when at least `least` samples fell on it. It holds for every distribution of the accesses.
 *
 * Call each sample a test with chance s and a lesson otherwise. Let E be the event that every test fell on a unit that
 * the lessons alone keep. Then all samples keep the same units as the lessons; call M the share of accesses outside.
 * Given the lessons, J tests all fall inside with chance (1 − M)^J, so the mean of 1[E] · (1 − M)^−J is exactly 1.
 * Averaged over all ways to call samples tests, with r = s / (1 − M + sM), that is
 *
 *   A(M) = (1 − rM)^−n · Π over units left out (1 − r)^c · Π over units kept P(Bin(c, 1 − r) ≥ least)
 *
 * for n samples, c of them on a unit. For a fixed r its mean is at most 1 (docs/decisions/0710), so by Markov A(M) ≥ 1/α
 * has a chance of at most α, and so has a mixture over several r. The bound is the M where the mixture reaches 1/α.
 */
import { atLeast } from '../base/binomial.js';
import { Memo } from '../base/memo.js';
import type { Fraction, Pages } from '../vocabulary/units.js';

/** Uncovered share at which the mixture is sharpest: that of the default of split-sparse. */
const SHARPEST = 0.1;
/** Rates r as the part of the way from 1 down to the smallest useful one, and their weights. */
const STEPS = [0.03, 0.25, 0.55, 0.9];
const WEIGHTS = [0.2, 0.35, 0.3, 0.15];
const RATES = STEPS.length;
const SMALLEST_RATE = 0.2;
const LARGEST_RATE = 0.85;
/** Numbers of samples that share a table, by octave. */
const PER_OCTAVE = 16;
const HALVINGS = 14;
const MOST_TABLES = 512;
/** Keeps tables small for blocks with millions of samples. */
const MOST_LEAST = 256;

/** What `uncovered` found. */
export interface Uncovered {
  /** Units kept, and samples that each of them has at least. */
  readonly kept: Pages;
  readonly least: number;
  /** Share of accesses outside: Good and Turing's estimate, and the bound. */
  readonly expected: Fraction;
  readonly worst: Fraction;
}

/** How many samples a unit needs to be kept grows with samples per unit: stray accesses fall on every unit in the end. */
export function leastToKeep(samples: number, samplesPerStep: number): number {
  return Math.min(MOST_LEAST, 1 + Math.floor(rounded(samples) / samplesPerStep));
}

/**
 * The bound at error `alpha` for `samples` samples. `counts` are those of units with samples, ascending.
 * `samplesPerStep` is the number of samples from which a unit needs one sample more to be kept.
 */
export function uncovered(
  counts: Float64Array,
  samples: number,
  samplesPerStep: number,
  alpha: Fraction,
): Uncovered {
  const table = tableFor(samples, samplesPerStep, alpha);
  const { least, stride, logKept } = table;
  SUMS.fill(0);
  let left = 0;
  let at = 0;
  for (; at < counts.length && counts[at] < least; at++) left += counts[at];
  const kept = counts.length - at;
  const expected = (left + least * (runEnd(counts, at, least) - at)) / samples;
  while (at < counts.length) {
    const end = runEnd(counts, at, counts[at]);
    const column = Math.min(counts[at], stride - 1);
    for (let rate = 0; rate < RATES; rate++) SUMS[rate] += (end - at) * logKept[rate * stride + column];
    at = end;
  }
  for (let rate = 0; rate < RATES; rate++) SUMS[rate] += left * table.logLeft[rate];
  return { kept, least, expected, worst: Math.max(expected, solve(table, samples, alpha)) };
}

/** End of the run of `count` that begins at `from`. */
function runEnd(counts: Float64Array, from: number, count: number): number {
  let end = from;
  while (end < counts.length && counts[end] === count) end++;
  return end;
}

/** Logarithm of both products of A, by rate. */
const SUMS = new Float64Array(RATES);

interface Table {
  readonly least: number;
  readonly rates: Float64Array;
  /** ln(1 − r). */
  readonly logLeft: Float64Array;
  /** ln P(Bin(c, 1 − r) ≥ least) at `rate · stride + c`; larger counts take the last, which is smaller. */
  readonly logKept: Float64Array;
  readonly stride: number;
}

const TABLES = new Memo<Table>(MOST_TABLES);

/** Samples rounded down, so that few tables serve all blocks: `least` and the rates may depend on nothing else. */
function rounded(samples: number): number {
  return 2 ** (Math.floor(PER_OCTAVE * Math.log2(samples)) / PER_OCTAVE);
}

function tableFor(samples: number, samplesPerStep: number, alpha: Fraction): Table {
  const key = `${Math.floor(PER_OCTAVE * Math.log2(samples))} ${samplesPerStep} ${alpha}`;
  return TABLES.of(key, () => makeTable(rounded(samples), leastToKeep(samples, samplesPerStep), alpha));
}

function makeTable(samples: number, least: number, alpha: Fraction): Table {
  const useful = -Math.expm1(Math.log(alpha) / samples) / SHARPEST;
  const smallest = Math.min(LARGEST_RATE, Math.max(SMALLEST_RATE, useful));
  const rates = Float64Array.from(STEPS, (step) => 1 - (1 - smallest) * step);
  const stride = Math.max(256, 16 * least);
  const logKept = new Float64Array(RATES * stride);
  for (let rate = 0; rate < RATES; rate++) {
    for (let count = least; count < stride; count++)
      logKept[rate * stride + count] = Math.log(atLeast(least, count, 1 - rates[rate]));
  }
  return { least, rates, logLeft: rates.map((rate) => Math.log1p(-rate)), logKept, stride };
}

/** Where the mixture reaches 1/α, from above: one rate alone with its weight is an upper bound, with weight 1 a lower one. */
function solve(table: Table, samples: number, alpha: Fraction): Fraction {
  let high = 1;
  let low = 1;
  for (let rate = 0; rate < RATES; rate++) {
    high = Math.min(high, alone(table.rates[rate], SUMS[rate] + Math.log(WEIGHTS[rate] * alpha), samples));
    low = Math.min(low, alone(table.rates[rate], SUMS[rate] + Math.log(alpha), samples));
  }
  for (let halving = 0; halving < HALVINGS && high > low; halving++) {
    const middle = (low + high) / 2;
    if (reaches(table, samples, alpha, middle)) high = middle;
    else low = middle;
  }
  return high;
}

/** M where (1 − rM)^n = e^log. */
function alone(rate: number, log: number, samples: number): Fraction {
  return Math.min(1, -Math.expm1(log / samples) / rate);
}

function reaches(table: Table, samples: number, alpha: Fraction, share: Fraction): boolean {
  let sum = 0;
  for (let rate = 0; rate < RATES; rate++)
    sum += WEIGHTS[rate] * Math.exp(SUMS[rate] - samples * Math.log1p(-table.rates[rate] * share));
  return sum >= 1 / alpha;
}
