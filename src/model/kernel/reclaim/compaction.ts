import type { FrameNumber, Nanoseconds, Order } from '../../../vocabulary/units.js';
import { addToLru, drainAll, removeFromLru } from '../memory/lru.js';
import { splitFolio, UNIFORM } from '../split/split.js';
import { FOLIO } from '../state/folios.js';
import { FRAME, NO_FRAME } from '../state/frames.js';
import type { Kernel } from '../state/kernel.js';
import { mappingsOf } from '../translation/rmap.js';

/** Blocks looked at before compaction gives up: the most free ones of a window that moves on with each call. */
const WINDOW = 1024;

/**
 * Makes a free block of `order` by moving what is in the way (compact_zone_order()): the least used block without
 * pinned or unmovable pages is emptied, folio by folio. Returns whether a block of that order is free now, and what the
 * search and the moves took.
 */
export function compact(kernel: Kernel, order: Order): { made: boolean; cost: Nanoseconds } {
  if (order < 1 || order > kernel.geometry.hugeOrder) return { made: false, cost: 0 };
  drainAll(kernel);
  const looked = Math.min(WINDOW, kernel.frames.usedInBlock.length) * kernel.costs.visitPmd;
  const block = chooseBlock(kernel);
  if (block < 0) return { made: false, cost: looked };
  const cost = looked + emptyBlock(kernel, block);
  return { made: kernel.frames.available(order) > 0, cost };
}

/** Huge blocks that kcompactd makes free in one go, at most. */
const KCOMPACTD_BLOCKS = 16;

/** kcompactd: makes a few huge blocks free, as long as it finds any. */
export function runKcompactd(kernel: Kernel): void {
  for (let made = 0; made < KCOMPACTD_BLOCKS; made++) {
    const before = kernel.frames.available(kernel.geometry.hugeOrder);
    const { cost } = kernel.flushes.batch(() => compact(kernel, kernel.geometry.hugeOrder));
    kernel.kcompactdNs += cost;
    if (kernel.frames.available(kernel.geometry.hugeOrder) <= before) break;
  }
}

function chooseBlock(kernel: Kernel): number {
  const { frames, geometry } = kernel;
  const blocks = frames.usedInBlock.length;
  let best = -1;
  for (let step = 0; step < Math.min(WINDOW, blocks); step++) {
    const block = (kernel.compactCursor + step) % blocks;
    const used = frames.usedInBlock[block];
    if (
      used === 0 ||
      used === geometry.pagesPerBlock ||
      used > frames.freeFrames - geometry.pagesPerBlock + used
    )
      continue;
    if (best >= 0 && used >= frames.usedInBlock[best]) continue;
    if (isMovable(kernel, block)) best = block;
  }
  kernel.compactCursor = (kernel.compactCursor + WINDOW) % blocks;
  return best;
}

function isMovable(kernel: Kernel, block: number): boolean {
  const { frames, geometry, folios } = kernel;
  const end = (block + 1) * geometry.pagesPerBlock;
  for (let frame = block * geometry.pagesPerBlock; frame < end; ) {
    if (!frames.isAllocated(frame)) {
      frame++;
      continue;
    }
    if (frames.state[frame] & FRAME.reserved || !canMove(kernel, folios.headOf(frame))) return false;
    frame += folios.pagesOf(frame);
  }
  return true;
}

function canMove(kernel: Kernel, head: FrameNumber): boolean {
  const { folios } = kernel;
  return folios.has(head, FOLIO.lru) && folios.pins[head] === 0;
}

function emptyBlock(kernel: Kernel, block: number): Nanoseconds {
  const { frames, geometry, folios, counters } = kernel;
  const end = (block + 1) * geometry.pagesPerBlock;
  let cost = 0;
  for (let frame = block * geometry.pagesPerBlock; frame < end; ) {
    counters.count('compact_migrate_scanned');
    if (!frames.isAllocated(frame)) {
      frame++;
      continue;
    }
    splitIfPartlyMapped(kernel, frame);
    if (!frames.isAllocated(frame)) continue;
    const pages = folios.pagesOf(frame);
    const moved = moveElsewhere(kernel, frame, block);
    counters.count(moved ? 'pgmigrate_success' : 'pgmigrate_fail', pages);
    if (!moved) break;
    cost += kernel.costs.compactPage * pages;
    frame += pages;
  }
  return cost;
}

/** A folio of which pages were unmapped is split before it moves, and only what is left of it moves (migrate_pages_batch()). */
function splitIfPartlyMapped(kernel: Kernel, head: FrameNumber): void {
  if (kernel.folios.has(head, FOLIO.partiallyMapped)) splitFolio(kernel, head, 0, UNIFORM);
}

/** Finds a target outside the block (frames taken inside it meanwhile are given back afterwards) and moves there. */
function moveElsewhere(kernel: Kernel, head: FrameNumber, block: number): boolean {
  const { frames, folios, geometry } = kernel;
  const order = folios.orderOf(head);
  const refused: FrameNumber[] = [];
  let target = frames.allocate(order);
  while (target !== NO_FRAME && Math.floor(target / geometry.pagesPerBlock) === block) {
    refused.push(target);
    target = frames.allocate(order);
  }
  for (const frame of refused) frames.free(frame, order);
  if (target === NO_FRAME) return false;
  moveFolio(kernel, head, target);
  return true;
}

/** migrate_folio(): the same folio in other frames; every mapping follows. `target` has the same order. */
export function moveFolio(kernel: Kernel, head: FrameNumber, target: FrameNumber): void {
  const { folios, frames } = kernel;
  const order = folios.orderOf(head);
  const pages = 2 ** order;
  const listed = folios.has(head, FOLIO.lru);
  if (listed) removeFromLru(kernel, head);
  redirect(kernel, head, target, pages);
  moveColumns(kernel, head, target, pages);
  if (listed) addToLru(kernel, target);
  frames.free(head, order);
}

function redirect(kernel: Kernel, head: FrameNumber, target: FrameNumber, pages: number): void {
  const { folios, tables } = kernel;
  for (let i = 0; i < pages; i++) {
    for (const { mm, leaf, page } of mappingsOf(kernel, head + i)) {
      if (leaf >= 0) tables.pteValue[leaf] = target + i;
      else if (i === 0) tables.pmdValue[~leaf] = target;
      kernel.flushes.tell(mm.id, page, page + 1);
    }
  }
  const inode = folios.has(head, FOLIO.anon) ? undefined : kernel.inodes.get(folios.owner[head]);
  if (inode === undefined) return;
  for (let i = 0; i < pages; i++) inode.setFrame(folios.index[head] + i, target + i);
}

function moveColumns(kernel: Kernel, head: FrameNumber, target: FrameNumber, pages: number): void {
  const { folios } = kernel;
  const memcg = kernel.memcgAt(folios.memcg[head]);
  if (folios.has(head, FOLIO.deferred)) {
    memcg.deferred.delete(head);
    memcg.deferred.add(target);
  }
  for (const column of [
    folios.flags,
    folios.entireMaps,
    folios.mappedPages,
    folios.totalMaps,
    folios.pins,
    folios.memcg,
    folios.owner,
    folios.index,
  ]) {
    column[target] = column[head];
    column[head] = 0;
  }
  for (const column of [folios.mmSlots, folios.mmSlotMaps]) {
    column.copyWithin(target * 2, head * 2, head * 2 + 2);
    column.fill(0, head * 2, head * 2 + 2);
  }
  for (const column of [folios.maps, folios.page, folios.content]) {
    column.copyWithin(target, head, head + pages);
    column.fill(0, head, head + pages);
  }
}
