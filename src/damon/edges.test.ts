/** What is told where nothing can be read, and what happens at each end of a range. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { btfOf, writtenHost } from '../../test/support/written-host.js';
import { type DamosFilter, filterOf, NO_INTERVALS_GOAL, schemeOf } from '../vocabulary/damon.js';
import { GEOMETRY_4K } from '../vocabulary/units.js';
import { fromScheme, readDamonFeatures } from './damon-features.js';
import { KDAMONDS, readFile } from './kernel-files.js';
import { readKdamonds } from './read-tree.js';
import { recoverLeftover } from './record.js';
import { surveyDamon } from './scratch.js';
import { unmappedRanges } from './unmapped.js';
import { contextWrites } from './writes.js';

const SCHEME = `${KDAMONDS}/0/contexts/0/schemes/0`;
const NONE_OF_THEM = {
  ...{ collapse: false, split: false, targetOrder: false },
  ...{ coreFilters: false, snapshotLimit: false, intervalsGoal: false },
};

test('a kernel that tells nothing of its DAMON is believed to have no feature', () => {
  const without = readDamonFeatures(writtenHost({}).host);
  assert.deepEqual(without, {
    ...NONE_OF_THEM,
    missing: `no ${KDAMONDS} (CONFIG_DAMON_SYSFS)`,
    basis: 'nothing',
  });
  const silent = readDamonFeatures(writtenHost({ [`${KDAMONDS}/nr_kdamonds`]: '0\n' }).host);
  assert.deepEqual(silent, { ...NONE_OF_THEM, missing: '', basis: 'nothing' });
});

test('the files of a scheme do not tell which actions the kernel knows', () => {
  const found = fromScheme(writtenHost({ [`${SCHEME}/action`]: 'collapse\n' }).host, SCHEME);
  assert.deepEqual(found, { ...NONE_OF_THEM, missing: '', basis: 'scheme directory' });
});

test('pauses before a busy kernel is asked again vary by half around what they grow to', async () => {
  for (const [drawn, pauses] of [
    [0, [5, 10]],
    [0xffff_ffff, [15, 30]],
  ] as const) {
    const world = writtenHost({ '/d/a': '5\n' });
    world.host.random.uint32 = () => drawn;
    let asked = 0;
    world.refuseRead = () => (asked++ < 2 ? 'EBUSY' : undefined);
    assert.ok((await readFile(world.host, '/d/a')).ok);
    assert.deepEqual(world.sleeps.map(Math.round), pauses);
  }
});

test('a scheme of a kernel without target orders has none, whatever its action', async () => {
  const { host } = writtenHost({
    [`${KDAMONDS}/0/contexts/nr_contexts`]: '1\n',
    [`${SCHEME}/action`]: 'collapse\n',
  });
  const [{ context }] = await readKdamonds(host);
  assert.equal(context?.schemes[0].targetOrder, undefined);
});

test('a kdamond with one context is read, one whose thread does not run has no name', async () => {
  const { host } = writtenHost({
    [`${KDAMONDS}/0/state`]: 'off\n',
    [`${KDAMONDS}/0/pid`]: '-1\n',
    [`${KDAMONDS}/0/contexts/nr_contexts`]: '1\n',
  });
  const [{ context, thread }] = await readKdamonds(host);
  assert.deepEqual([context?.operations, thread], ['', '']);
});

test('a recovery of DAMON’s tree puts back the switch of the trace buffer as well', async () => {
  const path = '/sys/kernel/tracing/events/damon/damon_aggregated/enable';
  const holder = { pid: 9, startTicks: 5, bootId: 'boot-1' };
  const world = writtenHost({ '/state/damon-trace.json': JSON.stringify({ holder, path }) });
  assert.equal(await recoverLeftover(world.host), 'none');
  assert.deepEqual(world.writes, [`${path} = 0`]);
});

test('a kernel with type information is asked nothing, even where asking is allowed', () => {
  const world = writtenHost({
    [`${KDAMONDS}/nr_kdamonds`]: '0\n',
    '/sys/kernel/btf/vmlinux': btfOf('DAMOS_SPLIT'),
  });
  assert.equal(surveyDamon(world.host, { share: false, ask: true }).features.split, true);
  assert.deepEqual(world.writes, []);
});

test('fillers need no hole of a process that maps nothing, and of equal holes the first is taken', () => {
  const block = 2n ** 21n;
  assert.deepEqual(unmappedRanges('', 1, GEOMETRY_4K), [{ start: 0n, end: block }]);
  const at = (number: bigint) => (number * block).toString(16);
  const maps = `${at(100n)}-${at(110n)} rw-p\n${at(210n)}-${at(220n)} rw-p\n`;
  assert.equal(unmappedRanges(maps, 1, GEOMETRY_4K)[0].start, 50n * block);
});

test('only those layers of filters are written that have any', () => {
  const filesOf = (filters: readonly DamosFilter[], coreFilters: boolean) =>
    contextWrites(
      {
        ...{ operations: 'vaddr', addressUnit: 1n, pause: false, targets: [] },
        intervals: { sampleUs: 1n, aggregationUs: 1n, updateUs: 1n, goal: NO_INTERVALS_GOAL },
        ...{ regions: { min: 3n, max: 3n }, schemes: [schemeOf('stat', { filters })] },
      },
      { coreFilters },
    )
      .map(({ file }) => file.replace('contexts/0/schemes/0/', ''))
      .filter((file) => file.endsWith('nr_filters'));
  assert.deepEqual(filesOf([], false), []);
  assert.deepEqual(filesOf([], true), []);
  assert.deepEqual(filesOf([filterOf('addr', {})], true), ['core_filters/nr_filters']);
  assert.deepEqual(filesOf([filterOf('anon', {})], true), ['ops_filters/nr_filters']);
  assert.deepEqual(filesOf([filterOf('anon', {})], false), ['filters/nr_filters']);
});
