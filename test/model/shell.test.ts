import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { linuxHost } from '../../src/host/linux/linux-host.js';
import { readLine } from '../../src/model/shell/words.js';
import { terminalOn } from '../support/terminal.js';

const folder = mkdtempSync(join(tmpdir(), 'octavo-shell-'));
after(() => rmSync(folder, { recursive: true }));

interface Session {
  readonly code: number;
  readonly out: string[];
  readonly err: string;
}

/** Runs `octavo model shell` with lines from a pipe, or with a script. */
async function shell(
  lines: readonly string[],
  words: readonly string[] = [],
  script = false,
): Promise<Session> {
  const text = `${lines.join('\n')}\n`;
  const path = join(folder, 'test.octavo');
  if (script) writeFileSync(path, text);
  // In two pieces, cut in the middle of a line.
  const input = script ? [] : [text.slice(0, 7), text.slice(7)];
  const { run, out, err } = terminalOn(linuxHost(), { input });
  const extra = script ? ['--script', path] : [];
  const code = await run(['model', 'shell', ...extra, ...words]);
  return { code, out: out().trimEnd().split('\n'), err: err() };
}

const SMALL = ['--memory', '256M'];
const ENABLED = '/sys/kernel/mm/transparent_hugepage/enabled';

test('files: ls, cat, echo with errno names, and the same from a pipe cut anywhere', async () => {
  const { code, out } = await shell(
    [
      `cat ${ENABLED}`,
      `echo madvise > ${ENABLED}`,
      `cat ${ENABLED}`,
      `echo sometimes > ${ENABLED}`,
      `echo 1 > ${ENABLED.replace('enabled', 'hpage_pmd_size')}`,
      'cat /sys/no/such/file',
      '# a comment',
      'ls /sys/kernel/mm/transparent_hugepage/khugepaged',
    ],
    SMALL,
  );
  assert.equal(code, 0);
  assert.deepEqual(out.slice(0, 5), [
    '[always] madvise never',
    'always [madvise] never',
    'EINVAL',
    'EACCES',
    'ENOENT',
  ]);
  assert.ok(out.includes('scan_sleep_millisecs'));
});

test('spawn prints pid and address; touch, call and pages act on it', async () => {
  const { out, code } = await shell(
    [
      'spawn victim size=4M at=0x100000000000 touch=write',
      'pages 101 0x100000000000 4M',
      'call process_madvise 101 0x100000000000 4096 MADV_COLD',
      'pages 101 0x100000000000 2M',
      'call process_madvise 101 0x100000000000 4096 MADV_NOHUGEPAGE',
      'call process_madvise 999 0x100000000000 4096 MADV_COLD',
      'call process_madvise 101 0x1000 4096 MADV_COLD',
      'touch 101 0x100000000000 4M 2M read',
      'check',
    ],
    SMALL,
  );
  assert.equal(code, 0);
  assert.deepEqual(out, [
    '101 0x100000000000',
    '0x100000000000 P9',
    '0x100000200000 P9',
    '4096',
    '0x100000000000 0x512',
    'EINVAL',
    'ESRCH',
    'ENOMEM',
    '2',
    'sound',
  ]);
});

test('advance runs khugepaged', async () => {
  const { out } = await shell(
    [
      'spawn victim size=2M at=0x100000000000 touch=write',
      'call process_madvise 101 0x100000000000 4096 MADV_COLD',
      'advance 5s',
      'pages 101 0x100000000000 2M',
      'advance 6s',
      'pages 101 0x100000000000 2M',
    ],
    SMALL,
  );
  assert.deepEqual(out.slice(2), ['0x100000000000 0x512', '0x100000000000 P9']);
});

test('a script stops at the failing line with the errno name', async () => {
  const { out, err, code } = await shell(
    ['echo one', `echo sometimes > ${ENABLED}`, 'echo two'],
    SMALL,
    true,
  );
  assert.equal(code, 8);
  assert.deepEqual(out, ['one']);
  assert.match(err, /line 2 .*EINVAL/);
});

test('expect lets a script go on after the errno it names, and only that', async () => {
  const good = await shell([`expect EINVAL echo sometimes > ${ENABLED}`, 'echo two'], SMALL, true);
  assert.deepEqual([good.code, good.out], [0, ['two']]);
  const other = await shell([`expect EBUSY echo sometimes > ${ENABLED}`], SMALL, true);
  assert.equal(other.code, 8);
  assert.match(other.err, /expected EBUSY, but it failed with EINVAL/);
  const none = await shell([`expect EINVAL echo always > ${ENABLED}`], SMALL, true);
  assert.match(none.err, /it succeeded/);
});

test('a wrong line is refused with its place; from a pipe the rest still runs and the exit code says so', async () => {
  const script = await shell(['spawn victim sise=4M'], SMALL, true);
  assert.equal(script.code, 3);
  assert.match(script.err, /unknown key `sise`.*line 1/);
  const pipe = await shell(['frobnicate', 'echo on'], SMALL);
  assert.deepEqual([pipe.code, pipe.out], [3, ['on']]);
});

test('impossible machines are refused before anything runs', async () => {
  for (const words of [
    ['--memory', '1'],
    ['--memory', 'much'],
    ['--release', '5.4'],
    ['--page-size', '64K'],
    ['--fragmentation', '2'],
    ['--seed', '-1'],
  ]) {
    const { code, out } = await shell(['echo ran'], words);
    assert.equal(code, 2, words.join(' '));
    assert.deepEqual(out, ['']);
  }
});

test('the same seed and lines give the same snapshot, also after it was resumed', async () => {
  const lines = [
    'spawn victim size=8M at=0x100000000000 touch=write stride=64K',
    'call madvise 101 0x100000000000 2M MADV_DONTNEED',
    'call fork 101',
    'advance 2s',
  ];
  const path = join(folder, 'model.snapshot');
  const more = ['advance 30s', 'touch 102 0x100000200000 4M', 'check', 'snapshot'];
  const straight = await shell([...lines, ...more], SMALL);
  const again = await shell([...lines, ...more], SMALL);
  assert.deepEqual(straight, again);
  await shell([...lines, `snapshot ${path}`], SMALL);
  const resumed = await shell([`resume ${path}`, ...more], ['--memory', '64M']);
  assert.deepEqual(resumed.out.slice(-3), straight.out.slice(-3));
});

test('a snapshot of another version, another shape, or cut short is refused, not misread', async () => {
  const path = join(folder, 'other.snapshot');
  await shell([`snapshot ${path}`], SMALL);
  const bytes = readFileSync(path);
  const text = bytes.toString('latin1');
  const refused = async (content: string | Uint8Array) => {
    const changed = join(folder, 'changed.snapshot');
    writeFileSync(changed, content, 'latin1');
    return (await shell([`resume ${changed}`], SMALL, true)).err;
  };
  assert.match(
    await refused(text.replace('"version":1', '"version":2')),
    /version 2, and this Octavo reads version 1/,
  );
  assert.match(await refused(text.replace('rssAnon', 'rssAnno')), /Mm has other fields/);
  assert.match(await refused('not a snapshot\n'), /it is no model snapshot/);
  assert.match(await refused(bytes.subarray(0, bytes.length - 100)), /damaged/);
  assert.match(await refused(bytes.subarray(0, 3000)), /damaged|no model/);
});

test('a 16 KiB arm64 machine has 32 MiB huge pages', async () => {
  const { out } = await shell(
    [
      'cat /sys/kernel/mm/transparent_hugepage/hpage_pmd_size',
      'spawn victim size=64M at=0x100000000000 touch=write',
      'pages 101 0x100000000000 64M',
      'check',
    ],
    ['--memory', '512M', '--architecture', 'arm64', '--page-size', '16K'],
  );
  assert.deepEqual(out, [
    '33554432',
    '101 0x100000000000',
    '0x100000000000 P11',
    '0x100002000000 P11',
    'sound',
  ]);
});

test('DAMON is there, and a running kdamond keeps snapshots away', async () => {
  const { out } = await shell(
    [
      'echo 1 > /sys/kernel/mm/damon/admin/kdamonds/nr_kdamonds',
      'cat /sys/kernel/mm/damon/admin/kdamonds/0/state',
      'echo nonsense > /sys/kernel/mm/damon/admin/kdamonds/0/state',
    ],
    SMALL,
  );
  assert.deepEqual(out, ['off', 'EINVAL']);
});

test('words: quotes, redirection, comments', () => {
  assert.deepEqual(readLine(`echo "a b" 'c d' > /x # y`), { words: ['echo', 'a b', 'c d'], target: '/x' });
  assert.deepEqual(readLine('  # only'), { words: [], target: undefined });
  assert.equal(typeof readLine('echo "open'), 'string');
  assert.equal(typeof readLine('echo a >'), 'string');
  assert.equal(typeof readLine('echo > a b'), 'string');
});

test('Octavo itself runs on the model: inspect, plan, apply, undo, with journals among the model’s files', async () => {
  const { out, code } = await shell(
    [
      'spawn sparse size=8M at=0x100000000000 touch=write stride=64K',
      'sum 101 0x100000000000 8M',
      'octavo plan 101 --policy return-empty --out /tmp/plan.json',
      'octavo apply /tmp/plan.json',
      'pages 101 0x100000000000 2M',
      'sum 101 0x100000000000 8M',
      'octavo inspect 999',
      'ls /var/lib/octavo/runs',
      'check',
    ],
    SMALL,
  );
  assert.equal(code, 0);
  const sums = out.filter((line) => /^[0-9a-f]{8}$/.test(line));
  assert.equal(sums.length, 2);
  assert.equal(sums[0], sums[1], 'no content changed');
  assert.ok(
    out.some((line) => /4 met; resident memory −/.test(line)),
    out.join('\n'),
  );
  assert.ok(out.some((line) => line.startsWith('0x100000000000 0 zx15 0 zx15')));
  assert.ok(out.some((line) => /no process matches `999`/.test(line)));
  assert.ok(out.some((line) => /^\d{8}T\d+Z-[0-9a-f]{4}$/.test(line)));
  assert.equal(out.at(-1), 'sound');
});

test('mremap in the shell: whole blocks move as they are', async () => {
  const { out } = await shell(
    [
      'spawn mover size=4M at=0x100000000000 touch=write',
      'call mremap 101 0x100000000000 2M 0x200000000000',
      'pages 101 0x200000000000 2M',
      'call mremap 101 0x100000200000 1M 0x200000300000',
      'pages 101 0x100000200000 2M',
      'check',
    ],
    SMALL,
  );
  assert.deepEqual(out.slice(1), ['0x200000000000 P9', '0x100000200000 -x256 9', 'sound']);
});

test('calls check in the kernel’s order and answer the length they were given', async () => {
  const { out, code } = await shell(
    [
      'spawn victim size=4M at=0x100000000000 touch=write',
      'call process_madvise 101 0x100000000000 5000 MADV_COLD',
      'call process_madvise 101 0x200000000000 0 MADV_COLD',
      'call process_madvise 101 0x100000200000 4K 20',
      'call process_madvise 101 0x100000000000 4K 99',
      'call process_madvise 101 0x100000000001 4K MADV_COLD',
      'call process_madvise 999 0x100000000001 4K MADV_COLD',
      'call process_madvise 999 0x100000000000 4K MADV_NONSENSE',
    ],
    SMALL,
  );
  assert.equal(code, 0);
  assert.deepEqual(out.slice(1), ['5000', '0', '4096', 'EINVAL', 'EINVAL', 'ESRCH', 'ESRCH']);
});
