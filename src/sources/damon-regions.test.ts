import assert from 'node:assert/strict';
import { test } from 'node:test';
import { btfOf, writtenHost } from '../../test/support/written-host.js';
import { KDAMONDS } from '../damon/kernel-files.js';
import { BLOCK_FLAG, MAPPING_LEVEL, type PageSizes } from '../vocabulary/page-sizes.js';
import { GEOMETRY_4K } from '../vocabulary/units.js';
import { DAMON_REGIONS_DEFAULTS, DamonRegionsSource } from './damon-regions.js';

const FIRST = 0x1000;

/** A process with so many resident blocks side by side, `H` huge or `s` small. */
function sizesOf(drawn: string): PageSizes {
  const count = drawn.length;
  const column = <Column>(
    make: (index: number) => number,
    type: { from(values: number[]): Column },
  ): Column => type.from(Array.from({ length: count }, (_, index) => make(index)));
  return {
    process: { pid: 77, startTicks: 1, command: 'w', cgroup: '/' },
    geometry: GEOMETRY_4K,
    takenAtMs: 0,
    mappings: [],
    ordersKnown: true,
    thpDisabledByPrctl: false,
    blocks: {
      count,
      block: column((index) => FIRST + index, Float64Array),
      mapping: column(() => 0, Uint32Array),
      level: column((index) => (drawn[index] === 'H' ? MAPPING_LEVEL.pmd : MAPPING_LEVEL.pte), Uint8Array),
      flags: column(() => BLOCK_FLAG.wholeInMapping, Uint16Array),
      present: column(() => 512, Uint16Array),
      zeroMapped: column(() => 0, Uint16Array),
      swapped: column(() => 0, Uint16Array),
      unmapped: column(() => 0, Uint32Array),
      firstFrame: column(() => 1, Float64Array),
      pagesByOrder: new Uint16Array(count * 10),
      orders: 10,
    },
  };
}

/** A kernel whose DAMON finds these counts for the blocks, while the process runs for so many milliseconds. */
async function watched(drawn: string, counts: readonly number[], ranMs: number) {
  const world = writtenHost({
    [`${KDAMONDS}/nr_kdamonds`]: '0\n',
    '/proc/77/maps': '400000-401000 r-xp\n7f0000000000-7f0000001000 rw-p\n',
    '/proc/77/task/77/schedstat': '5000000000 0 0\n',
    '/sys/kernel/btf/vmlinux': btfOf('DAMOS_COLLAPSE', 'core_filters', 'max_nr_snapshots', 'intervals_goal'),
  });
  const tried = `${KDAMONDS}/0/contexts/0/schemes/0/tried_regions`;
  world.react = (path, text) => {
    if (path.endsWith('nr_kdamonds') && text === '1') {
      world.files.set(`${KDAMONDS}/0/state`, 'off\n');
      world.files.set(`${KDAMONDS}/0/contexts/nr_contexts`, '0\n');
    }
    if (text !== 'update_schemes_tried_regions') return;
    world.files.set('/proc/77/task/77/schedstat', `${5e9 + ranMs * 1e6} 0 0\n`);
    counts.forEach((count, index) => {
      world.files.set(`${tried}/${index}/start`, `${(FIRST + index) * 2097152}\n`);
      world.files.set(`${tried}/${index}/nr_accesses`, `${count}\n`);
    });
  };
  const source = new DamonRegionsSource(GEOMETRY_4K, { ...DAMON_REGIONS_DEFAULTS, windowMs: 1000 });
  const signal = new AbortController().signal;
  const weights: [number, number][] = [];
  const context = { host: world.host, processes: [sizesOf(drawn)], progress: () => undefined, signal };
  for await (const reading of source.read(context)) {
    if (reading.kind !== 'samples') continue;
    const { batch } = reading;
    for (let row = 0; row < batch.count; row++) {
      weights.push([batch.virtualPage[row] / 512 - FIRST, batch.weight[row]]);
    }
  }
  return { weights, account: source.account(), world };
}

test('each block has a region and a count of its own; idle blocks give no sample', async () => {
  const { weights, world } = await watched('ssHHs', [0, 7, 200, 0, 1], 0);
  assert.deepEqual(weights, [
    [1, 7],
    [2, 200],
    [4, 1],
  ]);
  const written = world.writes.map((line) => line.replace(`${KDAMONDS}/0/contexts/0/`, ''));
  for (const line of [
    'operations = fvaddr',
    'monitoring_attrs/nr_regions/min = 5',
    'monitoring_attrs/nr_regions/max = 5',
  ]) {
    assert.ok(written.includes(line), line);
  }
  assert.equal(world.writes.at(-1), `${KDAMONDS}/nr_kdamonds = 0`);
});

test('T2 is told with what may really be in use behind huge pages', async () => {
  const { account } = await watched('HHs', [9, 9, 9], 0);
  assert.ok(
    account.notes.some(
      (note) => note.startsWith('T2: 4 MiB of that are huge pages') && note.includes('8 KiB'),
    ),
  );
  const small = await watched('sss', [9, 9, 9], 0);
  assert.ok(!small.account.notes.some((note) => note.startsWith('T2')));
});

test('T1 is told for a process that ran and hardly touched anything, as it seems; an idle one is idle', async () => {
  const busy = await watched('sss', [0, 0, 0], 900);
  assert.ok(busy.account.notes.some((note) => /T1: process 77 ran for 89 % .*may fit the TLB/.test(note)));
  const idle = await watched('sss', [0, 0, 0], 10);
  assert.ok(!idle.account.notes.some((note) => note.startsWith('T1')));
  const seen = await watched('ssssss', [9, 9, 9, 9, 9, 9], 900);
  assert.ok(!seen.account.notes.some((note) => note.startsWith('T1')));
});

test('an occupied DAMON is a counted loss with its owner named', async () => {
  const world = writtenHost({
    [`${KDAMONDS}/0/state`]: 'on\n',
    [`${KDAMONDS}/0/pid`]: '5\n',
    [`${KDAMONDS}/0/contexts/nr_contexts`]: '1\n',
  });
  const source = new DamonRegionsSource(GEOMETRY_4K);
  const signal = new AbortController().signal;
  const context = { host: world.host, processes: [sizesOf('s')], progress: () => undefined, signal };
  for await (const reading of source.read(context)) assert.fail(`unexpected ${reading.kind}`);
  assert.deepEqual(source.account().losses, { 'processes not watched: DAMON is in use': 1 });
  assert.match(source.account().notes[0], /kdamond 0 runs as 5/);
  assert.deepEqual(world.writes, []);
});

test('another tool\u2019s kdamond that watches the process is listened to, and nothing of it is touched', async () => {
  const events = '/sys/kernel/tracing/events/damon/damon_aggregated/enable';
  const old = ' bash-7 [000] d..2. 10.5: sched_switch: x\n';
  const world = writtenHost({
    [`${KDAMONDS}/0/state`]: 'on\n',
    [`${KDAMONDS}/0/pid`]: '98\n',
    [`${KDAMONDS}/0/contexts/nr_contexts`]: '1\n',
    [`${KDAMONDS}/0/contexts/0/targets/0/pid_target`]: '5\n',
    [`${KDAMONDS}/0/contexts/0/targets/1/pid_target`]: '77\n',
    [`${KDAMONDS}/0/contexts/0/monitoring_attrs/intervals/sample_us`]: '5000\n',
    [`${KDAMONDS}/0/contexts/0/monitoring_attrs/intervals/aggr_us`]: '100000\n',
    [events]: '0\n',
    '/sys/kernel/tracing/trace': old,
  });
  const block = (index: number) => (FIRST + index) * 2097152;
  world.react = (path, text) => {
    if (path !== events || text !== '1') return;
    const event = (target: number, from: number, to: number, count: number) =>
      ` kdamond.0-98 [001] ..... 11.0: damon_aggregated: target_id=${target} nr_regions=2 ${block(from)}-${block(to)}: ${count} 3\n`;
    world.files.set('/sys/kernel/tracing/trace', old + event(1, 0, 2, 0) + event(1, 2, 3, 20));
  };
  const source = new DamonRegionsSource(GEOMETRY_4K);
  const signal = new AbortController().signal;
  const context = { host: world.host, processes: [sizesOf('ssH')], progress: () => undefined, signal };
  const seen: number[] = [];
  for await (const reading of source.read(context)) {
    if (reading.kind === 'samples')
      seen.push(reading.batch.virtualPage[0] / 512 - FIRST, reading.batch.weight[0]);
  }
  assert.deepEqual(seen, [2, 20]);
  assert.match(source.account().notes.join('\n'), /listening to kdamond 0 .*2 regions, 20 samples each/s);
  assert.deepEqual(world.writes, [`${events} = 1`, `${events} = 0`]);
  assert.deepEqual(
    [...world.files.keys()].filter((path) => path.startsWith('/state')),
    [],
  );
});
