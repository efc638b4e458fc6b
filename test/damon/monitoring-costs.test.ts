/** What a kdamond's CPU time is made of: the kind of address space, the regions, and the VMAs of an update. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mmap } from '../../src/model/kernel/address-space/processes.js';
import { DEFAULT_MONITORING_COSTS as COSTS } from '../../src/model/kernel/damon/core/monitoring-costs.js';
import { BLOCK, ModelBench, PAGE } from './model-bench.js';

const REGIONS = 10;
const SAMPLES = 200;

interface Monitored {
  readonly operations: 'vaddr' | 'fvaddr' | 'paddr';
  readonly updateMs?: number;
  readonly mappings?: number;
}

/** CPU time of a second at 5 ms a sample, the number of regions held at ten. */
function cpuOfASecond({ operations, updateMs = 100_000, mappings = 0 }: Monitored): number {
  const bench = new ModelBench('7.3');
  const area = bench.area(64);
  for (let index = 0; index < mappings; index++) {
    mmap(bench.kernel, area.mm, { pages: 1, at: area.start - 4 * BLOCK - 2 * index });
  }
  bench.write('nr_kdamonds', 1);
  bench.write('0/contexts/nr_contexts', 1);
  const context = '0/contexts/0';
  bench.set(context, { operations, 'targets/nr_targets': 1 });
  bench.set(`${context}/monitoring_attrs`, {
    'intervals/update_us': updateMs * 1000,
    'nr_regions/min': REGIONS,
    'nr_regions/max': REGIONS,
  });
  if (operations !== 'paddr') bench.set(context, { 'targets/0/pid_target': area.pid });
  if (operations !== 'vaddr') {
    const [start, end] =
      operations === 'paddr' ? [0, 2 ** 30] : [area.start * PAGE, (area.start + area.pages) * PAGE];
    bench.set(`${context}/targets/0/regions`, { nr_regions: 1, '0/start': start, '0/end': end });
  }
  assert.equal(bench.write('0/state', 'on'), undefined);
  bench.advance(1000);
  const thread = [...bench.kernel.processes.values()].find(({ command }) => command === 'kdamond.0');
  assert.ok(thread !== undefined);
  return thread.cpuNs;
}

test('a look at a physical page costs its reverse mapping, not the page-table walk of a process', () => {
  const fixed = cpuOfASecond({ operations: 'fvaddr' });
  const physical = cpuOfASecond({ operations: 'paddr' });
  const dearer = (2 * COSTS.physical - COSTS.prepare - COSTS.check) * REGIONS * SAMPLES;
  assert.ok(Math.abs(physical - fixed - dearer) < 0.1 * dearer, `${physical} and ${fixed} ns`);
});

test('an update costs by the VMAs that there are, and nothing where nothing is updated', () => {
  const updateMs = 20;
  const some = cpuOfASecond({ operations: 'vaddr', updateMs });
  const more = cpuOfASecond({ operations: 'vaddr', updateMs, mappings: 300 });
  const updates = 1000 / updateMs;
  const expected = 300 * COSTS.vma * updates;
  assert.ok(Math.abs(more - some - expected) < 0.15 * expected, `${more - some} ns, not ${expected}`);
  const often = cpuOfASecond({ operations: 'fvaddr', updateMs, mappings: 300 });
  const never = cpuOfASecond({ operations: 'fvaddr', mappings: 300 });
  assert.equal(often, never);
});
