import type { FrameNumber, Nanoseconds, Order, PageNumber } from '../../../vocabulary/units.js';

export { ACCESS } from '../state/access-results.js';

import { contentStampOf } from '../state/content.js';
import type { Kernel } from '../state/kernel.js';
import type { Mm } from '../state/mm.js';
import { ENTRY } from '../state/page-tables.js';
import { handleFault } from './faults.js';

/** What a translation ends at. `level` 0: nothing is mapped. Filled in by `translate`, to be reused by the caller. */
export interface Leaf {
  level: 0 | 1 | 2;
  /** PTE entry (level 1) or PMD entry (level 2), an index into the columns of `kernel.tables`. */
  index: number;
  /** Frame of the page itself (not of the leaf's first page). */
  frame: FrameNumber;
  /** log2 of the pages that one TLB entry may cover: hugeOrder for a PMD, the contiguous group of arm64, or 0. */
  span: Order;
  /** The shared zero page, small or huge. */
  zero: boolean;
}

/** Returns a leaf to be filled by walks: no frame, no level. */
export function emptyLeaf(): Leaf {
  return { level: 0, index: 0, frame: -1, span: 0, zero: false };
}

/** Looks a page up without touching anything: no fault, no accessed bit. False when nothing is present. */
export function translate(kernel: Kernel, mm: Mm, page: PageNumber, leaf: Leaf): boolean {
  const { tables, geometry } = kernel;
  const pmd = tables.pmdOf(mm, Math.floor(page / geometry.pagesPerBlock));
  const within = page % geometry.pagesPerBlock;
  const bits = tables.pmdBits[pmd];
  if (bits & ENTRY.present) {
    fill(leaf, 2, pmd, tables.pmdValue[pmd] + within, geometry.hugeOrder);
    leaf.zero = (bits & ENTRY.zero) !== 0;
    return true;
  }
  const entry = tables.pmdValue[pmd] * geometry.pagesPerBlock + within;
  const pte = tables.pteBits[entry];
  leaf.level = 0;
  if ((pte & ENTRY.present) === 0) return false;
  fill(leaf, 1, entry, tables.pteValue[entry], pte & ENTRY.contiguous ? tables.contiguousOrder : 0);
  leaf.zero = (pte & ENTRY.zero) !== 0;
  return true;
}

/** What a page of private memory reads as, wherever it is: in memory, in swap, or nowhere. */
export function contentAt(kernel: Kernel, mm: Mm, page: PageNumber, leaf: Leaf = emptyLeaf()): number {
  if (translate(kernel, mm, page, leaf)) return leaf.zero ? 0 : kernel.folios.content[leaf.frame];
  const { tables, geometry } = kernel;
  const pmd = tables.pmdOf(mm, Math.floor(page / geometry.pagesPerBlock));
  const entry = tables.pteOf(pmd, page);
  return tables.pteBits[entry] & ENTRY.swap ? kernel.swap.content[tables.pteValue[entry]] : 0;
}

function fill(leaf: Leaf, level: 1 | 2, index: number, frame: FrameNumber, span: Order): void {
  leaf.level = level;
  leaf.index = index;
  leaf.frame = frame;
  leaf.span = span;
}

/**
 * One access with a walk: faults as needed, sets the accessed bit (and for a write the dirty bit and the page's
 * content). Returns what the faults cost, 0 when there were none, or a negative ACCESS value.
 */
export function access(kernel: Kernel, mm: Mm, page: PageNumber, write: boolean): Nanoseconds {
  let cost = 0;
  for (let round = 0; round < 8; round++) {
    const leaf = leafFor(kernel, mm, page, write);
    if (leaf !== NEEDS_FAULT) {
      markAccessed(kernel, mm, page, leaf, write);
      return cost;
    }
    const fault = handleFault(kernel, mm, page, write);
    if (fault < 0) return fault;
    cost += fault;
  }
  throw new Error(`assertion failed: page ${page} faults for ever`);
}

/** A leaf as one number: PTE entry e is e, PMD entry p is ~p (negative). */
export type LeafId = number;
/** In place of a leaf: nothing is mapped there. */
export const NEEDS_FAULT: LeafId = -0x80000000;

/** The leaf that serves an access as it is, or NEEDS_FAULT. */
export function leafFor(kernel: Kernel, mm: Mm, page: PageNumber, write: boolean): LeafId {
  const { tables, geometry } = kernel;
  const needed = write ? ENTRY.present | ENTRY.writable : ENTRY.present;
  const pmd = tables.pmdOf(mm, Math.floor(page / geometry.pagesPerBlock));
  const bits = tables.pmdBits[pmd];
  if (bits & ENTRY.present) return (bits & needed) === needed ? ~pmd : NEEDS_FAULT;
  const entry = tables.pmdValue[pmd] * geometry.pagesPerBlock + (page % geometry.pagesPerBlock);
  return (tables.pteBits[entry] & needed) === needed ? entry : NEEDS_FAULT;
}

function markAccessed(kernel: Kernel, mm: Mm, page: PageNumber, leaf: LeafId, write: boolean): void {
  const { tables, geometry } = kernel;
  const set = write ? ENTRY.accessed | ENTRY.dirty | ENTRY.softDirty : ENTRY.accessed;
  let frame: FrameNumber;
  if (leaf < 0) {
    tables.pmdBits[~leaf] |= set;
    frame = tables.pmdValue[~leaf] + (page % geometry.pagesPerBlock);
  } else {
    tables.pteBits[leaf] |= set;
    frame = tables.pteValue[leaf];
  }
  if (write) writeContent(kernel, mm, page, frame);
}

/** Gives a page that was all zeroes a content; a page that holds data keeps its stamp. */
export function writeContent(kernel: Kernel, mm: Mm, page: PageNumber, frame: FrameNumber): void {
  if (kernel.folios.content[frame] === 0) kernel.folios.content[frame] = contentStampOf(mm.family, page);
}
