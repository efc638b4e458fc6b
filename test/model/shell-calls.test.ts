/** Lines of `octavo model shell`, one after the other on one machine: what each call and file answers. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { linuxHost } from '../../src/host/linux/linux-host.js';
import { terminalOn } from '../support/terminal.js';

const folder = mkdtempSync(join(tmpdir(), 'octavo-shell-calls-'));
after(() => rmSync(folder, { recursive: true }));

const AT = '0x100000000000';
const SPAWN = `spawn victim size=4M at=${AT} touch=write`;

/** What each line printed, by marking their ends. */
async function answers(...lines: readonly string[]): Promise<string[]> {
  const text = lines.flatMap((line) => [line, 'echo ;']).join('\n');
  const { run, told } = terminalOn(linuxHost(), { input: [`${text}\n`] });
  await run(['model', 'shell', '--memory', '256M']);
  return told()
    .split(/^;\n/m)
    .slice(0, -1)
    .map((piece) => piece.trim());
}

test('mappings are cut, protected, moved and locked, and their pages follow', async () => {
  const said = await answers(
    SPAWN,
    `call mprotect 101 ${AT} 4096 r`,
    `pages 101 ${AT} 2M`,
    `call mprotect 101 ${AT} 4096 rwx`,
    `touch 101 ${AT} 4096 4096 write`,
    `touch 101 ${AT} 4096 4096 read`,
    `call munmap 101 0x100000200000 1M`,
    `pages 101 0x100000200000 2M`,
    `call mlock 101 ${AT} 4096`,
    `call madvise 101 ${AT} 4096 DONTNEED`,
    `call munlock 101 ${AT} 4096`,
    `call madvise 101 ${AT} 4096 4`,
    'check',
  );
  assert.equal(said[1], '');
  assert.match(said[2], /^0x100000000000 9x1|^0x100000000000 9/);
  assert.match(said[3], /permissions are r, rw, rx or none/);
  assert.deepEqual([said[4], said[5]], ['EFAULT', '1']);
  assert.match(said[7], /^0x100000200000 -x256 9/);
  assert.deepEqual(said.slice(8), ['', 'EINVAL', '', '4096', 'sound']);
});

test('a fork shares memory until one of both writes, reads or is read', async () => {
  const said = await answers(
    SPAWN,
    'call fork 101',
    'cat /proc/102/comm',
    `call process_vm_readv 101 ${AT} 4096`,
    `pages 101 ${AT} 2M`,
    `touch 102 ${AT} 4096 4096 write`,
    'call exit 102',
    'call exit 102',
    'call fork 102',
    'check',
  );
  assert.deepEqual([said[1], said[2], said[3], said[5], said[6]], ['102', 'victim', '4096', '1', '']);
  assert.notEqual(said[4], '0x100000000000 P9', 'the read unshared it');
  assert.match(said[7], /ESRCH|no process/);
  assert.match(said[8], /ESRCH|no process/);
  assert.equal(said[9], 'sound');
});

test('a pinned folio does not split, an unpinned one does', async () => {
  const said = await answers(SPAWN, `call pin 101 ${AT} 4M`, `call process_madvise 101 ${AT} 4096 COLD`, `pages 101 ${AT} 2M`, `call unpin 101 ${AT} 4M`, `call process_madvise 101 ${AT} 4096 COLD`, `pages 101 ${AT} 2M`, 'call pin 101 0x1000 4096'); // biome-ignore format: one row
  assert.deepEqual([said[3], said[6]], ['0x100000000000 P9', '0x100000000000 0x512']);
  assert.equal(said[7], 'EFAULT');
});

test('an advice is known by its name, with or without MADV_, and by its number', async () => {
  const said = await answers(SPAWN, `call madvise 101 ${AT} 4096 MADV_COLD`, `call madvise 101 ${AT} 4096 cold`, `call madvise 101 ${AT} 4096 20`, `call madvise 101 ${AT} 4096 99`, `call madvise 101 ${AT} 4096 WHAT`, `call madvise 101 ${AT} 4096`, `call madvise x ${AT} 4096 COLD`); // biome-ignore format: one row
  assert.deepEqual(said.slice(1, 6), ['4096', '4096', '4096', 'EINVAL', 'EINVAL']);
  assert.match(said[6], /PID ADDR LEN ADVICE/);
  assert.match(said[7], /a pid is a decimal number/);
});

test('prctl takes what it knows and refuses the rest', async () => {
  const said = await answers(SPAWN, 'call prctl 101 thp_disable complete', 'cat /proc/101/status', 'call prctl 101 thp_disable sometimes', 'call prctl 101 other no', 'call prctl 999 thp_disable no'); // biome-ignore format: one row
  assert.equal(said[1], '');
  assert.match(said[2], /^THP_enabled:\s+0$/m);
  assert.deepEqual([said[3], said[4]], ['EINVAL', 'EINVAL']);
  assert.match(said[5], /ESRCH|no process/);
});

test('a huge page moves whole to a place aligned like its own', async () => {
  const said = await answers(SPAWN, `call mremap 101 ${AT} 2M 0x200000000000`, 'pages 101 0x200000000000 2M', `call mremap 101 0x100000200000 2M 0x200000401000`, 'pages 101 0x200000401000 4096', `call mremap 101 ${AT} 4096 nowhere`, 'check'); // biome-ignore format: one row
  assert.deepEqual([said[1], said[2]], ['', '0x200000000000 P9']);
  assert.doesNotMatch(said[4], /P9/);
  assert.deepEqual(said[6], 'sound');
});

test('files: trees, words, directories, and what each answers when it is used wrong', async () => {
  const thp = '/sys/kernel/mm/transparent_hugepage';
  const said = await answers(
    `tree ${thp}/khugepaged`,
    'tree /no/such',
    'tree',
    'ls',
    'cat',
    'mkdir',
    'words /proc/kpageflags 0 2',
    'words /proc/kpageflags 0 65537',
    'words /no/such 0 1',
    'words /proc/kpageflags',
    'mkdir /sys/fs/cgroup/x',
    'ls /sys/fs/cgroup/x',
    'mkdir /sys/fs/cgroup/x/y/z',
    `tree ${thp}`,
    'echo plain words',
  );
  assert.match(
    said[0],
    /^0644 \/sys\/kernel\/mm\/transparent_hugepage\/khugepaged\/scan_sleep_millisecs = \d+\\n$/m,
  );
  assert.equal(said[1], 'ENOENT');
  for (const [at, usage] of [[2, 'tree PATH'], [3, 'ls PATH'], [4, 'cat PATH'], [5, 'mkdir PATH'], [7, 'words PATH'], [9, 'words PATH']] as const) assert.ok(said[at].includes(usage), said[at]); // biome-ignore format: a table
  assert.match(said[6], /^[0-9a-f]{16}\n[0-9a-f]{16}$/);
  assert.equal(said[8], 'ENOENT');
  assert.equal(said[10], '');
  assert.match(said[11], /^memory\.max$/m);
  const sizes = said[13]
    .split('\n')
    .flatMap((line) => /hugepages-(\d+)kB\/$/.exec(line)?.[1] ?? [])
    .map(Number);
  assert.deepEqual(
    sizes,
    [...sizes].sort((left, right) => left - right),
    'sizes by their number',
  );
  assert.ok(sizes.length > 3);
  assert.equal(said[14], 'plain words');
});
