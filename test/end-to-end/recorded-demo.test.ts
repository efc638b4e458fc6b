import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { ROOT } from '../corpus.js';

test('npm start without rights: every command of the demonstration works on the recording', () => {
  const demo = join(ROOT, 'dist', 'src', 'demo', 'demo.js');
  const recording = join(ROOT, 'test', 'fixtures', 'demo');
  const ended = spawnSync(process.execPath, [demo, recording, '--recorded'], { encoding: 'utf8' });
  assert.equal(ended.status, 0, ended.stdout + ended.stderr);
  assert.equal(ended.stderr, '');
  assert.match(ended.stdout, /works on a recording/);
  assert.match(ended.stdout, /AnonHugePages \(smaps\) +\d+ kB +0 kB/);
});
