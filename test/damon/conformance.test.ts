/** Conformance vectors taken from running the kernel's own code; addresses in pages. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  intervalsFactor,
  leftWindowBp,
  movingSum,
  nextInput,
} from '../../src/model/kernel/damon/core/attributes.js';
import { GENERATIONS } from '../../src/model/kernel/damon/core/generations.js';
import { ACCESS_SCORE, chopOversized, mergeAll } from '../../src/model/kernel/damon/core/region-dynamics.js';
import { RegionList } from '../../src/model/kernel/damon/core/region-list.js';
import { DamonBench, regionRows } from './damon-bench.js';

const PAGE = 4096;
const CORE = GENERATIONS['7.3'].core;

/** A kdamond on one region [0, 100) of age 7 with a collapse scheme and one core filter, stopped before its apply. */
function filterBench(start: number, end: number): { bench: DamonBench; scheme: string } {
  const bench = new DamonBench();
  bench.memory.addProcess(7, [[0, 100]]);
  const context = bench.prepare(7, 'fvaddr');
  bench.set(`${context}/monitoring_attrs/nr_regions`, { min: 3, max: 3 });
  bench.set(`${context}/targets/0/regions`, { nr_regions: 1, '0/start': 0, '0/end': 100 * PAGE });
  const scheme = bench.addScheme(context, 'collapse');
  bench.set(`${scheme}/core_filters`, { nr_filters: 1, '0/type': 'addr', '0/matching': 'Y', '0/allow': 'Y' });
  bench.set(`${scheme}/core_filters/0`, { addr_start: start, addr_end: end });
  return { bench, scheme };
}

/** Runs to the first apply with one region of age 7 and no chopping in between. */
function applyOnce(bench: DamonBench): void {
  bench.write('0/state', 'on');
  bench.advance(97);
  const { regions } = bench.context().targets[0];
  while (regions.count > 1) regions.remove(1);
  regions.end[0] = 100 * PAGE;
  regions.age[0] = 6;
  bench.context().attributes = { ...bench.context().attributes, leastRegions: 1 };
}

test('A: an address filter cuts out exactly the range, in one pass', () => {
  const { bench, scheme } = filterBench(30 * PAGE + 100, 50 * PAGE + 4000);
  applyOnce(bench);
  const rows: number[][][] = [];
  bench.memory.virtual.advise = (_space, start, end, advice) => {
    bench.memory.actions.push({ what: advice, start: start / PAGE, end: end / PAGE });
    return undefined;
  };
  while (bench.events.every((event) => event.name !== 'damon_aggregated')) bench.advance(1);
  const traced = bench.events.filter((event) => event.name === 'damon_aggregated');
  for (const event of traced) rows.push([[event.start / PAGE, event.end / PAGE, event.age]]);
  assert.deepEqual(rows.flat(), [
    [0, 30, 7],
    [30, 50, 0],
    [50, 100, 7],
  ]);
  assert.deepEqual(bench.memory.actions, [{ what: 'MADV_COLLAPSE', start: 30, end: 50 }]);
  bench.write('0/state', 'update_schemes_stats');
  assert.equal(bench.number(`${scheme}/stats/nr_tried`), 1);
  assert.equal(bench.number(`${scheme}/stats/sz_tried`), 20 * PAGE);
  assert.equal(bench.number(`${scheme}/stats/sz_applied`), 20 * PAGE);
  assert.equal(bench.number(`${scheme}/stats/nr_snapshots`), 1);
});

test('B: one ops filter besides switches the core default to passing, so that all pieces are tried', () => {
  const { bench, scheme } = filterBench(30 * PAGE + 100, 50 * PAGE + 4000);
  bench.set(`${scheme}/ops_filters`, { nr_filters: 1, '0/type': 'anon', '0/matching': 'Y', '0/allow': 'Y' });
  applyOnce(bench);
  bench.advance(10);
  bench.write('0/state', 'update_schemes_stats');
  assert.deepEqual(
    bench.memory.actions.map(({ start, end }) => [start, end]),
    [
      [0, 30],
      [30, 50],
      [50, 100],
    ],
  );
  assert.equal(bench.number(`${scheme}/stats/sz_applied`), 100 * PAGE);
});

test('E: neighbours within the threshold merge, ages are averaged, changed levels start anew', () => {
  const list = new RegionList();
  const current = [0, 0, 1, 2, 5, 20, 19, 3];
  const last = [0, 1, 1, 2, 9, 20, 19, 0];
  current.forEach((accesses, index) => {
    list.append(index * 10, (index + 1) * 10);
    list.accesses[index] = accesses;
    list.lastAccesses[index] = last[index];
    list.age[index] = 10 + index;
  });
  mergeAll([list], 2, { size: 1000, regions: 1000, samples: 20 }, ACCESS_SCORE, CORE);
  const rows = Array.from({ length: list.count }, (_, index) => [
    list.start[index],
    list.end[index],
    list.accesses[index],
    list.age[index],
  ]);
  assert.deepEqual(rows, [
    [0, 40, 0, 8],
    [40, 50, 5, 0],
    [50, 70, 19, 16],
    [70, 80, 3, 0],
  ]);
});

test('H: ten regions at least over 105 pages: nine of eleven pages and one of six', () => {
  const list = new RegionList();
  list.append(0, 105 * PAGE);
  assert.equal(chopOversized([list], 10, PAGE), 11 * PAGE);
  const sizes = Array.from({ length: list.count }, (_, index) => list.size(index) / PAGE);
  assert.deepEqual(sizes, [11, 11, 11, 11, 11, 11, 11, 11, 11, 6]);
});

test('I: the factor of tuning for 0, 1, 2 and 20 of 20 samples at a goal of 4 percent', () => {
  const factor = (accesses: number) => {
    const bench = new DamonBench();
    bench.memory.addProcess(7, [[0, 100]]);
    const path = bench.prepare(7, 'fvaddr');
    bench.set(`${path}/monitoring_attrs/intervals/intervals_goal`, {
      access_bp: 400,
      aggrs: 3,
      min_sample_us: 5000,
      max_sample_us: 10000000,
    });
    bench.set(`${path}/targets/0/regions`, { nr_regions: 1, '0/start': 0, '0/end': 100 * PAGE });
    bench.write('0/state', 'on');
    const context = bench.context();
    context.targets[0].regions.accesses.fill(accesses);
    return intervalsFactor(context);
  };
  assert.deepEqual([0, 1, 2, 20].map(factor), [20000, 8750, 5000, 5000]);
});

test('J: the feedback loop', () => {
  const scores = [0, 5000, 9999, 10000, 10001, 15000, 19999, 20000, 1e9];
  assert.deepEqual(
    scores.map((score) => nextInput(1_000_000, score)),
    [2_000_000, 1_500_000, 1_000_100, 1_000_000, 999_900, 500_000, 10_000, 10_000, 10_000],
  );
});

test('K: the moving sum of 3 now and 20 last over a window of 20', () => {
  const bench = new DamonBench();
  bench.memory.addProcess(7, [[0, 100]]);
  bench.prepare(7, 'fvaddr');
  bench.write('0/state', 'on');
  const context = bench.context();
  const sums = [0, 5, 10, 15, 20].map((passed) => {
    context.passed = passed;
    return movingSum(3, 20, leftWindowBp(context));
  });
  assert.deepEqual(sums, [20, 18, 13, 8, 3]);
});

test('changed intervals rescale what was seen: 5/100 ms to 10/400 ms', () => {
  const bench = new DamonBench();
  bench.memory.addProcess(7, [[0, 100]], () => true);
  const path = bench.prepare(7, 'fvaddr');
  bench.set(`${path}/targets/0/regions`, { nr_regions: 1, '0/start': 0, '0/end': 100 * PAGE });
  bench.write('0/state', 'on');
  bench.advance(150);
  const { regions } = bench.context().targets[0];
  regions.lastAccesses.fill(15);
  regions.age.fill(40);
  regions.accesses.fill(7);
  bench.set(`${path}/monitoring_attrs/intervals`, { sample_us: 10000, aggr_us: 400000 });
  assert.equal(bench.write('0/state', 'commit'), undefined);
  assert.deepEqual([regions.lastAccesses[0], regions.age[0]], [30, 10]);
  assert.ok(regions.accesses[0] <= 1, 'the unfinished window starts anew');
});

test('a scheme acting first resets the age that the next scheme sees in the same pass', () => {
  const bench = new DamonBench();
  bench.memory.addProcess(7, [[0, 100]]);
  const path = bench.prepare(7, 'fvaddr');
  bench.set(`${path}/targets/0/regions`, { nr_regions: 1, '0/start': 0, '0/end': 100 * PAGE });
  bench.addScheme(path, 'collapse', 2);
  bench.set(`${path}/schemes/1/access_pattern/age`, { min: 1 });
  bench.write('0/state', 'on');
  bench.advance(1000);
  bench.write('0/state', 'update_schemes_stats');
  assert.ok(bench.number(`${path}/schemes/0/stats/nr_tried`) > 0);
  assert.equal(bench.number(`${path}/schemes/1/stats/nr_tried`), 0);
  assert.ok(regionRows(bench.context()).every(([, , , age]) => age <= 1));
});
