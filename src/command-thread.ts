/** Runs one command line on a thread of its own; main.ts has the signals and the streams. */
import { runCommandLine, wantsJson } from './cli/application/application.js';
import { OctavoContext, type Streams } from './cli/context.js';
import { styleOf } from './cli/print/style.js';
import type { Host } from './host/host.js';
import { linuxHost } from './host/linux/linux-host.js';
import { commandSide } from './host/thread/command-side.js';
import { OctavoError } from './vocabulary/errors.js';

const { start, signal, out, err, input, terminal, onReload, ended } = commandSide();
const { commandLine, recording, environment } = start;
const outStyle = styleOf(environment, start.out);
const errStyle = styleOf(environment, start.err);
const fallback = start.out.columns ?? 100;
const width = Number.isFinite(outStyle.width) ? outStyle.width : fallback;
const streams: Streams = {
  ...{ out, err, input },
  interactive: start.err.isTTY,
  columns: width,
  outStyle,
  errStyle,
  ...(terminal === undefined ? {} : { terminal }),
};
/** How this program is started in two halves; both files lie beside this one. */
const sides = {
  acting: new URL('./acting-entry.js', import.meta.url),
  deciding: new URL('./deciding-entry.js', import.meta.url),
  words: commandLine,
};
const machine = linuxHost();
void run().then(ended);

async function run(): Promise<number> {
  try {
    const host = recording === undefined ? machine : await recordedHost(recording);
    const context = new OctavoContext(host, streams, signal, onReload);
    if (recording === undefined) context.sides = sides;
    return await runCommandLine(commandLine, context);
  } catch (problem) {
    if (!(problem instanceof OctavoError)) throw problem;
    const context = new OctavoContext(machine, streams, signal);
    context.fail(problem, wantsJson(commandLine));
    return context.exitCode;
  }
}

async function recordedHost(folder: string): Promise<Host> {
  const { folderHost } = await import('./host/folder/folder-host.js');
  return folderHost(folder, machine.identity.stateDirectory);
}
