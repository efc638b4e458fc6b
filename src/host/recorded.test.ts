/** Recorded hosts: what is answered, what is refused, and what nobody knows. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { OctavoError } from '../vocabulary/errors.js';
import { GEOMETRY_4K } from '../vocabulary/units.js';
import { FolderCalls } from './folder/calls.js';
import { FolderFiles } from './folder/files.js';
import type { RecordedFolder } from './folder/store.js';
import type { Files, Host } from './host.js';
import { Pieces } from './recording/pieces.js';
import { recordHost } from './recording/recording-host.js';

const folder = mkdtempSync(join(tmpdir(), 'octavo-recorded-'));
after(() => rmSync(folder, { recursive: true }));

function recorded(manifest: object, pieces: Readonly<Record<string, Pieces>> = {}) {
  const told = {
    manifest: {
      complete: false,
      files: {},
      positional: {},
      advices: {},
      processes: {},
      scans: [],
      memory: [],
      identity: { pid: 9 },
      ...manifest,
    },
    inTree: (path: string) => join(folder, 'tree', path),
    positional: (path: string) => pieces[path],
    lacks: (what: string) => new OctavoError('RECORDING_LACKS', { path: folder, what }),
  } as unknown as RecordedFolder;
  const files = new FolderFiles(told);
  return { files, calls: new FolderCalls(told, files, GEOMETRY_4K) };
}

const lacks = { code: 'RECORDING_LACKS' };
const errno = (answer: { ok: boolean; error?: { errno: string; call: string } }) => answer.error?.errno;

test('a question that was asked has its answer, one that was not is not guessed', () => {
  const entry = {
    list: ['a', 'b'],
    link: { to: '/x' },
    status: { kind: 'file', mode: 0, bytes: 5, modifiedMs: 0 },
    write: 'ok',
    read: 'EACCES',
  };
  const { files } = recorded({ files: { '/proc/1/x': entry, '/proc/2/x': { list: 'EACCES', link: 'EPERM', status: 'ENOENT', write: 'EPERM', open: 'EIO' } } }); // biome-ignore format: one row
  assert.deepEqual(files.list('/proc/1/x'), { ok: true, value: ['a', 'b'] });
  assert.deepEqual(files.link('/proc/1/x'), { ok: true, value: '/x' });
  const status = files.status('/proc/1/x');
  assert.equal(status.ok && status.value.bytes, 5);
  assert.equal(files.canWrite('/proc/1/x').ok, true);
  assert.deepEqual(files.readText('/proc/1/x'), {
    ok: false,
    error: { errno: 'EACCES', call: 'read /proc/1/x' },
  });
  const of = (path: string) =>
    [files.list(path), files.link(path), files.status(path), files.canWrite(path), files.open(path)].map(
      errno,
    );
  assert.deepEqual(of('/proc/2/x'), ['EACCES', 'EPERM', 'ENOENT', 'EPERM', 'EIO']);
  const asks: readonly ((path: string) => unknown)[] = [
    (path) => files.list(path),
    (path) => files.link(path),
    (path) => files.status(path),
    (path) => files.canWrite(path),
    (path) => files.open(path),
    (path) => files.readText(path),
  ];
  for (const [index, ask] of asks.entries()) assert.throws(() => ask('/proc/3/smaps'), lacks, `${index}`);
});

test('what its folder was listed without, or whose folder is absent, is absent', () => {
  const { files } = recorded({ files: { '/sys/a': { list: ['there'] }, '/sys/b': { list: 'ENOENT' }, '/sys/c': { status: 'ENOENT' }, '/sys/d': { list: 'EACCES' } } }); // biome-ignore format: one row
  for (const path of ['/sys/a/x', '/sys/a/x/deeper', '/sys/b/x', '/sys/c/x/y'])
    assert.equal(errno(files.readText(path)), 'ENOENT', path);
  for (const path of ['/sys/a/there', '/sys/d/x', '/sys/x'])
    assert.throws(() => files.readText(path), lacks, path);
});

test('a tree written by hand says ENOENT to everything else', () => {
  const { files, calls } = recorded({ complete: true });
  assert.deepEqual([files.list('/proc/x'), files.status('/proc/x'), files.link('/proc/x'), files.readText('/proc/x'), files.open('/proc/x'), files.canWrite('/proc/x')].map(errno), Array(6).fill('ENOENT')); // biome-ignore format: one row
  assert.equal(errno(calls.probeAdvice('MADV_COLD')), 'EINVAL');
});

test('kernel files cannot be written, others are those of this machine', () => {
  const { files } = recorded({});
  const kernel = '/sys/kernel/mm/x';
  const acts = [
    files.writeKernelFile(kernel),
    files.writeFile(kernel, 'x'),
    files.appendTo(kernel),
    files.createExclusive(kernel, 'x'),
    files.makeDirectory(kernel),
    files.remove(kernel),
  ];
  assert.deepEqual(acts.map(errno), Array(6).fill('EROFS'));
  const path = join(folder, 'own');
  assert.equal(files.writeFile(path, 'text').ok, true);
  assert.deepEqual(
    [files.readText(path), files.status(path).ok, files.canWrite(path).ok],
    [{ ok: true, value: 'text' }, true, true],
  );
  assert.equal(files.makeDirectory(join(folder, 'made')).ok, true);
  assert.equal(files.createExclusive(join(folder, 'made/lock'), 'x').ok, true);
  assert.deepEqual(files.list(join(folder, 'made')), { ok: true, value: ['lock'] });
  assert.equal(files.remove(join(folder, 'made/lock')).ok, true);
});

test('a file that was read at positions answers where it was read', () => {
  const pieces = new Pieces();
  pieces.add(8, Uint8Array.of(1, 2, 3, 4), 4);
  pieces.add(12, Uint8Array.of(5), 4);
  pieces.refuse(100, 'EIO');
  const { files } = recorded(
    { files: { '/proc/1/pagemap': { open: 'ok' } } },
    { '/proc/kpageflags': pieces },
  );
  const opened = files.open('/proc/kpageflags');
  assert.ok(opened.ok);
  const into = new Uint8Array(8);
  assert.deepEqual(
    [opened.value.read(into, 8), [...into]],
    [{ ok: true, value: 5 }, [1, 2, 3, 4, 5, 0, 0, 0]],
  );
  assert.deepEqual(opened.value.read(into, 13), { ok: true, value: 0 });
  assert.deepEqual(opened.value.read(into, 100), {
    ok: false,
    error: { errno: 'EIO', call: 'read /proc/kpageflags' },
  });
  assert.throws(() => opened.value.read(into, 50), lacks);
  const unread = files.open('/proc/1/pagemap');
  assert.ok(unread.ok);
  assert.throws(() => unread.value.read(into, 0), lacks);
});

test('pieces of a file: later bytes win, runs that touch are one, and the record brings back the same', () => {
  const pieces = new Pieces();
  pieces.add(10, Uint8Array.of(1, 1, 1), 3);
  pieces.add(13, Uint8Array.of(2, 2), 2);
  pieces.add(11, Uint8Array.of(9), 1);
  pieces.add(30, Uint8Array.of(7), 5);
  pieces.add(20, new Uint8Array(0), 4);
  pieces.refuse(40, 'EPERM');
  const record = pieces.record();
  assert.deepEqual([record.pieces, [...record.bytes], record.ends, record.refusals], [[10, 5, 30, 1], [1, 9, 1, 2, 2, 7], [20, 31], [[40, 'EPERM']]]); // biome-ignore format: one row
  const again = Pieces.from(record);
  assert.deepEqual(again.record(), record);
  const into = new Uint8Array(3);
  assert.deepEqual([again.read(into, 11), [...into]], [{ kind: 'bytes', length: 3 }, [9, 1, 2]]);
  assert.deepEqual(again.read(into, 14), { kind: 'bytes', length: 1 });
  assert.deepEqual([again.read(into, 9), again.read(into, 15), again.read(into, 20), again.read(into, 40)], [{ kind: 'unknown' }, { kind: 'unknown' }, { kind: 'bytes', length: 0 }, { kind: 'refused', errno: 'EPERM' }]); // biome-ignore format: one row
  assert.deepEqual(again.read(new Uint8Array(0), 500), { kind: 'bytes', length: 0 });
});

test('a file is whole when it was read from its start to its end', () => {
  const whole = new Pieces();
  assert.equal(whole.whole(), undefined);
  whole.add(0, Uint8Array.of(1, 2), 2);
  assert.equal(whole.whole(), undefined, 'its end was not seen');
  whole.add(2, new Uint8Array(0), 9);
  assert.deepEqual(whole.whole(), Uint8Array.of(1, 2));
  const empty = new Pieces();
  empty.add(0, new Uint8Array(0), 1);
  assert.deepEqual(empty.whole(), new Uint8Array(0));
  const later = new Pieces();
  later.add(4, Uint8Array.of(1), 9);
  assert.equal(later.whole(), undefined);
});

test('processes are those that were opened, or had a status', async () => {
  const { calls } = recorded({ complete: true, processes: { 5: 'ok', 6: 'ESRCH' } });
  const opened = calls.openProcess(5);
  assert.ok(opened.ok && opened.value.isAlive());
  opened.value.close();
  assert.deepEqual([errno(calls.openProcess(6)), errno(calls.openProcess(7))], ['ESRCH', 'ESRCH']);
  assert.equal(errno(await calls.processMadvise(opened.value, [], 'MADV_COLD')), 'EROFS');
  assert.deepEqual(
    [errno(calls.start('x')), calls.become('x')],
    ['EROFS', { errno: 'EROFS', call: 'execve x' }],
  );
});

test('advices are as they were probed', () => {
  const { calls } = recorded({ advices: { MADV_COLD: 'ok', MADV_PAGEOUT: 'EINVAL' } });
  assert.deepEqual(
    [calls.probeAdvice('MADV_COLD').ok, errno(calls.probeAdvice('MADV_PAGEOUT'))],
    [true, 'EINVAL'],
  );
  assert.throws(() => calls.probeAdvice('MADV_COLLAPSE'), lacks);
});

const ASKED = { inverted: 0, mask: 1, anyOf: 0, report: 1 };
const scan = (start: number, end: number) => ({ range: { start, end }, ...ASKED });

test('a scan of the page table is cut from the one that was made', () => {
  const regions = [10, 20, 1, 25, 30, 3, 40, 50, 1];
  const { calls } = recorded({
    scans: [
      { pid: 5, start: 0, end: 100, ...ASKED, regions },
      { pid: 6, start: 0, end: 10, ...ASKED, regions: 'EPERM' },
    ],
  });
  const found = calls.scanPagemap(5, scan(15, 41));
  assert.ok(found.ok);
  const { count, starts, ends, categories } = found.value;
  assert.deepEqual(
    [count, [...starts], [...ends], [...categories]],
    [3, [15, 25, 40], [20, 30, 41], [1, 3, 1]],
  );
  const none = calls.scanPagemap(5, scan(20, 25));
  assert.equal(none.ok && none.value.count, 0);
  assert.equal(calls.scanPagemap(5, scan(0, 100)).ok, true);
  assert.throws(() => calls.scanPagemap(5, scan(0, 101)), lacks);
  assert.throws(() => calls.scanPagemap(5, { ...scan(0, 10), mask: 2 }), lacks, 'another question');
  assert.deepEqual([errno(calls.scanPagemap(6, scan(0, 10))), errno(calls.scanPagemap(6, scan(50, 60)))], ['EPERM', 'EPERM'], 'a refusal holds for all of it'); // biome-ignore format: one row
});

test('memory that held data comes back with its first byte set, as much as was read', () => {
  const filled = Buffer.from([0b101]).toString('base64');
  const { calls } = recorded({
    memory: [
      { pid: 5, start: 100, end: 104, filled, pages: 3 },
      { pid: 5, start: 200, end: 204, filled: '', pages: 0, refusal: 'EIO' },
      { pid: 6, start: 0, end: 0, filled: '', pages: 0, refusal: 'EACCES' },
    ],
  });
  const opened = calls.openMemory(5);
  assert.ok(opened.ok);
  const into = new Uint8Array(4 * 4096).fill(9);
  assert.deepEqual(opened.value.read({ start: 100, end: 104 }, into), { ok: true, value: 3 * 4096 });
  assert.deepEqual([into[0], into[1], into[4096], into[8192], into[3 * 4096]], [1, 0, 0, 1, 9]);
  assert.deepEqual(
    [opened.value.read({ start: 101, end: 103 }, into), into[0], into[4096]],
    [{ ok: true, value: 2 * 4096 }, 0, 1],
  );
  assert.deepEqual(opened.value.read({ start: 103, end: 104 }, into), { ok: true, value: 0 });
  assert.equal(errno(opened.value.read({ start: 200, end: 201 }, into)), 'EIO');
  assert.throws(() => opened.value.read({ start: 99, end: 101 }, into), lacks);
  assert.throws(() => opened.value.read({ start: 103, end: 105 }, into), lacks);
  assert.deepEqual(calls.openMemory(6), { ok: false, error: { errno: 'EACCES', call: 'open /proc/6/mem' } });
  opened.value.close();
});

test('a host that is recorded cannot act on the kernel, and keeps its own files', () => {
  const log: string[] = [];
  const success = (name: string) => (path: string) => {
    log.push(`${name} ${path}`);
    return { ok: true, value: undefined };
  };
  const names = [
    'writeFile',
    'appendTo',
    'createExclusive',
    'makeDirectory',
    'remove',
    'writeKernelFile',
    'canWrite',
    'list',
  ] as const;
  const inner = { files: Object.fromEntries(names.map((name) => [name, success(name)])), calls: {}, random: { uint32: () => 1 }, clock: { wallMs: () => 0 }, identity: { geometry: GEOMETRY_4K } } as unknown as Host; // biome-ignore format: one row
  const { files } = recordHost(inner).host;
  const act = (path: string) => [
    files.writeFile(path, 'x'),
    files.appendTo(path),
    files.createExclusive(path, 'x'),
    files.makeDirectory(path),
    files.remove(path),
    files.writeKernelFile(path, 'x'),
  ];
  assert.deepEqual(act('/sys/x').map((answer) => !answer.ok && [answer.error.errno, answer.error.call]), [['EROFS', 'write /sys/x'], ['EROFS', 'open for appending /sys/x'], ['EROFS', 'create /sys/x'], ['EROFS', 'mkdir /sys/x'], ['EROFS', 'remove /sys/x'], ['EROFS', 'write /sys/x']]); // biome-ignore format: one row
  assert.deepEqual(log, []);
  act('/tmp/x');
  assert.deepEqual(log, [
    'writeFile /tmp/x',
    'appendTo /tmp/x',
    'createExclusive /tmp/x',
    'makeDirectory /tmp/x',
    'remove /tmp/x',
  ]);
});

test('files of this machine: replaced whole, private, and refused with the errno of the kernel', async () => {
  const { LinuxFiles } = await import('./linux/files.js');
  const files: Files = new LinuxFiles();
  const path = join(folder, 'f');
  assert.equal(files.writeFile(path, 'one').ok, true);
  assert.equal(files.writeFile(path, 'two').ok, true);
  assert.deepEqual([readFileSync(path, 'utf8'), statSync(path).mode & 0o777], ['two', 0o600]);
  assert.deepEqual(errno(files.writeFile(join(folder, 'absent/x'), 'x')), 'ENOENT');
  assert.deepEqual([errno(files.createExclusive(path, 'x')), readFileSync(path, 'utf8')], ['EEXIST', 'two']);
  const opened = files.appendTo(path);
  assert.ok(opened.ok);
  assert.equal(opened.value.append('three\n').ok, true);
  opened.value.close();
  assert.equal(readFileSync(path, 'utf8'), 'twothree\n');
  assert.equal(files.writeFile('/dev/null', 'x').ok, true, 'a device stays what it is');
  assert.equal(statSync('/dev/null').isCharacterDevice(), true);
  assert.equal(errno(files.writeFile('/dev/full', 'x')), 'ENOSPC');
  assert.equal(errno(files.writeKernelFile(join(folder, 'absent'), 'x')), 'ENOENT');
  writeFileSync(join(folder, 'k'), '');
  assert.equal(files.writeKernelFile(join(folder, 'k'), 'abc').ok, true);
  assert.deepEqual(
    [errno(files.remove(join(folder, 'absent'))), errno(files.remove(folder))],
    ['ENOENT', 'ENOTEMPTY'],
  );
  const kinds = [folder, path, '/dev/null'].map((one) => {
    const status = files.status(one);
    return status.ok && status.value.kind;
  });
  assert.deepEqual(kinds, ['directory', 'file', 'other']);
  assert.deepEqual([errno(files.link(path)), errno(files.open(join(folder, 'absent'))), errno(files.canWrite(join(folder, 'absent'))), errno(files.readBytes(folder))], ['EINVAL', 'ENOENT', 'ENOENT', 'EISDIR']); // biome-ignore format: one row
});
