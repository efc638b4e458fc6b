import { defined } from '../../../base/assert.js';
import type { FrameNumber, Nanoseconds } from '../../../vocabulary/units.js';
import { freeFolio } from '../memory/allocation.js';
import { removeFromCache } from '../memory/shmem.js';
import { FOLIO } from '../state/folios.js';
import type { Kernel } from '../state/kernel.js';
import { ENTRY } from '../state/page-tables.js';
import { keepDirty, setSpecial, unmapPtes } from '../translation/entries.js';
import { splitPmdMapping } from '../translation/pmd-split.js';
import { mappingsOf } from '../translation/rmap.js';

/**
 * Writes an isolated anonymous or shmem folio to swap, whole: a run of slots for all of its pages. When there is
 * no such run the folio stays as it is; the caller splits and tries page by page.
 */
export function swapOut(kernel: Kernel, head: FrameNumber): { done: boolean; cost: Nanoseconds } {
  const { folios, swap, counters, geometry } = kernel;
  const order = folios.orderOf(head);
  const pages = 2 ** order;
  const memcg = kernel.memcgAt(folios.memcg[head]);
  const slot = memcg.swapLeft() >= pages ? swap.reserve(pages) : -1;
  if (slot < 0) {
    // Shmem leaves the page tables before it turns out that there is no swap, and stays in its cache.
    if (!folios.has(head, FOLIO.anon)) {
      unmapAll(kernel, head);
      return { done: false, cost: 0 };
    }
    if (order > 0) counters.countOrder('swpout_fallback', order);
    if (order === geometry.hugeOrder) {
      counters.count('thp_swpout_fallback');
      memcg.count('thp_swpout_fallback');
    }
    return { done: false, cost: 0 };
  }
  if (order === geometry.hugeOrder) {
    counters.count('thp_swpout');
    memcg.count('thp_swpout');
  }
  folios.set(head, FOLIO.swapCache);
  const cost = moveOut(kernel, head, slot);
  if (folios.has(head, FOLIO.anon)) freeFolio(kernel, head);
  else leaveCache(kernel, head, slot);
  return { done: true, cost };
}

/** Every mapping of every page becomes a swap entry. */
function moveOut(kernel: Kernel, head: FrameNumber, slot: number): Nanoseconds {
  const { folios } = kernel;
  const pages = folios.pagesOf(head);
  const anon = folios.has(head, FOLIO.anon);
  let compressed = 0;
  let cost = 0;
  for (let i = 0; i < pages; i++) {
    const users = anon ? replaceMappings(kernel, head + i, slot + i) : dropMappings(kernel, head + i);
    const content = folios.content[head + i];
    if (anon && users === 0) continue;
    kernel.memcgAt(folios.memcg[head]).chargeSwap(1);
    const inPool = kernel.swap.store(slot + i, content, anon ? users : 1, folios.memcg[head]);
    cost += countPageOut(kernel, head, content, inPool);
    if (inPool) compressed++;
  }
  const order = folios.orderOf(head);
  if (order > 0) kernel.counters.countOrder(compressed === pages ? 'zswpout' : 'swpout', order);
  return cost;
}

function countPageOut(kernel: Kernel, head: FrameNumber, content: number, compressed: boolean): Nanoseconds {
  const { counters, folios } = kernel;
  const memcg = kernel.memcgAt(folios.memcg[head]);
  if (content === 0) {
    counters.count('swpout_zero');
    memcg.count('swpout_zero');
    return 0;
  }
  if (compressed) {
    counters.count('zswpout');
    memcg.count('zswpout');
    return kernel.costs.zswapPage;
  }
  counters.count('pswpout');
  return kernel.costs.swapPage;
}

function replaceMappings(kernel: Kernel, frame: FrameNumber, slot: number): number {
  const { tables } = kernel;
  let users = 0;
  for (const mapping of mappingsOf(kernel, frame))
    if (mapping.leaf < 0) splitPmdMapping(kernel, mapping.mm, mapping.page);
  for (const { mm, leaf, page } of mappingsOf(kernel, frame)) {
    const kept = tables.pteBits[leaf] & (ENTRY.softDirty | ENTRY.uffdWp);
    keepDirty(kernel, leaf, 1);
    unmapPtes(kernel, mm, leaf, 1);
    setSpecial(kernel, leaf, slot, ENTRY.swap | kept);
    mm.swapEntries++;
    users++;
    kernel.flushes.tell(mm.id, page, page + 1);
  }
  return users;
}

function dropMappings(kernel: Kernel, frame: FrameNumber): number {
  let users = 0;
  for (const mapping of mappingsOf(kernel, frame))
    if (mapping.leaf < 0) splitPmdMapping(kernel, mapping.mm, mapping.page);
  for (const { mm, leaf, page } of mappingsOf(kernel, frame)) {
    keepDirty(kernel, leaf, 1);
    unmapPtes(kernel, mm, leaf, 1);
    users++;
    kernel.flushes.tell(mm.id, page, page + 1);
  }
  return users;
}

/** Takes a folio out of every page table (try_to_unmap()). */
export function unmapAll(kernel: Kernel, head: FrameNumber): void {
  const pages = kernel.folios.pagesOf(head);
  kernel.folios.set(head, FOLIO.swapCache);
  for (let frame = head; frame < head + pages; frame++) dropMappings(kernel, frame);
  kernel.folios.clear(head, FOLIO.swapCache);
}

function leaveCache(kernel: Kernel, head: FrameNumber, slot: number): void {
  const { folios } = kernel;
  const inode = defined(kernel.inodes.get(folios.owner[head]), 'a folio of the page cache has an inode');
  const index = folios.index[head];
  const pages = folios.pagesOf(head);
  for (let i = 0; i < pages; i++) inode.setSwap(index + i, slot + i);
  removeFromCache(kernel, head);
}
