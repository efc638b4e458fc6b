/** A terminal that is closed: the program behind it ends with a code, and is not aborted. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { MAIN } from './octavo.js';

const LAUNCHER = fileURLToPath(new URL('../../src/octavo.sh', import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'octavo-hangup-'));
after(() => rmSync(directory, { recursive: true, force: true }));

/** script(1) of util-linux makes the terminal; ended hard, it takes the terminal along. */
const script = spawnSync('script', ['--version'], { encoding: 'utf8' });
const skip = /util-linux/.test(script.stdout ?? '') ? false : 'needs script(1) of util-linux';

/** Runs a command line of sh in a terminal, closes that, and answers the line's exit code. */
async function hungUp(command: string, trap: string): Promise<string> {
  const code = join(directory, 'code');
  rmSync(code, { force: true });
  // The shell itself must outlive the terminal to tell; what it ignores the command ignores, what it catches not.
  const line = `trap '${trap}' HUP; ${command}; echo $? > ${code}`;
  const terminal = spawn('script', ['-qfc', line, '/dev/null'], { stdio: ['pipe', 'pipe', 'ignore'] });
  let shown = '';
  terminal.stdout.on('data', (text) => {
    shown += text;
  });
  for (let tries = 0; tries < 3000 && !/A model of a Linux machine/.test(shown); tries++) await sleep(10);
  terminal.kill('SIGKILL');
  for (let tries = 0; tries < 1000; tries++) {
    try {
      const text = readFileSync(code, 'utf8');
      if (text.endsWith('\n')) return text.trim();
    } catch {
      // Not yet.
    }
    await sleep(10);
  }
  return 'still there';
}

describe('octavo model shell in a terminal that is closed', { skip }, () => {
  it('ends with 130 by SIGHUP', async () => {
    assert.equal(await hungUp(`"${process.execPath}" "${MAIN}" model shell`, ':'), '130');
  });

  it('ends as at the end of its input when SIGHUP is ignored', async () => {
    assert.equal(await hungUp(`"${LAUNCHER}" model shell`, ''), '0');
  });
});
