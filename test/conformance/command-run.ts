/** `octavo WORDS…` in this very process, on any host: everything of the command but the process around it. */
import { runCommandLine } from '../../src/cli/application/application.js';
import { OctavoContext } from '../../src/cli/context.js';
import type { Host } from '../../src/host/host.js';
import type { CommandInterruption, CommandRun } from './stage.js';

export async function runInProcess(
  host: Host,
  words: readonly string[],
  until?: CommandInterruption,
): Promise<CommandRun> {
  const stop = new AbortController();
  const said: string[] = [];
  const remarked: string[] = [];
  let interruption = Promise.resolve();
  let pending = until;
  const streams = {
    out: {
      write: (text: string) => {
        said.push(text);
        if (!pending?.printed.test(said.join(''))) return;
        const { before } = pending;
        pending = undefined;
        interruption = before().finally(() => stop.abort('SIGTERM'));
      },
    },
    err: { write: (text: string) => void remarked.push(text) },
    input: nothing(),
    interactive: false,
    columns: 100,
  };
  const code = await runCommandLine(words, new OctavoContext(host, streams, stop.signal));
  await interruption;
  return { code, out: said.join(''), err: remarked.join('') };
}

async function* nothing(): AsyncGenerator<Uint8Array> {
  yield* [];
}
