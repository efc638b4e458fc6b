import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { isatty } from 'node:tty';
import { fileURLToPath } from 'node:url';
import { isNowhere } from './search-path.js';

/** What a shell says when there is no such program, and for one that cannot be run. */
const NOT_FOUND = 127;
const CANNOT_RUN = 126;

/** How long a program may take to end by itself when this one is asked to, in milliseconds. */
const GRACE_MS = 1000;
/** When it is ended by force; later where another process of ours stands between and has to do the same. */
const FORCE_MS = { near: 2000, far: 3000 } as const;

/** Its exit code, 128 + n after signal n, as shells say it. */
export type ForeignEnd = number;

/**
 * Runs another program on this process's own streams. When `ends` is aborted, the signal that is the reason is
 * passed on; what does not end by it is asked by SIGTERM after a while, and then not asked any more.
 */
export function runForeign(
  command: string,
  parameters: readonly string[],
  extra: Readonly<Record<string, string>> = {},
  ends?: AbortSignal,
  distance: keyof typeof FORCE_MS = 'near',
): Promise<ForeignEnd> {
  return new Promise((resolve) => {
    const child = spawn(command, parameters, { stdio: 'inherit', env: { ...process.env, ...extra } });
    const ask = () => {
      const signal = signalNamed(String(ends?.reason));
      // Ctrl-C at a terminal goes to all of the foreground: the program has it already.
      if (signal !== 'SIGINT' || !isatty(0)) child.kill(signal);
      setTimeout(() => child.kill('SIGTERM'), GRACE_MS).unref();
      setTimeout(() => child.kill('SIGKILL'), FORCE_MS[distance]).unref();
    };
    if (ends?.aborted) ask();
    else ends?.addEventListener('abort', ask);
    child.on('error', (error: NodeJS.ErrnoException) => {
      const isAbsent = error.code === 'ENOENT' || isNowhere(command);
      process.stderr.write(
        `octavo: ${command}: ${isAbsent ? 'no such program' : `cannot be run (${error.code})`}\n`,
      );
      resolve(isAbsent ? NOT_FOUND : CANNOT_RUN);
    });
    child.on('close', (code, signal) => resolve(signal === null ? (code ?? 0) : 128 + numberOf(signal)));
  });
}

function signalNamed(reason: string): NodeJS.Signals {
  return Object.hasOwn(constants.signals, reason) ? (reason as NodeJS.Signals) : 'SIGTERM';
}

function numberOf(signal: NodeJS.Signals): number {
  return constants.signals[signal];
}

/** The same behind bind mounts that only this program and its children see. */
export function runBehindMounts(
  binds: readonly (readonly [from: string, to: string])[],
  words: readonly string[],
  extra: Readonly<Record<string, string>>,
  ends: AbortSignal,
): Promise<ForeignEnd> {
  const entry = fileURLToPath(new URL('./foreign-entry.js', import.meta.url));
  return runForeign(process.execPath, [entry, JSON.stringify(binds), ...words], extra, ends, 'far');
}
