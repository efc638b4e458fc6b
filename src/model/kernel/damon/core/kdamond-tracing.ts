/** What one kdamond tells the trace events; records are made only for events that are enabled. */
import type { ProcessId } from '../../../../vocabulary/units.js';
import type { Context, Scheme } from './context.js';
import { MOST_PROBES, type RegionList } from './region-list.js';
import type { DamonEvent, TraceSink } from './trace.js';

/** Makes records of trace events for one kdamond. */
export class KdamondTracing {
  readonly #sink: TraceSink;
  readonly #known: readonly string[];
  readonly #pid: ProcessId;
  readonly #comm: string;

  /** `known`: events that the kernel generation has. */
  constructor(sink: TraceSink, known: readonly string[], pid: ProcessId, comm: string) {
    this.#sink = sink;
    this.#known = known;
    this.#pid = pid;
    this.#comm = comm;
  }

  beforeApply(scheme: number, target: number, regions: RegionList, index: number, accesses: number): void {
    this.#trace('damos_before_apply', () => ({
      name: 'damos_before_apply',
      scheme,
      target,
      regions: regions.count,
      start: regions.start[index],
      end: regions.end[index],
      accesses,
      age: regions.age[index],
    }));
  }

  passed(context: Context, scheme: Scheme): void {
    this.#trace('damos_stat_after_apply_interval', () => ({
      name: 'damos_stat_after_apply_interval',
      scheme: context.schemes.indexOf(scheme),
      statistics: { ...scheme.statistics },
    }));
  }

  effectiveChanged(context: Context, scheme: Scheme): void {
    this.#trace('damos_esz', () => ({
      name: 'damos_esz',
      scheme: context.schemes.indexOf(scheme),
      effective: scheme.quota.effective,
    }));
  }

  tuned(sampleUs: number): void {
    this.#trace('damon_monitor_intervals_tune', () => ({ name: 'damon_monitor_intervals_tune', sampleUs }));
  }

  /** Every region of every target at an aggregation, before counts are reset. */
  regions({ targets, probes }: Context): void {
    for (let place = 0; place < targets.length; place++) {
      const list = targets[place].regions;
      for (let index = 0; index < list.count; index++) this.#region(list, index, place, probes.length);
    }
  }

  #region(list: RegionList, index: number, target: number, probes: number): void {
    const region = () => ({
      target,
      regions: list.count,
      start: list.start[index],
      end: list.end[index],
      accesses: list.accesses[index],
      age: list.age[index],
    });
    this.#trace('damon_aggregated', () => ({ name: 'damon_aggregated', ...region() }));
    if (probes === 0) return;
    const hits = () => [...list.hits.subarray(index * MOST_PROBES, index * MOST_PROBES + probes)];
    this.#trace('damon_region_aggregated', () => ({
      name: 'damon_region_aggregated',
      ...region(),
      hits: hits(),
    }));
  }

  #trace(name: DamonEvent['name'], make: () => DamonEvent): void {
    if (this.#known.includes(name) && this.#sink.isEnabled(name)) {
      this.#sink.record(make(), this.#pid, this.#comm);
    }
  }
}
