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
  basis: 'assumed, the CPU is not known',
});
