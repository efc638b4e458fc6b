import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** What a shell says when there is no such program. */
const NOT_FOUND = 127;

/** How long a program may take to end by itself when this one is asked to, in milliseconds. */
const GRACE_MS = 1000;

/**
 * Runs somebody else's program on this terminal. Answers its exit code, or the signal that ended it. When `ends` is
 * aborted the program, which has the terminal's signals by itself, is asked to end as well after a while.
 */
export function runForeign(
  command: string,
  parameters: readonly string[],
  extra: Readonly<Record<string, string>> = {},
  ends?: AbortSignal,
): Promise<number | NodeJS.Signals> {
  return new Promise((resolve) => {
    const child = spawn(command, parameters, { stdio: 'inherit', env: { ...process.env, ...extra } });
    const ask = () => setTimeout(() => child.kill('SIGTERM'), GRACE_MS).unref();
    ends?.addEventListener('abort', ask, { once: true });
    child.on('error', () => resolve(NOT_FOUND));
    child.on('close', (code, signal) => resolve(signal ?? code ?? 0));
  });
}

/** The same behind bind mounts that only this program and its children see. */
export function runBehindMounts(
  binds: readonly (readonly [from: string, to: string])[],
  words: readonly string[],
  extra: Readonly<Record<string, string>>,
  ends: AbortSignal,
): Promise<number | NodeJS.Signals> {
  const entry = fileURLToPath(new URL('./foreign-entry.js', import.meta.url));
  return runForeign(process.execPath, [entry, JSON.stringify(binds), ...words], extra, ends);
}
