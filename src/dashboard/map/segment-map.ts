/** One segment of the map: cells of any size of its rows and columns, with what is known kept apart from what is cold. Pure. */
import type { BlockNumber, PageNumber, Pages, ProcessId } from '../../vocabulary/units.js';
import { NO_MEMORY } from '../wire/tile.js';
import { type CellLevels, firstAt } from './cells.js';
import { type ShareSums, Shares } from './shares.js';

/** Which pages a segment is of. */
export interface SegmentFacts {
  readonly pid: ProcessId;
  readonly command: string;
  readonly mapping: string;
  /** Name of its target; empty when it has none. */
  readonly target: string;
  /** First of a block. */
  readonly firstPage: PageNumber;
  /** A whole number of blocks. */
  readonly pages: Pages;
}

/** A slice of time. */
export interface MapColumn {
  readonly fromMs: number | undefined;
  readonly toMs: number | undefined;
  /** Seconds of it that were looked at; 1 where time is not known, so that rates are of all of it. */
  readonly seconds: number;
  readonly isGap: boolean;
}

/** Which of the segment was looked at, as far as heat goes. */
export interface Known {
  /** By column: 1 where it was looked at. */
  readonly columns: Uint8Array;
  /** The blocks (from the segment's first) that were, in order; undefined: all of them. */
  readonly blocks: readonly BlockNumber[] | undefined;
}

/** What a segment is made of. */
export interface SegmentParts {
  readonly facts: SegmentFacts;
  readonly columns: readonly MapColumn[];
  readonly cells: CellLevels;
  readonly known: Known;
  readonly huge: Shares;
  /** Mean folio orders of units, as shares of that of a huge page; absent where nobody looked. */
  readonly orders?: Shares;
  readonly pagesPerBlock: Pages;
}

/** Numbers of a row of cells; NaN where they are not known, and `NO_MEMORY` where no memory could be huge. */
export interface RowCells {
  readonly rate: Float64Array;
  readonly touched: Float64Array;
  readonly huge: Float64Array;
  readonly order: Float64Array;
}

/** Cells beside each other. */
export interface RowPlace {
  readonly level: number;
  readonly row: number;
  readonly zoom: number;
  /** First cell and how many. */
  readonly column: number;
  readonly count: number;
}

/** Tells rows of cells of any size. */
export class SegmentMap {
  readonly facts: SegmentFacts;
  readonly cells: CellLevels;
  readonly huge: Shares;
  readonly orders: Shares;
  readonly #parts: SegmentParts;
  /** Seconds that were looked at before each column, and how many columns were. */
  readonly #seconds: Float64Array;

  constructor(parts: SegmentParts) {
    this.#parts = parts;
    this.facts = parts.facts;
    this.cells = parts.cells;
    this.huge = parts.huge;
    this.orders = parts.orders ?? new Shares(parts.huge.level, []);
    this.#seconds = new Float64Array(parts.columns.length + 1);
    for (const [at, { seconds }] of parts.columns.entries())
      this.#seconds[at + 1] = this.#seconds[at] + (parts.known.columns[at] === 1 ? seconds : 0);
  }

  /** Rows at a level; the last may reach beyond the segment. */
  rows(level: number): number {
    return Math.ceil(this.facts.pages / 2 ** level);
  }

  /** A row of cells beside each other. */
  row(place: RowPlace): RowCells {
    const { level, row, zoom, column, count } = place;
    const size = 2 ** zoom;
    const first = column * size;
    const fine = Math.max(0, Math.min(this.#parts.columns.length - first, count * size));
    const sums = this.#sums(level, row, first, fine);
    const cells = {
      ...{ rate: nothing(count), touched: nothing(count), huge: nothing(count), order: nothing(count) },
    };
    if (row >= this.rows(level)) return cells;
    const pages = this.#knownPages(level, row);
    if (!this.orders.isEmpty) this.#foldOrders(cells.order, place, fine);
    for (let at = 0; at < count && at * size < fine; at++) {
      const to = Math.min(fine, (at + 1) * size);
      this.#fold(cells, at, { sums, pages, first, from: at * size, to });
    }
    return cells;
  }

  /** Means over what is known of a cell's units and slices. */
  #foldOrders(order: Float64Array, { level, row, zoom, column, count }: RowPlace, fine: number): void {
    const size = 2 ** zoom;
    const sums = emptySums(fine);
    addUnits(this.orders, sums, level, row, column * size);
    for (let at = 0; at < count && at * size < fine; at++) {
      let [known, empty, sum] = [0, 0, 0];
      for (let slice = at * size; slice < Math.min(fine, (at + 1) * size); slice++) {
        known += sums.known[slice];
        empty += sums.empty[slice];
        sum += sums.huge[slice];
      }
      if (known > 0.5) order[at] = Math.max(0, Math.min(1, sum / known));
      else if (empty > 0.5) order[at] = NO_MEMORY;
    }
  }

  /** Accesses and touched pages by slice; huge and known units by slice. */
  #sums(level: number, row: number, first: number, fine: number): Sums {
    const store = this.cells.at(level);
    const size = 2 ** (level - store.level);
    const sums = emptySums(fine);
    const { cells } = store;
    for (let at = firstAt(cells, row * size); at < cells.count && cells.row[at] < (row + 1) * size; at++) {
      const slice = cells.column[at] - first;
      if (slice < 0 || slice >= fine) continue;
      sums.accesses[slice] += cells.accesses[at];
      sums.touched[slice] += cells.touched[at];
    }
    addUnits(this.huge, sums, level, row, first);
    return sums;
  }

  #fold(
    { rate, touched, huge }: Omit<RowCells, 'order'>,
    at: number,
    { sums, pages, first, from, to }: Folding,
  ): void {
    const seconds = this.#seconds[first + to] - this.#seconds[first + from];
    let [accesses, most, known, empty, isHuge, isSeen] = [0, 0, 0, 0, 0, false];
    for (let slice = from; slice < to; slice++) {
      known += sums.known[slice];
      empty += sums.empty[slice];
      isHuge += sums.huge[slice];
      if (this.#parts.known.columns[first + slice] === 0) continue;
      isSeen = true;
      accesses += sums.accesses[slice];
      most = Math.max(most, sums.touched[slice]);
    }
    if (isSeen && pages > 0) {
      rate[at] = accesses / pages / (seconds > 0 ? seconds : 1);
      touched[at] = Math.min(1, most / pages);
    }
    // Sums of differences may miss a whole number by a hair.
    if (known > 0.5) huge[at] = Math.max(0, Math.min(1, isHuge / known));
    else if (empty > 0.5) huge[at] = NO_MEMORY;
  }

  /** Pages of a row that were looked at. */
  #knownPages(level: number, row: number): Pages {
    const { known, pagesPerBlock, facts } = this.#parts;
    const size = 2 ** level;
    const [from, to] = [row * size, Math.min(facts.pages, (row + 1) * size)];
    if (known.blocks === undefined) return to - from;
    const [firstBlock, endBlock] = [Math.floor(from / pagesPerBlock), Math.ceil(to / pagesPerBlock)];
    const blocks = countWithin(known.blocks, firstBlock, endBlock);
    return Math.min(to - from, blocks * pagesPerBlock);
  }

  /** Mean rate of all that is known; NaN where nothing is. */
  get meanRate(): number {
    const level = Math.ceil(Math.log2(Math.max(1, this.facts.pages)));
    const zoom = Math.ceil(Math.log2(Math.max(1, this.#parts.columns.length)));
    return this.row({ level, row: 0, zoom, column: 0, count: 1 }).rate[0];
  }

  /** Accesses and samples of a cell, exactly. */
  counted({ level, row, zoom, column }: Omit<RowPlace, 'count'>): { accesses: number; samples: number } {
    const { base } = this.cells;
    const size = 2 ** (level - this.cells.stores[0].level);
    const [from, to] = [column * 2 ** zoom, (column + 1) * 2 ** zoom];
    let [accesses, samples] = [0, 0];
    const last = (row + 1) * size;
    for (let at = firstAt(base, Math.floor(row * size)); at < base.count && base.row[at] < last; at++) {
      if (base.column[at] < from || base.column[at] >= to) continue;
      accesses += base.accesses[at];
      samples += base.samples[at];
    }
    return { accesses, samples };
  }
}

interface Sums extends ShareSums {
  readonly accesses: Float64Array;
  readonly touched: Float64Array;
}

interface Folding {
  readonly sums: Sums;
  readonly pages: Pages;
  readonly first: number;
  readonly from: number;
  readonly to: number;
}

function emptySums(slices: number): Sums {
  return {
    accesses: new Float64Array(slices),
    touched: new Float64Array(slices),
    known: new Float64Array(slices + 1),
    empty: new Float64Array(slices + 1),
    huge: new Float64Array(slices + 1),
  };
}

/** Adds the units of a row up, by slice. */
function addUnits(shares: Shares, sums: ShareSums, level: number, row: number, first: number): void {
  const unit = 2 ** (level - shares.level);
  const units = [Math.floor(row * unit), Math.max(Math.floor(row * unit) + 1, (row + 1) * unit)] as const;
  shares.addTo(sums, units, first);
  for (let slice = 1; slice < sums.known.length - 1; slice++) {
    sums.known[slice] += sums.known[slice - 1];
    sums.empty[slice] += sums.empty[slice - 1];
    sums.huge[slice] += sums.huge[slice - 1];
  }
}

const nothing = (count: number): Float64Array => new Float64Array(count).fill(Number.NaN);

/** How many of ascending numbers lie in [from, to). */
function countWithin(sorted: readonly number[], from: number, to: number): number {
  return placeOf(sorted, to) - placeOf(sorted, from);
}

function placeOf(sorted: readonly number[], wanted: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle] < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}
