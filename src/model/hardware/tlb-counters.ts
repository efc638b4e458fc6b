/** Counters that only grow; subtract two readings to get a period. */
export interface TlbCounters {
  readonly accesses: number;
  readonly firstLevelMisses: number;
  readonly walks: number;
  /** Walks to a PMD entry. */
  readonly hugeWalks: number;
  readonly faults: number;
  /** Cycles spent on second-level hits and walks. */
  readonly cycles: number;
  /** Nanoseconds spent in page faults. */
  readonly faultNs: number;
}

const NO_COUNTS: TlbCounters = {
  accesses: 0,
  firstLevelMisses: 0,
  walks: 0,
  hugeWalks: 0,
  faults: 0,
  cycles: 0,
  faultNs: 0,
};

/** Returns what was counted between two readings. */
export function subtractCounters(later: TlbCounters, earlier: TlbCounters): TlbCounters {
  const names = Object.keys(NO_COUNTS) as (keyof TlbCounters)[];
  return Object.fromEntries(
    names.map((name) => [name, later[name] - earlier[name]]),
  ) as unknown as TlbCounters;
}

/** Returns the sums of two readings. */
export function addCounters(a: TlbCounters, b: TlbCounters): TlbCounters {
  const names = Object.keys(NO_COUNTS) as (keyof TlbCounters)[];
  return Object.fromEntries(names.map((name) => [name, a[name] + b[name]])) as unknown as TlbCounters;
}
