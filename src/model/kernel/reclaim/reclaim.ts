import type { FrameNumber, Nanoseconds, Pages } from '../../../vocabulary/units.js';
import { freeFolio, watermarks } from '../memory/allocation.js';
import { addToLru, drainLocal, isolate, lruHead, putBack } from '../memory/lru.js';
import { removeFromCache } from '../memory/shmem.js';
import { SHRINK_BATCH, shrinkDeferred } from '../split/deferred-split.js';
import { splitFolio, UNIFORM } from '../split/split.js';
import type { EventName } from '../state/counters.js';
import { FOLIO } from '../state/folios.js';
import type { Kernel, ReclaimReason } from '../state/kernel.js';
import { LRU, type Memcg, type MemcgEvent } from '../state/memcg.js';
import { ENTRY } from '../state/page-tables.js';
import { mappingsOf } from '../translation/rmap.js';
import { testAndClearPmdYoung, testAndClearPteYoung } from '../translation/young.js';
import { swapOut, unmapAll } from './swap-out.js';

/** What a reclaim came to. */
export interface Reclaimed {
  /** Pages that became free. */
  readonly freed: Pages;
  readonly cost: Nanoseconds;
}

/** Rounds of reclaim, each looking at a larger part of the lists (DEF_PRIORITY counted down). */
const ROUNDS = 6;

/** Tries to free `pages` in a cgroup and everything below it (try_to_free_mem_cgroup_pages()). */
export function reclaim(kernel: Kernel, memcg: Memcg, pages: Pages, reason: ReclaimReason): Reclaimed {
  let freed = 0;
  let cost = 0;
  drainLocal(kernel);
  for (let round = 0; round < ROUNDS && freed < pages; round++) {
    for (const member of [...memcg.subtree()]) {
      const done = shrinkMemcg(kernel, member, pages - freed, reason, round);
      freed += done.freed;
      cost += done.cost;
      if (freed >= pages) break;
    }
  }
  return { freed, cost };
}

function shrinkMemcg(
  kernel: Kernel,
  memcg: Memcg,
  pages: Pages,
  reason: ReclaimReason,
  round: number,
): Reclaimed {
  const most = reason === 'proactive' ? Number.POSITIVE_INFINITY : SHRINK_BATCH;
  const deferred = shrinkDeferred(kernel, memcg, most);
  let { freed, cost } = deferred;
  const lists: [number, number][] = [[LRU.inactiveFile, LRU.activeFile]];
  if (canReclaimAnonymous(kernel, memcg)) lists.push([LRU.inactiveAnon, LRU.activeAnon]);
  for (const [inactive, active] of lists) {
    if (freed >= pages) break;
    cost += refill(kernel, memcg, active, inactive);
    const shrunk = shrinkList(
      kernel,
      memcg,
      inactive,
      scanGoal(memcg, inactive, pages - freed, round),
      reason,
    );
    freed += shrunk.freed;
    cost += shrunk.cost;
  }
  return { freed, cost };
}

/** Anonymous memory is looked at only where swap has room (can_reclaim_anon_pages()). */
function canReclaimAnonymous(kernel: Kernel, memcg: Memcg): boolean {
  return kernel.swap.free > 0 && memcg.swapLeft() > 0;
}

function scanGoal(memcg: Memcg, list: number, pages: Pages, round: number): Pages {
  return Math.max(pages * 2, Math.ceil(memcg.lruPages[list] / 2 ** (ROUNDS - 1 - round)));
}

/** shrink_active_list(): the oldest active folios become inactive while that list is short. */
function refill(kernel: Kernel, memcg: Memcg, active: number, inactive: number): Nanoseconds {
  const { folios, frames } = kernel;
  const head = lruHead(kernel, memcg.id, active);
  let cost = 0;
  while (memcg.lruPages[inactive] < memcg.lruPages[active] && frames.previous[head] !== head) {
    const folio = frames.previous[head];
    isolate(kernel, folio);
    clearYoung(kernel, folio);
    folios.clear(folio, FOLIO.active);
    putBack(kernel, folio);
    kernel.counters.count('pgdeactivate', folios.pagesOf(folio));
    kernel.counters.count('pgrefill', folios.pagesOf(folio));
    cost += kernel.costs.visitPte;
  }
  return cost;
}

/** Clears accessed bits of all mappings. Returns how many were set (folio_referenced()). */
function clearYoung(kernel: Kernel, head: FrameNumber): number {
  const { folios } = kernel;
  let young = 0;
  for (let frame = head; frame < head + folios.pagesOf(head); frame++) {
    for (const { leaf } of mappingsOf(kernel, frame)) {
      if (leaf < 0) young += frame === head && testAndClearPmdYoung(kernel, ~leaf) ? 1 : 0;
      else if (testAndClearPteYoung(kernel, leaf)) young++;
    }
    if (folios.entireMaps[head] > 0 && folios.mappedPages[head] === 0) break;
  }
  if (folios.has(head, FOLIO.young)) young++;
  folios.clear(head, FOLIO.young | FOLIO.idle);
  return young;
}

function shrinkList(
  kernel: Kernel,
  memcg: Memcg,
  list: number,
  goal: Pages,
  reason: ReclaimReason,
): Reclaimed {
  const { frames, folios } = kernel;
  const head = lruHead(kernel, memcg.id, list);
  const taken: FrameNumber[] = [];
  let scanned = 0;
  while (scanned < goal && frames.previous[head] !== head) {
    const folio = frames.previous[head];
    scanned += folios.pagesOf(folio);
    isolate(kernel, folio);
    taken.push(folio);
  }
  const names = namesOf(list, reason);
  countPages(kernel, memcg, names.scan, scanned);
  const done = shrinkFolios(kernel, taken, false);
  countPages(kernel, memcg, names.steal, done.freed);
  return done;
}

/** Counters that a scan, or what it freed, counts in: of the machine, and of a memcg. */
interface ReclaimCounters {
  readonly machine: readonly EventName[];
  readonly memcg: readonly MemcgEvent[];
}

function namesOf(list: number, reason: ReclaimReason): Record<'scan' | 'steal', ReclaimCounters> {
  const kind = list === LRU.inactiveAnon || list === LRU.activeAnon ? 'anon' : 'file';
  return {
    scan: { machine: [`pgscan_${reason}`, `pgscan_${kind}`], memcg: ['pgscan', `pgscan_${reason}`] },
    steal: { machine: [`pgsteal_${reason}`, `pgsteal_${kind}`], memcg: ['pgsteal', `pgsteal_${reason}`] },
  };
}

function countPages(kernel: Kernel, memcg: Memcg, names: ReclaimCounters, pages: Pages): void {
  for (const name of names.machine) kernel.counters.count(name, pages);
  for (const name of names.memcg) memcg.count(name, pages);
}

/**
 * Frees isolated folios if it can and puts the others back (shrink_folio_list()). `ignoreReferences`: reclaim what
 * was touched, too (MADV_PAGEOUT, DAMOS pageout). The pages of a folio that had to be split are tried one by one.
 */
export function shrinkFolios(kernel: Kernel, heads: FrameNumber[], ignoreReferences: boolean): Reclaimed {
  const before = kernel.frames.freeFrames;
  let cost = 0;
  const queue = [...heads];
  kernel.flushes.batch(() => {
    for (let i = 0; i < queue.length; i++) cost += shrinkFolio(kernel, queue[i], ignoreReferences, queue);
  });
  return { freed: Math.max(0, kernel.frames.freeFrames - before), cost };
}

function shrinkFolio(kernel: Kernel, head: FrameNumber, ignore: boolean, queue: FrameNumber[]): Nanoseconds {
  const { folios } = kernel;
  if (folios.has(head, FOLIO.mlocked | FOLIO.unevictable)) return cull(kernel, head);
  if (folios.pins[head] > 0) return keep(kernel, head, false);
  if (!ignore && clearYoung(kernel, head) > 0) return keep(kernel, head, true);
  if (folios.has(head, FOLIO.partiallyMapped)) return splitAndRetry(kernel, head, queue);
  if (folios.has(head, FOLIO.file)) return dropCached(kernel, head);
  if (folios.has(head, FOLIO.anon) && !folios.has(head, FOLIO.swapBacked)) return dropLazyFree(kernel, head);
  const out = swapOut(kernel, head);
  if (out.done) return out.cost;
  // Without any swap, shmem is not even tried in pieces (shmem_writeout()).
  const inVain = folios.has(head, FOLIO.shmem) && kernel.swap.slots === 0;
  if (folios.orderOf(head) > 0 && !inVain) return splitAndRetry(kernel, head, queue);
  return keep(kernel, head, true) + out.cost;
}

function cull(kernel: Kernel, head: FrameNumber): Nanoseconds {
  kernel.counters.count('unevictable_pgs_culled');
  putBack(kernel, head);
  return kernel.costs.visitPte;
}

function keep(kernel: Kernel, head: FrameNumber, active: boolean): Nanoseconds {
  const { folios, counters } = kernel;
  if (active && !folios.has(head, FOLIO.active)) {
    folios.set(head, FOLIO.active);
    counters.count('pgactivate', folios.pagesOf(head));
    kernel.memcgAt(folios.memcg[head]).count('pgactivate', folios.pagesOf(head));
  }
  putBack(kernel, head);
  return kernel.costs.visitPte;
}

/** Splits to base pages, which join the queue; a folio that cannot be split is kept. */
function splitAndRetry(kernel: Kernel, head: FrameNumber, queue: FrameNumber[]): Nanoseconds {
  const { folios, frames } = kernel;
  const pages = folios.pagesOf(head);
  const { error, cost } = splitFolio(kernel, head, 0, UNIFORM);
  if (error !== undefined) return cost + keep(kernel, head, true);
  for (let frame = head; frame < head + pages; frame++) {
    if (frames.isAllocated(frame) && folios.has(frame, FOLIO.isolated)) queue.push(frame);
  }
  return cost;
}

function dropCached(kernel: Kernel, head: FrameNumber): Nanoseconds {
  unmapAll(kernel, head);
  removeFromCache(kernel, head);
  return kernel.costs.visitPte;
}

/** MADV_FREE'd memory goes unless it was written again, which makes it ordinary memory. */
function dropLazyFree(kernel: Kernel, head: FrameNumber): Nanoseconds {
  const { folios, counters } = kernel;
  const memcg = kernel.memcgAt(folios.memcg[head]);
  if (folios.has(head, FOLIO.dirty) || isDirtyAnywhere(kernel, head)) {
    folios.set(head, FOLIO.swapBacked);
    return keep(kernel, head, true);
  }
  const pages = folios.pagesOf(head);
  unmapAll(kernel, head);
  freeFolio(kernel, head);
  counters.count('pglazyfreed', pages);
  memcg.count('pglazyfreed', pages);
  return kernel.costs.visitPte;
}

function isDirtyAnywhere(kernel: Kernel, head: FrameNumber): boolean {
  const { folios, tables } = kernel;
  for (let frame = head; frame < head + folios.pagesOf(head); frame++) {
    for (const { leaf } of mappingsOf(kernel, frame)) {
      if ((leaf < 0 ? tables.pmdBits[~leaf] : tables.pteBits[leaf]) & ENTRY.dirty) return true;
    }
  }
  return false;
}

/** kswapd: reclaims until the high watermark is reached or nothing more can be had. */
export function runKswapd(kernel: Kernel): void {
  kernel.kswapdPending = false;
  const { high } = watermarks(kernel);
  kernel.counters.count('pageoutrun');
  for (let round = 0; round < 64 && kernel.frames.freeFrames < high; round++) {
    const done = reclaim(kernel, kernel.memcgAt(0), high - kernel.frames.freeFrames, 'kswapd');
    kernel.kswapdNs += done.cost;
    if (done.freed === 0) break;
  }
}

/** Puts a folio isolated by a caller back, unless it was freed meanwhile. */
export function returnToLru(kernel: Kernel, head: FrameNumber): void {
  if (!kernel.folios.has(head, FOLIO.isolated)) return;
  kernel.folios.clear(head, FOLIO.isolated);
  addToLru(kernel, head);
}
