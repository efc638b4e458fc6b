import { defined } from '../../../base/assert.js';
import type { Nanoseconds, Order, PageNumber } from '../../../vocabulary/units.js';
import { drainAll } from '../memory/lru.js';
import { NO_PAGES } from '../state/holds.js';
import type { Kernel } from '../state/kernel.js';
import type { Mm, Vma } from '../state/mm.js';
import { scheduleScan } from '../thp/khugepaged-list.js';
import { allowedOrders } from '../thp/thp-orders.js';
import { collapseRange } from './collapse.js';
import { collapseFileBlock } from './collapse-file.js';
import { type ScanResult, TRY_SMALLER } from './collapse-results.js';
import { countExceeded, type Mapped, scanBlock, smallNoneLimit } from './collapse-scan.js';

/** What one visit to a block did. */
export interface BlockVisit {
  readonly result: ScanResult;
  /** Units of the scan budget that it used up. */
  readonly progress: number;
  readonly collapsed: boolean;
  readonly cost: Nanoseconds;
}

/** One wake-up: spends the budget pages_to_scan on the list, then plans the next one. */
export function runKhugepaged(kernel: Kernel): void {
  const { khugepaged, thp } = kernel;
  khugepaged.timer = -1;
  const { cost, allocationFailed } = scanPass(kernel, thp.pagesToScan);
  kernel.khugepagedNs += cost;
  if (khugepaged.list.length === 0) return;
  scheduleScan(kernel, allocationFailed ? thp.allocSleepMs : Math.max(thp.scanSleepMs, cost / 1e6));
}

/**
 * Scans up to `budget` units from where it stopped last time: to the end of the list, and once around if it stood in
 * the middle (khugepaged_do_scan()).
 */
export function scanPass(kernel: Kernel, budget: number): { cost: Nanoseconds; allocationFailed: boolean } {
  const { khugepaged } = kernel;
  let left = budget;
  let cost = 0;
  drainAll(kernel);
  const scansBefore = kernel.thp.fullScans;
  const rounds = khugepaged.cursor === 0 && khugepaged.address === 0 ? 1 : 2;
  while (left > 0 && khugepaged.list.length > 0 && kernel.thp.fullScans - scansBefore < rounds) {
    const done = scanMm(kernel, left);
    left -= done.progress;
    cost += done.cost;
    if (done.allocationFailed) return { cost, allocationFailed: true };
  }
  return { cost, allocationFailed: false };
}

interface MmScan {
  readonly progress: number;
  readonly cost: Nanoseconds;
  readonly allocationFailed: boolean;
}

/** Goes on with the address space under the cursor until the budget or the address space ends. */
function scanMm(kernel: Kernel, budget: number): MmScan {
  const { khugepaged } = kernel;
  if (khugepaged.cursor >= khugepaged.list.length) startOver(kernel);
  const mm = defined(
    kernel.mms.get(khugepaged.list[khugepaged.cursor]),
    'khugepaged lists an address space that is gone',
  );
  let progress = 1;
  let cost = 0;
  for (let i = mm.indexAtOrAfter(khugepaged.address); i < mm.vmas.length; i++) {
    const vma = mm.vmas[i];
    const done = scanVma(kernel, mm, vma, budget - progress);
    progress += done.progress;
    cost += done.cost;
    if (done.allocationFailed) return { progress, cost, allocationFailed: true };
    // Killed for the memory that khugepaged wanted: it is on no list any more.
    if (progress >= budget) return { progress, cost, allocationFailed: false };
  }
  nextMm(kernel);
  return { progress, cost, allocationFailed: false };
}

function nextMm(kernel: Kernel): void {
  const { khugepaged } = kernel;
  khugepaged.address = 0;
  if (++khugepaged.cursor >= khugepaged.list.length) startOver(kernel);
}

function startOver(kernel: Kernel): void {
  kernel.khugepaged.cursor = 0;
  kernel.khugepaged.address = 0;
  kernel.thp.fullScans++;
}

function scanVma(
  kernel: Kernel,
  mm: Mm,
  vma: Vma,
  budget: number,
): { progress: number; cost: Nanoseconds; allocationFailed: boolean } {
  const { khugepaged, geometry } = kernel;
  const orders = allowedOrders(kernel, mm, vma, 'khugepaged');
  const size = geometry.pagesPerBlock;
  const last = Math.floor(vma.end / size) * size;
  let block = Math.max(Math.ceil(vma.start / size) * size, khugepaged.address);
  if (orders === 0 || block >= last) {
    khugepaged.address = vma.end;
    return { progress: 1, cost: 0, allocationFailed: false };
  }
  let progress = 0;
  let cost = 0;
  for (; block < last && progress < budget; block += size) {
    const visit = visitBlock(kernel, mm, vma, block, orders);
    progress += visit.progress;
    cost += visit.cost;
    if (mm.exiting) return { progress, cost, allocationFailed: false };
    khugepaged.address = block + size;
    if (visit.result === 'alloc_huge_page_failed') return { progress, cost, allocationFailed: true };
    if (mm.exiting) return { progress, cost, allocationFailed: false };
  }
  if (block >= last) khugepaged.address = vma.end;
  return { progress, cost, allocationFailed: false };
}

/** Looks at one block and collapses what can be (khugepaged_scan_pmd()). `orders`: those allowed for the mapping. */
export function visitBlock(kernel: Kernel, mm: Mm, vma: Vma, block: PageNumber, orders: number): BlockVisit {
  const { geometry } = kernel;
  if (!vma.isAnonymous) return visitFileBlock(kernel, mm, vma, block, orders);
  const huge = 1 << geometry.hugeOrder;
  const usable = kernel.features.khugepagedMthp ? orders : orders & huge;
  const small = (usable & ~huge) !== 0;
  if (usable === 0) return { result: 'vma_check', progress: 1, collapsed: false, cost: 0 };
  const scan = scanBlock(kernel, { mm, vma }, block, { collector: 'khugepaged', small });
  const cost = kernel.costs.visitPte * scan.progress;
  // The page table is locked while its entries are looked at.
  kernel.holds.hold(mm.id, cost, NO_PAGES, { start: block, end: block + geometry.pagesPerBlock });
  if (scan.result !== 'succeeded')
    return { result: scan.result, progress: scan.progress, collapsed: false, cost };
  const done = collapseByOrders(kernel, { mm, vma }, block, usable, scan.present);
  if (done.collapsed) kernel.thp.pagesCollapsed++;
  return { result: done.result, progress: scan.progress, collapsed: done.collapsed, cost: cost + done.cost };
}

/**
 * Tries the enabled orders over a block, largest first at each place (collapse_scan_bitmap()). What succeeds, or is
 * as large already, is passed over; what fails softly is tried in halves.
 */
function collapseByOrders(
  kernel: Kernel,
  mapped: Mapped,
  block: PageNumber,
  orders: number,
  present: Uint8Array,
): { result: ScanResult; collapsed: boolean; cost: Nanoseconds } {
  const { hugeOrder, pagesPerBlock } = kernel.geometry;
  let collapsed = false;
  let cost = 0;
  let result: ScanResult = 'lack_referenced_page';
  let order = hugeOrder;
  for (let offset = 0; offset < pagesPerBlock; ) {
    if ((orders & (1 << order)) !== 0 && hasEnough(kernel, present, offset, order)) {
      const done = collapseRange(kernel, mapped, { start: block + offset, order }, 'khugepaged');
      cost += done.cost;
      result = done.result;
      if (result === 'succeeded') collapsed = true;
      else if (result !== 'pte_mapped_hugepage' && !TRY_SMALLER.has(result))
        return { result, collapsed, cost };
      if (result === 'succeeded' || result === 'pte_mapped_hugepage') {
        offset += 2 ** order;
        order = largestAt(offset, hugeOrder);
        continue;
      }
    }
    if (order > 2 && (orders & (2 ** order - 1)) !== 0) order--;
    else {
      offset += 2 ** order;
      order = largestAt(offset, hugeOrder);
    }
  }
  return { result: collapsed ? 'succeeded' : result, collapsed, cost };
}

/** The largest order aligned to an offset in the block. */
function largestAt(offset: number, hugeOrder: Order): Order {
  return Math.min(hugeOrder, offset === 0 ? hugeOrder : 31 - Math.clz32(offset & -offset));
}

function hasEnough(kernel: Kernel, present: Uint8Array, offset: number, order: Order): boolean {
  let pages = 0;
  for (let i = offset; i < offset + 2 ** order; i++) pages += present[i];
  const holes = order === kernel.geometry.hugeOrder ? kernel.thp.maxPtesNone : smallNoneLimit(kernel, order);
  return pages >= 2 ** order - holes;
}

function visitFileBlock(kernel: Kernel, mm: Mm, vma: Vma, block: PageNumber, orders: number): BlockVisit {
  const { geometry } = kernel;
  const aligned = vma.offsetOf(block) % geometry.pagesPerBlock === 0;
  if ((orders & (1 << geometry.hugeOrder)) === 0 || !aligned)
    return { result: 'vma_check', progress: 1, collapsed: false, cost: 0 };
  const done = collapseFileBlock(kernel, mm, vma, block, 'khugepaged');
  countExceeded(kernel, done.result, geometry.hugeOrder);
  const collapsed = done.result === 'succeeded';
  if (collapsed) kernel.thp.pagesCollapsed++;
  return { result: done.result, progress: geometry.pagesPerBlock, collapsed, cost: done.cost };
}
