/**
 * The write-ahead journal of one run: `runs/RUN/journal.jsonl` in the state directory. Every line carries a sequence
 * number and a checksum and is on stable storage before the act it announces. Reading changes nothing: a torn last
 * line, what a crash leaves, is passed over, and only recovery mends it (openJournal). Damage anywhere else makes the
 * run unreadable and is told; other runs are not affected by it.
 */
import { parseJson } from '../base/json-text.js';
import { schemaProblem } from '../base/schema-words.js';
import type { Answer, AppendFile, Host } from '../host/host.js';
import type { Holder } from '../host/lock-file.js';
import { readOwnText } from '../host/own-file.js';
import type { ErrnoName } from '../vocabulary/errno.js';
import { OctavoError } from '../vocabulary/errors.js';
import { AnyPlanSchema } from '../vocabulary/older-plans.js';
import type { Plan } from '../vocabulary/plan.js';
import { incoherence } from '../vocabulary/plan-coherence.js';
import type { Milliseconds } from '../vocabulary/units.js';
import {
  type Damage,
  lineOf,
  packed,
  plain,
  type SoundLines,
  soundLines,
  unpacked,
} from './journal-lines.js';
import {
  JOURNAL_VERSION,
  type JournalRecord,
  type PlanRecord,
  planRecord,
  readRecords,
} from './journal-records.js';
import type { KeptReadings } from './kept-readings.js';
import { type Columns, columnsOf } from './run-columns.js';
import { type RunRecords, summaryOf } from './run-summary.js';

export type { JournalRecord, Marks, RecordOf } from './journal-records.js';

/** A host and the directory that journals are kept in. */
export interface JournalPlace {
  readonly host: Host;
  /** State directory; runs lie in `runs/` below it. */
  readonly directory: string;
  /** Journals that were read before, of a process that lives for long. */
  readonly kept?: KeptReadings<ReadRun>;
}

const runPath = (place: JournalPlace, run: string) => `${place.directory}/runs/${run}`;
/** Returns the path of a run's journal. */
export const journalPath = (place: JournalPlace, run: string) => `${runPath(place, run)}/journal.jsonl`;

/** Appends records to the journal of a run. */
export class JournalWriter {
  readonly run: string;
  readonly #file: AppendFile;
  readonly #path: string;
  readonly #soFar: RunRecords & { readonly records: JournalRecord[] };
  #sequence: number;
  #announced = false;

  constructor(path: string, file: AppendFile, soFar: RunRecords, sequence: number) {
    this.run = soFar.run;
    this.#file = file;
    this.#path = path;
    this.#soFar = { ...soFar, records: soFar.records.filter(isSummed) };
    this.#sequence = sequence;
  }

  /** Whether an act was announced: from then on the run may have changed something. */
  get announced(): boolean {
    return this.#announced;
  }

  /**
   * Returns when the records are on stable storage, all or none of them. Throws FILE_UNWRITABLE: nothing is done that
   * is not written. What ends a run, or comes after its end, gets the summary of the run up to there.
   */
  write(...records: readonly (JournalRecord | PlanRecord)[]): void {
    const summed = [...this.#soFar.records];
    const lines = records.map((record, index) => {
      if (isSummed(record)) summed.push(record);
      const value = { n: this.#sequence + index, ...record, ...this.#summary(record, summed) };
      return lineOf(record.kind === 'begin' || record.kind === 'end' ? plain(value) : packed(value));
    });
    const written = this.#file.append(lines.join(''));
    if (!written.ok)
      throw new OctavoError('FILE_UNWRITABLE', { path: this.#path, errno: written.error.errno });
    this.#sequence += records.length;
    this.#soFar.records.push(...summed.slice(this.#soFar.records.length));
    this.#announced ||= records.some(({ kind }) => kind === 'intent');
  }

  #summary(
    { kind }: JournalRecord | PlanRecord,
    records: readonly JournalRecord[],
  ): { readonly summary?: Columns } {
    if (kind !== 'end' && kind !== 'undone') return {};
    return { summary: columnsOf(summaryOf({ ...this.#soFar, records })) };
  }

  close(): void {
    this.#file.close();
  }
}

/** Records that tell how a run ended or what became of its steps. */
function isSummed(record: JournalRecord | PlanRecord): record is JournalRecord {
  return ['end', 'verdicts', 'recovered', 'undone'].includes(record.kind);
}

/** Begins the journal of a new run. Throws FILE_UNWRITABLE and leaves no run behind then. */
export function createJournal(place: JournalPlace, run: string, plan: Plan, owner: Holder): JournalWriter {
  const directory = runPath(place, run);
  must(place.host.files.makeDirectory(directory), directory);
  let writer: JournalWriter | undefined;
  try {
    const atMs = place.host.clock.wallMs();
    const begin = { kind: 'begin', version: JOURNAL_VERSION, plan: plan.id, owner, atMs } as const;
    writer = appendingTo(place, { run, plan, begin, records: [] }, 0);
    writer.write(begin, planRecord(plan));
    return writer;
  } catch (problem) {
    writer?.close();
    removeRun(place, run);
    throw problem;
  }
}

/**
 * Opens the journal of an earlier run to add to it, and mends it first where it is torn. The caller holds the state
 * lock, and the run's own process is gone or has ended the run.
 */
export function openJournal(place: JournalPlace, run: ReadRun): JournalWriter {
  const path = journalPath(place, run.run);
  if (run.sound !== undefined) must(place.host.files.writeFile(path, run.sound), path);
  return appendingTo(place, run, run.lines);
}

function appendingTo(place: JournalPlace, soFar: RunRecords, lines: number): JournalWriter {
  const path = journalPath(place, soFar.run);
  const opened = place.host.files.appendTo(path);
  if (!opened.ok) throw new OctavoError('FILE_UNWRITABLE', { path, errno: opened.error.errno });
  return new JournalWriter(path, opened.value, soFar, lines);
}

/** Removes all of a run. The caller holds the state lock. Returns whether nothing of it is left. */
export function removeRun(place: JournalPlace, run: string): boolean {
  const { files } = place.host;
  const directory = runPath(place, run);
  // The journal goes first: what is left after a crash in between is no run any more.
  for (const name of ['journal.jsonl', 'journal.jsonl.new', 'plan.json'])
    files.remove(`${directory}/${name}`);
  return files.remove(directory).ok;
}

/** A run as its journal tells it. */
export interface ReadRun extends RunRecords {
  /** Whole lines in the journal. */
  readonly lines: number;
  /** The journal without its torn last line; undefined when no line is torn. */
  readonly sound: string | undefined;
}

/** What became of reading a run. `absent`: it ended before its journal began, in which case it did nothing. */
export type RunReading =
  | { readonly kind: 'run'; readonly run: ReadRun }
  | { readonly kind: 'absent' }
  | DamagedReading;

/** A run whose journal cannot be read, as a value. */
export interface DamagedReading {
  readonly kind: 'damaged';
  readonly run: string;
  /** JOURNAL_DAMAGED, which says how to set the run aside, or FILE_UNREADABLE. */
  readonly problem: OctavoError;
}

/** Names of runs: UTC time to the millisecond and four random hexadecimal digits. */
export const RUN_NAME = /^\d{8}T\d{9}Z-[0-9a-f]{4}$/;

/** A name that nothing else has, by the time: `20261122T195500123Z-1f3a`. */
export function runName(host: Host): string {
  return nameAt(host, host.clock.wallMs());
}

/**
 * A name for the next run. Names sort by the order of the runs, whatever happens to the clock: one that was set back names
 * the next run a millisecond after the newest, so that it does not count as the oldest. When it began stands in its journal.
 */
export function nextRunName(place: JournalPlace): string {
  // A directory that somebody made may have a name of no time.
  const newest = listRuns(place).findLast((name) => Number.isFinite(timeOfName(name)));
  const afterMs = newest === undefined ? 0 : timeOfName(newest) + 1;
  return nameAt(place.host, Math.max(place.host.clock.wallMs(), afterMs));
}

function nameAt(host: Host, wallMs: Milliseconds): string {
  const time = new Date(wallMs).toISOString().replace(/[-:.]/g, '');
  return `${time}-${(host.random.uint32() & 0xffff).toString(16).padStart(4, '0')}`;
}

/** When a run began, by its name; not a number where the name has no such time. */
export function timeOfName(run: string): Milliseconds {
  return Date.parse(
    run.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z.*$/, '$1-$2-$3T$4:$5:$6.$7Z'),
  );
}

/** Names of the runs that have a directory, oldest first. Throws FILE_UNREADABLE. */
export function listRuns(place: JournalPlace): readonly string[] {
  const path = `${place.directory}/runs`;
  const listed = place.host.files.list(path);
  if (listed.ok) return listed.value.filter((name) => RUN_NAME.test(name)).sort();
  if (isAbsence(listed.error.errno)) return [];
  throw new OctavoError('FILE_UNREADABLE', { path, errno: listed.error.errno });
}

/** Reads a run; undefined when it did nothing. Throws JOURNAL_DAMAGED or FILE_UNREADABLE. */
export function readRun(place: JournalPlace, run: string): ReadRun | undefined {
  const reading = tryReadRun(place, run);
  if (reading.kind === 'damaged') throw reading.problem;
  return reading.kind === 'run' ? reading.run : undefined;
}

/** Reads a run, with damage as a value: for all that go through many runs, which one damaged run must not stop. */
export function tryReadRun(place: JournalPlace, run: string): RunReading {
  try {
    const read = readSound(place, run);
    return read ? { kind: 'run', run: read } : { kind: 'absent' };
  } catch (problem) {
    if (!(problem instanceof OctavoError)) throw problem;
    return { kind: 'damaged', run, problem };
  }
}

function readSound(place: JournalPlace, run: string): ReadRun | undefined {
  const text = textOf(place, journalPath(place, run));
  if (text === undefined) return undefined;
  const known = place.kept?.of(journalPath(place, run), text);
  if (known !== undefined) return known;
  const sound = soundLines(text);
  if ('problem' in sound) throw damaged(place, run, sound);
  const read = readRecords(valuesOf(place, run, sound));
  if ('problem' in read) throw damaged(place, run, read);
  // Begin and plan are written in one go: without both, nothing was announced.
  const { begin } = read;
  if (begin === undefined || (begin.version > 1 && sound.bodies.length === 1)) return undefined;
  const plan = read.plan ?? planFile(place, run, begin.version);
  const torn = sound.torn ? { sound: sound.whole } : { sound: undefined };
  const whole = { run, plan, begin, records: read.records, lines: sound.bodies.length, ...torn };
  place.kept?.keep(journalPath(place, run), text, whole);
  return whole;
}

/** Bodies that their checksums confirm: one that cannot be unpacked was written so. */
function valuesOf(place: JournalPlace, run: string, { bodies }: SoundLines): readonly unknown[] {
  return bodies.map((body, index) => {
    try {
      return unpacked(body);
    } catch (problem) {
      throw damaged(place, run, { line: index + 1, problem: (problem as Error).message });
    }
  });
}

/** The plan beside a journal of version 1. */
function planFile(place: JournalPlace, run: string, version: number): Plan {
  const path = version === 1 ? `${runPath(place, run)}/plan.json` : journalPath(place, run);
  const text = version === 1 ? textOf(place, path) : undefined;
  if (text === undefined) throw damaged(place, run, { line: 1, problem: 'the plan is missing' }, path);
  try {
    return parsePlan(text, path);
  } catch (problem) {
    throw damaged(place, run, { line: 1, problem: (problem as OctavoError).message }, path);
  }
}

function textOf(place: JournalPlace, path: string): string | undefined {
  const text = readOwnText(place.host.files, path);
  if (text.ok) return text.value;
  if (isAbsence(text.error.errno)) return undefined;
  throw new OctavoError('FILE_UNREADABLE', { path, errno: text.error.errno });
}

function isAbsence(errno: ErrnoName): boolean {
  return errno === 'ENOENT' || errno === 'ENOTDIR';
}

function damaged(
  place: JournalPlace,
  run: string,
  { line, problem }: Damage,
  path = journalPath(place, run),
): OctavoError {
  return new OctavoError('JOURNAL_DAMAGED', {
    path,
    line,
    problem,
    run,
    directory: runPath(place, run),
    aside: `${place.directory}/${run}.damaged`,
  });
}

/** Parses plan text. Throws PLAN_MALFORMED naming the place. */
export function parsePlan(text: string, path: string): Plan {
  const value = parseJson(text);
  if (!value.ok) throw new OctavoError('PLAN_MALFORMED', { path, ...value.error });
  const parsed = AnyPlanSchema.safeParse(value.value);
  const problem = parsed.success ? incoherence(parsed.data) : schemaProblem(parsed.error);
  if (parsed.success && !problem) return parsed.data;
  throw new OctavoError('PLAN_MALFORMED', { path, ...problem });
}

function must(answer: Answer<void>, path: string): void {
  if (!answer.ok) throw new OctavoError('FILE_UNWRITABLE', { path, errno: answer.error.errno });
}
