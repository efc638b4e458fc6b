/**
 * Keeps the journal within its bounds: number of runs, bytes and age. What undo does not need goes first, oldest first.
 * A run that could still be taken back goes only where number or bytes leave no choice, and its name is kept, so that
 * nobody is told that it never was.
 */
import type { Host } from '../host/host.js';
import type { Bytes, Milliseconds } from '../vocabulary/units.js';
import { changes } from './acts.js';
import { remember } from './dropped-runs.js';
import { type JournalPlace, listRuns, removeRun, timeOfName, tryReadRun } from './journal.js';
import type { RunSummary } from './run-columns.js';
import { lookUp, RunIndex } from './run-index.js';
import { isThere } from './same-process.js';

/** Bounds of the journal. */
export interface Retention {
  readonly runs: number;
  readonly bytes: Bytes;
  readonly age: Milliseconds;
}

const DAY_MS: Milliseconds = 86_400_000;
/** Time without any run counts as no more than this towards an age: a clock that was set leaves such a gap, too. */
const LONGEST_GAP: Milliseconds = 7 * DAY_MS;

/**
 * 10,000 runs are three and a half days of turns every 30 s that all act, or a year of hourly ones, and a list of them
 * costs milliseconds. 256 MiB hold two million acted-on blocks, 4 TiB of memory, and are nothing on the disk of a host
 * of that size. 90 days cover what is asked of last quarter; a process seldom lives as long, and without it nothing can
 * be taken back.
 */
export const DEFAULT_RETENTION: Retention = Object.freeze({
  runs: 10_000,
  bytes: 256 * 2 ** 20,
  age: 90 * DAY_MS,
});

/** What went to keep the bounds. */
export interface Dropped {
  readonly runs: number;
  readonly bytes: Bytes;
  /** Those of them that could still have been taken back. */
  readonly needed: readonly string[];
}

/** The journal was within its bounds. */
export const NOTHING_DROPPED: Dropped = { runs: 0, bytes: 0, needed: [] };

/** Once a bound is passed, this share of it is made free, so that not every run has to look for what may go. */
const SLACK = 0.05;

interface Candidate {
  readonly run: string;
  readonly bytes: Bytes;
  readonly isOld: boolean;
  readonly needed: boolean;
}

/** Drops what is beyond the bounds. `kept` are never dropped. The caller holds the state lock. */
export function keepWithin(
  place: JournalPlace,
  bounds: Retention,
  kept: readonly string[],
  index = RunIndex.read(place),
): Dropped {
  const names = listRuns(place);
  const bytes = names.reduce((sum, name) => sum + (index.bytesOf(name) ?? 0), 0);
  const old = olderThan(bounds.age, names, place.host.clock.wallMs());
  const isWithin = names.length <= bounds.runs && bytes <= bounds.bytes;
  if (isWithin && old.length === 0) return NOTHING_DROPPED;
  const runs = { inQuestion: isWithin ? old : names, old: new Set(old), kept: new Set(kept) };
  const choice = chosen(candidatesOf(place, index, runs), bounds, { runs: names.length, bytes });
  return drop(place, index, names, choice);
}

/**
 * Runs that are older, of names in their order. Time is counted from run to run: where the clock is set a year ahead, all
 * runs age by the longest gap, not by a year; what is later than now is new.
 */
function olderThan(age: Milliseconds, names: readonly string[], nowMs: Milliseconds): readonly string[] {
  // No counted age is above that by the clock.
  if (names.length === 0 || nowMs - timeOfName(names[0]) <= age) return [];
  let [counted, laterMs] = [0, nowMs];
  for (let at = names.length - 1; at >= 0; at--) {
    const gap = Math.max(0, laterMs - timeOfName(names[at]));
    counted += Math.min(gap, LONGEST_GAP);
    laterMs -= gap;
    if (counted > age) return names.slice(0, at + 1);
  }
  return [];
}

interface RunsToJudge {
  readonly inQuestion: readonly string[];
  readonly old: ReadonlySet<string>;
  readonly kept: ReadonlySet<string>;
}

/** Ended runs that can be read, oldest first; what is damaged is for people to judge. */
function candidatesOf(
  place: JournalPlace,
  index: RunIndex,
  { inQuestion, old, kept }: RunsToJudge,
): readonly Candidate[] {
  const isAlive = aliveOnce(place.host);
  return inQuestion.flatMap((run) => {
    const row = kept.has(run) ? undefined : (index.row(run) ?? lookUp(place, index, run));
    if (!row || 'damaged' in row || row.state === 'unfinished') return [];
    const mayStand = row.bootId === place.host.identity.bootId && row.processes.some(isAlive);
    const needed = mayStand && (row.met > 0 || hasChanged(place, run));
    return [{ run, bytes: index.bytesOf(run) ?? 0, isOld: old.has(run), needed }];
  });
}

/** Whether undo would find anything; summaries do not count what was met in part. What cannot be read may have. */
function hasChanged(place: JournalPlace, run: string): boolean {
  const reading = tryReadRun(place, run);
  return reading.kind === 'run' ? changes(reading.run).length > 0 : reading.kind === 'damaged';
}

/** Whether a process is the one it was; each is asked for once. */
function aliveOnce(host: Host): (process: RunSummary['processes'][number]) => boolean {
  const known = new Map<string, boolean>();
  return ([pid, startTicks]) => {
    const key = `${pid}/${startTicks}`;
    const answer = known.get(key) ?? isThere(host, { pid, startTicks });
    known.set(key, answer);
    return answer;
  };
}

function chosen(
  candidates: readonly Candidate[],
  bounds: Retention,
  stored: { readonly runs: number; readonly bytes: Bytes },
): readonly Candidate[] {
  const chosenOnes = candidates.filter(({ isOld, needed }) => isOld && !needed);
  let runs = stored.runs - chosenOnes.length;
  let bytes = stored.bytes - chosenOnes.reduce((sum, one) => sum + one.bytes, 0);
  if (runs <= bounds.runs && bytes <= bounds.bytes) return chosenOnes;
  const taken = new Set(chosenOnes);
  const rest = candidates.filter((one) => !taken.has(one));
  for (const one of [...rest.filter(({ needed }) => !needed), ...rest.filter(({ needed }) => needed)]) {
    const enough = one.needed ? 1 : 1 - SLACK;
    if (runs <= Math.floor(bounds.runs * enough) && bytes <= bounds.bytes * enough) break;
    chosenOnes.push(one);
    runs--;
    bytes -= one.bytes;
  }
  return chosenOnes;
}

function drop(
  place: JournalPlace,
  index: RunIndex,
  names: readonly string[],
  choice: readonly Candidate[],
): Dropped {
  const needed = choice.filter((one) => one.needed).map(({ run }) => run);
  const mayDropNeeded = needed.length === 0 || remember(place, needed);
  const gone = choice.filter((one) => (mayDropNeeded || !one.needed) && removeRun(place, one.run));
  const left = new Set(gone.map(({ run }) => run));
  if (index.lineCount > 2 * (names.length - left.size) + 100)
    index.rewrite(names.filter((name) => !left.has(name)));
  return {
    runs: gone.length,
    bytes: gone.reduce((sum, { bytes }) => sum + bytes, 0),
    needed: mayDropNeeded ? needed : [],
  };
}
