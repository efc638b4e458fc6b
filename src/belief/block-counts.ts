/**
 * Counts of one process's blocks: of each sub-page over the long memory, of each group of sub-pages over the short one. What is
 * counted later weighs more (`count / scale`), so that time passes without a touch of any block. Beyond `mostRows` a block
 * has a bitmap of the sub-pages that were seen, and its total.
 */
import type { BlockNumber, Bytes, Pages } from '../vocabulary/units.js';
import { fromSmallFloat, toSmallFloat } from './small-float.js';

/** Sub-pages that share one count of the short memory. */
export const GROUP_PAGES: Pages = 16;
/** Scales below this are brought back to 1, so that counts stay in the range of small floats. */
const LEAST_SCALE = 2 ** -6;
const FIRST_ROWS = 16;

/** What the counts of a process need from their owner. */
export interface CountsOf {
  readonly pagesPerBlock: Pages;
  /** How many blocks may have counts, asked when one is added. */
  mayGrow(bytes: Bytes): boolean;
}

/** Where a block's counts are. */
export interface BitmapRow {
  readonly seen: Uint8Array;
  /** Samples of the long memory, in units of its scale. */
  total: number;
}

/** The table of counts of one process, on typed arrays; rows are given to blocks as samples come. */
export class BlockCounts {
  readonly pagesPerBlock: Pages;
  readonly groups: number;
  readonly #rows = new Map<BlockNumber, number>();
  readonly bitmaps = new Map<BlockNumber, BitmapRow>();
  readonly #mayGrow: (bytes: Bytes) => boolean;
  #long: Uint16Array;
  #short: Uint16Array;
  /** Of the last turn, by row: samples, and those of them that missed the TLB. */
  #recent: Float32Array;
  #walks: Float32Array;
  /** Bitmaps of the sub-pages that held data when their content was last read, by row; all 0 where it never was. */
  #filled: Uint8Array;
  longScale = 1;
  shortScale = 1;
  /** Blocks that had samples and for which there was no memory at all. */
  untracked = 0;

  constructor({ pagesPerBlock, mayGrow }: CountsOf) {
    this.pagesPerBlock = pagesPerBlock;
    this.groups = Math.ceil(pagesPerBlock / GROUP_PAGES);
    this.#mayGrow = mayGrow;
    this.#long = new Uint16Array(FIRST_ROWS * pagesPerBlock);
    this.#short = new Uint16Array(FIRST_ROWS * this.groups);
    this.#recent = new Float32Array(FIRST_ROWS);
    this.#walks = new Float32Array(FIRST_ROWS);
    this.#filled = new Uint8Array((FIRST_ROWS * pagesPerBlock) / 8);
  }

  /** Bytes of a block with counts, and of one with a bitmap; with what finding them takes. */
  static rowBytes(pagesPerBlock: Pages): Bytes {
    return 2 * pagesPerBlock + 2 * Math.ceil(pagesPerBlock / GROUP_PAGES) + pagesPerBlock / 8 + 8 + 48;
  }

  static bitmapBytes(pagesPerBlock: Pages): Bytes {
    return pagesPerBlock / 8 + 128;
  }

  get byteLength(): Bytes {
    const { pagesPerBlock } = this;
    return (
      this.#rows.size * BlockCounts.rowBytes(pagesPerBlock) +
      this.bitmaps.size * BlockCounts.bitmapBytes(pagesPerBlock)
    );
  }

  get size(): number {
    return this.#rows.size;
  }

  blocks(): readonly BlockNumber[] {
    return [...this.#rows.keys()];
  }

  has(block: BlockNumber): boolean {
    return this.#rows.has(block);
  }

  /** Lets time pass: what was counted weighs `long` and `short` as much. */
  fade(long: number, short: number): void {
    this.longScale *= long;
    this.shortScale *= short;
    this.#recent.fill(0);
    this.#walks.fill(0);
    if (this.longScale < LEAST_SCALE) {
      rescale(this.#long, this.#rows.size * this.pagesPerBlock, this.longScale);
      for (const bitmap of this.bitmaps.values()) bitmap.total *= this.longScale;
      this.longScale = 1;
    }
    if (this.shortScale < LEAST_SCALE) {
      rescale(this.#short, this.#rows.size * this.groups, this.shortScale);
      this.shortScale = 1;
    }
  }

  /** Adds samples of a block, each counted as `long` and `short` at the end of its window. */
  add(block: BlockNumber, counts: Uint16Array, long: number, short: number): void {
    const row = this.#rows.get(block) ?? this.#newRow(block);
    if (row === undefined) {
      this.#addToBitmap(block, counts, long);
      return;
    }
    const perLong = long / this.longScale;
    const perShort = short / this.shortScale;
    const first = row * this.pagesPerBlock;
    for (let group = 0; group < this.groups; group++) {
      const end = Math.min(this.pagesPerBlock, (group + 1) * GROUP_PAGES);
      let sum = 0;
      for (let page = group * GROUP_PAGES; page < end; page++) {
        const count = counts[page];
        if (count === 0) continue;
        sum += count;
        this.#long[first + page] = toSmallFloat(fromSmallFloat(this.#long[first + page]) + count * perLong);
      }
      if (sum === 0) continue;
      this.#recent[row] += sum;
      const at = row * this.groups + group;
      this.#short[at] = toSmallFloat(fromSmallFloat(this.#short[at]) + sum * perShort);
    }
  }

  addWalks(block: BlockNumber, samples: number): void {
    const row = this.#rows.get(block);
    if (row !== undefined) this.#walks[row] += samples;
  }

  /** Keeps which sub-pages of a block with counts hold data. */
  setFilled(block: BlockNumber, filled: Uint8Array): void {
    const row = this.#rows.get(block);
    if (row !== undefined) this.#filled.set(filled, (row * this.pagesPerBlock) / 8);
  }

  /** Which sub-pages held data when that was last known; undefined where it never was. */
  filled(block: BlockNumber): Uint8Array | undefined {
    const row = this.#rows.get(block);
    if (row === undefined) return undefined;
    const bytes = this.pagesPerBlock / 8;
    const filled = this.#filled.subarray(row * bytes, (row + 1) * bytes);
    return filled.some((byte) => byte !== 0) ? filled : undefined;
  }

  /** Samples of the last turn, and those of them that missed the TLB: of the layout that was there in it. */
  lastTurn(block: BlockNumber): { readonly samples: number; readonly walks: number } {
    const row = this.#rows.get(block);
    return row === undefined
      ? { samples: 0, walks: 0 }
      : { samples: this.#recent[row], walks: this.#walks[row] };
  }

  /** Counts of the long memory by sub-page, and of the short one by group; false of a block without any. */
  read(block: BlockNumber, long: Float64Array, short: Float64Array): boolean {
    const row = this.#rows.get(block);
    if (row === undefined) return this.#readBitmap(block, long, short);
    const [first, firstGroup] = [row * this.pagesPerBlock, row * this.groups];
    for (let page = 0; page < this.pagesPerBlock; page++) {
      const code = this.#long[first + page];
      long[page] = code === 0 ? 0 : fromSmallFloat(code) * this.longScale;
    }
    for (let group = 0; group < this.groups; group++) {
      short[group] = fromSmallFloat(this.#short[firstGroup + group]) * this.shortScale;
    }
    return true;
  }

  /** The columns of a block as they are kept, for a file. */
  columns(block: BlockNumber): { readonly long: Uint16Array; readonly short: Uint16Array } | undefined {
    const row = this.#rows.get(block);
    if (row === undefined) return undefined;
    const { pagesPerBlock, groups } = this;
    return {
      long: this.#long.subarray(row * pagesPerBlock, (row + 1) * pagesPerBlock),
      short: this.#short.subarray(row * groups, (row + 1) * groups),
    };
  }

  /** A new row for the columns of a block out of a file; undefined when there is no room for it. */
  restore(block: BlockNumber): ReturnType<BlockCounts['columns']> {
    return this.#newRow(block) === undefined ? undefined : this.columns(block);
  }

  #newRow(block: BlockNumber): number | undefined {
    const { pagesPerBlock } = this;
    if (this.bitmaps.has(block) || !this.#mayGrow(BlockCounts.rowBytes(pagesPerBlock))) return undefined;
    const row = this.#rows.size;
    if ((row + 1) * pagesPerBlock > this.#long.length) this.#grow();
    this.#rows.set(block, row);
    return row;
  }

  #grow(): void {
    const rows = 2 * this.#walks.length;
    const wider = (from: Uint16Array, length: number) => {
      const to = new Uint16Array(length);
      to.set(from);
      return to;
    };
    this.#long = wider(this.#long, rows * this.pagesPerBlock);
    this.#short = wider(this.#short, rows * this.groups);
    const filled = new Uint8Array((rows * this.pagesPerBlock) / 8);
    filled.set(this.#filled);
    this.#filled = filled;
    const longer = (from: Float32Array) => {
      const to = new Float32Array(rows);
      to.set(from);
      return to;
    };
    this.#recent = longer(this.#recent);
    this.#walks = longer(this.#walks);
  }

  #addToBitmap(block: BlockNumber, counts: Uint16Array, long: number): void {
    let bitmap = this.bitmaps.get(block);
    if (bitmap === undefined) {
      if (!this.#mayGrow(BlockCounts.bitmapBytes(this.pagesPerBlock))) {
        this.untracked++;
        return;
      }
      bitmap = { seen: new Uint8Array(this.pagesPerBlock / 8), total: 0 };
      this.bitmaps.set(block, bitmap);
    }
    counts.forEach((count, page) => {
      if (count > 0) bitmap.seen[page >> 3] |= 1 << (page & 7);
      bitmap.total += (count * long) / this.longScale;
    });
  }

  /** The total spread evenly over the pages that were seen: that they differ is what was given up. */
  #readBitmap(block: BlockNumber, long: Float64Array, short: Float64Array): boolean {
    const bitmap = this.bitmaps.get(block);
    if (bitmap === undefined) return false;
    long.fill(0);
    short.fill(0);
    let seen = 0;
    for (let page = 0; page < long.length; page++) seen += (bitmap.seen[page >> 3] >> (page & 7)) & 1;
    const each = (bitmap.total * this.longScale) / Math.max(1, seen);
    for (let page = 0; page < long.length; page++) {
      if (((bitmap.seen[page >> 3] >> (page & 7)) & 1) === 1) long[page] = each;
    }
    return true;
  }
}

function rescale(codes: Uint16Array, length: number, by: number): void {
  for (let at = 0; at < length; at++) {
    if (codes[at] !== 0) codes[at] = toSmallFloat(fromSmallFloat(codes[at]) * by);
  }
}
