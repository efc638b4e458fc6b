/** Sums over all blocks, each in the better of its forms, for given times and prices: what the bound is the least of. */
import type { Nanoseconds } from '../vocabulary/units.js';
import type { Columns } from './bound-columns.js';
import type { Held } from './lru-times.js';

/** A CPU: entries as many as they may seem, and what misses take. */
export interface BoundCosts {
  /** Of both levels. */
  readonly entries: number;
  /** Of these for small pages where few sets hold them, which then leave in a time of their own; undefined elsewhere. */
  readonly crowdedEntries: number | undefined;
  /** Of the first level; and of an array of its own that huge pages have there, which small ones leave alone. */
  readonly firstEntries: number;
  readonly hugeFirstEntries: number | undefined;
  readonly hitNs: Nanoseconds;
  readonly hugeNs: Nanoseconds;
}

export interface Span {
  readonly from: number;
  readonly to: number;
}

/** How long entries stay in the TLB, and in its first level. */
export interface Times {
  readonly second: Span;
  readonly first: Span;
}

/** What is paid for. */
export interface Prices {
  /** Of an entry of any kind, of one of a small page where few sets hold them, of a byte. */
  entry: number;
  small: number;
  /** Of a place in the first level, and of one in the array of huge pages. */
  first: number;
  hugeFirst: number;
  readonly byte: number;
}

export type PriceName = 'entry' | 'small' | 'first' | 'hugeFirst';

/** What is looked for: walks to small pages take `smallNs`. */
export interface Searched {
  readonly columns: Columns;
  readonly costs: BoundCosts;
  readonly smallNs: Nanoseconds;
}

/** A level of the TLB in a span of time: entries of its beginning, hits of its end. */
export interface Level {
  readonly least: Held;
  readonly most: Held;
}

/** Sums at one span of time and price of a byte after the other. */
export class BlockSums {
  readonly #about: Searched;
  /** By piece with an entry for each page and with one for all, and by block: what is saved before the prices of entries. */
  readonly #apart: Float64Array;
  readonly #whole: Float64Array;
  readonly #huge: Float64Array;
  /** Entries of a block as huge page, in all and in the first level; 0 where they have places of their own. */
  #hugeEntries: Float64Array;
  #hugeFirst: Float64Array;
  /** By block: what it saves in places that small pages leave alone, where any replacement is allowed for. */
  readonly #ownSecond: Float64Array | undefined;
  readonly #ownFirst: Float64Array | undefined;
  readonly #gain: Nanoseconds;
  readonly #none: Float64Array;
  #second: Held;
  #first: Held;
  /** Entries that the last sum had, by the price that is theirs. */
  readonly held: Record<PriceName, number> = { entry: 0, small: 0, first: 0, hugeFirst: 0 };

  constructor(about: Searched) {
    const { pieceTotal, times, total } = about.columns;
    const { crowdedEntries, hugeFirstEntries, hitNs, hugeNs } = about.costs;
    this.#about = about;
    this.#apart = new Float64Array(pieceTotal.length);
    this.#whole = new Float64Array(pieceTotal.length);
    this.#huge = new Float64Array(total.length);
    this.#none = new Float64Array(total.length);
    this.#hugeEntries = this.#hugeFirst = this.#none;
    this.#gain = Math.max(0, hugeNs - hitNs);
    this.#ownSecond = crowdedEntries === undefined ? undefined : new Float64Array(total.length);
    this.#ownFirst = hugeFirstEntries === undefined ? undefined : new Float64Array(total.length);
    this.#second = this.#first = times.at(Number.POSITIVE_INFINITY);
  }

  prepare({ first, second }: { readonly first: Level; readonly second: Level }, byte: number): void {
    const { columns, costs, smallNs } = this.#about;
    const { pieceTotal, pieceEmpty, total, emptyBytes } = columns;
    const { hitNs, hugeNs } = costs;
    const savedNs = smallNs - hitNs;
    this.#second = second.least;
    this.#first = first.least;
    this.#hugeEntries = this.#ownSecond === undefined ? second.least.block : this.#none;
    this.#hugeFirst = this.#ownFirst === undefined ? first.least.block : this.#none;
    // Of an array that huge pages leave alone it is not said that its entries are in the second level as well.
    const firstNs = this.#ownFirst === undefined ? hitNs : smallNs;
    for (let piece = 0; piece < pieceTotal.length; piece++) {
      const total = pieceTotal[piece];
      const hits = savedNs * second.most.hits[piece] + firstNs * first.most.hits[piece];
      this.#apart[piece] = Math.min(total * smallNs, hits);
      const chances = savedNs * second.most.piece[piece] + firstNs * first.most.piece[piece];
      // Not a number where the pages cannot share an entry: then nothing is above.
      this.#whole[piece] = total * Math.min(smallNs, chances) - byte * pieceEmpty[piece];
    }
    for (let block = 0; block < total.length; block++) {
      const saved = this.#hugeSaved(first.most.block[block], second.most.block[block], block);
      this.#huge[block] = total[block] * (smallNs - hugeNs + saved) - byte * emptyBytes[block];
    }
  }

  /**
   * What huge pages save of their walks, as a share of the accesses, in places that they share; what they save beside in
   * places of their own goes to `ownFirst` and `ownSecond`. Whoever is in the first level walks as little as in both.
   */
  #hugeSaved(first: number, second: number, block: number): Nanoseconds {
    const { columns, costs } = this.#about;
    const share = columns.total[block];
    const walkNs = costs.hitNs + this.#gain;
    if (this.#ownSecond !== undefined)
      this.#ownSecond[block] = share * this.#gain * (this.#ownFirst === undefined ? 1 - first : 1);
    const shared = this.#ownSecond === undefined ? this.#gain * second : 0;
    if (this.#ownFirst !== undefined) this.#ownFirst[block] = share * (walkNs - shared);
    else return shared + (this.#ownSecond === undefined ? costs.hitNs : walkNs) * first;
    return shared;
  }

  at(prices: Prices): number {
    const { crowdedEntries, entries, firstEntries, hugeFirstEntries } = this.#about.costs;
    let sum = prices.entry * entries + prices.first * firstEntries;
    if (crowdedEntries !== undefined) sum += prices.small * crowdedEntries;
    if (hugeFirstEntries !== undefined) sum += prices.hugeFirst * hugeFirstEntries;
    return sum + this.#ofBlocks(prices);
  }

  /** The hot loop of the search. */
  #ofBlocks({ entry, small: crowded, first, hugeFirst }: Prices): number {
    const { count, firstPiece } = this.#about.columns;
    const [apart, whole, huge] = [this.#apart, this.#whole, this.#huge];
    const [second, near] = [this.#second, this.#first];
    const [ownSecond, ownFirst] = [this.#ownSecond, this.#ownFirst];
    const [hugeEntries, hugeNear] = [this.#hugeEntries, this.#hugeFirst];
    const price = ownSecond === undefined ? entry : crowded;
    let [sum, heldSmall, heldHuge, heldFirst, heldOwn] = [0, 0, 0, 0, 0];
    for (let block = 0; block < count; block++) {
      let [small, entries, places] = [0, 0, 0];
      const end = firstPiece[block + 1];
      for (let piece = firstPiece[block]; piece < end; piece++) {
        const asPages = apart[piece] - price * second.entries[piece] - first * near.entries[piece];
        const asOne = whole[piece] - price * second.piece[piece] - first * near.piece[piece];
        const isOne = asOne > asPages;
        small += isOne ? asOne : asPages;
        entries += isOne ? second.piece[piece] : second.entries[piece];
        places += isOne ? near.piece[piece] : near.entries[piece];
      }
      const keptFirst = ownFirst === undefined ? 0 : ownFirst[block] - hugeFirst;
      const also = ownSecond === undefined ? 0 : ownSecond[block] - entry;
      const kept = also > keptFirst ? also : 0;
      const asHuge =
        huge[block] - entry * hugeEntries[block] - first * hugeNear[block] + Math.max(0, kept, keptFirst);
      if (asHuge > small) {
        sum += asHuge;
        heldHuge += hugeEntries[block] + (kept > 0 ? 1 : 0);
        heldFirst += hugeNear[block];
        heldOwn += keptFirst > 0 && kept === 0 ? 1 : 0;
      } else {
        sum += small;
        heldSmall += entries;
        heldFirst += places;
      }
    }
    this.held.entry = ownSecond === undefined ? heldHuge + heldSmall : heldHuge;
    this.held.small = heldSmall;
    this.held.first = heldFirst;
    this.held.hugeFirst = heldOwn;
    return sum;
  }
}
