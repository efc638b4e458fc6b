/** Walking a range of a process's page tables folio by folio. */
import type { FrameNumber, Order, PageNumber, PageRange, Pages } from '../../../../vocabulary/units.js';
import type { Kernel } from '../../state/kernel.js';
import { type Mm, VM, type Vma } from '../../state/mm.js';
import { ENTRY } from '../../state/page-tables.js';

/** A folio that a walk meets. */
export interface FolioVisit {
  readonly vma: Vma;
  /** First page of the walk that belongs to the folio. */
  readonly page: PageNumber;
  readonly head: FrameNumber;
  /** Which page of the folio that is. */
  readonly index: Pages;
  readonly order: Order;
}

/**
 * Visits the folio behind each present entry of [start, end). Zero pages have none; special mappings are left out.
 * The folio may be changed or split by the visitor: the walk goes on behind it.
 */
export function walkFolios(
  kernel: Kernel,
  mm: Mm,
  start: PageNumber,
  end: PageNumber,
  visit: (found: FolioVisit) => void,
): void {
  const vmas = mm.vmas.slice(mm.indexAtOrAfter(start));
  for (const vma of vmas) {
    if (vma.start >= end) return;
    if (vma.flags & VM.special) continue;
    walkVma(kernel, mm, vma, { start: Math.max(start, vma.start), end: Math.min(end, vma.end) }, visit);
  }
}

function walkVma(
  kernel: Kernel,
  mm: Mm,
  vma: Vma,
  { start, end }: PageRange,
  visit: (found: FolioVisit) => void,
): void {
  const { tables, geometry, folios } = kernel;
  const block = geometry.pagesPerBlock;
  for (let page = start; page < end; ) {
    const blockEnd = Math.min(end, (Math.floor(page / block) + 1) * block);
    const pmd = tables.pmdOf(mm, Math.floor(page / block));
    const bits = tables.pmdBits[pmd];
    if ((bits & (ENTRY.present | ENTRY.table)) === 0) {
      page = blockEnd;
      continue;
    }
    const frame = bits & ENTRY.present ? hugeFrame(kernel, pmd, page) : pteFrame(kernel, pmd, page);
    if (frame < 0) {
      page = bits & ENTRY.present ? blockEnd : page + 1;
      continue;
    }
    const head = folios.headOf(frame);
    const order = folios.orderOf(head);
    visit({ vma, page, head, index: frame - head, order });
    page = Math.min(blockEnd, page + 2 ** order - (frame - head));
  }
}

function hugeFrame(kernel: Kernel, pmd: number, page: PageNumber): FrameNumber {
  const { tables, geometry } = kernel;
  return tables.pmdBits[pmd] & ENTRY.zero ? -1 : tables.pmdValue[pmd] + (page % geometry.pagesPerBlock);
}

function pteFrame(kernel: Kernel, pmd: number, page: PageNumber): FrameNumber {
  const { tables, geometry } = kernel;
  const entry = tables.pmdValue[pmd] * geometry.pagesPerBlock + (page % geometry.pagesPerBlock);
  const present = (tables.pteBits[entry] & (ENTRY.present | ENTRY.zero)) === ENTRY.present;
  return present ? tables.pteValue[entry] : -1;
}
