/** Quotas, goals, priorities and apply intervals, seen through the files. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hotScore } from '../../src/model/kernel/damon/core/scores.js';
import { DamonBench } from './damon-bench.js';

const PAGE = 4096;
const STATE = '0/state';

/** fvaddr over [0, pages) with one scheme. */
function bench(pages: number, action: string, quotas: Record<string, string | number> = {}, isHot = false) {
  const made = new DamonBench();
  made.memory.addProcess(7, [[0, pages]], () => isHot);
  const context = made.prepare(7, 'fvaddr');
  made.set(`${context}/targets/0/regions`, { nr_regions: 1, '0/start': 0, '0/end': pages * PAGE });
  const scheme = made.addScheme(context, action);
  made.set(`${scheme}/quotas`, quotas);
  return { made, context, scheme };
}

function statistics(made: DamonBench, scheme: string): Record<string, number> {
  made.write(STATE, 'update_schemes_stats');
  const names = ['nr_tried', 'sz_tried', 'nr_applied', 'sz_applied', 'qt_exceeds', 'nr_snapshots'];
  return Object.fromEntries(names.map((name) => [name, made.number(`${scheme}/stats/${name}`)]));
}

test('a byte quota cuts what is applied per window, and the next window goes on behind it', () => {
  const { made, scheme } = bench(1000, 'cold', { bytes: 100 * PAGE, reset_interval_ms: 1000 });
  made.write(STATE, 'on');
  made.advance(950);
  const first = made.memory.actions.filter((action) => action.what === 'MADV_COLD');
  assert.equal(
    first.reduce((sum, { start, end }) => sum + end - start, 0),
    100,
  );
  assert.equal(first[0].start, 0);
  assert.equal(statistics(made, scheme).sz_tried, 100 * PAGE);
  made.advance(1200);
  const second = made.memory.actions.slice(first.length);
  assert.equal(second[0].start, 100, 'resumes where the last window ended');
  assert.ok(statistics(made, scheme).qt_exceeds >= 1);
});

test('the effective quota of bytes, of 10 ms without measurement, and of both', () => {
  const effective = (quotas: Record<string, number>) => {
    const { made, scheme } = bench(100, 'cold', { ...quotas, reset_interval_ms: 1000 });
    made.write(STATE, 'on');
    made.advance(150);
    made.write(STATE, 'update_schemes_effective_quotas');
    return made.number(`${scheme}/quotas/effective_bytes`);
  };
  assert.equal(effective({ bytes: 123456 }), 123456);
  assert.equal(effective({ ms: 10 }), 41_943_040);
  assert.equal(effective({ ms: 10, bytes: 4096 }), 4096);
});

test('consist doubles from one byte at score 0: the first page fits in the 12th window', () => {
  const { made, scheme } = bench(100, 'cold', { reset_interval_ms: 0 });
  made.set(`${scheme}/quotas/goals`, { nr_goals: 1, '0/target_value': 10000, '0/current_value': 0 });
  made.write(STATE, 'on');
  let passes = 0;
  while (made.memory.actions.length === 0 && passes < 40) {
    made.advance(100);
    passes = made.events.filter((event) => event.name === 'damos_stat_after_apply_interval').length;
  }
  const windows = made.events.filter((event) => event.name === 'damos_esz').map((event) => event.effective);
  assert.equal(made.memory.actions[0].end - made.memory.actions[0].start, 1);
  assert.equal(windows.filter((bytes) => bytes < PAGE).at(-1), 2048);
  assert.equal(
    windows.find((bytes) => bytes >= PAGE),
    4096,
  );
  assert.ok(passes >= 11 && passes <= 13, `${passes} passes`);
});

test('temporal gives nothing at the goal and all of the bytes below it', () => {
  const effective = (current: number, bytes: number) => {
    const { made, scheme } = bench(100, 'cold', { bytes, goal_tuner: 'temporal', reset_interval_ms: 0 });
    made.set(`${scheme}/quotas/goals`, { nr_goals: 1, '0/target_value': 100, '0/current_value': current });
    made.write(STATE, 'on');
    made.advance(250);
    made.write(STATE, 'update_schemes_effective_quotas');
    return made.read(`${scheme}/quotas/effective_bytes`);
  };
  assert.equal(effective(100, 8192), '0');
  assert.equal(effective(99, 8192), '8192');
  assert.equal(effective(99, 0), '1844674407370955');
});

test('the highest score of several goals counts, goals without target are left out', () => {
  const { made, scheme } = bench(100, 'cold', { reset_interval_ms: 0 });
  made.set(`${scheme}/quotas/goals`, {
    nr_goals: 3,
    '0/target_value': 100,
    '0/current_value': 10,
    '1/target_value': 100,
    '1/current_value': 100,
    '2/current_value': 5000,
  });
  made.write(STATE, 'on');
  made.advance(1000);
  const { quota } = made.context().schemes[0];
  assert.equal(quota.goals.length, 2);
  assert.equal(quota.effective, 1, 'a score of 10 000 leaves the floor of one byte');
});

test('a quota added online finds what was charged without one and idles for a window', () => {
  const { made, scheme } = bench(1000, 'cold');
  made.write(STATE, 'on');
  made.advance(1000);
  made.set(`${scheme}/quotas`, { bytes: 10 * PAGE, reset_interval_ms: 1000 });
  made.write(STATE, 'commit');
  const before = made.memory.actions.length;
  made.advance(300);
  assert.ok(made.memory.actions.length <= before + 1);
});

test('failed bytes are charged by the ratio', () => {
  const { made, scheme } = bench(1000, 'cold', {
    bytes: 500 * PAGE,
    reset_interval_ms: 60_000,
    fail_charge_num: 1,
    fail_charge_denom: 10,
  });
  made.memory.refusal = 'EINVAL';
  made.write(STATE, 'on');
  made.advance(150);
  const { charged } = made.context().schemes[0].quota;
  assert.equal(statistics(made, scheme).sz_applied, 0);
  assert.ok(charged <= 100 * PAGE && charged > 0, `${charged / PAGE} pages charged for 1000 tried`);
});

test('hot scores: frequency, age in logarithm, idle memory the colder the older', () => {
  const { made } = bench(10, 'cold');
  made.write(STATE, 'on');
  made.advance(1);
  const context = made.context();
  const [target] = context.targets;
  const [scheme] = context.schemes;
  const score = (accesses: number, age: number, weights: [number, number]) => {
    target.regions.accesses[0] = accesses;
    target.regions.lastAccesses[0] = accesses;
    target.regions.age[0] = age;
    context.passed = 0;
    scheme.quota.parameters = {
      ...scheme.quota.parameters,
      weightAccesses: weights[0],
      weightAge: weights[1],
    };
    return hotScore(context, target, 0, scheme);
  };
  assert.equal(score(20, 0, [100, 0]), 99);
  assert.equal(score(0, 0, [100, 0]), 0);
  assert.equal(score(20, 0, [0, 0]), 0);
  // age 10 s: log2 is 3, so 4 steps of 32 above or below the middle.
  assert.equal(score(10, 100, [0, 100]), Math.floor((56 * 99) / 100));
  assert.equal(score(0, 100, [0, 100]), Math.floor((43 * 99) / 100));
  assert.equal(score(10, 100, [100, 100]), Math.floor((53 * 99) / 100));
});

test('cold memory first for pageout under a quota, address order for hugepage', () => {
  const order = (action: string) => {
    const made = new DamonBench();
    made.memory.addProcess(7, [[0, 100]], (page) => page < 50);
    const context = made.prepare(7, 'fvaddr');
    made.set(`${context}/targets/0/regions`, { nr_regions: 2, '0/end': 50 * PAGE, '1/start': 50 * PAGE, '1/end': 100 * PAGE }); // biome-ignore format: one setting
    const scheme = made.addScheme(context, action);
    made.set(`${scheme}/quotas`, { bytes: 20 * PAGE, reset_interval_ms: 60_000, 'weights/nr_accesses_permil': 1000 }); // biome-ignore format: one setting
    made.write(STATE, 'on');
    made.advance(150);
    return made.memory.actions[0].start;
  };
  assert.ok(order('pageout') >= 50);
  assert.equal(order('hugepage'), 0);
});

test('nr_snapshots counts targets, and max_nr_snapshots stops a scheme in the middle of a pass', () => {
  const made = new DamonBench();
  for (const pid of [7, 8]) made.memory.addProcess(pid, [[0, 10], [20, 30], [50, 60]]); // biome-ignore format: a drawing
  const context = made.prepare(7);
  made.set(`${context}/targets`, { nr_targets: 2, '0/pid_target': 7, '1/pid_target': 8 });
  const scheme = made.addScheme(context, 'cold');
  made.set(`${scheme}/stats`, { max_nr_snapshots: 1 });
  made.write(STATE, 'on');
  made.advance(1000);
  assert.equal(statistics(made, scheme).nr_snapshots, 1);
  const targets = new Set(made.events.flatMap((event) => (event.name === 'damos_before_apply' ? [event.target] : []))); // biome-ignore format: one line
  assert.deepEqual([...targets], [0]);
  made.write(STATE, 'update_schemes_tried_regions');
  assert.equal(made.read(`${scheme}/tried_regions/total_bytes`), '0');
});

test('an apply interval of one sample applies at every sample, by the moving sum', () => {
  const { made, scheme } = bench(100, 'stat', {}, true);
  made.set(scheme, { apply_interval_us: 5000 });
  made.write(STATE, 'on');
  made.advance(1000);
  const applied = made.events.flatMap((event) =>
    event.name === 'damos_before_apply' ? [event.accesses] : [],
  );
  const { nr_snapshots: passes } = statistics(made, scheme);
  assert.ok(passes > 180 && passes < 202, `${passes} passes in a second`);
  assert.ok(
    applied.slice(-200).every((accesses) => accesses >= 19),
    'steady heat looks steady',
  );
});
