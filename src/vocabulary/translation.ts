/** What address translation costs on a CPU, as far as a decision about page sizes needs it. */
import type { Nanoseconds, Pages } from './units.js';

/** TLB sizes and walk times of a CPU. */
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
  /** The level before: entries for huge translations, those that share it, and what a hit behind it takes. */
  readonly first?: {
    readonly entries: number;
    /** Whether small translations take the same entries. */
    readonly isShared: boolean;
    readonly secondHitNs: Nanoseconds;
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

/** A CPU with the times that its walks take in one layout. */
export interface WalkTimes extends Translation {
  /** Seconds for which a translation stays in the first level. */
  readonly firstTau?: number;
  /** What a small walk depends on; `smallWalkNs` holds where this is not known. */
  readonly lines?: {
    /** A walk that finds its line in the near caches, and what one takes longer that does not. */
    readonly nearNs: Nanoseconds;
    readonly extraNs: Nanoseconds;
    /** How often a second a place in the near caches gets another line. */
    readonly replaced: number;
  };
}

/**
 * The CPU when small pages of so many blocks are walked so often a second. A line that is walked r times a second is still
 * near with probability r / (r + replaced), as where every walk takes a place of the near caches by chance: they fill up little
 * by little, and how they choose is not published.
 */
export function withTables(cpu: Translation, walks: number, blocks: number): WalkTimes {
  const { tables } = cpu;
  if (tables === undefined) return cpu;
  const second = blocks <= tables.directoryEntries ? 0 : 1 - tables.directoryEntries / blocks;
  return {
    ...cpu,
    lines: {
      nearNs: tables.nearNs * (1 + second),
      extraNs: tables.farNs - tables.nearNs,
      replaced: walks / Math.max(1, tables.cachedLines),
    },
  };
}

/** Mean time of a small walk whose line is walked `rate` times a second. */
export function smallWalkNs({ lines, smallWalkNs: mean }: WalkTimes, rate: number): Nanoseconds {
  if (lines === undefined) return mean;
  const { nearNs, extraNs, replaced } = lines;
  return replaced === 0 ? nearNs : nearNs + (extraNs * replaced) / (rate + replaced);
}
