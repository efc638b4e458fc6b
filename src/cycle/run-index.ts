/**
 * The index of ended runs: `runs.index` in the state directory, so that a start and a list cost what they show and not
 * what is stored. It is a cache. The names in `runs/` say which runs there are; a row counts only while the size and time
 * of its journal are those it was made from. A missing, torn or damaged row means that the run itself is read. Readers
 * never write it; the holder of the state lock adds what it lacks.
 *
 * A line is `CHECKSUM RUN BYTES MODIFIED JSON`; the last line of a run counts.
 */
import { z } from 'zod';
import { type JournalPlace, journalPath, type RunReading, tryReadRun } from './journal.js';
import { bodyOf, lineOf } from './journal-lines.js';
import { RunSummarySchema, summaryOf } from './run-summary.js';

/** A damaged journal has a row as well, so that it is not read again at each start. */
const RowSchema = z.union([RunSummarySchema, z.object({ damaged: z.string() }).readonly()]);

export type IndexRow = z.infer<typeof RowSchema>;

const indexPath = ({ directory }: JournalPlace) => `${directory}/runs.index`;

export class RunIndex {
  readonly #place: JournalPlace;
  /** The last sound line of each run. */
  readonly #lines = new Map<string, string>();
  /** Lines in the file, those that no longer count included. */
  readonly lineCount: number;

  private constructor(place: JournalPlace, text: string) {
    this.#place = place;
    const lines = text.split('\n');
    // What follows the last end of line is torn or being written.
    lines.pop();
    for (const line of lines)
      if (bodyOf(line) !== undefined) this.#lines.set(line.slice(9, line.indexOf(' ', 9)), line);
    this.lineCount = lines.length;
  }

  /** Returns an empty index where it cannot be read: everything then comes from the runs themselves. */
  static read(place: JournalPlace): RunIndex {
    const text = place.host.files.readText(indexPath(place));
    return new RunIndex(place, text.ok ? text.value : '');
  }

  /** Whether there is a row for a run, up to date or not. */
  has(run: string): boolean {
    return this.#lines.has(run);
  }

  /** Names of the runs whose journals were damaged. */
  damaged(): readonly string[] {
    return [...this.#lines].filter(([, line]) => line.includes(' {"damaged":')).map(([run]) => run);
  }

  /** Names of the runs whose line holds a text, as JSON has it. */
  mentioning(text: string): readonly string[] {
    const wanted = JSON.stringify(text);
    return [...this.#lines].filter(([, line]) => line.includes(wanted)).map(([run]) => run);
  }

  /** Bytes of a run's journal when its row was made; undefined without a row. */
  bytesOf(run: string): number | undefined {
    const bytes = Number(this.#lines.get(run)?.split(' ', 3)[2]);
    return Number.isSafeInteger(bytes) ? bytes : undefined;
  }

  /** A run's row, up to date or not. */
  row(run: string): IndexRow | undefined {
    const line = this.#lines.get(run);
    if (line === undefined) return undefined;
    const parsed = RowSchema.safeParse(JSON.parse(line.slice(line.indexOf(' {') + 1)));
    return parsed.success ? parsed.data : undefined;
  }

  /** A run's row while its journal is as it was when the row was made. */
  freshRow(run: string): IndexRow | undefined {
    const line = this.#lines.get(run);
    const stamp = line === undefined ? undefined : stampOf(this.#place, run);
    return stamp !== undefined && line?.startsWith(` ${run} ${stamp} `, 8) ? this.row(run) : undefined;
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

/**
 * Adds rows. The caller holds the state lock. A refusal is no failure: the index is a cache, and the next start tries
 * again.
 */
export function addRows(place: JournalPlace, rows: readonly (readonly [run: string, row: IndexRow])[]): void {
  const lines = rows.flatMap(([run, row]) => {
    const stamp = stampOf(place, run);
    return stamp === undefined ? [] : [lineOf(`${run} ${stamp} ${JSON.stringify(row)}`)];
  });
  if (lines.length === 0) return;
  const file = place.host.files.appendTo(indexPath(place));
  if (!file.ok) return;
  // Where a crash left a torn line, the first of these is lost with it; the next start finds that run without a row.
  file.value.append(lines.join(''));
  file.value.close();
}

/** Adds the row of a run as its journal is now. */
export function noteRun(place: JournalPlace, run: string): void {
  const row = rowOf(tryReadRun(place, run));
  if (row) addRows(place, [[run, row]]);
}

/** Writes the index anew with the rows of these runs only. */
export function rewriteIndex(place: JournalPlace, index: RunIndex, runs: readonly string[]): void {
  const lines = runs.flatMap((run) => {
    const row = index.freshRow(run);
    const stamp = stampOf(place, run);
    return row && stamp !== undefined ? [lineOf(`${run} ${stamp} ${JSON.stringify(row)}`)] : [];
  });
  place.host.files.writeFile(indexPath(place), lines.join(''));
}

function stampOf(place: JournalPlace, run: string): string | undefined {
  const status = place.host.files.status(journalPath(place, run));
  return status.ok ? `${status.value.bytes} ${status.value.modifiedMs}` : undefined;
}
