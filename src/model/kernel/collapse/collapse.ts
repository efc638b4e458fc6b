import type { FrameNumber, Nanoseconds, Order, PageNumber } from '../../../vocabulary/units.js';
import { ANON, copying, lock, zeroing } from '../fault/anonymous-faults.js';
import { swapFault } from '../fault/swap-in.js';
import { deferSplit, freeFolio, freeIfUnused } from '../memory/allocation.js';
import { addNewToLru, drainLocal } from '../memory/lru.js';
import { FOLIO } from '../state/folios.js';
import type { Kernel } from '../state/kernel.js';
import { type Mm, VM } from '../state/mm.js';
import { ENTRY } from '../state/page-tables.js';
import {
  clearEntries,
  ensureTable,
  firstEntry,
  mapPmd,
  mapPtes,
  runOfFolio,
  unmapPtes,
} from '../translation/entries.js';
import { allocateForCollapse } from './collapse-memory.js';
import type { ScanResult } from './collapse-results.js';
import { type Collector, checkRange, type Mapped } from './collapse-scan.js';

/** The aligned range that becomes one folio. */
export interface Target {
  readonly start: PageNumber;
  readonly order: Order;
}

/** How a collapse ended (enum scan_result), and how long it took. */
export interface Collapsed {
  readonly result: ScanResult;
  readonly cost: Nanoseconds;
}

/**
 * Copies the pages of one aligned range of 2^order into a new folio and maps it (collapse_huge_page()): by a PMD at
 * the PMD order, by PTEs below. The folio is allocated, charged and counted before anything is checked. Holes and
 * zero pages become zeroes. Anonymous memory only.
 */
export function collapseRange(
  kernel: Kernel,
  mapped: Mapped,
  target: Target,
  collector: Collector,
): Collapsed {
  const { mm, vma } = mapped;
  const { start, order } = target;
  const made = allocateTarget(kernel, mm, vma.anonIndexOf(start), order, collector);
  if (made.head < 0) return { result: made.result, cost: made.cost + kernel.costs.allocateFailed };
  const prepared = prepare(kernel, mapped, target, collector);
  const cost = made.cost + prepared.cost;
  const result = prepared.result ?? checkRange(kernel, vma, prepared.entry, order, collector);
  if (result !== 'succeeded') {
    freeFolio(kernel, made.head);
    kernel.holds.work(mm.id, cost);
    kernel.holds.hold(mm.id, kernel.costs.collapseFailed, rangeOf(target), vma);
    return { result, cost: cost + kernel.costs.collapseFailed };
  }
  const locked = copyRange(kernel, mm, prepared.entry, made.head, order) + kernel.costs.collapseBlock;
  install(kernel, mapped, target, made.head);
  kernel.flushes.tell(mm.id, start, start + 2 ** order);
  kernel.counters.collapsed[order]++;
  // The folio is there before any lock is taken; then the PMD is empty, and the VMA locked for writing, to the end.
  kernel.holds.work(mm.id, cost);
  kernel.holds.hold(mm.id, locked, rangeOf(target), vma);
  return { result, cost: cost + locked };
}

const rangeOf = ({ start, order }: Target) => ({ start, end: start + 2 ** order });

/** alloc_charge_folio(). */
function allocateTarget(
  kernel: Kernel,
  mm: Mm,
  index: PageNumber,
  order: Order,
  collector: Collector,
): Collapsed & { head: FrameNumber } {
  const { counters, geometry, features } = kernel;
  const direct = collector === 'madvise' || kernel.thp.khugepagedDefrag;
  const kind = { flags: ANON, owner: mm.family, index };
  const made = allocateForCollapse(kernel, mm, kind, order, direct);
  if (mm.exiting) return { head: -1, result: 'any_process_exit', cost: made.cost };
  const huge = order === geometry.hugeOrder;
  if (made.failure === 'memory') {
    if (huge) counters.count('thp_collapse_alloc_failed');
    if (features.khugepagedMthp) counters.countOrder('collapse_alloc_failed', order);
    return { head: -1, result: 'alloc_huge_page_failed', cost: made.cost };
  }
  if (huge) counters.count('thp_collapse_alloc');
  if (features.khugepagedMthp) counters.countOrder('collapse_alloc', order);
  if (made.failure === 'charge') return { head: -1, result: 'cgroup_charge_failed', cost: made.cost };
  if (huge) kernel.memcgOf(mm).count('thp_collapse_alloc');
  return { head: made.head, result: 'succeeded', cost: made.cost };
}

interface Prepared {
  readonly result: ScanResult | undefined;
  readonly entry: number;
  readonly cost: Nanoseconds;
}

/** Brings swapped pages back (__collapse_huge_page_swapin()); khugepaged does so for whole blocks only. */
function prepare(
  kernel: Kernel,
  { mm, vma }: Mapped,
  { start, order }: Target,
  collector: Collector,
): Prepared {
  const { tables, geometry } = kernel;
  const pmd = tables.pmdOf(mm, Math.floor(start / geometry.pagesPerBlock));
  let cost = 0;
  if (!ensureTable(kernel, mm, pmd)) return { result: 'alloc_huge_page_failed', entry: 0, cost };
  const entry = firstEntry(kernel, pmd) + (start % geometry.pagesPerBlock);
  if (order < geometry.hugeOrder && collector === 'khugepaged') return { result: undefined, entry, cost };
  for (let i = 0; i < 2 ** order; i++) {
    if ((tables.pteBits[entry + i] & ENTRY.swap) === 0) continue;
    const fault = swapFault(kernel, mm, vma, start + i, entry + i);
    if (fault < 0) return { result: 'swap_in_failed', entry, cost };
    cost += fault;
  }
  // What came back waits in this CPU's batch, where it could not be isolated.
  drainLocal(kernel);
  return { result: undefined, entry, cost };
}

/** Moves the content over and empties the entries; source folios that no process maps any more are freed. */
function copyRange(kernel: Kernel, mm: Mm, first: number, head: FrameNumber, order: Order): Nanoseconds {
  const { tables, folios } = kernel;
  const end = first + 2 ** order;
  let present = 0;
  for (let entry = first; entry < end; ) {
    const bits = tables.pteBits[entry];
    if ((bits & ENTRY.present) === 0 || bits & ENTRY.zero) {
      if (bits !== 0) clearEntries(kernel, entry, 1);
      entry++;
      continue;
    }
    const run = runOfFolio(kernel, entry, end - entry);
    const frame = tables.pteValue[entry];
    const source = folios.headOf(frame);
    folios.content.copyWithin(head + (entry - first), frame, frame + run);
    unmapPtes(kernel, mm, entry, run);
    freeIfUnused(kernel, source);
    present += run;
    entry += run;
  }
  const moved = copying(kernel, present) + kernel.costs.collapsePage * present;
  return moved + zeroing(kernel, 0) * (2 ** order - present);
}

/** The new mapping is young and dirty; a PMD folio may be underused and waits for the shrinker's look. */
function install(kernel: Kernel, { mm, vma }: Mapped, { start, order }: Target, head: FrameNumber): void {
  const { tables, geometry } = kernel;
  const writable = vma.flags & VM.write ? ENTRY.writable : 0;
  const bits = ENTRY.present | ENTRY.accessed | ENTRY.dirty | ENTRY.softDirty | writable;
  const pmd = tables.pmdOf(mm, Math.floor(start / geometry.pagesPerBlock));
  kernel.folios.clear(head, FOLIO.young);
  if (order === geometry.hugeOrder) {
    const deposit = tables.pmdTableFrame[pmd];
    tables.removeTable(pmd);
    tables.pmdTableFrame[pmd] = deposit;
    mapPmd(kernel, mm, pmd, head, bits);
  } else {
    const entry = firstEntry(kernel, pmd) + (start % geometry.pagesPerBlock);
    mapPtes(kernel, mm, entry, { frame: head, count: 2 ** order }, bits);
  }
  lock(kernel, vma, head);
  addNewToLru(kernel, head);
  if (order === geometry.hugeOrder) deferSplit(kernel, head, false);
}
