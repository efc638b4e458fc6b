import assert from 'node:assert/strict';
import { test } from 'node:test';
import { btfOf, writtenHost } from '../../test/support/written-host.js';
import { KDAMONDS } from './kernel-files.js';
import { findListening, listen } from './listen.js';
import { readKdamonds } from './read-tree.js';
import { DamonSlot } from './slot.js';
import { watchAdaptively, watchRanges } from './watch.js';

const BLOCK = 2n ** 21n;
const CONTEXT = `${KDAMONDS}/0/contexts/0`;
const TRIED = `${CONTEXT}/schemes/0/tried_regions`;

interface Region {
  readonly start: bigint;
  readonly end?: bigint;
  readonly accesses?: number;
  readonly age?: number;
}

/** A kernel that answers with these regions when it is asked for them. */
async function watching(regions: readonly Region[], names: readonly string[] = []) {
  const world = writtenHost({
    [`${KDAMONDS}/nr_kdamonds`]: '0\n',
    '/proc/77/maps': '400000-401000 r-xp\n40000000-40200000 rw-p\n',
    '/sys/kernel/btf/vmlinux': btfOf('DAMOS_STAT', ...names),
  });
  world.react = (path, text) => {
    if (path.endsWith('/nr_kdamonds') && text === '1') {
      world.files.set(`${KDAMONDS}/0/state`, 'off\n');
      world.files.set(`${KDAMONDS}/0/contexts/nr_contexts`, '0\n');
    }
    if (text === 'update_tuned_intervals')
      world.files.set(`${CONTEXT}/monitoring_attrs/intervals/sample_us`, '20000\n');
    if (text !== 'update_schemes_tried_regions') return;
    for (const [at, { start, end, accesses, age }] of regions.entries()) {
      world.files.set(`${TRIED}/${at}/start`, `${start}\n`);
      if (end !== undefined) world.files.set(`${TRIED}/${at}/end`, `${end}\n`);
      if (accesses !== undefined) world.files.set(`${TRIED}/${at}/nr_accesses`, `${accesses}\n`);
      if (age !== undefined) world.files.set(`${TRIED}/${at}/age`, `${age}\n`);
    }
  };
  const slot = await DamonSlot.open(world.host, { share: false });
  assert.ok(slot.ok);
  const waits: number[] = [];
  const wait = async (ms: number) => void waits.push(ms);
  const written = (file: string) => {
    const line = world.writes.find((each) => each.startsWith(`${CONTEXT}/${file} = `));
    return line?.slice(line.indexOf(' = ') + 3);
  };
  return { world, slot: slot.value, wait, waits, written };
}

const blocks = (...numbers: number[]) =>
  numbers.map((number) => ({ start: BigInt(number) * BLOCK, end: BigInt(number + 1) * BLOCK }));

test('each range has a region of its own, with fillers up to the three that DAMON wants', async () => {
  const { slot, wait, waits, written, world } = await watching([
    { start: 9n * BLOCK, accesses: 3 },
    { start: 5n * BLOCK, accesses: 40 },
    { start: 77n * BLOCK, accesses: 2 },
    { start: 10n * BLOCK },
  ]);
  const watched = await watchRanges(slot, { pid: 77, ranges: blocks(9, 10), windowMs: 1000, wait });
  assert.ok(watched.ok);
  assert.deepEqual(watched.value, {
    regions: [
      { start: 9n * BLOCK, end: 10n * BLOCK, accesses: 3, age: 0 },
      { start: 10n * BLOCK, end: 11n * BLOCK, accesses: 0, age: 0 },
    ],
    samples: 200,
  });
  assert.deepEqual(waits, [1015]);
  assert.deepEqual(
    ['monitoring_attrs/intervals/sample_us', 'monitoring_attrs/intervals/aggr_us'].map(written),
    ['5000', '1000000'],
  );
  assert.equal(written('monitoring_attrs/intervals/update_us'), '60000000');
  assert.deepEqual(
    ['min', 'max'].map((name) => written(`monitoring_attrs/nr_regions/${name}`)),
    ['3', '3'],
  );
  assert.equal(written('schemes/0/apply_interval_us'), '5000');
  assert.deepEqual([written('operations'), written('addr_unit'), written('pause')], ['fvaddr', '1', 'N']);
  const starts = [0, 1, 2].map((at) => BigInt(written(`targets/0/regions/${at}/start`) ?? 0));
  const ends = [0, 1, 2].map((at) => BigInt(written(`targets/0/regions/${at}/end`) ?? 0));
  assert.deepEqual(starts.slice(0, 2), [9n * BLOCK, 10n * BLOCK]);
  assert.ok(starts[2] > 0x401000n && starts[2] < 0x40000000n && starts[2] > starts[1]);
  assert.equal(ends[2] - starts[2], BLOCK);
  assert.equal(written('targets/0/pid_target'), '77');
  assert.equal(written('targets/0/obsolete_target'), 'N');
  const states = world.writes.filter((line) => line.includes('/state = '));
  assert.deepEqual(
    states.map((line) => line.split(' = ')[1]),
    ['on', 'update_schemes_tried_regions', 'off'],
  );
});

test('fillers below what is watched come first, as the kernel wants regions in order', async () => {
  const { slot, wait, written } = await watching([]);
  const watched = await watchRanges(slot, { pid: 77, ranges: blocks(600, 601), windowMs: 10, wait });
  assert.ok(watched.ok);
  const starts = [0, 1, 2].map((at) => BigInt(written(`targets/0/regions/${at}/start`) ?? 0));
  assert.ok(starts[0] < starts[1]);
  assert.deepEqual(starts.slice(1), [600n * BLOCK, 601n * BLOCK]);
});

test('many ranges are sampled more slowly, and a window holds at least one sample', async () => {
  const many = Array.from({ length: 1000 }, (_, at) => at + 1);
  const { slot, wait, waits, written } = await watching([]);
  const watched = await watchRanges(slot, { pid: 77, ranges: blocks(...many), windowMs: 0, wait });
  assert.ok(watched.ok);
  assert.equal(watched.value.samples, 1);
  assert.equal(written('monitoring_attrs/intervals/sample_us'), '10000');
  assert.equal(written('monitoring_attrs/nr_regions/min'), '1000');
  assert.deepEqual(waits, [30]);
});

test('DAMON chooses regions in ranges that are too many, and tunes itself where it can', async () => {
  const regions = [
    { start: 0n, end: 4096n, accesses: 7, age: 2 },
    { start: 8192n, end: 9000n },
    { start: 1n },
  ];
  const { slot, wait, waits, written } = await watching(regions, ['intervals_goal']);
  const watched = await watchAdaptively(slot, { pid: 77, ranges: blocks(1, 5), windowMs: 700, wait });
  assert.ok(watched.ok);
  assert.deepEqual(watched.value, {
    regions: [regions[0], { start: 8192n, end: 9000n, accesses: 0, age: 0 }],
    samples: 20,
    tunedUs: 20_000,
  });
  assert.deepEqual(waits, [700]);
  const attributes = ['sample_us', 'aggr_us'].map((name) => written(`monitoring_attrs/intervals/${name}`));
  assert.deepEqual(attributes, ['5000', '100000']);
  const goal = ['access_bp', 'aggrs', 'min_sample_us', 'max_sample_us'];
  assert.deepEqual(
    goal.map((name) => written(`monitoring_attrs/intervals/intervals_goal/${name}`)),
    ['400', '3', '5000', '1000000'],
  );
  assert.deepEqual(
    ['min', 'max'].map((name) => written(`monitoring_attrs/nr_regions/${name}`)),
    ['3', '1000'],
  );
  assert.deepEqual([written('operations'), written('addr_unit'), written('pause')], ['fvaddr', '1', 'N']);
  assert.equal(written('targets/0/obsolete_target'), 'N');
});

test('without the tuning nothing is said of it; ranges set the fewest regions, up to a bound', async () => {
  for (const [ranges, fewest] of [
    [500, '500'],
    [2000, '1000'],
  ] as const) {
    const { slot, wait, written, world } = await watching([]);
    const many = Array.from({ length: ranges }, (_, at) => 2 * at + 1);
    const watched = await watchAdaptively(slot, { pid: 77, ranges: blocks(...many), windowMs: 1, wait });
    assert.ok(watched.ok);
    assert.deepEqual(Object.keys(watched.value), ['regions', 'samples']);
    assert.equal(written('monitoring_attrs/nr_regions/min'), fewest);
    assert.ok(!world.writes.some((line) => line.includes('update_tuned_intervals')));
  }
});

test('each refusal ends a watch, and a kdamond that was started is stopped', async () => {
  for (const watch of [watchRanges, watchAdaptively]) {
    for (const [refused, last] of [
      ['fvaddr', undefined],
      ['on', undefined],
      ['update_schemes_tried_regions', 'off'],
    ] as const) {
      const { slot, wait, waits, world } = await watching([], ['intervals_goal']);
      world.refuse = (_, text) => (text === refused ? 'EINVAL' : undefined);
      const watched = await watch(slot, { pid: 77, ranges: blocks(1), windowMs: 1, wait });
      assert.equal(watched.ok ? '' : watched.error.errno, 'EINVAL', refused);
      assert.equal(waits.length, last ? 1 : 0);
      const state = world.writes
        .filter((line) => line.includes('/0/state = '))
        .at(-1)
        ?.split(' = ')[1];
      assert.equal(state, last, refused);
    }
  }
  const untold = await watching([], ['intervals_goal']);
  untold.world.refuse = (_, text) => (text === 'update_tuned_intervals' ? 'EINVAL' : undefined);
  const watched = await watchAdaptively(untold.slot, {
    ...{ pid: 77, ranges: blocks(1), windowMs: 1, wait: untold.wait },
  });
  assert.equal(watched.ok && watched.value.tunedUs, undefined);
  const silent = await watching([], ['intervals_goal']);
  const { react } = silent.world;
  silent.world.react = (path, text) => {
    react(path, text);
    if (text === 'update_tuned_intervals')
      silent.world.files.delete(`${CONTEXT}/monitoring_attrs/intervals/sample_us`);
  };
  const asSet = await watchAdaptively(silent.slot, {
    pid: 77,
    ranges: blocks(1),
    windowMs: 1,
    wait: silent.wait,
  });
  assert.equal(asSet.ok && asSet.value.tunedUs, 5000, 'as it was set where the kernel does not tell');
});

const ROOT = '/sys/kernel/tracing';
const line = (seconds: number, text: string, pid = 31) =>
  `kdamond.0-${pid}  [000] ..... ${seconds}.000000: damon_aggregated: ${text}\n`;

function others(trace: string) {
  return writtenHost({
    [`${KDAMONDS}/0/state`]: 'off\n',
    [`${KDAMONDS}/0/pid`]: '-1\n',
    [`${KDAMONDS}/0/contexts/nr_contexts`]: '1\n',
    [`${KDAMONDS}/0/contexts/0/targets/0/pid_target`]: '77\n',
    [`${KDAMONDS}/1/state`]: 'on\n',
    [`${KDAMONDS}/1/pid`]: '31\n',
    [`${KDAMONDS}/1/contexts/nr_contexts`]: '1\n',
    [`${KDAMONDS}/1/contexts/0/monitoring_attrs/intervals/sample_us`]: '5000\n',
    [`${KDAMONDS}/1/contexts/0/monitoring_attrs/intervals/aggr_us`]: '100000\n',
    [`${KDAMONDS}/1/contexts/0/targets/0/pid_target`]: '5\n',
    [`${KDAMONDS}/1/contexts/0/targets/1/pid_target`]: '77\n',
    [`${ROOT}/events/damon/damon_aggregated/enable`]: '0\n',
    [`${ROOT}/trace`]: trace,
  });
}

test('a running kdamond of others that watches the process is found, and no other', async () => {
  const { host, files } = others('');
  const found = await findListening(host, 77);
  assert.deepEqual([found?.kdamond.slot, found?.target], [1, 1]);
  assert.equal((await findListening(host, 5))?.target, 0);
  assert.equal(await findListening(host, 6), undefined);
  files.set(`${KDAMONDS}/1/contexts/nr_contexts`, '0\n');
  assert.equal(await findListening(host, 77), undefined);
});

test('what was traced before, of other targets and of other threads does not count', async () => {
  const before = line(10, 'target_id=1 nr_regions=1 0-4096: 9 0');
  const { host, files } = others(before);
  const listening = await findListening(host, 77);
  assert.ok(listening);
  const wait = async () => {
    const now = [
      line(11, 'target_id=1 nr_regions=1 0-4096: 5 0'),
      line(12, 'target_id=0 nr_regions=1 0-4096: 100 0'),
      line(13, 'target_id=1 nr_regions=1 0-4096: 100 0', 99),
      line(14, 'target_id=1 nr_regions=1 0-8192: 2 0'),
      'something else\n',
    ];
    files.set(`${ROOT}/trace`, before + now.join(''));
  };
  const heard = await listen(host, listening, { windowMs: 5, wait });
  assert.ok(heard.ok);
  assert.deepEqual(heard.value, {
    regions: [
      { start: 0n, end: 4096n, accesses: 7, age: 0 },
      { start: 4096n, end: 8192n, accesses: 2, age: 0 },
    ],
    samples: 40,
  });
  assert.equal(files.get(`${ROOT}/events/damon/damon_aggregated/enable`), '0\n');
});

test('a window without a snapshot is no data, and the buffer is put back whatever happens', async () => {
  const { host, files } = others('');
  const listening = await findListening(host, 77);
  assert.ok(listening);
  const silent = await listen(host, listening, { windowMs: 5, wait: async () => undefined });
  assert.equal(silent.ok ? '' : silent.error.errno, 'ENODATA');
  const stopped = async () => {
    throw new Error('stopped');
  };
  await assert.rejects(listen(host, listening, { windowMs: 5, wait: stopped }), /stopped/);
  assert.equal(files.get(`${ROOT}/events/damon/damon_aggregated/enable`), '0\n');
  const vanished = await listen(host, listening, {
    windowMs: 5,
    wait: async () => void files.delete(`${ROOT}/trace`),
  });
  assert.equal(vanished.ok ? '' : vanished.error.errno, 'ENOENT');
  files.delete(`${ROOT}/events/damon/damon_aggregated/enable`);
  const absent = await listen(host, listening, { windowMs: 5, wait: async () => undefined });
  assert.equal(absent.ok ? '' : absent.error.errno, 'ENOENT');
});

test('samples of a snapshot are one where the intervals cannot be read', async () => {
  const { host, files } = others('');
  files.set(`${KDAMONDS}/1/contexts/0/monitoring_attrs/intervals/sample_us`, '0\n');
  const [, kdamond] = await readKdamonds(host);
  const wait = async () => void files.set(`${ROOT}/trace`, line(11, 'target_id=1 nr_regions=1 0-4096: 5 0'));
  for (const one of [kdamond, { ...kdamond, context: undefined }]) {
    const heard = await listen(host, { kdamond: one, target: 1 }, { windowMs: 5, wait });
    assert.equal(heard.ok && heard.value.samples, 1);
    files.set(`${ROOT}/trace`, '');
  }
});
