/** A command line on a host of the test's choice, its output kept. */
import { runCommandLine } from '../src/cli/application/application.js';
import type { Commands } from '../src/cli/application/command-table.js';
import { OctavoContext } from '../src/cli/context.js';
import type { TextStyle } from '../src/cli/print/terminal-text.js';
import type { Host } from '../src/host/host.js';

export interface Terminal {
  readonly context: OctavoContext;
  /** Runs one command line and answers its exit code. */
  run(words: readonly string[]): Promise<number>;
  /** What went to standard output and standard error so far. */
  out(): string;
  err(): string;
}

/** `style` is how its text is laid out; as it is without. `own` are commands in place of those of their names. */
export function terminalOn(host: Host, style?: TextStyle, own?: Partial<Commands>): Terminal {
  const kept = { out: '', err: '' };
  const stream = (name: keyof typeof kept) => ({
    write: (text: string) => {
      kept[name] += text;
    },
  });
  const input = (async function* () {})();
  const streams = {
    ...{ out: stream('out'), err: stream('err'), input, interactive: false, columns: style?.width ?? 100 },
    ...(style === undefined ? {} : { outStyle: style, errStyle: style }),
  };
  const context = new OctavoContext(host, streams, new AbortController().signal);
  return {
    context,
    run: (words) => runCommandLine(words, context, own),
    out: () => kept.out,
    err: () => kept.err,
  };
}
