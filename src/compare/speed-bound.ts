/**
 * What no layout of huge and small pages can beat, and no replacement in the TLB either. Under independent references
 * nothing does better than keeping the most popular entries, so for any prices ν of an entry and μ of a wasted byte
 *
 *   saved ≤ ν E + μ W + Σ over blocks of max( Σ_i max(0, p_i w − ν),  P w − ν − μ e,  P (w − h) − μ e )
 *
 * with E entries, W bytes allowed to be wasted, p_i the share of the accesses that run i of a block gets, P their sum, w
 * and h the time of a walk to a small and a huge page, e the block's empty bytes. The least over a grid of prices holds.
 * Saved is per access, against a CPU that walks for each.
 */
import type { Bytes, Nanoseconds } from '../vocabulary/units.js';

/** Accesses of one block in a stretch of time. */
export interface BlockRates {
  /** Accesses of each run of pages that one small entry can translate. */
  readonly runs: Float64Array;
  /** Bytes that it takes in addition as one huge page. */
  readonly emptyBytes: Bytes;
}

export interface WalkCosts {
  readonly entries: number;
  readonly smallNs: Nanoseconds;
  readonly hugeNs: Nanoseconds;
}

/** Shares of the bloat removed that the bound is told at: 0, 1 % … 100 %. */
export const STEPS = 100;
const ENTRY_PRICES = 40;
const BYTE_PRICES = 44;
/** The cheapest price on the grid is so much of the dearest. */
const SPAN = 1e-6;

/** Runs from the most popular down, with sums, so that what is above a price takes one search. */
interface Sorted {
  readonly runs: Float64Array;
  readonly sums: Float64Array;
  readonly total: number;
  readonly emptyBytes: Bytes;
}

/** Most nanoseconds an access saves, at each share of the bloat removed. */
export function mostSaved(blocks: readonly BlockRates[], costs: WalkCosts): Float64Array {
  const accesses = blocks.reduce((sum, { runs }) => sum + total(runs), 0);
  const saved = new Float64Array(STEPS + 1);
  if (accesses === 0) return saved;
  const sorted = blocks.map((block) => sortedOf(block, accesses));
  const bloat = sorted.reduce((sum, { emptyBytes }) => sum + emptyBytes, 0);
  saved.fill(Number.POSITIVE_INFINITY);
  for (const entry of entryPrices(sorted, costs)) {
    const small = sorted.map((block) => aboveBy(block, costs.smallNs, entry));
    for (const byte of bytePrices(sorted, costs))
      lower(saved, dual(sorted, small, costs, entry, byte), byte * bloat);
  }
  return saved;
}

/** The bound at a pair of prices is a line over the bytes wasted. */
function lower(saved: Float64Array, atNoWaste: number, perBloat: number): void {
  for (let step = 0; step <= STEPS; step++)
    saved[step] = Math.min(saved[step], atNoWaste + perBloat * (1 - step / STEPS));
}

function dual(
  blocks: readonly Sorted[],
  small: readonly number[],
  { entries, smallNs, hugeNs }: WalkCosts,
  entry: number,
  byte: number,
): number {
  let sum = entry * entries;
  for (let i = 0; i < blocks.length; i++) {
    const waste = byte * blocks[i].emptyBytes;
    const kept = blocks[i].total * smallNs - entry - waste;
    const missed = blocks[i].total * (smallNs - hugeNs) - waste;
    sum += Math.max(small[i], kept, missed);
  }
  return sum;
}

function sortedOf({ runs, emptyBytes }: BlockRates, accesses: number): Sorted {
  const shares = runs.map((count) => count / accesses).sort((a, b) => b - a);
  const sums = new Float64Array(shares.length + 1);
  for (let i = 0; i < shares.length; i++) sums[i + 1] = sums[i] + shares[i];
  return { runs: shares, sums, total: sums[shares.length], emptyBytes };
}

/** Σ max(0, p w − price) over the runs. */
function aboveBy({ runs, sums }: Sorted, walkNs: Nanoseconds, price: number): number {
  let low = 0;
  let high = runs.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (runs[middle] * walkNs > price) low = middle + 1;
    else high = middle;
  }
  return sums[low] * walkNs - low * price;
}

function entryPrices(blocks: readonly Sorted[], { smallNs }: WalkCosts): readonly number[] {
  return prices(Math.max(...blocks.map((block) => block.total)) * smallNs, ENTRY_PRICES);
}

function bytePrices(blocks: readonly Sorted[], { smallNs }: WalkCosts): readonly number[] {
  const dearest = blocks.map(({ total: share, emptyBytes }) =>
    emptyBytes > 0 ? (share * smallNs) / emptyBytes : 0,
  );
  return prices(Math.max(...dearest), BYTE_PRICES);
}

/** 0, and prices in a geometric row up to the dearest. */
function prices(dearest: number, count: number): readonly number[] {
  if (dearest === 0) return [0];
  const rise = SPAN ** (-1 / (count - 2));
  return [0, ...Array.from({ length: count - 1 }, (_, index) => dearest * SPAN * rise ** index)];
}

function total(counts: Float64Array): number {
  return counts.reduce((sum, count) => sum + count, 0);
}
