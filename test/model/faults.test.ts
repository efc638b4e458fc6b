import assert from 'node:assert/strict';
import { test } from 'node:test';
import { access, contentAt, emptyLeaf, translate } from '../../src/model/kernel/access/access.js';
import { fork } from '../../src/model/kernel/address-space/fork.js';
import { createInode, exit, mmap, spawn } from '../../src/model/kernel/address-space/processes.js';
import { ensureCgroup } from '../../src/model/kernel/files/cgroup-files.js';
import { VM } from '../../src/model/kernel/state/mm.js';
import { isYoung, makeOld } from '../../src/model/kernel/translation/young.js';
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
  rollup,
  set,
  stat,
  vmstat,
  write,
} from './model-fixture.js';

test('a read of untouched memory maps the huge zero page, a write replaces it by a huge folio', () => {
  const made = fixture({ blocks: 1 });
  read(made, made.base + 5);
  assert.equal(ordersAt(made), 'Z');
  assert.equal(vmstat(made, 'thp_zero_page_alloc'), 1);
  assert.equal(rollup(made, 'Rss'), 0);
  write(made, made.base + 5, 1);
  assert.equal(ordersAt(made), 'P9');
  assert.equal(vmstat(made, 'thp_fault_alloc'), 1);
  set(made, 'use_zero_page', '0');
  assertSound(made);
});

test('orders by `enabled`: the largest that is allowed, aligned, inside the mapping and empty', () => {
  const made = fixture({
    blocks: 1,
    thp: {
      'hugepages-2048kB/enabled': 'never',
      'hugepages-64kB/enabled': 'always',
      'hugepages-16kB/enabled': 'madvise',
    },
  });
  write(made, made.base + 3, 1);
  assert.equal(ordersAt(made), '4 -x496');
  advise(made, made.base, 512, 'MADV_HUGEPAGE');
  advise(made, made.base + 16, 16, 'MADV_DONTNEED');
  read(made, made.base + 20);
  write(made, made.base + 28, 1);
  assert.equal(ordersAt(made), '4 -x4 z -x7 2 -x480', 'one zero page keeps 64K away, 16K still fits');
  assert.equal(stat(made, 64, 'anon_fault_alloc'), 1);
  assert.equal(stat(made, 16, 'anon_fault_alloc'), 1);
  assertSound(made);
});

test('THPeligible speaks of any enabled order, at the mapping’s tail', () => {
  const eligible = (made: Fixture, page: number) => {
    const text = get(made, `/proc/${made.process.pid}/smaps`);
    const at = text.indexOf((page * 4096).toString(16));
    return /THPeligible: +(\d)/.exec(text.slice(at))![1];
  };
  const made = fixture({ thp: { 'hugepages-2048kB/enabled': 'never', 'hugepages-64kB/enabled': 'always' } });
  const small = mmap(made.kernel, made.process.mm!, {
    pages: 16,
    at: 0x100000000000 / 4096,
    name: '[small]',
  }) as number;
  assert.equal(eligible(made, small), '1');
  set(made, 'hugepages-64kB/enabled', 'never');
  advise(made, made.base, 2048, 'MADV_HUGEPAGE');
  assert.equal(eligible(made, made.base), '0');
  set(made, 'hugepages-2048kB/enabled', 'madvise');
  assert.equal(eligible(made, made.base), '1');
  assert.equal(eligible(made, small), '0');
});

test('DONTNEED of a part and a refault give base pages, never the huge page back', () => {
  const made = fixture({ blocks: 1 });
  fill(made, made.base, 512);
  advise(made, made.base + 8, 8, 'MADV_DONTNEED');
  write(made, made.base + 8, 8);
  assert.equal(ordersAt(made), '9 0x8 9');
  assertSound(made);
});

test('copy on write after fork: the writer’s mapping is split and one page copied; alone again it is reused', () => {
  const made = fixture({ blocks: 1 });
  fill(made, made.base, 512);
  const child = fork(made.kernel, made.process).child!;
  const before = vmstat(made, 'thp_split_pmd');
  write(made, made.base + 3, 1);
  assert.equal(vmstat(made, 'thp_split_pmd'), before + 1);
  assert.equal(ordersAt(made), '9 0 9');
  assert.equal(ordersAt({ ...made, process: child }), 'P9');
  assert.equal(contentAt(made.kernel, child.mm!, made.base + 3), (made.base + 4) >>> 0);
  assertSound(made);
  const alone = fixture({ blocks: 1 });
  fill(alone, alone.base, 512);
  exit(alone.kernel, fork(alone.kernel, alone.process).child!);
  write(alone, alone.base + 3, 1);
  assert.equal(ordersAt(alone), 'P9');
  assert.equal(vmstat(alone, 'thp_split_pmd'), 0);
});

test('a third process leaves the shared flag behind until one mapping is left', () => {
  const made = fixture({ blocks: 1 });
  fill(made, made.base, 512);
  const { kernel, process } = made;
  const head = kernel.tables.pmdValue[kernel.tables.pmdOf(process.mm!, made.base / 512)];
  const children = [fork(kernel, process).child!, fork(kernel, process).child!];
  const drop = (mm: typeof process.mm) =>
    advise({ ...made, process: { ...process, mm } as never }, made.base, 512, 'MADV_DONTNEED');
  assert.equal(kernel.folios.totalMaps[head], 3);
  drop(process.mm);
  drop(children[0].mm);
  assert.equal(kernel.folios.totalMaps[head], 1);
  assert.equal(kernel.folios.isMaybeShared(head), false, 'a single mapping is always exclusive');
});

test('a cgroup’s limit refuses the huge page and counts it as a charge', () => {
  const made = fixture({ blocks: 1 });
  const memcg = ensureCgroup(made.kernel, '/limited');
  assert.ok(typeof memcg !== 'string');
  set(made, '/sys/fs/cgroup/limited/memory.max', '1M\n');
  const task = spawn(made.kernel, { command: 'limited', memcg: memcg.id, image: false });
  const base = mmap(made.kernel, task.mm!, { pages: 512 }) as number;
  const inside = { ...made, process: task, base };
  write(inside, base, 100);
  assert.equal(ordersAt(inside), '0x100 -x412');
  assert.equal(vmstat(made, 'thp_fault_fallback_charge'), 1);
  assert.equal(access(made.kernel, task.mm!, base + 300, true) >= 0, true);
  for (let page = base; page < base + 512; page++) access(made.kernel, task.mm!, page, true);
  assert.ok(memcg.charged <= 256);
  assert.match(get(made, '/sys/fs/cgroup/limited/memory.events'), /^max [1-9]/m);
  assertSound(made);
});

test('a limited cgroup with swap keeps going, and zswap takes what fits', () => {
  const made = fixture({ blocks: 1, swapBytes: 64 * MIB, zswapBytes: MIB });
  const memcg = ensureCgroup(made.kernel, '/limited');
  assert.ok(typeof memcg !== 'string');
  memcg.max = 600;
  const task = spawn(made.kernel, { command: 'limited', memcg: memcg.id, image: false });
  const base = mmap(made.kernel, task.mm!, { pages: 2048 }) as number;
  const inside = { ...made, process: task, base };
  set(made, 'enabled', 'never');
  fill(inside, base, 2048);
  assert.ok(memcg.charged <= 600);
  assert.ok(task.mm!.swapEntries > 1000);
  assert.ok(vmstat(made, 'zswpout') > 0 && vmstat(made, 'pswpout') > 0);
  for (let page = base; page < base + 2048; page++)
    assert.equal(contentAt(made.kernel, task.mm!, page), (page + 1) >>> 0);
  assertSound(made);
});

test('tmpfs by mount option, shared anonymous memory by shmem_enabled', () => {
  const always = fixture({
    blocks: 1,
    inode: (kernel, pages) => createInode(kernel, '/mnt/f', pages, 'always'),
  });
  write(always, always.base, 1);
  assert.equal(ordersAt(always), 'P9');
  assert.equal(vmstat(always, 'thp_file_alloc'), 1);
  assert.equal(vmstat(always, 'thp_file_mapped'), 1);
  assert.match(get(always, '/proc/meminfo'), /ShmemHugePages: +2048 kB\nShmemPmdMapped: +2048 kB/);
  const shared = fixture({
    blocks: 1,
    inode: (kernel, pages) => createInode(kernel, '/dev/zero', pages, 'kernel'),
  });
  write(shared, shared.base, 1);
  assert.equal(ordersAt(shared), '0 -x511');
  set(shared, 'hugepages-64kB/shmem_enabled', 'always');
  write(shared, shared.base + 64, 1);
  assert.equal(ordersAt(shared), '0 -x63 4 -x432');
  assertSound(shared);
});

test('no write permission, no mapping, no page table above 47 bits', () => {
  const made = fixture({ blocks: 1 });
  const at = mmap(made.kernel, made.process.mm!, { pages: 4, flags: VM.read }) as number;
  assert.equal(access(made.kernel, made.process.mm!, at, true), -1);
  assert.equal(access(made.kernel, made.process.mm!, 7, false), -1);
  assert.equal(mmap(made.kernel, made.process.mm!, { pages: 1, at: 2 ** 35 }), 'ENOMEM');
  assert.equal(mmap(made.kernel, made.process.mm!, { pages: 4, at }), 'EEXIST');
});

test('arm64: a 64K folio is one contiguous group with one accessed bit; a small one has its own', () => {
  const made = fixture({
    blocks: 1,
    architecture: 'arm64',
    thp: { 'hugepages-2048kB/enabled': 'never', 'hugepages-64kB/enabled': 'always' },
  });
  write(made, made.base, 1);
  const { kernel, process, base } = made;
  const leaf = emptyLeaf();
  assert.ok(translate(kernel, process.mm!, base + 9, leaf));
  assert.deepEqual([leaf.level, leaf.span], [1, 4]);
  makeOld(kernel, process.mm!, base + 9);
  assert.equal(isYoung(kernel, process.mm!, base).young, false);
  read(made, base + 15);
  assert.equal(isYoung(kernel, process.mm!, base + 2).young, true, 'any member speaks for all');
  makeOld(kernel, process.mm!, base);
  assert.equal(isYoung(kernel, process.mm!, base + 15).young, false, 'clearing one clears all');
  set(made, 'hugepages-64kB/enabled', 'never');
  write(made, base + 32, 16);
  assert.ok(translate(kernel, process.mm!, base + 33, leaf));
  assert.equal(leaf.span, 0);
  assertSound(made);
});

test('clearing an accessed bit tells no TLB flush, splitting and collapsing do', () => {
  const made = fixture({ blocks: 1 });
  fill(made, made.base, 512);
  const told = new Set<string>();
  made.kernel.flushes.listen((_, start, end) => void told.add(`${start - made.base}..${end - made.base}`));
  makeOld(made.kernel, made.process.mm!, made.base);
  assert.equal(told.size, 0);
  advise(made, made.base, 1, 'MADV_COLD');
  assert.ok(told.has('0..512'));
});
