import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { statLine, writtenHost } from '../../test/support/written-host.js';
import type { Host } from './host.js';
import { linuxHost } from './linux/linux-host.js';
import { takeLock } from './lock-file.js';

const PATH = '/state/lock';
const DEAD = JSON.stringify({ pid: 77, startTicks: 5, bootId: 'boot-1' });

/** Two processes of one machine. */
function two(lock?: string) {
  const world = writtenHost(lock === undefined ? {} : { [PATH]: lock }, 100);
  world.files.set('/proc/200/stat', statLine(200, 300));
  const other: Host = { ...world.host, identity: { ...world.host.identity, pid: 200 } };
  return { world, one: world.host, other };
}

test('a free lock is taken, a held one names its holder, a released one is gone', () => {
  const { world, one, other } = two();
  const lock = takeLock(one, PATH);
  assert.ok(lock.ok);
  const refused = takeLock(other, PATH);
  assert.ok(!refused.ok && refused.error.kind === 'held');
  assert.deepEqual(refused.error.holder, { pid: 100, startTicks: 100, bootId: 'boot-1' });
  lock.value.release();
  assert.equal(world.files.has(PATH), false);
  assert.ok(takeLock(other, PATH).ok);
});

for (const [what, text] of [
  ['a process that is gone', DEAD],
  ['a process whose pid is another’s now', JSON.stringify({ pid: 200, startTicks: 5, bootId: 'boot-1' })],
  ['an earlier boot', JSON.stringify({ pid: 200, startTicks: 300, bootId: 'boot-0' })],
  ['nobody: an empty file', ''],
  ['nobody: another kind of JSON', '{"pid":"x"}'],
] as const) {
  test(`the lock of ${what} is taken over`, () => {
    const { world, one } = two(text);
    assert.ok(takeLock(one, PATH).ok);
    assert.match(world.files.get(PATH) ?? '', /"pid":100/);
    assert.deepEqual(
      [...world.files.keys()].filter((path) => path.startsWith('/state')),
      [PATH],
    );
  });
}

test('wherever a second process cuts in while a dead lock is taken over, only one of them gets it', () => {
  let cuts = 0;
  for (let cut = 1; ; cut++) {
    const { world, one, other } = two(DEAD);
    let calls = 0;
    let second: ReturnType<typeof takeLock> | undefined;
    const cutIn = () => {
      if (++calls === cut) second = takeLock(other, PATH);
    };
    const files = {
      ...one.files,
      createExclusive: (path: string, text: string) => {
        cutIn();
        return one.files.createExclusive(path, text);
      },
      readText: (path: string) => {
        cutIn();
        return one.files.readText(path);
      },
      remove: (path: string) => {
        cutIn();
        return one.files.remove(path);
      },
    };
    const first = takeLock({ ...one, files }, PATH);
    if (!second) break;
    cuts++;
    assert.equal(Number(first.ok) + Number(second.ok), 1, `cut in before call ${cut}`);
    assert.match(world.files.get(PATH) ?? '', first.ok ? /"pid":100/ : /"pid":200/);
  }
  assert.ok(cuts >= 8, `${cuts} places to cut in`);
});

test('a takeover that was cut off is taken over as well', () => {
  const { world, one } = two(DEAD);
  world.files.set(`${PATH}.takeover`, DEAD);
  assert.ok(takeLock(one, PATH).ok);
  assert.equal(world.files.has(`${PATH}.takeover`), false);
});

test('a directory that cannot be written is told by its errno', () => {
  const { one } = two();
  const files = {
    ...one.files,
    createExclusive: () => ({ ok: false, error: { errno: 'EROFS', call: '' } }) as const,
  };
  const refused = takeLock({ ...one, files }, PATH);
  assert.deepEqual(!refused.ok && refused.error, { kind: 'unwritable', errno: 'EROFS' });
});

test('on a real file system the file appears with its text, and nothing else is left', () => {
  const folder = mkdtempSync(join(tmpdir(), 'octavo-lock-'));
  try {
    const host = linuxHost();
    const lock = takeLock(host, join(folder, 'lock'));
    assert.ok(lock.ok);
    assert.deepEqual(readdirSync(folder), ['lock']);
    assert.ok(!takeLock(host, join(folder, 'lock')).ok);
    lock.value.release();
    assert.deepEqual(readdirSync(folder), []);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
