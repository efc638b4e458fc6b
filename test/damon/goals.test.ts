/** What quota goals measure, and how the tuners answer: on numbers of the test's own. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nextInput, scaled, UNLIMITED } from '../../src/model/kernel/damon/core/attributes.js';
import type { Context, Scheme } from '../../src/model/kernel/damon/core/context.js';
import { tunedQuotaBp } from '../../src/model/kernel/damon/core/goals.js';
import type { MonitoredMemory } from '../../src/model/kernel/damon/core/monitored-memory.js';

interface Given {
  readonly metric: string;
  readonly target?: number;
  readonly current?: number;
  readonly tuner?: string;
  readonly bytes?: number;
  readonly effective?: number;
  readonly lateQuotas?: boolean;
  readonly pressures?: readonly number[];
  readonly node?: { total: number; free: number } | undefined;
  readonly memcgPages?: number;
  readonly lru?: { active: number; inactive: number };
  readonly operations?: string;
}

/** Measures once for each pressure told (once when none is), and answers what the goal then says, and the quota. */
function measured(given: Given) {
  const pressures = [...(given.pressures ?? [0])];
  const goal = {
    metric: given.metric,
    target: given.target ?? 10_000,
    current: given.current ?? 0,
    node: 0,
    memcg: 3,
    lastPressureUs: undefined,
  };
  const quota = {
    parameters: { tuner: given.tuner ?? 'consist', bytes: given.bytes ?? 0 },
    tunedBp: 40_000,
    effective: given.effective ?? 0,
    goals: [goal],
  };
  const context = {
    behaviour: { lateQuotas: given.lateQuotas ?? false },
    operations: given.operations ?? 'vaddr',
    targets: [],
  } as unknown as Context;
  const metrics = {
    somePressureUs: () => pressures.shift() ?? 0,
    node: () => given.node,
    memcgPages: (memcg: number) => (memcg === 3 ? (given.memcgPages ?? 0) : -1),
    lruPages: () => given.lru ?? { active: 0, inactive: 0 },
  };
  let bp = 0;
  for (const _ of given.pressures ?? [0])
    bp = tunedQuotaBp(context, { quota } as unknown as Scheme, { metrics } as unknown as MonitoredMemory);
  return { current: goal.current, bp };
}

test('shares of a node are in ten-thousandths, of what is used and of what is free', () => {
  const node = { total: 1000, free: 250 };
  assert.deepEqual(
    [
      measured({ metric: 'node_mem_used_bp', node }).current,
      measured({ metric: 'node_mem_free_bp', node }).current,
    ],
    [7500, 2500],
  );
  const memcg = (metric: string) => measured({ metric, node, memcgPages: 100 }).current;
  assert.deepEqual([memcg('node_memcg_used_bp'), memcg('node_memcg_free_bp')], [1000, 9000]);
  const rounded = measured({ metric: 'node_mem_used_bp', node: { total: 3, free: 1 } }).current;
  assert.equal(rounded, 6666);
});

test('a node that is not there is unused, and an empty one divides nothing', () => {
  const of = (metric: string, node?: { total: number; free: number }) => measured({ metric, node }).current;
  assert.deepEqual(
    ['node_mem_used_bp', 'node_mem_free_bp', 'node_memcg_used_bp', 'node_memcg_free_bp'].map((metric) =>
      of(metric),
    ),
    [0, 10_000, 0, 10_000],
  );
  const empty = { total: 0, free: 0 };
  assert.deepEqual([of('node_mem_used_bp', empty), of('node_memcg_free_bp', empty)], [0, 0]);
});

test('shares of the LRU lists', () => {
  const of = (metric: string, lru?: { active: number; inactive: number }) =>
    measured({ metric, ...(lru ? { lru } : {}) }).current;
  assert.deepEqual(
    [
      of('active_mem_bp', { active: 1, inactive: 3 }),
      of('inactive_mem_bp', { active: 1, inactive: 3 }),
      of('active_mem_bp'),
    ],
    [2500, 7500, 0],
  );
});

test('pressure counts from the last look; the first look has no effect on the tuner', () => {
  const of = (more: Partial<Given>) => measured({ metric: 'some_mem_psi_us', target: 500, ...more }).current;
  assert.deepEqual(
    [of({ pressures: [900] }), of({ pressures: [900, 1150] }), of({ pressures: [900, 900] })],
    [500, 250, 0],
  );
  assert.equal(of({ pressures: [900], lateQuotas: true }), 900, 'older kernels counted from 0');
  assert.equal(of({ pressures: [900], tuner: 'temporal', effective: 0 }), 500);
  assert.equal(of({ pressures: [900], tuner: 'temporal', effective: 1 }), 0);
});

test('what a user says stays as it was said', () => {
  assert.equal(measured({ metric: 'user_input', current: 77 }).current, 77);
});

test('consist grows below its goal, shrinks above it, and stays on it', () => {
  const of = (current: number) => measured({ metric: 'user_input', current }).bp;
  assert.deepEqual(
    [of(10_000), of(0), of(5000), of(15_000), of(20_000), of(19_999)],
    [40_000, 80_000, 60_000, 20_000, 10_000, 10_000],
  );
});

test('temporal is all or nothing: without a bound it is unlimited below the goal', () => {
  const of = (current: number, bytes: number) =>
    measured({ metric: 'user_input', current, bytes, tuner: 'temporal' }).bp;
  assert.deepEqual(
    [of(10_000, 4096), of(9999, 4096), of(9999, 0), of(0, UNLIMITED)],
    [0, 40_960_000, UNLIMITED, UNLIMITED],
  );
});

test('eligible memory is of physical address spaces with that node only', () => {
  const node = { total: 1, free: 0 };
  assert.deepEqual([measured({ metric: 'node_eligible_mem_bp', node, operations: 'vaddr', current: 5 }).current, measured({ metric: 'node_eligible_mem_bp', operations: 'paddr', current: 5 }).current, measured({ metric: 'node_eligible_mem_bp', node, operations: 'paddr', current: 5 }).current], [0, 0, 0]); // biome-ignore format: one row
});

test('a fraction is taken of numbers whose product would be too large', () => {
  assert.deepEqual(
    [scaled(7, 10_000, 3), scaled(3, 10_000, 7), scaled(2 ** 60, 3, 2 ** 58)],
    [23_333, 4285, 12],
  );
});

test('the feedback loop ends at its ends', () => {
  assert.equal(nextInput(UNLIMITED, 0), UNLIMITED);
  assert.equal(nextInput(10_000, 15_000), 10_000);
  assert.equal(nextInput(12_345, 10_000), 12_345);
});
