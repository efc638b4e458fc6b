/** What memory is, by the name of its mapping. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DataObjects, kindOf } from './data-objects.js';

const NAMES = {
  heap: ['[heap]'],
  stack: ['[stack]', '[stack:123]'],
  anonymous: ['', '//anon', '[anon:jemalloc]', '[anon]', 'anon_inode:[perf_event]'],
  shared: ['/memfd:pool (deleted)', '/SYSV00000000', '/dev/shm/store', '/dev/zero', '[anon_shmem:x]'],
  special: ['[vdso]', '[vvar]', '[vsyscall]'],
  file: ['/usr/bin/db', '/devices', 'memfd'],
} as const;

test('every name that the kernel gives a mapping is of its kind', () => {
  for (const [kind, names] of Object.entries(NAMES)) {
    for (const name of names) assert.equal(kindOf(name), kind, name);
  }
});

test('objects are numbered once: what is in no mapping, in named ones, and in the kernel', () => {
  const mapping = { start: 10, end: 20, name: '[heap]' };
  const mappings = { near: (_: number, page: number) => (page < 10 ? [] : [mapping]) };
  const files = { imageOf: () => undefined };
  const objects = new DataObjects(mappings as never, files as never, 4096);
  assert.equal(objects.numberAt(7, 5, 0), 0);
  assert.equal(objects.numberAt(7, 10, 0), 1);
  assert.equal(objects.numberAt(7, 19, 4095), 1);
  assert.equal(objects.numberAt(7, 20, 0), 0);
  assert.equal(objects.kernel(), 2);
  assert.equal(objects.kernel(), 2);
  assert.deepEqual(objects.all, [
    { kind: 'not recorded', name: 'not recorded' },
    { kind: 'heap', name: '[heap]' },
    { kind: 'kernel', name: 'kernel memory' },
  ]);
});
