/**
 * Runs a plain import of short recordings on the main thread: a second thread takes longer to start than reading a
 * million samples does. The event loop gets turns in between, so that signals end the command as they end any other.
 */
import { constants } from 'node:os';
import type { ChosenHost } from './cli/chosen-host.js';
import type { StreamFacts } from './cli/print/style.js';
import { endProcess } from './host/linux/end-process.js';
import { type Inherited, ignores } from './host/linux/inherited.js';
import { STOP_SIGNALS } from './host/linux/shared-state.js';
import { writeFreely, writeOut } from './host/prepared-file.js';
import { areShortRecordings, isOrdinary } from './host/short-recording.js';
import type { PlainImport } from './import-here.js';
import { EXIT } from './vocabulary/errors.js';

/** What the words ask for when they are `import RECORDING… [--out FILE] [--json]`, all of it at hand; else undefined. */
export function plainImport([command, ...words]: readonly string[]): PlainImport | undefined {
  if (command !== 'import') return undefined;
  const json = words.filter((word) => word === '--json').length;
  const others = words.filter((word) => word !== '--json');
  const at = others.indexOf('--out');
  const out = at < 0 ? undefined : others[at + 1];
  const recordings = at < 0 ? others : [...others.slice(0, at), ...others.slice(at + 2)];
  if (json > 1 || (at >= 0 && out === undefined)) return undefined;
  const names = out === undefined ? recordings : [...recordings, out];
  if (recordings.length === 0 || names.some((name) => name === '' || name.startsWith('-'))) return undefined;
  if (out !== undefined && !isOrdinary(out)) return undefined;
  if (!areShortRecordings(recordings)) return undefined;
  return { recordings, json: json > 0, ...(out === undefined ? {} : { out }) };
}

/** What the main thread knows of a plain import. */
export interface Quick extends ChosenHost {
  readonly inherited: Inherited;
  readonly plain: PlainImport;
  /** Of the standard streams. */
  readonly facts: { readonly out: StreamFacts; readonly err: StreamFacts };
}

/** What the program says at its end when it could not say more. */
export interface QuickWords {
  lastWords(signal: string, hasTold: boolean): { readonly out: string; readonly err: string };
  unwritable(errno: string): string;
  bug(problem: unknown): string;
}

/** Runs the command to its end, or ends the process. */
export async function runQuick(started: Quick, words: QuickWords): Promise<void> {
  const written: string[] = [];
  let isTelling = false;
  for (const name of STOP_SIGNALS) {
    const isIgnored = name === 'SIGHUP' && ignores(started.inherited, constants.signals.SIGHUP);
    process.on(name, () => {
      if (!isIgnored) endByWords(words.lastWords(name, isTelling), isTelling);
    });
  }
  const err = { write: (text: string) => void writeOut(2, text) };
  const out = { write: (text: string | Uint8Array) => void written.push(String(text)) };
  try {
    process.exitCode = await runPlain(started, { out, err });
  } catch (problem) {
    err.write(words.bug(problem));
    process.exitCode = EXIT.bug;
  }
  isTelling = true;
  const errno = await writeFreely(1, written.join(''));
  if (errno === undefined || errno === 'EPIPE') return;
  err.write(words.unwritable(errno));
  if (process.exitCode === EXIT.done) process.exitCode = EXIT.badInput;
}

type Output = Parameters<typeof import('./import-here.js')['importHere']>[1];

/** What fails is done again in the usual way, which knows how to tell it. */
async function runPlain(started: Quick, output: Output): Promise<number> {
  const { importHere } = await import('./import-here.js');
  const code = await importHere(started.plain, output, started.facts);
  if (code !== undefined) return code;
  const { runHere } = await import('./run-here.js');
  return await runHere(started, output);
}

function endByWords({ out, err }: { readonly out: string; readonly err: string }, isTelling: boolean): never {
  writeOut(2, err);
  if (!isTelling) writeOut(1, out);
  // What waits to be written may wait for ever on another thread.
  if (isTelling) endProcess(EXIT.interrupted);
  process.exit(EXIT.interrupted);
}
