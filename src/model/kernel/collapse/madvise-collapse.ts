import type { PageNumber } from '../../../vocabulary/units.js';
import { drainAll } from '../memory/lru.js';
import type { Outcome } from '../split/split.js';
import type { Kernel } from '../state/kernel.js';
import type { Mm, Vma } from '../state/mm.js';
import { allowedOrders, fits } from '../thp/thp-orders.js';
import { type Collapsed, collapseRange } from './collapse.js';
import { collapseFileBlock } from './collapse-file.js';
import { collapseErrno, type ScanResult, SOFT_FAILURES } from './collapse-results.js';
import { scanBlock } from './collapse-scan.js';

/**
 * MADV_COLLAPSE on a part of one mapping (madvise_collapse()): every whole aligned block in it becomes huge, whatever
 * sysfs says. A range without such a block succeeds and does nothing (but see KernelFeatures.collapseInsideFails). Soft
 * failures go on with the next block; the errno is the last failure's.
 */
export function madviseCollapse(
  kernel: Kernel,
  mm: Mm,
  vma: Vma,
  start: PageNumber,
  end: PageNumber,
): Outcome {
  const { pagesPerBlock, hugeOrder } = kernel.geometry;
  if ((allowedOrders(kernel, mm, vma, 'collapse') & (1 << hugeOrder)) === 0)
    return { error: 'EINVAL', cost: 0 };
  const first = Math.ceil(start / pagesPerBlock) * pagesPerBlock;
  const last = Math.floor(end / pagesPerBlock) * pagesPerBlock;
  if (last < first && kernel.features.collapseInsideFails) return { error: 'EINVAL', cost: 0 };
  if (last <= first) return { error: undefined, cost: 0 };
  let failure: ScanResult | undefined;
  let cost = drainAll(kernel);
  for (let block = first; block < last; block += pagesPerBlock) {
    const done = collapseBlock(kernel, mm, vma, block);
    cost += done.cost;
    if (done.result === 'succeeded' || done.result === 'pmd_mapped') continue;
    failure = done.result;
    if (!SOFT_FAILURES.has(done.result)) break;
  }
  return { error: failure === undefined ? undefined : collapseErrno(failure), cost };
}

/** One block of a mapping, as MADV_COLLAPSE and DAMOS do it. */
export function collapseBlock(kernel: Kernel, mm: Mm, vma: Vma, block: PageNumber): Collapsed {
  const { geometry, costs } = kernel;
  if (!fits(vma, block, geometry.hugeOrder)) return { result: 'address_range', cost: 0 };
  if (!vma.isAnonymous) return collapseFileBlock(kernel, mm, vma, block, 'madvise');
  const scan = scanBlock(kernel, { mm, vma }, block, { collector: 'madvise', small: false });
  if (scan.result === 'pmd_mapped') return { result: scan.result, cost: costs.collapseSkip };
  if (scan.result !== 'succeeded') return { result: scan.result, cost: costs.collapseFailed };
  const done = collapseRange(kernel, { mm, vma }, { start: block, order: geometry.hugeOrder }, 'madvise');
  return { result: done.result, cost: done.cost };
}
