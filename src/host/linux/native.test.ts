/** Numbers that no compiler checks. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { PAGE_IS } from '../host.js';
import { countHeldIn, hold, release } from './held.js';
import { linuxHost } from './linux-host.js';
import { NUMBERS } from './native.js';

/** Of the kernel's own headers, where they are installed. */
const HEADERS = {
  x64: ['/usr/include/x86_64-linux-gnu/asm/unistd_64.h', '/usr/include/asm/unistd_64.h'],
  arm64: ['/usr/include/asm-generic/unistd.h'],
} as const;

test('system calls have the numbers of each architecture', () => {
  const { x64, arm64 } = NUMBERS;
  assert.deepEqual([x64.ioctl, x64.madvise, x64.prctl, x64.perf_event_open], [16, 28, 157, 298]);
  assert.deepEqual([arm64.ioctl, arm64.madvise, arm64.prctl, arm64.perf_event_open], [29, 233, 167, 241]);
  for (const each of [x64, arm64]) assert.deepEqual([each.pidfd_open, each.process_madvise], [434, 440]);
  for (const architecture of ['x64', 'arm64'] as const) {
    const header = HEADERS[architecture].find((path) => existsSync(path));
    if (header === undefined) continue;
    const text = readFileSync(header, 'utf8');
    // What takes other numbers on 32 bits has them in its name.
    for (const [name, number] of Object.entries(NUMBERS[architecture])) {
      assert.match(
        text,
        new RegExp(`#define __NR(3264)?_${name}\\s+${number}\\b`),
        `${name} of ${architecture}`,
      );
    }
  }
});

test('categories of pages are the bits of linux/fs.h, in its order', () => {
  const order = [
    'WPALLOWED',
    'WRITTEN',
    'FILE',
    'PRESENT',
    'SWAPPED',
    'PFNZERO',
    'HUGE',
    'SOFT_DIRTY',
    'GUARD',
    'ACCESSED',
  ];
  assert.deepEqual(PAGE_IS, Object.fromEntries(order.map((name, place) => [name, 1 << place])));
});

test('who runs this is known: root, or not', () => {
  const { userId, isPrivileged, pid } = linuxHost().identity;
  assert.equal(userId, process.geteuid?.());
  assert.equal(isPrivileged, process.geteuid?.() === 0);
  assert.equal(pid, process.pid);
});

test('a file that cannot be written is refused with the call that failed, and leaves nothing behind', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'octavo-refused-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const { files } = linuxHost();
  const absent = files.writeFile(join(folder, 'absent/file'), 'text');
  assert.ok(!absent.ok);
  assert.equal(absent.error.errno, 'ENOENT');
  assert.match(absent.error.call, /^write /);
  assert.ok(files.makeDirectory(join(folder, 'taken')).ok);
  const taken = files.writeFile(join(folder, 'taken/..'), 'text');
  assert.equal(taken.ok, false);
  assert.deepEqual(readdirSync(folder), ['taken']);
});

test('a pipe is read in the order it comes; a file at the place asked for', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'octavo-pipe-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const [pipe, file] = [join(folder, 'pipe'), join(folder, 'file')];
  if (spawnSync('mkfifo', [pipe]).status !== 0) return t.skip('no mkfifo here');
  spawn('sh', ['-c', `printf abcdef > '${pipe}'`]);
  const { files } = linuxHost();
  assert.ok(files.writeFile(file, 'abcdef').ok);
  for (const [path, second] of [
    [pipe, 'def'],
    [file, 'bcd'],
  ]) {
    const open = files.open(path);
    assert.ok(open.ok);
    const into = new Uint8Array(3);
    assert.deepEqual(open.value.read(into, 0), { ok: true, value: 3 });
    assert.deepEqual(open.value.read(into, 1), { ok: true, value: 3 });
    assert.equal(new TextDecoder().decode(into), second);
    open.value.close();
  }
  const folderItself = files.open(folder);
  if (!folderItself.ok) return;
  const refused = folderItself.value.read(new Uint8Array(3), 0);
  assert.deepEqual(refused, { ok: false, error: { errno: 'EISDIR', call: `read ${folder}` } });
  folderItself.value.close();
});

test('advice holds this process up until it is done, once it is counted at all', async (t) => {
  hold();
  release();
  const steps: string[] = [];
  const shared = { hold: () => steps.push('hold'), release: () => steps.push('release') };
  countHeldIn(shared as never, () => undefined);
  const { calls } = linuxHost();
  const opened = calls.openProcess(process.pid);
  if (!opened.ok) return t.skip(`no pidfd here: ${opened.error.errno}`);
  const advised = await calls.processMadvise(opened.value, [], 'MADV_COLD');
  opened.value.close();
  assert.deepEqual(advised, { ok: true, value: 0 });
  assert.deepEqual(steps, ['hold', 'release']);
  const other = await calls.processMadvise({ pid: 1, close: () => undefined } as never, [], 'MADV_COLD');
  assert.ok(!other.ok && other.error.errno === 'EBADF');
});

test('several ranges are advised in one call, and the bytes of all of them are told', async (t) => {
  const { calls, files, identity } = linuxHost();
  const opened = calls.openProcess(process.pid);
  const maps = files.readText('/proc/self/maps');
  if (!opened.ok || !maps.ok) return t.skip('no pidfd here');
  const bytes = identity.geometry.pageBytes;
  const anonymous = [...maps.value.matchAll(/^([0-9a-f]+)-[0-9a-f]+ rw-p 0+ 00:00 0 *$/gm)];
  const ranges = anonymous.slice(0, 3).map(([, start]) => {
    const first = Number.parseInt(start, 16) / bytes;
    return { start: first, end: first + 1 };
  });
  assert.equal(ranges.length, 3);
  const advised = await calls.processMadvise(opened.value, ranges, 'MADV_COLD');
  opened.value.close();
  if (!advised.ok && ['ENOSYS', 'EPERM'].includes(advised.error.errno))
    return t.skip('no process_madvise here');
  assert.deepEqual(advised, { ok: true, value: 3 * bytes });
});

test('a scan of pages closes what it opened, and says what cannot be opened', () => {
  const { calls } = linuxHost();
  const open = () => readdirSync('/proc/self/fd').length;
  const scan = { range: { start: 1, end: 2 }, inverted: 0, mask: 0, anyOf: 0, report: PAGE_IS.PRESENT };
  calls.scanPagemap(process.pid, scan);
  const before = open();
  for (let turn = 0; turn < 3; turn++) calls.scanPagemap(process.pid, scan);
  assert.equal(open(), before);
  const nobody = calls.scanPagemap(2 ** 22 + 1, scan);
  assert.ok(!nobody.ok);
  if (nobody.error.unasked === undefined) {
    assert.deepEqual(nobody.error, { errno: 'ENOENT', call: 'open /proc/4194305/pagemap' });
  }
});

test('files are closed, whether they were written, read, looked at or refused', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'octavo-closed-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const { files } = linuxHost();
  const path = join(folder, 'file');
  const acts = [
    () => files.writeFile(path, 'text').ok,
    () => files.writeKernelFile(path, 'next').ok,
    () => files.readText(path).ok,
    () => files.readBytes(path).ok,
    () => files.canWrite(path).ok,
    () => !files.writeKernelFile('/proc/self/status', 'x').ok,
    () => !files.writeKernelFile('/proc/self/oom_score_adj', 'no number').ok,
  ];
  const open = () => readdirSync('/proc/self/fd').length;
  for (const act of acts) {
    const before = open();
    act();
    assert.equal(act(), true, String(act));
    assert.equal(open(), before, String(act));
  }
});
