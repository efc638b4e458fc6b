/** `octavo run --every` as a service, and plans from a pipe. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { MAIN } from './octavo.js';

const directory = mkdtempSync(join(tmpdir(), 'octavo-every-'));
/** A command name that no other process has. */
const SERVICE = `svc${process.pid}`;
const env = { ...process.env, OCTAVO_STATE: join(directory, 'state') };
const sleeper = realpathSync(process.execPath);
after(() => rmSync(directory, { recursive: true, force: true }));

function startService(): ChildProcess {
  const path = join(directory, SERVICE);
  copyFileSync(sleeper, path);
  return spawn(path, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
}

const ended = (child: ChildProcess) =>
  new Promise((resolve) => child.once('exit', (code, signal) => resolve(code ?? signal)));

describe('octavo run --every', () => {
  it('waits for a service that is down, tells each turn on a line of JSON, and ends with 130', async () => {
    const words = ['run', SERVICE, '--every', '50ms', '--policy', 'return-empty', '--dry-run', '--json'];
    const run = spawn(process.execPath, [MAIN, ...words], { stdio: ['ignore', 'pipe', 'pipe'], env });
    const lines: { octavo: string; why?: string }[] = [];
    createInterface(run.stdout).on('line', (line) => lines.push(JSON.parse(line)));
    const until = async (found: (line: { octavo: string; why?: string }) => boolean, from = 0) => {
      for (let tries = 0; !lines.slice(from).some(found); tries++) {
        assert.ok(tries < 3000 && run.exitCode === null, `${run.exitCode} ${JSON.stringify(lines)}`);
        await sleep(10);
      }
    };
    const waits = (line: { why?: string }) => /waiting for it/.test(line.why ?? '');
    await until(waits);
    const service = startService();
    await until((line) => line.octavo === 'dry-run');
    const before = lines.length;
    service.kill('SIGKILL');
    await until(waits, before);
    assert.equal(lines.filter(waits).length, 2, 'it is told once each time');
    run.kill('SIGTERM');
    assert.equal(await ended(run), 130);
  });

  it('ends with the pid that it watches, and at once for one that never was', async () => {
    const service = startService();
    const run = spawn(process.execPath, [MAIN, 'run', `${service.pid}`, '--every', '50ms', '--dry-run'], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env,
    });
    await new Promise((resolve) => run.stdout.once('data', resolve));
    service.kill('SIGKILL');
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
      const run = spawn(command, [...words, 'run', SERVICE, '--every', '50ms'], {
        stdio: ['ignore', 'ignore', 'pipe'],
        env,
      });
      const end = ended(run);
      let told = '';
      run.stderr.on('data', (text) => {
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
