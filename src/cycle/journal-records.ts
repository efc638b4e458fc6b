/**
 * Records of a journal, and how those of earlier versions become records of this one. Pure.
 *
 * Version 1 kept the plan in a file of its own (plan.json) and wrote every body as JSON. Version 2 holds the plan in
 * its second line, deflates what is long, and remembers what the host counted when a process's steps began.
 */

import * as z from 'zod';
import { schemaProblem } from '../base/schema-words.js';
import { AnyPlanSchema } from '../vocabulary/older-plans.js';
import {
  BlockStateSchema,
  type Plan,
  ReceiptSchema,
  SystemMemorySchema,
  VerdictSchema,
} from '../vocabulary/plan.js';
import { ColumnsSchema } from './run-columns.js';

/** Version that is written. All versions up to it can be read. */
export const JOURNAL_VERSION = 2;

const OwnerSchema = z.object({ pid: z.int(), startTicks: z.int(), bootId: z.string() }).readonly();

/** What tells later who made a block huge again: counters of the host and process, and huge pages left alone. */
export const MarksSchema = z
  .object({
    pid: z.int(),
    startTicks: z.int(),
    atMs: z.number(),
    /** Minor page faults of the process. */
    faults: z.number().optional(),
    /** Huge pages that faults allocated, on the whole host. */
    hugeFaults: z.number().optional(),
    /** Huge pages that collapses allocated, on the whole host: khugepaged's, and those asked for (MADV_COLLAPSE). */
    collapses: z.number().optional(),
    /** Blocks that khugepaged collapsed, on the whole host. */
    khugepaged: z.number().optional(),
    /** [block, first frame] of huge pages of the process that the run does not act on. */
    controls: z.array(z.tuple([z.int(), z.int()]).readonly()).readonly(),
  })
  .readonly();

/** Counters of a process at one look. */
export type Marks = z.infer<typeof MarksSchema>;

/** Any record of a journal, by its kind. */
export const RecordSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('begin'),
    version: z.int().min(1).max(JOURNAL_VERSION),
    /** Id of the plan. */
    plan: z.string(),
    owner: OwnerSchema,
    atMs: z.number(),
  }),
  /** Before the first step on a process. */
  z.object({ kind: z.literal('marks'), marks: MarksSchema }),
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
  /** A step was undone later: by a later run, the kernel or the process. */
  z.object({
    kind: z.literal('undone'),
    verdicts: z.array(VerdictSchema),
    atMs: z.number(),
    summary: ColumnsSchema.optional(),
  }),
  z.object({
    kind: z.literal('end'),
    how: z.enum(['complete', 'interrupted', 'stopped', 'recovered']),
    why: z.string(),
    /** What the system said of its memory around the run. */
    memory: SystemMemorySchema.optional(),
    atMs: z.number(),
    /** All that lists need, so that a lost index is made again from the ends. Absent in journals of before. */
    summary: ColumnsSchema.optional(),
  }),
]);

/** A checked record. */
export type JournalRecord = z.infer<typeof RecordSchema>;
/** A record of one kind. */
export type RecordOf<Kind extends JournalRecord['kind']> = Extract<JournalRecord, { kind: Kind }>;

const PlanRecordSchema = z.object({ kind: z.literal('plan'), plan: AnyPlanSchema });

/** The record that holds the plan, in a file beside the journal. */
export type PlanRecord = z.infer<typeof PlanRecordSchema>;

/** The plan as a line of the journal. */
export function planRecord(plan: Plan): PlanRecord {
  return { kind: 'plan', plan };
}

/** Records of a journal in the form of this version. */
export interface ReadRecords {
  readonly records: readonly JournalRecord[];
  /** Undefined when the journal of this version keeps it elsewhere, or ended before it. */
  readonly plan: Plan | undefined;
  /** The first record; undefined where there is none. */
  readonly begin: RecordOf<'begin'> | undefined;
}

/** Values of whole lines to records; or the line, counted from 1, that is no record, with the problem. */
export function readRecords(values: readonly unknown[]): ReadRecords | { line: number; problem: string } {
  const records: JournalRecord[] = [];
  let plan: Plan | undefined;
  for (const [index, value] of values.entries()) {
    const problem = misplaced(value, index);
    if (problem) return { line: index + 1, problem };
    const found = (isPlan(value) ? PlanRecordSchema : RecordSchema).safeParse(value);
    if (!found.success) return { line: index + 1, problem: wordsOf(found.error) };
    if (found.data.kind === 'plan') plan = found.data.plan;
    else records.push(found.data);
  }
  return {
    records,
    plan,
    begin: records.find(({ kind }) => kind === 'begin') as RecordOf<'begin'> | undefined,
  };
}

function isPlan(value: unknown): boolean {
  return (value as { kind?: unknown } | null)?.kind === 'plan';
}

/** Lines are numbered from 0, so that a lost or doubled one shows; the first says which Octavo wrote them. */
function misplaced(value: unknown, index: number): string | undefined {
  const { n, kind, version } = (value ?? {}) as Record<string, unknown>;
  if (n !== index) return `it is number ${String(n)} where ${index} is due`;
  if ((index === 0) !== (kind === 'begin')) return `a record \`${String(kind)}\` cannot stand here`;
  if (typeof version === 'number' && version > JOURNAL_VERSION)
    return `it is of version ${version}, and this Octavo reads versions up to ${JOURNAL_VERSION}`;
  return undefined;
}

/** What is wrong with a record, with its key. */
function wordsOf(error: z.ZodError): string {
  const { place, problem } = schemaProblem(error);
  return `${place} ${problem}`;
}
