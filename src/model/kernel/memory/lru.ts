import type { FrameNumber, Nanoseconds } from '../../../vocabulary/units.js';
import { FOLIO } from '../state/folios.js';
import type { Kernel } from '../state/kernel.js';
import { LRU, LRU_LISTS } from '../state/memcg.js';

/** Which list a folio's flags put it on. Lazily freed anonymous memory waits among inactive files, as in Linux. */
function listOf(flags: number): number {
  if (flags & FOLIO.unevictable) return LRU.unevictable;
  const swapBacked = (flags & FOLIO.swapBacked) !== 0;
  const active = (flags & FOLIO.active) !== 0;
  if (swapBacked) return active ? LRU.activeAnon : LRU.inactiveAnon;
  return active ? LRU.activeFile : LRU.inactiveFile;
}

/** Returns the head of one LRU list of a cgroup, as frames link it. */
export function lruHead(kernel: Kernel, memcg: number, list: number): number {
  return kernel.frames.listHead(memcg * LRU_LISTS + list);
}

/** Puts a folio that is on no list at the young end of its list. */
export function addToLru(kernel: Kernel, head: FrameNumber): void {
  const { folios, frames } = kernel;
  const memcg = folios.memcg[head];
  const list = listOf(folios.flags[head]);
  frames.prepend(lruHead(kernel, memcg, list), head);
  kernel.memcgAt(memcg).lruPages[list] += folios.pagesOf(head);
  folios.set(head, FOLIO.lru);
}

/** Base pages that a CPU collects before they join their lists (PAGEVEC_SIZE). */
const BATCH_PAGES = 31;

/** Timer that ends a wait in the batches. */
export const LRU_DRAIN = 'lru-drain';

/**
 * How long pages wait at most. In the kernel until the CPU has 31 new ones, of any process; on a machine
 * there always is a process that does, while a model may have none but a process that has gone idle.
 */
const LONGEST_WAIT_NS = 1e9;

/**
 * folio_add_lru(): a new base page waits in the CPU's batch until that is full or drained; until then nothing that
 * asks for a folio on an LRU list finds it. A large folio empties the batch and joins at once.
 */
export function addNewToLru(kernel: Kernel, head: FrameNumber): void {
  if (kernel.folios.orderOf(head) > 0) {
    drainLocal(kernel);
    addToLru(kernel, head);
    return;
  }
  const batch = kernel.lruBatches[kernel.cpu];
  kernel.folios.set(head, FOLIO.batched);
  batch.push(head);
  if (batch.length >= BATCH_PAGES) drainCpu(kernel, kernel.cpu);
  else if (!kernel.lruDrainPending) {
    kernel.lruDrainPending = true;
    kernel.clock.after(LONGEST_WAIT_NS, LRU_DRAIN);
  }
}

/** lru_add_drain(): empties the batch of the CPU that the kernel works on. */
export function drainLocal(kernel: Kernel): void {
  if (kernel.lruBatches[kernel.cpu].length > 0) drainCpu(kernel, kernel.cpu);
}

/** What the timer does. */
export function endWait(kernel: Kernel): void {
  kernel.lruDrainPending = false;
  drainAll(kernel);
}

/** lru_add_drain_all(). Returns what it costs, which is nothing where no CPU has pages that wait. */
export function drainAll(kernel: Kernel): Nanoseconds {
  const waits = kernel.lruBatches.some(({ length }) => length > 0);
  for (let cpu = 0; cpu < kernel.lruBatches.length; cpu++) drainCpu(kernel, cpu);
  return waits ? kernel.costs.drainAll : 0;
}

function drainCpu(kernel: Kernel, cpu: number): void {
  const batch = kernel.lruBatches[cpu];
  for (const head of batch) {
    kernel.folios.clear(head, FOLIO.batched);
    addToLru(kernel, head);
  }
  batch.length = 0;
}

/** A page that is freed while it waits. */
export function leaveBatch(kernel: Kernel, head: FrameNumber): void {
  if (!kernel.folios.has(head, FOLIO.batched)) return;
  kernel.folios.clear(head, FOLIO.batched);
  for (const batch of kernel.lruBatches) {
    const at = batch.lastIndexOf(head);
    if (at < 0) continue;
    batch.splice(at, 1);
    return;
  }
}

/** Takes a folio off its list; does nothing when it is on none. */
export function removeFromLru(kernel: Kernel, head: FrameNumber): void {
  const { folios, frames } = kernel;
  if (!folios.has(head, FOLIO.lru)) return;
  frames.unlink(head);
  kernel.memcgAt(folios.memcg[head]).lruPages[listOf(folios.flags[head])] -= folios.pagesOf(head);
  folios.clear(head, FOLIO.lru);
}

/** Takes a folio off its list to work on it (folio_isolate_lru()). False when it is on none. */
export function isolate(kernel: Kernel, head: FrameNumber): boolean {
  if (!kernel.folios.has(head, FOLIO.lru)) return false;
  removeFromLru(kernel, head);
  kernel.folios.set(head, FOLIO.isolated);
  return true;
}

/** Ends an isolation by reclaim (move_folios_to_lru()). */
export function putBack(kernel: Kernel, head: FrameNumber): void {
  kernel.folios.clear(head, FOLIO.isolated);
  addToLru(kernel, head);
}

/** Changes flags of a folio that decide its list, keeping it on the right one. */
export function changeOnLru(kernel: Kernel, head: FrameNumber, change: () => void): void {
  const listed = kernel.folios.has(head, FOLIO.lru);
  if (listed) removeFromLru(kernel, head);
  change();
  if (listed) addToLru(kernel, head);
}

/** folio_activate(): to the young end of the active list. */
export function activate(kernel: Kernel, head: FrameNumber): void {
  const { folios } = kernel;
  if (folios.has(head, FOLIO.active) || folios.has(head, FOLIO.unevictable)) return;
  changeOnLru(kernel, head, () => folios.set(head, FOLIO.active));
  kernel.counters.count('pgactivate', folios.pagesOf(head));
  kernel.memcgAt(folios.memcg[head]).count('pgactivate', folios.pagesOf(head));
}

/** folio_deactivate(): to the inactive list, references forgotten. */
export function deactivate(kernel: Kernel, head: FrameNumber): void {
  const { folios } = kernel;
  if (!folios.has(head, FOLIO.lru) || folios.has(head, FOLIO.unevictable)) return;
  const wasActive = folios.has(head, FOLIO.active);
  changeOnLru(kernel, head, () => folios.clear(head, FOLIO.active | FOLIO.referenced));
  if (!wasActive) return;
  kernel.counters.count('pgdeactivate', folios.pagesOf(head));
  kernel.memcgAt(folios.memcg[head]).count('pgdeactivate', folios.pagesOf(head));
}

/** folio_mark_accessed(): referenced first, active when referenced already. */
export function markReferenced(kernel: Kernel, head: FrameNumber): void {
  const { folios } = kernel;
  if (!folios.has(head, FOLIO.referenced) || kernel.features.lruGen) folios.set(head, FOLIO.referenced);
  else if (!folios.has(head, FOLIO.active)) {
    activate(kernel, head);
    folios.clear(head, FOLIO.referenced);
  }
  folios.clear(head, FOLIO.idle);
}
