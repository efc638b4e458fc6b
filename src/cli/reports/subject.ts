/** What a report is to be of: a heat file, a run of the journal, or a document that another command printed. */
import { type JournalPlace, RUN_NAME } from '../../cycle/journal.js';
import { namedRun } from '../../cycle/named-run.js';
import { asIfRecovered, lastVerdicts, runState } from '../../cycle/recovery.js';
import { HeatFileSource } from '../../sources/heat-file.js';
import { OctavoError } from '../../vocabulary/errors.js';
import type { OctavoContext } from '../context.js';
import { journalPlace } from '../turns.js';
import type { ToldDocument } from './document-schemas.js';
import type { ToldRun } from './run-story.js';

/** A document that tells a story, or a heat file that still has to be read. */
export type Subject = ToldDocument | { readonly kind: 'heat'; readonly source: HeatFileSource };

/** A run by its name, unless there is a file of that name. Throws what reading it throws. */
export async function readSubject(
  context: OctavoContext,
  word: string,
  state: string | undefined,
): Promise<Subject> {
  const { files } = context.host;
  const isFile = files.status(word).ok;
  if (!isFile && RUN_NAME.test(word))
    return { kind: 'run', run: toldRun(context, journalPlace(context, state), word) };
  if (!isFile || !isText(context, word)) return { kind: 'heat', source: HeatFileSource.open(files, word) };
  const text = files.readText(word);
  if (!text.ok) throw new OctavoError('FILE_UNREADABLE', { path: word, errno: text.error.errno });
  // Schemas are large, and heat needs none of these.
  const { readDocument } = await import('./document-schemas.js');
  return readDocument(text.value, word);
}

/** As `octavo runs RUN --json` tells it. */
function toldRun({ host }: OctavoContext, place: JournalPlace, name: string): ToldRun {
  const run = asIfRecovered(host, namedRun(place, name));
  const { plan, records } = run;
  return {
    run: run.run,
    state: runState(host, run),
    plan,
    records,
    verdicts: [...lastVerdicts(run).values()],
  };
}

/** Whether a file begins as JSON does. */
function isText({ host }: OctavoContext, path: string): boolean {
  const opened = host.files.open(path);
  if (!opened.ok) return false;
  const begin = new Uint8Array(64);
  const read = opened.value.read(begin, 0);
  opened.value.close();
  return read.ok && /^\s*[{[]/.test(Buffer.from(begin.subarray(0, read.value)).toString('latin1'));
}
