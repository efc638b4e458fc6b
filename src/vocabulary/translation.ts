/** What address translation costs on a CPU, as far as a decision about page sizes needs it. */
import type { Nanoseconds, Pages } from './units.js';

export interface Translation {
  /** Entries of the largest TLB that holds small and huge translations. */
  readonly entries: number;
  /** Of them, those that huge translations may take. */
  readonly hugeEntries: number;
  /** Base pages that one entry translates where they follow each other: 16 with contpte, 4 on Zen, else 1. */
  readonly runPages: Pages;
  /**
   * What makes a run: one large folio (the contiguous bit of arm64), or frames that follow each other (AMD). `none` where
   * an entry translates one base page.
   */
  readonly runBy: 'contiguous-bit' | 'physical' | 'none';
  /** Mean time of a walk to a base page, and to a huge page; what overlaps with other work is taken off already. */
  readonly smallWalkNs: Nanoseconds;
  readonly hugeWalkNs: Nanoseconds;
  /** What small walks depend on; `smallWalkNs` holds where this is not known. */
  readonly tables?: {
    /** Lines of page tables that the near caches hold beside the data. */
    readonly cachedLines: number;
    /** Blocks whose directory entry is at hand, so that a walk has one reference instead of two. */
    readonly directoryEntries: number;
    /** One reference whose line is in the near caches, and one that goes to memory. */
    readonly nearNs: Nanoseconds;
    readonly farNs: Nanoseconds;
  };
  /** Where the figures come from, for reasons. */
  readonly basis: string;
}

/**
 * Of a CPU that is not known: a second level of 1,536 entries (Skylake, Zen 2), no runs, and walks as measured on the model
 * of a usual table walker (131 and 20 cycles at 3 GHz).
 */
export const USUAL_TRANSLATION: Translation = Object.freeze({
  entries: 1536,
  hugeEntries: 1536,
  runPages: 1,
  runBy: 'none',
  smallWalkNs: 43.7,
  hugeWalkNs: 6.7,
  // References of 18 and 180 cycles; a quarter of a 1 MiB L2 has table lines; caches of directory entries have 16 to 64.
  tables: { cachedLines: 4096, directoryEntries: 32, nearNs: 6, farNs: 60 },
  basis: 'assumed, the CPU is not known',
});

/** PTEs in one 64-byte line of a page table. */
export const ENTRIES_PER_LINE = 8;

/**
 * The CPU with the mean time of a small walk when `lines` lines of page tables, of `blocks` blocks, are in use, all of them
 * alike: a near cache has its share of them.
 */
export function withTables(cpu: Translation, lines: number, blocks: number): Translation {
  const { tables } = cpu;
  if (tables === undefined) return cpu;
  const near = Math.min(1, tables.cachedLines / Math.max(1, lines));
  const second = blocks <= tables.directoryEntries ? 0 : 1 - tables.directoryEntries / blocks;
  const last = near * tables.nearNs + (1 - near) * tables.farNs;
  return { ...cpu, smallWalkNs: last + second * tables.nearNs };
}
