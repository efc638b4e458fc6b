/** A process of the model kernel as the hardware sees it: its page tables, walked and marked in place. */
import type { FrameNumber, Nanoseconds, PageNumber } from '../../vocabulary/units.js';
import { emptyLeaf, leafFor, NEEDS_FAULT, translate, writeContent } from '../kernel/access/access.js';
import { handleFault } from '../kernel/access/faults.js';
import { type HeldPages, NO_PAGES } from '../kernel/state/holds.js';
import type { Kernel } from '../kernel/state/kernel.js';
import type { Mm } from '../kernel/state/mm.js';
import { ENTRY } from '../kernel/state/page-tables.js';
import { type AddressSpace, BATCH, FIRST_STORE, MAPPED } from './address-space.js';

/** Bits as constants of this module: V8 reads what it imports anew in every round of a loop. */
const PRESENT = ENTRY.present as number;
const WRITABLE = ENTRY.writable as number;
const ACCESSED = ENTRY.accessed as number;
const STORED = ENTRY.dirty | ENTRY.softDirty;
const STORE_BITS = ACCESSED | STORED;

/** Where the walks under way end: see `findEntries`. One for all spaces, since a batch is walked in one go. */
const PMDS = new Int32Array(BATCH);
const PTES = new Int32Array(BATCH);

/** Walks the page tables of a model process for the TLB, and marks entries accessed and dirty. */
export class KernelSpace implements AddressSpace {
  readonly mmId: number;
  readonly #kernel: Kernel;
  readonly #mm: Mm;
  readonly #leaf = emptyLeaf();
  /** What was read ahead: kept, so that the reads are not left out as useless. */
  #read = 0;
  /** Why the process cannot go on: a fault that the kernel refused (ACCESS), 0 while all is well. */
  failure = 0;
  /** Faults on these pages are counted in `heldFaults`. */
  held: HeldPages = NO_PAGES;
  heldFaults = 0;

  constructor(kernel: Kernel, mm: Mm) {
    this.mmId = mm.id;
    this.#kernel = kernel;
    this.#mm = mm;
  }

  peek(page: PageNumber): number {
    const leaf = this.#leaf;
    if (!translate(this.#kernel, this.#mm, page, leaf)) return MAPPED.fault;
    if (leaf.level === 2) return MAPPED.huge;
    return leaf.span > 0 ? MAPPED.base | MAPPED.contiguous : MAPPED.base;
  }

  walk(page: PageNumber, store: boolean): number {
    const leaf = leafFor(this.#kernel, this.#mm, page, store);
    if (leaf === NEEDS_FAULT) return MAPPED.fault;
    return this.#mark(page, leaf, store ? STORE_BITS : ENTRY.accessed);
  }

  /** ORs bits into a leaf; a store gives the page content. */
  #mark(page: PageNumber, leaf: number, bits: number): number {
    const { tables, geometry } = this.#kernel;
    if (leaf < 0) {
      tables.pmdBits[~leaf] |= bits;
      const frame = tables.pmdValue[~leaf] + (page % geometry.pagesPerBlock);
      if (bits !== ENTRY.accessed) writeContent(this.#kernel, this.#mm, page, frame);
      return MAPPED.huge;
    }
    tables.pteBits[leaf] |= bits;
    if (bits !== ENTRY.accessed) writeContent(this.#kernel, this.#mm, page, tables.pteValue[leaf]);
    return MAPPED.base;
  }

  /**
   * The walk of page-tables.ts, written out. One loop finds the entries, a very short one reads them, so that many
   * of its cache misses are under way at once, and the last marks them. Content is left to `firstStore`, which the TLB calls
   * for every page that was not stored to since its translation was flushed.
   */
  walkAll(
    first: PageNumber,
    accesses: Uint32Array,
    positions: Uint16Array,
    count: number,
    faulting: Uint16Array,
  ): number {
    this.#findEntries(Math.floor(first / this.#kernel.geometry.pagesPerBlock), accesses, positions, count);
    const { pmdBits, pteBits } = this.#kernel.tables;
    this.#read ^= readAhead(pteBits, count);
    let faults = 0;
    for (let i = 0; i < count; i++) {
      const pmd = PMDS[i] >>> 1;
      const store = -(PMDS[i] & 1);
      const needed = PRESENT | (WRITABLE & store);
      const set = ACCESSED | (STORED & store);
      const bits = pmdBits[pmd];
      if ((bits & PRESENT) === 0) {
        const entry = PTES[i];
        const pte = pteBits[entry];
        if ((pte & needed) === needed) {
          pteBits[entry] = pte | set;
          continue;
        }
      } else if ((bits & needed) === needed) {
        pmdBits[pmd] = bits | set;
        continue;
      }
      faulting[faults++] = i;
    }
    return faults;
  }

  /**
   * Writes the PMD entry (shifted left by one, plus 1 for a store) and the PTE entry of each access to PMDS and
   * PTES. Where a block is huge the latter is any entry, and not used.
   */
  #findEntries(firstBlock: number, accesses: Uint32Array, positions: Uint16Array, count: number): void {
    const { tables, geometry } = this.#kernel;
    const { pmdValue, pteBits } = tables;
    const { pgd } = this.#mm;
    const order = geometry.hugeOrder | 0;
    const mask = (geometry.pagesPerBlock - 1) | 0;
    const last = (pteBits.length - 1) | 0;
    const base = firstBlock | 0;
    for (let i = 0; i < count; i++) {
      const access = accesses[positions[i]];
      const block = (base + (access >>> (order + 1))) | 0;
      const pmd = (pgd[block >>> 9] + (block & 511)) | 0;
      PMDS[i] = (pmd << 1) | (access & 1);
      PTES[i] = ((pmdValue[pmd] << order) | ((access >>> 1) & mask)) & last;
    }
  }

  firstStore(page: PageNumber): number {
    const leaf = leafFor(this.#kernel, this.#mm, page, true);
    if (leaf === NEEDS_FAULT) return FIRST_STORE.fault;
    const { tables } = this.#kernel;
    const bits = leaf < 0 ? tables.pmdBits[~leaf] : tables.pteBits[leaf];
    const isDirty = (bits & ENTRY.dirty) !== 0;
    this.#mark(page, leaf, isDirty ? ENTRY.dirty : STORE_BITS);
    return isDirty ? FIRST_STORE.cached : FIRST_STORE.walked;
  }

  fault(page: PageNumber, store: boolean): Nanoseconds {
    if (page >= this.held.start && page < this.held.end) this.heldFaults++;
    let cost = 0;
    for (let round = 0; round < 8; round++) {
      const fault = handleFault(this.#kernel, this.#mm, page, store);
      if (fault < 0) {
        this.failure = fault;
        return cost;
      }
      cost += fault;
      const leaf = leafFor(this.#kernel, this.#mm, page, store);
      if (leaf === NEEDS_FAULT) continue;
      // The access that faulted is made again and walks.
      this.#mark(page, leaf, store ? STORE_BITS : ENTRY.accessed);
      return cost;
    }
    throw new Error(`assertion failed: page ${page} faults for ever`);
  }

  frame(page: PageNumber): FrameNumber {
    return translate(this.#kernel, this.#mm, page, this.#leaf) ? this.#leaf.frame : -1;
  }
}

/** Reads the entries in PTES, eight in each round, and returns something that depends on all of them. */
function readAhead(pteBits: Uint16Array, count: number): number {
  let read = 0;
  for (let i = 0; i < count - 7; i += 8) {
    const a = pteBits[PTES[i]] ^ pteBits[PTES[i + 1]];
    const b = pteBits[PTES[i + 2]] ^ pteBits[PTES[i + 3]];
    const c = pteBits[PTES[i + 4]] ^ pteBits[PTES[i + 5]];
    const d = pteBits[PTES[i + 6]] ^ pteBits[PTES[i + 7]];
    read ^= a ^ b ^ c ^ d;
  }
  return read;
}
