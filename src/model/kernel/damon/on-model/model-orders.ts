/**
 * The orders of DAMOS on the model: collapse to a chosen order and split to a chosen order. Collapse goes the way of
 * MADV_COLLAPSE, for smaller orders too, and honours what makes a mapping ineligible; what is counted is what was
 * really built or split.
 */
import type { Nanoseconds, Order, PageNumber, PageRange, Pages } from '../../../../vocabulary/units.js';
import { collapseRange, type Target } from '../../collapse/collapse.js';
import { OUT_OF_MEMORY, type ScanResult, SOFT_FAILURES } from '../../collapse/collapse-results.js';
import {
  type BlockScan,
  isUffdArmed,
  type Mapped,
  scanBlock,
  smallNoneLimit,
} from '../../collapse/collapse-scan.js';
import { collapseBlock } from '../../collapse/madvise-collapse.js';
import { splitFolio, UNIFORM } from '../../split/split.js';
import { FOLIO } from '../../state/folios.js';
import type { Kernel } from '../../state/kernel.js';
import type { Mm, Vma } from '../../state/mm.js';
import { ENTRY } from '../../state/page-tables.js';
import { allowedOrders } from '../../thp/thp-orders.js';
import { firstEntry } from '../../translation/entries.js';

/** What one change of order came to. */
export interface Reordered {
  /** Pages of the folios built (collapse), or of the folio that was split. */
  readonly pages: Pages;
  readonly cost: Nanoseconds;
}

/** What collapsing came to. */
export interface Collapsed extends Reordered {
  /** It ended for want of memory, of the machine or of the memory cgroup. */
  readonly outOfMemory: boolean;
}

interface Tally {
  pages: Pages;
  cost: Nanoseconds;
}

/**
 * Builds folios of the order from every aligned range inside [start, end) that has pages and none as large. What a
 * VMA fails with does not keep the next one from being tried, only a lack of memory does.
 */
export function collapseToOrder(
  kernel: Kernel,
  mm: Mm,
  start: PageNumber,
  end: PageNumber,
  order: Order,
): Collapsed {
  const tally: Tally = { pages: 0, cost: 0 };
  for (const vma of mm.vmas.slice(mm.indexAtOrAfter(start))) {
    if (vma.start >= end) break;
    if (!isEligible(kernel, mm, vma, order)) continue;
    const inside = { start: Math.max(start, vma.start), end: Math.min(end, vma.end) };
    const result = collapseInside(kernel, { mm, vma }, inside, order, tally);
    if (OUT_OF_MEMORY.has(result)) return { ...tally, outOfMemory: true };
    if (mm.exiting) break;
  }
  return { ...tally, outOfMemory: false };
}

/**
 * As for MADV_COLLAPSE: not where advised against, special, never faulted, or with THP disabled for the process;
 * the sysfs policy does not matter. Below the PMD order only anonymous memory.
 */
function isEligible(kernel: Kernel, mm: Mm, vma: Vma, order: Order): boolean {
  const { hugeOrder } = kernel.geometry;
  if (order < hugeOrder && !vma.isAnonymous) return false;
  return (allowedOrders(kernel, mm, vma, 'collapse') >> hugeOrder) % 2 === 1;
}

/** What does not end the collapse of a VMA: the soft failures, and that there was nothing to do. */
const MAY_GO_ON: ReadonlySet<ScanResult> = new Set<ScanResult>([
  ...SOFT_FAILURES,
  'succeeded',
  'pmd_mapped',
  'pte_mapped_hugepage',
  'exceed_none_pte',
  'swap_in_failed',
]);

/** Goes through the PMD ranges that lie in the VMA whole and that an aligned block of the range reaches. */
function collapseInside(
  kernel: Kernel,
  mapped: Mapped,
  inside: PageRange,
  order: Order,
  tally: Tally,
): ScanResult {
  const { pagesPerBlock, hugeOrder } = kernel.geometry;
  const { vma } = mapped;
  const up = (page: number, size: number) => Math.ceil(page / size) * size;
  const down = (page: number, size: number) => Math.floor(page / size) * size;
  const bounds = { start: up(inside.start, 2 ** order), end: down(inside.end, 2 ** order) };
  if (bounds.start >= bounds.end) return 'succeeded';
  const first = Math.max(down(bounds.start, pagesPerBlock), up(vma.start, pagesPerBlock));
  const last = Math.min(up(bounds.end, pagesPerBlock), down(vma.end, pagesPerBlock));
  for (let block = first; block < last; block += pagesPerBlock) {
    const result =
      order === hugeOrder
        ? collapseHuge(kernel, mapped, block, tally)
        : collapseSmall(kernel, mapped, { block, bounds, order }, tally);
    if (!MAY_GO_ON.has(result)) return result;
  }
  return 'succeeded';
}

function collapseHuge(kernel: Kernel, { mm, vma }: Mapped, block: PageNumber, tally: Tally): ScanResult {
  const done = collapseBlock(kernel, mm, vma, block);
  tally.cost += done.cost;
  if (done.result === 'succeeded') tally.pages += kernel.geometry.pagesPerBlock;
  return done.result;
}

/** Blocks of a smaller order within the bounds, in the page table of one PMD range. */
interface SmallBlocks {
  readonly block: PageNumber;
  readonly bounds: PageRange;
  readonly order: Order;
}

/**
 * One page table: its scan, which one page that cannot move ends, and then the blocks of the order that have a page of
 * a smaller folio to start from (mthp_collapse()).
 */
function collapseSmall(
  kernel: Kernel,
  mapped: Mapped,
  { block, bounds, order }: SmallBlocks,
  tally: Tally,
): ScanResult {
  const { mm } = mapped;
  const scan = scanBlock(kernel, mapped, block, { collector: 'madvise', small: true, within: bounds });
  tally.cost += kernel.costs.visitPte * scan.progress;
  if (scan.result !== 'succeeded') return scan.result;
  const size = 2 ** order;
  let last: ScanResult = 'succeeded';
  let built = 0;
  for (let at = 0; at < kernel.geometry.pagesPerBlock; at += size) {
    if (!isCandidate(kernel, mapped, { start: block + at, order }, scan)) continue;
    const done = collapseRange(kernel, mapped, { start: block + at, order }, 'madvise');
    tally.cost += done.cost;
    if (done.result === 'succeeded') built += size;
    else last = done.result;
    if (OUT_OF_MEMORY.has(done.result) || mm.exiting) break;
  }
  tally.pages += built;
  return built > 0 && !OUT_OF_MEMORY.has(last) && !mm.exiting ? 'succeeded' : last;
}

/**
 * Whether the range is tried, by what the scan has found: enough pages, none of a folio of the
 * order or larger, and no hole that a userfaultfd handler would fill.
 */
function isCandidate(
  kernel: Kernel,
  { mm, vma }: Mapped,
  { start, order }: Target,
  scan: BlockScan,
): boolean {
  const { tables, geometry, folios } = kernel;
  const entries = firstEntry(kernel, tables.pmdOf(mm, Math.floor(start / geometry.pagesPerBlock)));
  const at = start % geometry.pagesPerBlock;
  let present = 0;
  for (let i = at; i < at + 2 ** order; i++) {
    if (scan.present[i] === 0) {
      if (isUffdArmed(vma) && (tables.pteBits[entries + i] & ENTRY.swap) === 0) return false;
      continue;
    }
    if (folios.orderOf(folios.headOf(tables.pteValue[entries + i])) >= order) return false;
    present++;
  }
  return present >= 2 ** order - smallNoneLimit(kernel, order);
}

/**
 * Splits one anonymous or shmem folio into pieces of the order, if it is larger. What is locked, written back, or in
 * the swap cache (but for single pages) is not even tried; pinned folios are refused, which counts as split_failed.
 */
export function splitToOrder(kernel: Kernel, head: number, order: Order): Reordered {
  const { folios, costs } = kernel;
  const from = folios.orderOf(head);
  if (from <= order || !isSplittable(kernel, head, order)) return { pages: 0, cost: costs.visitPte };
  const done = splitFolio(kernel, head, order, UNIFORM);
  return { pages: done.error === undefined ? 2 ** from : 0, cost: done.cost };
}

function isSplittable({ folios }: Kernel, head: number, order: Order): boolean {
  if (order === 1 || folios.has(head, FOLIO.locked | FOLIO.writeback | FOLIO.file)) return false;
  if (order > 0 && folios.has(head, FOLIO.swapCache)) return false;
  return folios.has(head, FOLIO.anon) || folios.has(head, FOLIO.shmem);
}
