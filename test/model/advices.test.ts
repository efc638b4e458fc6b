// What each advice does to mappings and pages: rights that a collapse keeps, guards that guard, flags, holes, refusals.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { access } from '../../src/model/kernel/access/access.js';
import { createInode, mmap } from '../../src/model/kernel/address-space/processes.js';
import { mprotect, munmap } from '../../src/model/kernel/address-space/vmas.js';
import { adviseRange, isAdviceName } from '../../src/model/kernel/advice/madvise.js';
import { setLocked } from '../../src/model/kernel/advice/mlock.js';
import { ACCESS } from '../../src/model/kernel/state/access-results.js';
import { type Mm, VM } from '../../src/model/kernel/state/mm.js';
import { ENTRY } from '../../src/model/kernel/state/page-tables.js';
import { MIB } from '../../src/vocabulary/units.js';
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
  write,
} from './model-fixture.js';

const may = ({ kernel, process }: Fixture, page: number, write: boolean) =>
  access(kernel, process.mm as Mm, page, write);
const vma = ({ process }: Fixture, page: number) => process.mm?.vmaOf(page);

const pmdBits = ({ kernel, process, base }: Fixture, block = 0) =>
  kernel.tables.pmdBits[kernel.tables.pmdOf(process.mm as Mm, base / 512 + block)];

test('a collapse keeps the rights of the mapping: writable where it may be written, and only there', () => {
  for (const isWritable of [true, false]) {
    const made = fixture();
    write(made, made.base, 512, 2);
    if (!isWritable) mprotect(made.kernel, made.process.mm as Mm, made.base, made.base + 512, VM.read);
    assert.equal(advise(made, made.base, 512, 'MADV_COLLAPSE'), undefined);
    assert.equal((pmdBits(made) & ENTRY.writable) !== 0, isWritable);
    for (const bit of [ENTRY.present, ENTRY.accessed, ENTRY.dirty, ENTRY.softDirty])
      assert.ok(pmdBits(made) & bit);
    assert.equal(may(made, made.base, true) >= 0, isWritable);
    assert.ok(may(made, made.base, false) >= 0);
    assertSound(made);
  }
});

test('khugepaged keeps the rights as well, and the content', () => {
  const made = fixture({ release: '7.3' });
  fill(made, made.base, 512);
  mprotect(made.kernel, made.process.mm as Mm, made.base, made.base + 512, VM.read);
  const { folios, tables } = made.kernel;
  set(made, 'enabled', 'always');
  set(made, 'khugepaged/scan_sleep_millisecs', '10');
  seconds(made, 5);
  assert.equal(ordersAt(made), 'P9');
  assert.equal(pmdBits(made) & ENTRY.writable, 0);
  const head = tables.pmdValue[tables.pmdOf(made.process.mm as Mm, made.base / 512)];
  for (const page of [0, 1, 511]) assert.equal(folios.content[head + page], (made.base + page + 1) % 2 ** 32);
});

test('what a collapse fills is zero, and what was there is where it was', () => {
  const made = fixture();
  set(made, 'enabled', 'never');
  for (const page of [0, 7, 511]) {
    write(made, made.base + page, 1);
    fill(made, made.base + page, 1);
  }
  read(made, made.base + 100, 3);
  assert.equal(rollup(made, 'Rss'), 12);
  assert.equal(advise(made, made.base, 512, 'MADV_COLLAPSE'), undefined);
  const { folios, tables } = made.kernel;
  const head = tables.pmdValue[tables.pmdOf(made.process.mm as Mm, made.base / 512)];
  const held = Array.from({ length: 512 }, (_, page) => folios.content[head + page]).flatMap(
    (content, page) => (content === 0 ? [] : [page]),
  );
  assert.deepEqual(held, [0, 7, 511]);
  assert.equal(rollup(made, 'Rss'), 2048);
  assertSound(made);
});

test('a guard keeps everybody out until it is taken away, and gives the memory back', () => {
  const made = fixture({ release: '7.3' });
  fill(made, made.base, 512);
  assert.equal(rollup(made, 'Rss'), 2048);
  assert.equal(advise(made, made.base + 10, 5, 'MADV_GUARD_INSTALL'), undefined);
  assert.equal(rollup(made, 'Rss'), 2028);
  for (const page of [10, 12, 14])
    for (const isWrite of [false, true])
      assert.equal(may(made, made.base + page, isWrite), ACCESS.segmentationFault);
  for (const page of [9, 15]) assert.ok(may(made, made.base + page, true) >= 0);
  assert.ok(((vma(made, made.base)?.flags ?? 0) & VM.maybeGuard) !== 0);
  assert.equal(advise(made, made.base, 512, 'MADV_DONTNEED'), undefined);
  assert.equal(may(made, made.base + 12, true), ACCESS.segmentationFault, 'DONTNEED leaves guards');
  assert.equal(
    advise(made, made.base, 512, 'MADV_COLLAPSE') === undefined,
    false,
    'no huge page over a guard',
  );
  assert.equal(advise(made, made.base + 11, 3, 'MADV_GUARD_REMOVE'), undefined);
  assert.deepEqual(
    [10, 11, 13, 14].map((page) => may(made, made.base + page, true) >= 0),
    [false, true, true, false],
  );
  assert.ok(((vma(made, made.base)?.flags ?? 0) & VM.maybeGuard) !== 0, 'the mapping stays marked');
  munmap(made.kernel, made.process.mm as Mm, made.base, made.base + 512);
  assertSound(made);
});

test('a guard in memory that was never touched guards as well, also whole blocks', () => {
  const made = fixture({ release: '7.3' });
  assert.equal(advise(made, made.base + 500, 600, 'MADV_GUARD_INSTALL'), undefined);
  assert.deepEqual(
    [499, 500, 1099, 1100].map((page) => may(made, made.base + page, false) >= 0),
    [true, false, false, true],
  );
  assert.equal(advise(made, made.base, 2048, 'MADV_GUARD_REMOVE'), undefined);
  for (const page of [500, 1000, 1099]) assert.ok(may(made, made.base + page, true) >= 0);
  assertSound(made);
});

test('guards are of kernels that have them, and not of locked memory', () => {
  const older = fixture({ release: '6.12' });
  assert.equal(advise(older, older.base, 1, 'MADV_GUARD_INSTALL'), 'EINVAL');
  assert.ok(may(older, older.base, true) >= 0);
  const made = fixture({ release: '7.3' });
  setLocked(made.kernel, made.process.mm as Mm, made.base, made.base + 512, true);
  for (const advice of [
    'MADV_GUARD_INSTALL',
    'MADV_DONTNEED',
    'MADV_FREE',
    'MADV_COLD',
    'MADV_PAGEOUT',
  ] as const)
    assert.equal(advise(made, made.base, 1, advice), 'EINVAL', advice);
});

test('the flags of each advice, and of the one that takes it back', () => {
  const made = fixture();
  const flags = () => vma(made, made.base)?.flags ?? 0;
  const pairs = [
    ['MADV_RANDOM', VM.randomRead, 'MADV_NORMAL'],
    ['MADV_SEQUENTIAL', VM.sequentialRead, 'MADV_NORMAL'],
    ['MADV_DONTFORK', VM.dontCopy, 'MADV_DOFORK'],
    ['MADV_DONTDUMP', VM.dontDump, 'MADV_DODUMP'],
  ] as const;
  for (const [advice, flag, back] of pairs) {
    assert.equal(flags() & flag, 0, advice);
    assert.equal(advise(made, made.base, 2048, advice), undefined);
    assert.ok(flags() & flag, advice);
    assert.equal(advise(made, made.base, 2048, back), undefined);
    assert.equal(flags() & flag, 0, back);
  }
  advise(made, made.base, 2048, 'MADV_RANDOM');
  advise(made, made.base, 2048, 'MADV_SEQUENTIAL');
  assert.equal(flags() & (VM.randomRead | VM.sequentialRead), VM.sequentialRead);
  advise(made, made.base, 2048, 'MADV_RANDOM');
  assert.equal(flags() & (VM.randomRead | VM.sequentialRead), VM.randomRead);
  for (const [advice, kept, gone] of [
    ['MADV_HUGEPAGE', VM.hugepage, VM.noHugepage],
    ['MADV_NOHUGEPAGE', VM.noHugepage, VM.hugepage],
  ] as const) {
    // biome-ignore format: a table
    advise(made, made.base, 2048, advice);
    assert.equal(flags() & (kept | gone), kept);
  }
  assert.deepEqual(
    [isAdviceName('MADV_COLD'), isAdviceName('MADV_WHAT'), isAdviceName('toString')],
    [true, false, false],
  );
});

test('a hole between mappings lets the others be done and is told; a refusal stops at once', () => {
  const made = fixture();
  const mm = made.process.mm as Mm;
  write(made, made.base, 2048);
  munmap(made.kernel, mm, made.base + 600, made.base + 700);
  assert.equal(advise(made, made.base, 2048, 'MADV_DONTNEED'), 'ENOMEM');
  assert.equal(rollup(made, 'Rss'), 0, 'behind the hole as well');
  assert.equal(advise(made, made.base, 600, 'MADV_DONTNEED'), undefined);
  assert.equal(advise(made, made.base, 601, 'MADV_DONTNEED'), 'ENOMEM', 'a hole at its end');
  assert.equal(advise(made, made.base + 650, 10, 'MADV_DONTNEED'), 'ENOMEM');
  assert.equal(adviseRange(made.kernel, mm, made.base + 5, made.base + 4, 'MADV_DONTNEED').error, 'EINVAL');
  assert.equal(advise(made, made.base + 650, 0, 'MADV_DONTNEED'), undefined, 'nothing of nothing is missing');
  write(made, made.base, 600);
  write(made, made.base + 700, 10);
  setLocked(made.kernel, mm, made.base + 100, made.base + 200, true);
  assert.equal(advise(made, made.base, 2048, 'MADV_DONTNEED'), 'EINVAL');
  assert.deepEqual(
    [may(made, made.base + 700, false) >= 0, rollup(made, 'Rss')],
    [true, 4 * (500 + 10)],
    'nothing behind the refusal',
  );
});

test('population reads or writes pages in, up to a hole, a right that lacks, or a guard', () => {
  const made = fixture({ release: '7.3' });
  set(made, 'enabled', 'never');
  const mm = made.process.mm as Mm;
  assert.equal(advise(made, made.base, 10, 'MADV_POPULATE_WRITE'), undefined);
  assert.equal(rollup(made, 'Rss'), 40);
  assert.equal(advise(made, made.base + 512, 10, 'MADV_POPULATE_READ'), undefined);
  assert.equal(rollup(made, 'Rss'), 40, 'zero pages are none of its own');
  munmap(made.kernel, mm, made.base + 20, made.base + 30);
  assert.equal(advise(made, made.base + 10, 15, 'MADV_POPULATE_WRITE'), 'ENOMEM');
  assert.equal(rollup(made, 'Rss'), 80, 'up to the hole');
  assert.equal(advise(made, made.base + 20, 5, 'MADV_POPULATE_WRITE'), 'ENOMEM');
  mprotect(made.kernel, mm, made.base + 1024, made.base + 1536, VM.read);
  assert.equal(advise(made, made.base + 1024, 1, 'MADV_POPULATE_WRITE'), 'EINVAL');
  assert.equal(advise(made, made.base + 1024, 1, 'MADV_POPULATE_READ'), undefined);
  mprotect(made.kernel, mm, made.base + 1024, made.base + 1536, 0);
  assert.equal(advise(made, made.base + 1024, 1, 'MADV_POPULATE_READ'), 'EINVAL');
  advise(made, made.base + 1536, 1, 'MADV_GUARD_INSTALL');
  assert.equal(advise(made, made.base + 1536, 2, 'MADV_POPULATE_WRITE'), 'EFAULT');
  assertSound(made);
});

test('WILLNEED brings back what was swapped, of shared memory into its cache', () => {
  const made = fixture({ swapBytes: 16 * MIB });
  const { kernel, base } = made;
  const mm = made.process.mm as Mm;
  advise(made, base, 2048, 'MADV_NOHUGEPAGE');
  fill(made, base, 64);
  settle(made);
  remote(made, base, 64, 'MADV_PAGEOUT');
  assert.equal(mm.swapEntries, 64);
  assert.equal(advise(made, base, 32, 'MADV_WILLNEED'), undefined);
  assert.equal(mm.swapEntries, 32);
  assert.equal(advise(made, base + 600, 10, 'MADV_WILLNEED'), undefined, 'nothing was ever there');
  const inode = createInode(kernel, '/dev/shm/x', 16, 'never');
  const shared = mmap(kernel, mm, { pages: 16, flags: VM.read | VM.write | VM.shared, inode }) as number;
  for (let page = 0; page < 16; page++) access(kernel, mm, shared + page, true);
  settle(made);
  remote(made, shared, 16, 'MADV_PAGEOUT');
  const swapped = () => [...inode.offsets()].filter((offset) => inode.swapAt(offset) >= 0).length;
  assert.equal(swapped(), 16);
  assert.equal(advise(made, shared, 16, 'MADV_WILLNEED'), undefined);
  assert.equal(swapped(), 0);
  assertSound(made);
});

test('FREE and REMOVE are of their own kinds of memory', () => {
  const made = fixture();
  const { kernel } = made;
  const mm = made.process.mm as Mm;
  const inode = createInode(kernel, '/dev/shm/x', 16, 'never');
  const shared = mmap(kernel, mm, { pages: 16, flags: VM.read | VM.write | VM.shared, inode }) as number;
  for (let page = 0; page < 16; page++) access(kernel, mm, shared + page, true);
  assert.equal(advise(made, shared, 16, 'MADV_FREE'), 'EINVAL');
  assert.equal(advise(made, made.base, 16, 'MADV_REMOVE'), 'EINVAL');
  assert.equal(advise(made, shared, 8, 'MADV_REMOVE'), undefined);
  assert.equal([...inode.offsets()].length, 8);
  assert.match(get(made, `/proc/${made.process.pid}/smaps_rollup`), /^Pss_Shmem: +32 kB$/m);
  assertSound(made);
});
