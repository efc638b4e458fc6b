import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fork } from '../../src/model/kernel/address-space/fork.js';
import { createInode } from '../../src/model/kernel/address-space/processes.js';
import { pin } from '../../src/model/kernel/advice/pins.js';
import { scanPass } from '../../src/model/kernel/collapse/khugepaged.js';
import { writeSplitHugePages } from '../../src/model/kernel/split/debugfs-split.js';
import {
  advise,
  assertSound,
  type Fixture,
  fill,
  fixture,
  get,
  ordersAt,
  read,
  remote,
  rollup,
  seconds,
  set,
  settle,
  stat,
  vmstat,
  write,
} from './model-fixture.js';

/** One pass of khugepaged over everything that is registered. */
function scan(made: Fixture): void {
  scanPass(made.kernel, 1_000_000);
}

/** A block registered with khugepaged, with nothing in it; mTHP orders from 16 to 256 kB on, the PMD order off. */
function withSmallOrders(settings: Record<string, string> = {}): Fixture {
  const made = fixture({ blocks: 2 });
  advise(made, made.base, 1024, 'MADV_NOHUGEPAGE');
  write(made, made.base + 1000, 1);
  for (const kb of [16, 32, 64, 128, 256]) set(made, `hugepages-${kb}kB/enabled`, 'madvise');
  set(made, 'hugepages-2048kB/enabled', 'never');
  for (const [path, value] of Object.entries(settings)) set(made, path, value);
  return made;
}

test('the oracle: pages 4-7, 16-39 and 65-127 with max_ptes_none 0', () => {
  const made = withSmallOrders({ 'khugepaged/max_ptes_none': '0' });
  for (const [from, to] of [
    [4, 7],
    [16, 39],
    [65, 127],
  ])
    write(made, made.base + from, to - from + 1);
  advise(made, made.base, 1024, 'MADV_HUGEPAGE');
  scan(made);
  assert.equal(ordersAt(made), '-x4 2 -x8 4 3 -x25 0x3 2 3 4 5 -x384');
  const { kernel, process, base } = made;
  const order = (page: number) =>
    kernel.folios.orderOf(
      kernel.tables.pteValue[kernel.tables.pteOf(kernel.tables.pmdOf(process.mm!, base / 512), base + page)],
    );
  assert.deepEqual([4, 16, 32, 65, 66, 67, 68, 72, 80, 96].map(order), [2, 4, 3, 0, 0, 0, 2, 3, 4, 5]);
  assert.equal(get(made, 'khugepaged/pages_collapsed'), '1\n', 'one for the whole 2 MiB');
  assertSound(made);
});

test('creep: with max_ptes_none 511 one page fills 64K, then 512K when that is enabled', () => {
  const made = withSmallOrders();
  for (const kb of [16, 32, 128, 256]) set(made, `hugepages-${kb}kB/enabled`, 'never');
  write(made, made.base + 20, 1);
  advise(made, made.base, 512, 'MADV_HUGEPAGE');
  const before = rollup(made, 'Rss');
  scan(made);
  assert.equal(ordersAt(made), '-x16 4 -x480');
  assert.equal(rollup(made, 'Rss'), before + 60);
  set(made, 'hugepages-512kB/enabled', 'madvise');
  scan(made);
  assert.equal(ordersAt(made), '7 -x384');
  assertSound(made);
});

test('only blocks that hold a referenced page are collapsed', () => {
  const made = withSmallOrders({ 'khugepaged/max_ptes_none': '0' });
  for (const kb of [16, 32, 128, 256]) set(made, `hugepages-${kb}kB/enabled`, 'never');
  write(made, made.base, 512);
  advise(made, made.base, 512, 'MADV_HUGEPAGE');
  settle(made);
  remote(made, made.base, 512, 'MADV_COLD');
  read(made, made.base + 35);
  read(made, made.base + 500);
  scan(made);
  assert.equal(ordersAt(made), '0x32 4 0x448 4');
});

test('one lazily freed page keeps khugepaged away from its whole block', () => {
  const made = withSmallOrders();
  write(made, made.base, 512);
  advise(made, made.base, 512, 'MADV_HUGEPAGE');
  advise(made, made.base + 511, 1, 'MADV_FREE');
  scan(made);
  assert.equal(ordersAt(made), '0x512');
});

test('values of max_ptes_none between count as none below the PMD order', () => {
  const made = withSmallOrders({ 'khugepaged/max_ptes_none': '100' });
  write(made, made.base, 15);
  advise(made, made.base, 512, 'MADV_HUGEPAGE');
  scan(made);
  assert.equal(ordersAt(made), '3 2 0x3 -x497');
});

test('steady churn: what has its order already is tried again at every scan, 32 times for 64K', () => {
  const made = withSmallOrders({ 'khugepaged/max_ptes_none': '0' });
  for (const kb of [16, 32, 128, 256]) set(made, `hugepages-${kb}kB/enabled`, 'never');
  write(made, made.base, 512);
  advise(made, made.base, 512, 'MADV_HUGEPAGE');
  scan(made);
  assert.equal(stat(made, 64, 'collapse_alloc'), 32);
  const collapsed = get(made, 'khugepaged/pages_collapsed');
  scan(made);
  assert.equal(stat(made, 64, 'collapse_alloc'), 64);
  assert.equal(get(made, 'khugepaged/pages_collapsed'), collapsed);
  remote(made, made.base, 512, 'MADV_COLD');
  scan(made);
  assert.equal(stat(made, 64, 'collapse_alloc'), 64, 'none without references');
});

test('the registration gap: mTHP only, advised and touched, is never scanned; a change of flags registers', () => {
  const made = fixture({ thp: { 'hugepages-2048kB/enabled': 'never' } });
  advise(made, made.base, 512, 'MADV_HUGEPAGE');
  write(made, made.base, 512);
  set(made, 'hugepages-64kB/enabled', 'madvise');
  assert.equal(made.kernel.khugepaged.list.length, 0);
  advise(made, made.base, 512, 'MADV_HUGEPAGE');
  assert.equal(made.kernel.khugepaged.list.length, 0, 'the same flags again change nothing');
  advise(made, made.base, 512, 'MADV_NOHUGEPAGE');
  advise(made, made.base, 512, 'MADV_HUGEPAGE');
  assert.equal(made.kernel.khugepaged.list.length, 1);
  const child = fork(made.kernel, made.process).child!;
  assert.ok(child.mm!.inKhugepagedList, 'a child of a registered parent is registered');
});

test('the budget: 8 full page tables a wake-up, so 64 split blocks take 8 of them', () => {
  const made = fixture({ blocks: 64 });
  set(made, 'khugepaged/scan_sleep_millisecs', '1000');
  fill(made, made.base, 64 * 512);
  const hex = (page: number) => `0x${(page * 4096).toString(16)}`;
  writeSplitHugePages(made.kernel, `${made.process.pid},${hex(made.base)},${hex(made.base + 64 * 512)}`);
  assert.equal(rollup(made, 'AnonHugePages'), 0);
  const passes: number[] = [];
  for (let second = 0; second < 8; second++) {
    seconds(made, 1.05);
    passes.push(rollup(made, 'AnonHugePages') / 2048);
  }
  assert.deepEqual(passes, [8, 16, 24, 32, 40, 48, 56, 64]);
  assertSound(made);
});

test('6.18 has no collapse below the PMD order', () => {
  const made = fixture({ release: '6.18', blocks: 1 });
  advise(made, made.base, 512, 'MADV_NOHUGEPAGE');
  write(made, made.base, 100);
  set(made, 'hugepages-64kB/enabled', 'madvise');
  set(made, 'khugepaged/max_ptes_none', '0');
  advise(made, made.base, 512, 'MADV_HUGEPAGE');
  scan(made);
  assert.equal(ordersAt(made), '0x100 -x412');
});

// Re-collapse of what was split, case by case.

/** A huge block full of data, split by COLD(4K) from outside. */
function splitBlock(made: Fixture, coldFirst: boolean): void {
  fill(made, made.base, 512);
  if (coldFirst) remote(made, made.base, 512, 'MADV_COLD');
  remote(made, made.base, 1, 'MADV_COLD');
  assert.equal(ordersAt(made), '0x512');
}

test('split of a young PMD: stale accessed bits bring it back by themselves', () => {
  const made = fixture({ blocks: 1, release: '6.18' });
  splitBlock(made, false);
  seconds(made, 11);
  assert.equal(ordersAt(made), 'P9');
  assert.equal(vmstat(made, 'thp_collapse_alloc'), 1);
});

test('clear_refs first, then split: stays split through seven full scans', () => {
  const made = fixture({ blocks: 1, release: '6.18' });
  fill(made, made.base, 512);
  set(made, `/proc/${made.process.pid}/clear_refs`, '1');
  remote(made, made.base, 1, 'MADV_COLD');
  seconds(made, 75);
  assert.equal(ordersAt(made), '0x512');
  assert.ok(Number(get(made, 'khugepaged/full_scans')) >= 7);
});

test('COLD(2M) then COLD(4K): stays split until a single read, then the first scan brings it back', () => {
  for (const release of ['6.18', '7.3'] as const) {
    const made = fixture({ blocks: 1, release });
    splitBlock(made, true);
    seconds(made, 60);
    assert.equal(ordersAt(made), '0x512');
    read(made, made.base + 77);
    seconds(made, 11);
    assert.equal(ordersAt(made), 'P9');
    assertSound(made);
  }
});

test('on MGLRU kernels PG_referenced survives clearing accessed bits alone', () => {
  const made = fixture({ blocks: 1, release: '7.3' });
  fill(made, made.base, 512);
  const { tables } = made.kernel;
  tables.pmdBits[tables.pmdOf(made.process.mm!, made.base / 512)] &= ~2;
  remote(made, made.base, 1, 'MADV_COLD');
  seconds(made, 11);
  assert.equal(ordersAt(made), 'P9');
});

test('NOHUGEPAGE first: stays split', () => {
  const made = fixture({ blocks: 1 });
  splitBlock(made, false);
  advise(made, made.base, 512, 'MADV_NOHUGEPAGE');
  seconds(made, 75);
  assert.equal(ordersAt(made), '0x512');
});

test('64K pieces with the PMD order enabled: one touch brings the whole 2 MiB back', () => {
  const made = fixture({ blocks: 1 });
  fill(made, made.base, 512);
  remote(made, made.base, 512, 'MADV_COLD');
  const hex = (page: number) => `0x${(page * 4096).toString(16)}`;
  writeSplitHugePages(made.kernel, `${made.process.pid},${hex(made.base)},${hex(made.base + 1)},4`);
  seconds(made, 30);
  assert.equal(ordersAt(made), '4x32');
  read(made, made.base + 300);
  seconds(made, 11);
  assert.equal(ordersAt(made), 'P9');
});

test('a mostly-zero THP with max_ptes_none 100: stays split, and the limit is counted', () => {
  const made = fixture({ blocks: 1 });
  set(made, 'khugepaged/max_ptes_none', '100');
  fill(made, made.base, 512, 8);
  remote(made, made.base, 1, 'MADV_COLD');
  read(made, made.base, 512);
  seconds(made, 30);
  assert.ok(ordersAt(made).startsWith('0 zx7'));
  assert.ok(vmstat(made, 'thp_scan_exceed_none_pte') >= 2);
  assert.equal(stat(made, 2048, 'collapse_exceed_none_pte'), vmstat(made, 'thp_scan_exceed_none_pte'));
});

test('cold every 100 ms against khugepaged every 200 ms: a ping-pong', () => {
  const made = fixture({ blocks: 1 });
  set(made, 'khugepaged/scan_sleep_millisecs', '200');
  fill(made, made.base, 512);
  const before = vmstat(made, 'thp_split_page');
  for (let i = 0; i < 20; i++) {
    remote(made, made.base, 1, 'MADV_COLD');
    seconds(made, 0.1);
    read(made, made.base + 200);
  }
  const splits = vmstat(made, 'thp_split_page') - before;
  const collapses = vmstat(made, 'thp_collapse_alloc');
  assert.ok(splits >= 8 && splits <= 11, `${splits} splits`);
  assert.ok(Math.abs(splits - collapses) <= 1, `${splits} splits, ${collapses} collapses`);
});

test('what khugepaged refuses: pins, other processes’ pages, missing references', () => {
  const pinned = fixture({ blocks: 1 });
  splitBlock(pinned, false);
  pin(pinned.kernel, pinned.process.mm!, pinned.base + 4);
  seconds(pinned, 30);
  assert.equal(ordersAt(pinned), '0x512');
  const shared = fixture({ blocks: 1 });
  splitBlock(shared, false);
  fork(shared.kernel, shared.process);
  seconds(shared, 30);
  assert.equal(ordersAt(shared), '0x512');
  assert.ok(vmstat(shared, 'thp_scan_exceed_share_pte') > 0);
});

test('khugepaged collapses shmem, and faults bring the PMD', () => {
  const made = fixture({
    blocks: 1,
    inode: (kernel, pages) => createInode(kernel, '/mnt/f', pages, 'advise'),
  });
  write(made, made.base, 512);
  assert.equal(ordersAt(made), '0x512');
  advise(made, made.base, 512, 'MADV_HUGEPAGE');
  made.kernel.khugepaged.list.push(made.process.mm!.id);
  scan(made);
  write(made, made.base, 512);
  assert.equal(ordersAt(made), 'P9');
  assertSound(made);
});
