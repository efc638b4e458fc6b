import type { FrameNumber, Nanoseconds, PageNumber } from '../../../vocabulary/units.js';
import { FOLIO } from '../state/folios.js';
import { type Kernel, ZERO_FRAME } from '../state/kernel.js';
import type { Mm } from '../state/mm.js';
import { ENTRY } from '../state/page-tables.js';
import { blockStart, countPmdMapped, dropDeposit, fold, unmapPmd } from './entries.js';

/**
 * Turns a PMD mapping into PTEs (__split_huge_pmd()): the folio keeps its order. Anonymous memory: 512 entries with
 * the bits of the one, in the page table that was deposited. Shmem and files: the block is simply unmapped and
 * faults bring it back. Returns the cost; 0 when `page` is not mapped by a PMD.
 */
export function splitPmdMapping(kernel: Kernel, mm: Mm, page: PageNumber): Nanoseconds {
  const { tables, geometry, folios } = kernel;
  const pmd = tables.pmdOf(mm, Math.floor(page / geometry.pagesPerBlock));
  const bits = tables.pmdBits[pmd];
  if ((bits & ENTRY.present) === 0) return 0;
  kernel.counters.count('thp_split_pmd');
  const start = blockStart(kernel, page);
  if (bits & ENTRY.zero) splitZeroPmd(kernel, pmd, bits);
  else if (folios.has(tables.pmdValue[pmd], FOLIO.anon)) splitAnonymousPmd(kernel, mm, pmd);
  else unmapFilePmd(kernel, mm, pmd);
  // One entry, of the block's size (pmdp_invalidate()).
  kernel.flushes.tell(mm.id, start, start + geometry.pagesPerBlock, 1);
  return kernel.costs.splitPmd;
}

function splitAnonymousPmd(kernel: Kernel, mm: Mm, pmd: number): void {
  const { tables, folios, geometry } = kernel;
  const bits = tables.pmdBits[pmd];
  const head = tables.pmdValue[pmd];
  if (bits & ENTRY.dirty) folios.set(head, FOLIO.dirty);
  installDeposited(kernel, pmd);
  const entry = tables.pmdValue[pmd] * geometry.pagesPerBlock;
  for (let i = 0; i < geometry.pagesPerBlock; i++) {
    tables.pteBits[entry + i] = bits;
    tables.pteValue[entry + i] = head + i;
    if (folios.maps[head + i]++ === 0) folios.mappedPages[head]++;
  }
  tables.tableUsed[tables.pmdValue[pmd]] = geometry.pagesPerBlock;
  if (--folios.entireMaps[head] === 0) countPmdMapped(kernel, head, -geometry.pagesPerBlock);
  folios.countMaps(head, mm.id, geometry.pagesPerBlock);
  folios.countMaps(head, mm.id, -1);
  fold(kernel, entry, geometry.pagesPerBlock);
}

/** Huge zero page: every entry maps the small zero page, read-only. */
function splitZeroPmd(kernel: Kernel, pmd: number, bits: number): void {
  const { tables, geometry } = kernel;
  installDeposited(kernel, pmd);
  const entry = tables.pmdValue[pmd] * geometry.pagesPerBlock;
  const kept = ENTRY.present | ENTRY.zero | ENTRY.accessed | (bits & (ENTRY.softDirty | ENTRY.uffdWp));
  tables.pteBits.fill(kept, entry, entry + geometry.pagesPerBlock);
  tables.pteValue.fill(ZERO_FRAME, entry, entry + geometry.pagesPerBlock);
  tables.tableUsed[tables.pmdValue[pmd]] = geometry.pagesPerBlock;
}

function installDeposited(kernel: Kernel, pmd: number): void {
  const { tables } = kernel;
  const deposited = tables.pmdTableFrame[pmd];
  tables.installTable(pmd, deposited);
}

/** An accessed bit that is lost with the mapping is remembered at the folio. */
function unmapFilePmd(kernel: Kernel, mm: Mm, pmd: number): FrameNumber {
  const { tables, folios } = kernel;
  const head = tables.pmdValue[pmd];
  if (tables.pmdBits[pmd] & ENTRY.accessed) folios.set(head, FOLIO.referenced);
  unmapPmd(kernel, mm, pmd);
  dropDeposit(kernel, mm, pmd);
  return head;
}

/** Takes the huge zero page out of a PMD entry. */
export function clearZeroPmd(kernel: Kernel, mm: Mm, pmd: number): void {
  kernel.tables.pmdBits[pmd] = 0;
  kernel.tables.pmdValue[pmd] = 0;
  dropDeposit(kernel, mm, pmd);
}
