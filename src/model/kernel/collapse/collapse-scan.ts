import type { Order, PageNumber, PageRange, Pages } from '../../../vocabulary/units.js';
import { FOLIO } from '../state/folios.js';
import type { Kernel } from '../state/kernel.js';
import { type Mm, VM, type Vma } from '../state/mm.js';
import { ENTRY } from '../state/page-tables.js';
import { firstEntry } from '../translation/entries.js';
import { isPteYoung } from '../translation/young.js';
import type { ScanResult } from './collapse-results.js';

/**
 * Who collapses: khugepaged obeys max_ptes_* and needs references, MADV_COLLAPSE does neither, but DAMOS below the PMD
 * order, which goes its way, obeys max_ptes_none.
 */
export type Collector = 'khugepaged' | 'madvise';

/** A mapping and the address space that it is of. */
export interface Mapped {
  readonly mm: Mm;
  readonly vma: Vma;
}

/** For whom a block is scanned, and how much of it. */
export interface ScanWish {
  readonly collector: Collector;
  /** Orders below the PMD's are enabled. */
  readonly small: boolean;
  /** Pages of the address space outside of which no entry is looked at; the whole block when absent. */
  readonly within?: PageRange;
}

/** What the scan of one block's page table found. */
export interface BlockScan {
  readonly result: ScanResult;
  /** Entries looked at: khugepaged's unit of progress. */
  readonly progress: number;
  /** One byte for each page: 1 when a page of its own is there (not a hole, not the zero page). */
  readonly present: Uint8Array;
}

/** One scan on its way: what it has counted, and what stops it. */
interface Weighing {
  readonly vma: Vma;
  readonly collector: Collector;
  readonly limits: Limits;
  readonly tally: Tally;
}

interface Tally {
  none: number;
  swap: number;
  shared: number;
  referenced: number;
}

/** What stops a scan of [first, first + pages) entries, by the limits of a folio of that size. */
export interface Limits {
  readonly none: Pages;
  readonly swap: Pages;
  readonly shared: Pages;
  /** Holes of mappings with a userfaultfd handler stop the scan, as they are its to fill. */
  readonly armed: boolean;
}

/** Returns how many empty, swapped and shared entries a collapse may find (max_ptes_none, _swap, _shared). */
export function limitsFor(kernel: Kernel, collector: Collector, order: Order): Limits {
  const all = kernel.geometry.pagesPerBlock;
  const { thp, geometry } = kernel;
  if (collector === 'madvise') {
    const none = order === geometry.hugeOrder ? all : smallNoneLimit(kernel, order);
    return { none, swap: all, shared: all, armed: true };
  }
  if (order === geometry.hugeOrder) {
    return { none: thp.maxPtesNone, swap: thp.maxPtesSwap, shared: thp.maxPtesShared, armed: true };
  }
  return { none: smallNoneLimit(kernel, order), swap: 0, shared: 0, armed: true };
}

/** Holes allowed in a folio below the PMD order: all but one, or none; values between count as none. */
export function smallNoneLimit(kernel: Kernel, order: Order): Pages {
  return kernel.thp.maxPtesNone === kernel.geometry.pagesPerBlock - 1 ? 2 ** order - 1 : 0;
}

/** Scans the page table of a block (collapse_scan_pmd()). */
export function scanBlock(
  kernel: Kernel,
  { mm, vma }: Mapped,
  block: PageNumber,
  { collector, small, within }: ScanWish,
): BlockScan {
  const pages = kernel.geometry.pagesPerBlock;
  const present = new Uint8Array(pages);
  const pmd = kernel.tables.pmdOf(mm, block / pages);
  const bits = kernel.tables.pmdBits[pmd];
  if (bits & ENTRY.present) return { result: 'pmd_mapped', progress: 1, present };
  if (bits === 0) return { result: 'no_pte_table', progress: 1, present };
  const first = firstEntry(kernel, pmd);
  const plain = limitsFor(kernel, collector, kernel.geometry.hugeOrder);
  // For smaller orders holes are counted block by block, later.
  const limits = small ? { ...plain, none: pages - 1, armed: false } : plain;
  const weighing: Weighing = { vma, collector, limits, tally: newTally() };
  const from = within === undefined ? 0 : Math.max(0, within.start - block);
  const to = within === undefined ? pages : Math.min(pages, within.end - block);
  for (let i = from; i < to; i++) {
    const entryBits = kernel.tables.pteBits[first + i];
    const stop = weigh(kernel, first + i, entryBits, weighing);
    if (stop !== undefined) {
      countExceeded(kernel, stop, kernel.geometry.hugeOrder);
      return { result: stop, progress: i + 1, present };
    }
    if (isOwnPage(entryBits)) present[i] = 1;
  }
  return { result: judge(weighing.tally, pages, collector), progress: pages, present };
}

function newTally(): Tally {
  return { none: 0, swap: 0, shared: 0, referenced: 0 };
}

function isOwnPage(bits: number): boolean {
  return (bits & (ENTRY.present | ENTRY.zero)) === ENTRY.present;
}

/** Enough references: one, or half of the block when something must be swapped in. */
function judge(tally: Tally, pages: Pages, collector: Collector): ScanResult {
  if (collector === 'madvise') return 'succeeded';
  if (tally.referenced === 0 || (tally.swap > 0 && tally.referenced < pages / 2))
    return 'lack_referenced_page';
  return 'succeeded';
}

/** Adds one entry to the tally. Returns what it stops the scan with, if it does. */
function weigh(kernel: Kernel, entry: number, bits: number, weighing: Weighing): ScanResult | undefined {
  const { vma, tally, limits } = weighing;
  if (bits & ENTRY.uffdWp) return 'pte_uffd';
  if (bits === 0 || bits & ENTRY.zero)
    return ++tally.none > limits.none || (limits.armed && isUffdArmed(vma)) ? 'exceed_none_pte' : undefined;
  if (bits & ENTRY.guard) return 'pte_non_present';
  if (bits & ENTRY.swap) return ++tally.swap > limits.swap ? 'exceed_swap_pte' : undefined;
  return weighPage(kernel, entry, weighing);
}

/**
 * Whether the mapping is registered for missing pages with userfaultfd: a collapse must not fill its holes.
 */
export function isUffdArmed(vma: Vma): boolean {
  return (vma.flags & VM.uffdMissing) !== 0;
}

function weighPage(kernel: Kernel, entry: number, weighing: Weighing): ScanResult | undefined {
  const { tally, limits, collector } = weighing;
  const { folios, tables } = kernel;
  const head = folios.headOf(tables.pteValue[entry]);
  if (!folios.has(head, FOLIO.anon)) return 'page_anon';
  if (collector === 'khugepaged' && isLazyFree(kernel, head, tables.pteBits[entry])) return 'page_lazyfree';
  if (folios.isMaybeShared(head) && ++tally.shared > limits.shared) return 'exceed_shared_pte';
  if (!folios.has(head, FOLIO.lru)) return 'page_lru';
  if (folios.has(head, FOLIO.locked)) return 'page_locked';
  if (folios.pins[head] > 0) return 'page_count';
  if (isReferenced(kernel, entry, head)) tally.referenced++;
  return undefined;
}

/** A page that MADV_FREE gave up and that has not been written since. */
function isLazyFree(kernel: Kernel, head: number, bits: number): boolean {
  return (
    !kernel.folios.has(head, FOLIO.swapBacked) &&
    !kernel.folios.has(head, FOLIO.dirty) &&
    (bits & ENTRY.dirty) === 0
  );
}

/** Accessed bit, PG_young or PG_referenced: what khugepaged takes for a reference. */
function isReferenced(kernel: Kernel, entry: number, head: number): boolean {
  return isPteYoung(kernel, entry) || kernel.folios.has(head, FOLIO.young | FOLIO.referenced);
}

/** Counts a scan that ended at a limit, in the counters that this kernel has. */
export function countExceeded(kernel: Kernel, result: ScanResult, order: Order): void {
  const { counters, geometry, features } = kernel;
  const huge = order === geometry.hugeOrder;
  if (result === 'exceed_none_pte') {
    if (huge) counters.count('thp_scan_exceed_none_pte');
    if (features.khugepagedMthp) counters.countOrder('collapse_exceed_none_pte', order);
  } else if (result === 'exceed_swap_pte') {
    if (huge) counters.count('thp_scan_exceed_swap_pte');
    if (features.khugepagedMthp) counters.countOrder('collapse_exceed_swap_pte', order);
  } else if (result === 'exceed_shared_pte') {
    if (huge) counters.count('thp_scan_exceed_share_pte');
    if (features.khugepagedMthp) counters.countOrder('collapse_exceed_shared_pte', order);
  }
}

/**
 * The checks of one folio's worth of entries before they are copied (__collapse_huge_page_isolate()), of a block
 * of `order` that starts at PTE `first`.
 */
export function checkRange(
  kernel: Kernel,
  vma: Vma,
  first: number,
  order: Order,
  collector: Collector,
): ScanResult {
  const { tables, folios, geometry } = kernel;
  const tally = newTally();
  const weighing = { vma, collector, limits: limitsFor(kernel, collector, order), tally };
  for (let entry = first; entry < first + 2 ** order; entry++) {
    const bits = tables.pteBits[entry];
    if (isOwnPage(bits) && order < geometry.hugeOrder && folios.orderOf(tables.pteValue[entry]) >= order)
      return 'pte_mapped_hugepage';
    // Swapped in before, but reclaim may have taken it again while the others came back.
    if (bits & ENTRY.swap && (order === geometry.hugeOrder || collector === 'madvise'))
      return 'pte_non_present';
    const stop = weigh(kernel, entry, bits, weighing);
    if (stop !== undefined) {
      countExceeded(kernel, stop, order);
      return stop;
    }
  }
  return collector === 'madvise' || tally.referenced > 0 ? 'succeeded' : 'lack_referenced_page';
}
