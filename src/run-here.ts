/** Runs a command on the thread that it is called on: texts of the program itself, and `launch`. */
import { runCommandLine } from './cli/application/application.js';
import { OctavoContext, type Streams } from './cli/context.js';
import { type StreamFacts, styleOf } from './cli/print/style.js';
import type { Inherited } from './host/linux/inherited.js';
import { linuxHost } from './host/linux/linux-host.js';

/** A command line with what its process was started with. */
export interface Words {
  readonly words: readonly string[];
  readonly inherited: Inherited;
}

/** Returns its exit code. Standard input is empty. */
export async function runHere(
  { words, inherited }: Words,
  output: Pick<Streams, 'out' | 'err'>,
): Promise<number> {
  const input = (async function* () {})();
  const outStyle = styleOf(process.env, output.out as StreamFacts);
  const errStyle = styleOf(process.env, output.err as StreamFacts);
  const columns = Number.isFinite(outStyle.width) ? outStyle.width : 100;
  const streams = { ...output, input, interactive: false, columns, outStyle, errStyle };
  const context = new OctavoContext(linuxHost(inherited), streams, new AbortController().signal);
  return runCommandLine(words, context);
}
