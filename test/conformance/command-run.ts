/** `octavo WORDS…` in this very process, on any host: everything of the command but the process around it. */
import type { Host } from '../../src/host/host.js';
import { terminalOn } from '../support/terminal.js';
import type { CommandInterruption, CommandRun } from './stage.js';

export async function runInProcess(
  host: Host,
  words: readonly string[],
  until?: CommandInterruption,
): Promise<CommandRun> {
  const stop = new AbortController();
  let interruption = Promise.resolve();
  let pending = until;
  const onOutput = (text: string) => {
    if (!pending?.printed.test(text)) return;
    const { before } = pending;
    pending = undefined;
    interruption = before().finally(() => stop.abort('SIGTERM'));
  };
  const { run, out, err } = terminalOn(host, { signal: stop.signal, onOutput });
  const code = await run(words);
  await interruption;
  return { code, out: out(), err: err() };
}
