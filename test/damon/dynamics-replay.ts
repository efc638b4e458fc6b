/** The recorded access patterns on the model: the same area, the same kdamond, the same aggregations kept. */
import { access } from '../../src/model/kernel/access/access.js';
import type { GenerationName } from '../../src/model/kernel/damon/core/generations.js';
import type { DamonEvent } from '../../src/model/kernel/damon/core/trace.js';
import {
  AREA_PAGES,
  type DynamicsPattern,
  type DynamicsSnapshot,
  KEPT_EVERY,
  MONITORING,
  RECORDED_AGGREGATIONS,
  STEP_AGGREGATIONS,
} from './dynamics-patterns.js';
import { type Area, BLOCK, ModelBench, PAGE } from './model-bench.js';

/** Below the sampling interval, so that every sample meets an access since its preparation, as in the recordings. */
const READ_EVERY_NS = 4e6;

/** Snapshots of one run. */
export function replay(
  pattern: DynamicsPattern,
  generation: GenerationName,
  seed: number,
): DynamicsSnapshot[] {
  const bench = new ModelBench(generation, { memoryBytes: 256 * 2 ** 20, seed });
  bench.kernel.thp.enabled = pattern.thp;
  const area = bench.area(AREA_PAGES / BLOCK);
  bench.touch(area);
  monitor(bench, area);
  const snapshots: DynamicsSnapshot[] = [];
  let aggregations = 0;
  keepReading(bench, area, () => pattern.hot(Math.floor(aggregations / STEP_AGGREGATIONS)));
  while (aggregations < RECORDED_AGGREGATIONS) {
    bench.advance(MONITORING.sampleUs / 1000);
    for (const regions of snapshotsIn(bench.events.splice(0))) {
      aggregations++;
      if (aggregations % KEPT_EVERY === 0) snapshots.push({ aggregation: aggregations, regions });
    }
  }
  return snapshots;
}

function monitor(bench: ModelBench, area: Area): void {
  bench.write('nr_kdamonds', 1);
  bench.write('0/contexts/nr_contexts', 1);
  const context = '0/contexts/0';
  bench.set(context, { operations: 'fvaddr', 'targets/nr_targets': 1, 'targets/0/pid_target': area.pid });
  bench.set(`${context}/monitoring_attrs`, {
    'intervals/sample_us': MONITORING.sampleUs,
    'intervals/aggr_us': MONITORING.aggregationUs,
    'nr_regions/min': MONITORING.leastRegions,
    'nr_regions/max': MONITORING.mostRegions,
  });
  bench.set(`${context}/targets/0/regions`, {
    nr_regions: 1,
    '0/start': area.start * PAGE,
    '0/end': (area.start + area.pages) * PAGE,
  });
  bench.set('0', { state: 'on' });
}

function keepReading(bench: ModelBench, area: Area, hot: () => ReturnType<DynamicsPattern['hot']>): void {
  const { kernel } = bench;
  kernel.clock.handle('reading', () => {
    const { start, end, every } = hot();
    for (let page = area.start + start; page < area.start + end; page += every) {
      access(kernel, area.mm, page, false);
    }
    kernel.clock.after(READ_EVERY_NS, 'reading');
  });
  kernel.clock.after(READ_EVERY_NS, 'reading');
}

function* snapshotsIn(events: readonly DamonEvent[]): Generator<[number, number, number][]> {
  let regions: [number, number, number][] = [];
  for (const event of events) {
    if (event.name !== 'damon_aggregated') continue;
    regions.push([(event.end - event.start) / PAGE, event.accesses, event.age]);
    if (regions.length < event.regions) continue;
    yield regions;
    regions = [];
  }
}
