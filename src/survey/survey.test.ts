/** A survey of a model host, whose truth is known: by cgroup, by command, of what is not seen, and within bounds. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_STATE, surveyOf, type World, world } from '../../test/support/survey-world.js';
import { success } from '../base/result.js';
import { OctavoError } from '../vocabulary/errors.js';
import { MIB } from '../vocabulary/units.js';
import { type Row, sorted } from './rows.js';

const BLOCK = 2 * MIB;

function rowNamed(rows: readonly Row[], name: string): Row {
  const row = rows.find(({ service }) => service.name === name);
  assert.ok(row, `no row ${name} among ${rows.map(({ service }) => service.name).join(', ')}`);
  return row;
}

/** Redis in a unit of its own, mostly empty; two workers of a command in one cgroup, full; and one of small pages. */
function services(): World {
  const made = world();
  made.start({ command: 'redis-server', cgroup: '/system.slice/redis.service', blocks: 6, every: 64 });
  made.start({ command: 'worker', cgroup: '/jobs', blocks: 2, every: 1 });
  made.start({ command: 'worker', cgroup: '/jobs', blocks: 1, every: 1 });
  made.start({ command: 'small', cgroup: '/jobs', blocks: 3, every: 2, huge: false });
  return made;
}

test('figures of services are the truth', async () => {
  const { rows, totals, spent } = await surveyOf(services());
  const redis = rowNamed(rows, 'redis.service');
  assert.deepEqual([redis.service.kind, redis.counted, redis.pids.length], ['unit', 'cgroup', 1]);
  assert.deepEqual(redis.figures.huge, { expected: 6 * BLOCK, low: 6 * BLOCK, high: 6 * BLOCK });
  const empty = 6 * (BLOCK - 8 * 4096);
  assert.equal(redis.figures.returns?.expected, empty);
  assert.ok(
    (redis.figures.emptyInHuge?.low ?? 0) <= empty && empty <= (redis.figures.emptyInHuge?.high ?? 0),
  );
  assert.equal(redis.splits?.expected, 6);
  assert.ok((redis.lockUs?.expected ?? 0) > 0);
  assert.equal(redis.figures.cold, undefined);
  assert.deepEqual(redis.figures.unmappedHeld?.low, 0);
  const worker = rowNamed(rows, 'worker');
  assert.deepEqual([worker.service.kind, worker.counted, worker.pids.length], ['process', 'processes', 2]);
  assert.equal(worker.figures.huge?.expected, 3 * BLOCK);
  assert.equal(worker.figures.returns?.expected, 0);
  const small = rowNamed(rows, 'small');
  assert.equal(small.figures.huge?.expected, 0);
  assert.equal(small.figures.emptyInHuge?.expected, 0);
  assert.equal(small.figures.holes?.expected, 3 * (BLOCK / 2));
  assert.equal(totals.figures.huge?.expected, 9 * BLOCK);
  assert.equal(totals.figures.returns?.expected, empty);
  assert.ok(spent.readBytes >= 9 * BLOCK && spent.lock !== undefined);
  assert.deepEqual(sorted(rows, 'returns')[0].service.name, 'redis.service');
});

test('grouped as asked', async () => {
  const by = async (kind: 'unit' | 'process') =>
    (await surveyOf(services(), { by: kind })).rows
      .map(({ service }) => `${service.kind} ${service.name}`)
      .sort();
  assert.ok((await by('process')).includes('process redis-server'));
  assert.ok((await by('unit')).includes('unit redis.service'));
  assert.ok((await by('unit')).includes('process worker'));
});

test('memory that nobody maps is told by the cgroup’s counters', async () => {
  const made = world();
  const held = made.start({ command: 'db', cgroup: '/system.slice/db.service', blocks: 4, every: 1 });
  made.unmapHalves(held, 4);
  const { rows, totals } = await surveyOf(made);
  const { unmappedHeld } = rowNamed(rows, 'db.service').figures;
  assert.deepEqual(unmappedHeld, { expected: 2 * BLOCK, low: 2 * BLOCK, high: 2 * BLOCK });
  assert.ok((totals.figures.unmappedHeld?.high ?? 0) >= 2 * BLOCK);
});

test('of a kernel that counts whole folios as mapped nobody knows how much is held, and that is told', async () => {
  const made = services();
  const before = rowNamed((await surveyOf(made)).rows, 'redis.service').figures.unmappedHeld;
  assert.ok(before?.high !== undefined);
  const release = made.host.files.readText('/proc/sys/kernel/osrelease');
  const path = `/boot/config-${release.ok ? release.value.trim() : ''}`;
  const { files } = made.host;
  const [readBytes, readText] = [files.readBytes.bind(files), files.readText.bind(files)];
  const option = 'CONFIG_NO_PAGE_MAPCOUNT=y\n';
  files.readBytes = (at) => (at === path ? success(new TextEncoder().encode(option)) : readBytes(at));
  files.readText = (at) => (at === path ? success(option) : readText(at));
  const { rows, totals, notes } = await surveyOf(made);
  const held = rowNamed(rows, 'redis.service').figures.unmappedHeld;
  assert.deepEqual([held?.low, held?.high], [before.low, undefined]);
  assert.equal(totals.figures.unmappedHeld?.high, undefined);
  assert.ok(notes.some((note) => note.includes('CONFIG_NO_PAGE_MAPCOUNT')));
});

test('of a large process a part is drawn, and the truth lies between the bounds', async () => {
  const made = world({ memoryBytes: 4096 * MIB });
  made.start({
    command: 'large',
    cgroup: '/system.slice/large.service',
    blocks: 600,
    every: 128,
    huge: true,
  });
  const { rows, bounds, spent } = await surveyOf(made, { budgetMs: 1000 });
  const { figures, findings } = rowNamed(rows, 'large.service');
  assert.equal(findings[0].looked, 'whole', 'huge blocks are quickly counted');
  const judged = findings[0].judged;
  assert.ok(judged && judged.read < 600 && judged.pages > 0);
  const empty = 600 * (BLOCK - 4 * 4096);
  const told = figures.emptyInHuge;
  assert.ok(told?.high !== undefined && told.low <= empty && empty <= told.high, JSON.stringify(told));
  assert.ok(told.low > 0.9 * empty && told.low < empty);
  assert.ok(spent.lock !== undefined && spent.lock.ns <= bounds.lockNs, JSON.stringify(spent));
});

test('a large process of small pages is looked at in part', async () => {
  const made = world({ memoryBytes: 2048 * MIB });
  made.start({ command: 'small', cgroup: '/', blocks: 400, every: 1, huge: false });
  const { rows, spent } = await surveyOf(made, { budgetMs: 100, scanNs: 50_000 });
  const { figures, findings } = rowNamed(rows, 'small');
  assert.equal(findings[0].looked, 'part');
  assert.deepEqual(figures.huge?.high, 0, 'the host has no huge page at all');
  const { holes } = figures;
  assert.deepEqual([holes?.expected, holes?.low], [0, 0]);
  assert.ok((holes?.high ?? 0) > 0);
  assert.ok((spent.lock?.ns ?? 0) < 0.5e6, 'twice what page tables may take');
});

test('what an ordinary user may not see is told, and is bounded but never nothing', async () => {
  const made = services();
  const { rows, totals } = await surveyOf(made, { userId: 1000 });
  const redis = rowNamed(rows, 'redis.service');
  assert.deepEqual(redis.findings[0].unlooked?.why, 'not permitted');
  assert.deepEqual(redis.figures.huge?.expected, 6 * BLOCK, 'its cgroup tells');
  assert.deepEqual([redis.figures.returns?.expected, redis.figures.returns?.low], [undefined, 0]);
  assert.ok((redis.figures.returns?.high ?? 0) >= 6 * BLOCK);
  assert.equal(redis.figures.holes, undefined);
  assert.equal(redis.lockUs, undefined);
  assert.equal(totals.figures.returns?.expected, undefined);
});

test('without reading there is no content, and with no time no look', async () => {
  const unread = await surveyOf(services(), { readBytes: 0 });
  const redis = rowNamed(unread.rows, 'redis.service');
  assert.equal(unread.spent.readBytes, 0);
  assert.deepEqual([redis.figures.returns?.expected, redis.figures.returns?.high], [undefined, 6 * BLOCK]);
  const late = await surveyOf(services(), { budgetMs: 0 });
  assert.ok(late.rows.every(({ findings }) => findings.every(({ unlooked }) => unlooked?.why === 'time')));
  assert.equal(rowNamed(late.rows, 'redis.service').figures.huge?.expected, 6 * BLOCK);
});

test('a process that ends meanwhile is in no row', async () => {
  const made = services();
  const gone = made.start({ command: 'gone', cgroup: '/', blocks: 1, every: 1 });
  const { rows, ended } = await surveyOf(made, {
    before: (path) => path === `/proc/${gone.pid}/smaps` && made.end(gone),
  });
  assert.equal(ended, 1);
  assert.ok(!rows.some(({ service }) => service.name === 'gone'));
});

test('a stop ends it at once', async () => {
  const stop = new AbortController();
  stop.abort('SIGTERM');
  await assert.rejects(
    surveyOf(services(), { signal: stop.signal }),
    (problem: OctavoError) => problem instanceof OctavoError && problem.code === 'STOPPED',
  );
});

test('feuds and what came back are known to it', async () => {
  const made = services();
  made.host.files.writeFile(`${DEFAULT_STATE}/costs.json`, 'broken');
  const { rows } = await surveyOf(made);
  assert.equal(rowNamed(rows, 'redis.service').findings[0].judged?.isMeasured, false);
});
