/**
 * How much a block's samples prove about the share of its sub-pages in use. A PMD-sized page with few samples
 * looks sparse whatever the truth: 54 samples spread evenly over 512 sub-pages touch 51 of them. So a block is
 * sparse only when the upper bound says so, dense only when the lower bound does, and unknown otherwise.
 *
 * The upper bound is exact for sub-pages accessed about equally often. Sub-pages accessed far more rarely than the rest
 * can escape any finite sample; how much of the access stream they are is what `coverage` bounds.
 */
import type { HotBlock, HotFraction } from '../vocabulary/hot-map.js';
import type { Fraction, Pages } from '../vocabulary/units.js';

/** One-sided error of each bound: together a 95 % interval. */
const ALPHA = 0.025;
const LOG_ALPHA = Math.log(ALPHA);
/** Two-sided 95 % quantile of the normal distribution. */
const Z = 1.959964;

/** A block is sparse only when the sub-pages seen surely take at least this share of its accesses. */
const LEAST_COVERAGE: Fraction = 0.9;

export type Density = 'sparse' | 'dense' | 'unknown';

/** The interval of the hot fraction of a block with `pages` sub-pages. */
export function hotFraction(block: HotBlock, pages: Pages): HotFraction {
  const { samples, touched } = block;
  const high = Math.max(uniformBound(samples, touched, pages), heterogeneousBound(block, pages));
  return {
    seen: touched / pages,
    low: touched / pages,
    high: high / pages,
    // What was lost or has changed since may lie anywhere.
    coverage: coverage(block) * (1 - block.unseenShare),
    samples,
  };
}

/** Sparse below `sparseBelow`, dense above `denseAbove`, with 95 % confidence; unknown when the interval allows both. */
export function density(fraction: HotFraction, sparseBelow: Fraction, denseAbove: Fraction): Density {
  const { samples, high, low } = fraction;
  if (samples > 0 && high < sparseBelow && surelyCovered(fraction) >= LEAST_COVERAGE) return 'sparse';
  return low > denseAbove ? 'dense' : 'unknown';
}

/** Lower 95 % limit of the coverage: singletons vary like a Poisson count. */
function surelyCovered({ coverage: covered, samples }: HotFraction): Fraction {
  return covered - (Z * Math.sqrt((1 - covered) * samples)) / samples;
}

/**
 * Largest number m of equally hot sub-pages that could have left only `touched` of them seen by `samples` samples.
 * All samples must fall into some set of `touched` pages out of m; the union bound over such sets gives
 * P ≤ C(m, touched) · (touched / m)^samples, which overstates P and so never understates m.
 */
export function uniformBound(samples: number, touched: Pages, pages: Pages): Pages {
  if (touched === 0) return pages;
  let low = touched;
  let high = pages;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (logChance(samples, touched, middle) >= LOG_ALPHA) low = middle;
    else high = middle - 1;
  }
  return low;
}

function logChance(samples: number, touched: Pages, pages: Pages): number {
  return logChoose(pages, touched) + samples * Math.log(touched / pages);
}

/**
 * Upper 95 % limit for sub-pages of unequal heat: many pages seen only once mean many pages not seen at all. The
 * larger of two limits on Chao's estimator of what is unseen (Chao 1987, bias-corrected): its log-normal interval, and
 * its value at the upper Poisson limit of the singletons, which still speaks when by luck none was seen.
 */
export function heterogeneousBound(block: HotBlock, pages: Pages): Pages {
  const { once, twice, touched } = block;
  if (once === undefined || twice === undefined) return touched;
  const unseen = Math.max(
    logNormalLimit(once, twice),
    unseenPages((Math.sqrt(once + 1) + Z / 2) ** 2, twice),
  );
  return Math.min(pages, Math.ceil(touched + unseen));
}

function unseenPages(once: number, twice: number): number {
  return (once * (once - 1)) / (2 * (twice + 1));
}

function logNormalLimit(once: number, twice: number): number {
  const unseen = unseenPages(once, twice);
  if (unseen === 0) return once;
  const variance =
    unseen +
    (once * (2 * once - 1) ** 2) / (4 * (twice + 1) ** 2) +
    (once ** 2 * twice * (once - 1) ** 2) / (4 * (twice + 1) ** 4);
  return unseen * Math.exp(Z * Math.sqrt(Math.log(1 + variance / unseen ** 2)));
}

/** Good–Turing coverage; 0 without samples, and by touched pages when single sightings are not kept. */
export function coverage(block: HotBlock): Fraction {
  if (block.samples === 0) return 0;
  const once = block.once ?? Math.min(block.touched, Math.max(0, 2 * block.touched - block.samples));
  return Math.max(0, 1 - once / block.samples);
}

const LOG_FACTORIALS: number[] = [0, 0];

function logChoose(n: number, k: number): number {
  for (let next = LOG_FACTORIALS.length; next <= n; next++) {
    LOG_FACTORIALS.push(LOG_FACTORIALS[next - 1] + Math.log(next));
  }
  return LOG_FACTORIALS[n] - LOG_FACTORIALS[k] - LOG_FACTORIALS[n - k];
}
