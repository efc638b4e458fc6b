/** Runs one command line on a thread of its own; main.ts has the signals and the streams. */
import { runCommandLine } from './cli/application.js';
import { OctavoContext, type Streams } from './cli/context.js';
import type { Host } from './host/host.js';
import { linuxHost } from './host/linux-host.js';
import { commandSide } from './host/thread/command-side.js';
import { OctavoError } from './vocabulary/errors.js';

const { start, signal, out, err, input, ended } = commandSide();
const { commandLine, recording } = start;
const streams: Streams = {
  ...{ out, err, input },
  interactive: start.err.isTTY,
  columns: start.out.columns ?? 100,
};
const machine = linuxHost();
ended(await run());

async function run(): Promise<number> {
  try {
    const host = recording === undefined ? machine : await recordedHost(recording);
    return await runCommandLine(commandLine, new OctavoContext(host, streams, signal));
  } catch (problem) {
    if (!(problem instanceof OctavoError)) throw problem;
    const context = new OctavoContext(machine, streams, signal);
    context.fail(problem, commandLine.includes('--json'));
    return context.exitCode;
  }
}

async function recordedHost(folder: string): Promise<Host> {
  const { folderHost } = await import('./host/folder-host.js');
  return folderHost(folder, machine.identity.stateDirectory);
}
