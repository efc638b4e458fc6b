/**
 * Accessed bits as monitors see them. A bit belongs to a leaf: a PMD has one for the whole block, an arm64
 * contiguous group one for all of its entries. Reading and clearing tell no TLB flush, on x86 and arm64 alike.
 */
import type { PageNumber } from '../../../vocabulary/units.js';
import { FOLIO } from '../state/folios.js';
import type { Kernel } from '../state/kernel.js';
import type { Mm } from '../state/mm.js';
import { ENTRY } from '../state/page-tables.js';

/** Reads the accessed bit of a PTE entry: any member's of a contiguous group (contpte_ptep_get()). */
export function isPteYoung(kernel: Kernel, entry: number): boolean {
  const { tables } = kernel;
  if ((tables.pteBits[entry] & ENTRY.contiguous) === 0) return (tables.pteBits[entry] & ENTRY.accessed) !== 0;
  const size = 2 ** tables.contiguousOrder;
  const first = entry - (entry % size);
  for (let e = first; e < first + size; e++) if (tables.pteBits[e] & ENTRY.accessed) return true;
  return false;
}

/** Clears the accessed bit of a PTE entry, or of its whole contiguous group. Returns whether it was set. */
export function testAndClearPteYoung(kernel: Kernel, entry: number): boolean {
  const { tables } = kernel;
  const young = isPteYoung(kernel, entry);
  if ((tables.pteBits[entry] & ENTRY.contiguous) === 0) {
    tables.pteBits[entry] &= ~ENTRY.accessed;
    return young;
  }
  const size = 2 ** tables.contiguousOrder;
  const first = entry - (entry % size);
  for (let e = first; e < first + size; e++) tables.pteBits[e] &= ~ENTRY.accessed;
  return young;
}

/** Returns whether the accessed bit of a huge entry was set, and clears it. */
export function testAndClearPmdYoung(kernel: Kernel, pmd: number): boolean {
  const young = (kernel.tables.pmdBits[pmd] & ENTRY.accessed) !== 0;
  kernel.tables.pmdBits[pmd] &= ~ENTRY.accessed;
  return young;
}

/** What a monitor learns of one page. `pages`: how many pages the bit that was read speaks for. */
export interface YoungReading {
  readonly present: boolean;
  readonly young: boolean;
  readonly pages: number;
}

const ABSENT: YoungReading = { present: false, young: false, pages: 1 };

/**
 * Whether a page was accessed since it was last made old: its leaf's accessed bit, or the folio is not idle
 * (damon_young_pmd_entry()). The zero page is present but never young by itself.
 */
export function isYoung(kernel: Kernel, mm: Mm, page: PageNumber): YoungReading {
  const { tables, geometry } = kernel;
  const pmd = tables.pmdOf(mm, Math.floor(page / geometry.pagesPerBlock));
  if (tables.pmdBits[pmd] & ENTRY.present) {
    const bit = (tables.pmdBits[pmd] & ENTRY.accessed) !== 0;
    const head = (tables.pmdBits[pmd] & ENTRY.zero) === 0 ? tables.pmdValue[pmd] : -1;
    return { present: true, young: bit || isNotIdle(kernel, head), pages: geometry.pagesPerBlock };
  }
  const entry = tables.pteOf(pmd, page);
  const bits = tables.pteBits[entry];
  if ((bits & ENTRY.present) === 0) return ABSENT;
  const head = (bits & ENTRY.zero) === 0 ? kernel.folios.headOf(tables.pteValue[entry]) : -1;
  const young = isPteYoung(kernel, entry) || isNotIdle(kernel, head);
  return { present: true, young, pages: head < 0 ? 1 : kernel.folios.pagesOf(head) };
}

/** Whether PG_idle is clear; a folio that was never made idle is not asked. */
function isNotIdle(kernel: Kernel, head: number): boolean {
  return head >= 0 && !kernel.folios.has(head, FOLIO.idle);
}

/**
 * Clears the accessed bit behind a page and marks its folio idle, remembering a set bit as PG_young
 * (damon_pmdp_mkold() and damon_ptep_mkold()). Returns whether the bit was set.
 */
export function makeOld(kernel: Kernel, mm: Mm, page: PageNumber): boolean {
  const { tables, geometry, folios } = kernel;
  const pmd = tables.pmdOf(mm, Math.floor(page / geometry.pagesPerBlock));
  const bits = tables.pmdBits[pmd];
  if (bits & ENTRY.present) {
    const young = testAndClearPmdYoung(kernel, pmd);
    if ((bits & ENTRY.zero) === 0) noteOld(kernel, tables.pmdValue[pmd], young);
    return young;
  }
  const entry = tables.pteOf(pmd, page);
  const pte = tables.pteBits[entry];
  if ((pte & ENTRY.present) === 0) return false;
  const young = testAndClearPteYoung(kernel, entry);
  if ((pte & ENTRY.zero) === 0) noteOld(kernel, folios.headOf(tables.pteValue[entry]), young);
  return young;
}

function noteOld(kernel: Kernel, head: number, young: boolean): void {
  if (young) kernel.folios.set(head, FOLIO.young);
  kernel.folios.set(head, FOLIO.idle);
}
