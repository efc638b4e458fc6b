/**
 * Listens to a kdamond that another program runs: its snapshots come out of the trace event damon_aggregated, which
 * disturbs neither its parameters nor its results.
 */
import { failure, type Result, success } from '../base/result.js';
import { type AggregatedRegion, lastSeconds, parseAggregated, snapshotsOf } from '../formats/damon-trace.js';
import type { Answer, Host, Refusal } from '../host/host.js';
import type { ProcessId } from '../vocabulary/units.js';
import { type KdamondView, readKdamonds } from './read-tree.js';
import type { TriedRegion } from './slot.js';
import { openTraceBuffer } from './trace-buffer.js';
import type { Watched, WatchRequest } from './watch.js';

/** A running kdamond that watches this process, with the place of the process among its targets. */
export interface Listening {
  readonly kdamond: KdamondView;
  readonly target: number;
}

/** Returns a running kdamond that watches the process, and its place among the targets. */
export async function findListening(host: Host, pid: ProcessId): Promise<Listening | undefined> {
  for (const kdamond of await readKdamonds(host)) {
    if (!kdamond.running || !kdamond.context) continue;
    const target = kdamond.context.targets.findIndex((each) => each.pid === pid);
    if (target >= 0) return { kdamond, target };
  }
  return undefined;
}

/** All whole snapshots within a window, one over the other. ENODATA when none was completed in it. */
export async function listen(
  host: Host,
  { kdamond, target }: Listening,
  { windowMs, wait }: Pick<WatchRequest, 'windowMs' | 'wait'>,
): Promise<Result<Watched, Refusal>> {
  const opened = openTraceBuffer(host);
  if (!opened.ok) return opened;
  const buffer = opened.value;
  let trace: Answer<string>;
  try {
    await wait(windowMs);
    trace = buffer.read();
  } finally {
    buffer.close();
  }
  if (!trace.ok) return trace;
  const since = lastSeconds(buffer.earlier);
  const snapshots = snapshotsOf(regionsSince(trace.value, since), kdamond.pid, target);
  if (snapshots.length === 0) return failure({ errno: 'ENODATA', call: 'listen for damon_aggregated' });
  return success({ regions: overlaid(snapshots), samples: samplesOf(kdamond) * snapshots.length });
}

function* regionsSince(trace: string, since: number): Generator<AggregatedRegion> {
  for (const line of trace.split('\n')) {
    const region = parseAggregated(line);
    if (region && region.seconds > since) yield region;
  }
}

/** Snapshots cut memory in different places: pieces between all of these, each with the sum of what was seen there. */
export function overlaid(snapshots: readonly (readonly AggregatedRegion[])[]): TriedRegion[] {
  const edges = new Map<bigint, { accesses: number; regions: number }>();
  const at = (address: bigint) => {
    const edge = edges.get(address) ?? { accesses: 0, regions: 0 };
    edges.set(address, edge);
    return edge;
  };
  for (const { start, end, accesses } of snapshots.flat()) {
    at(start).accesses += accesses;
    at(start).regions++;
    at(end).accesses -= accesses;
    at(end).regions--;
  }
  const addresses = [...BigUint64Array.from(edges.keys()).sort()];
  const pieces: TriedRegion[] = [];
  let accesses = 0;
  let regions = 0;
  addresses.forEach((start, index) => {
    accesses += at(start).accesses;
    regions += at(start).regions;
    if (regions > 0) pieces.push({ start, end: addresses[index + 1], accesses, age: 0 });
  });
  return pieces;
}

function samplesOf({ context }: KdamondView): number {
  if (!context || context.intervals.sampleUs === 0n) return 1;
  return Number(context.intervals.aggregationUs / context.intervals.sampleUs);
}
