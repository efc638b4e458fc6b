/** Files that mappings are of: which symbols name them, where they lie, and whether they are the recorded ones. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BuiltElf, builtElf } from '../../test/support/elf-builder.js';
import { hostOf } from '../../test/support/perf-rows.js';
import { ProgramFiles } from './program-files.js';

const ID = Uint8Array.from({ length: 20 }, (_, index) => index + 1);
const HEX = Buffer.from(ID).toString('hex');
const DEBUG = `/usr/lib/debug/.build-id/${HEX.slice(0, 2)}/${HEX.slice(2)}.debug`;
const SEGMENTS = [{ offset: 0, address: 0, fileBytes: 0x3000, flags: 5 }];
const one = [{ name: 'own', value: 0x1000, size: 16 }];
const two = [...one, { name: 'more', value: 0x1100, size: 16 }];

const elf = (built: BuiltElf = {}) => builtElf({ segments: SEGMENTS, buildId: ID, ...built });

interface Known {
  readonly recordedId?: string;
  readonly recordedMs?: number;
}

function filesOf(files: Readonly<Record<string, Uint8Array>>, { recordedId, recordedMs }: Known = {}) {
  const options = { root: '', buildIdOf: () => recordedId, recordedMs: () => recordedMs };
  return new ProgramFiles(hostOf(files).files, 4096, options);
}

const mapping = (name = '/bin/db', more = {}) =>
  ({ start: 100, end: 103, name, fileStart: 100, ...more }) as never;

/** How many functions are known of a program, with this debug file beside it. */
function symbols(program: BuiltElf, debug?: BuiltElf): number | undefined {
  const files = filesOf({ '/bin/db': elf(program), ...(debug ? { [DEBUG]: elf(debug) } : {}) });
  const file = files.fileOf(mapping());
  assert.ok(file !== undefined);
  return files.symbolsOf(file, 'code')?.count;
}

test('a stripped file is named by its debug file when that is of the same build and tells more', () => {
  assert.equal(symbols({ dynamic: one }), 1);
  assert.equal(symbols({ dynamic: one }, { symbols: two }), 2);
  assert.equal(symbols({ dynamic: two }, { symbols: one }), 2);
  assert.equal(symbols({ dynamic: one }, { symbols: two, buildId: ID.slice().reverse() }), 1);
  assert.equal(symbols({ symbols: one }, { symbols: two }), 1, 'not stripped');
});

test('memory of no file has none, and what cannot be read has no names', () => {
  const files = filesOf({ '/bin/text': new TextEncoder().encode('#!/bin/sh\n') });
  for (const name of ['', '//anon', '[heap]']) assert.equal(files.fileOf(mapping(name)), undefined, name);
  for (const name of ['/bin/text', '/bin/absent']) {
    const file = files.fileOf(mapping(name));
    assert.ok(file !== undefined);
    assert.equal(files.problemOf(file), 'not on this machine, or no ELF file');
    assert.equal(files.symbolsOf(file, 'code'), undefined);
    assert.equal(files.imageOf(mapping(name)), undefined);
  }
});

test('a file is the recorded one by the id of its mapping, else by that of its path, else by its time', () => {
  const told = (known: Known, buildId?: string) => {
    const files = filesOf({ '/bin/db': elf() }, known);
    const file = files.fileOf(mapping('/bin/db', { buildId }));
    assert.ok(file !== undefined);
    return [files.problemOf(file), files.isVerified(file)];
  };
  const other = '00'.repeat(20);
  assert.deepEqual(told({}), ['', false]);
  assert.deepEqual(told({ recordedId: HEX }), ['', true]);
  assert.deepEqual(told({ recordedId: other }), ['another build than the one recorded', true]);
  assert.deepEqual(told({ recordedId: other }, HEX), ['', true]);
  assert.deepEqual(told({ recordedId: HEX }, other), ['another build than the one recorded', true]);
  assert.deepEqual(told({ recordedMs: 0 }), ['', false], 'as old as the recording');
  assert.deepEqual(told({ recordedMs: -1 }), ['changed after the recording', false]);
});

test('a mapping puts its file where the segment that it maps is to lie', () => {
  const segments = [
    { offset: 0, address: 0, fileBytes: 0x1800, flags: 5 },
    { offset: 0x1800, address: 0x2800, fileBytes: 0x800, memoryBytes: 0x2000, flags: 6 },
  ];
  const files = filesOf({ '/bin/db': elf({ segments }) });
  const bias = (start: number, fileStart: number | undefined) =>
    files.imageOf(mapping('/bin/db', { start, fileStart }))?.bias;
  assert.equal(bias(100, 100), 100);
  assert.equal(bias(101, 100), 99, 'its second page is data, which lie a page further');
  assert.equal(bias(102, 100), undefined, 'behind all segments');
  assert.equal(bias(100, undefined), undefined);
  const odd = filesOf({ '/bin/db': elf({ segments: [{ ...segments[0], address: 0x10 }] }) });
  assert.equal(odd.imageOf(mapping()), undefined);
});

test('every piece of a file closes what it opened, also when it cannot be read', () => {
  const { files } = hostOf({ '/bin/db': elf({ symbols: two }) });
  let open = 0;
  let broken = false;
  const counted = {
    ...files,
    open: (path: string) => {
      const opened = files.open(path);
      if (!opened.ok) return opened;
      open++;
      const { read } = opened.value;
      const refuse = () => ({ ok: false as const, error: { errno: 'EIO' as const, call: 'read' } });
      return { ok: true as const, value: { path, read: broken ? refuse : read, close: () => void open-- } };
    },
  };
  const options = { root: '', buildIdOf: () => undefined, recordedMs: () => undefined };
  const program = new ProgramFiles(counted as typeof files, 4096, options);
  const file = program.fileOf(mapping());
  assert.ok(file !== undefined);
  assert.equal(program.symbolsOf(file, 'code')?.count, 2);
  assert.equal(open, 0);
  broken = true;
  const unread = new ProgramFiles(counted as typeof files, 4096, options);
  assert.throws(() => unread.fileOf(mapping()), { code: 'FILE_UNREADABLE' });
  assert.equal(open, 0);
});

test('symbols of all files together have a bound, and each file counts once', () => {
  const most = 6_000_000;
  const files = filesOf({ '/bin/a': elf({ symbols: two }), '/bin/b': elf({ symbols: two }) });
  const counts: number[] = [];
  const fake = (path: string, count: number) =>
    ({ path, recordedId: undefined, symbolsOf: () => ({ count, number: counts.push(count) }) }) as never;
  assert.ok(files.symbolsOf(fake('/a', most - 1), 'code'));
  assert.ok(files.symbolsOf(fake('/a', most - 1), 'code'), 'counted already');
  assert.ok(files.symbolsOf(fake('/none', 0), 'data'));
  assert.ok(files.symbolsOf(fake('/b', 1), 'code'), 'one is left');
  assert.equal(files.symbolsOf(fake('/c', 1), 'code'), undefined);
  assert.equal(counts.length, 4);
});

test('a program of another mount namespace is looked for where its process sees it', () => {
  const text = (words: string) => new TextEncoder().encode(words);
  const mounts = { '/proc/self/mountinfo': text('22 1 8:1 / /\n'), '/proc/7/mountinfo': text('901 1 0:50 / /\n'), '/proc/8/mountinfo': text('22 1 8:1 / /\n') }; // biome-ignore format: one table
  const files = filesOf({
    ...mounts,
    '/proc/7/root/bin/db': elf({ symbols: two }),
    '/bin/db': elf({ symbols: one }),
  });
  const count = (pid?: number) => {
    const file = files.fileOf(mapping(), pid);
    return file && files.symbolsOf(file, 'code')?.count;
  };
  assert.deepEqual([count(7), count(8), count(9), count()], [2, 1, 1, 1]);
  assert.equal(files.fileOf(mapping('/bin/only-here'), 7)?.elf, undefined);
});
