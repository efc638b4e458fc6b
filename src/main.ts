#!/usr/bin/env node
import { runCommandLine } from './cli/application.js';
import { OctavoContext } from './cli/context.js';
import { linuxHost } from './host/linux-host.js';

const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => stop.abort(name));
}
// A reader that closes the pipe early (head, less) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

const streams = {
  out: process.stdout,
  err: process.stderr,
  input: process.stdin,
  interactive: process.stderr.isTTY === true,
  columns: process.stdout.columns ?? 100,
};
const context = new OctavoContext(linuxHost(), streams, stop.signal);
process.exitCode = await runCommandLine(process.argv.slice(2), context);
// An unread standard input would keep the process alive.
process.stdin.unref?.();
