import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeededRandom } from '../../base/seeded-random.js';
import { Uniform } from '../../simulator/workloads/uniform.js';
import { SAMPLE_FLAG, SAMPLE_KIND } from '../../vocabulary/sample.js';
import { GEOMETRY_4K, MIB } from '../../vocabulary/units.js';
import { CPUS } from '../cpus/catalogue.js';
import { FlatSpace } from './flat-space.js';
import { DEFAULT_PMU, Pmu, type PmuSettings } from './pmu.js';
import { emptySample } from './pmu-samples.js';
import { BATCH, Tlb, windowsFor } from './tlb.js';

const PAGES = (64 * MIB) / 4096;

function sampled(settings: Partial<PmuSettings>, nsPerAccess = 100, batches = 50, stores = 512) {
  const cpu = CPUS['neoverse-n1'];
  const windows = windowsFor(cpu, GEOMETRY_4K);
  const window = windows.open(new FlatSpace(PAGES, 'base', GEOMETRY_4K), 0, PAGES);
  const tlb = new Tlb(cpu, windows);
  const pmu = new Pmu({ ...DEFAULT_PMU, kind: 'spe', ...settings }, cpu.clockGhz.value, 5);
  const draws = new Uniform(PAGES, stores, new SeededRandom(1));
  const batch = new Uint32Array(BATCH);
  for (let slice = 0; slice < batches; slice++) {
    draws.next(batch, BATCH);
    tlb.access(window, batch, BATCH);
    pmu.observe(tlb, window, batch, BATCH, {
      start: slice * BATCH * nsPerAccess,
      nsPerAccess,
      cpu: 0,
      pid: 7,
      tid: 8,
    });
  }
  return { pmu, accesses: batches * BATCH };
}

test('one operation in a period is selected; one in four of them is an access', () => {
  const { pmu, accesses } = sampled({ period: 1000 });
  const expected = (accesses * 4) / 1000;
  assert.ok(
    Math.abs(pmu.counters.selected - expected) < expected * 0.05,
    `${pmu.counters.selected} of ${expected}`,
  );
  const share = pmu.counters.recorded / pmu.counters.selected;
  assert.ok(Math.abs(share - 0.25) < 5 * Math.sqrt(0.1875 / expected), `${share}`);
  const { selected, recorded, filtered, collisions } = pmu.counters;
  assert.equal(selected, recorded + filtered + collisions, 'nothing vanishes');
});

test('without jitter the interval is exact, with jitter it varies around the period', () => {
  const gaps = (jitter: boolean) => {
    const { pmu } = sampled({ period: 1000, jitter, operationsPerAccess: 1 });
    const sample = emptySample();
    const times = Array.from(
      { length: pmu.samples.count },
      (_, row) => pmu.samples.read(row, sample).time / 100,
    );
    return times.slice(1).map((time, index) => time - times[index]);
  };
  assert.ok(gaps(false).every((gap) => Math.abs(gap - 1000) < 1e-6));
  const varied = gaps(true);
  assert.ok(new Set(varied.map(Math.round)).size > 50);
  const mean = varied.reduce((sum, gap) => sum + gap, 0) / varied.length;
  assert.ok(Math.abs(mean - 1000) < 5 * (256 / Math.sqrt(12) / Math.sqrt(varied.length)), `${mean}`);
});

test('SPE loses samples to collisions when the interval is shorter than an access takes', () => {
  assert.equal(sampled({ period: 4096 }).pmu.counters.collisions, 0);
  const { counters } = sampled({ period: 256, operationsPerAccess: 1 }, 0.1).pmu;
  assert.ok(counters.collisions > counters.selected * 0.2, JSON.stringify(counters));
  assert.equal(sampled({ kind: 'ibs', period: 256, operationsPerAccess: 1 }, 0.1).pmu.counters.collisions, 0);
});

test('a latency filter keeps slow accesses only', () => {
  const { pmu } = sampled({ period: 200, minLatency: 200, operationsPerAccess: 1 });
  const sample = emptySample();
  assert.ok(pmu.samples.count > 50);
  for (let row = 0; row < pmu.samples.count; row++) assert.ok(pmu.samples.read(row, sample).latency >= 200);
  assert.ok(pmu.counters.filtered > 0);
});

test('kinds of access are filtered', () => {
  for (const [loads, stores] of [
    [true, false],
    [false, true],
  ] as const) {
    const batch = sampled({ period: 100, loads, stores, operationsPerAccess: 1 }).pmu.samples.batch(
      GEOMETRY_4K,
      100,
    );
    const wanted = loads ? SAMPLE_KIND.load : SAMPLE_KIND.store;
    assert.ok(batch.count > 100);
    assert.ok(batch.kind.subarray(0, batch.count).every((kind) => kind === wanted));
  }
});

test('IBS records operations without an address, as it does on hardware', () => {
  const { pmu } = sampled({ kind: 'ibs', period: 1000 });
  const batch = pmu.samples.batch(GEOMETRY_4K, 1000);
  const without = batch.virtualPage.subarray(0, batch.count).filter((page) => page < 0).length;
  assert.ok(Math.abs(without / batch.count - 0.75) < 0.1, `${without} of ${batch.count}`);
});

test('a batch says page, frame, weight, thread and TLB miss', () => {
  const batch = sampled({ period: 100, operationsPerAccess: 1 }).pmu.samples.batch(GEOMETRY_4K, 100);
  for (let row = 0; row < batch.count; row++) {
    assert.ok(batch.virtualPage[row] >= 0 && batch.virtualPage[row] < PAGES);
    assert.equal(batch.physicalPage[row], batch.virtualPage[row] * 2);
    assert.equal(batch.weight[row], 100);
    assert.deepEqual([batch.pid[row], batch.tid[row]], [7, 8]);
  }
  const missed = batch.flags.subarray(0, batch.count).filter((flags) => flags & SAMPLE_FLAG.tlbMiss).length;
  // 16,384 pages against 1,280 entries, uniformly: nearly all of them walk.
  assert.ok(missed > batch.count * 0.85, `${missed} of ${batch.count}`);
});
