/** Watermarks: whether a scheme may run (mm/damon/core.c damos_wmark_wait_us()). */
import type { Scheme } from './context.js';
import type { MemoryMetrics } from './monitored-memory.js';

/** Updates the scheme's state. Returns 0 when it is active, else the microseconds until the next check. */
export function watermarkWaitUs(scheme: Scheme, metrics: MemoryMetrics): number {
  const { metric, high, mid, low, intervalUs } = scheme.parameters.watermarks;
  if (metric === 'none') return 0;
  const rate = Math.floor((metrics.freePages() * 1000) / Math.max(1, metrics.totalPages()));
  if (rate > high || rate < low) {
    scheme.active = false;
    return intervalUs;
  }
  if (rate >= mid && !scheme.active) return intervalUs;
  scheme.active = true;
  return 0;
}
