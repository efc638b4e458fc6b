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

/** A file that lies at page 10 with one segment of two pages, and the symbols that it has. */
function withFile(symbols: { indexOf(address: number): number; nameOf(symbol: number): string } | undefined) {
  const file = { path: '/bin/db' };
  const sections = [
    { name: '.tdata', address: 0x1000, bytes: 0x1000 },
    { name: '.data', address: 0x1000, bytes: 0x800 },
    { name: '.comment', address: 0, bytes: 0x9000 },
  ];
  const elf = { segments: [{ address: 0x1000, memoryBytes: 0x1800 }], sections };
  const mapping = { start: 11, end: 30, name: '/bin/db' };
  const mappings = { near: () => [mapping] };
  const files = { imageOf: () => ({ file, elf, bias: 10 }), symbolsOf: () => symbols };
  return new DataObjects(mappings as never, files as never, 4096);
}

test('memory of a file is a variable where a segment has it, else the mapping', () => {
  const objects = withFile({ indexOf: (address) => (address < 0x1100 ? 0 : -1), nameOf: () => 'table' });
  const nameAt = (page: number, within: number) => objects.all[objects.numberAt(7, page, within)];
  const variable = (name: string) => ({ kind: 'variable', name, file: { path: '/bin/db' } });
  assert.deepEqual(nameAt(11, 0), variable('table'));
  assert.deepEqual(nameAt(11, 0xff), variable('table'));
  assert.deepEqual(nameAt(11, 0x100), variable('.data'));
  assert.deepEqual(nameAt(11, 0x7ff), variable('.data'));
  assert.deepEqual(nameAt(11, 0x800), variable('(no section)'));
  assert.deepEqual(nameAt(12, 0x7ff), variable('(no section)'));
  assert.deepEqual(nameAt(12, 0x800), { kind: 'file', name: '/bin/db' });
  assert.equal(objects.all.length, 4, 'each is numbered once');
});

test('a file without symbols is told by its sections, and a symbol of number 0 is one', () => {
  const bare = withFile(undefined);
  assert.equal(bare.all[bare.numberAt(7, 11, 0)].name, '.data');
  const one = withFile({ indexOf: () => 0, nameOf: (symbol) => `symbol ${symbol}` });
  assert.equal(one.all[one.numberAt(7, 11, 0)].name, 'symbol 0');
});

test('of too many objects the last number is for all further ones', () => {
  const mappings = { near: (_: number, page: number) => [{ start: page, end: page + 1, name: `/f${page}` }] };
  const objects = new DataObjects(mappings as never, { imageOf: () => undefined } as never, 4096);
  let pages = 0;
  while (objects.all.at(-1)?.name !== '(further objects)') objects.numberAt(7, pages++, 0);
  const most = objects.all.length;
  assert.equal(pages, most);
  assert.equal(objects.numberAt(7, pages, 0), most - 1);
  assert.equal(objects.numberAt(7, pages + 1, 0), most - 1);
  assert.equal(objects.all.length, most);
  assert.equal(objects.numberAt(7, 0, 0), 0, 'earlier ones keep theirs');
});
