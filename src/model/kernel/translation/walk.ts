import type { PageNumber, PageRange } from '../../../vocabulary/units.js';
import type { Kernel } from '../state/kernel.js';
import type { Mm, Vma } from '../state/mm.js';
import { ENTRY } from '../state/page-tables.js';
import { firstEntry } from './entries.js';

/** What a walk over page tables calls (struct mm_walk_ops). Answering true ends the walk. */
export interface Visitor {
  /** A PMD entry that maps a block (or the huge zero page); the part [from, to) of it lies in the range. */
  pmd?(pmd: number, vma: Vma, from: PageNumber, to: PageNumber): boolean | undefined;
  /** A PTE that is not empty: present, zero page, swap or marker. */
  pte?(entry: number, vma: Vma, page: PageNumber): boolean | undefined;
  /** Pages of a mapping without any entry. */
  hole?(vma: Vma, from: PageNumber, to: PageNumber): boolean | undefined;
}

/** Visits the leaves of [start, end) in ascending order, mapping by mapping (walk_page_range()). */
export function walkRange(
  kernel: Kernel,
  mm: Mm,
  start: PageNumber,
  end: PageNumber,
  visitor: Visitor,
): boolean {
  for (let i = mm.indexAtOrAfter(start); i < mm.vmas.length && mm.vmas[i].start < end; i++) {
    const vma = mm.vmas[i];
    if (walkVma(kernel, mm, vma, { start: Math.max(start, vma.start), end: Math.min(end, vma.end) }, visitor))
      return true;
  }
  return false;
}

function walkVma(kernel: Kernel, mm: Mm, vma: Vma, { start, end }: PageRange, visitor: Visitor): boolean {
  const { pagesPerBlock } = kernel.geometry;
  for (let from = start; from < end; ) {
    const to = Math.min(end, from - (from % pagesPerBlock) + pagesPerBlock);
    if (walkBlock(kernel, mm, vma, { start: from, end: to }, visitor)) return true;
    from = to;
  }
  return false;
}

function walkBlock(
  kernel: Kernel,
  mm: Mm,
  vma: Vma,
  { start: from, end: to }: PageRange,
  visitor: Visitor,
): boolean {
  const { tables, geometry } = kernel;
  const pmd = tables.pmdOf(mm, Math.floor(from / geometry.pagesPerBlock));
  const bits = tables.pmdBits[pmd];
  if (bits & ENTRY.present) return visitor.pmd?.(pmd, vma, from, to) === true;
  if ((bits & ENTRY.table) === 0) return visitor.hole?.(vma, from, to) === true;
  for (let page = from; page < to; page++) {
    // Looked up for each page: a visitor may split or unmap what it is shown.
    const entry = firstEntry(kernel, pmd) + (page % geometry.pagesPerBlock);
    const empty = tables.pteBits[entry] === 0;
    if ((empty ? visitor.hole?.(vma, page, page + 1) : visitor.pte?.(entry, vma, page)) === true) return true;
  }
  return false;
}
