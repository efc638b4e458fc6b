import type { Nanoseconds } from '../../../vocabulary/units.js';

/**
 * What memory management costs, in nanoseconds. Every figure is a parameter. The defaults were measured on Linux 6.18 in
 * a guest on an AMD EPYC (Zen 3), as CPU time of the thread that does it, by `npm run bench:costs`, unless said
 * otherwise; that script prints them beside what the machine at hand takes. Bare metal may be two times faster.
 */
export interface CostTable {
  /** Entering and leaving the kernel for a call. */
  readonly systemCall: Nanoseconds;
  /** A minor fault without the page: entry, VMA lookup, page-table update. With page and zeroing 1.3–1.5 us; HawkEye: 3.5 us. */
  readonly fault: Nanoseconds;
  /** Clearing one KiB: a huge fault takes 85–89 us. HawkEye had 465 us on a CPU of 2013. */
  readonly zeroKib: Nanoseconds;
  /** Copying one KiB (100–250 us for 2 MiB on bare metal). */
  readonly copyKib: Nanoseconds;
  /** Allocation from the buddy lists, any order. */
  readonly allocate: Nanoseconds;
  /** A folio that a collapse wanted and did not get, beside what reclaim did: its rounds and backing out; assumed. */
  readonly allocateFailed: Nanoseconds;
  /** Direct compaction that makes one huge block free, per page moved; assumed. */
  readonly compactPage: Nanoseconds;
  /** Splitting a huge folio to base pages: MADV_COLD on 4 KiB takes 166–203 us in all (by the clock p50 240–265 us). */
  readonly splitFolio: Nanoseconds;
  /** Comparing and remapping one zero-filled sub-page during a split: 504 of them cost 240–270 us more. */
  readonly splitZeroPage: Nanoseconds;
  /** Extra for splitting a PTE-mapped folio: 271–303 us in all. */
  readonly splitPteMapped: Nanoseconds;
  /** A refused split: an extra reference is found before anything is changed (by the clock). */
  readonly splitFailed: Nanoseconds;
  /** Turning a PMD mapping into a page table; assumed. */
  readonly splitPmd: Nanoseconds;
  /** Collapse of one block besides its pages: locks, flush. With 8 pages there and zeroing 170–290 us in all. */
  readonly collapseBlock: Nanoseconds;
  /** Isolating, locking and unmapping one page that is collapsed, without copying. With 512 pages 420–590 us in all. */
  readonly collapsePage: Nanoseconds;
  /** lru_add_drain_all() where some CPU has pages that wait; once for each call of MADV_COLLAPSE. Tails of 4 ms were seen. */
  readonly drainAll: Nanoseconds;
  /** A block that is found huge already: 1.4–1.8 us. */
  readonly collapseSkip: Nanoseconds;
  /** A collapse that backs out (47 us with a pinned page, by the clock, one sample). */
  readonly collapseFailed: Nanoseconds;
  /** One PTE looked at by khugepaged, madvise or a scan: MADV_COLD over 512 base pages takes 37–58 us (by the clock 24–31 us). */
  readonly visitPte: Nanoseconds;
  /** One PMD-mapped block looked at: 2.3–2.7 us with the call. */
  readonly visitPmd: Nanoseconds;
  /** Unmapping and freeing one base page, beside the look at it: MADV_DONTNEED of 512 takes 132–172 us. */
  readonly zapPage: Nanoseconds;
  /** Unmapping and freeing a huge page: 8–8.8 us. */
  readonly zapHuge: Nanoseconds;
  /** A TLB shootdown for each CPU that runs the process: IPI round trip 1–3 us; assumed. */
  readonly shootdownPerCpu: Nanoseconds;
  /** Writing or reading one page of swap (a fast SSD); assumed. */
  readonly swapPage: Nanoseconds;
  /** Compressing or decompressing one page for zswap (lz4); assumed. */
  readonly zswapPage: Nanoseconds;
}

/** Nanoseconds of each operation, measured by scripts/bench/costs.mjs where that can be. */
export const DEFAULT_COSTS: CostTable = Object.freeze({
  systemCall: 300,
  fault: 950,
  zeroKib: 41,
  copyKib: 100,
  allocate: 300,
  allocateFailed: 47_000,
  compactPage: 600,
  splitFolio: 172_000,
  splitZeroPage: 510,
  splitPteMapped: 110_000,
  splitFailed: 14_000,
  splitPmd: 6_000,
  collapseBlock: 110_000,
  collapsePage: 420,
  drainAll: 20_000,
  collapseSkip: 1_500,
  collapseFailed: 47_000,
  visitPte: 70,
  visitPmd: 2_000,
  zapPage: 220,
  zapHuge: 8_500,
  shootdownPerCpu: 1_500,
  swapPage: 60_000,
  zswapPage: 4_000,
});

/** The table on a machine whose kernel work takes `factor` as long; devices stay as fast as they are. */
export function scaledCosts(costs: CostTable, factor: number): CostTable {
  const scaled = Object.entries(costs).map(([name, ns]) => [name, name === 'swapPage' ? ns : ns * factor]);
  return Object.fromEntries(scaled) as unknown as CostTable;
}
