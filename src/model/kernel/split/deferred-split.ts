import type { FrameNumber, Nanoseconds } from '../../../vocabulary/units.js';
import { leaveDeferredQueue } from '../memory/allocation.js';
import { FOLIO } from '../state/folios.js';
import type { Kernel } from '../state/kernel.js';
import type { Memcg } from '../state/memcg.js';
import { splitFolio, UNIFORM } from './split.js';

/** Folios that one round of light pressure looks at (SHRINK_BATCH). */
export const SHRINK_BATCH = 128;

/**
 * The thp-deferred_split shrinker on one cgroup's queue: partially mapped folios are split to base pages; folios
 * queued when they were made are split if they hold more zero-filled pages than max_ptes_none, and otherwise leave
 * the queue for good. Looks at no more than `most` folios. Returns the pages that became free.
 */
export function shrinkDeferred(
  kernel: Kernel,
  memcg: Memcg,
  most: number,
): { freed: number; cost: Nanoseconds } {
  const before = kernel.frames.freeFrames;
  let cost = 0;
  let scanned = 0;
  for (const head of [...memcg.deferred]) {
    if (scanned++ >= most) break;
    cost += shrinkOne(kernel, memcg, head);
  }
  kernel.counters.count('slabs_scanned', Math.min(scanned, most));
  return { freed: kernel.frames.freeFrames - before, cost };
}

function shrinkOne(kernel: Kernel, memcg: Memcg, head: FrameNumber): Nanoseconds {
  const { folios, counters } = kernel;
  const partial = folios.has(head, FOLIO.partiallyMapped);
  if (!partial && !isUnderused(kernel, head)) {
    leaveDeferredQueue(kernel, head);
    return kernel.costs.visitPmd;
  }
  const { error, cost } = splitFolio(kernel, head, 0, UNIFORM);
  if (error === undefined && !partial) counters.count('thp_underused_split_page');
  // A folio that could not be split goes to the end of the queue.
  if (error !== undefined && memcg.deferred.delete(head)) memcg.deferred.add(head);
  return cost;
}

/** thp_underused(): off while max_ptes_none is at its maximum; locked folios are never underused. */
function isUnderused(kernel: Kernel, head: FrameNumber): boolean {
  const { folios, thp } = kernel;
  const pages = folios.pagesOf(head);
  if (thp.maxPtesNone >= kernel.geometry.pagesPerBlock - 1 || folios.has(head, FOLIO.mlocked)) return false;
  let zero = 0;
  for (let page = head; page < head + pages; page++) {
    if (folios.content[page] === 0 && ++zero > thp.maxPtesNone) return true;
  }
  return false;
}
