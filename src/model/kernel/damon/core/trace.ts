/** The trace events of system `damon` (include/trace/events/damon.h): who listens gets records, others cost nothing. */
import type { SchemeStatistics } from './context.js';

/** A record of any event, with the fields of its class. */
export type DamonEvent =
  | { readonly name: 'damon_aggregated'; readonly target: number; readonly regions: number; readonly start: number; readonly end: number; readonly accesses: number; readonly age: number }
  | { readonly name: 'damon_region_aggregated'; readonly target: number; readonly regions: number; readonly start: number; readonly end: number; readonly accesses: number; readonly age: number; readonly hits: readonly number[] }
  | { readonly name: 'damos_before_apply'; readonly scheme: number; readonly target: number; readonly regions: number; readonly start: number; readonly end: number; readonly accesses: number; readonly age: number }
  | { readonly name: 'damos_esz'; readonly scheme: number; readonly effective: number }
  | { readonly name: 'damon_monitor_intervals_tune'; readonly sampleUs: number }
  | { readonly name: 'damos_stat_after_apply_interval'; readonly scheme: number; readonly statistics: Readonly<SchemeStatistics> }; // biome-ignore format: a table of events

/** Where records go. */
export interface TraceSink {
  /** Whether anyone listens; asked before a record is made. */
  isEnabled(event: DamonEvent['name']): boolean;
  /** `pid` is the kdamond's, which is all that tells two kdamonds apart. */
  record(event: DamonEvent, pid: number, comm: string): void;
}

/** No event is enabled. */
export const NO_TRACE: TraceSink = { isEnabled: () => false, record: () => {} };

const integer = (value: number): string =>
  value >= 2 ** 64 ? '18446744073709551615' : BigInt(Math.floor(value)).toString();

/** The text form that follows `comm-pid [cpu] ts: event: `. */
export function eventText(event: DamonEvent): string {
  switch (event.name) {
    case 'damon_aggregated':
      return `target_id=${event.target} ${regionText(event)}`;
    case 'damon_region_aggregated':
      return `target_id=${event.target} ${regionText(event)} probe_hits=${hex(event.hits)}`;
    case 'damos_before_apply':
      return `ctx_idx=0 scheme_idx=${event.scheme} target_idx=${event.target} ${regionText(event)}`;
    case 'damos_esz':
      return `ctx_idx=0 scheme_idx=${event.scheme} esz=${integer(event.effective)}`;
    case 'damon_monitor_intervals_tune':
      return `sample_us=${integer(event.sampleUs)}`;
    case 'damos_stat_after_apply_interval':
      return `ctx_idx=0 scheme_idx=${event.scheme} ${statisticsText(event.statistics)}`;
  }
}

function regionText(region: {
  readonly regions: number;
  readonly start: number;
  readonly end: number;
  readonly accesses: number;
  readonly age: number;
}): string {
  const range = `${integer(region.start)}-${integer(region.end)}`;
  return `nr_regions=${region.regions} ${range}: ${region.accesses} ${region.age}`;
}

const hex = (bytes: readonly number[]): string =>
  bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(' ');

function statisticsText(statistics: Readonly<SchemeStatistics>): string {
  return [
    `nr_tried=${integer(statistics.tried)}`,
    `sz_tried=${integer(statistics.triedBytes)}`,
    `nr_applied=${integer(statistics.applied)}`,
    `sz_applied=${integer(statistics.appliedBytes)}`,
    `sz_ops_filter_passed=${integer(statistics.passedBytes)}`,
    `qt_exceeds=${integer(statistics.quotaExceeds)}`,
    `nr_snapshots=${integer(statistics.snapshots)}`,
  ].join(' ');
}
