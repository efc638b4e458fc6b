// Files of processes, frames and cgroups: what they show, and what a write to them does or is refused with.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { access } from '../../src/model/kernel/access/access.js';
import { fork } from '../../src/model/kernel/address-space/fork.js';
import { createInode, exit, mmap } from '../../src/model/kernel/address-space/processes.js';
import { CgroupDirectory, ensureCgroup, parseBytes } from '../../src/model/kernel/files/cgroup-files.js';
import { FOLIO } from '../../src/model/kernel/state/folios.js';
import type { Memcg } from '../../src/model/kernel/state/memcg.js';
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
  remote,
  rollup,
  set,
  settle,
  write,
} from './model-fixture.js';

const of = (made: Fixture, name: string) => `/proc/${made.process.pid}/${name}`;

function writing(made: Fixture, path: string, text: string): string | undefined {
  const file = made.kernel.files.find(path);
  assert.ok(typeof file === 'object' && file.kind === 'file', path);
  return file.write?.(text);
}

function bytesAt(made: Fixture, path: string, position: number, length: number): number[] | string {
  const file = made.kernel.files.find(path);
  assert.ok(typeof file === 'object' && file.kind === 'file' && file.readAt !== undefined, path);
  const into = new Uint8Array(length);
  const read = file.readAt(into, position);
  return typeof read === 'string' ? read : [...into.subarray(0, read)];
}

const words = (made: Fixture, path: string, first: number, count: number) => {
  const bytes = bytesAt(made, path, first * 8, count * 8);
  assert.ok(typeof bytes !== 'string', `${bytes}`);
  return Array.from(new BigUint64Array(Uint8Array.from(bytes).buffer));
};

test('a process has its name, which it may change, its command line and its sizes', () => {
  const made = fixture();
  write(made, made.base, 512);
  assert.deepEqual(
    [get(made, of(made, 'comm')), get(made, of(made, 'personality')), get(made, of(made, 'setgroups'))],
    ['victim\n', '00000000\n', 'allow\n'],
  );
  assert.equal(writing(made, of(made, 'comm'), 'a-name-that-is-too-long\n'), undefined);
  assert.equal(get(made, of(made, 'comm')), 'a-name-that-is-\n');
  assert.match(get(made, of(made, 'cmdline')), /\0$/);
  const [size, resident, shared, , , data] = get(made, of(made, 'statm')).split(' ').map(Number);
  assert.ok(size >= 2048 && data >= 2048 && data <= size);
  assert.deepEqual([resident, shared], [512, 0]);
});

test('shared and file memory is shared in statm', () => {
  const made = fixture({ inode: (kernel, pages) => createInode(kernel, '/dev/shm/x', pages, 'never') });
  for (let page = 0; page < 8; page++) access(made.kernel, made.process.mm as Mm, made.base + page, true);
  const [, resident, shared] = get(made, of(made, 'statm')).split(' ').map(Number);
  assert.deepEqual([resident, shared], [8, 8]);
});

test('a kernel thread has no memory: empty tables, and its own answers', () => {
  const made = fixture();
  const thread = [...made.kernel.processes.values()].find(({ mm }) => mm === undefined);
  assert.ok(thread);
  const path = (name: string) => `/proc/${thread.pid}/${name}`;
  assert.equal(get(made, path('statm')), '0 0 0 0 0 0 0\n');
  assert.match(get(made, path('status')), /^Kthread:\t1$/m);
  assert.match(get(made, of(made, 'status')), /^Kthread:\t0$/m);
  assert.deepEqual(
    [bytesAt(made, path('pagemap'), 0, 8), bytesAt(made, path('mem'), 0, 8), get(made, path('cgroup'))],
    [[], [], '0::/\n'],
  );
  const rollupFile = made.kernel.files.find(path('smaps_rollup'));
  assert.ok(typeof rollupFile === 'object' && rollupFile.kind === 'file');
  assert.equal(writing(made, path('clear_refs'), '1'), undefined);
});

test('oom_score_adj takes whole numbers up to a thousand', () => {
  const made = fixture();
  const path = of(made, 'oom_score_adj');
  for (const [text, errno] of [['-1000', undefined], ['1000\n', undefined], ['1001', 'EINVAL'], ['-1001', 'EINVAL'], ['x', 'EINVAL'], ['', 'EINVAL']] as const) assert.equal(writing(made, path, text), errno, text); // biome-ignore format: a table
  assert.equal(get(made, path), '1000\n');
});

const young = ({ kernel, process }: Fixture, page: number) => {
  const { tables, geometry } = kernel;
  const pmd = tables.pmdOf(process.mm as Mm, Math.floor(page / geometry.pagesPerBlock));
  return (
    (tables.pmdBits[pmd] & ENTRY.present
      ? tables.pmdBits[pmd] & ENTRY.accessed
      : tables.pteBits[tables.pteOf(pmd, page)] & ENTRY.accessed) !== 0
  );
};

test('clear_refs forgets references of all, anonymous or file mappings, and peaks', () => {
  const made = fixture();
  const { kernel } = made;
  const mm = made.process.mm as Mm;
  const inode = createInode(kernel, '/lib/x', 16, 'file');
  const file = mmap(kernel, mm, { pages: 16, flags: VM.read, inode }) as number;
  advise(made, made.base + 512, 512, 'MADV_NOHUGEPAGE');
  const touch = () => {
    write(made, made.base, 1);
    write(made, made.base + 512, 1);
    access(kernel, mm, file, false);
  };
  const seen = () => [young(made, made.base), young(made, made.base + 512), young(made, file)];
  const after = (kind: string) => {
    touch();
    assert.deepEqual(seen(), [true, true, true]);
    assert.equal(writing(made, of(made, 'clear_refs'), kind), undefined);
    return seen();
  };
  assert.deepEqual([after('1'), after('2\n'), after('3')], [[false, false, false], [false, false, true], [true, true, false]]); // biome-ignore format: rows
  assert.deepEqual(after('4'), [true, true, true]);
  mm.peakRss = 1e6;
  assert.equal(writing(made, of(made, 'clear_refs'), '5'), undefined);
  assert.equal(mm.peakRss, mm.rss);
  for (const wrong of ['0', '6', '', '1 2', 'x'])
    assert.equal(writing(made, of(made, 'clear_refs'), wrong), 'EINVAL', wrong);
  assertSound(made);
});

test('pagemap shows frames, swap, zero pages and holes as the kernel does', () => {
  const made = fixture({ swapBytes: 16 * MIB });
  advise(made, made.base, 2048, 'MADV_NOHUGEPAGE');
  fill(made, made.base, 2);
  access(made.kernel, made.process.mm as Mm, made.base + 2, false);
  settle(made);
  remote(made, made.base + 1, 1, 'MADV_PAGEOUT');
  const [present, swapped, zero, none] = words(made, of(made, 'pagemap'), made.base, 4);
  const bit = (word: bigint, number: bigint) => (word >> number) & 1n;
  assert.deepEqual([present, swapped, zero, none].map((word) => [bit(word, 63n), bit(word, 62n)]), [[1n, 0n], [0n, 1n], [1n, 0n], [0n, 0n]]); // biome-ignore format: rows
  assert.deepEqual(
    [bit(present, 56n), bit(present, 55n)],
    [1n, 1n],
    'exclusive, and dirty since it was made',
  );
  const frame = Number(present & ((1n << 55n) - 1n));
  assert.deepEqual(words(made, '/proc/kpagecount', frame, 1), [1n]);
  const { child } = fork(made.kernel, made.process);
  assert.ok(child);
  assert.deepEqual(words(made, '/proc/kpagecount', frame, 1), [2n]);
  assert.equal(bit(words(made, of(made, 'pagemap'), made.base, 1)[0], 56n), 0n, 'shared by the fork');
  exit(made.kernel, child);
  assert.deepEqual(words(made, '/proc/kpagecount', frame, 1), [1n]);
  assertSound(made);
});

test('kpagecgroup shows whose frames are, 0 for those of nobody', () => {
  const made = fixture();
  write(made, made.base, 1);
  const [entry] = words(made, of(made, 'pagemap'), made.base, 1);
  const frame = Number(entry & ((1n << 55n) - 1n));
  const root = made.kernel.memcgs[0] as Memcg;
  assert.deepEqual(words(made, '/proc/kpagecgroup', frame, 1), [BigInt(root.inode)]);
  const { frames } = made.kernel;
  assert.deepEqual(words(made, '/proc/kpagecgroup', frames.count - 1, 1), [0n]);
  assert.deepEqual(words(made, '/proc/kpagecount', frames.count - 1, 1), [0n]);
  assert.deepEqual(words(made, '/proc/kpagecount', frames.count, 1), [], 'beyond memory there is nothing');
});

test('smaps tells swapped, lazily freed, clean and huge memory apart', () => {
  const made = fixture({ swapBytes: 16 * MIB });
  const mm = made.process.mm as Mm;
  fill(made, made.base, 512);
  advise(made, made.base + 512, 512, 'MADV_NOHUGEPAGE');
  fill(made, made.base + 512, 64);
  settle(made);
  remote(made, made.base + 512, 16, 'MADV_PAGEOUT');
  assert.equal(advise(made, made.base + 512 + 16, 16, 'MADV_FREE'), undefined);
  assert.deepEqual(
    ['AnonHugePages', 'Swap', 'LazyFree', 'Anonymous'].map((name) => rollup(made, name)),
    [2048, 64, 64, 2048 + 192],
  );
  const inode = createInode(made.kernel, '/lib/x', 16, 'file');
  const file = mmap(made.kernel, mm, { pages: 16, flags: VM.read, inode }) as number;
  for (let page = 0; page < 4; page++) access(made.kernel, mm, file + page, false);
  assert.deepEqual([rollup(made, 'Pss_File'), rollup(made, 'Rss')], [16, 2048 + 192 + 16]);
});

const group = (made: Fixture, path: string) => {
  const memcg = ensureCgroup(made.kernel, path);
  assert.ok(typeof memcg === 'object');
  const directory = new CgroupDirectory(made.kernel, memcg);
  const file = (name: string) => {
    const node = directory.lookup(name);
    assert.ok(node?.kind === 'file', name);
    return node;
  };
  return {
    memcg,
    directory,
    read: (name: string) => file(name).read?.(),
    write: (name: string, text: string) => file(name).write?.(text),
  };
};

test('a cgroup shows what is charged to it, its peak, and who is in it', () => {
  const made = fixture();
  const own = group(made, '/a/b');
  assert.equal(own.memcg.path, '/a/b');
  assert.equal(own.write('cgroup.procs', `${made.process.pid}\n`), undefined);
  assert.deepEqual(
    [own.read('cgroup.procs'), get(made, of(made, 'cgroup'))],
    [`${made.process.pid}\n`, '0::/a/b\n'],
  );
  write(made, made.base, 1024);
  const bytes = Number(own.read('memory.current'));
  assert.ok(bytes >= 4 * MIB && bytes < 5 * MIB);
  advise(made, made.base, 1024, 'MADV_DONTNEED');
  assert.ok(Number(own.read('memory.current')) < MIB);
  assert.equal(Number(own.read('memory.peak')), bytes);
  for (const [text, errno] of [['x', 'EINVAL'], ['99999', 'ESRCH'], ['2', 'EINVAL']] as const) assert.equal(own.write('cgroup.procs', text), errno); // biome-ignore format: a table
  assert.match(`${own.read('memory.pressure')}`, /^some avg10=.*\nfull avg10=/);
  const root = new CgroupDirectory(made.kernel, made.kernel.memcgs[0] as Memcg);
  assert.equal(root.lookup('memory.current'), undefined, 'the root has no limits');
  assert.ok(root.names().includes('a') && !root.names().includes('memory.max'));
  assert.ok(own.directory.names().includes('memory.max'));
  assert.equal(root.lookup('a')?.kind, 'directory');
  assert.equal(root.lookup('nothing'), undefined);
});

test('limits of a cgroup are bytes rounded down to pages, or max', () => {
  const made = fixture();
  const own = group(made, '/limited');
  for (const name of ['memory.min', 'memory.low', 'memory.high', 'memory.max', 'memory.swap.max']) {
    assert.equal(own.write(name, '8191\n'), undefined);
    assert.equal(own.read(name), '4096\n', name);
    assert.equal(own.write(name, 'max\n'), undefined);
    assert.equal(own.read(name), 'max\n');
    for (const wrong of ['', '-1', '1X', 'max max'])
      assert.equal(own.write(name, wrong), 'EINVAL', `${name} ${wrong}`);
  }
  assert.deepEqual(['5', '1k', '2K', '3m', '1G', '1T', ' 7 ', '1Q', '', 'k'].map(parseBytes), [5, 1024, 2048, 3 * MIB, 1024 * MIB, 2 ** 40, 7, undefined, undefined, undefined]); // biome-ignore format: one row
  assert.deepEqual([own.write('memory.oom.group', '1\n'), own.read('memory.oom.group'), own.write('memory.oom.group', '2'), own.write('memory.oom.group', '0'), own.read('memory.oom.group')], [undefined, '1\n', 'EINVAL', undefined, '0\n']); // biome-ignore format: one row
});

test('memory.reclaim takes memory back as far as it can, and says when it could not', () => {
  const made = fixture({ swapBytes: 64 * MIB });
  const own = group(made, '/r');
  own.write('cgroup.procs', `${made.process.pid}`);
  advise(made, made.base, 2048, 'MADV_NOHUGEPAGE');
  fill(made, made.base, 512);
  settle(made);
  assert.equal(own.write('memory.reclaim', '1M'), undefined);
  assert.ok((made.process.mm as Mm).swapEntries >= 256);
  assert.equal(own.write('memory.reclaim', '1G'), 'EAGAIN');
  assert.equal(own.write('memory.reclaim', 'x'), 'EINVAL');
  assertSound(made);
});

test('drop_caches drops file pages that nobody maps, and leaves those that are mapped or dirty', () => {
  const made = fixture();
  const { kernel } = made;
  const mm = made.process.mm as Mm;
  const inode = createInode(kernel, '/lib/x', 32, 'file');
  const file = mmap(kernel, mm, { pages: 32, flags: VM.read, inode }) as number;
  for (let page = 0; page < 32; page++) access(kernel, mm, file + page, false);
  advise(made, file, 16, 'MADV_DONTNEED');
  const cached = () =>
    Array.from({ length: 32 }, (_, page) => (inode.frameAt(page) >= 0 ? 1 : 0)).reduce<number>(
      (sum, one) => sum + one,
      0,
    );
  const before = cached();
  set(made, '/proc/sys/vm/drop_caches', '1');
  assert.ok(before >= 16 && cached() <= before - 1 && cached() >= 16, `${before} ${cached()}`);
  assert.match(get(made, '/proc/vmstat'), /^drop_pagecache 1$/m);
  const [dirty] = [inode.frameAt(20)].filter((frame) => frame >= 0);
  assert.ok(dirty >= 0 && !kernel.folios.has(kernel.folios.headOf(dirty), FOLIO.dirty));
  assertSound(made);
});
