import assert from 'node:assert/strict';
import { test } from 'node:test';
import { btfOf, statLine, writtenHost } from '../../test/support/written-host.js';
import { NO_PACING } from '../actuators/damos/block-context.js';
import { runOnBlocks } from '../actuators/damos/run-blocks.js';
import { schemeOf } from '../vocabulary/damon.js';
import { KDAMONDS } from './kernel-files.js';
import { DamonSlot, statisticsSince } from './slot.js';

const EMPTY = {
  [`${KDAMONDS}/nr_kdamonds`]: '0\n',
  '/proc/77/maps': '400000-401000 r-xp\n1400000-1800000 rw-p\n',
};
const SCHEME = `${KDAMONDS}/0/contexts/0/schemes/0`;
/** Names of a kernel with the snapshot limit, as its type information lists them. */
const BTF = { '/sys/kernel/btf/vmlinux': btfOf('DAMOS_COLLAPSE', 'core_filters', 'max_nr_snapshots') };

function kernel(extra: Record<string, string> = {}) {
  const world = writtenHost({ ...EMPTY, ...BTF, ...extra });
  world.react = (path, text) => {
    if (path.endsWith('/nr_kdamonds') && text === '1') {
      world.files.set(`${KDAMONDS}/0/state`, 'off\n');
      world.files.set(`${KDAMONDS}/0/contexts/nr_contexts`, '0\n');
    }
    if (path.endsWith('/state')) world.files.set(path, text === 'off' ? 'off\n' : 'on\n');
  };
  return world;
}

async function opened(world: ReturnType<typeof kernel>, share = false): Promise<DamonSlot> {
  const slot = await DamonSlot.open(world.host, { share });
  assert.ok(slot.ok, slot.ok ? '' : slot.error.owner);
  return slot.value;
}

const ORDER = { pid: 77, action: 'collapse', targetOrder: undefined, blocks: [10, 11] };

test('a run stages counts before children, types before properties, reads statistics before off', async () => {
  const world = kernel();
  const slot = await opened(world);
  const react = world.react;
  world.react = (path, text) => {
    react(path, text);
    if (text !== 'update_schemes_stats') return;
    world.files.set(`${SCHEME}/stats/nr_snapshots`, '1\n');
    world.files.set(`${SCHEME}/stats/nr_tried`, '2\n');
    world.files.set(`${SCHEME}/stats/sz_tried`, '4194304\n');
    world.files.set(`${SCHEME}/stats/nr_applied`, '2\n');
    world.files.set(`${SCHEME}/stats/sz_applied`, '4194304\n');
  };
  const run = await runOnBlocks(slot, ORDER, NO_PACING);
  assert.equal(run.end, 'done');
  assert.equal(run.statistics.appliedBytes, 4194304n);
  await slot.close();
  const short = world.writes.map((line) => line.replace(`${KDAMONDS}/`, ''));
  assert.deepEqual(short.slice(0, 3), [
    'nr_kdamonds = 1',
    '0/contexts/nr_contexts = 1',
    '0/contexts/0/operations = fvaddr',
  ]);
  const at = (line: string) => {
    const index = short.indexOf(line);
    assert.notEqual(index, -1, `${line} was not written`);
    return index;
  };
  const filter = '0/contexts/0/schemes/0/core_filters';
  assert.ok(at(`${filter}/nr_filters = 1`) < at(`${filter}/0/type = addr`));
  assert.ok(at(`${filter}/0/type = addr`) < at(`${filter}/0/matching = Y`));
  assert.ok(at('0/contexts/0/monitoring_attrs/nr_regions/max = 3') < at('0/state = on'));
  assert.ok(at('0/state = on') < at('0/state = update_schemes_stats'));
  assert.ok(at('0/state = update_schemes_stats') < at('0/state = off'));
  assert.equal(short.at(-1), 'nr_kdamonds = 0');
  assert.ok(!short.some((line) => line.includes('ops_filters')));
  assert.ok(short.includes('0/contexts/0/schemes/0/access_pattern/nr_accesses/max = 4294967295'));
  assert.ok(short.includes('0/contexts/0/schemes/0/stats/max_nr_snapshots = 1'));
});

test('EBUSY is tried again with growing pauses and then given up', async () => {
  const world = kernel();
  const slot = await opened(world);
  let busy = 3;
  world.refuse = (path) => (path.endsWith('/state') && busy-- > 0 ? 'EBUSY' : undefined);
  assert.ok((await slot.start()).ok);
  assert.deepEqual(world.sleeps, [10, 20, 40]);
  world.refuse = () => 'EBUSY';
  const refused = await slot.start();
  assert.equal(refused.ok ? '' : refused.error.errno, 'EBUSY');
  world.refuse = () => undefined;
  await slot.close();
});

test('ECANCELED for statistics says that the target is gone; ENOMEM on `on` is a refusal', async () => {
  for (const [text, errno, end] of [
    ['update_schemes_stats', 'ECANCELED', 'target-gone'],
    ['on', 'ENOMEM', 'refused'],
  ] as const) {
    const world = kernel();
    const slot = await opened(world);
    world.refuse = (_, written) => (written === text ? errno : undefined);
    const run = await runOnBlocks(slot, ORDER, NO_PACING);
    assert.equal(run.end, end);
    assert.equal(run.refusal?.errno, end === 'refused' ? 'ENOMEM' : undefined);
    world.refuse = () => undefined;
    await slot.close();
    assert.equal(world.writes.at(-1), `${KDAMONDS}/nr_kdamonds = 0`);
  }
});

test('a kdamond that has ended by itself is stopped, whatever `off` answers', async () => {
  const world = kernel();
  const slot = await opened(world);
  world.files.set(`${KDAMONDS}/0/state`, 'off\n');
  world.refuse = (_, text) => (text === 'off' ? 'EPERM' : undefined);
  assert.ok((await slot.stop()).ok);
  world.files.set(`${KDAMONDS}/0/state`, 'on\n');
  assert.ok(!(await slot.stop()).ok);
});

test('tried regions are read only after the kernel said that it is done, and not at all after ECANCELED', async () => {
  const world = kernel();
  const slot = await opened(world);
  const region = `${SCHEME}/tried_regions/0`;
  world.files.set(`${region}/start`, '4096\n');
  world.files.set(`${region}/end`, '8192\n');
  world.refuse = (_, text) => (text === 'update_schemes_tried_regions' ? 'ECANCELED' : undefined);
  const stale = await slot.triedRegions(0);
  assert.equal(stale.ok ? '' : stale.error.errno, 'ECANCELED');
  world.refuse = () => undefined;
  const react = world.react;
  world.react = (path, text) => {
    react(path, text);
    world.files.set(`${region}/end`, '12288\n');
    world.files.set(`${region}/nr_accesses`, '7\n');
    world.files.set(`${region}/age`, '2\n');
  };
  const fresh = await slot.triedRegions(0);
  assert.deepEqual(fresh.ok && fresh.value, [{ start: 4096n, end: 12288n, accesses: 7, age: 2 }]);
});

test('statistics are differences', () => {
  const plain = {
    tried: 5n,
    triedBytes: 50n,
    applied: 4n,
    appliedBytes: 40n,
    quotaExceeds: 1n,
    snapshots: 3n,
  };
  const later = {
    tried: 9n,
    triedBytes: 90n,
    applied: 4n,
    appliedBytes: 40n,
    quotaExceeds: 1n,
    snapshots: 4n,
  };
  const since = statisticsSince(later, plain);
  assert.deepEqual(
    [since.tried, since.triedBytes, since.applied, since.appliedBytes, since.snapshots],
    [4n, 40n, 0n, 0n, 1n],
  );
});

test('a file that the kernel lacks is no failure when its plain value was wanted, and one otherwise', async () => {
  const world = kernel();
  const slot = await opened(world);
  world.refuse = (path) => (/\/(addr_unit|goal_tuner|allow)$/.test(path) ? 'ENOENT' : undefined);
  const stage = (operations: string, unit: bigint) =>
    slot.stage({
      operations,
      addressUnit: unit,
      pause: false,
      intervals: {
        sampleUs: 5000n,
        aggregationUs: 100000n,
        updateUs: 1000000n,
        goal: { accessBasisPoints: 0n, aggregations: 0n, minSampleUs: 0n, maxSampleUs: 0n },
      },
      regions: { min: 10n, max: 1000n },
      targets: [],
      schemes: [schemeOf('stat')],
    });
  assert.ok((await stage('paddr', 1n)).ok);
  const refused = await stage('paddr', 8n);
  assert.equal(refused.ok ? '' : refused.error.errno, 'ENOENT');
  await slot.close();
});

const FOREIGN = {
  [`${KDAMONDS}/nr_kdamonds`]: '2\n',
  [`${KDAMONDS}/0/state`]: 'on\n',
  [`${KDAMONDS}/0/pid`]: '900\n',
  [`${KDAMONDS}/0/contexts/nr_contexts`]: '1\n',
  [`${KDAMONDS}/1/state`]: 'off\n',
  [`${KDAMONDS}/1/pid`]: '-1\n',
  [`${KDAMONDS}/1/contexts/nr_contexts`]: '0\n',
};

test('what others set up is reported and not written to; sharing uses the free slot only', async () => {
  const world = kernel(FOREIGN);
  const written: readonly string[] = world.writes;
  const refused = await DamonSlot.open(world.host, { share: false });
  assert.ok(!refused.ok);
  assert.match(refused.error.owner, /kdamond 0 runs as 900, kdamond 1 is empty/);
  assert.match(refused.error.remedy, /--share-damon/);
  assert.equal(written.length, 0);
  const slot = await opened(world, true);
  await slot.close();
  assert.ok(written.length > 0 && written.every((line) => line.startsWith(`${KDAMONDS}/1/`)));
  const none = kernel({ ...FOREIGN, [`${KDAMONDS}/1/contexts/nr_contexts`]: '1\n' });
  assert.ok(!(await DamonSlot.open(none.host, { share: true })).ok);
});

test('an exclusive module is named', async () => {
  const folder = '/sys/module/damon_stat/parameters';
  const world = kernel({ [`${folder}/enabled`]: 'Y\n', [`${folder}/kdamond_pid`]: '88\n' });
  const refused = await DamonSlot.open(world.host, { share: true });
  assert.ok(!refused.ok && /damon_stat/.test(refused.error.owner));
  assert.ok(!refused.ok && /echo N > \/sys\/module\/damon_stat/.test(refused.error.remedy));
  world.files.set(`${folder}/kdamond_pid`, '-1\n');
  await (await opened(world)).close();
});

test('a living Octavo keeps others out; a dead one is taken over and what it left is put back', async () => {
  const world = kernel();
  const first = await opened(world);
  assert.ok(!(await DamonSlot.open(world.host, { share: false })).ok);
  await first.stage({ ...contextFor(77) });
  await first.start();
  // kill -9: nobody closes; the process is gone from /proc and its pid may even be somebody else's now.
  world.files.set('/proc/4242/stat', statLine(4242, 555));
  const second = writtenHost({}, 5000);
  const next = await DamonSlot.open({ ...world.host, identity: second.host.identity }, { share: false });
  world.files.set('/proc/5000/stat', statLine(5000, 600));
  assert.ok(next.ok);
  const written = world.writes.map((line) => line.replace(`${KDAMONDS}/`, ''));
  assert.deepEqual(written.slice(-3), ['0/state = off', 'nr_kdamonds = 0', 'nr_kdamonds = 1']);
  await next.value.close();
});

test('a slot that somebody else configured since is left alone', async () => {
  const world = kernel();
  const first = await opened(world);
  await first.stage(contextFor(77));
  await first.start();
  world.files.set(`${KDAMONDS}/0/contexts/0/targets/0/pid_target`, '1234\n');
  world.files.set('/proc/4242/stat', statLine(4242, 555));
  const before = world.writes.length;
  const next = await DamonSlot.open(
    { ...world.host, identity: { ...world.host.identity, pid: 5000 } },
    { share: false },
  );
  assert.ok(!next.ok);
  assert.deepEqual(world.writes.slice(before), []);
});

test('a slot whose kdamond ended and that somebody else set up since is not touched by close either', async () => {
  for (const [what, path, text] of [
    ['another process is watched', `${KDAMONDS}/0/contexts/0/targets/0/pid_target`, '1234\n'],
    ['another thread runs', `${KDAMONDS}/0/pid`, '901\n'],
    ['there are two slots now', `${KDAMONDS}/nr_kdamonds`, '2\n'],
  ] as const) {
    const world = kernel();
    const slot = await opened(world);
    await slot.stage(contextFor(77));
    world.react = (path, text) => {
      if (path.endsWith('/state') && text === 'on') world.files.set(`${KDAMONDS}/0/pid`, '500\n');
    };
    assert.ok((await slot.start()).ok);
    const before = world.writes.length;
    world.files.set(path, text);
    await slot.close();
    assert.deepEqual(world.writes.slice(before), [], what);
    assert.equal(world.files.has('/state/damon-session.json'), false);
  }
});

test('nothing is changed that could not be journaled', async () => {
  const world = kernel();
  const files = {
    ...world.host.files,
    writeFile: () => ({ ok: false, error: { errno: 'ENOSPC', call: '' } }) as const,
  };
  const refused = await DamonSlot.open({ ...world.host, files }, { share: false });
  assert.ok(!refused.ok && /ENOSPC/.test(refused.error.owner));
  assert.deepEqual(world.writes, []);
});

function contextFor(pid: number) {
  return {
    operations: 'fvaddr',
    addressUnit: 1n,
    pause: false,
    intervals: {
      sampleUs: 5000n,
      aggregationUs: 100000n,
      updateUs: 1000000n,
      goal: { accessBasisPoints: 0n, aggregations: 0n, minSampleUs: 0n, maxSampleUs: 0n },
    },
    regions: { min: 10n, max: 1000n },
    targets: [{ pid, obsolete: false, regions: [] }],
    schemes: [schemeOf('stat')],
  };
}
