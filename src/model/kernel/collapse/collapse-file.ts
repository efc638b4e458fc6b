import type { FrameNumber, Nanoseconds, PageNumber } from '../../../vocabulary/units.js';
import { copying } from '../fault/anonymous-faults.js';
import { mapHuge } from '../fault/inode-faults.js';
import { allocateFolio, EFFORT, freeFolio } from '../memory/allocation.js';
import { addNewToLru } from '../memory/lru.js';
import { cacheFlags, cachePage, removeFromCache } from '../memory/shmem.js';
import { unmapAll } from '../reclaim/swap-out.js';
import { FOLIO } from '../state/folios.js';
import type { Kernel } from '../state/kernel.js';
import type { Memcg } from '../state/memcg.js';
import { type MappedInode, type Mm, VM, type Vma } from '../state/mm.js';
import { ENTRY } from '../state/page-tables.js';
import { firstEntry } from '../translation/entries.js';
import { zapRange } from '../translation/zap.js';
import type { Collapsed } from './collapse.js';
import type { ScanResult } from './collapse-results.js';
import type { Collector } from './collapse-scan.js';

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
  const inode = vma.file;
  const offset = vma.offsetOf(block);
  const { tables, geometry } = kernel;
  const pmd = tables.ensurePmd(mm, block / geometry.pagesPerBlock);
  if (tables.pmdBits[pmd] & ENTRY.present) return { result: 'pmd_mapped', cost: kernel.costs.collapseSkip };
  const whole = wholeFolioAt(kernel, inode, offset);
  if (whole >= 0) return { result: mapWhole(kernel, mm, vma, block, whole), cost: kernel.costs.splitPmd };
  const refused = scanCache(kernel, inode, offset, collector) ?? handlersOf(kernel, inode, offset);
  if (refused !== undefined) return { result: refused, cost: kernel.costs.visitPte * geometry.pagesPerBlock };
  const made = kernel.flushes.batch(() =>
    fillHuge(kernel, mm, inode, offset, present(kernel, inode, offset)),
  );
  // Pages that move are locked: faults that find them wait.
  kernel.holds.hold(mm.id, made.cost, { start: block, end: block + geometry.pagesPerBlock });
  if (made.result === 'succeeded' && collector === 'madvise') {
    return { result: mapWhole(kernel, mm, vma, block, inode.frameAt(offset)), cost: made.cost };
  }
  return made;
}

/** Head of the huge folio that holds the block already, −1 when there is none. */
function wholeFolioAt(kernel: Kernel, inode: MappedInode, offset: PageNumber): FrameNumber {
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
  return mapHuge(kernel, { mm, vma, page: block, pmd, write: false }, head) ? 'succeeded' : 'vma_check';
}

function scanCache(
  kernel: Kernel,
  inode: MappedInode,
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

/** Holes are for a userfaultfd handler to fill, whichever process registered it (collapse_file()). */
function handlersOf(kernel: Kernel, inode: MappedInode, offset: PageNumber): ScanResult | undefined {
  const isArmed = inode.mappers.some(({ mm }) =>
    mm.vmas.some((vma) => vma.inode === inode && (vma.flags & VM.uffdMissing) !== 0),
  );
  if (!isArmed) return undefined;
  for (let i = 0; i < kernel.geometry.pagesPerBlock; i++)
    if (inode.frameAt(offset + i) < 0 && inode.swapAt(offset + i) < 0) return 'exceed_none_pte';
  return undefined;
}

/** A block of an inode with nothing in it is taken for one that was truncated. */
const NOTHING_THERE: { failure: ScanResult | undefined; cost: Nanoseconds } = {
  failure: 'truncated',
  cost: 0,
};

/** Whether the cache or swap holds any page of the block. */
function present(kernel: Kernel, inode: MappedInode, offset: PageNumber): boolean {
  for (let i = 0; i < kernel.geometry.pagesPerBlock; i++)
    if (inode.frameAt(offset + i) >= 0 || inode.swapAt(offset + i) >= 0) return true;
  return false;
}

function fillHuge(kernel: Kernel, mm: Mm, inode: MappedInode, offset: PageNumber, some: boolean): Collapsed {
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
  let cost = made.cost;
  const swapped = some ? swapIn(kernel, memcg, inode, offset) : NOTHING_THERE;
  cost += swapped.cost;
  if (swapped.failure !== undefined) {
    freeFolio(kernel, made.head);
    return { result: swapped.failure, cost: cost + kernel.costs.collapseFailed };
  }
  cost += kernel.costs.collapseBlock;
  for (let i = 0; i < geometry.pagesPerBlock; i++) cost += takeOver(kernel, inode, offset + i, made.head + i);
  for (let i = 0; i < geometry.pagesPerBlock; i++) inode.setFrame(offset + i, made.head + i);
  folios.set(made.head, FOLIO.uptodate | FOLIO.dirty);
  addNewToLru(kernel, made.head);
  counters.collapsed[geometry.hugeOrder]++;
  return { result: 'succeeded', cost };
}

/** Pages of the block that are in swap come back to the cache first. */
function swapIn(
  kernel: Kernel,
  memcg: Memcg,
  inode: MappedInode,
  offset: PageNumber,
): { failure: ScanResult | undefined; cost: Nanoseconds } {
  let cost = 0;
  for (let i = 0; i < kernel.geometry.pagesPerBlock; i++) {
    if (inode.swapAt(offset + i) < 0) continue;
    const page = cachePage(kernel, memcg, inode, undefined, offset + i);
    cost += page.cost;
    if (page.frame < 0) return { failure: 'page_null', cost };
  }
  // Memory for the last of them may have been found by swapping the first out again.
  for (let i = 0; i < kernel.geometry.pagesPerBlock; i++)
    if (inode.swapAt(offset + i) >= 0) return { failure: 'page_null', cost };
  return { failure: undefined, cost };
}

/** Takes the content of one cached page and removes the page, with the rest of its folio to follow. */
function takeOver(kernel: Kernel, inode: MappedInode, offset: PageNumber, target: FrameNumber): Nanoseconds {
  const { folios } = kernel;
  const frame = inode.frameAt(offset);
  if (frame < 0) return 0;
  folios.content[target] = folios.content[frame];
  const head = folios.headOf(frame);
  inode.clear(offset);
  if (frame !== head + folios.pagesOf(head) - 1) return 0;
  unmapAll(kernel, head);
  removeFromCache(kernel, head);
  return copying(kernel, folios.pagesOf(head));
}
