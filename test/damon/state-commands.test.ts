/** The state file and the tree's rules: errno by errno, what blocks for how long, what a commit keeps. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isPending } from '../../src/model/kernel/damon/sysfs/damon-system.js';
import { DamonBench, regionRows } from './damon-bench.js';

const STATE = '0/state';

function started(
  action = 'stat',
  generation: '7.3' | '7.3-rfc' = '7.3',
): { bench: DamonBench; context: string } {
  const bench = new DamonBench(generation);
  bench.memory.addProcess(7, [
    [0, 1000],
    [5000, 6000],
    [90000, 90100],
  ]);
  const context = bench.prepare(7);
  bench.addScheme(context, action);
  assert.equal(bench.write(STATE, 'on'), undefined);
  return { bench, context };
}

test('keywords are exact, one newline is forgiven, commands need one context', () => {
  const bench = new DamonBench();
  bench.write('nr_kdamonds', '1');
  assert.equal(bench.write(STATE, 'on'), 'EINVAL');
  assert.equal(bench.write(STATE, 'off'), 'EINVAL');
  bench.write('0/contexts/nr_contexts', '1');
  for (const text of ['ON', ' on', 'on\n\n', 'on ', '']) {
    assert.equal(bench.write(STATE, text), text === '' ? undefined : 'EINVAL', JSON.stringify(text));
  }
  assert.equal(bench.write('0/contexts/nr_contexts', '2'), 'EINVAL');
});

test('no command works before the first on, all call-type ones are cancelled after the end', () => {
  const { bench } = started();
  const calls = ['commit', 'update_schemes_stats', 'update_tuned_intervals', 'update_schemes_tried_regions'];
  const fresh = new DamonBench();
  fresh.prepare(undefined);
  for (const call of calls) assert.equal(fresh.write(STATE, call), 'EINVAL', call);
  assert.equal(fresh.write(STATE, 'clear_schemes_tried_regions'), undefined);
  bench.write(STATE, 'off');
  for (const call of calls) assert.equal(bench.write(STATE, call), 'ECANCELED', call);
  assert.equal(bench.write(STATE, 'off'), undefined);
});

test('what on refuses', () => {
  const cases: readonly [string, Record<string, string | number>, string][] = [
    ['least regions below 3', { 'monitoring_attrs/nr_regions/min': 2 }, 'EINVAL'],
    ['least above most', { 'monitoring_attrs/nr_regions/min': 2000 }, 'EINVAL'],
    ['sample above aggregation', { 'monitoring_attrs/intervals/sample_us': 200000 }, 'EINVAL'],
    [
      'sample outside its goal',
      {
        'monitoring_attrs/intervals/intervals_goal/aggrs': 3,
        'monitoring_attrs/intervals/intervals_goal/min_sample_us': 6000,
        'monitoring_attrs/intervals/intervals_goal/max_sample_us': 10000,
      },
      'EINVAL',
    ],
    ['unknown pid', { 'targets/0/pid_target': 99 }, 'EINVAL'],
    ['obsolete target', { 'targets/0/obsolete_target': 'Y' }, 'EINVAL'],
    ['empty region', { 'targets/0/regions/nr_regions': 1 }, 'EINVAL'],
    [
      'overlapping regions',
      {
        'targets/0/regions/nr_regions': 2,
        'targets/0/regions/0/end': 8192,
        'targets/0/regions/1/start': 4096,
        'targets/0/regions/1/end': 12288,
      },
      'EINVAL',
    ],
    [
      'page sizes upside down',
      {
        'schemes/0/ops_filters/nr_filters': 1,
        'schemes/0/ops_filters/0/type': 'hugepage_size',
        'schemes/0/ops_filters/0/min': 2,
        'schemes/0/ops_filters/0/max': 1,
      },
      'ENOMEM',
    ],
    [
      'filter for an unknown cgroup',
      { 'schemes/0/ops_filters/nr_filters': 1, 'schemes/0/ops_filters/0/type': 'memcg' },
      'ENOMEM',
    ],
    [
      'goal for an unknown cgroup',
      {
        'schemes/0/quotas/goals/nr_goals': 1,
        'schemes/0/quotas/goals/0/target_value': 5,
        'schemes/0/quotas/goals/0/target_metric': 'node_memcg_used_bp',
      },
      'ENOMEM',
    ],
    [
      'goal of the physical space on a virtual one',
      {
        'schemes/0/quotas/goals/nr_goals': 1,
        'schemes/0/quotas/goals/0/target_value': 5,
        'schemes/0/quotas/goals/0/target_metric': 'node_eligible_mem_bp',
      },
      'EINVAL',
    ],
    [
      'probe weights with more than 255 samples',
      {
        'monitoring_attrs/probes/nr_probes': 1,
        'monitoring_attrs/probes/0/weight': 1,
        'monitoring_attrs/intervals/sample_us': 100,
      },
      'EINVAL',
    ],
    [
      'probe for an unknown cgroup',
      {
        'monitoring_attrs/probes/nr_probes': 1,
        'monitoring_attrs/probes/0/filters/nr_filters': 1,
        'monitoring_attrs/probes/0/filters/0/type': 'memcg',
      },
      'EINVAL',
    ],
    ['odd minimum region', { operations: 'paddr', addr_unit: 3 }, 'EINVAL'],
  ];
  for (const [name, values, errno] of cases) {
    const bench = new DamonBench();
    bench.memory.addProcess(7, [
      [0, 10],
      [20, 30],
      [50, 60],
    ]);
    const context = bench.prepare(7);
    bench.addScheme(context, 'stat');
    bench.set(context, values);
    assert.equal(bench.write(STATE, 'on'), errno, name);
    assert.equal(bench.write(STATE, 'commit'), 'EINVAL', `${name}: never started`);
  }
});

test('what on does not refuse: no target ends at once, a paddr without target runs for ever', () => {
  const bench = new DamonBench();
  bench.prepare(undefined);
  bench.write('0/contexts/0/targets/nr_targets', '0');
  assert.equal(bench.write(STATE, 'on'), undefined);
  bench.advance(1);
  assert.equal(bench.read(STATE), 'off');
  assert.equal(bench.read('0/pid'), '-1');
  bench.write('0/contexts/0/operations', 'paddr');
  assert.equal(bench.write(STATE, 'on'), undefined);
  bench.advance(1000);
  assert.equal(bench.read(STATE), 'on');
  assert.equal(bench.write('0/contexts/0/targets/nr_targets', '2'), undefined);
  assert.equal(bench.write(STATE, 'commit'), 'EINVAL');
});

test('the tree is locked while a command blocks: try-lock files say EBUSY, plain ones work', () => {
  const { bench, context } = started();
  bench.set(`${context}/schemes/0`, { apply_interval_us: 2_000_000 });
  bench.write(STATE, 'commit');
  bench.advance(200);
  const from = bench.memory.ns;
  const outcome = bench.system.write(bench.file(STATE), 'update_schemes_tried_bytes');
  assert.ok(isPending(outcome));
  const answered = () => outcome.answer;
  assert.equal(answered(), undefined);
  const busy = [STATE, '0/pid', `${context}/schemes/0/filters/nr_filters`, 'nr_kdamonds'];
  for (const path of busy) assert.equal(bench.write(path, path === '0/pid' ? 'x' : '1'), path === '0/pid' ? 'EINVAL' : 'EBUSY', path); // biome-ignore format: a table
  assert.deepEqual(bench.system.read(bench.file(STATE)), { ok: false, error: 'EBUSY' });
  assert.deepEqual(bench.system.read(bench.file('0/pid')), { ok: false, error: 'EBUSY' });
  assert.equal(bench.write(`${context}/schemes/0/action`, 'cold'), undefined);
  while (answered() === undefined) bench.advance(1);
  assert.equal(answered()?.ok, true);
  const waited = (bench.memory.ns - from) / 1e6;
  assert.ok(waited > 1500 && waited < 2300, `waits for the scheme's next pass, took ${waited} ms`);
  assert.equal(bench.read(STATE), 'on');
});

test('a rewritten count destroys the children, and open files of theirs are gone', () => {
  const { bench, context } = started();
  const kept = bench.file(`${context}/schemes/0/action`);
  bench.write(`${context}/schemes/nr_schemes`, '1');
  assert.deepEqual(bench.system.read(kept), { ok: false, error: 'ENODEV' });
  assert.deepEqual(bench.system.write(kept, 'cold'), { ok: false, error: 'ENODEV' });
  assert.equal(bench.read(`${context}/schemes/0/action`), 'stat');
  assert.equal(bench.write('nr_kdamonds', '1'), 'EBUSY');
});

test('numbers: base by prefix, overflow, signs, 32-bit cut', () => {
  const bench = new DamonBench();
  const context = bench.prepare(undefined);
  const file = `${context}/monitoring_attrs/intervals/update_us`;
  const cases: readonly [string, string][] = [
    ['0x10', '16'],
    ['020000', '8192'],
    ['+7', '7'],
    ['18446744073709551615', '18446744073709551615'],
    ['18446744073709551616', 'ERANGE'],
    ['99999999999999999999999x', 'ERANGE'],
    ['-1', 'EINVAL'],
    ['0x', 'EINVAL'],
    ['08', 'EINVAL'],
    ['1 ', 'EINVAL'],
    ['1\n\n', 'EINVAL'],
    ['\n', 'EINVAL'],
    ['5\0garbage', '5'],
  ];
  for (const [text, expected] of cases) {
    const errno = bench.write(file, text);
    assert.equal(errno ?? bench.read(file), expected, JSON.stringify(text));
  }
  assert.equal(bench.write(`${context}/targets/0/pid_target`, '99999999999'), 'EINVAL');
  assert.equal(bench.write(`${context}/targets/0/pid_target`, '-5'), undefined);
  assert.equal(bench.write(`${context}/addr_unit`, '0'), 'EINVAL');
  assert.equal(bench.write(`${context}/monitoring_attrs/probes/nr_probes`, '5'), 'EINVAL');
  for (const [text, value] of [
    ['y', 'Y'],
    ['of', 'N'],
    ['oN', 'Y'],
    ['Enable', 'Y'],
    ['0', 'N'],
  ]) {
    // biome-ignore format: a table
    assert.equal(bench.write(`${context}/pause`, text), undefined);
    assert.equal(bench.read(`${context}/pause`), value);
  }
  assert.equal(bench.write(`${context}/pause`, '2'), 'EINVAL');
});

test('a commit keeps statistics and activates schemes, restores stale intervals, and a bad one changes nothing', () => {
  const { bench, context } = started();
  bench.advance(1000);
  const running = bench.context();
  const tried = running.schemes[0].statistics.tried;
  assert.ok(tried > 0);
  bench.set(`${context}/monitoring_attrs/nr_regions`, { min: 5000 });
  assert.equal(bench.write(STATE, 'commit'), 'EINVAL');
  assert.equal(running.attributes.leastRegions, 10);
  bench.set(`${context}/monitoring_attrs/nr_regions`, { min: 20 });
  assert.equal(bench.write(STATE, 'commit'), undefined);
  assert.equal(running.attributes.leastRegions, 20);
  assert.ok(running.schemes[0].statistics.tried >= tried);
});

test('emptying the targets and committing ends a vaddr kdamond', () => {
  const { bench, context } = started();
  bench.write(`${context}/targets/nr_targets`, '0');
  assert.equal(bench.write(STATE, 'commit'), undefined);
  bench.advance(100);
  assert.equal(bench.read(STATE), 'off');
});

test('a target added online has no regions before the next update', () => {
  const { bench, context } = started();
  bench.memory.addProcess(8, [
    [0, 10],
    [20, 30],
    [50, 60],
  ]);
  bench.set(`${context}/monitoring_attrs/intervals`, { update_us: 1_000_000 });
  bench.set(`${context}/targets`, { nr_targets: 2, '0/pid_target': 7, '1/pid_target': 8 });
  assert.equal(bench.write(STATE, 'commit'), undefined);
  bench.advance(500);
  assert.deepEqual(regionRows(bench.context(), 1), []);
  bench.advance(1000);
  assert.notDeepEqual(regionRows(bench.context(), 1), []);
});

test('when every target has ended the kdamond leaves; zombies still count', () => {
  const { bench } = started();
  bench.advance(100);
  const process = bench.memory.processes.get(7);
  assert.ok(process);
  process.alive = false;
  bench.advance(100);
  assert.equal(bench.read(STATE), 'off');
});

test('paused: no sampling, no schemes, walks cancelled, statistics and commit still work', () => {
  const { bench, context } = started();
  bench.write(`${context}/pause`, 'Y');
  assert.equal(bench.write(STATE, 'commit'), undefined);
  bench.advance(50);
  const { passed } = bench.context();
  bench.advance(1000);
  assert.equal(bench.context().passed, passed);
  assert.equal(bench.write(STATE, 'update_schemes_tried_regions'), 'ECANCELED');
  assert.equal(bench.write(STATE, 'update_schemes_stats'), undefined);
  bench.write(`${context}/pause`, 'N');
  assert.equal(bench.write(STATE, 'commit'), undefined);
  bench.advance(100);
  assert.ok(bench.context().passed > passed);
});

test('watermarks: states, boundaries, and commands that take one watermark interval', () => {
  const { bench, context } = started();
  bench.set(`${context}/schemes/0/watermarks`, {
    metric: 'free_mem_rate',
    interval_us: 3_000_000,
    high: 800,
    mid: 500,
    low: 200,
  });
  assert.equal(bench.write(STATE, 'commit'), undefined);
  const active = (free: number) => {
    bench.memory.free = free;
    bench.advance(7000);
    return bench.context().schemes[0].active;
  };
  assert.deepEqual([500, 801, 600, 500, 499, 600, 199, 200].map(active), [true, false, false, false, true, true, false, true]); // biome-ignore format: a row
  bench.memory.free = 900;
  bench.advance(4000);
  const from = bench.memory.ns;
  assert.equal(bench.write(STATE, 'update_schemes_tried_regions'), 'ECANCELED');
  bench.write(STATE, 'update_schemes_stats');
  const waited = (bench.memory.ns - from) / 1e9;
  assert.ok(waited > 2.5 && waited < 6.1, `${waited} s`);
});

test('refresh_ms: the thread refreshes statistics and intervals by itself, read live', () => {
  const { bench, context } = started();
  bench.write(`${context}/monitoring_attrs/intervals/sample_us`, '123');
  bench.write('0/refresh_ms', '100');
  bench.advance(500);
  assert.ok(bench.number(`${context}/schemes/0/stats/nr_tried`) > 0);
  assert.equal(bench.read(`${context}/monitoring_attrs/intervals/sample_us`), '5000');
});

test('two kdamonds share the tree; their names repeat, their pids do not', () => {
  const bench = new DamonBench();
  bench.memory.addProcess(7, [
    [0, 1000],
    [5000, 6000],
    [90000, 90100],
  ]);
  bench.write('nr_kdamonds', '2');
  for (const kdamond of [0, 1]) {
    bench.write(`${kdamond}/contexts/nr_contexts`, '1');
    bench.set(`${kdamond}/contexts/0/targets`, { nr_targets: 1, '0/pid_target': 7 });
    assert.equal(bench.write(`${kdamond}/state`, 'on'), undefined);
  }
  bench.advance(500);
  const [first, second] = bench.system.running();
  assert.deepEqual([first.name, second.name], ['kdamond.0', 'kdamond.1']);
  assert.equal(bench.write('0/state', 'off'), undefined);
  assert.equal(bench.write('0/state', 'on'), undefined);
  assert.equal(bench.system.running()[1].name, 'kdamond.1');
  assert.notEqual(bench.read('0/pid'), bench.read('1/pid'));
});

test('the feature switch: target_order and split exist only with the RFC, and orders are checked', () => {
  const plain = started().bench;
  assert.equal(plain.find('0/contexts/0/schemes/0/target_order'), undefined);
  assert.equal(plain.write('0/contexts/0/schemes/0/action', 'split'), 'EINVAL');
  const { bench, context } = started('split', '7.3-rfc');
  const order = `${context}/schemes/0/target_order`;
  assert.equal(bench.read(order), '0');
  assert.equal(bench.write(order, '10'), 'EINVAL');
  assert.equal(bench.write(order, '99999999999'), 'ERANGE');
  const commits = (action: string, orders: readonly number[]) =>
    orders.filter((value) => {
      bench.set(`${context}/schemes/0`, { action, target_order: value });
      return bench.write(STATE, 'commit') === undefined;
    });
  const all = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
  assert.deepEqual(commits('split', all), [0, 2, 3, 4, 5, 6, 7, 8]);
  assert.deepEqual(commits('collapse', all), [0, 2, 3, 4, 5, 6, 7, 8, 9]);
  assert.deepEqual(commits('stat', all), all);
});
