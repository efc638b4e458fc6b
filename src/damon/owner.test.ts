import assert from 'node:assert/strict';
import { test } from 'node:test';
import { writtenHost } from '../../test/support/written-host.js';
import { GEOMETRY_4K } from '../vocabulary/units.js';
import { fromScheme, readDamonFeatures } from './damon-features.js';
import { dumpTree, KDAMONDS, numberAt, numberedChildren, readFile, writeFile } from './kernel-files.js';
import { takeDamonLock } from './lock.js';
import { chooseSlot, glanceAtDamonUse, isFree, moduleHolds, readDamonUse, type SlotState } from './owner.js';
import { recordPath } from './record.js';
import { askInSlot, surveyDamon } from './scratch.js';
import { unmappedRanges } from './unmapped.js';

const slot = (more: Partial<SlotState> = {}): SlotState => ({
  ...{ slot: 0, running: false, pid: -1, contexts: 0 },
  ...more,
});

const RUNNING = slot({ slot: 2, running: true, pid: 31, contexts: 1 });
const CONFIGURED = slot({ slot: 1, contexts: 1 });

test('a slot is free when it neither runs nor is set up', () => {
  assert.deepEqual(
    [slot(), RUNNING, CONFIGURED, slot({ running: true })].map((one) => isFree(one)),
    [true, false, false, false],
  );
});

test('an empty tree grows; one of others is used by its free slot, and only where sharing was asked for', () => {
  assert.equal(chooseSlot({ modules: [], slots: [] }, false), 'grow');
  assert.equal(chooseSlot({ modules: [], slots: [RUNNING, slot({ slot: 4 })] }, true), 4);
  assert.deepEqual(chooseSlot({ modules: [], slots: [RUNNING, CONFIGURED] }, true), {
    owner: 'another tool: kdamond 2 runs as 31, kdamond 1 is configured but off',
    remedy: 'No slot of its tree is free. Let that tool make one more, or stop it.',
  });
  assert.deepEqual(chooseSlot({ modules: [], slots: [RUNNING, slot()] }, false), {
    owner: 'another tool: kdamond 2 runs as 31, kdamond 0 is empty',
    remedy: 'A slot is free: use it with --share-damon. Octavo never changes the slots of others.',
  });
  const held = chooseSlot({ modules: [], slots: [RUNNING] }, false);
  assert.match(typeof held === 'object' ? held.remedy : '', /^None of its slots is free\./);
  assert.deepEqual(
    chooseSlot({ modules: ['damon_stat'], slots: [slot()] }, true),
    moduleHolds(['damon_stat']),
  );
  assert.match(moduleHolds(['a', 'b']).remedy, /echo N > .*\/a\/.*; echo N > .*\/b\//);
});

const STATES: Record<string, string> = {
  [`${KDAMONDS}/nr_kdamonds`]: '2\n',
  [`${KDAMONDS}/0/state`]: 'on\n',
  [`${KDAMONDS}/0/pid`]: '31\n',
  [`${KDAMONDS}/0/contexts/nr_contexts`]: '1\n',
  [`${KDAMONDS}/1/state`]: 'off\n',
  [`${KDAMONDS}/1/pid`]: '-1\n',
  [`${KDAMONDS}/1/contexts/nr_contexts`]: '0\n',
  [`${KDAMONDS}/2/x`]: '',
};

test('who uses DAMON is read, and what cannot be read is taken as in use', async () => {
  const { host } = writtenHost({
    ...STATES,
    '/sys/module/damon_stat/parameters/enabled': 'Y\n',
    '/sys/module/damon_stat/parameters/kdamond_pid': '-1\n',
    '/sys/module/damon_reclaim/parameters/enabled': 'Y\n',
    '/sys/module/damon_reclaim/parameters/kdamond_pid': '77\n',
    '/sys/module/damon_lru_sort/parameters/enabled': 'Y\n',
  });
  const expected = {
    modules: ['damon_reclaim', 'damon_lru_sort'],
    slots: [
      { slot: 0, running: true, pid: 31, contexts: 1 },
      { slot: 1, running: false, pid: -1, contexts: 0 },
      { slot: 2, running: true, pid: -1, contexts: 1 },
    ],
  };
  assert.deepEqual(await readDamonUse(host), expected);
  assert.deepEqual(glanceAtDamonUse(host), expected);
  const off = writtenHost({ '/sys/module/damon_stat/parameters/enabled': 'N\n' }).host;
  assert.deepEqual(glanceAtDamonUse(off), { modules: [], slots: [] });
  assert.deepEqual(await readDamonUse(off), { modules: [], slots: [] });
});

test('a survey names who stands in the way, and asks an empty tree only when told to', () => {
  const taken = surveyDamon(writtenHost(STATES).host, { share: false, ask: true });
  assert.match(taken.occupied?.owner ?? '', /kdamond 0 runs as 31/);
  assert.deepEqual(surveyDamon(writtenHost({}).host, { share: false, ask: true }).occupied, undefined);
  assert.match(
    surveyDamon(writtenHost({}).host, { share: false, ask: true }).features.missing,
    /CONFIG_DAMON_SYSFS/,
  );
  const quiet = writtenHost({ [`${KDAMONDS}/nr_kdamonds`]: '0\n' });
  const looked = surveyDamon(quiet.host, { share: false, ask: false });
  assert.deepEqual([looked.features.basis, looked.occupied, quiet.writes], ['nothing', undefined, []]);
});

/** A kernel whose schemes have these files and that takes these actions. */
function askable(actions: readonly string[], files: readonly string[] = []) {
  const world = writtenHost({ [`${KDAMONDS}/nr_kdamonds`]: '0\n' });
  world.refuse = (path, text) => (path.endsWith('/action') && !actions.includes(text) ? 'EINVAL' : undefined);
  world.react = (path, text) => {
    if (path.endsWith('/nr_schemes') && text === '1')
      for (const file of files) world.files.set(`${KDAMONDS}/0/contexts/0/schemes/0/${file}`, '0\n');
  };
  return world;
}

test('an empty tree is asked by a scratch slot, which is journaled first and gone afterwards', () => {
  const world = askable(['collapse'], ['target_order', 'stats/max_nr_snapshots']);
  let journal: unknown;
  const { react } = world;
  world.react = (path, text) => {
    react(path, text);
    if (path.endsWith('/nr_kdamonds') && text === '1')
      journal = JSON.parse(world.files.get(recordPath(world.host)) ?? 'null');
  };
  const { features } = surveyDamon(world.host, { share: false, ask: true });
  assert.deepEqual(features, {
    missing: '',
    ...{ collapse: true, split: false, targetOrder: true, coreFilters: false, snapshotLimit: true },
    ...{ intervalsGoal: false, basis: 'scheme directory' },
  });
  const holder = { pid: 4242, startTicks: 100, bootId: 'boot-1' };
  assert.deepEqual(journal, {
    ...{ octavo: 'damon-session', version: 1, slot: 0, grew: true, refreshMs: null, kdamond: null },
    ...{ holder, targets: [] },
  });
  assert.equal(world.writes.at(-1), `${KDAMONDS}/nr_kdamonds = 0`);
  assert.deepEqual(
    [...world.files.keys()].filter((path) => path.startsWith('/state')),
    [],
  );
});

test('nothing is asked where it could not be put back, or the kernel refuses', () => {
  const left = askable(['collapse']);
  left.files.set(recordPath(left.host), '{}');
  assert.equal(surveyDamon(left.host, { share: false, ask: true }).features.collapse, false);
  const locked = askable(['collapse']);
  locked.files.set('/state/damon.lock', JSON.stringify({ pid: 4242, startTicks: 100, bootId: 'boot-1' }));
  assert.equal(surveyDamon(locked.host, { share: false, ask: true }).features.collapse, false);
  const full = askable(['collapse']);
  full.host.files.writeFile = (path) => ({ ok: false, error: { errno: 'ENOSPC', call: path } });
  assert.equal(surveyDamon(full.host, { share: false, ask: true }).features.collapse, false);
  for (const world of [left, locked, full]) assert.deepEqual(world.writes, []);
  assert.equal(full.files.has('/state/damon.lock'), false, 'the lock is released');
  const refusing = askable(['collapse']);
  refusing.refuse = () => 'EBUSY';
  assert.equal(surveyDamon(refusing.host, { share: false, ask: true }).features.collapse, false);
  assert.equal(refusing.files.has(recordPath(refusing.host)), false);
});

test('a slot that is held is asked and left empty', () => {
  const world = askable(['split', 'collapse']);
  const slotFolder = `${KDAMONDS}/0`;
  const found = askInSlot(world.host, slotFolder);
  assert.deepEqual([found.split, found.collapse, found.basis], [true, true, 'scheme directory']);
  assert.equal(world.files.get(`${slotFolder}/contexts/nr_contexts`), '0\n');
  const refusing = askable(['split']);
  refusing.refuse = (path) => (path.endsWith('/nr_schemes') ? 'ENOMEM' : undefined);
  assert.equal(askInSlot(refusing.host, slotFolder).basis, 'nothing');
});

test('where nothing else tells, a scheme that is there shows what the kernel has', () => {
  const scheme = `${KDAMONDS}/3/contexts/0/schemes/0`;
  const { host, files } = writtenHost({
    [`${KDAMONDS}/nr_kdamonds`]: '1\n',
    [`${KDAMONDS}/1/contexts/nr_contexts`]: '0\n',
    [`${scheme}/core_filters/nr_filters`]: '0\n',
    [`${KDAMONDS}/3/contexts/0/monitoring_attrs/intervals/intervals_goal/aggrs`]: '0\n',
  });
  files.set(`${scheme}/../../monitoring_attrs/intervals/intervals_goal/aggrs`, '0\n');
  const found = readDamonFeatures(host);
  assert.deepEqual(found, fromScheme(host, scheme));
  assert.deepEqual(
    [found.coreFilters, found.targetOrder, found.snapshotLimit, found.intervalsGoal, found.basis],
    [true, false, false, true, 'scheme directory'],
  );
  files.set('/sys/kernel/btf/vmlinux', 'no type information');
  assert.equal(readDamonFeatures(host).basis, 'scheme directory');
});

test('what forbids DAMON is named', () => {
  const { host } = writtenHost({ [`${KDAMONDS}/nr_kdamonds`]: '0\n' });
  host.files.canWrite = (path) => ({ ok: false, error: { errno: 'EACCES', call: path } });
  assert.match(readDamonFeatures(host).missing, /nr_kdamonds: EACCES \(needs root\)/);
  host.files.status = (path) => ({ ok: false, error: { errno: 'EPERM', call: path } });
  assert.equal(readDamonFeatures(host).missing, `${KDAMONDS}: EPERM`);
});

test('files: numbers, children in order, and a dump for comparing', async () => {
  const world = writtenHost({
    '/d/a': '5\n',
    '/d/10/x': 'y\n',
    '/d/2/x': 'z\n\n',
    '/d/b': '-7\n',
    '/d/c': '1.5\n',
  });
  const { host } = world;
  assert.deepEqual(
    ['a', 'b', 'c', 'none'].map((name) => numberAt(host, `/d/${name}`)),
    [5n, -7n, undefined, undefined],
  );
  assert.deepEqual([numberedChildren(host, '/d'), numberedChildren(host, '/none')], [[2, 10], []]);
  world.refuseRead = (path) => (path === '/d/a' ? 'EACCES' : undefined);
  assert.deepEqual(await dumpTree(host, '/d'), [
    '/d/10/x = y',
    '/d/2/x = z\n',
    '/d/a = EACCES',
    '/d/b = -7',
    '/d/c = 1.5',
  ]);
  assert.deepEqual(await dumpTree(host, '/none'), []);
  const { status } = host.files;
  host.files.status = (path) =>
    path === '/d/b' ? { ok: false, error: { errno: 'ENOENT', call: path } } : status(path);
  assert.equal((await dumpTree(host, '/d')).length, 4);
});

test('only a busy kernel is asked again, and an empty text is a line end', async () => {
  const world = writtenHost({ '/d/a': '5\n' });
  const answers = ['EBUSY', 'EBUSY', 'EACCES'] as const;
  let asked = 0;
  world.refuseRead = () => answers[Math.min(asked++, 2)];
  const found = await readFile(world.host, '/d/a');
  assert.deepEqual([found.ok ? '' : found.error.errno, asked, world.sleeps], ['EACCES', 3, [10, 20]]);
  asked = 0;
  world.refuseRead = () => (++asked ? 'EBUSY' : undefined);
  await readFile(world.host, '/d/a');
  assert.equal(asked, 8);
  await writeFile(world.host, '/d/path', '');
  assert.equal(world.writes.at(-1), '/d/path = \n');
});

test('fillers lie in the middle of the widest hole, apart, and never in the vsyscall page', () => {
  const block = 2n ** 21n;
  const maps = [
    `${(4n * block).toString(16)}-${(5n * block).toString(16)} rw-p`,
    `${(105n * block).toString(16)}-${(106n * block).toString(16)} rw-p`,
    `${(150n * block).toString(16)}-${(151n * block).toString(16)} rw-p`,
    'ffffffffff600000-ffffffffff601000 --xp',
    '',
  ].join('\n');
  assert.deepEqual(unmappedRanges(maps, 3, GEOMETRY_4K), [
    { start: 55n * block, end: 56n * block },
    { start: 57n * block, end: 58n * block },
    { start: 59n * block, end: 60n * block },
  ]);
  assert.deepEqual(unmappedRanges(maps, 0, GEOMETRY_4K), []);
});

test('before the first mapping there is room as well, up to the highest addresses of a process', () => {
  const maps = `7f0000000000-7f0000200000 rw-p\n8000000000000000-8000000000001000 rw-p\n`;
  const [{ start }] = unmappedRanges(maps, 1, GEOMETRY_4K);
  assert.equal(start, (0x7f0000000000n / 2n / 0x200000n) * 0x200000n);
  const high = '200000-400000 rw-p\n4000000000000000-4000000000001000 rw-p\n';
  const [above] = unmappedRanges(high, 1, GEOMETRY_4K);
  assert.ok(above.start > 2n ** 60n);
});

test('of holes of nearly one width the widest is taken, wherever it lies', () => {
  const block = 2n ** 21n;
  const at = (number: bigint) => (number * block).toString(16);
  const maps = `${at(4n)}-${at(5n)} r\n${at(105n)}-${at(106n)} r\n${at(211n)}-${at(212n)} r\n`;
  assert.equal(unmappedRanges(maps, 1, GEOMETRY_4K)[0].start, 158n * block);
});

test('the folder of the lock is made where it is not there', () => {
  const world = writtenHost({ [`${KDAMONDS}/nr_kdamonds`]: '0\n' });
  const made: string[] = [];
  const { makeDirectory } = world.host.files;
  world.host.files.makeDirectory = (path) => {
    made.push(path);
    return makeDirectory(path);
  };
  const lock = takeDamonLock(world.host);
  assert.ok(lock.ok);
  assert.deepEqual([made, lock.value.path], [['/state'], '/state/damon.lock']);
  const second = takeDamonLock(world.host);
  assert.match(second.ok ? '' : second.error.owner, /another Octavo, process 4242, by \/state\/damon\.lock/);
  lock.value.release();
  world.host.files.createExclusive = (path) => ({ ok: false, error: { errno: 'EROFS', call: path } });
  const unwritable = takeDamonLock(world.host);
  assert.deepEqual(unwritable.ok ? undefined : unwritable.error, {
    owner: 'nobody, but its lock /state/damon.lock cannot be created (EROFS)',
    remedy: 'Needs root.',
  });
});
