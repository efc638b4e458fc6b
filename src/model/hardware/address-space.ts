import type { FrameNumber, Nanoseconds, PageNumber } from '../../vocabulary/units.js';

/** Accesses in one batch at most. */
export const BATCH = 4096;

/** The result of a page walk, as bits. */
export const MAPPED = {
  /** Nothing there, or a store on an entry that only allows loads: the kernel must handle a fault. */
  fault: 0,
  /** A base page's entry. */
  base: 1,
  /** A PMD entry that maps a whole block. */
  huge: 2,
  /** Beside `base`: the entry is one of an aligned run that carries the contiguous bit. */
  contiguous: 4,
} as const;

/** Results of `firstStore`. */
export const FIRST_STORE = { cached: 0, walked: 1, fault: 2 } as const;

/** One process's page tables, as the hardware sees them. The memory model implements it. */
export interface AddressSpace {
  readonly mmId: number;
  /** What maps `page`, without setting anything. MAPPED bits. */
  peek(page: PageNumber): number;
  /** A hardware walk: sets the accessed bit, and the dirty bit for a store. MAPPED bits. */
  walk(page: PageNumber, store: boolean): number;
  /**
   * Walks for accesses[positions[i]], i below `count`; each access is an offset from `first` in pages shifted left
   * by one, plus 1 for a store. Writes the i of those that fault to `faulting` and returns how many they are.
   * Content is left to `firstStore`.
   */
  walkAll(
    first: PageNumber,
    accesses: Uint32Array,
    positions: Uint16Array,
    count: number,
    faulting: Uint16Array,
  ): number;
  /**
   * A store through a cached translation, the first to this page since the translation was made: its content is
   * no longer zeroes. Returns FIRST_STORE: whether the entry was dirty already, or hardware had to walk to set the
   * dirty bit (which sets the accessed bit, too), or the entry does not allow stores.
   */
  firstStore(page: PageNumber): number;
  /** Handles a page fault; returns how long it took. The page is mapped afterwards, or the process is ended. */
  fault(page: PageNumber, store: boolean): Nanoseconds;
  /** Frame behind `page`, −1 when there is none. */
  frame(page: PageNumber): FrameNumber;
}
