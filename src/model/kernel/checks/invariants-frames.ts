import { lruHead } from '../memory/lru.js';
import { FOLIO } from '../state/folios.js';
import { FRAME } from '../state/frames.js';
import type { Kernel } from '../state/kernel.js';
import { LRU_LISTS } from '../state/memcg.js';
import type { Tally } from './invariants-mappings.js';
import type { Report } from './report.js';

/** Every frame is either in one free block or in one allocation; lists, totals and block counts agree. */
export function checkBuddy(kernel: Kernel, report: Report): void {
  const { frames } = kernel;
  let free = frames.count - frames.untouchedFrom;
  const blocks = new Array<number>(frames.maxOrder + 1).fill(0);
  const used = new Map<number, number>();
  for (let frame = 0; frame < frames.untouchedFrom; ) {
    const state = frames.state[frame];
    const pages = 2 ** (state & FRAME.orderMask);
    if (state & FRAME.freeHead) {
      free += pages;
      blocks[state & FRAME.orderMask]++;
      checkFreeBlock(kernel, frame, state & FRAME.orderMask, report);
    } else if (state & FRAME.allocated) {
      for (let i = 0; i < pages; i++) {
        const block = (frame + i) >>> frames.hugeOrder;
        used.set(block, (used.get(block) ?? 0) + 1);
        if (frames.state[frame + i] !== state) report(`frame ${frame + i}: state differs within its folio`);
      }
    } else report(`frame ${frame}: neither free nor allocated`);
    frame += pages;
  }
  if (free !== frames.freeFrames) report(`${frames.freeFrames} free frames, counted ${free}`);
  if (blocks.join() !== [...frames.freeBlocks].join())
    report(`free blocks ${[...frames.freeBlocks].join()}, counted ${blocks.join()}`);
  for (let block = 0; block < frames.usedInBlock.length; block++)
    if (frames.usedInBlock[block] !== (used.get(block) ?? 0))
      report(`block ${block}: used frames miscounted`);
}

function checkFreeBlock(kernel: Kernel, frame: number, order: number, report: Report): void {
  const { frames } = kernel;
  if (frame % 2 ** order !== 0) report(`free block ${frame}: not aligned to order ${order}`);
  for (let i = 1; i < 2 ** order; i++)
    if (frames.state[frame + i] !== 0) report(`frame ${frame + i}: not free in a free block`);
  const buddy = (frame ^ (1 << order)) >>> 0;
  if (order < frames.maxOrder && frames.state[buddy] === (FRAME.freeHead | order))
    report(`free block ${frame}: its buddy is free, too`);
  if (frames.next[frames.previous[frame]] !== frame) report(`free block ${frame}: not linked`);
}

/** Mapping counts of every folio agree with the page tables; nothing is allocated that nothing refers to. */
export function checkFolios(kernel: Kernel, tally: Tally, report: Report): void {
  const { frames, folios } = kernel;
  for (let frame = 0; frame < frames.untouchedFrom; ) {
    const state = frames.state[frame];
    const pages = 2 ** (state & FRAME.orderMask);
    if (state & FRAME.allocated && (state & FRAME.reserved) === 0)
      checkFolio(kernel, frame, pages, tally, report);
    else if (folios.flags[frame] !== 0 && (state & FRAME.reserved) === 0)
      report(`frame ${frame}: free with flags`);
    frame += pages;
  }
}

function checkFolio(kernel: Kernel, head: number, pages: number, tally: Tally, report: Report): void {
  const { folios } = kernel;
  let mapped = 0;
  let ptes = 0;
  for (let frame = head; frame < head + pages; frame++) {
    if (folios.maps[frame] !== tally.ptes[frame])
      report(`frame ${frame}: ${folios.maps[frame]} PTEs noted, ${tally.ptes[frame]} there`);
    if (tally.ptes[frame] > 0) mapped++;
    ptes += tally.ptes[frame];
  }
  const noted = [folios.mappedPages[head], folios.entireMaps[head], folios.totalMaps[head]].join();
  const counted = [mapped, tally.pmds[head], ptes + tally.pmds[head]].join();
  if (noted !== counted) report(`folio ${head}: mapped pages, PMDs, total are ${noted}, counted ${counted}`);
  checkReferred(kernel, head, pages, report);
}

function checkReferred(kernel: Kernel, head: number, pages: number, report: Report): void {
  const { folios } = kernel;
  const flags = folios.flags[head];
  if (flags & FOLIO.isolated && folios.pins[head] === 0) report(`folio ${head}: left isolated`);
  if (flags & FOLIO.swapCache) report(`folio ${head}: left in the swap cache`);
  if (flags & FOLIO.pageTable) return;
  if (flags & FOLIO.anon) {
    if (folios.totalMaps[head] === 0 && folios.pins[head] === 0)
      report(`folio ${head}: anonymous and mapped by nobody`);
    if ((flags & (FOLIO.lru | FOLIO.batched)) === 0) report(`folio ${head}: on no LRU list`);
    return;
  }
  if ((flags & (FOLIO.shmem | FOLIO.file)) === 0 && folios.pins[head] > 0) return;
  const inode = kernel.inodes.get(folios.owner[head]);
  if (inode === undefined) {
    report(`folio ${head}: of no kind (flags ${flags.toString(16)})`);
    return;
  }
  for (let i = 0; i < pages; i++)
    if (inode.frameAt(folios.index[head] + i) !== head + i) report(`folio ${head}: not in its inode's cache`);
}

/** Batches hold exactly the base pages that say so, and none that is on a list. */
function checkBatches(kernel: Kernel, report: Report): void {
  const { frames, folios } = kernel;
  let waiting = 0;
  for (const batch of kernel.lruBatches) {
    waiting += batch.length;
    for (const head of batch)
      if (!folios.has(head, FOLIO.batched) || folios.has(head, FOLIO.lru) || folios.orderOf(head) !== 0)
        report(`folio ${head}: in a batch without belonging there`);
  }
  let flagged = 0;
  for (let frame = 0; frame < frames.untouchedFrom; frame += 2 ** (frames.state[frame] & FRAME.orderMask))
    if (folios.has(frame, FOLIO.batched)) flagged++;
  if (flagged !== waiting) report(`${flagged} folios say they wait in a batch, ${waiting} do`);
}

/** LRU lists and deferred-split queues hold exactly the folios that say so. */
export function checkLists(kernel: Kernel, report: Report): void {
  const { frames, folios } = kernel;
  let listed = 0;
  for (const memcg of kernel.memcgs) {
    if (memcg === undefined) continue;
    for (let list = 0; list < LRU_LISTS; list++) {
      const end = lruHead(kernel, memcg.id, list);
      let pages = 0;
      for (let frame = frames.next[end]; frame !== end; frame = frames.next[frame]) {
        listed++;
        pages += folios.pagesOf(frame);
        if (!folios.has(frame, FOLIO.lru)) report(`folio ${frame}: listed without the flag`);
        if (folios.memcg[frame] !== memcg.id) report(`folio ${frame}: on the list of another cgroup`);
      }
      if (pages !== memcg.lruPages[list])
        report(`cgroup ${memcg.path}: list ${list} holds ${pages} pages, not ${memcg.lruPages[list]}`);
    }
    for (const head of memcg.deferred)
      if (!folios.has(head, FOLIO.deferred)) report(`folio ${head}: queued for a split without the flag`);
  }
  checkBatches(kernel, report);
  let flagged = 0;
  let deferred = 0;
  let queued = 0;
  for (let frame = 0; frame < frames.untouchedFrom; frame += 2 ** (frames.state[frame] & FRAME.orderMask)) {
    if (folios.has(frame, FOLIO.lru)) flagged++;
    if (folios.has(frame, FOLIO.deferred)) deferred++;
  }
  for (const memcg of kernel.memcgs) queued += memcg?.deferred.size ?? 0;
  if (flagged !== listed) report(`${flagged} folios say they are on a list, ${listed} are`);
  if (deferred !== queued) report(`${deferred} folios say they wait for a split, ${queued} do`);
}
