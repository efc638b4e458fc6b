/** Imports short recordings on the thread that it is called on, without a parser of command lines. */
import { OctavoContext, type Streams } from './cli/context.js';
import { type StreamFacts, styleOf } from './cli/print/style.js';
import { importAndTell } from './cli/samples/import-and-tell.js';
import { linuxHost } from './host/linux/linux-host.js';
import { loopTurns } from './host/loop-turns.js';

/** A plain `octavo import RECORDING… [--out FILE] [--json]`. */
export interface PlainImport {
  readonly recordings: readonly string[];
  readonly out?: string;
  readonly json: boolean;
}

/** Returns its exit code. Errors are thrown as they are; nothing has been told then. */
export async function importHere(
  { recordings, ...flags }: PlainImport,
  output: Pick<Streams, 'out' | 'err'>,
  facts: { readonly out: StreamFacts; readonly err: StreamFacts },
): Promise<number> {
  const outStyle = styleOf(process.env, facts.out);
  const errStyle = styleOf(process.env, facts.err);
  const columns = Number.isFinite(outStyle.width) ? outStyle.width : 100;
  const input = (async function* () {})();
  const streams = { ...output, input, interactive: false, columns, outStyle, errStyle };
  const context = new OctavoContext(linuxHost(), streams, new AbortController().signal);
  context.turn = loopTurns();
  const { geometry } = context.host.identity;
  await importAndTell(context, recordings, { geometry, maps: flags.out !== undefined }, flags);
  return context.exitCode;
}
