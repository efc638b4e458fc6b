/**
 * Listens to a kdamond that somebody else runs: its snapshots come out of the trace event damon_aggregated, which
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

export async function findListening(host: Host, pid: ProcessId): Promise<Listening | undefined> {
  for (const kdamond of await readKdamonds(host)) {
    const target = kdamond.context?.targets.findIndex((each) => each.pid === pid) ?? -1;
    if (kdamond.running && target >= 0) return { kdamond, target };
  }
  return undefined;
}

/** The last whole snapshot within a window. ENODATA when none was completed in it. */
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
  const last = snapshotsOf(regionsSince(trace.value, since), kdamond.pid, target).at(-1);
  if (!last) return failure({ errno: 'ENODATA', call: 'listen for damon_aggregated' });
  return success({ regions: last.map(asTried), samples: samplesOf(kdamond) });
}

function* regionsSince(trace: string, since: number): Generator<AggregatedRegion> {
  for (const line of trace.split('\n')) {
    const region = parseAggregated(line);
    if (region && region.seconds > since) yield region;
  }
}

function asTried({ start, end, accesses, age }: AggregatedRegion): TriedRegion {
  return { start, end, accesses, age: age ?? 0 };
}

function samplesOf({ context }: KdamondView): number {
  if (!context || context.intervals.sampleUs === 0n) return 1;
  return Number(context.intervals.aggregationUs / context.intervals.sampleUs);
}
