import type { Nanoseconds } from '../../../vocabulary/units.js';

/**
 * What memory management costs, in nanoseconds. Every figure is a parameter; the defaults were measured on Linux
 * 6.18 in an AMD Milan guest unless said otherwise, so bare metal is two to four times faster.
 */
export interface CostTable {
  /** Entering and leaving the kernel for a call. */
  readonly systemCall: Nanoseconds;
  /** A minor fault without the page's allocation: entry, VMA lookup, page-table update. HawkEye: 3.5 us with zeroing, 2.65 without. */
  readonly fault: Nanoseconds;
  /** Clearing one KiB. HawkEye: 465 us for 2 MiB. */
  readonly zeroKib: Nanoseconds;
  /** Copying one KiB (bare-metal estimate 100–250 us for 2 MiB). */
  readonly copyKib: Nanoseconds;
  /** Allocation from the buddy lists, any order. */
  readonly allocate: Nanoseconds;
  /** Direct compaction that makes one huge block free, per page moved. */
  readonly compactPage: Nanoseconds;
  /** Splitting a huge folio to base pages: process_madvise(MADV_COLD) on 4 KiB, p50 240–265 us. */
  readonly splitFolio: Nanoseconds;
  /** Comparing and remapping one zero-filled sub-page during a split: 511 of them cost 330 us more. */
  readonly splitZeroPage: Nanoseconds;
  /** Extra for splitting a PTE-mapped folio: 390–470 us against 240–265 us. */
  readonly splitPteMapped: Nanoseconds;
  /** A refused split: an extra reference is found before anything is changed. */
  readonly splitFailed: Nanoseconds;
  /** Turning a PMD mapping into a page table. */
  readonly splitPmd: Nanoseconds;
  /** Collapse of one block besides clearing and copying: locks, isolation, flush. p50 690–890 us in all. */
  readonly collapseBlock: Nanoseconds;
  /** lru_add_drain_all(), once for each call of MADV_COLLAPSE. */
  readonly drainAll: Nanoseconds;
  /** A block that is found huge already. */
  readonly collapseSkip: Nanoseconds;
  /** A collapse that backs out (47 us with a pinned page). */
  readonly collapseFailed: Nanoseconds;
  /** One PTE looked at by khugepaged, madvise or a scan: MADV_COLD over 512 base pages takes 24–31 us. */
  readonly visitPte: Nanoseconds;
  /** One PMD-mapped block looked at: 1.7 us. */
  readonly visitPmd: Nanoseconds;
  /** A TLB shootdown for each CPU that runs the process: IPI round trip 1–3 us. */
  readonly shootdownPerCpu: Nanoseconds;
  /** Writing or reading one page of swap (a fast SSD). */
  readonly swapPage: Nanoseconds;
  /** Compressing or decompressing one page for zswap (lz4). */
  readonly zswapPage: Nanoseconds;
}

export const DEFAULT_COSTS: CostTable = Object.freeze({
  systemCall: 300,
  fault: 1500,
  zeroKib: 227,
  copyKib: 150,
  allocate: 500,
  compactPage: 600,
  splitFolio: 240_000,
  splitZeroPage: 650,
  splitPteMapped: 150_000,
  splitFailed: 14_000,
  splitPmd: 6_000,
  collapseBlock: 350_000,
  drainAll: 20_000,
  collapseSkip: 1_700,
  collapseFailed: 47_000,
  visitPte: 50,
  visitPmd: 1_700,
  shootdownPerCpu: 1_500,
  swapPage: 60_000,
  zswapPage: 4_000,
});
