// The process in which inside.mjs runs test files, started anew when it ends, hangs, or has run many.
import { fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const ENTRY = fileURLToPath(new URL('inside.mjs', import.meta.url));
const RUNS_OF_ONE = 200;
const LOOK_EVERY_MS = 250;

export class InsideProcess {
  #sandbox;
  #child;
  #runs = 0;

  constructor(sandbox) {
    this.#sandbox = sandbox;
  }

  /** Runs a test file: `{ outcome, ms, result, at }`, `at` the number of the test that failed. `limitMs` bounds CPU time, and the time in which it does nothing. */
  async run(request, limitMs) {
    if (this.#child === undefined || this.#runs++ >= RUNS_OF_ONE) await this.#start();
    const started = performance.now();
    const answer = await this.#ask(request, limitMs);
    const outcome = answer.outcome ?? (answer.problem === undefined ? 'passed' : 'failed');
    return { ...answer, outcome, ms: performance.now() - started };
  }

  end() {
    this.#child?.kill('SIGKILL');
    this.#child = undefined;
  }

  async #start() {
    this.end();
    this.#runs = 0;
    this.#child = fork(ENTRY, [this.#sandbox.folder], {
      execArgv: ['--experimental-vm-modules', '--no-warnings', '--max-old-space-size=3000'],
      env: { ...process.env, ...this.#sandbox.environment },
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    await new Promise((resolve, reject) => {
      this.#child.once('message', resolve);
      this.#child.once('exit', () => reject(new Error('inside.mjs ended before its first test')));
    });
    this.#child.removeAllListeners('exit');
  }

  #ask(request, limitMs) {
    const child = this.#child;
    return new Promise((resolve) => {
      const watch = setInterval(
        watcher(child.pid, limitMs, () => finish({ outcome: 'timeout' }, true)),
        LOOK_EVERY_MS,
      );
      const finish = (answer, isOver) => {
        clearInterval(watch);
        child.removeAllListeners('message');
        child.removeAllListeners('exit');
        if (isOver) this.end();
        resolve(answer);
      };
      child.once('message', (answer) => finish(answer, false));
      child.once('exit', () => finish({ outcome: 'ended' }, true));
      child.send(request);
    });
  }
}

/** A busy machine lets a process wait for a CPU: only CPU time of its own, and sleep, count against the limit. */
function watcher(pid, limitMs, late) {
  const before = spentMs(pid)?.cpu ?? 0;
  let slept = 0;
  return () => {
    const now = spentMs(pid);
    if (now === undefined) return;
    if (now.state === 'S') slept += LOOK_EVERY_MS;
    if (now.cpu - before > limitMs || slept > limitMs) late();
  };
}

function spentMs(pid) {
  try {
    const words = (readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1) ?? '').split(' ');
    return { state: words[0], cpu: 10 * (Number(words[11]) + Number(words[12])) };
  } catch {
    return undefined;
  }
}
