import { defined } from '../../../base/assert.js';
import type { FrameNumber, Nanoseconds, Order, PageNumber } from '../../../vocabulary/units.js';
import { contentStampOf } from '../state/content.js';
import { FOLIO } from '../state/folios.js';
import type { Kernel } from '../state/kernel.js';
import type { Memcg } from '../state/memcg.js';
import type { MappedInode, Vma } from '../state/mm.js';
import { inodeOrders } from '../thp/thp-orders.js';
import { allocateFolio, countKind, EFFORT, type Effort, freeFolio } from './allocation.js';
import { addNewToLru } from './lru.js';
import { releaseSlot } from './release-slot.js';

/** The page of an inode at `offset`, read in or made as needed. `frame` −1 when there is no memory. */
export interface CachePage {
  readonly frame: FrameNumber;
  readonly cost: Nanoseconds;
  readonly major: boolean;
  /** Whether it was made for this call. */
  readonly fresh: boolean;
}

/** Finds or makes a page in an inode's cache (shmem_get_folio()), in the largest order that its rules allow. */
export function cachePage(
  kernel: Kernel,
  memcg: Memcg,
  inode: MappedInode,
  vma: Vma | undefined,
  offset: PageNumber,
): CachePage {
  const found = inode.frameAt(offset);
  if (found >= 0) return { frame: found, cost: 0, major: false, fresh: false };
  if (inode.swapAt(offset) >= 0) return swapInCachePage(kernel, memcg, inode, offset);
  let cost = 0;
  if (inode.kind === 'shmem') {
    for (const order of descending(inodeOrders(kernel, inode, vma, offset, 'fault'))) {
      if (!isRangeFree(inode, offset, order)) continue;
      const made = makeHuge(kernel, memcg, inode, offset, order);
      cost += made.cost;
      if (made.frame >= 0) return { frame: made.frame, cost, major: false, fresh: true };
    }
  }
  const base = makeFolio(kernel, memcg, { inode, offset }, 0, EFFORT.base);
  return { frame: base.frame, cost: cost + base.cost, major: inode.kind === 'file', fresh: true };
}

/** Orders of a mask, largest first. */
export function descending(orders: number): Order[] {
  const list: Order[] = [];
  for (let order = 31 - Math.clz32(orders); order >= 1; order--) if (orders & (1 << order)) list.push(order);
  return list;
}

function isRangeFree(inode: MappedInode, offset: PageNumber, order: Order): boolean {
  const start = offset - (offset % 2 ** order);
  for (let i = start; i < start + 2 ** order; i++)
    if (inode.frameAt(i) >= 0 || inode.swapAt(i) >= 0) return false;
  return true;
}

function makeHuge(
  kernel: Kernel,
  memcg: Memcg,
  inode: MappedInode,
  offset: PageNumber,
  order: Order,
): { frame: FrameNumber; cost: Nanoseconds } {
  const { counters, geometry } = kernel;
  const huge = order === geometry.hugeOrder;
  const made = makeFolio(kernel, memcg, { inode, offset }, order, EFFORT.light);
  if (made.frame >= 0) {
    counters.countOrder('shmem_alloc', order);
    if (huge) counters.count('thp_file_alloc');
  } else {
    counters.countOrder('shmem_fallback', order);
    if (huge) counters.count('thp_file_fallback');
    if (made.failure === 'charge') {
      counters.countOrder('shmem_fallback_charge', order);
      if (huge) counters.count('thp_file_fallback_charge');
    }
  }
  return made;
}

function makeFolio(
  kernel: Kernel,
  memcg: Memcg,
  { inode, offset }: { readonly inode: MappedInode; readonly offset: PageNumber },
  order: Order,
  effort: Effort,
): { frame: FrameNumber; cost: Nanoseconds; failure: string | undefined } {
  const start = offset - (offset % 2 ** order);
  const kind = { flags: cacheFlags(inode), owner: inode.number, index: start };
  const { head, failure, cost } = allocateFolio(kernel, order, memcg, kind, effort);
  if (head < 0) return { frame: -1, cost, failure };
  for (let i = 0; i < 2 ** order; i++) inode.setFrame(start + i, head + i);
  if (inode.kind === 'file') kernel.folios.content[head] = contentStampOf(inode.number, offset);
  addNewToLru(kernel, head);
  const zeroing = (kernel.costs.zeroKib * 2 ** order * kernel.geometry.pageBytes) / 1024;
  return { frame: head + (offset - start), cost: cost + zeroing, failure };
}

/** Shmem is swap-backed. Pages are born clean; a write makes them dirty. */
export function cacheFlags(inode: MappedInode): number {
  return inode.kind === 'shmem'
    ? FOLIO.shmem | FOLIO.swapBacked | FOLIO.uptodate
    : FOLIO.file | FOLIO.uptodate;
}

function swapInCachePage(kernel: Kernel, memcg: Memcg, inode: MappedInode, offset: PageNumber): CachePage {
  const slot = inode.swapAt(offset);
  const content = kernel.swap.content[slot];
  const compressed = kernel.swap.compressed[slot] === 1;
  const made = makeFolio(kernel, memcg, { inode, offset }, 0, EFFORT.base);
  if (made.frame < 0) return { frame: -1, cost: made.cost, major: true, fresh: false };
  kernel.folios.content[made.frame] = content;
  // Its copy in swap is given up, so that it must be written again.
  kernel.folios.set(kernel.folios.headOf(made.frame), FOLIO.dirty);
  const cost = countSwapIn(kernel, memcg, content, compressed);
  releaseSlot(kernel, slot);
  return { frame: made.frame, cost: made.cost + cost, major: true, fresh: true };
}

/** Counters and time of one page coming back from swap. */
export function countSwapIn(kernel: Kernel, memcg: Memcg, content: number, compressed: boolean): Nanoseconds {
  if (content === 0) {
    kernel.counters.count('swpin_zero');
    memcg.count('swpin_zero');
    return 0;
  }
  if (compressed) {
    kernel.counters.count('zswpin');
    memcg.count('zswpin');
    return kernel.costs.zswapPage;
  }
  kernel.counters.count('pswpin');
  return kernel.costs.swapPage;
}

/** Takes a folio out of its inode's cache; it must be unmapped. Its swap copies, if any, were noted by the caller. */
export function removeFromCache(kernel: Kernel, head: FrameNumber): void {
  const { folios } = kernel;
  const inode = defined(kernel.inodes.get(folios.owner[head]), 'a folio of the page cache has an inode');
  const index = folios.index[head];
  for (let i = 0; i < folios.pagesOf(head); i++)
    if (inode.frameAt(index + i) === head + i) inode.clear(index + i);
  if (folios.pins[head] > 0) orphan(kernel, head);
  else freeFolio(kernel, head);
}

/** Memory with a reference outlives its place in the cache, and is freed with the last of them. */
function orphan(kernel: Kernel, head: FrameNumber): void {
  const { folios } = kernel;
  const memcg = kernel.memcgAt(folios.memcg[head]);
  countKind(kernel, memcg, folios.flags[head], folios.orderOf(head), -folios.pagesOf(head));
  folios.clear(head, FOLIO.shmem | FOLIO.file);
}

/** Drops a whole inode: its pages must be unmapped. */
export function dropInode(kernel: Kernel, inode: MappedInode): void {
  for (const offset of [...inode.offsets()]) {
    const slot = inode.swapAt(offset);
    if (slot >= 0) {
      releaseSlot(kernel, slot);
      inode.clear(offset);
      continue;
    }
    const frame = inode.frameAt(offset);
    if (frame >= 0) removeFromCache(kernel, kernel.folios.headOf(frame));
  }
  kernel.inodes.delete(inode.number);
}
