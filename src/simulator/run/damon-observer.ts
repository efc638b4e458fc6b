/** What DAMON's trace events say of each kdamond, summed up as they come. */

import type { DamonEvent, TraceSink } from '../../model/kernel/damon/core/trace.js';
import type { Bytes, Nanoseconds } from '../../vocabulary/units.js';

/** What one kdamond has seen since measuring began. Means are over aggregations. */
export interface Seen {
  aggregations: number;
  /** Sum over aggregations of size × samples with access. */
  accessBytes: number;
  /** Sum over aggregations of the size of regions with any access. */
  touchedBytes: Bytes;
  regions: number;
}

/** Takes trace events and keeps means and counts for each kdamond. */
export class DamonObserver implements TraceSink {
  /** Aggregations before this instant are not measured. */
  measureFrom: Nanoseconds = 0;
  readonly #clock: { readonly now: Nanoseconds };
  readonly #byPid = new Map<number, Seen>();

  constructor(clock: { readonly now: Nanoseconds }) {
    this.#clock = clock;
  }

  isEnabled(event: DamonEvent['name']): boolean {
    return event === 'damon_aggregated' && this.#clock.now >= this.measureFrom;
  }

  record(event: DamonEvent, pid: number): void {
    if (event.name !== 'damon_aggregated') return;
    const seen = this.of(pid);
    // A snapshot's regions each say how many there are, so that their inverses add up to one.
    seen.aggregations += 1 / event.regions;
    seen.regions++;
    const size = event.end - event.start;
    seen.accessBytes += size * event.accesses;
    if (event.accesses > 0) seen.touchedBytes += size;
  }

  of(pid: number): Seen {
    const known = this.#byPid.get(pid);
    if (known !== undefined) return known;
    const fresh = { aggregations: 0, accessBytes: 0, touchedBytes: 0, regions: 0 };
    this.#byPid.set(pid, fresh);
    return fresh;
  }
}
