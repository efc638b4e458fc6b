/**
 * The RFC's actions on the model: collapse to a chosen order and split to a chosen order. Collapse goes the way of
 * MADV_COLLAPSE, for smaller orders too, and honours what makes a mapping ineligible; what is counted is what was
 * really built or split.
 */
import type { Nanoseconds, Order, PageNumber, Pages } from '../../../vocabulary/units.js';
import { collapseRange } from '../collapse.js';
import { FOLIO } from '../folios.js';
import type { Kernel } from '../kernel.js';
import { collapseBlock } from '../madvise-collapse.js';
import { type Mm, VM, type Vma } from '../mm.js';
import { ENTRY } from '../page-tables.js';
import { splitFolio, UNIFORM } from '../split.js';
import { allowedOrders, fits } from '../thp-orders.js';
import { walkFolios } from './model-walk.js';

export interface Reordered {
  /** Pages of the folios built (collapse), or of the folios that were split. */
  readonly pages: Pages;
  readonly cost: Nanoseconds;
}

/** Builds folios of the order from every aligned range inside [start, end) that has pages and none as large. */
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
    const from = Math.ceil(Math.max(start, vma.start) / 2 ** order) * 2 ** order;
    const to = Math.min(end, vma.end);
    const done = collapseInside(kernel, mm, vma, from, to, order);
    pages += done.pages;
    cost += done.cost;
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

function collapseInside(
  kernel: Kernel,
  mm: Mm,
  vma: Vma,
  from: PageNumber,
  to: PageNumber,
  order: Order,
): Reordered {
  const { tables, geometry } = kernel;
  let pages = 0;
  let cost = 0;
  for (let page = from; page + 2 ** order <= to; ) {
    const pmd = tables.pmdOf(mm, Math.floor(page / geometry.pagesPerBlock));
    const isHuge = order === geometry.hugeOrder;
    if ((tables.pmdBits[pmd] & ENTRY.table) === 0 && !isHuge) {
      page = (Math.floor(page / geometry.pagesPerBlock) + 1) * geometry.pagesPerBlock;
      continue;
    }
    const done = isHuge ? collapseBlock(kernel, mm, vma, page) : collapseSmall(kernel, mm, vma, page, order);
    cost += done.cost;
    if (done.result === 'succeeded') pages += 2 ** order;
    page += 2 ** order;
  }
  return { pages, cost };
}

/** A range below the PMD order: something must be there, and nothing swapped, shared or guarded. */
function collapseSmall(kernel: Kernel, mm: Mm, vma: Vma, page: PageNumber, order: Order) {
  const { visitPte } = kernel.costs;
  if (!fits(vma, page, order) || !isSimple(kernel, mm, page, order)) {
    return { result: 'vma_check' as const, cost: visitPte * 2 ** order };
  }
  return collapseRange(kernel, mm, vma, page, order, 'madvise');
}

function isSimple(kernel: Kernel, mm: Mm, page: PageNumber, order: Order): boolean {
  const { tables, geometry, folios } = kernel;
  const pmd = tables.pmdOf(mm, Math.floor(page / geometry.pagesPerBlock));
  const first = tables.pmdValue[pmd] * geometry.pagesPerBlock + (page % geometry.pagesPerBlock);
  let present = 0;
  for (let entry = first; entry < first + 2 ** order; entry++) {
    const bits = tables.pteBits[entry];
    if (bits & (ENTRY.swap | ENTRY.guard | ENTRY.uffdWp)) return false;
    if ((bits & (ENTRY.present | ENTRY.zero)) !== ENTRY.present) continue;
    const head = folios.headOf(tables.pteValue[entry]);
    if (!folios.has(head, FOLIO.anon) || folios.isMaybeShared(head) || folios.orderOf(head) >= order)
      return false;
    present++;
  }
  return present > 0;
}

/** Splits every larger anonymous or shmem folio that the range reaches; a folio is never split in part. */
export function splitToOrder(
  kernel: Kernel,
  mm: Mm,
  start: PageNumber,
  end: PageNumber,
  order: Order,
): Reordered {
  let pages = 0;
  let cost = 0;
  walkFolios(kernel, mm, start, end, ({ head, order: from }) => {
    if (from <= order || !isSplittable(kernel, head, order)) {
      cost += kernel.costs.visitPte;
      return;
    }
    const done = splitFolio(kernel, head, order, UNIFORM);
    cost += done.cost;
    if (done.error === undefined) pages += 2 ** from;
  });
  return { pages, cost };
}

/** Asked before the core is, so that what it would refuse outright does not count as a failed split. */
function isSplittable(kernel: Kernel, head: number, order: Order): boolean {
  const { folios } = kernel;
  if (folios.has(head, FOLIO.locked) || folios.has(head, FOLIO.file)) return false;
  if (order === 1) return false;
  return folios.has(head, FOLIO.anon) || folios.has(head, FOLIO.shmem);
}
