/**
 * Samples by a fixed period that may be in step with a walk. A loop over the pages of a block, one access a page, sampled at
 * every 10,000th access shows each 16th page and never another: 10,000 and 512 share the factor 16. The block is evenly hot
 * and looks sparse, however many samples there are. What gives it away are the distances: all are multiples of one number,
 * which divides the period, and hardly any of these pages lacks. Memory whose hot pages do lie so far apart cannot be told
 * from it; then a period that is prime, or jitter, decides.
 *
 * A prime period, too, is close to some multiple of the length of some loop. Then samples move slowly through the loop and
 * have seen a part of it by the end. What gives that away is evenness: samples by chance repeat pages and vary.
 */
import type { InStep } from '../vocabulary/hot-map.js';
import type { SampleOrigin } from '../vocabulary/sample.js';

/** Fewer pages have some distance in common by chance. */
const FEWEST_PAGES = 4;
/** Pages that a walk in step shows may lack samples by the end of the window. */
const SHARE_SHOWN = 0.75;
/** Pages with less than this share of the mean are of other accesses. */
const SHARE_OF_MEAN = 0.5;

/** Too few pages to tell an even count from chance. */
const FEWEST_EVEN = 8;
const FEWEST_SAMPLES = 40;
/** Pages that have so many samples each were passed so often that the part of a loop not yet seen is small. */
const MOST_ON_EACH = 32;
/** Standard deviations below what chance would do. */
const TOO_EVEN = 2.5;
/** With more pages for each sample hardly a page is hit twice, and only neighbours could prove anything. */
const LEAST_ALONE = 0.75;

/** Periods by which the heat of some origins was sampled without any chance. */
export function stepPeriods(origins: readonly SampleOrigin[]): readonly number[] {
  return origins.flatMap(({ tells, stepPeriods: periods = [] }) => (tells === 'heat' ? periods : []));
}

/**
 * Whether hardly a page was hit twice by samples of a fixed period. A walk puts samples beside each other, so that then
 * neighbours prove nothing of each other.
 */
export function areAlone(touched: number, samples: number, periods: readonly number[]): boolean {
  return periods.length > 0 && touched >= LEAST_ALONE * samples;
}

/** Whether samples of a fixed period are too few to tell whether they are even: they could not show a sparse block either. */
export function areTooFew(samples: number, periods: readonly number[]): boolean {
  return periods.length > 0 && samples < FEWEST_SAMPLES;
}

/** Undefined where samples by these periods do not look as if they were in step with a walk over the block. */
export function inStepOf(counts: Uint16Array, periods: readonly number[]): InStep | undefined {
  if (periods.length === 0) return undefined;
  const shown = shownBy(counts);
  const distance = commonDistance(counts, shown);
  const period = periods.find((each) => distance > 1 && each % distance === 0);
  if (period !== undefined) return { distance, period };
  return isTooEven(counts, shown) ? { period: Math.max(...periods) } : undefined;
}

/** Pages with samples, and samples that the counters show. */
interface Shown {
  readonly touched: number;
  readonly samples: number;
}

function shownBy(counts: Uint16Array | Float64Array): Shown {
  let [touched, samples] = [0, 0];
  for (let page = 0; page < counts.length; page++) {
    if (counts[page] === 0) continue;
    touched++;
    samples += counts[page];
  }
  return { touched, samples };
}

/**
 * Whether samples are spread more evenly than independent ones would be: over pages, or over pieces of 2 to 64 pages where
 * they lie in clusters at even distances.
 */
function isTooEven(counts: Uint16Array, { touched, samples }: Shown): boolean {
  if (touched < FEWEST_EVEN || samples >= MOST_ON_EACH * touched) return false;
  if (areTooEven(clusters(counts))) return true;
  const sums = Float64Array.from(counts);
  for (let units = sums.length; units >= FEWEST_EVEN; units >>= 1) {
    const pieces = sums.subarray(0, units);
    if (areTooEven(pieces) || areTooSmooth(pieces)) return true;
    for (let unit = 0; unit < units >> 1; unit++) sums[unit] = sums[2 * unit] + sums[2 * unit + 1];
  }
  return false;
}

/** Samples of the runs of pages that have any. */
function clusters(counts: Uint16Array): Float64Array {
  const sums = new Float64Array(counts.length);
  for (let page = 0, cluster = 0; page < counts.length; page++) {
    sums[cluster] += counts[page];
    if (counts[page] === 0 && sums[cluster] > 0) cluster++;
  }
  return sums;
}

/**
 * Whether counts vary less than those of independent samples, which are Poisson and at least 1 where there are any. Heat
 * that is not even only makes them vary more.
 */
function areTooEven(counts: Float64Array): boolean {
  const { touched, samples } = shownBy(counts);
  const mean = samples / touched;
  if (touched < FEWEST_EVEN || touched >= LEAST_ALONE * samples) return false;
  let squares = 0;
  for (let unit = 0; unit < counts.length; unit++)
    if (counts[unit] > 0) squares += (counts[unit] - mean) ** 2;
  const variance = mean * (1 + poissonMean(mean) - mean);
  const excess = squares / variance - (touched - 1);
  return excess < -TOO_EVEN * Math.sqrt(2 * (touched - 1));
}

/**
 * Whether counts change from neighbour to neighbour less than independent samples of any heat would: the variance of
 * a − 2b + c is then at least that of Poisson counts, a + 4b + c. Samples that move slowly through a loop rise and fall like ramps.
 */
function areTooSmooth(counts: Float64Array): boolean {
  let [excess, fourth, samples] = [0, 0, 0];
  for (let unit = 1; unit < counts.length - 1; unit++) {
    const [before, own, after] = [counts[unit - 1], counts[unit], counts[unit + 1]];
    const variance = before + 4 * own + after;
    excess += (before - 2 * own + after) ** 2 - variance;
    fourth += variance * variance;
    samples += own;
  }
  // Neighbouring terms share counts, and Poisson counts have a fourth cumulant.
  return excess < -TOO_EVEN * Math.sqrt(SHARED_TERMS * fourth + SHARED_CUMULANTS * samples);
}

/** Twice the sum of squares of the correlations of such differences (1, −2/3 and 1/6 on both sides). */
const SHARED_TERMS = 2 * (1 + 2 * (4 / 9 + 1 / 36));
/** Of fourth powers of 1, −2 and 1, and of those that two such differences have in common. */
const SHARED_CUMULANTS = 18 + 2 * (8 + 1);

/** Mean of the Poisson distribution whose values of at least 1 have `mean`, at least 4/3: there the steps come near fast. */
function poissonMean(mean: number): number {
  let rate = mean;
  for (let step = 0; step < POISSON_STEPS; step++) rate = mean * -Math.expm1(-rate);
  return rate;
}

const POISSON_STEPS = 30;

/** Distance of which those of all hot pages are multiples, when most pages that far apart are hot; else 0. */
function commonDistance(counts: Uint16Array, { touched, samples }: Shown): number {
  if (touched < FEWEST_PAGES) return 0;
  const least = (SHARE_OF_MEAN * samples) / touched;
  let [first, last, hot, distance] = [-1, -1, 0, 0];
  for (let page = 0; page < counts.length; page++) {
    if (counts[page] < least) continue;
    if (first < 0) first = page;
    distance = greatestCommonDivisor(page - first, distance);
    last = page;
    hot++;
  }
  const isFull = hot >= FEWEST_PAGES && hot >= SHARE_SHOWN * ((last - first) / distance + 1);
  return isFull && reachesAll(first, last, distance, counts.length) ? distance : 0;
}

/** Whether no further page of the distance would find room: a walk goes over the whole block. */
function reachesAll(first: number, last: number, distance: number, pages: number): boolean {
  return first < distance && last + distance >= pages;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
