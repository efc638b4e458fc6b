import type { FrameNumber, Order, Pages } from '../../../vocabulary/units.js';
import type { Frames } from './frames.js';

/** Folio properties, kept at the head frame (Uint32). */
export const FOLIO = {
  anon: 1,
  /** Belongs to a shmem inode: swap-backed page cache. */
  shmem: 1 << 1,
  /** Belongs to an ordinary file's page cache. */
  file: 1 << 2,
  uptodate: 1 << 3,
  dirty: 1 << 4,
  lru: 1 << 5,
  active: 1 << 6,
  referenced: 1 << 7,
  /** PG_young: an accessed bit was consumed by a monitor. */
  young: 1 << 8,
  /** PG_idle. */
  idle: 1 << 9,
  workingset: 1 << 10,
  /** Has (or would have) swap behind it; cleared by MADV_FREE. */
  swapBacked: 1 << 11,
  unevictable: 1 << 12,
  mlocked: 1 << 13,
  /** Some pages were unmapped while others stay: waits for the deferred-split shrinker. */
  partiallyMapped: 1 << 14,
  /** On the deferred-split queue. */
  deferred: 1 << 15,
  writeback: 1 << 16,
  swapCache: 1 << 17,
  /** The shared zero page, small or huge. */
  zero: 1 << 18,
  /** A page-table page. */
  pageTable: 1 << 19,
  /** Held off the LRU by an operation at work (or by an isolation for DAMON). */
  isolated: 1 << 20,
  /** Unmovable kernel memory. */
  kernel: 1 << 21,
  /** More than one process may map it; can stay set wrongly once more than two did (FOLIO_MM_IDS_SHARED). */
  maybeShared: 1 << 22,
  locked: 1 << 23,
  /** Waits in a CPU's batch to join its LRU list (lru_add). */
  batched: 1 << 24,
} as const;

/** Bits of `Folios.page`, one byte for each page. */
export const PAGE = {
  /** PG_anon_exclusive: only one process can reach this anonymous page. */
  exclusive: 1,
} as const;

/** Flags that every piece of a split folio inherits (__split_folio_to_order()). */
export const INHERITED =
  FOLIO.anon | FOLIO.shmem | FOLIO.file | FOLIO.uptodate | FOLIO.dirty | FOLIO.lru | FOLIO.active | FOLIO.referenced |
  FOLIO.young | FOLIO.idle | FOLIO.workingset | FOLIO.swapBacked | FOLIO.unevictable | FOLIO.mlocked | FOLIO.maybeShared; // biome-ignore format: a list

/**
 * Columns of folios. Columns of a folio are read at its head frame (`frames.headOf(frame)`), columns of a page at
 * the page's own frame.
 */
export class Folios {
  readonly frames: Frames;
  /** Folio. FOLIO bits. */
  readonly flags: Uint32Array;
  /** Folio. Mappings by a PMD entry. */
  readonly entireMaps: Uint16Array;
  /** Folio. Pages of it that some PTE maps. */
  readonly mappedPages: Uint16Array;
  /** Folio. All mappings: PMD entries and PTEs (large_mapcount). */
  readonly totalMaps: Uint32Array;
  /** Folio. Extra references: GUP pins, vmsplice, O_DIRECT in flight. */
  readonly pins: Uint16Array;
  /** Folio. Index into kernel.memcgs of who is charged. */
  readonly memcg: Uint16Array;
  /** Folio. Anonymous: the family of address spaces; shmem and file: the inode's number; page table: the mm. */
  readonly owner: Uint32Array;
  /** Folio. Anonymous: virtual page at which its first page was made (Vma.anonIndexOf); shmem and file: page offset in the inode. */
  readonly index: Float64Array;
  /** Folio. Two address spaces (mm ids, 0 none) whose mappings are counted apart (_mm_id), large folios only. */
  readonly mmSlots: Uint32Array;
  readonly mmSlotMaps: Uint16Array;
  /** Page. PTEs that map it. */
  readonly maps: Uint16Array;
  /** Page. PAGE bits. */
  readonly page: Uint8Array;
  /** Page. What it holds: 0 all zeroes, otherwise a stamp that stands for its bytes and travels with copies. */
  readonly content: Uint32Array;

  constructor(frames: Frames) {
    this.frames = frames;
    const count = frames.count;
    this.flags = new Uint32Array(count);
    this.entireMaps = new Uint16Array(count);
    this.mappedPages = new Uint16Array(count);
    this.totalMaps = new Uint32Array(count);
    this.pins = new Uint16Array(count);
    this.memcg = new Uint16Array(count);
    this.owner = new Uint32Array(count);
    this.index = new Float64Array(count);
    this.mmSlots = new Uint32Array(count * 2);
    this.mmSlotMaps = new Uint16Array(count * 2);
    this.maps = new Uint16Array(count);
    this.page = new Uint8Array(count);
    this.content = new Uint32Array(count);
  }

  headOf(frame: FrameNumber): FrameNumber {
    return this.frames.headOf(frame);
  }

  orderOf(frame: FrameNumber): Order {
    return this.frames.orderOf(frame);
  }

  pagesOf(frame: FrameNumber): Pages {
    return 2 ** this.frames.orderOf(frame);
  }

  has(head: FrameNumber, flag: number): boolean {
    return (this.flags[head] & flag) !== 0;
  }

  set(head: FrameNumber, flag: number): void {
    this.flags[head] |= flag;
  }

  clear(head: FrameNumber, flag: number): void {
    this.flags[head] &= ~flag;
  }

  /** Whether a page is mapped at all, by PTE or through the whole folio. */
  isPageMapped(frame: FrameNumber): boolean {
    return this.maps[frame] > 0 || this.entireMaps[this.headOf(frame)] > 0;
  }

  /** Mappings of one page, as /proc/kpagecount tells them. */
  mapCount(frame: FrameNumber): number {
    return this.maps[frame] + this.entireMaps[this.headOf(frame)];
  }

  /** folio_maybe_mapped_shared(): a single mapping is always exclusive, otherwise the flag decides. */
  isMaybeShared(head: FrameNumber): boolean {
    if (this.totalMaps[head] <= 1) return false;
    return this.orderOf(head) === 0 || this.has(head, FOLIO.maybeShared);
  }

  /** Follows which address spaces map a large folio (folio_add_return_large_mapcount()). */
  countMaps(head: FrameNumber, mmId: number, change: number): void {
    this.totalMaps[head] += change;
    if (this.orderOf(head) === 0) return;
    const slot = this.slotOf(head, mmId, change > 0);
    if (slot >= 0) {
      this.mmSlotMaps[slot] += change;
      if (this.mmSlotMaps[slot] === 0) this.mmSlots[slot] = 0;
    }
    this.judgeShared(head, change > 0 && slot < 0);
  }

  private slotOf(head: FrameNumber, mmId: number, make: boolean): number {
    for (let slot = head * 2; slot < head * 2 + 2; slot++) if (this.mmSlots[slot] === mmId) return slot;
    if (!make) return -1;
    for (let slot = head * 2; slot < head * 2 + 2; slot++) {
      if (this.mmSlots[slot] !== 0) continue;
      this.mmSlots[slot] = mmId;
      return slot;
    }
    return -1;
  }

  private judgeShared(head: FrameNumber, untracked: boolean): void {
    const total = this.totalMaps[head];
    const alone = this.mmSlotMaps[head * 2] === total || this.mmSlotMaps[head * 2 + 1] === total;
    if (alone) this.clear(head, FOLIO.maybeShared);
    else if (untracked || total > 0) this.set(head, FOLIO.maybeShared);
  }
}
