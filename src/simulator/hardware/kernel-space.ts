/** A process of the model kernel as the hardware sees it: its page tables, walked and marked in place. */
import type { FrameNumber, Nanoseconds, PageNumber } from '../../vocabulary/units.js';
import { emptyLeaf, leafFor, NEEDS_FAULT, translate, writeContent } from '../kernel/access.js';
import { handleFault } from '../kernel/faults.js';
import type { Kernel } from '../kernel/kernel.js';
import type { Mm } from '../kernel/mm.js';
import { ENTRY } from '../kernel/page-tables.js';
import { type AddressSpace, FIRST_STORE, MAPPED } from './address-space.js';

const STORE_BITS = ENTRY.accessed | ENTRY.dirty | ENTRY.softDirty;

export class KernelSpace implements AddressSpace {
  readonly mmId: number;
  readonly #kernel: Kernel;
  readonly #mm: Mm;
  readonly #leaf = emptyLeaf();
  /** Why the process cannot go on: a fault that the kernel refused (ACCESS), 0 while all is well. */
  failure = 0;

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
    return this.mark(page, leaf, store ? STORE_BITS : ENTRY.accessed);
  }

  /** ORs bits into a leaf; a store gives the page content. */
  private mark(page: PageNumber, leaf: number, bits: number): number {
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
   * The walk of page-tables.ts, written out: many of its cache misses are then under way at once. Content is left
   * to `firstStore`, which the TLB calls for every page that was not stored to since its translation was flushed.
   */
  walkAll(
    first: PageNumber,
    accesses: Uint32Array,
    positions: Uint16Array,
    count: number,
    mapped: Uint8Array,
  ): number {
    const { tables, geometry } = this.#kernel;
    const { pmdBits, pmdValue, pteBits } = tables;
    const { pgd } = this.#mm;
    const order = geometry.hugeOrder;
    const mask = geometry.pagesPerBlock - 1;
    const firstBlock = Math.floor(first / geometry.pagesPerBlock);
    let faults = 0;
    for (let i = 0; i < count; i++) {
      const access = accesses[positions[i]];
      const offset = access >>> 1;
      const block = firstBlock + (offset >>> order);
      const pmd = pgd[block >>> 9] + (block & 511);
      const store = -(access & 1);
      const needed = ENTRY.present | (ENTRY.writable & store);
      const set = ENTRY.accessed | ((ENTRY.dirty | ENTRY.softDirty) & store);
      const bits = pmdBits[pmd];
      if ((bits & needed) === needed) {
        pmdBits[pmd] = bits | set;
        mapped[i] = MAPPED.huge;
        continue;
      }
      const entry = (pmdValue[pmd] << order) | (offset & mask);
      const pte = pteBits[entry];
      if ((bits & ENTRY.present) !== 0 || (pte & needed) !== needed) {
        mapped[i] = MAPPED.fault;
        faults++;
        continue;
      }
      pteBits[entry] = pte | set;
      mapped[i] = MAPPED.base;
    }
    return faults;
  }

  firstStore(page: PageNumber): number {
    const leaf = leafFor(this.#kernel, this.#mm, page, true);
    if (leaf === NEEDS_FAULT) return FIRST_STORE.fault;
    const { tables } = this.#kernel;
    const bits = leaf < 0 ? tables.pmdBits[~leaf] : tables.pteBits[leaf];
    const isDirty = (bits & ENTRY.dirty) !== 0;
    this.mark(page, leaf, isDirty ? ENTRY.dirty : STORE_BITS);
    return isDirty ? FIRST_STORE.cached : FIRST_STORE.walked;
  }

  fault(page: PageNumber, store: boolean): Nanoseconds {
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
      this.mark(page, leaf, store ? STORE_BITS : ENTRY.accessed);
      return cost;
    }
    throw new Error(`assertion failed: page ${page} faults for ever`);
  }

  frame(page: PageNumber): FrameNumber {
    return translate(this.#kernel, this.#mm, page, this.#leaf) ? this.#leaf.frame : -1;
  }
}
