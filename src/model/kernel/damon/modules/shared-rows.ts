/** Parameters that more than one module has (mm/damon/modules-common.h). */
import { bool, type ParameterRow, ulong } from './parameters.js';

/** What is monitored, and how closely. */
export const MONITORING_ROWS: readonly ParameterRow[] = [
  ulong('addr_unit', 1n, 'address-unit', 1n),
  ulong('sample_interval', 5000n),
  ulong('aggr_interval', 100_000n),
  ulong('min_nr_regions', 10n),
  ulong('max_nr_regions', 1000n),
  ulong('monitor_region_start'),
  ulong('monitor_region_end'),
  bool('autotune_monitoring_intervals', 'module-tuning'),
];

/** Per mille of free memory between which a module works. */
export const watermarkRows = (high: bigint, mid: bigint, low: bigint): readonly ParameterRow[] => [
  ulong('wmarks_interval', 5_000_000n),
  ulong('wmarks_high', high),
  ulong('wmarks_mid', mid),
  ulong('wmarks_low', low),
];
