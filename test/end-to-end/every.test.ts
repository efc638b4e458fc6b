/** `octavo run --every` as a service, and plans from a pipe. */
import assert from 'node:assert/strict';
import { type ChildProcess, type StdioOptions, spawn, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { MAIN } from './octavo.js';

const directory = mkdtempSync(join(tmpdir(), 'octavo-every-'));
/** A command name that no other process has. */
const SERVICE = `svc${process.pid}`;
const env = { ...process.env, OCTAVO_STATE: join(directory, 'state') };
const service = join(directory, SERVICE);
/** Everything started here, so that nothing outlives a test that fails. */
const started: ChildProcess[] = [];
before(() => {
  // Not Node, which gives its main thread a name of its own.
  const sleeper = spawnSync('sh', ['-c', 'readlink -f "$(command -v sleep)"'], { encoding: 'utf8' });
  copyFileSync(sleeper.stdout.trim(), service);
});
after(() => {
  for (const child of started) child.kill('SIGKILL');
  rmSync(directory, { recursive: true, force: true });
});

function start(command: string, words: readonly string[], stdio: StdioOptions): ChildProcess {
  const child = spawn(command, words, { stdio, env });
  started.push(child);
  return child;
}

const startService = () => start(service, ['600'], 'ignore');

const ended = (child: ChildProcess) =>
  new Promise((resolve) => child.once('exit', (code, signal) => resolve(code ?? signal)));

describe('octavo run --every', () => {
  it('waits for a service that is down, tells each turn on a line of JSON, and ends with 130', async () => {
    const words = ['run', SERVICE, '--every', '100ms', '--policy', 'return-empty', '--dry-run', '--json'];
    const run = start(process.execPath, [MAIN, ...words], ['ignore', 'pipe', 'pipe']);
    const lines: { octavo: string; why?: string }[] = [];
    createInterface({ input: run.stdout as Readable }).on('line', (line) => lines.push(JSON.parse(line)));
    const until = async (found: (line: { octavo: string; why?: string }) => boolean, from = 0) => {
      for (let tries = 0; !lines.slice(from).some(found); tries++) {
        assert.ok(tries < 3000 && run.exitCode === null, `${run.exitCode} ${JSON.stringify(lines)}`);
        await sleep(10);
      }
    };
    const waits = (line: { why?: string }) => /waiting for it/.test(line.why ?? '');
    await until(waits);
    const running = startService();
    await until((line) => line.octavo === 'dry-run');
    const before = lines.length;
    running.kill('SIGKILL');
    await until(waits, before);
    assert.equal(lines.filter(waits).length, 2, 'it is told once each time');
    const told = run.stderr?.toArray();
    run.kill('SIGTERM');
    assert.equal(await ended(run), 130);
    assert.doesNotMatch(String(await told), /Nothing was written/, 'turns were told before');
  });

  it('ends with the pid that it watches, and at once for one that never was', async () => {
    const running = startService();
    const words = ['run', `${running.pid}`, '--every', '100ms', '--dry-run'];
    const run = start(process.execPath, [MAIN, ...words], ['ignore', 'pipe', 'pipe']);
    await new Promise((resolve) => run.stdout?.once('data', resolve));
    running.kill('SIGKILL');
    assert.equal(await ended(run), 0);
    const none = spawnSync(process.execPath, [MAIN, 'run', '99999999', '--every', '1s', '--dry-run'], {
      env,
    });
    assert.equal(none.status, 4);
  });

  it('survives SIGHUP under nohup, and not without', async () => {
    const launcher = fileURLToPath(new URL('../../src/octavo.sh', import.meta.url));
    for (const [command, words, alive] of [
      ['nohup', [launcher], true],
      [launcher, [], false],
    ] as const) {
      const run = start(
        command,
        [...words, 'run', SERVICE, '--every', '100ms'],
        ['ignore', 'ignore', 'pipe'],
      );
      const end = ended(run);
      let told = '';
      run.stderr?.on('data', (text) => {
        told += text;
      });
      for (let tries = 0; tries < 3000 && !/waiting/.test(told); tries++) await sleep(10);
      run.kill('SIGHUP');
      await sleep(300);
      assert.equal(run.exitCode === null && run.signalCode === null, alive, told);
      run.kill('SIGTERM');
      assert.equal(await end, 130);
    }
  });
});

describe('octavo apply -', () => {
  it('reads the plan from standard input', () => {
    const plan = spawnSync(process.execPath, [MAIN, 'plan', `${process.pid}`, '--json'], { env });
    assert.equal(plan.status, 0, String(plan.stderr));
    const piped = spawnSync(process.execPath, [MAIN, 'plan', `${process.pid}`, '--out', '-'], { env });
    assert.equal(JSON.parse(String(piped.stdout)).octavo, 'plan');
    assert.ok(!existsSync('-'), 'a file called -');
    const applied = spawnSync(process.execPath, [MAIN, 'apply', '-', '--dry-run', '--json'], {
      env,
      input: plan.stdout,
      encoding: 'utf8',
    });
    assert.equal(applied.status, 0, applied.stderr);
    assert.equal(JSON.parse(applied.stdout).octavo, 'dry-run');
  });

  it('names standard input when that is no plan', () => {
    const applied = spawnSync(process.execPath, [MAIN, 'apply', '-'], { env, input: '', encoding: 'utf8' });
    assert.equal(applied.status, 3);
    assert.match(applied.stderr, /PLAN_MALFORMED: standard input is no plan/);
  });
});
