/** A slot at its edges: what is refused, what is put back, what is written down, what cannot be read. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { btfOf, writtenHost } from '../../test/support/written-host.js';
import { failure } from '../base/result.js';
import { NO_INTERVALS_GOAL, schemeOf } from '../vocabulary/damon.js';
import { KDAMONDS } from './kernel-files.js';
import { readRecord } from './record.js';
import { DamonSlot, readStatistics, statisticsSince } from './slot.js';
import { watchRanges } from './watch.js';

const FOLDER = `${KDAMONDS}/0`;
const CONTEXT = {
  ...{ operations: 'fvaddr', addressUnit: 1n, pause: false },
  intervals: { sampleUs: 5000n, aggregationUs: 100_000n, updateUs: 1_000_000n, goal: NO_INTERVALS_GOAL },
  regions: { min: 10n, max: 1000n },
  targets: [{ pid: 77, obsolete: false, regions: [] }],
  schemes: [schemeOf('stat')],
};

function kernel(files: Readonly<Record<string, string>> = {}) {
  const world = writtenHost({
    [`${KDAMONDS}/nr_kdamonds`]: '0\n',
    '/sys/kernel/btf/vmlinux': btfOf('DAMOS_STAT'),
    ...files,
  });
  world.react = (path, text) => {
    if (path.endsWith('/nr_kdamonds') && text === '1') {
      world.files.set(`${FOLDER}/state`, 'off\n');
      world.files.set(`${FOLDER}/contexts/nr_contexts`, '0\n');
    }
  };
  return world;
}

async function opened(world: ReturnType<typeof kernel>, share = false): Promise<DamonSlot> {
  const slot = await DamonSlot.open(world.host, { share });
  assert.ok(slot.ok, slot.ok ? '' : slot.error.owner);
  return slot.value;
}

const FREE = {
  [`${FOLDER}/state`]: 'off\n',
  [`${FOLDER}/pid`]: '-1\n',
  [`${FOLDER}/contexts/nr_contexts`]: '0\n',
};

test('a shared slot gets back the refresh interval that it had, where the kernel has one', async () => {
  for (const [refresh, expected] of [
    ['250', [`${FOLDER}/contexts/nr_contexts = 0`, `${FOLDER}/refresh_ms = 250`]],
    [undefined, [`${FOLDER}/contexts/nr_contexts = 0`]],
  ] as const) {
    const world = kernel({ ...FREE, ...(refresh && { [`${FOLDER}/refresh_ms`]: `${refresh}\n` }) });
    const slot = await opened(world, true);
    assert.equal(readRecord(world.host)?.refreshMs, refresh ?? null);
    await slot.close();
    assert.deepEqual(world.writes, expected);
  }
});

test('a tree that must not grow is told as the kernel’s, and leaves neither record nor lock', async () => {
  const world = kernel();
  world.refuse = () => 'EINVAL';
  const refused = await DamonSlot.open(world.host, { share: false });
  assert.deepEqual(refused.ok ? undefined : refused.error, {
    owner: 'the kernel (EINVAL)',
    remedy: `write ${KDAMONDS}/nr_kdamonds was refused.`,
  });
  assert.equal(readRecord(world.host), undefined);
  world.refuse = () => undefined;
  await (await opened(world)).close();
});

test('a context whose targets cannot be journaled is not staged', async () => {
  const world = kernel();
  const slot = await opened(world);
  const before = world.writes.length;
  const { writeFile } = world.host.files;
  world.host.files.writeFile = (path) => failure({ errno: 'ENOSPC', call: `write ${path}` });
  const staged = await slot.stage(CONTEXT);
  assert.equal(staged.ok ? '' : staged.error.errno, 'ENOSPC');
  assert.equal(world.writes.length, before);
  world.host.files.writeFile = writeFile;
  assert.ok((await slot.stage(CONTEXT)).ok);
  assert.deepEqual(readRecord(world.host)?.targets, [77]);
  assert.deepEqual(slot.written, world.writes, 'what was written is remembered for receipts');
});

test('which thread was started is written down, and none where it was not or does not run', async () => {
  for (const [pid, refuses, recorded] of [
    ['1', false, 1],
    ['4711', false, 4711],
    ['0', false, null],
    ['-1', false, null],
    [undefined, false, null],
    ['4711', true, null],
  ] as const) {
    const world = kernel();
    const slot = await opened(world);
    if (pid !== undefined) world.files.set(`${FOLDER}/pid`, `${pid}\n`);
    if (refuses) world.refuse = () => 'ENOMEM';
    assert.equal((await slot.start()).ok, !refuses);
    assert.equal(readRecord(world.host)?.kdamond, recorded, `${pid}`);
  }
});

test('a slot that was closed writes nothing more, is closed once, and is there for the next', async () => {
  const world = kernel();
  const first = await opened(world);
  await first.close();
  const late = await first.command('commit');
  assert.equal(late.ok ? '' : late.error.errno, 'ECANCELED');
  const second = await opened(world);
  const before = world.writes.length;
  await first.close();
  assert.equal(world.writes.length, before);
  assert.equal(readRecord(world.host)?.slot, 0, 'the record of the second');
  assert.equal((await DamonSlot.open(world.host, { share: false })).ok, false, 'and its lock');
  await second.close();
});

test('counters that the kernel lacks are zero, but for passes, which are not known', () => {
  const scheme = `${FOLDER}/contexts/0/schemes/0`;
  const none = readStatistics(kernel().host, scheme);
  assert.deepEqual(none, {
    ...{ tried: 0n, triedBytes: 0n, applied: 0n, appliedBytes: 0n, quotaExceeds: 0n, snapshots: undefined },
  });
  const now = { ...none, quotaExceeds: 7n, snapshots: 5n };
  assert.equal(statisticsSince(now, { ...none, quotaExceeds: 3n }).quotaExceeds, 4n);
  assert.equal(statisticsSince(now, none).snapshots, 5n);
  assert.equal(statisticsSince(none, now).snapshots, undefined);
});

test('a region that vanishes while it is read is left out of the counts', async () => {
  const world = kernel();
  const slot = await opened(world);
  const regions = `${FOLDER}/contexts/0/schemes/0/tried_regions`;
  world.files.set(`${regions}/0/age`, '1\n');
  world.files.set(`${regions}/1/start`, '4096\n');
  const counts = await slot.triedCounts(0, 4096n);
  assert.deepEqual(counts.ok && counts.value, [{ start: 4096n, end: 8192n, accesses: 0, age: 0 }]);
});

test('a long window has one sample for each interval of it', async () => {
  const world = kernel();
  const slot = await opened(world);
  const ranges = [{ start: 2n ** 21n, end: 2n ** 22n }];
  const watched = await watchRanges(slot, {
    pid: 77,
    ranges,
    windowMs: 100_000,
    wait: async () => undefined,
  });
  assert.equal(watched.ok && watched.value.samples, 20_000);
});
