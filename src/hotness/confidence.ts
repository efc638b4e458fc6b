/**
 * What a block's samples prove about its accesses. Nothing bounds the number of sub-pages that were not seen: any number
 * of them can be accessed so rarely that no sample falls on them. So claims are about shares of the accesses:
 *
 * - coverage: at least c of the accesses fall on the p sub-pages kept (uncovered.ts);
 * - spread: how many sub-pages 90 % of the accesses need, at least and at most;
 * - seen: sub-pages with a sample were accessed, for certain.
 *
 * Bounds hold with 95 % confidence for every distribution of the accesses, if each access of the window is as likely to
 * be sampled as any other. Samples that look as if they were not (in-step.ts) prove no coverage. docs/decisions/0710 has the proofs, `npm run calibration` the count.
 */
import { lowerQuantile } from '../base/binomial.js';
import { Memo } from '../base/memo.js';
import type { HotBlock, HotFraction, HotMap, KeptPages } from '../vocabulary/hot-map.js';
import type { BlockNumber, Fraction, Order, Pages } from '../vocabulary/units.js';
import { areAlone, areTooFew, inStepOf, stepPeriods } from './in-step.js';
import { uncovered } from './uncovered.js';

/** Share of the accesses that the spread speaks of, and that sparse blocks must keep unless told otherwise. */
export const MOST_ACCESSES: Fraction = 0.9;

/** Errors of the claims: together 5 %. Coverage by pages and by pieces, and the lower end of the spread. */
const ALPHA = { pages: 0.028, pieces: 0.012, low: 0.01 } as const;
/** Pieces of 16 pages: the size of arm64's contiguous entries. Heat that lies in runs is known sooner by pieces. */
const PIECE_ORDER: Order = 4;

/** What the samples of a block prove of its spread. */
export type Density = 'sparse' | 'dense' | 'unknown';

/** How a block's samples lie, as far as the claims need it. */
export interface SampledBlock {
  /** Samples of each sub-page; 0 or 1 when only a bitmap was kept. */
  readonly counts: Uint16Array;
  readonly samples: number;
  readonly isBitmap: boolean;
  /** Share of the accesses that the samples cannot speak for: lost, throttled, faded. */
  readonly unseenShare: Fraction;
  /** Periods by which samples were taken without any chance. */
  readonly periods?: readonly number[];
}

/** What the samples of a block of `map` prove; undefined when it has none or its source sees no sub-pages. */
export function hotFraction(map: HotMap, number: BlockNumber): HotFraction | undefined {
  const block = map.block(number);
  if (block === undefined || block.samples === 0 || !map.subPageHeat) return undefined;
  const counts = scratchOf(map.geometry.pagesPerBlock).counts;
  if (!map.counts(number, counts)) return undefined;
  if (map.nature === 'page-bits') return watched(block, counts.length);
  return claims({
    counts,
    samples: block.samples,
    isBitmap: block.once === undefined,
    unseenShare: unseenShareOf(block),
    periods: stepPeriods(map.origins),
  });
}

/**
 * What accessed bits say when those of all sub-pages were watched: no sample but a census of the window. The accesses fell
 * on the sub-pages that show; how they are spread over these is not known.
 */
function watched(block: HotBlock, pages: Pages): HotFraction {
  const { touched, samples } = block;
  const kept: KeptPages = {
    ...{ order: 0, leastSamples: 1, pages: touched, share: touched / pages },
    ...{ expected: 1, least: 1 - unseenShareOf(block) },
  };
  return { samples, seen: kept.share, low: 0, high: mostSpread(kept, pages), kept: [kept] };
}

/** The claims of a block with at least one sample. */
export function claims(block: SampledBlock): HotFraction {
  const pages = block.counts.length;
  const { units, pieces, touched } = unitsOf(block);
  const facts = { samples: block.samples, seen: touched / pages, low: leastSpread(units, block) };
  const periods = block.periods ?? [];
  const inStep = inStepOf(block.counts, periods);
  // Pages that a walk in step never shows may take any share.
  if (inStep !== undefined) return { ...facts, high: 1, kept: [], inStep };
  if (areTooFew(block.samples, periods)) return { ...facts, high: 1, kept: [] };
  const kept = [
    coverage(units, block, ALPHA.pages, pages, 0),
    ...(areAlone(touched, block.samples, periods)
      ? []
      : [coverage(pieces, block, ALPHA.pieces, pages, PIECE_ORDER)]),
  ].sort((a, b) => mostSpread(a, pages) - mostSpread(b, pages));
  return { ...facts, high: mostSpread(kept[0], pages), kept };
}

/**
 * Sparse when at most `sparseBelow` of the sub-pages surely take `keeping` of the accesses, so that a split costs at most
 * the rest; dense when more than `denseAbove` of the sub-pages were accessed; unknown otherwise.
 */
export function density(
  fraction: HotFraction,
  sparseBelow: Fraction,
  denseAbove: Fraction,
  keeping: Fraction = MOST_ACCESSES,
): Density {
  if (sparseClaim(fraction, sparseBelow, keeping) !== undefined) return 'sparse';
  return fraction.seen > denseAbove ? 'dense' : 'unknown';
}

/** The claim that makes a block sparse: few enough sub-pages with enough of the accesses, the most accesses first. */
export function sparseClaim(
  { kept }: HotFraction,
  sparseBelow: Fraction,
  keeping: Fraction,
): KeptPages | undefined {
  return kept
    .filter(({ pages, share, least }) => pages > 0 && share <= sparseBelow && least >= keeping)
    .sort((a, b) => b.least - a.least)[0];
}

/** Whether `keeping` of the accesses surely needs more than `share` of the sub-pages, so that the block is not sparse. */
export function surelyWider(
  { low }: HotFraction,
  share: Fraction,
  keeping: Fraction = MOST_ACCESSES,
): boolean {
  return keeping >= MOST_ACCESSES && low * MOST_ACCESSES >= share;
}

const FEWEST = new Memo<number>(1000);
const MOST_TO_ASK = 2 ** 20;

/**
 * Fewest samples that can show that `keeping` of a block's accesses stay on few sub-pages: when all fall on one.
 * Infinite when a million would not do.
 */
export function fewestSamples(pages: Pages, keeping: Fraction): number {
  return FEWEST.of(`${pages} ${keeping}`, () => searchFewest(pages, keeping));
}

function searchFewest(pages: Pages, keeping: Fraction): number {
  let high = 1;
  while (high <= MOST_TO_ASK && !canShow(high, pages, keeping)) high *= 2;
  if (high > MOST_TO_ASK) return Number.POSITIVE_INFINITY;
  let low = high >> 1;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (canShow(middle, pages, keeping)) high = middle;
    else low = middle;
  }
  return high;
}

function canShow(samples: number, pages: Pages, keeping: Fraction): boolean {
  const counts = new Uint16Array(pages);
  counts[0] = Math.min(samples, 0xffff);
  const { kept } = claims({ counts, samples, isBitmap: false, unseenShare: 0 });
  return kept.some(({ least }) => least >= keeping);
}

/** Marks the sub-pages that a claim keeps: whole pieces of its order. */
export function markKept(counts: Uint16Array, { order, leastSamples }: KeptPages, inUse: Uint8Array): void {
  const piece = 2 ** order;
  for (let start = 0; start < counts.length; start += piece) {
    let sum = 0;
    for (let page = start; page < start + piece; page++) sum += counts[page];
    if (sum < leastSamples) continue;
    for (let page = start; page < start + piece; page++) inUse[page >> 3] |= 1 << (page & 7);
  }
}

function coverage(
  units: Float64Array,
  block: SampledBlock,
  alpha: Fraction,
  pages: Pages,
  order: Order,
): KeptPages {
  const step = block.isBitmap ? Number.POSITIVE_INFINITY : pages / (order === 0 ? 1 : 4);
  const { kept, least, expected, worst } = uncovered(units, block.samples, step, alpha);
  const keptPages = kept * 2 ** order;
  // What was lost may have fallen anywhere: the worst is outside.
  const seen = 1 - block.unseenShare;
  return {
    order,
    pages: keptPages,
    share: keptPages / pages,
    leastSamples: least,
    expected: 1 - expected,
    least: seen * (1 - worst),
  };
}

/**
 * Largest spread that a coverage allows. The hottest part m of the k pages kept takes at least the share m / k of what
 * they take together; where that is too little, pages outside add their even share of the rest.
 */
function mostSpread({ pages: kept, least }: KeptPages, pages: Pages): Fraction {
  const needed =
    least >= MOST_ACCESSES
      ? (kept * MOST_ACCESSES) / least
      : kept + ((pages - kept) * (MOST_ACCESSES - least)) / (1 - least);
  return Math.min(1, needed / (MOST_ACCESSES * pages));
}

/**
 * Least spread. If m pages took 90 % of the accesses, the samples on them would be binomial, and the m pages with most
 * samples have at least as many: too few of them rule m out.
 */
function leastSpread(units: Float64Array, { samples, unseenShare, counts }: SampledBlock): Fraction {
  const pages = counts.length;
  const share = (MOST_ACCESSES - unseenShare) / (1 - unseenShare);
  if (!(share > 0)) return 0;
  const tooFew = lowestCount(samples, share);
  const last = units.length - 1;
  let ruledOut = 0;
  // All of them together are never too few.
  for (let sum = units[last]; sum <= tooFew; sum += units[last - ruledOut]) ruledOut++;
  return ruledOut / (MOST_ACCESSES * pages);
}

const QUANTILES = new Memo<number>(65_536);

/** The binomial quantile, remembered: blocks with the same number of samples share it. */
function lowestCount(samples: number, share: Fraction): number {
  return QUANTILES.of(`${samples} ${share}`, () => lowerQuantile(samples, share, ALPHA.low));
}

/**
 * Samples of the pages and pieces that have any, ascending. Samples that the counters do not show (bitmaps, counters at
 * their end) are put on the fullest unit: of all ways to place them the one that proves least.
 */
function unitsOf({ counts, samples }: SampledBlock) {
  const { units, pieces } = scratchOf(counts.length);
  pieces.fill(0);
  let touched = 0;
  let sum = 0;
  for (let page = 0; page < counts.length; page++) {
    const count = counts[page];
    if (count === 0) continue;
    units[touched++] = count;
    pieces[page >> PIECE_ORDER] += count;
    sum += count;
  }
  const sorted = units.subarray(0, touched).sort();
  pieces.sort();
  sorted[touched - 1] += samples - sum;
  pieces[pieces.length - 1] += samples - sum;
  const firstPiece = pieces.findIndex((count) => count > 0);
  return { units: sorted, pieces: pieces.subarray(firstPiece), touched };
}

interface Scratch {
  readonly counts: Uint16Array;
  readonly units: Float64Array;
  readonly pieces: Float64Array;
}

const SCRATCH = new Map<Pages, Scratch>();

/** Room for one block, made once for each size. */
function scratchOf(pages: Pages): Scratch {
  let scratch = SCRATCH.get(pages);
  if (scratch === undefined) {
    scratch = {
      counts: new Uint16Array(pages),
      units: new Float64Array(pages),
      pieces: new Float64Array(pages / 2 ** PIECE_ORDER),
    };
    SCRATCH.set(pages, scratch);
  }
  return scratch;
}

function unseenShareOf(block: HotBlock): Fraction {
  return Math.min(1, Math.max(0, block.unseenShare));
}
