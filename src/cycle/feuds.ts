/**
 * What a look back keeps between turns, in the state directory: the feuds of the ping-pong guard, what came back of
 * returned memory, and what was counted at the last look at each process. All only of processes that live. A file that cannot be read counts as none.
 */
import type * as z from 'zod';
import { parseJson } from '../base/json-text.js';
import { readOwnText, writeOwn } from '../host/own-file.js';
import { type Feuds, feudKey } from '../planning/guard.js';
import { type Regrets, regretKey } from '../planning/regret.js';
import { OctavoError } from '../vocabulary/errors.js';
import type { JournalPlace } from './journal.js';
import type { Marks } from './journal-records.js';
import { isThere } from './same-process.js';
import { FeudsSchema, RegretsSchema, WatchesSchema } from './state-files.js';

/** The last look at each process, by pid. */
export type Watches = ReadonlyMap<number, Marks>;

/** The feuds as they were kept, without looking at any memory. */
export function readFeuds(place: JournalPlace): Feuds {
  const kept = readState(place, 'feuds.json', FeudsSchema);
  return new Map(kept?.feuds.map((feud) => [feudKey(feud, feud.block), feud]));
}

/** Throws FILE_UNWRITABLE. */
export function keepFeuds(place: JournalPlace, feuds: Feuds): void {
  const alive = [...feuds.values()].filter((feud) => isThere(place.host, feud));
  writeState(place, 'feuds.json', { octavo: 'feuds', version: 1, feuds: alive });
}

/** What came back of returned memory, by process. */
export function readRegrets(place: JournalPlace): Regrets {
  const kept = readState(place, 'regrets.json', RegretsSchema);
  return new Map(kept?.regrets.map((regret) => [regretKey(regret), regret]));
}

/** Throws FILE_UNWRITABLE. Nothing is written where there is nothing to keep. */
export function keepRegrets(place: JournalPlace, regrets: Regrets): void {
  if (regrets.size === 0) return;
  const alive = [...regrets.values()].filter((regret) => isThere(place.host, regret));
  writeState(place, 'regrets.json', { octavo: 'regrets', version: 1, regrets: alive });
}

/** Returns the counters of the last look at each process. */
export function readWatches(place: JournalPlace): Watches {
  const kept = readState(place, 'watches.json', WatchesSchema);
  return new Map(kept?.watches.map((marks) => [marks.pid, marks]));
}

/** Throws FILE_UNWRITABLE. Nothing is written where there is nothing to keep. */
export function keepWatches(place: JournalPlace, watches: Watches): void {
  if (watches.size === 0) return;
  const alive = [...watches.values()].filter((marks) => isThere(place.host, marks));
  writeState(place, 'watches.json', { octavo: 'watches', version: 1, watches: alive });
}

function readState<Kept>(place: JournalPlace, name: string, schema: z.ZodType<Kept>): Kept | undefined {
  const text = readOwnText(place.host.files, `${place.directory}/${name}`);
  const value = text.ok ? parseJson(text.value) : text;
  return value.ok ? schema.safeParse(value.value).data : undefined;
}

function writeState({ host, directory }: JournalPlace, name: string, value: unknown): void {
  const path = `${directory}/${name}`;
  const written = writeOwn(host.files, path, JSON.stringify(value));
  if (!written.ok) throw new OctavoError('FILE_UNWRITABLE', { path, errno: written.error.errno });
}
