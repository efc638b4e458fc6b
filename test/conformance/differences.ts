/**
 * The differences between kernel releases that scenarios may meet, all of them and only here. A new release is one
 * more column; a scenario derives what it expects from these traits and never from a version.
 */
export interface KernelTraits {
  /** DAMOS has the action `collapse`. */
  readonly collapseAction: boolean;
  /** DAMOS has the action `split` and the file target_order (the series in kernel/, not in any release). */
  readonly splitAction: boolean;
  /** Schemes have core_filters and ops_filters beside filters. */
  readonly coreFilters: boolean;
  /** Schemes have stats/max_nr_snapshots, so that the kernel itself ends a one-shot scheme. */
  readonly snapshotLimit: boolean;
  /** An address filter inside a larger region of vaddr selects just its range. */
  readonly exactAddressFilters: boolean;
  /** The debugfs split of a shmem THP reaches orders above 0. */
  readonly shmemSplitOrders: boolean;
  /** DAMON_STAT exists and holds DAMON exclusively while enabled. */
  readonly damonStat: boolean;
  /** DAMON_STAT runs from boot on. */
  readonly damonStatAtBoot: boolean;
  /** DAMON tunes its own intervals. */
  readonly intervalsGoal: boolean;
  /** tracefs has the event damon_aggregated. */
  readonly damonTrace: boolean;
}

const v73: KernelTraits = {
  collapseAction: true,
  splitAction: false,
  coreFilters: true,
  snapshotLimit: true,
  exactAddressFilters: true,
  shmemSplitOrders: true,
  damonStat: true,
  damonStatAtBoot: true,
  intervalsGoal: true,
  damonTrace: true,
};

const v612: KernelTraits = {
  ...v73,
  collapseAction: false,
  coreFilters: false,
  snapshotLimit: false,
  exactAddressFilters: false,
  shmemSplitOrders: false,
  damonStat: false,
  damonStatAtBoot: false,
  intervalsGoal: false,
};

export const DIFFERENCES: Readonly<Record<string, KernelTraits>> = {
  '7.3': v73,
  '7.2': v73,
  /** Pages of 16 KiB on arm64, DAMON_STAT off at boot. Rows of sizes are declared for 4 KiB: only the model is asked for these. */
  '7.3-16k': { ...v73, damonStatAtBoot: false },
  /** 7.3 with the series of kernel/. */
  octavo: { ...v73, splitAction: true, damonStatAtBoot: false },
  '6.12': v612,
  'model 7.3': v73,
  'model 7.2': v73,
  'model 7.3-16k': { ...v73, damonStatAtBoot: false },
  'model octavo': { ...v73, splitAction: true, damonStatAtBoot: false },
  'model 6.12': v612,
};

export function traitsOf(kernel: string): KernelTraits {
  const traits = DIFFERENCES[kernel];
  if (!traits) throw new Error(`kernel ${kernel} has no column in test/conformance/differences.ts`);
  return traits;
}
