/** What changing a block costs in nanoseconds of CPU, and whether the change lasts. */

import type { ThpSettings } from '../../vocabulary/thp-settings.js';
import type { Fraction, Microseconds, Nanoseconds, Pages } from '../../vocabulary/units.js';

/** Interrupts to the CPUs that run the process, and the reload of what they drop; measured 2 to 8 µs. */
const SHOOTDOWN_NS: Nanoseconds = 5000;
/** Fault and zeroing of one base page: 0.5 µs and 4 KiB at 10 GB/s. */
export const REFAULT_NS: Nanoseconds = 1000;

/**
 * One change of a block that holds its lock for `lockUs`: the time of the call itself, and of a thread that touches the block
 * meanwhile. `rate` is that of the block's accesses a second.
 */
export function changeNs(lockUs: Microseconds, rate: number): Nanoseconds {
  const ns = lockUs * 1000;
  const touched = -Math.expm1((-rate * ns) / 1e9);
  return ns * (1 + touched) + SHOOTDOWN_NS;
}

/** khugepaged as it comes by: seconds from one visit to a block to the next; undefined when it takes none. */
export function secondsBetweenVisits(settings: ThpSettings, registeredPages: Pages): number | undefined {
  const { enabled, khugepaged } = settings;
  if (enabled === 'never' || khugepaged.pagesToScan === 0) return undefined;
  const rounds = Math.max(1, registeredPages / khugepaged.pagesToScan);
  return (rounds * khugepaged.scanSleepMs) / 1000;
}

/** Probability that khugepaged takes a block within `seconds`, half a round being the mean time until it comes. */
export function chanceTaken(visitSeconds: number, seconds: number): Fraction {
  return Math.min(1, seconds / Math.max(visitSeconds, Number.MIN_VALUE));
}

/** Mean share of the horizon for which a split lasts when khugepaged comes by at an even moment of each round. */
export function lastingShare(visitSeconds: number, horizon: number): Fraction {
  return visitSeconds >= horizon ? 1 - horizon / (2 * visitSeconds) : visitSeconds / (2 * horizon);
}
