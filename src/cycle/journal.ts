/**
 * The write-ahead journal of one run: a directory with plan.json and journal.jsonl. Every line carries a sequence
 * number and a checksum and is on stable storage before the act it announces. A torn last line is what a crash
 * leaves and is dropped; damage anywhere else is an error.
 */
import { crc32 } from 'node:zlib';
import * as z from 'zod';
import { parseJson } from '../base/json-text.js';
import { schemaProblem } from '../base/schema-words.js';
import type { AppendFile, Host } from '../host/host.js';
import type { Holder } from '../host/lock-file.js';
import { OctavoError } from '../vocabulary/errors.js';
import { BlockStateSchema, type Plan, PlanSchema, ReceiptSchema, VerdictSchema } from '../vocabulary/plan.js';

export const JOURNAL_VERSION = 1;

const OwnerSchema = z.object({ pid: z.int(), startTicks: z.int(), bootId: z.string() }).readonly();

export const RecordSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('begin'),
    version: z.literal(JOURNAL_VERSION),
    plan: z.string(),
    owner: OwnerSchema,
    atMs: z.number(),
  }),
  /** About to act on these steps; `before` is what the blocks look like now. */
  z.object({
    kind: z.literal('intent'),
    steps: z.array(z.int()),
    before: z.array(BlockStateSchema),
    atMs: z.number(),
  }),
  z.object({ kind: z.literal('receipts'), receipts: z.array(ReceiptSchema) }),
  z.object({ kind: z.literal('verdicts'), verdicts: z.array(VerdictSchema) }),
  /** Verdicts found out after a crash, for intents that have none. */
  z.object({ kind: z.literal('recovered'), verdicts: z.array(VerdictSchema), atMs: z.number() }),
  /** A later look found that the kernel or the process undid a step. */
  z.object({ kind: z.literal('undone'), verdicts: z.array(VerdictSchema), atMs: z.number() }),
  z.object({
    kind: z.literal('end'),
    how: z.enum(['complete', 'interrupted', 'stopped', 'recovered']),
    why: z.string(),
    atMs: z.number(),
  }),
]);

export type JournalRecord = z.infer<typeof RecordSchema>;

export interface JournalPlace {
  readonly host: Host;
  /** State directory; runs lie in `runs/` below it. */
  readonly directory: string;
}

const runPath = (place: JournalPlace, run: string) => `${place.directory}/runs/${run}`;

/** Appends records to the journal of a run. */
export class JournalWriter {
  readonly run: string;
  readonly #file: AppendFile;
  readonly #path: string;
  #sequence: number;

  constructor(run: string, path: string, file: AppendFile, sequence: number) {
    this.run = run;
    this.#file = file;
    this.#path = path;
    this.#sequence = sequence;
  }

  /** Returns when the record is on stable storage. Throws FILE_UNWRITABLE: nothing is done that is not written. */
  write(record: JournalRecord): void {
    const body = JSON.stringify({ n: this.#sequence++, ...record });
    const written = this.#file.append(`${checksum(body)} ${body}\n`);
    if (!written.ok)
      throw new OctavoError('FILE_UNWRITABLE', { path: this.#path, errno: written.error.errno });
  }

  close(): void {
    this.#file.close();
  }
}

/** Begins the journal of a new run. */
export function createJournal(place: JournalPlace, run: string, plan: Plan, owner: Holder): JournalWriter {
  const directory = runPath(place, run);
  must(place.host.files.makeDirectory(directory), directory);
  must(place.host.files.writeFile(`${directory}/plan.json`, JSON.stringify(plan)), directory);
  const writer = openJournal(place, run, 0);
  writer.write({
    kind: 'begin',
    version: JOURNAL_VERSION,
    plan: plan.id,
    owner,
    atMs: place.host.clock.wallMs(),
  });
  return writer;
}

/** Opens the journal of an earlier run to add to it, after its `records` records. */
export function openJournal(place: JournalPlace, run: string, records: number): JournalWriter {
  const path = `${runPath(place, run)}/journal.jsonl`;
  const opened = place.host.files.appendTo(path);
  if (!opened.ok) throw new OctavoError('FILE_UNWRITABLE', { path, errno: opened.error.errno });
  return new JournalWriter(run, path, opened.value, records);
}

export interface ReadRun {
  readonly run: string;
  readonly plan: Plan;
  readonly records: readonly JournalRecord[];
}

/** Runs that have a directory, oldest first (run names sort by time). */
export function listRuns(place: JournalPlace): readonly string[] {
  const listed = place.host.files.list(`${place.directory}/runs`);
  return listed.ok ? [...listed.value].sort() : [];
}

/** Reads a run; undefined when it ended before its journal began, in which case it did nothing. */
export function readRun(place: JournalPlace, run: string): ReadRun | undefined {
  const directory = runPath(place, run);
  const planText = place.host.files.readText(`${directory}/plan.json`);
  const journalText = place.host.files.readText(`${directory}/journal.jsonl`);
  if (!planText.ok || !journalText.ok) return undefined;
  const path = `${directory}/journal.jsonl`;
  const records = parseJournal(journalText.value, path, (whole) =>
    must(place.host.files.writeFile(path, whole), path),
  );
  if (records.length === 0) return undefined;
  return { run, plan: parsePlan(planText.value, `${directory}/plan.json`), records };
}

/** `mend` is given the sound lines when the last one is torn, so that later appends start on a line of their own. */
function parseJournal(text: string, path: string, mend: (whole: string) => void): readonly JournalRecord[] {
  const lines = text.split('\n');
  const torn = lines.pop() !== '';
  const records: JournalRecord[] = [];
  for (const [index, line] of lines.entries()) {
    const record = parseLine(line);
    if (typeof record === 'string') {
      if (index === lines.length - 1) return mended(lines.slice(0, index), records, mend);
      throw new OctavoError('JOURNAL_DAMAGED', { path, line: index + 1, problem: record });
    }
    records.push(record);
  }
  return torn ? mended(lines, records, mend) : records;
}

function mended(
  sound: readonly string[],
  records: JournalRecord[],
  mend: (whole: string) => void,
): JournalRecord[] {
  mend(sound.map((line) => `${line}\n`).join(''));
  return records;
}

function parseLine(line: string): JournalRecord | string {
  const space = line.indexOf(' ');
  const body = line.slice(space + 1);
  if (space !== 8 || line.slice(0, space) !== checksum(body)) return 'checksum does not match';
  const parsed = RecordSchema.safeParse(JSON.parse(body));
  return parsed.success ? parsed.data : z.prettifyError(parsed.error);
}

/** Parses plan text. Throws PLAN_MALFORMED naming the place. */
export function parsePlan(text: string, path: string): Plan {
  const value = parseJson(text);
  if (!value.ok) throw new OctavoError('PLAN_MALFORMED', { path, ...value.error });
  const parsed = PlanSchema.safeParse(value.value);
  if (parsed.success) return parsed.data;
  throw new OctavoError('PLAN_MALFORMED', { path, ...schemaProblem(parsed.error) });
}

function checksum(body: string): string {
  return crc32(body).toString(16).padStart(8, '0');
}

function must(answer: { ok: boolean; error?: { errno: string } }, path: string): void {
  if (!answer.ok) throw new OctavoError('FILE_UNWRITABLE', { path, errno: answer.error?.errno ?? 'EIO' });
}
