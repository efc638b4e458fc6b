/** The run that a user named. */

import { noSuchRun } from './dropped-runs.js';
import { type JournalPlace, type ReadRun, readRun } from './journal.js';

/** Throws RUN_NOT_FOUND, RUN_DROPPED, JOURNAL_DAMAGED or FILE_UNREADABLE. */
export function namedRun(place: JournalPlace, name: string): ReadRun {
  // A path is no name.
  const run = /[/\0]/.test(name) || name.startsWith('.') ? undefined : readRun(place, name);
  if (!run) throw noSuchRun(place, name);
  return run;
}
