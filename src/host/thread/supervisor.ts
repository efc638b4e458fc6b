/**
 * The main thread: gets the signals, owns the standard streams, and lets another thread run the command. A command
 * may compute for hours without a pause, or wait in a system call; its thread hears of nothing then. This one does.
 *
 * On SIGINT, SIGTERM or SIGHUP a command that holds nothing is ended at once. One that has set up something is asked to
 * stop, and has PUTTING_BACK_MS to put it back. One more signal, a second later or more, does not wait for that.
 */
import { readFileSync, rmSync } from 'node:fs';
import { constants } from 'node:os';
import { SHARE_ENV, Worker, type WorkerOptions } from 'node:worker_threads';
import { EXIT } from '../../vocabulary/errors.js';
import { endProcess, prepareToEnd } from '../linux/end-process.js';
import { type Inherited, ignores } from '../linux/inherited.js';
import { type Reason, SharedState, STOP_SIGNALS } from '../linux/shared-state.js';
import { isTerminal } from '../terminals.js';
import type { FromCommand, StreamFacts, ThreadStart, ToCommand } from './messages.js';
import { TakenScreen } from './taken-screen.js';

const PUTTING_BACK_MS = 10_000;
/** Signals closer than this are one wish: terminals, npm and sudo pass the same one on. */
const ONE_WISH_MS = 1000;
/** How long a command may take to tell its outcome once it has put everything back. */
const OUTCOME_MS = 500;
/** How often a command that holds something is looked at again. */
const LOOK_AGAIN_MS = 5;
/** A command that runs for so long may run for longer, and be ended in the middle. */
const LONG_MS = 1000;
/** How long the last words may take to get out. */
const LAST_WORDS_MS = 50;

/** The command to run and what this process was started with. */
export interface Supervised {
  /** The module that runs the command, on a thread of its own. */
  readonly module: URL;
  readonly commandLine: readonly string[];
  readonly recording: string | undefined;
  readonly inherited: Inherited;
  /** What is said when the command was ended without a word of its own, on both streams. */
  lastWords(signal: string, hasTold: boolean): { readonly out: string; readonly err: string };
  /** What is said when standard output cannot be written. */
  unwritable(stream: string, errno: string): string;
}

/** Runs a command to its end and sets the process's exit code, or ends the process. */
export function supervise(command: Supervised): void {
  new Supervisor(command).start();
}

class Supervisor {
  readonly #command: Supervised;
  readonly #state = new SharedState();
  readonly #worker: Worker;
  #stdin: AsyncIterator<Uint8Array> | undefined;
  /** Lock files of the command. */
  readonly #locks = new Set<string>();
  readonly #screen = new TakenScreen();
  #exitCode: number | undefined;
  /** Whether SIGHUP is handed on as a wish to read something again. */
  #reloads = false;
  /** An exit code that the state of the streams asks for. */
  #streamFailure: number | undefined;
  #stoppedAt = 0;
  /** Whether anything of the result was written. */
  #hasTold = false;

  constructor(command: Supervised) {
    this.#command = command;
    const workerData: ThreadStart = {
      words: this.#state.words,
      commandLine: command.commandLine,
      recording: command.recording,
      out: factsOf(1),
      err: factsOf(2),
      hasKeys: isTerminal(0),
      environment: { ...process.env },
    };
    // Descriptors that system calls open (pidfds) are closed through node, which would warn of each.
    const options: WorkerOptions = { workerData, env: SHARE_ENV, trackUnmanagedFds: false };
    this.#worker = new Worker(command.module, options);
  }

  start(): void {
    for (const name of STOP_SIGNALS) {
      const ignored = name === 'SIGHUP' && ignores(this.#command.inherited, constants.signals.SIGHUP);
      // Node has reset an ignored SIGHUP, which would end the process now: a handler must be set. It still reloads.
      process.on(name, () => {
        if (!ignored || this.#reloads) this.#signalled(name);
      });
    }
    endQuietlyWithoutTerminal();
    setTimeout(prepareToEnd, LONG_MS).unref();
    process.stdout.on('error', (error: NodeJS.ErrnoException) => this.#outFailed(error));
    process.stderr.on('error', (error: NodeJS.ErrnoException) => this.#errFailed(error));
    this.#screen.onResize = (columns, rows) => this.#post({ kind: 'size', columns, rows });
    this.#worker.on('message', (message: FromCommand) => this.#told(message));
    this.#worker.on('error', (problem) => {
      process.stderr.write(bugReport(problem));
      this.#end(EXIT.bug);
    });
  }

  #told(message: FromCommand): void {
    if (message.kind === 'ended') this.#end(message.exitCode);
    else if (message.kind === 'read') void this.#read();
    else if (message.kind === 'screen') this.#screen[message.taken ? 'take' : 'release']();
    else if (message.kind === 'reloads') this.#reloads = true;
    else if (message.kind === 'lock') this.#locks[message.held ? 'add' : 'delete'](message.path);
    else if (this.#state.reason === 'EPIPE' && message.kind === 'out') return;
    else {
      this.#hasTold ||= message.kind === 'out';
      (message.kind === 'out' ? process.stdout : process.stderr).write(message.text);
    }
  }

  async #read(): Promise<void> {
    this.#stdin ??= (process.stdin as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
    let bytes: Uint8Array | undefined;
    try {
      const next = await this.#stdin.next();
      bytes = next.done === true ? undefined : next.value;
    } catch {
      // A standard input that cannot be read (a directory, a terminal that is gone) has ended.
    }
    if (this.#screen.isInterrupted(bytes)) this.#signalled('SIGINT');
    this.#post({ kind: 'input', bytes });
  }

  #post(message: ToCommand): void {
    this.#worker.postMessage(message);
  }

  #signalled(name: (typeof STOP_SIGNALS)[number]): void {
    const again = this.#stoppedAt > 0 && performance.now() - this.#stoppedAt > ONE_WISH_MS;
    if (name === 'SIGHUP' && this.#reloads) this.#post({ kind: 'reload' });
    else if (this.#exitCode !== undefined || again) this.#endNow(name);
    else this.#stop(name);
  }

  #stop(reason: Reason): void {
    if (this.#stoppedAt > 0) return;
    this.#stoppedAt = performance.now();
    // Who reads things again while it runs is a service: it ends by itself, and tells how. So does who holds something:
    // that is decided before it hears of the stop, since it may put all back in the next moment.
    const isEnded = !this.#reloads && this.#state.mayEnd();
    this.#state.raise(reason);
    this.#post({ kind: 'stop' });
    if (isEnded) this.#endNow(reason);
    else this.#endLater(reason, this.#stoppedAt);
  }

  /**
   * Lets a command that held something put it back and tell its outcome. Ends it when it has put everything back and
   * goes on all the same, or has had its time.
   */
  #endLater(reason: Reason, heldAt: number): void {
    if (this.#exitCode !== undefined) return;
    const now = performance.now();
    const lastHeld = this.#state.holds ? now : heldAt;
    const late = now - this.#stoppedAt > PUTTING_BACK_MS;
    if (late || (now - lastHeld > OUTCOME_MS && this.#state.mayEnd())) this.#endNow(reason);
    else setTimeout(() => this.#endLater(reason, lastHeld), LOOK_AGAIN_MS);
  }

  #endNow(reason: Reason): void {
    this.#screen.release();
    for (const path of this.#locks) removeOwnLock(path);
    const failure = this.#streamFailure;
    if (reason === 'EPIPE' || reason === 'OUTPUT') endProcess(failure ?? EXIT.done);
    const { out, err } = this.#command.lastWords(reason, this.#hasTold);
    setTimeout(() => endProcess(EXIT.interrupted), LAST_WORDS_MS);
    const said = { out: out === '', err: err === '' };
    const after = (stream: 'out' | 'err') => () => {
      said[stream] = true;
      if (said.out && said.err) endProcess(EXIT.interrupted);
    };
    if (!said.out) process.stdout.write(out, after('out'));
    if (!said.err) process.stderr.write(err, after('err'));
  }

  /** The command has ended: what it wrote goes out, and the process ends by itself. */
  #end(exitCode: number): void {
    if (this.#exitCode !== undefined) return;
    this.#exitCode = exitCode;
    this.#screen.release();
    this.#setExitCode();
    void this.#worker.terminate();
    // An unread standard input would keep the process alive.
    if (this.#stdin !== undefined) process.stdin.destroy();
  }

  #setExitCode(): void {
    if (this.#exitCode === undefined) return;
    const stopped = this.#state.reason === 'EPIPE' || this.#state.reason === 'OUTPUT';
    const failed = this.#exitCode === EXIT.done || (stopped && this.#exitCode === EXIT.interrupted);
    process.exitCode = this.#streamFailure !== undefined && failed ? this.#streamFailure : this.#exitCode;
  }

  /** A reader that closes the pipe early (head, less) is no failure; what was set up is put back all the same. */
  #outFailed(error: NodeJS.ErrnoException): void {
    if (this.#streamFailure !== undefined) return;
    const gone = error.code === 'EPIPE';
    this.#streamFailure = gone ? EXIT.done : EXIT.badInput;
    if (!gone) process.stderr.write(this.#command.unwritable('standard output', error.code ?? 'EIO'));
    this.#stop(gone ? 'EPIPE' : 'OUTPUT');
    this.#setExitCode();
  }

  /** Remarks on a closed stream are lost; those that cannot be written make a success a failure. */
  #errFailed(error: NodeJS.ErrnoException): void {
    if (error.code === 'EPIPE') return;
    this.#streamFailure ??= EXIT.badInput;
    this.#setExitCode();
  }
}

/** Looking at a stream makes it, which takes its time: only a terminal is worth that. */
export function factsOf(descriptor: 1 | 2): StreamFacts {
  const isTTY = isTerminal(descriptor);
  const stream = () => (descriptor === 1 ? process.stdout : process.stderr);
  return { isTTY, columns: isTTY ? stream().columns : undefined, rows: isTTY ? stream().rows : undefined };
}

/** Leaves a lock alone that is not this process's. */
function removeOwnLock(path: string): void {
  try {
    const { pid } = JSON.parse(readFileSync(path, 'utf8')) as { pid?: unknown };
    if (pid === process.pid) rmSync(path);
  } catch {
    // There is none, or it is being made: then the next Octavo sees that its process is gone.
  }
}

/** Node sets terminals back when it ends, and aborts when one of them is gone by then. */
function endQuietlyWithoutTerminal(): void {
  const terminals = [0, 1, 2].filter((descriptor) => isTerminal(descriptor));
  process.on('exit', (code) => {
    if (!terminals.every((descriptor) => isTerminal(descriptor))) endProcess(code);
  });
}

/** What is said of an error that no command foresees. */
export function bugReport(problem: unknown): string {
  return `octavo: this is a bug, please report it with the command line\n${traceOf(problem)}\n`;
}

function traceOf(problem: unknown): string {
  return problem instanceof Error ? (problem.stack ?? problem.message) : String(problem);
}
