/**
 * The RFC's actions on the model: collapse to a chosen order and split to a chosen order. Collapse goes the way of
 * MADV_COLLAPSE, for smaller orders too, and honours what makes a mapping ineligible; what is counted is what was
 * really built or split.
 */
import type {
  FrameNumber,
  Nanoseconds,
  Order,
  PageNumber,
  PageRange,
  Pages,
} from '../../../vocabulary/units.js';
import { collapseRange } from '../collapse.js';
import { type ScanResult, SOFT_FAILURES } from '../collapse-results.js';
import { type BlockScan, scanBlock } from '../collapse-scan.js';
import { firstEntry } from '../entries.js';
import { FOLIO } from '../folios.js';
import type { Kernel } from '../kernel.js';
import { collapseBlock } from '../madvise-collapse.js';
import { type Mm, VM, type Vma } from '../mm.js';
import { splitFolio, UNIFORM } from '../split.js';
import { allowedOrders } from '../thp-orders.js';
import { walkFolios } from './model-walk.js';

export interface Reordered {
  /** Pages of the folios built (collapse), or of the folios that were split. */
  readonly pages: Pages;
  readonly cost: Nanoseconds;
}

/**
 * Builds folios of the order from every aligned range inside [start, end) that has pages and none as large
 * (damos_va_collapse()). Without memory for new folios the mappings behind are left as they are.
 */
export function collapseToOrder(
  kernel: Kernel,
  mm: Mm,
  start: PageNumber,
  end: PageNumber,
  order: Order,
): Reordered {
  let pages = 0;
  let cost = kernel.costs.drainAll;
  for (const vma of mm.vmas.slice(mm.indexAtOrAfter(start))) {
    if (vma.start >= end) break;
    if (!isEligible(kernel, mm, vma, order)) continue;
    const size = 2 ** order;
    const within = {
      start: Math.ceil(Math.max(start, vma.start) / size) * size,
      end: Math.floor(Math.min(end, vma.end) / size) * size,
    };
    const done = collapseInside(kernel, mm, vma, within, order);
    pages += done.pages;
    cost += done.cost;
    if (done.result === 'alloc_huge_page_failed') break;
  }
  return { pages, cost };
}

/**
 * As for MADV_COLLAPSE: not where advised against, special, never faulted, or with THP disabled for the process;
 * the sysfs policy does not matter. Below the PMD order only anonymous memory.
 */
function isEligible(kernel: Kernel, mm: Mm, vma: Vma, order: Order): boolean {
  if (order === kernel.geometry.hugeOrder)
    return (allowedOrders(kernel, mm, vma, 'collapse') >> order) % 2 === 1;
  if (vma.flags & (VM.special | VM.noHugepage) || mm.thpDisable === 'complete') return false;
  return vma.isAnonymous && vma.hasAnonPages;
}

interface Collapse extends Reordered {
  readonly result: ScanResult;
}

/** The blocks of a mapping that overlap with the range; one that the mapping does not span is left alone. */
function collapseInside(kernel: Kernel, mm: Mm, vma: Vma, within: PageRange, order: Order): Collapse {
  const { pagesPerBlock, hugeOrder } = kernel.geometry;
  const first = Math.max(Math.floor(within.start / pagesPerBlock), Math.ceil(vma.start / pagesPerBlock));
  const last = Math.min(Math.ceil(within.end / pagesPerBlock), Math.floor(vma.end / pagesPerBlock));
  let pages = 0;
  let cost = 0;
  if (within.start >= within.end) return { result: 'succeeded', pages, cost };
  for (let block = first; block < last; block++) {
    const at = block * pagesPerBlock;
    const done =
      order === hugeOrder
        ? collapseHuge(kernel, mm, vma, at)
        : collapseParts(kernel, mm, vma, at, within, order);
    pages += done.pages;
    cost += done.cost;
    if (!MAY_GO_ON.has(done.result)) return { result: done.result, pages, cost };
  }
  return { result: 'succeeded', pages, cost };
}

/** What does not end a collapse below the PMD order: the soft failures, and that there was nothing to do. */
const MAY_GO_ON: ReadonlySet<ScanResult> = new Set<ScanResult>([
  ...SOFT_FAILURES,
  'succeeded',
  'pmd_mapped',
  'pte_mapped_hugepage',
  'exceed_none_pte',
]);

function collapseHuge(kernel: Kernel, mm: Mm, vma: Vma, block: PageNumber): Collapse {
  const done = collapseBlock(kernel, mm, vma, block);
  return { ...done, pages: done.result === 'succeeded' ? kernel.geometry.pagesPerBlock : 0 };
}

/** One page table: its scan, and then the aligned ranges in it that have a page to start from (mthp_collapse()). */
function collapseParts(
  kernel: Kernel,
  mm: Mm,
  vma: Vma,
  block: PageNumber,
  within: PageRange,
  order: Order,
): Collapse {
  const scan = scanBlock(kernel, mm, vma, block, 'madvise', true, within);
  let cost = kernel.costs.visitPte * scan.progress;
  if (scan.result !== 'succeeded') return { result: scan.result, pages: 0, cost };
  const size = 2 ** order;
  let pages = 0;
  let result: ScanResult = 'succeeded';
  for (let at = 0; at < kernel.geometry.pagesPerBlock; at += size) {
    if (!hasSmaller(kernel, mm, block, at, order, scan)) continue;
    const done = collapseRange(kernel, mm, vma, block + at, order, 'madvise');
    cost += done.cost;
    if (done.result === 'succeeded') pages += size;
    else result = done.result;
    if (done.result === 'cgroup_charge_failed') break;
  }
  return { result: pages > 0 ? 'succeeded' : result, pages, cost };
}

/** Whether a page of a folio below the order is in [at, at + 2^order) of the block, by what the scan has found. */
function hasSmaller(
  kernel: Kernel,
  mm: Mm,
  block: PageNumber,
  at: Pages,
  order: Order,
  scan: BlockScan,
): boolean {
  const { tables, geometry, folios } = kernel;
  const entries = firstEntry(kernel, tables.pmdOf(mm, block / geometry.pagesPerBlock));
  for (let i = at; i < at + 2 ** order; i++) {
    if (scan.present[i] === 0) continue;
    if (folios.orderOf(folios.headOf(tables.pteValue[entries + i])) < order) return true;
  }
  return false;
}

/**
 * Splits the larger folios of anonymous memory and shmem that lie in the range as a whole (damos_va_split()).
 * `passes` is asked for each folio that the range reaches, also for those that are left alone then.
 */
export function splitToOrder(
  kernel: Kernel,
  mm: Mm,
  start: PageNumber,
  end: PageNumber,
  order: Order,
  passes: (head: FrameNumber) => boolean,
): Reordered {
  let pages = 0;
  let cost = 0;
  walkFolios(kernel, mm, start, end, ({ page, head, index, order: from }) => {
    cost += kernel.costs.visitPte;
    if (!passes(head)) return;
    if (page - index < start || page - index + 2 ** from > end) return;
    const done = splitOne(kernel, head, order);
    cost += done.cost;
    pages += done.pages;
  });
  return { pages, cost };
}

/** One folio, if it is larger and nobody else is using it (damos_split_folio()). */
export function splitOne(kernel: Kernel, head: FrameNumber, order: Order): Reordered {
  const from = kernel.folios.orderOf(head);
  if (from <= order || !isSplittable(kernel, head, order)) return { pages: 0, cost: 0 };
  const done = splitFolio(kernel, head, order, UNIFORM);
  return { pages: done.error === undefined ? 2 ** from : 0, cost: done.cost };
}

/** Asked before the core is, so that what it would refuse outright does not count as a failed split. */
function isSplittable(kernel: Kernel, head: number, order: Order): boolean {
  const { folios } = kernel;
  if (folios.has(head, FOLIO.locked) || folios.has(head, FOLIO.file)) return false;
  if (order === 1) return false;
  return folios.has(head, FOLIO.anon) || folios.has(head, FOLIO.shmem);
}
