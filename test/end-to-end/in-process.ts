/** Runs the command line inside this process, for loops too tight for a process each. */
import { runCommandLine } from '../../src/cli/application/application.js';
import { OctavoContext } from '../../src/cli/context.js';
import { linuxHost } from '../../src/host/linux/linux-host.js';

const host = linuxHost();

async function* nothing(): AsyncGenerator<Uint8Array> {}

export interface Told {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export async function octavo(words: readonly string[]): Promise<Told> {
  let stdout = '';
  let stderr = '';
  const streams = {
    out: {
      write(text: string) {
        stdout += text;
      },
    },
    err: {
      write(text: string) {
        stderr += text;
      },
    },
    input: nothing(),
    interactive: false,
    columns: 100,
  };
  const context = new OctavoContext(host, streams, new AbortController().signal);
  const code = await runCommandLine(words, context);
  return { code, stdout, stderr };
}
