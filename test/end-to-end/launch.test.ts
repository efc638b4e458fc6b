/** `octavo launch` becomes the program: whoever started it meets the program itself. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { MAIN } from './octavo.js';

/** What npm links as `octavo`: it notes what Node is about to change. */
const LAUNCHER = fileURLToPath(new URL('../../src/octavo.sh', import.meta.url));
const LAUNCH = ['launch', '--thp', 'never', '--'];

function launched(words: readonly string[], env: NodeJS.ProcessEnv = process.env) {
  return spawnSync(process.execPath, [MAIN, ...LAUNCH, ...words], { encoding: 'utf8', env });
}

/** Through the launcher, after shell commands that set up what is inherited. */
function afterShell(setUp: string, program: string) {
  const line = `${setUp}; exec ${LAUNCHER} ${LAUNCH.join(' ')} sh -c '${program}'`;
  return spawnSync('sh', ['-c', line], { encoding: 'utf8' });
}

async function becomes(child: ChildProcess, name: string): Promise<void> {
  const command = () => {
    try {
      return readFileSync(`/proc/${child.pid}/comm`, 'utf8').trim();
    } catch {
      return '';
    }
  };
  for (let tries = 0; tries < 3000 && command() !== name; tries++) await sleep(10);
  assert.equal(command(), name);
}

describe('octavo launch', () => {
  it('keeps the pid, the directory and the environment, and adds nothing', () => {
    const env = { PATH: process.env.PATH, NOTIFY_SOCKET: '/run/notify', WATCHDOG_PID: '7' };
    const child = spawn(process.execPath, [MAIN, ...LAUNCH, 'sh', '-c', 'echo $$; pwd; env | sort'], {
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let out = '';
    child.stdout.on('data', (piece) => {
      out += piece;
    });
    return new Promise<void>((resolve) => child.on('close', resolve as () => void)).then(() => {
      const [pid, directory, ...variables] = out.trim().split('\n');
      assert.equal(Number(pid), child.pid, 'systemd takes MAINPID and READY=1 from this pid only');
      assert.equal(directory, process.cwd());
      const names = variables
        .map((line) => line.split('=')[0])
        .filter((name) => !['PWD', 'OLDPWD', '_', 'SHLVL'].includes(name));
      assert.deepEqual(names, ['NOTIFY_SOCKET', 'PATH', 'WATCHDOG_PID']);
    });
  });

  it('sets the rule', () => {
    assert.match(launched(['cat', '/proc/self/status']).stdout, /^THP_enabled:\s*0$/m);
  });

  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGKILL'] as const) {
    it(`leaves ${signal} to the program, and no orphan`, async () => {
      const child = spawn(process.execPath, [MAIN, ...LAUNCH, 'sleep', '60'], { stdio: 'ignore' });
      await becomes(child, 'sleep');
      const ended = new Promise((resolve) => child.once('exit', (_code, by) => resolve(by)));
      child.kill(signal);
      assert.equal(await ended, signal);
      assert.equal(existsSync(`/proc/${child.pid}`), false);
    });
  }

  it('ends with the program’s own code, which a shell sees as 128 + n after signal n', () => {
    assert.equal(launched(['sh', '-c', 'exit 7']).status, 7);
    const line = `${process.execPath} ${MAIN} ${LAUNCH.join(' ')} sh -c 'kill -TERM $$'; echo $?`;
    const shell = spawnSync('sh', ['-c', line], { encoding: 'utf8' });
    assert.equal(shell.stdout.trim(), String(128 + constants.signals.SIGTERM));
  });

  it('gives ignored signals back as they were, and takes SIGPIPE and SIGXFSZ from Node', () => {
    const ignored = (text: string) => BigInt(`0x${/^SigIgn:\s*(\w+)$/m.exec(text)?.[1]}`);
    assert.equal(ignored(launched(['cat', '/proc/self/status']).stdout), 0n);
    const kept = afterShell('trap "" HUP QUIT PIPE', 'cat /proc/self/status').stdout;
    assert.equal(ignored(kept), 1n | (1n << 2n) | (1n << 12n));
  });

  it('stays deaf to SIGHUP under nohup', async () => {
    const child = spawn('nohup', [LAUNCHER, ...LAUNCH, 'sleep', '60'], { stdio: 'ignore' });
    await becomes(child, 'sleep');
    child.kill('SIGHUP');
    await sleep(100);
    assert.equal(child.exitCode ?? child.signalCode, null);
    child.kill('SIGTERM');
  });

  it('hands on inherited files and the limit of open files, and no file of Node', () => {
    const program = 'ulimit -Sn; cat <&7; for f in /proc/self/fd/*; do readlink $f; done';
    const { stdout } = afterShell('ulimit -Sn 123; exec 7</proc/sys/kernel/ostype', program);
    const [limit, seven, ...files] = stdout.trim().split('\n');
    assert.equal(limit, '123');
    assert.equal(seven, 'Linux');
    assert.deepEqual(
      files.filter((name) => name.startsWith('anon_inode')),
      [],
    );
  });

  it('leaves standard streams blocking', () => {
    const { stdout } = launched(['cat', '/proc/self/fdinfo/0', '/proc/self/fdinfo/1']);
    const nonBlocking = 0o4000;
    for (const [, flags] of stdout.matchAll(/^flags:\s*(\d+)$/gm))
      assert.equal(Number.parseInt(flags, 8) & nonBlocking, 0, stdout);
  });

  it('says what cannot be started, as shells do: 127 and 126', () => {
    const absent = launched(['no-such-program']);
    assert.equal(absent.status, 127);
    assert.match(absent.stderr, /PROGRAM_NOT_FOUND: there is no program `no-such-program`/);
    const unfit = launched(['/proc/self/status']);
    assert.equal(unfit.status, 126);
    assert.match(unfit.stderr, /PROGRAM_NOT_RUN: `\/proc\/self\/status` cannot be run \(EACCES\)/);
  });

  it('runs a script without an interpreter line as execvp does', () => {
    const none = launched(['sh', '-c', 'echo "$0 $1"', 'a', 'b c']);
    assert.equal(none.stdout, 'a b c\n');
  });

  const root = process.geteuid?.() === 0 ? false : 'only root can make a pid namespace';
  it('is process 1 of a container', { skip: root }, async () => {
    const words = ['-fp', '--mount-proc', process.execPath, MAIN, ...LAUNCH, 'sh', '-c'];
    const one = spawnSync('unshare', [...words, 'trap "exit 9" TERM; echo $$; kill -TERM 1; sleep 5'], {
      encoding: 'utf8',
    });
    assert.equal(one.stdout, '1\n');
    assert.equal(one.status, 9);
  });
});
