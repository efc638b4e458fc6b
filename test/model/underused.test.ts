// The deferred-split shrinker: underused and partially mapped huge pages.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setLocked } from '../../src/model/kernel/advice/mlock.js';
import {
  advise,
  assertSound,
  type Fixture,
  fill,
  fixture,
  get,
  rollup,
  set,
  stat,
  vmstat,
} from './model-fixture.js';

/** 16 THPs that hold one data page each. */
function sparse(settings: Record<string, string> = {}): Fixture {
  const made = fixture({ blocks: 16 });
  for (const [path, value] of Object.entries(settings)) set(made, path, value);
  fill(made, made.base, 16 * 512, 512);
  return made;
}

function dropCaches(made: Fixture): void {
  set(made, '/proc/sys/vm/drop_caches', '2');
}

test('drop_caches 2 with max_ptes_none 100 from the start: 16 of 16 split, 32768 kB become 64 kB', () => {
  const made = sparse({ 'khugepaged/max_ptes_none': '100' });
  assert.equal(rollup(made, 'Rss'), 32768);
  dropCaches(made);
  assert.equal(vmstat(made, 'thp_underused_split_page'), 16);
  assert.equal(vmstat(made, 'thp_split_page'), 16);
  assert.equal(rollup(made, 'Rss'), 64);
  assertSound(made);
});

test('memory.reclaim does the same, and answers EAGAIN', () => {
  const made = sparse({ 'khugepaged/max_ptes_none': '100' });
  const file = made.kernel.files.find('/sys/fs/cgroup/memory.reclaim');
  assert.ok(typeof file === 'object' && file.kind === 'file');
  assert.equal(file.write!('32M'), 'EAGAIN');
  assert.equal(vmstat(made, 'thp_underused_split_page'), 16);
  assert.equal(rollup(made, 'Rss'), 64);
});

test('judged once while max_ptes_none is 511, a folio leaves the queue for good', () => {
  const made = sparse();
  dropCaches(made);
  set(made, 'khugepaged/max_ptes_none', '100');
  dropCaches(made);
  assert.equal(vmstat(made, 'thp_underused_split_page'), 0);
  assert.equal(rollup(made, 'Rss'), 32768);
});

test('shrink_underused 0 keeps new folios off the queue', () => {
  const made = sparse({ 'khugepaged/max_ptes_none': '100', shrink_underused: '0' });
  dropCaches(made);
  assert.equal(vmstat(made, 'thp_underused_split_page'), 0);
});

test('enough data, or locked memory, is not underused', () => {
  const made = fixture({ blocks: 2 });
  set(made, 'khugepaged/max_ptes_none', '100');
  fill(made, made.base, 412);
  fill(made, made.base + 512, 512, 512);
  setLocked(made.kernel, made.process.mm!, made.base + 512, made.base + 1024, true);
  dropCaches(made);
  assert.equal(vmstat(made, 'thp_underused_split_page'), 0);
});

test('a folio below the PMD order is never queued for being underused', () => {
  const made = fixture({
    blocks: 1,
    thp: { 'hugepages-64kB/enabled': 'always', 'hugepages-2048kB/enabled': 'never' },
  });
  set(made, 'khugepaged/max_ptes_none', '0');
  fill(made, made.base, 512, 512);
  dropCaches(made);
  assert.equal(stat(made, 64, 'split'), 0);
});

test('a partially unmapped THP gives its memory back only under pressure', () => {
  const made = fixture({ blocks: 1 });
  fill(made, made.base, 512);
  const free = () => Number(/^MemFree: +(\d+)/m.exec(get(made, '/proc/meminfo'))![1]);
  const before = free();
  advise(made, made.base + 256, 256, 'MADV_DONTNEED');
  assert.equal(free(), before);
  assert.equal(stat(made, 2048, 'nr_anon_partially_mapped'), 1);
  dropCaches(made);
  assert.equal(free(), before + 1024);
  assert.equal(stat(made, 2048, 'nr_anon_partially_mapped'), 0);
  assert.equal(vmstat(made, 'thp_underused_split_page'), 0);
  assertSound(made);
});
