import type { FrameNumber, Nanoseconds, PageNumber } from '../../vocabulary/units.js';
import { allocateFolio, EFFORT } from './allocation.js';
import { copying } from './anonymous-faults.js';
import type { Collapsed } from './collapse.js';
import type { ScanResult } from './collapse-results.js';
import type { Collector } from './collapse-scan.js';
import { firstEntry } from './entries.js';
import { FOLIO } from './folios.js';
import { mapHuge } from './inode-faults.js';
import type { Kernel } from './kernel.js';
import { addToLru } from './lru.js';
import type { Mm, Vma } from './mm.js';
import type { Inode } from './page-cache.js';
import { ENTRY } from './page-tables.js';
import { cacheFlags, cachePage, removeFromCache } from './shmem.js';
import { unmapAll } from './swap-out.js';
import { zapRange } from './zap.js';

/**
 * Collapses one block of shmem: the pages of its inode move into a huge folio (collapse_file()). MADV_COLLAPSE maps
 * it by PMD at once; after khugepaged the next fault does. The process need not have anything mapped.
 */
export function collapseFileBlock(
  kernel: Kernel,
  mm: Mm,
  vma: Vma,
  block: PageNumber,
  collector: Collector,
): Collapsed {
  const inode = vma.inode!;
  const offset = vma.offsetOf(block);
  const { tables, geometry } = kernel;
  const pmd = tables.ensurePmd(mm, block / geometry.pagesPerBlock);
  if (tables.pmdBits[pmd] & ENTRY.present) return { result: 'pmd_mapped', cost: kernel.costs.collapseSkip };
  const whole = wholeFolioAt(kernel, inode, offset);
  if (whole >= 0) return { result: mapWhole(kernel, mm, vma, block, whole), cost: kernel.costs.splitPmd };
  const refused = scanCache(kernel, inode, offset, collector);
  if (refused !== undefined) return { result: refused, cost: kernel.costs.visitPte * geometry.pagesPerBlock };
  const made = fillHuge(kernel, mm, inode, offset);
  if (made.result === 'succeeded' && collector === 'madvise') {
    return { result: mapWhole(kernel, mm, vma, block, inode.frameAt(offset)), cost: made.cost };
  }
  return made;
}

/** Head of the huge folio that holds the block already, −1 when there is none. */
function wholeFolioAt(kernel: Kernel, inode: Inode, offset: PageNumber): FrameNumber {
  const frame = inode.frameAt(offset);
  return frame >= 0 && kernel.folios.orderOf(frame) === kernel.geometry.hugeOrder ? frame : -1;
}

/** collapse_pte_mapped_thp(): the page table goes, a PMD takes its place. */
function mapWhole(kernel: Kernel, mm: Mm, vma: Vma, block: PageNumber, head: FrameNumber): ScanResult {
  const { tables, geometry } = kernel;
  const pmd = tables.pmdOf(mm, block / geometry.pagesPerBlock);
  if (tables.pmdBits[pmd] & ENTRY.table) {
    const first = firstEntry(kernel, pmd);
    for (let i = 0; i < geometry.pagesPerBlock; i++) {
      const bits = tables.pteBits[first + i];
      if (bits & ENTRY.present && tables.pteValue[first + i] !== head + i) return 'page_anon';
    }
    zapRange(kernel, mm, block, block + geometry.pagesPerBlock);
  }
  return mapHuge(kernel, mm, vma, block, pmd, head, false) ? 'succeeded' : 'vma_check';
}

function scanCache(
  kernel: Kernel,
  inode: Inode,
  offset: PageNumber,
  collector: Collector,
): ScanResult | undefined {
  const { folios, thp, geometry } = kernel;
  let present = 0;
  let swapped = 0;
  for (let i = 0; i < geometry.pagesPerBlock; i++) {
    const frame = inode.frameAt(offset + i);
    if (inode.swapAt(offset + i) >= 0) swapped++;
    if (frame < 0) continue;
    const head = folios.headOf(frame);
    if (folios.pins[head] > 0) return 'page_count';
    if (folios.has(head, FOLIO.locked)) return 'page_locked';
    if (!folios.has(head, FOLIO.lru)) return 'page_lru';
    present++;
  }
  if (collector === 'madvise') return undefined;
  if (swapped > thp.maxPtesSwap) return 'exceed_swap_pte';
  return present < geometry.pagesPerBlock - thp.maxPtesNone || present === 0 ? 'exceed_none_pte' : undefined;
}

function fillHuge(kernel: Kernel, mm: Mm, inode: Inode, offset: PageNumber): Collapsed {
  const { counters, geometry, folios } = kernel;
  const kind = { flags: cacheFlags(inode), owner: inode.number, index: offset };
  const memcg = kernel.memcgOf(mm);
  const made = allocateFolio(kernel, geometry.hugeOrder, memcg, kind, EFFORT.khugepaged);
  if (made.failure === 'memory') {
    counters.count('thp_collapse_alloc_failed');
    counters.countOrder('collapse_alloc_failed', geometry.hugeOrder);
    return { result: 'alloc_huge_page_failed', cost: made.cost };
  }
  counters.count('thp_collapse_alloc');
  if (kernel.features.khugepagedMthp) counters.countOrder('collapse_alloc', geometry.hugeOrder);
  if (made.failure === 'charge') return { result: 'cgroup_charge_failed', cost: made.cost };
  memcg.count('thp_collapse_alloc');
  let cost = made.cost + kernel.costs.collapseBlock;
  for (let i = 0; i < geometry.pagesPerBlock; i++)
    cost += takeOver(kernel, mm, inode, offset + i, made.head + i);
  for (let i = 0; i < geometry.pagesPerBlock; i++) inode.setFrame(offset + i, made.head + i);
  folios.set(made.head, FOLIO.uptodate);
  addToLru(kernel, made.head);
  return { result: 'succeeded', cost };
}

/** Takes the content of one cached (or swapped) page and removes the page, with the rest of its folio to follow. */
function takeOver(
  kernel: Kernel,
  mm: Mm,
  inode: Inode,
  offset: PageNumber,
  target: FrameNumber,
): Nanoseconds {
  const { folios } = kernel;
  let cost = 0;
  let frame = inode.frameAt(offset);
  if (frame < 0 && inode.swapAt(offset) >= 0) {
    const page = cachePage(kernel, kernel.memcgOf(mm), inode, undefined, offset);
    frame = page.frame;
    cost += page.cost;
  }
  if (frame < 0) return cost;
  folios.content[target] = folios.content[frame];
  const head = folios.headOf(frame);
  inode.clear(offset);
  if (frame !== head + folios.pagesOf(head) - 1) return cost;
  unmapAll(kernel, head);
  removeFromCache(kernel, head);
  return cost + copying(kernel, folios.pagesOf(head));
}
