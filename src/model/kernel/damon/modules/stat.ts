/**
 * DAMON_STAT: monitors all of memory with tuned intervals and shows what it found, every five seconds
 * (mm/damon/stat.c). Kernels may have it on from their boot.
 */
import type { Nanoseconds } from '../../../../vocabulary/units.js';
import type { Context } from '../core/context.js';
import type { DamonModule } from './damon-module.js';
import { result } from './parameters.js';
import { attributesFrom, physicalContext, tunedTo } from './proactive-context.js';

const ACCESS_BP = 400;
const PERCENTILES = 101;

const REFRESH_NS: Nanoseconds = 5e9;

/** The module with its results. */
export const STAT: DamonModule = {
  name: 'damon_stat',
  only: 'stat-module',
  rows: [
    result('estimated_memory_bandwidth'),
    result('memory_idle_ms_percentiles', undefined, new Array(PERCENTILES).fill(0).join(',')),
    result('aggr_interval_us', 'stat-intervals'),
  ],
  commits: false,
  refreshNs: REFRESH_NS,
  build: (around) => {
    const attributes = attributesFrom({
      ...{ updateUs: 60_000_000, leastRegions: 10, mostRegions: 1000 },
      ...tunedTo(ACCESS_BP),
    });
    return attributes.ok
      ? physicalContext(around, attributes.value, { start: 0, end: 0, unit: 1 })
      : attributes;
  },
  store: (context, parameters) => {
    parameters.set('aggr_interval_us', context.attributes.aggregationUs);
    parameters.set('estimated_memory_bandwidth', bandwidth(context));
    parameters.setText('memory_idle_ms_percentiles', percentiles(context).join(','));
  },
};

/** Bytes a second, if every sample with access stood for one access of the whole region. */
function bandwidth({ targets, attributes }: Context): number {
  let bytes = 0;
  for (const { regions } of targets) {
    for (let index = 0; index < regions.count; index++)
      bytes += regions.size(index) * regions.accesses[index];
  }
  return Math.floor((bytes * 1e6) / attributes.aggregationUs);
}

/** Idle time in milliseconds that so many percent of memory reach at most; negative where it was accessed. */
function percentiles(context: Context): number[] {
  const found = new Array<number>(PERCENTILES).fill(0);
  const pieces: { bytes: number; idle: number }[] = [];
  let total = 0;
  for (const { regions } of context.targets) {
    for (let index = 0; index < regions.count; index++) {
      const age = regions.age[index] + 1;
      pieces.push({ bytes: regions.size(index), idle: regions.accesses[index] > 0 ? -age : age });
      total += regions.size(index);
    }
  }
  pieces.sort((left, right) => left.idle - right.idle);
  let next = 0;
  let seen = 0;
  for (const { bytes, idle } of pieces) {
    seen += bytes;
    while (next <= Math.floor((seen * 100) / total)) {
      found[next++] = Math.trunc((idle * context.attributes.aggregationUs) / 1000);
    }
  }
  return found;
}
