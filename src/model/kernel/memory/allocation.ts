import type { FrameNumber, Nanoseconds, Order, Pages } from '../../../vocabulary/units.js';
import { FOLIO, PAGE } from '../state/folios.js';
import { NO_FRAME } from '../state/frames.js';
import type { Kernel, ReclaimReason } from '../state/kernel.js';
import type { Memcg } from '../state/memcg.js';
import { leaveBatch, removeFromLru } from './lru.js';

/** How hard an allocation may try. */
export interface Effort {
  /** May reclaim directly (and compact, for orders above 0). */
  readonly direct: boolean;
  readonly reason: ReclaimReason;
}

/** How hard an allocation tries, by GFP flags. */
export const EFFORT = {
  base: { direct: true, reason: 'direct' },
  /** GFP_TRANSHUGE_LIGHT: takes what is free. */
  light: { direct: false, reason: 'direct' },
  khugepaged: { direct: true, reason: 'khugepaged' },
} as const satisfies Record<string, Effort>;

/** What became of an allocation: the folio's head, or why there is none; and the time it took. */
export interface Allocation {
  readonly head: FrameNumber;
  readonly failure: 'memory' | 'charge' | undefined;
  readonly cost: Nanoseconds;
}

/** Attempts at reclaim before an allocation or a charge gives up (MAX_RECLAIM_RETRIES). */
const RETRIES = 16;
const RECLAIM_BATCH = 32;

/** Frames without any meaning yet, reclaiming and compacting as `effort` allows. */
export function allocateFrames(
  kernel: Kernel,
  order: Order,
  effort: Effort,
): { frame: FrameNumber; cost: Nanoseconds } {
  let cost = kernel.costs.allocate;
  let frame = kernel.frames.allocate(order);
  if (frame === NO_FRAME && effort.direct) {
    const relief = order === 0 ? reclaimForBase(kernel, effort) : compactFor(kernel, order);
    frame = relief.frame;
    cost += relief.cost;
  }
  if (frame !== NO_FRAME) kernel.counters.events.pgalloc_normal += 2 ** order;
  wakeKswapd(kernel);
  return { frame, cost };
}

/** Gives the frames of a folio back to the allocator. */
export function freeFrames(kernel: Kernel, head: FrameNumber, order: Order): void {
  kernel.frames.free(head, order);
  kernel.counters.events.pgfree += 2 ** order;
}

function reclaimForBase(kernel: Kernel, effort: Effort): { frame: FrameNumber; cost: Nanoseconds } {
  let cost = 0;
  kernel.counters.count('allocstall_normal');
  for (let attempt = 0; attempt < RETRIES; attempt++) {
    const { freed, cost: spent } = kernel.relief.reclaim(kernel.memcgAt(0), RECLAIM_BATCH, effort.reason);
    cost += spent;
    const frame = kernel.frames.allocate(0);
    if (frame !== NO_FRAME) return { frame, cost };
    if (freed === 0 && attempt > 1) break;
  }
  return { frame: NO_FRAME, cost };
}

function compactFor(kernel: Kernel, order: Order): { frame: FrameNumber; cost: Nanoseconds } {
  kernel.counters.count('compact_stall');
  const { made, cost } = kernel.relief.compact(order);
  kernel.counters.count(made ? 'compact_success' : 'compact_fail');
  return { frame: made ? kernel.frames.allocate(order) : NO_FRAME, cost };
}

/** Watermarks from memory size: min_free_kbytes = 4 * sqrt(KiB), low and high a quarter and a half above. */
export function watermarks(kernel: Kernel): { min: Pages; low: Pages; high: Pages } {
  const kib = (kernel.frames.count * kernel.geometry.pageBytes) / 1024;
  const min = Math.floor((4 * Math.sqrt(kib) * 1024) / kernel.geometry.pageBytes);
  return { min, low: Math.floor(min * 1.25), high: Math.floor(min * 1.5) };
}

/** Wakes kswapd when memory is below the low watermark and it still sleeps. */
function wakeKswapd(kernel: Kernel): void {
  if (kernel.kswapdPending || kernel.frames.freeFrames >= kernel.lowWatermark) return;
  kernel.kswapdPending = true;
  kernel.clock.at(kernel.clock.now, 'kswapd');
}

/** Name of kcompactd's wake-up among the clock's events. */
export const KCOMPACTD = 'kcompactd';
/** It is woken at most so often while nothing was found (HPAGE_FRAG_CHECK_INTERVAL_MSEC). */
const KCOMPACTD_EVERY_NS = 500e6;

/** Has memory compacted in the background; a wake-up that is on its way, or was not long ago, is enough. */
export function wakeKcompactd(kernel: Kernel): void {
  if (kernel.clock.now < kernel.kcompactdNext) return;
  kernel.kcompactdNext = kernel.clock.now + KCOMPACTD_EVERY_NS;
  kernel.clock.at(kernel.clock.now, KCOMPACTD);
}

/** Charges pages to a cgroup, reclaiming in it when a limit stands in the way. */
export function chargeMemcg(
  kernel: Kernel,
  memcg: Memcg,
  pages: Pages,
  effort: Effort,
): { charged: boolean; cost: Nanoseconds } {
  let cost = 0;
  for (let attempt = 0; attempt < RETRIES; attempt++) {
    const over = memcg.overLimit(pages);
    if (over === undefined) {
      memcg.charge(pages);
      return { charged: true, cost: cost + relieveHigh(kernel, memcg) };
    }
    over.count('max');
    if (!effort.direct) break;
    const { freed, cost: spent } = kernel.relief.reclaim(over, Math.max(pages, RECLAIM_BATCH), effort.reason);
    cost += spent;
    if (freed === 0 && attempt > 1) break;
  }
  return { charged: false, cost };
}

/** memory.high does not refuse, it makes the one who charges reclaim. */
function relieveHigh(kernel: Kernel, memcg: Memcg): Nanoseconds {
  let cost = 0;
  for (let above: Memcg | undefined = memcg; above !== undefined; above = above.parent) {
    if (above.charged <= above.high) continue;
    above.count('high');
    cost += kernel.relief.reclaim(above, above.charged - above.high, 'direct').cost;
  }
  return cost;
}

/** What a new folio is. */
export interface FolioKind {
  readonly flags: number;
  readonly owner: number;
  readonly index: number;
}

/** A new folio, zeroed, charged, on no list yet and mapped by no process. */
export function allocateFolio(
  kernel: Kernel,
  order: Order,
  memcg: Memcg,
  kind: FolioKind,
  effort: Effort,
): Allocation {
  const { frame, cost } = allocateFrames(kernel, order, effort);
  if (frame === NO_FRAME) return { head: NO_FRAME, failure: 'memory', cost };
  const charge = chargeMemcg(kernel, memcg, 2 ** order, effort);
  if (!charge.charged) {
    freeFrames(kernel, frame, order);
    return { head: NO_FRAME, failure: 'charge', cost: cost + charge.cost };
  }
  birth(kernel, frame, order, memcg, kind);
  return { head: frame, failure: undefined, cost: cost + charge.cost };
}

function birth(kernel: Kernel, head: FrameNumber, order: Order, memcg: Memcg, kind: FolioKind): void {
  const { folios, counters } = kernel;
  const pages = 2 ** order;
  folios.flags[head] = kind.flags | freshFlags(kernel);
  folios.memcg[head] = memcg.id;
  folios.owner[head] = kind.owner;
  folios.index[head] = kind.index;
  folios.content.fill(0, head, head + pages);
  const anon = (kind.flags & FOLIO.anon) !== 0;
  folios.page.fill(anon ? PAGE.exclusive : 0, head, head + pages);
  if (anon) counters.countOrder('nr_anon', order);
  countKind(kernel, memcg, kind.flags, order, pages);
}

/** MGLRU puts new folios into the youngest generation with PG_referenced; the classic LRU starts them inactive. */
function freshFlags(kernel: Kernel): number {
  return kernel.features.lruGen ? FOLIO.referenced | FOLIO.active : 0;
}

/** Keeps the totals of a cgroup by kind of memory. `pages` is negative when a folio goes. */
export function countKind(kernel: Kernel, memcg: Memcg, flags: number, order: Order, pages: Pages): void {
  const huge = order === kernel.geometry.hugeOrder;
  if (flags & FOLIO.anon) memcg.anon += pages;
  else if (flags & FOLIO.shmem) {
    memcg.shmem += pages;
    memcg.file += pages;
    if (huge) {
      memcg.shmemThp += pages;
      kernel.shmemHuge += pages;
    }
  } else if (flags & FOLIO.file) {
    memcg.file += pages;
    if (huge) {
      memcg.fileThp += pages;
      kernel.fileHuge += pages;
    }
  }
}

/** Frees a folio that nothing refers to any more. */
export function freeFolio(kernel: Kernel, head: FrameNumber): void {
  const { folios, counters } = kernel;
  const order = folios.orderOf(head);
  const pages = 2 ** order;
  const memcg = kernel.memcgAt(folios.memcg[head]);
  removeFromLru(kernel, head);
  leaveBatch(kernel, head);
  leaveDeferredQueue(kernel, head);
  if (folios.has(head, FOLIO.anon)) counters.countOrder('nr_anon', order, -1);
  countKind(kernel, memcg, folios.flags[head], order, -pages);
  memcg.charge(-pages);
  folios.flags[head] = 0;
  folios.page.fill(0, head, head + pages);
  folios.content.fill(0, head, head + pages);
  freeFrames(kernel, head, order);
}

/** Frees a folio if nothing maps, caches or pins it. */
export function freeIfUnused(kernel: Kernel, head: FrameNumber): boolean {
  const { folios } = kernel;
  if (folios.totalMaps[head] > 0 || folios.pins[head] > 0) return false;
  if (folios.flags[head] & (FOLIO.shmem | FOLIO.file | FOLIO.isolated)) return false;
  freeFolio(kernel, head);
  return true;
}

/** Notes a folio for the deferred-split shrinker (deferred_split_folio()). */
export function deferSplit(kernel: Kernel, head: FrameNumber, partiallyMapped: boolean): void {
  const { folios, counters, geometry } = kernel;
  const order = folios.orderOf(head);
  if (order < 2 || (!partiallyMapped && !kernel.thp.shrinkUnderused)) return;
  // A folio on its way out of memory passes through "partly unmapped" without meaning it.
  if (folios.has(head, FOLIO.swapCache)) return;
  if (partiallyMapped && !folios.has(head, FOLIO.partiallyMapped)) {
    folios.set(head, FOLIO.partiallyMapped);
    if (order === geometry.hugeOrder) counters.count('thp_deferred_split_page');
    counters.countOrder('split_deferred', order);
    counters.countOrder('nr_anon_partially_mapped', order);
  }
  folios.set(head, FOLIO.deferred);
  kernel.memcgAt(folios.memcg[head]).deferred.add(head);
}

/** Takes a folio off the deferred-split queue and forgets that it was partially mapped. */
export function leaveDeferredQueue(kernel: Kernel, head: FrameNumber): void {
  const { folios, counters } = kernel;
  if (folios.has(head, FOLIO.partiallyMapped))
    counters.countOrder('nr_anon_partially_mapped', folios.orderOf(head), -1);
  if (folios.has(head, FOLIO.deferred)) kernel.memcgAt(folios.memcg[head]).deferred.delete(head);
  folios.clear(head, FOLIO.deferred | FOLIO.partiallyMapped);
}
