import type { FrameNumber, Nanoseconds, PageNumber, PageRange } from '../../../vocabulary/units.js';
import { changeOnLru, deactivate, drainLocal, isolate } from '../memory/lru.js';
import { shrinkFolios } from '../reclaim/reclaim.js';
import { splitFolio, UNIFORM } from '../split/split.js';
import { FOLIO } from '../state/folios.js';
import { NO_PAGES } from '../state/holds.js';
import type { Kernel } from '../state/kernel.js';
import type { Mm } from '../state/mm.js';
import { ENTRY } from '../state/page-tables.js';
import { blockStart, clearEntries, firstEntry, runOfFolio } from '../translation/entries.js';
import { testAndClearPmdYoung, testAndClearPteYoung } from '../translation/young.js';
import { releaseSwapEntry } from '../translation/zap.js';

/**
 * MADV_COLD and MADV_PAGEOUT on a part of one mapping (madvise_cold_or_pageout_pte_range()). A huge mapping that is
 * covered whole stays whole; one that is covered in part is split to base pages if it can be, and silently left
 * alone if not: shared, pinned, locked, the huge zero page.
 */
export function coldOrPageout(
  kernel: Kernel,
  mm: Mm,
  start: PageNumber,
  end: PageNumber,
  pageout: boolean,
): Nanoseconds {
  const { pagesPerBlock } = kernel.geometry;
  // Only this CPU's batch: what waits in another one is on no list and passed over.
  drainLocal(kernel);
  return kernel.flushes.batch(() => {
    let cost = 0;
    for (let block = blockStart(kernel, start); block < end; block += pagesPerBlock) {
      const [from, to] = [Math.max(start, block), Math.min(end, block + pagesPerBlock)];
      const entries = isHuge(kernel, mm, block) ? 1 : to - from;
      cost += adviseBlock(kernel, mm, { start: from, end: to }, pageout);
      kernel.flushes.tell(mm.id, from, to, entries);
    }
    return cost;
  });
}

function isHuge({ tables, geometry }: Kernel, mm: Mm, block: PageNumber): boolean {
  return (tables.pmdBits[tables.pmdOf(mm, block / geometry.pagesPerBlock)] & ENTRY.present) !== 0;
}

function adviseBlock(
  kernel: Kernel,
  mm: Mm,
  { start: from, end: to }: PageRange,
  pageout: boolean,
): Nanoseconds {
  const { tables, geometry } = kernel;
  const block = blockStart(kernel, from);
  const pmd = tables.pmdOf(mm, block / geometry.pagesPerBlock);
  let cost = 0;
  if (tables.pmdBits[pmd] & ENTRY.present) {
    if (tables.pmdBits[pmd] & ENTRY.zero || !mayTake(kernel, tables.pmdValue[pmd]))
      return kernel.costs.visitPmd;
    if (to - from === geometry.pagesPerBlock) return adviseHuge(kernel, pmd, pageout);
    const split = splitFolio(kernel, tables.pmdValue[pmd], 0, UNIFORM);
    cost += split.cost;
    if (split.error !== undefined) return cost;
  }
  if ((tables.pmdBits[pmd] & ENTRY.table) === 0) return cost;
  // The page table is locked while its entries are looked at.
  const walked = kernel.costs.visitPte * (to - from);
  kernel.holds.hold(mm.id, walked, NO_PAGES, { start: block, end: block + geometry.pagesPerBlock });
  return cost + adviseEntries(kernel, firstEntry(kernel, pmd) + (from - block), to - from, pageout);
}

/** Folios that others may map, or whose lock is held, are passed over. */
function mayTake(kernel: Kernel, head: FrameNumber): boolean {
  return !kernel.folios.isMaybeShared(head) && !kernel.folios.has(head, FOLIO.locked);
}

function adviseHuge(kernel: Kernel, pmd: number, pageout: boolean): Nanoseconds {
  const head = kernel.tables.pmdValue[pmd];
  forgetReferences(kernel, head);
  // MADV_PAGEOUT leaves accessed bits as they are: what it cannot page out keeps them.
  if (!pageout) {
    testAndClearPmdYoung(kernel, pmd);
    deactivate(kernel, head);
    return kernel.costs.visitPmd;
  }
  return kernel.costs.visitPmd + pageOut(kernel, [head]);
}

function forgetReferences(kernel: Kernel, head: FrameNumber): void {
  kernel.folios.clear(head, FOLIO.young | FOLIO.referenced);
}

/** Isolates and reclaims, whatever was referenced; unevictable folios and those on no list are left. */
function pageOut(kernel: Kernel, heads: FrameNumber[]): Nanoseconds {
  const taken = heads.filter((head) => !kernel.folios.has(head, FOLIO.unevictable) && isolate(kernel, head));
  return shrinkFolios(kernel, taken, true).cost;
}

function adviseEntries(kernel: Kernel, first: number, count: number, pageout: boolean): Nanoseconds {
  const { tables, folios } = kernel;
  const taken: FrameNumber[] = [];
  let cost = kernel.costs.visitPte * count;
  for (let entry = first; entry < first + count; ) {
    const bits = tables.pteBits[entry];
    if ((bits & (ENTRY.present | ENTRY.zero)) !== ENTRY.present) {
      entry++;
      continue;
    }
    const head = folios.headOf(tables.pteValue[entry]);
    let run = 1;
    if (folios.orderOf(head) > 0) {
      run = runOfFolio(kernel, entry, first + count - entry);
      if (run < folios.pagesOf(head)) {
        cost += splitPartlyCovered(kernel, head);
        // Split or not, the walk goes on: at this entry when there are base pages now, past the run when not.
        if (folios.orderOf(tables.pteValue[entry]) > 0) entry += run;
        continue;
      }
    }
    if (mayTake(kernel, head) && folios.has(head, FOLIO.lru)) {
      forgetReferences(kernel, head);
      if (pageout) taken.push(head);
      else coolEntries(kernel, entry, run, head);
    }
    entry += run;
  }
  return taken.length > 0 ? cost + pageOut(kernel, taken) : cost;
}

function splitPartlyCovered(kernel: Kernel, head: FrameNumber): Nanoseconds {
  return mayTake(kernel, head) ? splitFolio(kernel, head, 0, UNIFORM).cost : 0;
}

function coolEntries(kernel: Kernel, entry: number, run: number, head: FrameNumber): void {
  for (let e = entry; e < entry + run; e++) testAndClearPteYoung(kernel, e);
  deactivate(kernel, head);
}

/** MADV_FREE on a part of one anonymous mapping (madvise_free_pte_range()): pages may be dropped until written again. */
export function lazyFree(kernel: Kernel, mm: Mm, start: PageNumber, end: PageNumber): Nanoseconds {
  const { tables, geometry } = kernel;
  let cost = 0;
  drainLocal(kernel);
  for (let block = blockStart(kernel, start); block < end; block += geometry.pagesPerBlock) {
    const from = Math.max(start, block);
    const to = Math.min(end, block + geometry.pagesPerBlock);
    const pmd = tables.pmdOf(mm, block / geometry.pagesPerBlock);
    if (tables.pmdBits[pmd] & ENTRY.present) {
      const head = tables.pmdValue[pmd];
      if (tables.pmdBits[pmd] & ENTRY.zero || !mayTake(kernel, head)) continue;
      if (to - from === geometry.pagesPerBlock) {
        tables.pmdBits[pmd] &= ~(ENTRY.accessed | ENTRY.dirty);
        markLazyFree(kernel, head);
        continue;
      }
      const split = splitFolio(kernel, head, 0, UNIFORM);
      cost += split.cost;
      if (split.error !== undefined) continue;
    }
    if (tables.pmdBits[pmd] & ENTRY.table)
      cost += freeEntries(kernel, mm, firstEntry(kernel, pmd) + (from - block), to - from);
  }
  kernel.flushes.tell(mm.id, start, end);
  return cost;
}

function freeEntries(kernel: Kernel, mm: Mm, first: number, count: number): Nanoseconds {
  const { tables, folios } = kernel;
  let cost = kernel.costs.visitPte * count;
  for (let entry = first; entry < first + count; ) {
    const bits = tables.pteBits[entry];
    if (bits & ENTRY.swap) {
      releaseSwapEntry(kernel, mm, entry);
      clearEntries(kernel, entry, 1);
    }
    if ((bits & (ENTRY.present | ENTRY.zero)) !== ENTRY.present) {
      entry++;
      continue;
    }
    const head = folios.headOf(tables.pteValue[entry]);
    const run = runOfFolio(kernel, entry, first + count - entry);
    if (run < folios.pagesOf(head)) {
      cost += splitPartlyCovered(kernel, head);
      if (folios.orderOf(tables.pteValue[entry]) > 0) entry += run;
      continue;
    }
    if (mayTake(kernel, head)) {
      for (let e = entry; e < entry + run; e++) tables.pteBits[e] &= ~(ENTRY.accessed | ENTRY.dirty);
      if (folios.has(head, FOLIO.lru)) markLazyFree(kernel, head);
    }
    entry += run;
  }
  return cost;
}

/** folio_mark_lazyfree(): no swap stands behind it any more, and it joins the inactive file list. */
function markLazyFree(kernel: Kernel, head: FrameNumber): void {
  const { folios, counters } = kernel;
  const cleared = FOLIO.swapBacked | FOLIO.active | FOLIO.referenced | FOLIO.young | FOLIO.dirty;
  changeOnLru(kernel, head, () => folios.clear(head, cleared));
  counters.count('pglazyfree', folios.pagesOf(head));
  kernel.memcgAt(folios.memcg[head]).count('pglazyfree', folios.pagesOf(head));
}
