/** Standard streams that are closed, full, or read by nobody: a coded end, never a bug's. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import {
  closeSync,
  constants,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { MAIN } from './octavo.js';

const state = mkdtempSync(join(tmpdir(), 'octavo-streams-'));
after(() => rmSync(state, { recursive: true, force: true }));

/** Runs a line of sh in which `octavo` is this build. */
function shell(line: string) {
  const octavo = `octavo() { "${process.execPath}" "${MAIN}" "$@"; }`;
  return spawnSync('bash', ['-c', `${octavo}; ${line}`], {
    encoding: 'utf8',
    env: { ...process.env, OCTAVO_STATE: state },
  });
}

describe('standard streams', { skip: existsSync('/dev/full') ? false : 'no /dev/full' }, () => {
  it('a full standard output is a failure with a code', () => {
    const { status, stderr } = shell('octavo man > /dev/full');
    assert.equal(status, 3);
    assert.match(stderr, /FILE_UNWRITABLE: cannot write standard output: ENOSPC/);
  });

  it('a full standard error keeps a failure’s own code', () => {
    assert.equal(shell('octavo runs no-such-run 2> /dev/full').status, 3);
    assert.equal(shell('octavo inspect no-such-process 2> /dev/full').status, 4);
    assert.equal(shell('octavo inspect no-such-process > /dev/full 2> /dev/full').status, 4);
  });

  it('a standard error that nobody reads loses only remarks', () => {
    assert.equal(shell('octavo inspect no-such-process 2> >(exec true); exit $?').status, 4);
  });

  it('closed streams do not change the code', () => {
    assert.equal(shell('octavo runs 2>&-').status, 0);
    assert.equal(shell('octavo runs no-such-run 2>&-').status, 3);
    assert.equal(shell('octavo runs no-such-run >&- 2>&- <&-').status, 3);
  });

  it('a reader that has enough is no failure', () => {
    const { stdout } = shell('octavo man | head -c 20 > /dev/null; echo "$PIPESTATUS"');
    assert.equal(stdout, '0\n');
  });

  it('a reader that does not read does not make it deaf', async () => {
    for (const words of [['man'], ['runs'], ['simulate', 'zipf', '--json', '--seed', '1']]) {
      const full = fullPipe();
      const child = spawn(process.execPath, [MAIN, ...words], {
        stdio: ['ignore', full.writable, 'ignore'],
        env: { ...process.env, OCTAVO_STATE: state },
      });
      const ended = new Promise((resolve) => child.once('exit', (code) => resolve(code)));
      await untilItCatches(child.pid ?? 0, SIGTERM);
      await new Promise((resolve) => setTimeout(resolve, 1500));
      assert.equal(child.exitCode, null, `${words[0]} ended although nobody read it`);
      child.kill('SIGTERM');
      assert.equal(await ended, 130, words[0]);
      full.close();
    }
  });
});

const SIGTERM = 15;

/** A pipe that holds all it can, so that the next write waits for a reader who never comes. */
function fullPipe(): { readonly writable: number; close(): void } {
  const path = join(state, `full-${process.hrtime.bigint()}`);
  assert.equal(spawnSync('mkfifo', [path]).status, 0);
  const reader = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  const block = Buffer.alloc(4096, 'x');
  try {
    for (;;) writeSync(reader, block);
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, 'EAGAIN');
  }
  const writable = openSync(path, constants.O_WRONLY);
  return {
    writable,
    close: () => {
      closeSync(writable);
      closeSync(reader);
    },
  };
}

/** Waits until a process has a handler for a signal: before that, the signal would simply kill it. */
async function untilItCatches(pid: number, signal: number): Promise<void> {
  for (;;) {
    const caught = /^SigCgt:\s*([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '0';
    if ((BigInt(`0x${caught}`) >> BigInt(signal - 1)) & 1n) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
