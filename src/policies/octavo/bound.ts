/**
 * What no layout and no replacement can beat. Under independent references nothing keeps more of the accesses from walking
 * than keeping the E most popular entries, so that for every ν, μ ≥ 0 the time saved is at most
 *
 *   νE + μW + Σ over blocks max( Σ over pieces max(0, λw_small − ν),  Λw_small − ν − μe,  Λ(w_small − w_huge) − μe )
 *
 * with W the bytes that may be wasted, e the empty bytes of a block, and λ, Λ the exact rates of pieces and blocks. A piece
 * is what one entry translates: a base page, or a run that either has an entry for each of its pages or, with its empty
 * pages kept, one for all. The least over a grid of (ν, μ) that closes in is the bound; every point of it is one.
 */
import type { Translation } from '../../vocabulary/translation.js';
import type { Bytes, Nanoseconds, Pages } from '../../vocabulary/units.js';

/** Exact rates: accesses a second of each sub-page, block after block. Pages without data are those of `isEmpty` 1. */
export interface ExactRates {
  readonly pagesPerBlock: Pages;
  readonly pageBytes: Bytes;
  readonly rates: Float64Array;
  readonly isEmpty: Uint8Array;
}

/** A stretch of time with the same rates. */
export interface Phase {
  readonly exact: ExactRates;
  /** Share of the time. */
  readonly share: number;
}

const FINE = 40;
const PRICES = 44;
const ZOOMS = 4;

/** Nanoseconds a second that walking at every access costs in small pages: what savings are counted from. */
export function unsavedNs({ rates }: ExactRates, cpu: Translation): Nanoseconds {
  return cpu.smallWalkNs * rates.reduce((sum, rate) => sum + rate, 0);
}

/** Bytes that are wasted when everything is huge. */
export function wasteOfAll({ isEmpty, pageBytes }: ExactRates): Bytes {
  return pageBytes * isEmpty.reduce((sum, empty) => sum + empty, 0);
}

/** At least so many nanoseconds of walks a second, with at most `waste` bytes wasted, in phases of their own. */
export function leastWalkNs(phases: readonly Phase[], cpu: Translation, waste: Bytes): Nanoseconds {
  return phases.reduce((sum, { exact, share }) => sum + share * new Bound(exact, cpu).leastWalkNs(waste), 0);
}

/** The bound of one phase; keeps what it worked out for one waste for the next. */
export class Bound {
  readonly #cpu: Translation;
  readonly #exact: ExactRates;
  readonly #blocks: number;
  readonly #total: Float64Array;
  readonly #empty: Float64Array;

  constructor(exact: ExactRates, cpu: Translation) {
    this.#exact = exact;
    this.#cpu = cpu;
    this.#blocks = exact.rates.length / exact.pagesPerBlock;
    this.#total = new Float64Array(this.#blocks);
    this.#empty = new Float64Array(this.#blocks);
    for (let page = 0; page < exact.rates.length; page++) {
      const block = Math.floor(page / exact.pagesPerBlock);
      this.#total[block] += exact.rates[page];
      this.#empty[block] += exact.isEmpty[page] * exact.pageBytes;
    }
  }

  leastWalkNs(waste: Bytes): Nanoseconds {
    return Math.max(0, unsavedNs(this.#exact, this.#cpu) - this.mostSavedNs(waste));
  }

  /** Nanoseconds a second that can be saved at most. */
  mostSavedNs(waste: Bytes): Nanoseconds {
    const { smallWalkNs } = this.#cpu;
    const hottest = this.#total.reduce((most, rate) => Math.max(most, rate), 0) * smallWalkNs;
    if (hottest === 0) return 0;
    let fine = logarithmic(hottest * 1e-9, hottest, FINE);
    let prices = logarithmic(
      (hottest * 1e-9) / this.#largest(),
      (hottest * 4) / this.#exact.pageBytes,
      PRICES,
    );
    let best = { value: Number.POSITIVE_INFINITY, nu: 0, mu: 0 };
    for (let zoom = 0; zoom <= ZOOMS; zoom++) {
      for (const nu of fine) best = this.#leastAt(nu, prices, waste, best);
      fine = around(best.nu, fine);
      prices = around(best.mu, prices);
    }
    return best.value;
  }

  #largest(): Bytes {
    return this.#exact.pagesPerBlock * this.#exact.pageBytes;
  }

  #leastAt(nu: number, prices: readonly number[], waste: Bytes, best: Found): Found {
    // Where runs may keep empty pages at a price, what small pages save depends on the price, too.
    const isPriced = this.#cpu.runBy === 'contiguous-bit' && this.#cpu.runPages > 1;
    const unpriced = isPriced ? undefined : this.#smallSaved(nu, 0);
    for (const mu of prices) {
      const small = unpriced ?? this.#smallSaved(nu, mu);
      let value = nu * this.#cpu.entries + mu * waste;
      for (let block = 0; block < this.#blocks; block++) {
        value += Math.max(small[block], this.#hugeSaved(block, nu, mu));
      }
      if (value < best.value) best = { value, nu, mu };
    }
    return best;
  }

  #hugeSaved(block: number, nu: number, mu: number): number {
    const { smallWalkNs, hugeWalkNs } = this.#cpu;
    const rate = this.#total[block];
    return Math.max(rate * smallWalkNs - nu, rate * (smallWalkNs - hugeWalkNs)) - mu * this.#empty[block];
  }

  #smallSaved(nu: number, mu: number): Float64Array {
    const { pagesPerBlock, rates } = this.#exact;
    const { runPages } = this.#cpu;
    const saved = new Float64Array(this.#blocks);
    for (let first = 0; first < rates.length; first += runPages) {
      saved[Math.floor(first / pagesPerBlock)] +=
        runPages === 1
          ? Math.max(0, rates[first] * this.#cpu.smallWalkNs - nu)
          : this.#runSaved(first, nu, mu);
    }
    return saved;
  }

  /** Page by page, or with one entry for the run: its empty pages are then kept, or (merged by frames) there are none. */
  #runSaved(first: number, nu: number, mu: number): number {
    const { isEmpty, rates, pageBytes } = this.#exact;
    const { runPages, smallWalkNs, runBy } = this.#cpu;
    let [each, rate, empty] = [0, 0, 0];
    for (let page = first; page < first + runPages; page++) {
      each += Math.max(0, rates[page] * smallWalkNs - nu);
      rate += rates[page];
      empty += isEmpty[page];
    }
    if (runBy === 'physical' && empty > 0) return each;
    return Math.max(each, rate * smallWalkNs - nu - mu * empty * pageBytes);
  }
}

interface Found {
  readonly value: number;
  readonly nu: number;
  readonly mu: number;
}

/** 0, and `count` values from `low` to `high` whose ratios are equal. */
function logarithmic(low: number, high: number, count: number): readonly number[] {
  const ratio = (high / low) ** (1 / (count - 1));
  return [0, ...Array.from({ length: count }, (_, index) => low * ratio ** index)];
}

/** A finer grid between the neighbours of a value of a grid. */
function around(value: number, grid: readonly number[]): readonly number[] {
  const at = grid.indexOf(value);
  const low = grid[Math.max(0, at - 1)];
  const high = grid[Math.min(grid.length - 1, at + 1)];
  const finer = Array.from({ length: 9 }, (_, index) => low + ((high - low) * index) / 8);
  return [...new Set([...finer, value])].sort((one, other) => one - other);
}
