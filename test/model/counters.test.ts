// Every counter of huge pages in /proc/vmstat, memory.stat and hugepages-*kB/stats: what makes it go up, and by how much.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fork } from '../../src/model/kernel/address-space/fork.js';
import { createInode } from '../../src/model/kernel/address-space/processes.js';
import { munmap } from '../../src/model/kernel/address-space/vmas.js';
import { pin } from '../../src/model/kernel/advice/pins.js';
import { scanPass } from '../../src/model/kernel/collapse/khugepaged.js';
import { ensureCgroup } from '../../src/model/kernel/files/cgroup-files.js';
import { writeSplitHugePages } from '../../src/model/kernel/split/debugfs-split.js';
import type { Memcg } from '../../src/model/kernel/state/memcg.js';
import { MIB } from '../../src/vocabulary/units.js';
import {
  advise,
  assertSound,
  type Fixture,
  type FixtureOptions,
  fill,
  fixture,
  get,
  read,
  remote,
  set,
  settle,
  stat,
  vmstat,
  write,
} from './model-fixture.js';

interface Row {
  readonly counters: Readonly<Record<string, number>>;
  readonly when: string;
  readonly options?: FixtureOptions;
  readonly before?: (made: Fixture) => void;
  readonly act: (made: Fixture) => void;
}

const tmpfs = (huge: 'always' | 'never'): FixtureOptions => ({
  inode: (kernel, pages) => createInode(kernel, '/mnt/f', pages, huge),
});
const NO_HUGE_FREE: FixtureOptions = { memoryBytes: 64 * MIB, fragmentation: 1, blocks: 1 };
const SMALL_64K = { 'hugepages-64kB/enabled': 'always', 'hugepages-2048kB/enabled': 'never' };
const all = (made: Fixture) => fill(made, made.base, 512);
const base = (made: Fixture) => {
  set(made, 'enabled', 'never');
  all(made);
  settle(made);
};
const scan = (made: Fixture) => {
  scanPass(made.kernel, 1_000_000);
};
/** Puts the process into a cgroup with a limit in bytes. */
const limit = (bytes: number) => (made: Fixture) => {
  const group = ensureCgroup(made.kernel, '/limited') as Memcg;
  group.max = bytes / 4096;
  made.process.mm!.memcg = group.id;
};
const registered = (made: Fixture) => {
  base(made);
  set(made, 'enabled', 'always');
  advise(made, made.base, 512, 'MADV_HUGEPAGE');
};

/** Names with a slash are files below hugepages-*; `cg.` are lines of the cgroup's memory.stat; the rest is vmstat. */
const ROWS: readonly Row[] = [
  {
    when: 'a fault is served by a huge page',
    counters: { thp_fault_alloc: 1, '2048/anon_fault_alloc': 1, '2048/nr_anon': 1, nr_anon_transparent_hugepages: 1 },
    act: (made) => write(made, made.base, 1),
  },
  {
    when: 'no huge page is free at a fault',
    counters: { thp_fault_fallback: 1, '2048/anon_fault_fallback': 1, thp_fault_fallback_charge: 0 },
    options: { ...NO_HUGE_FREE, thp: { defrag: 'never' } },
    act: (made) => write(made, made.base, 1),
  },
  {
    when: 'direct compaction for a fault fails',
    counters: { compact_stall: 1, compact_fail: 1, compact_success: 0, thp_fault_fallback: 1 },
    options: { ...NO_HUGE_FREE, thp: { defrag: 'always' } },
    act: (made) => write(made, made.base, 1),
  },
  {
    when: 'the cgroup has no room for a huge page at a fault',
    counters: { thp_fault_fallback: 1, thp_fault_fallback_charge: 1, '2048/anon_fault_fallback_charge': 1 },
    before: limit(MIB),
    act: (made) => write(made, made.base, 1),
  },
  {
    when: 'a fault is served by a 64K folio',
    counters: { '64/anon_fault_alloc': 1, '64/nr_anon': 1, thp_fault_alloc: 0 },
    options: { thp: SMALL_64K },
    act: (made) => write(made, made.base + 40, 1),
  },
  {
    when: 'the cgroup has no room for a 64K folio',
    counters: { '64/anon_fault_fallback': 1, '64/anon_fault_fallback_charge': 1 },
    options: { thp: SMALL_64K },
    before: limit(32 * 1024),
    act: (made) => write(made, made.base + 40, 1),
  },
  {
    when: 'the huge zero page is made at its first use, and only then',
    counters: { thp_zero_page_alloc: 1, thp_fault_alloc: 0 },
    act: (made) => {
      read(made, made.base);
      read(made, made.base + 512);
    },
  },
  {
    when: 'the huge zero page cannot be had',
    counters: { thp_zero_page_alloc_failed: 1, thp_zero_page_alloc: 0 },
    options: NO_HUGE_FREE,
    act: (made) => read(made, made.base),
  },
  {
    when: 'MADV_COLLAPSE makes a block huge',
    counters: { thp_collapse_alloc: 1, '2048/collapse_alloc': 1, '2048/nr_anon': 1 },
    before: base,
    act: (made) => remote(made, made.base, 512, 'MADV_COLLAPSE'),
  },
  {
    when: 'khugepaged tries again what has its order already: a folio for each attempt, none kept',
    counters: { '64/collapse_alloc': 32, '64/nr_anon': 0 },
    before: (made) => {
      registered(made);
      set(made, 'hugepages-64kB/enabled', 'always');
      set(made, 'hugepages-2048kB/enabled', 'never');
      scan(made);
    },
    act: scan,
  },
  {
    when: 'a pinned page stops a collapse before a folio is asked for',
    counters: { thp_collapse_alloc: 0, '2048/collapse_alloc': 0 },
    before: (made) => {
      base(made);
      pin(made.kernel, made.process.mm!, made.base + 5);
    },
    act: (made) => assert.equal(remote(made, made.base, 512, 'MADV_COLLAPSE'), 'EAGAIN'),
  },
  {
    when: 'no huge page can be had for a collapse',
    counters: { thp_collapse_alloc_failed: 1, '2048/collapse_alloc_failed': 1, thp_collapse_alloc: 0 },
    options: NO_HUGE_FREE,
    before: base,
    act: (made) => remote(made, made.base, 512, 'MADV_COLLAPSE'),
  },
  {
    when: 'khugepaged finds more holes than max_ptes_none',
    counters: { thp_scan_exceed_none_pte: 1, '2048/collapse_exceed_none_pte': 1, thp_collapse_alloc: 0 },
    before: (made) => {
      registered(made);
      set(made, 'khugepaged/max_ptes_none', '4');
      advise(made, made.base, 5, 'MADV_DONTNEED');
    },
    act: scan,
  },
  {
    when: 'khugepaged finds more swapped pages than max_ptes_swap',
    counters: { thp_scan_exceed_swap_pte: 1, '2048/collapse_exceed_swap_pte': 1 },
    options: { swapBytes: 64 * MIB },
    before: (made) => {
      registered(made);
      remote(made, made.base, 65, 'MADV_PAGEOUT');
    },
    act: scan,
  },
  {
    when: 'khugepaged finds more shared pages than max_ptes_shared',
    counters: { thp_scan_exceed_share_pte: 1, '2048/collapse_exceed_shared_pte': 1 },
    before: (made) => {
      registered(made);
      fork(made.kernel, made.process);
      made.kernel.khugepaged.list.length = 1;
    },
    act: scan,
  },
  {
    when: 'khugepaged makes 64K folios of a full block',
    counters: { '64/collapse_alloc': 32, '64/nr_anon': 32, thp_collapse_alloc: 0 },
    before: (made) => {
      registered(made);
      set(made, 'hugepages-64kB/enabled', 'always');
      set(made, 'hugepages-2048kB/enabled', 'never');
    },
    act: scan,
  },
  {
    when: 'a huge folio is split',
    counters: { thp_split_page: 1, thp_split_pmd: 1, '2048/split': 1, '2048/nr_anon': -1, nr_anon_transparent_hugepages: -1 },
    before: all,
    act: (made) => remote(made, made.base, 1, 'MADV_COLD'),
  },
  {
    when: 'a 64K folio is split: only its own order counts',
    counters: { '64/split': 1, '64/nr_anon': -1, thp_split_page: 0 },
    options: { thp: SMALL_64K },
    before: all,
    act: (made) => remote(made, made.base, 1, 'MADV_COLD'),
  },
  {
    when: 'a pinned folio does not split',
    counters: { thp_split_page_failed: 1, '2048/split_failed': 1, thp_split_pmd: 0 },
    before: (made) => {
      all(made);
      pin(made.kernel, made.process.mm!, made.base);
    },
    act: (made) => remote(made, made.base, 1, 'MADV_COLD'),
  },
  {
    when: 'a part of a huge folio is unmapped',
    counters: { thp_deferred_split_page: 1, '2048/split_deferred': 1, '2048/nr_anon_partially_mapped': 1, thp_split_pmd: 1, thp_split_page: 0 },
    before: all,
    act: (made) => munmap(made.kernel, made.process.mm!, made.base + 8, made.base + 9),
  },
  {
    when: 'a part of a 64K folio is unmapped',
    counters: { thp_deferred_split_page: 0, '64/split_deferred': 1, '64/nr_anon_partially_mapped': 1 },
    options: { thp: SMALL_64K },
    before: all,
    act: (made) => munmap(made.kernel, made.process.mm!, made.base + 8, made.base + 9),
  },
  {
    when: 'the shrinker splits a huge page that is mostly zeroes',
    counters: { thp_underused_split_page: 1, thp_split_page: 1 },
    before: (made) => {
      set(made, 'khugepaged/max_ptes_none', '100');
      fill(made, made.base, 512, 64);
    },
    act: (made) => set(made, '/proc/sys/vm/drop_caches', '2'),
  },
  {
    when: 'a huge page goes to swap whole',
    counters: { thp_swpout: 1, '2048/swpout': 1, thp_swpout_fallback: 0, pswpout: 512 },
    options: { swapBytes: 64 * MIB },
    before: all,
    act: (made) => remote(made, made.base, 512, 'MADV_PAGEOUT'),
  },
  {
    when: 'a huge page goes to zswap',
    counters: { '2048/zswpout': 1, '2048/swpout': 0, zswpout: 512 },
    options: { swapBytes: 64 * MIB, zswapBytes: 16 * MIB },
    before: all,
    act: (made) => remote(made, made.base, 512, 'MADV_PAGEOUT'),
  },
  {
    when: 'swap has no room for a huge page',
    counters: { thp_swpout_fallback: 1, '2048/swpout_fallback': 1, thp_split_page: 1, thp_swpout: 0 },
    options: { swapBytes: MIB },
    before: all,
    act: (made) => remote(made, made.base, 512, 'MADV_PAGEOUT'),
  },
  {
    when: 'a page comes back from swap',
    counters: { pswpin: 1, pgmajfault: 1 },
    options: { swapBytes: 64 * MIB },
    before: (made) => {
      all(made);
      remote(made, made.base, 512, 'MADV_PAGEOUT');
    },
    act: (made) => read(made, made.base + 3),
  },
  {
    when: 'a huge page of tmpfs is made and mapped',
    counters: { thp_file_alloc: 1, thp_file_mapped: 1, '2048/shmem_alloc': 1, nr_shmem_pmdmapped: 1, nr_shmem_hugepages: 1 },
    options: tmpfs('always'),
    act: (made) => write(made, made.base, 1),
  },
  {
    when: 'no huge page is free for tmpfs',
    counters: { thp_file_fallback: 1, '2048/shmem_fallback': 1, thp_file_alloc: 0 },
    options: { ...NO_HUGE_FREE, ...tmpfs('always') },
    act: (made) => write(made, made.base, 1),
  },
  {
    when: 'the cgroup has no room for a huge page of tmpfs',
    counters: { thp_file_fallback: 1, thp_file_fallback_charge: 1, '2048/shmem_fallback_charge': 1 },
    options: tmpfs('always'),
    before: limit(MIB),
    act: (made) => write(made, made.base, 1),
  },
  {
    when: 'a huge page of tmpfs is split',
    counters: { thp_split_page: 1, thp_split_pmd: 1, '2048/split': 1, nr_shmem_pmdmapped: -1 },
    options: tmpfs('always'),
    before: (made) => write(made, made.base, 512),
    act: (made) => writeSplitHugePages(made.kernel, '/mnt/f,0x0,0x1\n'),
  },
  {
    when: 'events of a cgroup',
    counters: { 'cg.thp_fault_alloc': 1, 'cg.anon_thp': 2 * MIB, 'cg.thp_collapse_alloc': 0 },
    before: limit(64 * MIB),
    act: (made) => write(made, made.base, 1),
  },
  {
    when: 'a collapse in a cgroup',
    counters: { 'cg.thp_collapse_alloc': 1, 'cg.anon_thp': 2 * MIB },
    before: (made) => {
      limit(64 * MIB)(made);
      base(made);
    },
    act: (made) => remote(made, made.base, 512, 'MADV_COLLAPSE'),
  },
  {
    when: 'a huge page of a cgroup goes to swap, and one that does not fit',
    counters: { 'cg.thp_swpout': 1, 'cg.thp_swpout_fallback': 1 },
    options: { swapBytes: 3 * MIB },
    before: (made) => {
      limit(64 * MIB)(made);
      fill(made, made.base, 1024);
    },
    act: (made) => remote(made, made.base, 1024, 'MADV_PAGEOUT'),
  },
]; // biome-ignore format: a table

for (const { when, counters, options, before, act } of ROWS) {
  test(`${when}: ${Object.keys(counters).join(', ')}`, () => {
    const made = fixture(options);
    before?.(made);
    const values = () => Object.keys(counters).map((name) => counterOf(made, name));
    const first = values();
    act(made);
    const changed = values().map((value, i) => value - first[i]);
    assert.deepEqual(
      Object.fromEntries(Object.keys(counters).map((name, i) => [name, changed[i]])),
      counters,
    );
    assertSound(made);
  });
}

function counterOf(made: Fixture, name: string): number {
  if (name.startsWith('cg.')) {
    const text = get(made, '/sys/fs/cgroup/limited/memory.stat');
    return Number(new RegExp(`^${name.slice(3)} (\\d+)$`, 'm').exec(text)![1]);
  }
  const [kb, file] = name.split('/');
  return file === undefined ? vmstat(made, name) : stat(made, Number(kb), file);
}
