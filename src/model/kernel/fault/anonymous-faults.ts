import type { FrameNumber, Nanoseconds, Order, PageNumber } from '../../../vocabulary/units.js';
import {
  allocateFolio,
  allocateFrames,
  deferSplit,
  EFFORT,
  type Effort,
  wakeKcompactd,
} from '../memory/allocation.js';
import { addNewToLru, changeOnLru } from '../memory/lru.js';
import { descending } from '../memory/shmem.js';
import { ACCESS } from '../state/access-results.js';
import { FOLIO } from '../state/folios.js';
import { FRAME, NO_FRAME } from '../state/frames.js';
import { type Kernel, ZERO_FRAME } from '../state/kernel.js';
import { VM, type Vma } from '../state/mm.js';
import { ENTRY } from '../state/page-tables.js';
import { registerMm } from '../thp/khugepaged-list.js';
import { allowedOrders, fits } from '../thp/thp-orders.js';
import {
  allocateTableFrame,
  blockStart,
  freeTableFrame,
  mapPmd,
  mapPtes,
  setSpecial,
} from '../translation/entries.js';
import type { Fault, FaultingPage } from './fault.js';

/** Flags of a new anonymous folio. */
export const ANON = FOLIO.anon | FOLIO.swapBacked | FOLIO.uptodate;

/** Bits of an entry for a page that was just made by a write: accessed and dirty, as x86 and arm64 create them. */
export function freshBits(vma: Vma, write: boolean): number {
  const writable = write && vma.flags & VM.write ? ENTRY.writable | ENTRY.dirty : 0;
  return ENTRY.present | ENTRY.accessed | ENTRY.softDirty | writable;
}

/** Returns the time to zero a folio of an order. */
export function zeroing(kernel: Kernel, order: Order): Nanoseconds {
  return (kernel.costs.zeroKib * 2 ** order * kernel.geometry.pageBytes) / 1024;
}

/** Returns the time to copy base pages. */
export function copying(kernel: Kernel, pages: number): Nanoseconds {
  return (kernel.costs.copyKib * pages * kernel.geometry.pageBytes) / 1024;
}

/** How hard a huge fault tries, by `defrag` (vma_thp_gfp_mask()). */
export function hugeEffort(kernel: Kernel, vma: Vma): Effort {
  const advised = (vma.flags & VM.hugepage) !== 0;
  const { defrag } = kernel.thp;
  const direct = defrag === 'always' || (advised && (defrag === 'madvise' || defrag === 'defer+madvise'));
  return direct ? EFFORT.base : EFFORT.light;
}

/** Whether `defrag` has a fault that finds no huge block wake kcompactd, for those that come later (__GFP_KSWAPD_RECLAIM). */
function leavesItToKcompactd({ thp: { defrag } }: Kernel, vma: Vma): boolean {
  return defrag === 'defer' || (defrag === 'defer+madvise' && (vma.flags & VM.hugepage) === 0);
}

/** What became of the attempt to map a block by PMD. One in vain may have taken long: direct compaction, reclaim. */
export interface HugeFault {
  readonly mapped: boolean;
  readonly cost: Nanoseconds;
}

/** do_huge_pmd_anonymous_page(): the huge zero page for a read, a huge folio for a write. */
export function hugeAnonymousFault(kernel: Kernel, fault: Fault): HugeFault {
  const { mm, vma, pmd, write } = fault;
  vma.hasAnonPages = true;
  registerMm(kernel, mm, vma);
  const deposit = allocateTableFrame(kernel, mm);
  if (deposit === NO_FRAME) return { mapped: false, cost: 0 };
  const done =
    !write && kernel.thp.useZeroPage
      ? mapHugeZero(kernel, pmd, deposit)
      : mapHugeFolio(kernel, fault, deposit);
  if (!done.mapped) freeTableFrame(kernel, mm, deposit);
  return done;
}

function mapHugeZero(kernel: Kernel, pmd: number, deposit: FrameNumber): HugeFault {
  const frame = hugeZeroFrame(kernel);
  if (frame < 0) return { mapped: false, cost: 0 };
  const { tables } = kernel;
  tables.pmdBits[pmd] = ENTRY.present | ENTRY.zero | ENTRY.accessed;
  tables.pmdValue[pmd] = frame;
  tables.pmdTableFrame[pmd] = deposit;
  return { mapped: true, cost: 0 };
}

/** The huge zero page, made at its first use and kept. */
function hugeZeroFrame(kernel: Kernel): FrameNumber {
  if (kernel.hugeZeroFrame >= 0) return kernel.hugeZeroFrame;
  const { frame } = allocateFrames(kernel, kernel.geometry.hugeOrder, EFFORT.light);
  if (frame === NO_FRAME) {
    kernel.counters.count('thp_zero_page_alloc_failed');
    return NO_FRAME;
  }
  kernel.counters.count('thp_zero_page_alloc');
  kernel.frames.state.fill(
    FRAME.allocated | FRAME.reserved | kernel.geometry.hugeOrder,
    frame,
    frame + kernel.geometry.pagesPerBlock,
  );
  kernel.folios.flags[frame] = FOLIO.zero;
  kernel.hugeZeroFrame = frame;
  return frame;
}

/** Maps a new huge folio by PMD, if there is one to be had. The deposit is used only on success. */
export function mapHugeFolio(kernel: Kernel, fault: Fault, deposit: FrameNumber): HugeFault {
  const { mm, vma, page, pmd } = fault;
  const { counters, geometry } = kernel;
  const kind = { flags: ANON, owner: mm.family, index: vma.anonIndexOf(blockStart(kernel, page)) };
  const made = allocateFolio(kernel, geometry.hugeOrder, kernel.memcgOf(mm), kind, hugeEffort(kernel, vma));
  if (made.failure !== undefined) {
    if (made.failure === 'memory' && leavesItToKcompactd(kernel, vma)) wakeKcompactd(kernel);
    counters.count('thp_fault_fallback');
    counters.countOrder('anon_fault_fallback', geometry.hugeOrder);
    if (made.failure === 'charge') {
      counters.count('thp_fault_fallback_charge');
      counters.countOrder('anon_fault_fallback_charge', geometry.hugeOrder);
    }
    return { mapped: false, cost: made.cost };
  }
  counters.count('thp_fault_alloc');
  counters.countOrder('anon_fault_alloc', geometry.hugeOrder);
  kernel.memcgOf(mm).count('thp_fault_alloc');
  kernel.tables.pmdTableFrame[pmd] = deposit;
  mapPmd(kernel, mm, pmd, made.head, freshBits(vma, true));
  lock(kernel, vma, made.head);
  addNewToLru(kernel, made.head);
  deferSplit(kernel, made.head, false);
  return { mapped: true, cost: made.cost + zeroing(kernel, geometry.hugeOrder) };
}

/** Memory of a locked mapping is unevictable from the start. */
export function lock(kernel: Kernel, vma: Vma, head: FrameNumber): void {
  if ((vma.flags & VM.locked) === 0 || kernel.folios.has(head, FOLIO.mlocked)) return;
  changeOnLru(kernel, head, () => kernel.folios.set(head, FOLIO.mlocked | FOLIO.unevictable));
  kernel.counters.count('unevictable_pgs_mlocked', kernel.folios.pagesOf(head));
}

/** do_anonymous_page(): the zero page for a read, the largest enabled order that finds only empty entries for a write. */
export function anonymousFault(kernel: Kernel, fault: FaultingPage, entry: number): Nanoseconds {
  if (!fault.write) {
    setSpecial(kernel, entry, ZERO_FRAME, ENTRY.present | ENTRY.zero | ENTRY.accessed);
    return 0;
  }
  fault.vma.hasAnonPages = true;
  let cost = 0;
  for (const order of faultOrders(kernel, fault, entry)) {
    const made = newPages(kernel, fault, entry, order);
    cost += made.cost;
    if (made.ok) return cost;
  }
  return ACCESS.outOfMemory;
}

/** Orders to try, largest first, 0 last (alloc_anon_folio()). */
function faultOrders(kernel: Kernel, { mm, vma, page }: FaultingPage, entry: number): Order[] {
  if (vma.flags & VM.uffdMissing) return [0];
  const mask = allowedOrders(kernel, mm, vma, 'fault') & ~(1 << kernel.geometry.hugeOrder);
  const usable = descending(mask).filter(
    (order) => fits(vma, page, order) && isEmpty(kernel, page, entry, order),
  );
  return [...usable, 0];
}

function isEmpty(kernel: Kernel, page: PageNumber, entry: number, order: Order): boolean {
  const first = entry - (page % 2 ** order);
  for (let e = first; e < first + 2 ** order; e++) if (kernel.tables.pteBits[e] !== 0) return false;
  return true;
}

function newPages(
  kernel: Kernel,
  { mm, vma, page }: FaultingPage,
  entry: number,
  order: Order,
): { ok: boolean; cost: Nanoseconds } {
  const within = page % 2 ** order;
  const kind = { flags: ANON, owner: mm.family, index: vma.anonIndexOf(page - within) };
  const effort = order === 0 ? EFFORT.base : hugeEffort(kernel, vma);
  const made = allocateFolio(kernel, order, kernel.memcgOf(mm), kind, effort);
  if (order > 0) countOrderFault(kernel, order, made.failure);
  if (made.failure !== undefined) return { ok: false, cost: made.cost };
  mapPtes(kernel, mm, entry - within, { frame: made.head, count: 2 ** order }, freshBits(vma, true));
  lock(kernel, vma, made.head);
  addNewToLru(kernel, made.head);
  return { ok: true, cost: made.cost + zeroing(kernel, order) };
}

function countOrderFault(kernel: Kernel, order: Order, failure: string | undefined): void {
  if (failure === undefined) kernel.counters.countOrder('anon_fault_alloc', order);
  else kernel.counters.countOrder('anon_fault_fallback', order);
  if (failure === 'charge') kernel.counters.countOrder('anon_fault_fallback_charge', order);
}
