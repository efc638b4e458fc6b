#!/usr/bin/env node
import { runCommandLine, wantsJson } from './cli/application.js';
import { chosenHost } from './cli/chosen-host.js';
import { OctavoContext } from './cli/context.js';
import { styleOf } from './cli/print/style.js';
import type { Host } from './host/host.js';
import { linuxHost } from './host/linux-host.js';
import { OctavoError } from './vocabulary/errors.js';

/** What runs on although nobody reads it any more gets so long to put things back. */
const PUTTING_BACK_MS = 5000;

const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(name, () => stop.abort(name));
}
// A reader that closes the pipe early (head, less) is no failure; what was set up is put back all the same.
let readerGone = false;
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') process.exit(1);
  if (readerGone) return;
  readerGone = true;
  stop.abort('EPIPE');
  setTimeout(() => process.exit(0), PUTTING_BACK_MS).unref();
});

const outStyle = styleOf(process.env, process.stdout);
const streams = {
  out: process.stdout,
  err: process.stderr,
  input: process.stdin,
  interactive: process.stderr.isTTY === true,
  columns: Number.isFinite(outStyle.width) ? outStyle.width : 100,
  outStyle,
  errStyle: styleOf(process.env, process.stderr),
};
const machine = linuxHost();
const { recording, words } = chosenHost(process.argv.slice(2), process.env.OCTAVO_HOST);
try {
  const host = recording === undefined ? machine : await recordedHost(recording);
  process.exitCode = await runCommandLine(words, new OctavoContext(host, streams, stop.signal));
} catch (problem) {
  if (!(problem instanceof OctavoError)) throw problem;
  const context = new OctavoContext(machine, streams, stop.signal);
  context.fail(problem, wantsJson(words));
  process.exitCode = context.exitCode;
}
if (readerGone) process.exitCode = 0;
// An unread standard input would keep the process alive.
process.stdin.unref?.();

async function recordedHost(folder: string): Promise<Host> {
  const { folderHost } = await import('./host/folder-host.js');
  return folderHost(folder, machine.identity.stateDirectory);
}
