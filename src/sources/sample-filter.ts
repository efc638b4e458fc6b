/** Which samples of a recording are wanted: by time, thread and command. What is left out is counted by reason. */
import type { RegionRecord } from '../formats/damo-record/region.js';
import type { ThreadTable } from '../formats/perf-data/threads.js';
import type { AccessColumns } from '../vocabulary/access-columns.js';
import type { SampleWish, TimeBound, TimeRange } from '../vocabulary/sample-wish.js';
import type { Nanoseconds } from '../vocabulary/units.js';

const OTHER_TIME = 'samples outside of the time asked for';
const OTHER_THREAD = 'samples of threads not asked for';
const OTHER_COMMAND = 'samples of commands not asked for';

/** First and last moment of a recording's clock. */
export interface Moments {
  readonly first: Nanoseconds;
  readonly last: Nanoseconds;
}

/** Takes batches and keeps the rows that are wanted. */
export class SampleFilter {
  readonly leftOut: Record<string, number> = {};
  /** Samples that passed. */
  kept = 0;
  readonly #wish: SampleWish;
  readonly #threads: ThreadTable;
  readonly #from: Nanoseconds;
  readonly #to: Nanoseconds;

  constructor(wish: SampleWish, threads: ThreadTable, moments: Moments | undefined) {
    this.#wish = wish;
    this.#threads = threads;
    [this.#from, this.#to] = boundsOf(wish.time, moments);
  }

  /** Removes rows that are not wanted from the columns. */
  apply(batch: AccessColumns): void {
    const origin = Number(batch.timeOrigin);
    let kept = 0;
    for (let row = 0; row < batch.count; row++) {
      const reason = this.#reasonAgainst(batch, row, origin);
      if (reason !== undefined) this.leftOut[reason] = (this.leftOut[reason] ?? 0) + 1;
      else if (kept++ < row) moveRow(batch, row, kept - 1);
    }
    batch.count = kept;
    this.kept += kept;
  }

  #reasonAgainst(batch: AccessColumns, row: number, origin: Nanoseconds): string | undefined {
    const { tids, commands, time } = this.#wish;
    if (tids !== undefined && !tids.has(batch.tid[row])) return OTHER_THREAD;
    if (commands !== undefined && !this.#isOfCommand(batch.pid[row], batch.tid[row], commands))
      return OTHER_COMMAND;
    // Without a time it is in no range.
    const at = origin + batch.time[row];
    return time === undefined || (at >= this.#from && at <= this.#to) ? undefined : OTHER_TIME;
  }

  /** By the name that the thread, or else its process, has so far. */
  #isOfCommand(pid: number, tid: number, commands: ReadonlySet<string>): boolean {
    const name = this.#threads.threadNameOf(tid) ?? this.#threads.nameOf(pid);
    return name !== undefined && commands.has(name);
  }
}

/** As perf has it: both ends belong to the range, but the end of a share that is not the last one does not. */
function boundsOf(range: TimeRange | undefined, moments: Moments | undefined): [Nanoseconds, Nanoseconds] {
  const { first, last } = moments ?? { first: 0, last: 0 };
  const momentOf = (bound: TimeBound) =>
    bound.kind === 'share' ? first + Math.round(bound.share * (last - first)) : bound.ns;
  const { from, to } = range ?? {};
  const start = from === undefined ? Number.NEGATIVE_INFINITY : momentOf(from);
  if (to === undefined) return [start, Number.POSITIVE_INFINITY];
  const isInner = to.kind === 'share' && to.share < 1;
  return [start, momentOf(to) - (isInner ? 1 : 0)];
}

function moveRow(batch: AccessColumns, from: number, to: number): void {
  for (const column of columnsOf(batch)) column[to] = column[from];
}

function columnsOf(batch: AccessColumns) {
  const { time, pid, tid, virtualPage, physicalPage, kind, weight, flags } = batch;
  const { addressLow, addressHigh, physicalLow, physicalHigh, latency, event } = batch;
  const { low, high, isExact } = batch.instructions ?? {};
  const instructions =
    low === undefined || high === undefined || isExact === undefined ? [] : [low, high, isExact];
  return [
    ...instructions,
    ...[time, pid, tid, virtualPage, physicalPage, kind, weight, flags],
    ...[addressLow, addressHigh, physicalLow, physicalHigh, latency, event],
  ];
}

/** The regions that were told within a range of their record's time. */
export function regionsWithin(regions: readonly RegionRecord[], time: TimeRange): readonly RegionRecord[] {
  const moments = { first: Number.POSITIVE_INFINITY, last: Number.NEGATIVE_INFINITY };
  for (const { endNs } of regions) {
    moments.first = Math.min(moments.first, endNs);
    moments.last = Math.max(moments.last, endNs);
  }
  const [from, to] = boundsOf(time, moments);
  return regions.filter(({ endNs }) => endNs >= from && endNs <= to);
}
