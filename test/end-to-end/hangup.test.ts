/** A terminal that is closed: the program behind it ends with a code, and is not aborted. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
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

/** Runs a command of sh in a terminal and closes that; answers what it told in a file until it was gone. */
async function hungUp(command: string): Promise<string> {
  const told = join(directory, 'told');
  rmSync(told, { force: true });
  const terminal = spawn('script', ['-qfc', `${command} 2> ${told}`, '/dev/null'], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  terminal.stdout.resume();
  const text = () => {
    try {
      return readFileSync(told, 'utf8');
    } catch {
      return '';
    }
  };
  terminal.stdin.write('time\n');
  let shown = '';
  terminal.stdout.on('data', (piece) => {
    shown += piece;
  });
  await until(() => /0\.000000000 s/.test(shown), 'the shell never answered');
  terminal.kill('SIGKILL');
  await until(() => !readsFrom(told), 'it is still there');
  return text();
}

async function until(done: () => boolean, otherwise: string): Promise<void> {
  for (let tries = 0; !done(); tries++) {
    assert.ok(tries < 3000, otherwise);
    await sleep(10);
  }
}

/** Whether a process has the file open. */
function readsFrom(path: string): boolean {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .some((pid) => filesOf(pid).includes(path));
}

function filesOf(pid: string): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).map((descriptor) => {
      try {
        return readlinkSync(`/proc/${pid}/fd/${descriptor}`);
      } catch {
        return '';
      }
    });
  } catch {
    return [];
  }
}

describe('octavo model shell in a terminal that is closed', { skip }, () => {
  it('ends by SIGHUP', async () => {
    const told = await hungUp(`exec "${process.execPath}" "${MAIN}" model shell`);
    assert.match(told, /STOPPED_MIDWAY: interrupted by SIGHUP/);
    assert.doesNotMatch(told, /Assertion|Aborted|#.*fatal/i);
  });

  it('ends as at the end of its input when SIGHUP is ignored', async () => {
    assert.equal(await hungUp(`trap '' HUP; exec "${LAUNCHER}" model shell`), '');
  });
});
