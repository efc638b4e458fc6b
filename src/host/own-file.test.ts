/** What stands in the place of a file of Octavo’s own and is none is neither read nor written, so that nobody waits for it. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { LinuxFiles } from './linux/files.js';
import { linuxHost } from './linux/linux-host.js';
import { takeLock } from './lock-file.js';
import { readOwnBytes, readOwnText, refusal, writeOwn } from './own-file.js';

const folder = mkdtempSync(join(tmpdir(), 'octavo-own-'));
const pipe = join(folder, 'pipe');
execFileSync('mkfifo', [pipe]);
after(() => rmSync(folder, { recursive: true, force: true }));
const files = new LinuxFiles();

test('a pipe is refused at once, and stays what it is', () => {
  for (const answer of [readOwnText(files, pipe), readOwnBytes(files, pipe), writeOwn(files, pipe, 'x')]) {
    assert.ok(!answer.ok);
    assert.equal(answer.error.errno, 'EINVAL');
    assert.match(answer.error.call, /pipe, which is no ordinary file$/);
  }
  assert.ok(statSync(pipe).isFIFO());
});

test('an ordinary file is read and written; a missing one is made, and told as missing', () => {
  const path = join(folder, 'file');
  assert.deepEqual(refusal(files, path), undefined);
  const absent = readOwnText(files, path);
  assert.equal(!absent.ok && absent.error.errno, 'ENOENT');
  assert.ok(writeOwn(files, path, 'told').ok);
  const [text, bytes] = [readOwnText(files, path), readOwnBytes(files, path)];
  assert.equal(text.ok && text.value, 'told');
  assert.equal(bytes.ok && Buffer.from(bytes.value).toString(), 'told');
  const above = readOwnText(files, folder);
  assert.equal(!above.ok && above.error.errno, 'EISDIR');
});

test('a lock that is a pipe belongs to nobody who lives', () => {
  const path = join(folder, 'lock');
  execFileSync('mkfifo', [path]);
  const lock = takeLock(linuxHost(), path);
  assert.ok(lock.ok);
  lock.value.release();
});
