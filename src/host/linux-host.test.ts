import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { linuxHost } from './linux-host.js';

test('writing a file replaces it whole; a pipe is written into and stays a pipe', async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'octavo-files-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const { files } = linuxHost();
  const file = join(folder, 'file');
  writeFileSync(file, 'what was there before, and longer');
  assert.deepEqual(files.writeFile(file, 'new'), { ok: true, value: undefined });
  assert.equal(readFileSync(file, 'utf8'), 'new');
  const pipe = join(folder, 'pipe');
  if (spawnSync('mkfifo', [pipe]).status !== 0) {
    context.skip('no mkfifo here');
    return;
  }
  const reader = promisify(execFile)('cat', [pipe]);
  assert.equal(files.writeFile(pipe, 'through').ok, true);
  assert.equal((await reader).stdout, 'through');
  assert.equal(statSync(pipe).isFIFO(), true);
});
