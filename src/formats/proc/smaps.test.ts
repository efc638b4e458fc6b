/** Mappings line by line: what backs them, by their flags, names, fields and mounts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GEOMETRY_4K } from '../../vocabulary/units.js';
import { memoryMounts, parseSmaps } from './smaps.js';

interface Line {
  readonly name?: string;
  readonly inode?: number;
  readonly permissions?: string;
  readonly offset?: string;
  readonly fields?: string;
}

const header = ({
  name = '',
  inode = 0,
  permissions = 'rw-p',
  offset = '00000000',
  fields = '',
}: Line = {}) => `7f0000000000-7f0000200000 ${permissions} ${offset} 08:01 ${inode} ${name}\n${fields}`;

function entry(line: Line, mountinfo = '') {
  const parsed = parseSmaps(header(line), GEOMETRY_4K, memoryMounts(mountinfo));
  assert.ok(parsed.ok);
  assert.equal(parsed.value.length, 1);
  return parsed.value[0];
}
const kind = (line: Line, mountinfo?: string) => entry(line, mountinfo).mapping.kind;

test('what backs a mapping is told by its flags, its name and its fields', () => {
  const rows: readonly (readonly [string, Line])[] = [
    ['anon', {}],
    ['anon', { name: '[heap]' }],
    ['anon', { name: '/dev/zero', inode: 5 }],
    ['shmem', { name: '/dev/zero (deleted)', inode: 5, permissions: 'rw-s' }],
    ['shmem', { name: '[anon_shmem:x]' }],
    ['shmem', { name: '/memfd:pool (deleted)', inode: 5 }],
    ['shmem', { name: '/SYSV00000000 (deleted)', inode: 5 }],
    ['shmem', { name: '/dev/shm/store', inode: 5 }],
    ['shmem', { name: '/srv/x', inode: 5, fields: 'ShmemPmdMapped:     2048 kB\n' }],
    ['file', { name: '/srv/x', inode: 5, fields: 'ShmemPmdMapped:        0 kB\n' }],
    ['file', { name: '/srv/x', inode: 5 }],
    ['file', { name: '/devices', inode: 5 }],
    ['hugetlb', { fields: 'VmFlags: rd ht \n' }],
    ['hugetlb', { name: '/anon_hugepage (deleted)', inode: 5 }],
    ...['pf', 'io', 'mm'].map((flag) => ['special', { fields: `VmFlags: rd ${flag} \n` }] as const),
    ...['[vdso]', '[vvar]', '[vvar_vclock]', '[vsyscall]', '[uprobes]'].map(
      (name) => ['special', { name }] as const,
    ),
    ['anon', { name: '[stack]' }],
  ];
  for (const [expected, line] of rows) assert.equal(kind(line), expected, JSON.stringify(line));
});

test('fields, flags and eligibility are those behind the header', () => {
  const fields =
    'Rss:    12 kB\nAnonymous:    8 kB\nSwap:   4 kB\nTHPeligible:    1\nVmFlags: rd wr hg \nodd line\n';
  const { mapping, bytes } = entry({ fields, offset: '00003000', inode: 9, name: '/srv/x' });
  assert.deepEqual([bytes.get('Rss'), bytes.get('Swap'), bytes.size], [12_288, 4096, 3]);
  assert.deepEqual(
    [mapping.flags, mapping.thpEligible, mapping.anonymousBytes],
    [['rd', 'wr', 'hg'], true, 12_288],
  );
  assert.deepEqual([mapping.start, mapping.end, mapping.offset], [0x7f0000000, 0x7f0000200, 3]);
  const bare = entry({ fields: 'Anonymous:    8 kB\nTHPeligible:    0\n', offset: '00003000' }).mapping;
  assert.deepEqual([bare.anonymousBytes, bare.thpEligible, bare.offset, bare.flags], [8192, false, 0, []]);
  assert.equal('anonymousBytes' in entry({}).mapping, false);
});

test('mounts of memory say whether their files may be huge, the innermost counts', () => {
  const line = (point: string, type: string, options: string) =>
    `22 1 0:21 / ${point} rw - ${type} none ${options}\n`;
  const of = (mountinfo: string, name = '/mnt/a/file') => {
    const { mapping } = entry({ name, inode: 5 }, mountinfo);
    return [mapping.kind, mapping.mountHuge, mapping.dax];
  };
  assert.deepEqual(of(line('/mnt', 'tmpfs', 'rw,huge=always')), ['shmem', 'always', undefined]);
  assert.deepEqual(of(line('/mnt', 'tmpfs', 'rw')), ['shmem', 'never', undefined]);
  for (const type of ['devtmpfs', 'ramfs']) assert.equal(of(line('/mnt', type, 'rw'))[0], 'shmem', type);
  assert.deepEqual(of(line('/mnt', 'tmpfs2', 'rw')), ['file', undefined, undefined]);
  assert.deepEqual(of(line('/mnt', 'ext4', 'rw,dax')), ['file', undefined, true]);
  assert.deepEqual(of(line('/mnt', 'xfs', 'rw,dax=always')), ['file', undefined, true]);
  assert.deepEqual(of(line('/mnt', 'xfs', 'rw,dax=never')), ['file', undefined, undefined]);
  assert.deepEqual(of(line('/mnt', 'tmpfs', 'rw') + line('/mnt/a', 'tmpfs', 'rw,huge=advise')), [
    'shmem',
    'advise',
    undefined,
  ]);
  assert.deepEqual(of(line('/mnt/a', 'tmpfs', 'rw,huge=advise') + line('/mnt', 'tmpfs', 'rw')), [
    'shmem',
    'advise',
    undefined,
  ]);
  assert.deepEqual(
    of(line('/', 'tmpfs', 'rw')),
    ['file', undefined, undefined],
    'a root of tmpfs says nothing',
  );
  assert.deepEqual(of(line('/mn', 'tmpfs', 'rw')), ['file', undefined, undefined]);
  assert.deepEqual(of(line('/my\\040dir', 'tmpfs', 'rw'), '/my dir/x')[0], 'shmem');
  assert.deepEqual(memoryMounts('22 1 0:21 / /proc rw\n\n'), []);
  assert.deepEqual(memoryMounts(line('/d', 'tmpfs', 'dax')), [{ point: '/d', huge: 'never', dax: true }]);
  assert.equal(entry({ name: '/dev/dax0.0', inode: 5 }).mapping.dax, true);
});

test('text without a header is told with its line', () => {
  const parsed = parseSmaps(`\nRss: 4 kB ${'x'.repeat(100)}\n`, GEOMETRY_4K);
  assert.ok(!parsed.ok);
  assert.equal(parsed.error.line, 2);
  assert.equal(parsed.error.problem, `no mapping header in \`Rss: 4 kB ${'x'.repeat(50)}\``);
  const none = parseSmaps('\n\n', GEOMETRY_4K);
  assert.deepEqual(none.ok && none.value, []);
  const two = parseSmaps(header() + header({ name: '[heap]' }), GEOMETRY_4K);
  assert.deepEqual(two.ok && two.value.map(({ mapping }) => mapping.name), ['', '[heap]']);
});
