/**
 * The index of ended runs: `runs.index` in the state directory, so that a start and a list cost what they show and not
 * what is stored. It is a cache. The names in `runs/` say which runs there are; a row counts only while the size and time
 * of its journal are those it was made from. A missing, torn or damaged row means that the run itself is read. Readers
 * never write it; the holder of the state lock adds what it lacks.
 *
 * A line is `CHECKSUM RUN BYTES MODIFIED JSON`; the last line of a run counts.
 */
import { readOwnText, refusal, writeOwn } from '../host/own-file.js';
import { type JournalPlace, journalPath, type RunReading, tryReadRun } from './journal.js';
import { bodyOf, lineOf } from './journal-lines.js';
import { columnsOf, RowSchema, type RunSummary, summaryOfColumns } from './run-columns.js';
import { summaryOf } from './run-summary.js';

/** A damaged journal has a row as well, so that it is known without being read again. */
export type IndexRow = RunSummary | { readonly damaged: string };

const indexPath = ({ directory }: JournalPlace) => `${directory}/runs.index`;
/** Stands in front of what is damaged in a row, and in no other. */
const DAMAGED = ' {"damaged":';

/** Summaries of ended runs, read from one file, added to at the end of a run. */
export class RunIndex {
  readonly #place: JournalPlace;
  readonly #text: string;
  /** The last line of each run. Its checksum is looked at when the row is. */
  readonly #lines = new Map<string, string>();
  #lineCount = 0;
  #torn: boolean;

  private constructor(place: JournalPlace, text: string) {
    this.#place = place;
    // What follows the last end of line is torn or being written.
    this.#text = text.slice(0, text.lastIndexOf('\n') + 1);
    this.#torn = this.#text.length < text.length;
    this.#take(this.#text);
  }

  /** Returns an empty index where it cannot be read: everything then comes from the runs themselves. */
  static read(place: JournalPlace): RunIndex {
    const text = readOwnText(place.host.files, indexPath(place));
    return new RunIndex(place, text.ok ? text.value : '');
  }

  #take(text: string): void {
    for (let at = 0, end = text.indexOf('\n'); end >= 0; at = end + 1, end = text.indexOf('\n', at)) {
      const line = text.slice(at, end);
      this.#lines.set(line.slice(9, line.indexOf(' ', 9)), line);
      this.#lineCount++;
    }
  }

  /** Lines in the file, those that no longer count included. */
  get lineCount(): number {
    return this.#lineCount;
  }

  /** Whether there is a row for a run, up to date or not. A run gets one when it has ended. */
  has(run: string): boolean {
    return this.#lines.has(run);
  }

  /** Names of the runs whose journals were damaged. */
  damaged(): readonly string[] {
    return this.#text.includes(DAMAGED) ? this.#mentioning(DAMAGED) : [];
  }

  /** Names of the runs of a plan. */
  ofPlan(id: string): readonly string[] {
    return this.#mentioning(JSON.stringify(id));
  }

  #mentioning(text: string): readonly string[] {
    return [...this.#lines].filter(([, line]) => line.includes(text)).map(([run]) => run);
  }

  /** Bytes of a run's journal when its row was made; undefined without a row. */
  bytesOf(run: string): number | undefined {
    const bytes = Number(this.#lines.get(run)?.split(' ', 3)[2]);
    return Number.isSafeInteger(bytes) ? bytes : undefined;
  }

  /** False only where a row says that a run is not of this process, or cannot be read. */
  mayConcern(run: string, pid: number): boolean {
    const line = this.#lines.get(run);
    return line === undefined || line.includes(`[${pid},`);
  }

  /** A run's row, up to date or not; undefined without one, or where its checksum does not confirm it. */
  row(run: string): IndexRow | undefined {
    const line = this.#lines.get(run);
    const body = line === undefined ? undefined : bodyOf(line);
    return body === undefined ? undefined : parseRow(run, body.split(' ').slice(3).join(' '));
  }

  /** Whether a run's journal is as it was when its row was made. */
  isFresh(run: string): boolean {
    const line = this.#lines.get(run);
    const stamp = line === undefined ? undefined : stampOf(this.#place, run);
    return stamp !== undefined && line?.startsWith(` ${run} ${stamp} `, 8) === true;
  }

  /** A run's row while its journal is as it was when the row was made. */
  freshRow(run: string): IndexRow | undefined {
    return this.isFresh(run) ? this.row(run) : undefined;
  }

  /**
   * Adds rows. The caller holds the state lock. A refusal is no failure: the index is a cache, and the next start tries
   * again.
   */
  add(rows: readonly (readonly [run: string, row: IndexRow])[]): void {
    const text = rows.map(([run, row]) => rowLine(this.#place, run, row)).join('');
    const { files } = this.#place.host;
    const path = indexPath(this.#place);
    const file = text === '' ? undefined : (refusal(files, path) ?? files.appendTo(path));
    if (!file?.ok) return;
    // A line that a crash left torn gets an end of its own.
    if (file.value.append(this.#torn ? `\n${text}` : text).ok) {
      this.#take(text);
      this.#torn = false;
    }
    file.value.close();
  }

  /** Adds the row of a run as its journal is now. */
  note(run: string): void {
    const row = rowOf(tryReadRun(this.#place, run));
    if (row) this.add([[run, row]]);
  }

  /** Writes the index anew with the rows of these runs only. The caller holds the state lock. */
  rewrite(runs: readonly string[]): void {
    const lines = runs.flatMap((run) => this.#lines.get(run) ?? []);
    const text = lines.map((line) => `${line}\n`).join('');
    writeOwn(this.#place.host.files, indexPath(this.#place), text);
  }
}

/**
 * What there is to know of a run for a list: from the index, or from the run where the index lags behind. Undefined
 * when the run did nothing.
 */
export function lookUp(place: JournalPlace, index: RunIndex, run: string): IndexRow | undefined {
  return index.freshRow(run) ?? rowOf(tryReadRun(place, run));
}

/** The row of what was read. */
export function rowOf(reading: RunReading): IndexRow | undefined {
  if (reading.kind === 'absent') return undefined;
  if (reading.kind === 'damaged') return { damaged: `${reading.problem.message}. ${reading.problem.advice}` };
  return summaryOf(reading.run);
}

function rowLine(place: JournalPlace, run: string, row: IndexRow): string {
  const stamp = stampOf(place, run);
  const text = JSON.stringify('damaged' in row ? row : columnsOf(row));
  return stamp === undefined ? '' : lineOf(`${run} ${stamp} ${text}`);
}

function parseRow(run: string, text: string): IndexRow | undefined {
  const parsed = RowSchema.safeParse(JSON.parse(text));
  if (!parsed.success) return undefined;
  return 'damaged' in parsed.data ? parsed.data : summaryOfColumns(run, parsed.data);
}

/** Size and time of a run's journal. */
function stampOf(place: JournalPlace, run: string): string | undefined {
  const status = place.host.files.status(journalPath(place, run));
  return status.ok ? `${status.value.bytes} ${status.value.modifiedMs}` : undefined;
}
