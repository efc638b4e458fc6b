import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hugeCountersOfHost, memoryCgroup, parseHugeCounters, parseMemoryStat } from './memory-cgroup.js';

const UNIFIED = '30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n';
const HYBRID = [
  '30 23 0:26 / /sys/fs/cgroup ro - tmpfs tmpfs ro,mode=755',
  '31 30 0:27 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw',
  '32 30 0:28 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct',
  '33 30 0:29 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory',
  '',
].join('\n');

test('the unified hierarchy: one mount, one path', () => {
  assert.deepEqual(memoryCgroup('0::/db.slice/db.service\n', UNIFIED), {
    version: 2,
    path: '/db.slice/db.service',
    directory: '/sys/fs/cgroup/db.slice/db.service',
  });
  assert.deepEqual(memoryCgroup('0::/\n', UNIFIED)?.directory, '/sys/fs/cgroup');
});

test('a memory controller of the old hierarchy is where the charge is, whatever the unified one says', () => {
  for (const line of ['4:memory:/db', '9:cpuset,memory:/db', '9:memory,hugetlb:/db']) {
    const found = memoryCgroup(`3:cpu,cpuacct:/other\n${line}\n0::/user\n`, HYBRID);
    assert.deepEqual(found, { version: 1, path: '/db', directory: '/sys/fs/cgroup/memory/db' });
  }
});

test('names that only look like the controller are none', () => {
  const found = memoryCgroup('1:name=memory:/a\n2:memoryx:/b\n0::/c\n', HYBRID);
  assert.deepEqual([found?.version, found?.path], [2, '/c']);
});

test('in a container the mount begins below the root', () => {
  const mount = '30 23 0:26 /docker/abc /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n';
  assert.equal(memoryCgroup('0::/docker/abc/sub\n', mount)?.directory, '/sys/fs/cgroup/sub');
  assert.equal(memoryCgroup('0::/docker/abc\n', mount)?.directory, '/sys/fs/cgroup');
  assert.equal(memoryCgroup('0::/sub\n', mount)?.directory, '/sys/fs/cgroup/sub');
});

test('what is not mounted or lies outside the namespace is out of sight', () => {
  assert.equal(memoryCgroup('0::/a\n', HYBRID.replace('cgroup2 cgroup2', 'other other')), undefined);
  assert.equal(memoryCgroup('4:memory:/a\n', UNIFIED), undefined);
  assert.equal(memoryCgroup('0::/../a\n', UNIFIED), undefined);
  assert.equal(memoryCgroup('4:memory:/../a\n', HYBRID), undefined);
  assert.equal(memoryCgroup('', UNIFIED), undefined);
  assert.equal(memoryCgroup('0::/a\n', ''), undefined);
});

test('memory.stat of version 2: the swap cache is no page cache, kernel memory is one line or its parts', () => {
  const text = 'anon 100\nfile 50\nkernel 30\nsock 4\nswapcached 20\nslab 7\n';
  assert.deepEqual(parseMemoryStat(text, 2), { anon: 100, file: 30, kernel: 30, sockets: 4 });
  const parts = 'anon 1\nfile 2\nkernel_stack 3\npagetables 4\npercpu 5\nvmalloc 6\nslab 7\n';
  assert.deepEqual(parseMemoryStat(parts, 2), { anon: 1, file: 2, kernel: 25, sockets: 0 });
  assert.deepEqual(parseMemoryStat('file 5\nswapcached 9\n', 2).file, 0);
});

test('memory.stat of version 1: sums with those below; kernel memory is told elsewhere', () => {
  const text = 'cache 1\nrss 2\nswapcached 0\ntotal_cache 10\ntotal_rss 20\ntotal_swapcached 3\n';
  assert.deepEqual(parseMemoryStat(text, 1), { anon: 20, file: 7, kernel: undefined, sockets: 0 });
});

test('an empty memory.stat tells of nothing', () => {
  assert.deepEqual(parseMemoryStat('', 2), { anon: 0, file: 0, kernel: 0, sockets: 0 });
});

const V2_HUGE =
  'anon 100\nshmem 30\nfile_mapped 7\nswapcached 5\nanon_thp 64\nshmem_thp 8\nfile_thp 2\ninactive_anon 120\nactive_anon 40\nunevictable 9\n';

test('huge memory by version 2: whole folios are on the lists, mapped pages are counted', () => {
  assert.deepEqual(parseHugeCounters(V2_HUGE, 2), {
    mapped: 107,
    anonHuge: 64,
    shmemHuge: 8,
    fileHuge: 2,
    held: { least: 25, most: 39 },
  });
  for (const name of ['anon', 'shmem', 'file_mapped', 'anon_thp', 'inactive_anon', 'active_anon'])
    assert.equal(
      parseHugeCounters(V2_HUGE.replace(new RegExp(`^${name} .*\n`, 'm'), ''), 2),
      undefined,
      name,
    );
  const without = V2_HUGE.replace(/^(swapcached|unevictable|shmem_thp|file_thp) .*\n/gm, '');
  const found = parseHugeCounters(without, 2);
  assert.deepEqual([found?.held, found?.shmemHuge, found?.fileHuge], [{ least: 30, most: 30 }, undefined, undefined]); // biome-ignore format: one line
});

test('huge memory by version 1 is that of all below, and of anonymous memory only', () => {
  const text =
    'rss 1\nrss_huge 1\nshmem 1\ninactive_anon 1\nactive_anon 1\ntotal_rss 100\ntotal_rss_huge 64\ntotal_shmem 30\ntotal_mapped_file 7\ntotal_inactive_anon 90\ntotal_active_anon 20\ntotal_unevictable 25\n';
  assert.deepEqual(parseHugeCounters(text, 1), {
    mapped: 107,
    anonHuge: 64,
    shmemHuge: undefined,
    fileHuge: undefined,
    // Counters lag behind one another: there is no less than nothing.
    held: { least: 0, most: 5 },
  });
  assert.equal(parseHugeCounters(text, 2), undefined);
});

test('the same of the whole host', () => {
  const fields: Readonly<Record<string, number>> = {
    AnonPages: 100,
    Mapped: 7,
    Shmem: 30,
    AnonHugePages: 64,
    ShmemHugePages: 8,
    'Inactive(anon)': 120,
    'Active(anon)': 40,
    SwapCached: 5,
    Unevictable: 9,
  };
  const found = hugeCountersOfHost((name) => fields[name]);
  assert.deepEqual(found, { mapped: 107, anonHuge: 64, shmemHuge: 8, fileHuge: undefined, held: { least: 25, most: 39 } }); // biome-ignore format: one line
  for (const name of ['AnonPages', 'Mapped', 'Shmem', 'AnonHugePages', 'Inactive(anon)', 'Active(anon)'])
    assert.equal(hugeCountersOfHost((asked) => (asked === name ? undefined : fields[asked])), undefined, name); // biome-ignore format: one line
  assert.deepEqual(hugeCountersOfHost((name) => (/Swap|Unev/.test(name) ? undefined : fields[name]))?.held, { least: 30, most: 30 }); // biome-ignore format: one line
});
