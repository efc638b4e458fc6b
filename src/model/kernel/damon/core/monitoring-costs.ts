/**
 * What monitoring costs a kdamond, in nanoseconds. It lengthens every period (the loop does not compensate) and is
 * counted as CPU time of the thread, so that overhead shows in an outcome.
 */
import type { Nanoseconds } from '../../../../vocabulary/units.js';

/** Nanoseconds of each step of monitoring. */
export interface MonitoringCosts {
  /** Waking up, two loop heads and a timer, for each sample. */
  readonly wake: Nanoseconds;
  /** One page-table walk with the VMA lock to make a page old (mm/damon/vaddr.c damon_va_mkold()). */
  readonly prepare: Nanoseconds;
  /** The walk that looks at it again. */
  readonly check: Nanoseconds;
  /** Either of them by reverse mapping on the physical address space: folio lock and rmap walk. */
  readonly physical: Nanoseconds;
  /** Ageing, merging, tracing and splitting, per region and aggregation. */
  readonly aggregate: Nanoseconds;
  /** Looking whether a region fits a scheme. */
  readonly consider: Nanoseconds;
  /** Deriving the three ranges, per VMA; only vaddr does. */
  readonly vma: Nanoseconds;
}

/**
 * Two walks of about 0.4 us per region and sample: 1000 regions every 5 ms are then 16 % of one CPU, 10 regions
 * 0.2 %, which is where published overheads of DAMON lie (under 0.1 % with tuned intervals).
 */
export const DEFAULT_MONITORING_COSTS: MonitoringCosts = Object.freeze({
  wake: 4_000,
  prepare: 450,
  check: 350,
  physical: 900,
  aggregate: 120,
  consider: 25,
  vma: 60,
});
