/** The command's side of supervisor.ts: streams and stop signal that go through the main thread. */
import { parentPort, workerData } from 'node:worker_threads';
import { countHeldIn } from '../linux/held.js';
import { SharedState, stopSignal } from '../linux/shared-state.js';
import type { FromCommand, ThreadStart, ToCommand } from './messages.js';

/** The terminal, of which the main thread is in charge. */
export interface CommandTerminal {
  size(): { readonly columns: number; readonly rows: number };
  take(): void;
  release(): void;
  onResize(listener: () => void): void;
}

/** What a command gets in place of process-wide streams and signals. */
export interface CommandSide {
  readonly start: ThreadStart;
  readonly signal: AbortSignal;
  readonly out: { write(text: string | Uint8Array): void };
  readonly err: { write(text: string): void };
  readonly input: AsyncIterable<Uint8Array>;
  /** Undefined unless both ends of a terminal are there. */
  readonly terminal: CommandTerminal | undefined;
  /** Registers who is told of SIGHUP, which ends the command no longer then. */
  onReload(listener: () => void): void;
  /** The last thing to be told. */
  ended(exitCode: number): void;
}

/** Returns the command's side. To be called once, on the command's thread. */
export function commandSide(): CommandSide {
  const start = workerData as ThreadStart;
  const state = new SharedState(start.words);
  countHeldIn(state, (path, held) => post({ kind: 'lock', path, held }));
  const { signal, notice } = stopSignal(state);
  let reload: (() => void) | undefined;
  let arrived: ((bytes: Uint8Array | undefined) => void) | undefined;
  const terminal = terminalOf(start);
  parentPort?.on('message', (message: ToCommand) => {
    if (message.kind === 'stop') notice();
    else if (message.kind === 'size') terminal?.resized(message);
    else if (message.kind === 'reload') reload?.();
    else arrived?.(message.bytes);
  });
  const next = () =>
    new Promise<Uint8Array | undefined>((resolve) => {
      arrived = resolve;
      post({ kind: 'read' });
    });
  return {
    start,
    signal,
    out: { write: (text) => post({ kind: 'out', text }) },
    err: { write: (text) => post({ kind: 'err', text }) },
    input: pieces(next),
    terminal,
    onReload: (listener) => {
      reload = listener;
      post({ kind: 'reloads' });
    },
    ended: (exitCode) => post({ kind: 'ended', exitCode }),
  };
}

/** Where the size is not told, it is that of the first terminals. */
const USUAL = { columns: 80, rows: 24 };

function terminalOf({ out, hasKeys }: ThreadStart) {
  if (!out.isTTY || !hasKeys) return undefined;
  let size = { columns: out.columns || USUAL.columns, rows: out.rows || USUAL.rows };
  let listener = () => {};
  return {
    size: () => size,
    take: () => post({ kind: 'screen', taken: true }),
    release: () => post({ kind: 'screen', taken: false }),
    onResize: (told: () => void) => {
      listener = told;
    },
    resized: ({ columns, rows }: { columns: number; rows: number }) => {
      size = { columns, rows };
      listener();
    },
  };
}

async function* pieces(next: () => Promise<Uint8Array | undefined>): AsyncGenerator<Uint8Array> {
  for (let bytes = await next(); bytes !== undefined; bytes = await next()) yield bytes;
}

function post(message: FromCommand): void {
  parentPort?.postMessage(message);
}
