/** Imports short recordings on the thread that it is called on, without a parser of command lines. */
import { OctavoContext, type Streams } from './cli/context.js';
import { type StreamFacts, styleOf } from './cli/print/style.js';
import { importAndTell } from './cli/samples/import-and-tell.js';
import { linuxHost } from './host/linux/linux-host.js';
import { loopTurns } from './host/loop-turns.js';
import { OctavoError } from './vocabulary/errors.js';

/** A plain `octavo import RECORDING… [--out FILE] [--json]`. */
export interface PlainImport {
  readonly recordings: readonly string[];
  readonly out?: string;
  readonly json: boolean;
}

/**
 * Returns its exit code; undefined where it failed by an OctavoError, of which nothing has been told then. That is asked here,
 * since bundled programs each have a class of that name of their own.
 */
export async function importHere(
  { recordings, ...flags }: PlainImport,
  output: Pick<Streams, 'out' | 'err'>,
  facts: { readonly out: StreamFacts; readonly err: StreamFacts },
): Promise<number | undefined> {
  const outStyle = styleOf(process.env, facts.out);
  const errStyle = styleOf(process.env, facts.err);
  const columns = Number.isFinite(outStyle.width) ? outStyle.width : 100;
  const input = (async function* () {})();
  const streams = { ...output, input, interactive: false, columns, outStyle, errStyle };
  const context = new OctavoContext(linuxHost(), streams, new AbortController().signal);
  context.turn = loopTurns();
  const { geometry } = context.host.identity;
  try {
    await importAndTell(context, recordings, { geometry, maps: flags.out !== undefined }, flags);
  } catch (problem) {
    if (problem instanceof OctavoError) return undefined;
    throw problem;
  }
  return context.exitCode;
}
