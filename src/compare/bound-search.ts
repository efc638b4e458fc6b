/** Looks for the largest bound over the times that entries may stay, each with prices that make it small (speed-bound.ts). */
import { power } from '../base/power.js';
import type { Nanoseconds } from '../vocabulary/units.js';
import { type Columns, STEPS } from './bound-columns.js';
import { Feasible } from './bound-feasible.js';
import {
  BlockSums,
  type BoundCosts,
  type Level,
  type PriceName,
  type Prices,
  type Searched,
  type Span,
  type Times,
} from './bound-sums.js';
import type { LruTimes } from './lru-times.js';

/** Steps [from, to] of the share of the bloat removed. */
export interface StepRange {
  readonly from: number;
  readonly to: number;
}

const ALL_STEPS: StepRange = { from: 0, to: STEPS };
const BYTE_PRICES = 34;
/** The cheapest price of a byte that is tried is so much of the dearest. */
const BYTE_SPAN = 1e-5;
/** A huge page leaves entries to others: it may be worth more times what its walks take. */
const DEAREST = 32;
/** Other prices that are tried beside those that were best in another search. */
const BYTES_BESIDE = 2;
/** Spans of time: first each four times as long as the one before, until all have been used; then cut in two so often. */
const WIDE_SPANS = 8;
const WIDTH = 4;
const CUTS = 5;
const FIRST_CUTS = 3;
/** Sums that are tried for the price of an entry. */
const SEEKS = 6;
/** Spans of time in the first level, each so many times as long as the one before; they are not cut, since hits there are cheap. */
const FIRST_SPANS = 5;
const FIRST_WIDTH = 1.6;
const RISE = 3;
/** Entries so near to those that there are that another price would tell little more. */
const NEAR = 0.02;
/** How nearly the shortest time is found. */
const FINE = 1.05;
/** A search never begins farther below the usual price: one that has found 0 would not come back. */
const FARTHEST = 30;

interface Judged {
  readonly times: Times;
  readonly saved: Float64Array;
  /** By step: place of the price of a byte that gave it. */
  readonly places: Uint8Array;
}

interface Wanted {
  readonly smallNs: Nanoseconds;
  readonly steps: StepRange;
  /** What some layout saves at each step: spans that do not reach it anywhere do not matter. */
  readonly reached: Float64Array;
}

/** Searches for walks of one time after the other. */
export class BoundSearch {
  readonly #columns: Columns;
  readonly #costs: BoundCosts;
  readonly #feasible: Feasible;
  /** Place of the best price of a byte at each step, which hardly depends on the time of walks. */
  #places: Uint8Array | undefined;

  constructor(columns: Columns, costs: BoundCosts) {
    this.#columns = columns;
    this.#costs = costs;
    this.#feasible = new Feasible(columns, costs);
  }

  /** At each of the steps: nanoseconds an access that can be saved at most against walking each time for `smallNs`. */
  mostSaved(smallNs: Nanoseconds, steps: StepRange, known: Float64Array): Float64Array {
    const reached = known.map((ns) => smallNs - ns);
    this.#places ??= placesOf(
      this.#find({ smallNs, reached, steps: ALL_STEPS }, FIRST_CUTS, [0, BYTE_PRICES]),
    );
    const near = this.#places.subarray(steps.from, steps.to + 1);
    const least = near.reduce((low, place) => Math.min(low, place), BYTE_PRICES);
    const most = near.reduce((high, place) => Math.max(high, place), 0);
    const spans = this.#find({ smallNs, reached, steps }, CUTS, [
      least - BYTES_BESIDE,
      most + BYTES_BESIDE + 1,
    ]);
    return largest(spans, steps).map((saved, step) => Math.max(saved, reached[step]));
  }

  #find(wanted: Wanted, cuts: number, [from, to]: readonly [number, number]): readonly Judged[] {
    const about = {
      columns: this.#columns,
      costs: this.#costs,
      smallNs: wanted.smallNs,
    };
    const search = new SpanSearch({ ...about, feasible: this.#feasible }, wanted, {
      from: Math.max(0, from),
      to,
    });
    let spans = wideTimes(this.#columns, this.#costs).map((times) => search.judged(times));
    for (let cut = 0; cut < cuts; cut++) {
      const best = bestAt(spans, wanted);
      spans = spans.flatMap((one) => {
        if (!best.has(one)) return [one];
        const { first, second } = one.times;
        return halves(second).map((half) => search.judged({ first, second: half }));
      });
    }
    return spans;
  }
}

function placesOf(spans: readonly Judged[]): Uint8Array {
  return Uint8Array.from({ length: STEPS + 1 }, (_, step) => {
    const best = spans.reduce((most, one) => (one.saved[step] > most.saved[step] ? one : most));
    return best.places[step];
  });
}

function wideTimes({ times }: Columns, costs: BoundCosts): readonly Times[] {
  const { entries, crowdedEntries = entries, firstEntries } = costs;
  const firsts = spansFrom(times, firstEntries, { spans: FIRST_SPANS, width: FIRST_WIDTH });
  // An array that huge pages leave alone may keep small ones for longer than the second level does.
  const isPossible = (first: Span, second: Span) =>
    costs.hugeFirstEntries !== undefined || first.from <= second.to;
  return spansFrom(times, crowdedEntries, { spans: WIDE_SPANS, width: WIDTH }).flatMap((second) =>
    firsts.filter((first) => isPossible(first, second)).map((first) => ({ first, second })),
  );
}

/** No layout holds more entries at a time than that of small pages alone, so that none has a shorter one. */
function spansFrom(
  times: LruTimes,
  entries: number,
  { spans, width }: { spans: number; width: number },
): readonly Span[] {
  const all = { from: entries, to: Number.POSITIVE_INFINITY };
  if (times.at(Number.POSITIVE_INFINITY).most <= entries) return [all];
  let shortest = entries;
  while (times.at(FINE * shortest).most < entries) shortest *= FINE;
  const ends = [shortest];
  while (ends.length < spans) ends.push(ends[ends.length - 1] * width);
  return ends.map((from, index) => ({ from, to: ends[index + 1] ?? Number.POSITIVE_INFINITY }));
}

function halves({ from, to }: Span): readonly Span[] {
  const middle = to === Number.POSITIVE_INFINITY ? WIDTH * from : Math.sqrt(from * to);
  return [
    { from, to: middle },
    { from: middle, to },
  ];
}

function largest(spans: readonly Judged[], { from, to }: StepRange): Float64Array {
  const most = new Float64Array(STEPS + 1);
  for (let step = from; step <= to; step++)
    most[step] = spans.reduce((best, { saved }) => Math.max(best, saved[step]), Number.NEGATIVE_INFINITY);
  return most;
}

/**
 * Spans that give the largest value at some step: cutting others lowers nothing. Where more is saved than by huge pages
 * everywhere it does not matter how much more.
 */
function bestAt(spans: readonly Judged[], { steps, reached }: Wanted): ReadonlySet<Judged> {
  const best = new Set<Judged>();
  const enough = Number.isFinite(reached[0]) ? reached[0] : Number.POSITIVE_INFINITY;
  for (let step = steps.from; step <= steps.to; step++) {
    const largest = spans.reduce((most, one) => (one.saved[step] > most.saved[step] ? one : most));
    if (spans.filter(({ saved }) => saved[step] >= enough).length < 2) best.add(largest);
  }
  return best;
}

/** One time of walks: prices of entries are looked for from those that were best in the span before. */
class SpanSearch {
  readonly #about: Searched;
  readonly #steps: StepRange;
  readonly #reached: Float64Array;
  readonly #bloat: number;
  readonly #prices: readonly Prices[];
  readonly #from: number;
  /** A price of an entry to begin with: one that every entry would be worth if all were worth the same. */
  readonly #usual: number;
  readonly #sums: BlockSums;
  readonly #feasible: Feasible;

  constructor(
    about: Searched & { readonly feasible: Feasible },
    { steps, reached }: Wanted,
    places: { readonly from: number; readonly to: number },
  ) {
    const { columns, costs, smallNs } = about;
    this.#about = about;
    this.#steps = steps;
    this.#reached = reached;
    this.#bloat = columns.emptyBytes.reduce((sum, bytes) => sum + bytes, 0);
    this.#from = places.from;
    this.#usual = smallNs / costs.entries;
    this.#prices = bytePrices(columns, smallNs)
      .slice(places.from, places.to)
      .map((byte) => ({
        entry: this.#usual,
        small: this.#usual,
        first: this.#usual,
        hugeFirst: this.#usual,
        byte,
      }));
    this.#sums = new BlockSums(about);
    this.#feasible = about.feasible;
  }

  judged(times: Times): Judged {
    const { times: held } = this.#about.columns;
    const { first, second } = times;
    const level = (span: Span): Level => ({ least: held.at(span.from), most: held.at(span.to) });
    const levels = { first: level(first), second: level(second) };
    const last = Math.min(this.#steps.to, this.#feasible.lastStep(times));
    const saved = new Float64Array(STEPS + 1).fill(Number.NEGATIVE_INFINITY);
    const places = new Uint8Array(STEPS + 1);
    if (last < this.#steps.from) return { times, saved, places };
    saved.fill(Number.POSITIVE_INFINITY, this.#steps.from, last + 1);
    for (const [place, prices] of this.#prices.entries()) {
      this.#sums.prepare(levels, prices.byte);
      const atNoWaste = this.#leastSum(prices);
      for (let step = this.#steps.from; step <= last; step++) {
        const value = atNoWaste + prices.byte * this.#bloat * (1 - step / STEPS);
        if (value >= saved[step]) continue;
        saved[step] = value;
        places[step] = this.#from + place;
      }
      if (!this.#reaches(saved, last)) break;
    }
    return { times, saved, places };
  }

  #reaches(saved: Float64Array, last: number): boolean {
    for (let step = this.#steps.from; step <= last; step++)
      if (saved[step] > this.#reached[step]) return true;
    return false;
  }

  /** The least over the prices of entries, near those that were best before. Any price is a bound; `prices` keeps the best. */
  #leastSum(prices: Prices): number {
    const { entries, crowdedEntries, firstEntries, hugeFirstEntries } = this.#about.costs;
    if (crowdedEntries !== undefined) this.#seek(prices, 'small', crowdedEntries);
    const sum = this.#seek(prices, 'entry', entries);
    if (hugeFirstEntries !== undefined) this.#seek(prices, 'hugeFirst', hugeFirstEntries);
    return Math.min(sum, this.#seek(prices, 'first', firstEntries));
  }

  /** The sum falls with a price as long as more entries are there than there may be: between two such prices it is least. */
  #seek(prices: Prices, name: PriceName, room: number): number {
    let best = { price: 0, sum: Number.POSITIVE_INFINITY };
    const excessAt = (price: number) => {
      prices[name] = price;
      const sum = this.#sums.at(prices);
      if (sum < best.sum) best = { price, sum };
      return this.#sums.held[name] / room - 1;
    };
    let price = Math.max(prices[name], this.#usual / FARTHEST);
    let [low, high] = [0, Number.POSITIVE_INFINITY];
    let excess = excessAt(price);
    for (let seek = 1; seek < SEEKS && Math.abs(excess) > NEAR; seek++) {
      if (excess > 0) low = price;
      else high = price;
      if (high === Number.POSITIVE_INFINITY) price = low * RISE;
      else price = low === 0 ? high / RISE : Math.sqrt(low * high);
      excess = excessAt(price);
    }
    if (low === 0 && excess < 0) excessAt(0);
    prices[name] = best.price;
    return best.sum;
  }
}

/** 0, and prices in a geometric row up to the dearest. */
function bytePrices({ total, emptyBytes }: Columns, smallNs: Nanoseconds): readonly number[] {
  const dearest = total.reduce((most, share, block) => {
    const empty = emptyBytes[block];
    return Math.max(most, empty > 0 ? (DEAREST * share * smallNs) / empty : 0);
  }, 0);
  const rise = power(BYTE_SPAN, -1 / (BYTE_PRICES - 2));
  const priceOf = (index: number) => dearest * BYTE_SPAN * power(rise, index);
  return [0, ...Array.from({ length: BYTE_PRICES - 1 }, (_, index) => priceOf(index))];
}
