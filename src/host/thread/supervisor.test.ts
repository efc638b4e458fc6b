import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const HOLDER = fileURLToPath(new URL('../../../test/support/supervised-holder.js', import.meta.url));

/** What a command that holds something told, when it was asked to stop in the middle. */
async function stoppedWhileHolding(): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(process.execPath, [HOLDER], { stdio: ['ignore', 'pipe', 'pipe'] });
  let [out, err] = ['', ''];
  child.stderr.on('data', (text) => {
    err += text;
  });
  child.stdout.on('data', (text) => {
    // It holds something from here on.
    if (out === '') child.kill('SIGTERM');
    out += text;
  });
  const [code] = await once(child, 'close');
  return { code, out, err };
}

test('a command that has put back what it held before it was looked at again tells its own outcome', async () => {
  const told = await stoppedWhileHolding();
  assert.deepEqual(told, { code: 130, out: 'holds\nput back\n', err: '' });
});
