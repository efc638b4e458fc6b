/**
 * The summary in the last line of a journal, without the rest of it: what a lost index is made again from. Thousands of
 * journals read whole leave more garbage than a start may hold.
 */
import type { OpenFile } from '../host/host.js';
import { type JournalPlace, journalPath } from './journal.js';
import { bodyOf, unpacked } from './journal-lines.js';
import { RecordSchema } from './journal-records.js';
import { type RunSummary, summaryOfColumns } from './run-columns.js';

/** A last line of more bytes, a run on hundreds of processes, is read with its journal. */
const MOST_BYTES = 8192;
const END_OF_LINE = 10;

/**
 * The summary of a run whose journal ends with one; undefined for a run that is not over, a torn or damaged last line,
 * and journals of before. Lines before the last are not looked at.
 */
export function endedSummary(place: JournalPlace, run: string): RunSummary | undefined {
  const path = journalPath(place, run);
  const status = place.host.files.status(path);
  if (!status.ok || status.value.kind !== 'file') return undefined;
  const file = place.host.files.open(path);
  if (!file.ok) return undefined;
  try {
    const line = lastLine(file.value, status.value.bytes);
    return line === undefined ? undefined : summaryIn(run, line);
  } finally {
    file.value.close();
  }
}

const buffer = new Uint8Array(MOST_BYTES);
const words = new TextDecoder();

/** The last line of a file, without its end; undefined where it has none or is too long. */
function lastLine(file: OpenFile, bytes: number): string | undefined {
  const from = Math.max(0, bytes - MOST_BYTES);
  const got = file.read(buffer, from);
  if (!got.ok || got.value !== bytes - from || buffer[got.value - 1] !== END_OF_LINE) return undefined;
  const end = got.value - 1;
  const before = buffer.subarray(0, end).lastIndexOf(END_OF_LINE);
  return before < 0 ? undefined : words.decode(buffer.subarray(before + 1, end));
}

/** A run that was looked back at without an end is not over. */
function summaryIn(run: string, line: string): RunSummary | undefined {
  const body = bodyOf(line);
  const record = RecordSchema.safeParse(body && valueIn(body));
  if (!record.success || !('summary' in record.data) || record.data.summary === undefined) return undefined;
  const summary = summaryOfColumns(run, record.data.summary);
  return summary.state === 'unfinished' ? undefined : summary;
}

/** A body that its checksum confirms and that this Octavo cannot unpack is left to who reads the whole journal. */
function valueIn(body: string): unknown {
  try {
    return unpacked(body);
  } catch {
    return undefined;
  }
}
