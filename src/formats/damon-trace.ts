/**
 * damon_aggregated events as the text of tracefs shows them (include/trace/events/damon.h): one line a region, all
 * regions of a target one after the other, nr_regions of them. Target ids are places in the kdamond's list of targets,
 * and only the pid in front tells kdamonds apart.
 */

/** One line: a region at the end of an aggregation. */
export interface AggregatedRegion {
  /** Kernel thread that wrote it. */
  readonly kdamondPid: number;
  /** Seconds of the trace clock. */
  readonly seconds: number;
  readonly target: number;
  readonly regions: number;
  readonly start: bigint;
  /** Exclusive. */
  readonly end: bigint;
  readonly accesses: number;
  /** Aggregations; undefined in kernels that do not print it. */
  readonly age: number | undefined;
}

/** `comm-pid [cpu] flags seconds: event:`; some tools leave the flags out, and a comm may hold anything. */
const LINE =
  /^.*-(\d+)\s+\[\d+\](?:\s+\S+)?\s+(\d+\.\d+): (?:damon:)?damon_aggregated: target_id=(\d+) nr_regions=(\d+) (\d+)-(\d+): (\d+)(?: (\d+))?\s*$/;

/** Returns the region of a line of tracefs; undefined for a line of another event. */
export function parseAggregated(line: string): AggregatedRegion | undefined {
  const found = LINE.exec(line);
  if (!found) return undefined;
  return {
    kdamondPid: Number(found[1]),
    seconds: Number(found[2]),
    target: Number(found[3]),
    regions: Number(found[4]),
    start: BigInt(found[5]),
    end: BigInt(found[6]),
    accesses: Number(found[7]),
    age: found[8] === undefined ? undefined : Number(found[8]),
  };
}

/** Time of the last event of any kind in a trace, 0 when it has none. */
export function lastSeconds(trace: string): number {
  const times = [...trace.slice(-4096).matchAll(/\[\d+\](?:\s+\S+)?\s+(\d+\.\d+): /g)];
  return Number(times.at(-1)?.[1] ?? 0);
}

/** Whole snapshots of one target of one kdamond, in order; a snapshot that is cut at either end is left out. */
export function snapshotsOf(
  regions: Iterable<AggregatedRegion>,
  kdamondPid: number,
  target: number,
): AggregatedRegion[][] {
  const snapshots: AggregatedRegion[][] = [];
  let current: AggregatedRegion[] = [];
  for (const region of regions) {
    if (region.kdamondPid !== kdamondPid || region.target !== target) continue;
    const before = current.at(-1);
    if (before && (region.start < before.end || region.regions !== before.regions)) current = [];
    current.push(region);
    if (current.length === region.regions) {
      snapshots.push(current);
      current = [];
    }
  }
  return snapshots;
}
