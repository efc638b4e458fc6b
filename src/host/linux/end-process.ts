/**
 * Ends this process at once, whatever its threads wait for. `process.exit` joins them: a thread that waits in read(2)
 * for a pipe nobody writes to, or in a loop of a worker, would hold it up without end.
 */
import { createRequire } from 'node:module';

let exitNow: ((code: number) => never) | undefined;

/** Loads what `endProcess` needs, which takes tens of milliseconds, before the end is due. */
export function prepareToEnd(): void {
  try {
    const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi');
    exitNow ??= koffi.load(null).func('_exit', 'void', ['int']) as unknown as (code: number) => never;
  } catch {
    // Without a foreign-function interface only a signal ends a process at once.
  }
}

/** Ends this process with an exit code by _exit(2), without joining its threads. */
export function endProcess(code: number): never {
  prepareToEnd();
  exitNow?.(code);
  process.kill(process.pid, 'SIGKILL');
  process.exit(code);
}
