/** A program for supervisor.test.ts: its command puts back what it holds before the main thread, which is slow, looks again. */
import { isMainThread, Worker } from 'node:worker_threads';
import { hold, release } from '../../src/host/linux/held.js';
import { commandSide } from '../../src/host/thread/command-side.js';
import { supervise } from '../../src/host/thread/supervisor.js';

/** How long the main thread gets no processor after each message. */
const SLOW_MS = 200;

if (isMainThread) {
  const post = Worker.prototype.postMessage;
  Worker.prototype.postMessage = function (message: unknown) {
    post.call(this, message);
    const endMs = performance.now() + SLOW_MS;
    while (performance.now() < endMs);
  };
  supervise({
    module: new URL(import.meta.url),
    commandLine: [],
    recording: undefined,
    inherited: { ignored: 0n, blocked: 0n, openFiles: undefined, files: [] },
    lastWords: (signal, hasTold) => ({ out: '', err: `ended by ${signal}, told: ${hasTold}\n` }),
    unwritable: (stream, errno) => `${stream}: ${errno}\n`,
  });
} else {
  const { signal, out, ended } = commandSide();
  hold();
  signal.addEventListener('abort', () => {
    release();
    out.write('put back\n');
    ended(130);
  });
  out.write('holds\n');
}
