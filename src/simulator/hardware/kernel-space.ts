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

  /** The walk of page-tables.ts, written out: many of its cache misses are then under way at once. */
  walkAll(
    first: PageNumber,
    accesses: Uint32Array,
    positions: Uint16Array,
    count: number,
    mapped: Uint8Array,
  ): number {
    const { tables, geometry } = this.#kernel;
    const { pmdBits, pmdValue, pteBits } = tables;
    const content = this.#kernel.folios.content;
    const pagesPerBlock = geometry.pagesPerBlock;
    const order = geometry.hugeOrder;
    const mask = pagesPerBlock - 1;
    const firstBlock = Math.floor(first / pagesPerBlock);
    let faults = 0;
    for (let i = 0; i < count; i++) {
      const access = accesses[positions[i]];
      const offset = access >>> 1;
      const pmd = tables.pmdOf(this.#mm, firstBlock + (offset >>> order));
      const store = -(access & 1);
      const needed = ENTRY.present | (ENTRY.writable & store);
      const set = ENTRY.accessed | ((ENTRY.dirty | ENTRY.softDirty) & store);
      const bits = pmdBits[pmd];
      let frame: FrameNumber;
      if ((bits & ENTRY.present) !== 0) {
        if ((bits & needed) !== needed) {
          mapped[i] = MAPPED.fault;
          faults++;
          continue;
        }
        pmdBits[pmd] = bits | set;
        mapped[i] = MAPPED.huge;
        if (store === 0) continue;
        frame = pmdValue[pmd] + (offset & mask);
      } else {
        const entry = pmdValue[pmd] * pagesPerBlock + (offset & mask);
        if ((pteBits[entry] & needed) !== needed) {
          mapped[i] = MAPPED.fault;
          faults++;
          continue;
        }
        pteBits[entry] |= set;
        mapped[i] = MAPPED.base;
        if (store === 0) continue;
        frame = tables.pteValue[entry];
      }
      if (content[frame] === 0) writeContent(this.#kernel, this.#mm, first + offset, frame);
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
