/** Below a target: processes that are still there, mappings by their size, and blocks with why they are as they are. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { world } from '../../test/support/survey-world.js';
import { blocksOf, openProcess, processesOf, whyOf } from './drill.js';

const SECOND_NS = 1e9;
const addressOf = (page: number) => `0x${(page * 4096).toString(16)}`;

function scene() {
  const made = world();
  const db = made.start({ command: 'db', cgroup: '/system.slice/db.service', blocks: 3, every: 256 });
  const web = made.start({ command: 'web', cgroup: '/system.slice/web.service', blocks: 1, every: 1, huge: false }); // biome-ignore format: one line
  const open = (pid: number) => openProcess(made.host, pid, SECOND_NS, new AbortController().signal);
  return { made, db, web, open };
}

test('only the processes that were asked for and are still there', () => {
  const { made, db, web } = scene();
  const asked = [db.pid, 999_999];
  assert.deepEqual(processesOf(made.host, asked), [{ pid: db.pid, command: 'db' }]);
  assert.deepEqual(processesOf(made.host, []), []);
  made.end(db);
  assert.deepEqual(processesOf(made.host, [db.pid, web.pid]), [{ pid: web.pid, command: 'web' }]);
});

test('a process opened: its mappings, the largest first, each with its own blocks', () => {
  const { db, open } = scene();
  const opened = open(db.pid);
  const sizes = opened.mappings.map(({ totals }) => totals.residentBytes);
  assert.deepEqual(
    sizes,
    [...sizes].sort((left, right) => right - left),
  );
  const [largest] = opened.mappings;
  assert.equal(largest.totals.residentBytes, 3 * 512 * 4096);
  assert.equal(largest.address, addressOf(largest.mapping.start));
  assert.equal(largest.mapping, opened.look.sizes.mappings[largest.index]);
  const blocks = blocksOf(opened, largest.index);
  assert.deepEqual(blocks.map(({ address }) => address), [0, 512, 1024].map((at) => addressOf(db.base + at))); // biome-ignore format: one line
  assert.deepEqual(blocksOf(opened, 999), []);
  const all = opened.mappings.flatMap(({ index }) => blocksOf(opened, index));
  assert.equal(all.length, opened.look.sizes.blocks.count);
});

test('why a block is huge, and why another is not', () => {
  const { made, db, web, open } = scene();
  const reasons = (pid: number) => {
    const opened = open(pid);
    const [{ index }] = opened.mappings;
    return whyOf(made.host, opened, index, blocksOf(opened, index)[0].state);
  };
  const huge = reasons(db.pid);
  const small = reasons(web.pid);
  assert.ok(huge.length > 0 && small.length > 0);
  assert.notDeepEqual(huge, small);
});

test('a process that has ended cannot be opened', () => {
  const { made, db, open } = scene();
  made.end(db);
  assert.throws(() => open(db.pid), { code: 'TARGET_GONE' });
});
