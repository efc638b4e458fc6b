/** Files that end or fail while they are read: what is told of them, and that they are closed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { builtElf } from '../../test/support/elf-builder.js';
import { hostOf } from '../../test/support/perf-rows.js';
import { MappingTable } from '../formats/perf-data/mappings.js';
import { ThreadTable } from '../formats/perf-data/threads.js';
import type { Files } from '../host/host.js';
import { textOf } from './file-bytes.js';
import { JitNames } from './jit-names.js';
import { ProgramFiles } from './program-files.js';
import { parsePids } from './sample-choices.js';

const text = (words: string) => new TextEncoder().encode(words);

/** Files of which some cannot be read once they are open, or throw; what is open is counted. */
function failing(
  contents: Readonly<Record<string, Uint8Array>>,
  faulty: string,
  fault: 'refuses' | 'throws',
) {
  const { files: plain } = hostOf(contents);
  const open = new Map<string, number>();
  const files: Partial<Files> = {
    status(path) {
      const status = plain.status(path);
      return status.ok ? { ok: true, value: { ...status.value, owner: 0 } } : status;
    },
    open(path) {
      const opened = plain.open(path);
      if (!opened.ok) return opened;
      open.set(path, (open.get(path) ?? 0) + 1);
      const { value } = opened;
      const read: typeof value.read = (into, position) => {
        if (path !== faulty) return value.read(into, position);
        if (fault === 'throws') throw new TypeError('a bug');
        return { ok: false, error: { errno: 'EIO', call: `read ${path}` } };
      };
      return {
        ok: true,
        value: { ...value, read, close: () => void open.set(path, (open.get(path) ?? 0) - 1) },
      };
    },
  };
  return {
    files: files as Files,
    stillOpen: () => [...open].filter(([, count]) => count !== 0),
    opened: () => [...open.keys()],
  };
}

test('the text of a file that cannot be read is not known; a bug is no answer; both close it', () => {
  const contents = { '/a': text('words of a file') };
  const fine = failing(contents, '', 'refuses');
  assert.deepEqual([textOf(fine.files, '/a', 5), textOf(fine.files, '/a', 99)], ['words', 'words of a file']);
  assert.equal(textOf(fine.files, '/absent', 5), undefined);
  const refused = failing(contents, '/a', 'refuses');
  assert.equal(textOf(refused.files, '/a', 5), undefined);
  const broken = failing(contents, '/a', 'throws');
  assert.throws(() => textOf(broken.files, '/a', 5), TypeError);
  for (const { stillOpen } of [fine, refused, broken]) assert.deepEqual(stillOpen(), []);
});

test('a map of names that is taken away while it is read has none, and is closed', () => {
  const path = '/tmp/perf-7.map';
  const contents = {
    [path]: text('1000 10 f\n'),
    '/proc/7/comm': text('java'),
    '/proc/self/comm': text('node'),
  };
  const nameIn = ({ files }: { readonly files: Files }) =>
    new JitNames(files, new MappingTable(new ThreadTable()), '').at(7, 0x1004)?.name;
  const [fine, refused, broken] = [failing(contents, '', 'refuses'), failing(contents, path, 'refuses'), failing(contents, path, 'throws')]; // biome-ignore format: one
  assert.deepEqual([nameIn(fine), nameIn(refused)], ['f', undefined]);
  assert.throws(() => nameIn(broken), TypeError);
  for (const { stillOpen, opened } of [fine, refused, broken]) {
    assert.ok(opened().includes(path));
    assert.deepEqual(stillOpen(), []);
  }
});

const ID = Uint8Array.from({ length: 20 }, (_, index) => index + 1);
const HEX = Buffer.from(ID).toString('hex');
const DEBUG = `/usr/lib/debug/.build-id/${HEX.slice(0, 2)}/${HEX.slice(2)}.debug`;
const SEGMENTS = [{ offset: 0, address: 0, fileBytes: 0x3000, flags: 5 }];
const names = (count: number) =>
  Array.from({ length: count }, (_, at) => ({ name: `f${at}`, value: 0x1000 + 16 * at, size: 16 }));
const program = builtElf({ segments: SEGMENTS, buildId: ID, dynamic: names(1) });
const mapping = { start: 100, end: 103, name: '/bin/db', fileStart: 100 } as never;

test('debug files are looked for below the process’s own root first, then in this one', () => {
  const count = (files: Readonly<Record<string, Uint8Array>>) => {
    const mounts = { '/proc/self/mountinfo': text('ours'), '/proc/7/mountinfo': text('theirs') };
    const options = { root: '', buildIdOf: () => undefined, recordedMs: () => undefined };
    const found = new ProgramFiles(
      hostOf({ ...mounts, '/proc/7/root/bin/db': program, ...files }).files,
      4096,
      options,
    );
    const file = found.fileOf(mapping, 7);
    assert.ok(file !== undefined);
    return found.symbolsOf(file, 'code')?.count;
  };
  const debug = (symbols: number) => builtElf({ segments: SEGMENTS, buildId: ID, symbols: names(symbols) });
  assert.equal(count({}), 1);
  assert.equal(count({ [DEBUG]: debug(2) }), 2);
  assert.equal(count({ [`/proc/7/root${DEBUG}`]: debug(3) }), 3);
  assert.equal(count({ [`/proc/7/root${DEBUG}`]: debug(3), [DEBUG]: debug(2) }), 3);
  assert.equal(count({ [DEBUG]: text('no ELF file') }), 1);
});

test('a file without symbols takes nothing of what may be kept, and is no bar to the next', () => {
  const files = { '/bin/none': text('#!/bin/sh\n'), '/bin/db': program };
  const options = { root: '', buildIdOf: () => undefined, recordedMs: () => undefined };
  const found = new ProgramFiles(hostOf(files).files, 4096, options);
  const none = found.fileOf({ ...(mapping as object), name: '/bin/none' } as never);
  const own = found.fileOf(mapping);
  assert.ok(none !== undefined && own !== undefined);
  assert.deepEqual([found.symbolsOf(none, 'code'), found.symbolsOf(own, 'code')?.count], [undefined, 1]);
});

test('pids are numbers up to the kernel’s largest, with commas between them', () => {
  assert.deepEqual([...parsePids('4711')], [4711]);
  assert.deepEqual([...parsePids(' 1, 0,4194304 ')], [1, 0, 4_194_304]);
  for (const wrong of ['', '4194305', '9999999', '12345678', '-1', '1,,2', '1,x', 'x', '1 2'])
    assert.throws(() => parsePids(wrong), /is no list of pids/, wrong);
});
