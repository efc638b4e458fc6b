/**
 * Accessed bits as DAMON reads and clears them (mm/damon/ops-common.c, vaddr.c). One PMD entry has one bit for the
 * whole block, and clearing tells no TLB flush: T2 and T1 come out of that by themselves.
 */
import type { FrameNumber, PageNumber } from '../../../../vocabulary/units.js';
import { FOLIO } from '../../state/folios.js';
import type { Kernel } from '../../state/kernel.js';
import type { Mm } from '../../state/mm.js';
import { ENTRY } from '../../state/page-tables.js';
import { mappingsOf } from '../../translation/rmap.js';
import { isPteYoung, testAndClearPmdYoung, testAndClearPteYoung } from '../../translation/young.js';

/** A leaf as one number: PTE entry e is e, PMD entry p is ~p. NO_LEAF where nothing of its own is mapped. */
const NO_LEAF = -0x80000000;

/** The leaf that maps a page to a folio; the shared zero pages have none (vm_normal_folio()). */
function leafOf(kernel: Kernel, mm: Mm, page: PageNumber): number {
  const { tables, geometry } = kernel;
  const pmd = tables.pmdOf(mm, Math.floor(page / geometry.pagesPerBlock));
  const bits = tables.pmdBits[pmd];
  if (bits & ENTRY.present) return bits & ENTRY.zero ? NO_LEAF : ~pmd;
  const entry = tables.pmdValue[pmd] * geometry.pagesPerBlock + (page % geometry.pagesPerBlock);
  return (tables.pteBits[entry] & (ENTRY.present | ENTRY.zero)) === ENTRY.present ? entry : NO_LEAF;
}

function headOf(kernel: Kernel, leaf: number): FrameNumber {
  const { tables, folios } = kernel;
  return folios.headOf(leaf < 0 ? tables.pmdValue[~leaf] : tables.pteValue[leaf]);
}

/** The entry that maps a page is made old; its folio is marked idle, and young if the bit had been set. */
export function makePageOld(kernel: Kernel, mm: Mm, page: PageNumber): void {
  const leaf = leafOf(kernel, mm, page);
  if (leaf !== NO_LEAF) makeLeafOld(kernel, leaf, headOf(kernel, leaf));
}

/** Whether the page looks accessed: its entry is young or its folio is not idle. Absent pages never do. */
export function isPageAccessed(kernel: Kernel, mm: Mm, page: PageNumber): boolean {
  const leaf = leafOf(kernel, mm, page);
  return leaf !== NO_LEAF && isLeafAccessed(kernel, leaf, headOf(kernel, leaf));
}

/** All mappings of the folio that holds a frame are made old (damon_folio_mkold()). */
export function makeFolioOld(kernel: Kernel, frame: FrameNumber): void {
  const { folios } = kernel;
  const head = folios.headOf(frame);
  if (!folios.has(head, FOLIO.lru)) return;
  if (folios.totalMaps[head] === 0) folios.set(head, FOLIO.idle);
  else if (!folios.has(head, FOLIO.locked)) {
    forEachLeaf(kernel, head, (leaf) => {
      makeLeafOld(kernel, leaf, head);
      return false;
    });
  }
}

/** Whether any mapping of the folio is young; an unmapped one is young unless idle (damon_folio_young()). */
export function isFolioAccessed(kernel: Kernel, frame: FrameNumber): boolean {
  const { folios } = kernel;
  const head = folios.headOf(frame);
  if (!folios.has(head, FOLIO.lru)) return false;
  if (folios.totalMaps[head] === 0) return !folios.has(head, FOLIO.idle);
  if (folios.has(head, FOLIO.locked)) return false;
  let accessed = false;
  forEachLeaf(kernel, head, (leaf) => {
    accessed = isLeafAccessed(kernel, leaf, head);
    return accessed;
  });
  return accessed;
}

/** A folio that is on no LRU list, such as one still in a per-CPU batch, is left alone and later reads as accessed. */
function makeLeafOld(kernel: Kernel, leaf: number, head: FrameNumber): void {
  const { folios } = kernel;
  if (!folios.has(head, FOLIO.lru)) return;
  const young = leaf < 0 ? testAndClearPmdYoung(kernel, ~leaf) : testAndClearPteYoung(kernel, leaf);
  if (young) folios.set(head, FOLIO.young);
  folios.set(head, FOLIO.idle);
}

function isLeafAccessed(kernel: Kernel, leaf: number, head: FrameNumber): boolean {
  if (!kernel.folios.has(head, FOLIO.idle)) return true;
  if (leaf >= 0) return isPteYoung(kernel, leaf);
  return (kernel.tables.pmdBits[~leaf] & ENTRY.accessed) !== 0;
}

/** Leaves that map any page of the folio, a PMD entry once; ends when `visit` returns true. */
function forEachLeaf(kernel: Kernel, head: FrameNumber, visit: (leaf: number) => boolean): void {
  const { folios } = kernel;
  const pages = folios.entireMaps[head] > 0 && folios.mappedPages[head] === 0 ? 1 : folios.pagesOf(head);
  for (let frame = head; frame < head + pages; frame++) {
    for (const { leaf } of mappingsOf(kernel, frame)) {
      if ((leaf >= 0 || frame === head) && visit(leaf)) return;
    }
  }
}
