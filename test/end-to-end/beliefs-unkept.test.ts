/** That what the policy octavo learned cannot be kept is told with the turn. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { octavo } from './in-process.js';

test('a turn tells that its beliefs cannot be written, and goes on', async (context) => {
  const state = mkdtempSync(join(tmpdir(), 'octavo-beliefs-'));
  const target = spawn('sleep', ['60'], { stdio: 'ignore' });
  context.after(() => {
    target.kill();
    rmSync(state, { recursive: true });
  });
  mkdirSync(join(state, 'beliefs'));
  const words = ['run', `${target.pid}`, '--policy', 'octavo', '--state', state];
  const { code, stderr } = await octavo(words);
  if (code === 6) return context.skip('no THP here');
  assert.match(stderr, /beliefs cannot be written \(E[A-Z]+\): a restart will forget what was learned/);
});
