/**
 * What no layout of huge and small pages can beat, and no replacement in the TLB either. Under independent references
 * nothing does better than keeping the most popular entries, so for any prices of an entry in the second level (ν), of one
 * in the first level instead (δ), and of a wasted byte (μ) the time that translation takes is at least that of walking each
 * time, less
 *
 *   ν (E₁ + E₂) + δ E₁ + σ (E₁ + E₀) + μ W + Σ over blocks of max( Σ_i small(p_i),  huge(P) − μ e )
 *
 * with E₁ and E₂ entries, E₀ of E₂ those that small pages can have (each at a price σ beside ν), W bytes allowed to be wasted,
 * p_i the share of the accesses that entry i of a block in small pages gets, P their sum, e the block's empty bytes. An entry
 * that walks saves nothing, one in the second level the walk less its hit there, one in the first level the whole walk:
 * small(p) = max(0, p (w − c) − ν − σ, p w − ν − σ − δ), and huge(P) the same without σ and with P (w − h) in place of 0. For
 * each μ the least over the prices of entries is looked for; whatever is found holds.
 */
import { exponential, logarithm } from '../base/power.js';
import type { Bytes, Fraction, Nanoseconds } from '../vocabulary/units.js';
import { leastOver } from './least.js';

/** Neighbouring pages of a block, and what they take in addition when one entry is to translate all of them. */
export interface Piece {
  /** Accesses of each entry that it has where pages are translated by themselves. */
  readonly entries: Float64Array;
  /** Undefined where they cannot share one entry. */
  readonly emptyBytes: Bytes | undefined;
}

/** Accesses of one block in a stretch of time. */
export interface BlockRates {
  readonly pieces: readonly Piece[];
  /** Bytes that it takes in addition as one huge page. */
  readonly emptyBytes: Bytes;
}

/** A CPU as the bound sees it: entries of its TLB and the time of a miss. */
export interface TranslationCosts {
  /** Entries of the first level, all its arrays together, and of the second. */
  readonly firstEntries: number;
  readonly secondEntries: number;
  /** Of the second level, what small pages can have together where their sets bound it; all where that is not told. */
  readonly smallEntries?: number;
  /** A hit in the second level, and the least that a walk to a huge page takes. */
  readonly hitNs: Nanoseconds;
  readonly hugeNs: Nanoseconds;
}

/** What walks to small pages take where a share of the bloat is removed. */
export interface WalkTime {
  readonly removed: Fraction;
  readonly walkNs: Nanoseconds;
}

/** Shares of the bloat removed that the bound is told at: 0, 1 % … 100 %. */
export const STEPS = 100;
const BYTE_PRICES = 24;
/** The cheapest prices that are tried are so much of the dearest. */
const BYTE_SPAN = 1e-4;
const SPAN = 1e-6;
/** Turns of looking for the least in one price, then in the other: from nowhere, and from prices that are near. */
const FIRST_ROUNDS = 3;
const NEAR = 4;

/**
 * All blocks in columns, which are gone through ten thousands of times. Entries that nobody accessed and pieces without any
 * accessed entry save nothing at any price, and are left out.
 */
interface Columns {
  readonly count: number;
  /** By block: its first piece (of one more than there are blocks), accesses, and empty bytes. */
  readonly firstPiece: Int32Array;
  readonly total: Float64Array;
  readonly emptyBytes: Float64Array;
  /** By piece: its first entry (of one more), its accesses, and its empty bytes; NaN where it cannot have one entry. */
  readonly firstEntry: Int32Array;
  readonly pieceTotal: Float64Array;
  readonly pieceEmpty: Float64Array;
  /** Shares of the accesses, in each piece from the most popular entry down. */
  readonly shares: Float64Array;
  /** Sums of a piece's shares: those of its first `n` entries stand `n` behind its first entry and its number. */
  readonly sums: Float64Array;
}

interface Costs extends TranslationCosts {
  readonly smallNs: Nanoseconds;
}

interface Prices {
  /** Of an entry, of its place in the first level, of being one of a small page, of a byte. */
  readonly entry: number;
  readonly first: number;
  readonly small: number;
  readonly byte: number;
}

/** Least nanoseconds of translation an access, at each share of the bloat removed; `walks` in rising order. */
export function leastTimes(
  blocks: readonly BlockRates[],
  costs: TranslationCosts,
  walks: readonly WalkTime[],
): Float64Array {
  const accesses = blocks.reduce((sum, { pieces }) => sum + totalOf(pieces), 0);
  const least = new Float64Array(STEPS + 1);
  if (accesses === 0) return least;
  const sorted = columnsOf(blocks, accesses);
  let start: EntryPrices | undefined;
  const curves = walks.map(({ walkNs }) => {
    const search = new Search(sorted, { ...costs, smallNs: Math.max(walkNs, costs.hugeNs) }, start);
    const curve = search.leastTimes();
    start = search.start;
    return curve;
  });
  return least.map((_, step) => between(walks, curves, step));
}

/** What is least at a time of walks is concave in it, so that a line between two such times is below. */
function between(walks: readonly WalkTime[], curves: readonly Float64Array[], step: number): Nanoseconds {
  const removed = step / STEPS;
  const above = walks.findIndex((walk) => walk.removed >= removed);
  if (above <= 0) return curves[above < 0 ? curves.length - 1 : 0][step];
  const [from, to] = [walks[above - 1].removed, walks[above].removed];
  const share = to > from ? (removed - from) / (to - from) : 1;
  return (1 - share) * curves[above - 1][step] + share * curves[above][step];
}

type EntryPrices = Pick<Prices, 'entry' | 'first' | 'small'>;

/** Looks for prices of entries for one price of a byte after the other, each time from the last. */
class Search {
  readonly #blocks: Columns;
  readonly #costs: Costs;
  readonly #hottest: number;
  /** What was found for the first price of a byte. */
  start: EntryPrices | undefined;

  constructor(blocks: Columns, costs: Costs, start: EntryPrices | undefined) {
    this.#blocks = blocks;
    this.#costs = costs;
    this.start = start;
    this.#hottest = blocks.total.reduce((most, total) => Math.max(most, total), 0);
  }

  leastTimes(): Float64Array {
    const bloat = this.#blocks.emptyBytes.reduce((sum, bytes) => sum + bytes, 0);
    const saved = new Float64Array(STEPS + 1).fill(Number.POSITIVE_INFINITY);
    let found = this.start;
    for (const byte of bytePrices(this.#blocks, this.#costs)) {
      found = this.#pricesAt(byte, found);
      if (byte === 0) this.start = found;
      // The bound at given prices is a line over the bytes wasted.
      const atNoWaste = dual(this.#blocks, this.#costs, { ...found, byte });
      for (let step = 0; step <= STEPS; step++)
        saved[step] = Math.min(saved[step], atNoWaste + byte * bloat * (1 - step / STEPS));
    }
    return saved.map((one) => Math.max(0, this.#costs.smallNs - one));
  }

  /** One price after the other: what an entry gains in the first level hardly depends on what it is worth to be one. */
  #pricesAt(byte: number, start: EntryPrices | undefined): EntryPrices {
    const { smallNs, hitNs } = this.#costs;
    const hottest = this.#hottest;
    const isCrowded = smallOf(this.#costs) < this.#costs.secondEntries;
    const valueAt = (prices: EntryPrices) => dual(this.#blocks, this.#costs, { ...prices, byte });
    let { entry, first, small } = start ?? { entry: 0, first: 0, small: 0 };
    for (let round = start === undefined ? FIRST_ROUNDS : 1; round > 0; round--) {
      entry = leastPrice(hottest * smallNs, start?.entry, (price) => valueAt({ entry: price, first, small }));
      first = leastPrice(hottest * hitNs, start?.first, (price) => valueAt({ entry, first: price, small }));
      if (!isCrowded) continue;
      small = leastPrice(hottest * smallNs, start?.small, (price) => valueAt({ entry, first, small: price }));
    }
    return { entry, first, small };
  }
}

/** Where a price is known that was best nearby, not far from it. */
function leastPrice(dearest: number, nearby: number | undefined, valueAt: (price: number) => number): number {
  if (dearest === 0) return 0;
  const known = nearby ?? 0;
  const low = Math.max(dearest * SPAN, known / NEAR);
  const high = known === 0 ? dearest : Math.max(low, Math.min(dearest, known * NEAR));
  const found = exponential(leastOver(logarithm(low), logarithm(high), (x) => valueAt(exponential(x))));
  const [best] = [found, known, 0]
    .map((price) => ({ price, value: valueAt(price) }))
    .sort((a, b) => a.value - b.value);
  return best.price;
}

function dual(blocks: Columns, costs: Costs, prices: Prices): number {
  const { firstEntries, secondEntries, smallNs, hugeNs } = costs;
  const { count, firstPiece, total, emptyBytes } = blocks;
  let sum = prices.entry * (firstEntries + secondEntries) + prices.first * firstEntries;
  sum += prices.small * (firstEntries + smallOf(costs));
  const ofSmall = { ...prices, entry: prices.entry + prices.small };
  for (let block = 0; block < count; block++) {
    const share = total[block];
    const huge = Math.max(share * (smallNs - hugeNs), cachedValue(share, costs, prices));
    const small = smallValue(blocks, firstPiece[block], firstPiece[block + 1], costs, ofSmall);
    sum += Math.max(small, huge - prices.byte * emptyBytes[block]);
  }
  return sum;
}

function smallOf({ smallEntries, secondEntries }: TranslationCosts): number {
  return smallEntries ?? secondEntries;
}

/** What an entry that gets a share of the accesses is worth in the second level, or in the first. */
function cachedValue(share: number, { smallNs, hitNs }: Costs, { entry, first }: Prices): number {
  return share * (smallNs - hitNs) - entry + Math.max(0, share * hitNs - first);
}

/**
 * Of pieces [from, to), each as one entry or as one for each page. Of the latter count those above the price of an entry, and
 * among them those worth a place in the first level.
 */
function smallValue(columns: Columns, from: number, to: number, costs: Costs, prices: Prices): number {
  const { firstEntry, pieceTotal, pieceEmpty, shares, sums } = columns;
  const { smallNs, hitNs } = costs;
  const { entry, first, byte } = prices;
  const savedNs = smallNs - hitNs;
  // Worth both prices together, and the second one by itself.
  const leastFirst = Math.max(first / hitNs, (entry + first) / smallNs);
  const leastCached = entry / savedNs;
  const least = Math.min(leastFirst, leastCached);
  let sum = 0;
  for (let piece = from; piece < to; piece++) {
    const start = firstEntry[piece];
    const end = firstEntry[piece + 1];
    let apart = 0;
    if (shares[start] > least) {
      const inFirst = countAbove(shares, start, end, leastFirst);
      const cached = Math.max(inFirst, countAbove(shares, start, end, leastCached));
      const at = start + piece;
      apart = sums[at + cached] * savedNs - cached * entry + sums[at + inFirst] * hitNs - inFirst * first;
    }
    const empty = pieceEmpty[piece];
    // Not a number where the pages cannot share an entry.
    if (Number.isNaN(empty)) sum += apart;
    else sum += Math.max(apart, cachedValue(pieceTotal[piece], costs, prices) - byte * empty);
  }
  return sum;
}

/** How many of the shares [from, to), which fall, are above a bound. */
function countAbove(shares: Float64Array, from: number, to: number, bound: number): number {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (shares[middle] > bound) low = middle + 1;
    else high = middle;
  }
  return low - from;
}

function columnsOf(blocks: readonly BlockRates[], accesses: number): Columns {
  const sorted = blocks.map(({ pieces }) =>
    pieces.map((piece) => sortedPiece(piece, accesses)).filter(({ shares }) => shares.length > 0),
  );
  const pieces = sorted.flat();
  return {
    count: blocks.length,
    firstPiece: startsOf(sorted.map(({ length }) => length)),
    total: Float64Array.from(sorted, (own) => own.reduce((sum, { total }) => sum + total, 0)),
    emptyBytes: Float64Array.from(blocks, ({ emptyBytes }) => emptyBytes),
    firstEntry: startsOf(pieces.map(({ shares }) => shares.length)),
    pieceTotal: Float64Array.from(pieces, ({ total }) => total),
    pieceEmpty: Float64Array.from(pieces, ({ emptyBytes }) => emptyBytes ?? Number.NaN),
    shares: Float64Array.from(pieces.flatMap(({ shares }) => [...shares])),
    sums: Float64Array.from(pieces.flatMap(({ sums }) => [...sums])),
  };
}

/** Where each of things of these lengths begins when they stand in a row, and where the last ends. */
function startsOf(lengths: readonly number[]): Int32Array {
  const starts = new Int32Array(lengths.length + 1);
  for (const [index, length] of lengths.entries()) starts[index + 1] = starts[index] + length;
  return starts;
}

interface SortedPiece {
  readonly shares: Float64Array;
  readonly sums: Float64Array;
  readonly total: number;
  readonly emptyBytes: Bytes | undefined;
}

function sortedPiece({ entries, emptyBytes }: Piece, accesses: number): SortedPiece {
  const accessed = entries.filter((count) => count > 0);
  const shares = accessed.map((count) => count / accesses).sort((a, b) => b - a);
  const sums = new Float64Array(shares.length + 1);
  for (let i = 0; i < shares.length; i++) sums[i + 1] = sums[i] + shares[i];
  return { shares, sums, total: sums[shares.length], emptyBytes };
}

/** 0, and prices in a geometric row up to the dearest. */
function bytePrices({ total, emptyBytes }: Columns, { smallNs }: Costs): readonly number[] {
  const dearest = total.reduce((most, share, block) => {
    const empty = emptyBytes[block];
    return Math.max(most, empty > 0 ? (share * smallNs) / empty : 0);
  }, 0);
  if (dearest === 0) return [0];
  const rise = BYTE_SPAN ** (-1 / (BYTE_PRICES - 2));
  return [0, ...Array.from({ length: BYTE_PRICES - 1 }, (_, index) => dearest * BYTE_SPAN * rise ** index)];
}

function totalOf(pieces: readonly Piece[]): number {
  return pieces.reduce((sum, { entries }) => sum + entries.reduce((all, count) => all + count, 0), 0);
}
