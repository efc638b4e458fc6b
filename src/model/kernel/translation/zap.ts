import type { FrameNumber, Nanoseconds, PageNumber, PageRange, Pages } from '../../../vocabulary/units.js';
import { freeIfUnused } from '../memory/allocation.js';
import { drainLocal, markReferenced } from '../memory/lru.js';
import { releaseSlot } from '../memory/release-slot.js';
import { FOLIO } from '../state/folios.js';
import type { Kernel } from '../state/kernel.js';
import type { Mm } from '../state/mm.js';
import { ENTRY } from '../state/page-tables.js';
import {
  blockStart,
  clearEntries,
  dropDeposit,
  dropTable,
  firstEntry,
  runOfFolio,
  unmapPmd,
  unmapPtes,
} from './entries.js';
import { clearZeroPmd, splitPmdMapping } from './pmd-split.js';

/**
 * Takes every page of [start, end) out of an address space (zap_page_range()). Anonymous pages that nobody else
 * maps are freed; a huge mapping that is only partly covered is split first, and its folio waits for the shrinker.
 * `markers`: whether guard regions go, too, as with munmap, or stay, as with MADV_DONTNEED.
 */
export function zapRange(
  kernel: Kernel,
  mm: Mm,
  start: PageNumber,
  end: PageNumber,
  markers: 'drop' | 'keep' = 'drop',
): Nanoseconds {
  const { pagesPerBlock } = kernel.geometry;
  let cost = 0;
  drainLocal(kernel);
  for (let block = blockStart(kernel, start); block < end; block += pagesPerBlock) {
    if (kernel.tables.pmdOf(mm, block / pagesPerBlock) < 512) {
      block = skipEmptyRun(kernel, block);
      continue;
    }
    const [from, to] = [Math.max(start, block), Math.min(end, block + pagesPerBlock)];
    cost += zapBlock(kernel, mm, { start: from, end: to }, markers);
  }
  kernel.flushes.tell(mm.id, start, end);
  return cost;
}

/** The last block of the run of blocks that has no page tables at all. */
function skipEmptyRun(kernel: Kernel, block: PageNumber): PageNumber {
  const run = kernel.geometry.pagesPerBlock * 512;
  return block - (block % run) + run - kernel.geometry.pagesPerBlock;
}

function zapBlock(
  kernel: Kernel,
  mm: Mm,
  { start: from, end: to }: PageRange,
  markers: 'drop' | 'keep',
): Nanoseconds {
  const block = blockStart(kernel, from);
  const { tables, geometry, costs } = kernel;
  const pmd = tables.pmdOf(mm, block / geometry.pagesPerBlock);
  const whole = to - from === geometry.pagesPerBlock;
  let cost = 0;
  if (tables.pmdBits[pmd] & ENTRY.present) {
    if (whole) return zapPmd(kernel, mm, pmd);
    cost += splitPmdMapping(kernel, mm, block);
  }
  if ((tables.pmdBits[pmd] & ENTRY.table) === 0) return cost;
  const freed = zapEntries(kernel, mm, firstEntry(kernel, pmd) + (from - block), to - from, markers);
  if (whole && tables.tableUsed[tables.pmdValue[pmd]] === 0) dropTable(kernel, mm, pmd);
  return cost + costs.visitPte * (to - from) + costs.zapPage * freed;
}

function zapPmd(kernel: Kernel, mm: Mm, pmd: number): Nanoseconds {
  const { tables } = kernel;
  if (tables.pmdBits[pmd] & ENTRY.zero) {
    clearZeroPmd(kernel, mm, pmd);
    return kernel.costs.visitPmd;
  }
  const head = tables.pmdValue[pmd];
  if (tables.pmdBits[pmd] & ENTRY.accessed && !kernel.folios.has(head, FOLIO.anon))
    markReferenced(kernel, head);
  unmapPmd(kernel, mm, pmd);
  dropDeposit(kernel, mm, pmd);
  freeIfUnused(kernel, head);
  return kernel.costs.zapHuge;
}

/** Returns how many pages were unmapped. */
function zapEntries(kernel: Kernel, mm: Mm, first: number, count: Pages, markers: 'drop' | 'keep'): Pages {
  const { tables, folios } = kernel;
  let zapped = 0;
  for (let entry = first; entry < first + count; ) {
    const bits = tables.pteBits[entry];
    let run = 1;
    if (bits & ENTRY.present && (bits & ENTRY.zero) === 0) {
      run = runOfFolio(kernel, entry, first + count - entry);
      const head = folios.headOf(tables.pteValue[entry]);
      if (!folios.has(head, FOLIO.anon)) keepAccess(kernel, entry, run, head);
      unmapPtes(kernel, mm, entry, run);
      freeIfUnused(kernel, head);
      zapped += run;
    } else if (bits !== 0 && (markers === 'drop' || (bits & ENTRY.guard) === 0))
      clearOther(kernel, mm, entry);
    entry += run;
  }
  return zapped;
}

/** An access to a file's or shmem's page is remembered at its folio (folio_mark_accessed()). */
function keepAccess(kernel: Kernel, entry: number, count: Pages, head: FrameNumber): void {
  for (let e = entry; e < entry + count; e++) {
    if ((kernel.tables.pteBits[e] & ENTRY.accessed) === 0) continue;
    markReferenced(kernel, head);
    return;
  }
}

/** Swap entries give their slot back; markers and zero pages just go. */
function clearOther(kernel: Kernel, mm: Mm, entry: number): void {
  const { tables } = kernel;
  if (tables.pteBits[entry] & ENTRY.swap) releaseSwapEntry(kernel, mm, entry);
  clearEntries(kernel, entry, 1);
}

/** Drops the reference that a swap entry holds. */
export function releaseSwapEntry(kernel: Kernel, mm: Mm, entry: number): void {
  const slot = kernel.tables.pteValue[entry];
  releaseSlot(kernel, slot);
  mm.swapEntries--;
}
