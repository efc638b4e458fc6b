/**
 * Windows: the ranges of memory that workloads access, laid one after the other into one linear space of page
 * numbers below 2^29, so that TLB keys and hints stay 32-bit integers however large addresses are.
 */
import type { PageGeometry, PageNumber, Pages } from '../../vocabulary/units.js';
import type { AddressSpace } from './address-space.js';

/** A virtual machine's own page tables: which of its pages stand where in the host's window. */
export interface GuestTables {
  /** Host page (offset in the window) behind the guest's page. */
  toHost(offset: Pages): Pages;
  /** Whether the guest maps the block at `block` (offset / pages per block) with a PMD entry. */
  isHuge(block: number): boolean;
}

/** A range of one address space, and its place in linear space. */
export interface Window {
  readonly space: AddressSpace;
  /** First page of the range; aligned to a block. */
  readonly firstPage: PageNumber;
  readonly pages: Pages;
  /** Where the window begins in linear space; aligned to a block. */
  readonly linear: number;
  readonly guest: GuestTables | undefined;
}

const MAX_LINEAR_PAGES = 2 ** 29;

/** All windows of a machine, and what is known of the kind of each page in them. */
export class Windows {
  readonly geometry: PageGeometry;
  readonly all: Window[] = [];
  /** KIND of each unit of linear space; 0 until it is looked up, and again after a flush. */
  hints = new Uint8Array(1024);
  /** One bit for each linear page: stored to since its translation was last flushed. */
  stored = new Uint32Array(1024);
  readonly unitShift: number;
  #nextLinear = 0;

  /** `unitShift`: log2 of the pages that one hint speaks for. */
  constructor(geometry: PageGeometry, unitShift: number) {
    this.geometry = geometry;
    this.unitShift = unitShift;
  }

  open(space: AddressSpace, firstPage: PageNumber, pages: Pages, guest?: GuestTables): Window {
    const perBlock = this.geometry.pagesPerBlock;
    if (firstPage % perBlock !== 0)
      throw new RangeError(`window at page ${firstPage} is not aligned to a block`);
    const linear = this.#nextLinear;
    this.#nextLinear += Math.ceil(pages / perBlock) * perBlock;
    if (this.#nextLinear > MAX_LINEAR_PAGES) throw new RangeError('windows together are larger than 2 TiB');
    this.hints = grown(this.hints, this.#nextLinear >>> this.unitShift);
    this.stored = grown(this.stored, this.#nextLinear >>> 5);
    const window = Object.freeze({ space, firstPage, pages, linear, guest });
    this.all.push(window);
    return window;
  }

  /** Calls `each` with every linear range that pages [start, end) of `mmId` cover, and forgets their hints. */
  forget(mmId: number, start: PageNumber, end: PageNumber, each: (from: number, to: number) => void): void {
    for (const window of this.all) {
      if (window.space.mmId !== mmId) continue;
      const from = Math.max(start, window.firstPage) - window.firstPage;
      const to = Math.min(end, window.firstPage + window.pages) - window.firstPage;
      if (from >= to) continue;
      // A guest's translations combine both tables; the host flushes all of them (INVEPT, TLBI VMALLS12E1).
      if (window.guest === undefined) this.#forgetLinear(window.linear + from, window.linear + to, each);
      else this.#forgetLinear(window.linear, window.linear + window.pages, each);
    }
  }

  /** Calls `each` with the linear range of every window of an address space: its translations go, the tables stay. */
  eachOf(mmId: number, each: (from: number, to: number) => void): void {
    for (const { space, linear, pages } of this.all) if (space.mmId === mmId) each(linear, linear + pages);
  }

  #forgetLinear(from: number, to: number, each: (from: number, to: number) => void): void {
    this.hints.fill(0, from >>> this.unitShift, ((to - 1) >>> this.unitShift) + 1);
    this.stored.fill(0, from >>> 5, ((to - 1) >>> 5) + 1);
    each(from, to);
  }
}

/** `column` with room for `length` elements, doubling when it has to grow. */
function grown<Column extends Uint8Array | Uint32Array>(column: Column, length: number): Column {
  if (length < column.length) return column;
  const Columns = column.constructor as new (length: number) => Column;
  const larger = new Columns(2 ** Math.ceil(Math.log2(length + 1)));
  larger.set(column);
  return larger;
}
