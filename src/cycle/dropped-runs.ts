/** Names of runs that went although they could still have been taken back, so that a later question finds that they existed. */
import * as z from 'zod';
import { parseJson } from '../base/json-text.js';
import { readOwnText, writeOwn } from '../host/own-file.js';
import { OctavoError } from '../vocabulary/errors.js';
import type { JournalPlace } from './journal.js';

/** Names kept of runs that could still have been taken back. */
const REMEMBERED = 1000;

const DroppedSchema = z.object({
  octavo: z.literal('dropped'),
  version: z.literal(1),
  runs: z.array(z.object({ run: z.string(), atMs: z.number() }).readonly()).readonly(),
});

const droppedPath = ({ directory }: JournalPlace) => `${directory}/dropped.json`;

/** Keeps the names. Returns whether they could be written: the runs stay otherwise. */
export function remember(place: JournalPlace, runs: readonly string[]): boolean {
  const atMs = place.host.clock.wallMs();
  const all = [...droppedRuns(place), ...runs.map((run) => ({ run, atMs }))].slice(-REMEMBERED);
  const text = JSON.stringify({ octavo: 'dropped', version: 1, runs: all });
  return writeOwn(place.host.files, droppedPath(place), text).ok;
}

/** Runs that were dropped although they could still have been taken back, and when. */
export function droppedRuns(place: JournalPlace): z.infer<typeof DroppedSchema>['runs'] {
  const text = readOwnText(place.host.files, droppedPath(place));
  const value = text.ok ? parseJson(text.value) : text;
  return (value.ok && DroppedSchema.safeParse(value.value).data?.runs) || [];
}

/** The error for a run that is not there. */
export function noSuchRun(place: JournalPlace, run: string): OctavoError {
  const dropped = droppedRuns(place).find((one) => one.run === run);
  return dropped
    ? new OctavoError('RUN_DROPPED', { run, when: new Date(dropped.atMs).toISOString() })
    : new OctavoError('RUN_NOT_FOUND', { run, directory: `${place.directory}/runs` });
}
