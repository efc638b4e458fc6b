/** What lists, recovery and retention need to know of a run, and how the index and a journal's end keep it. Pure. */
import * as z from 'zod';
import type { Actor } from '../vocabulary/plan.js';

const Count = z.int().nonnegative();

/** How many steps were undone later, by who did it. */
export type UndoneBy = Readonly<Record<Actor['who'], number>>;

const STATES = ['unfinished', 'complete', 'interrupted', 'stopped', 'recovered'] as const;

/** One run in a line. */
export interface RunSummary {
  readonly run: string;
  /** How it ended; `unfinished` when its journal has no end. */
  readonly state: (typeof STATES)[number];
  /** Id of its plan. */
  readonly plan: string;
  readonly bootId: string;
  readonly target: string;
  readonly policy: string;
  /** [pid, start time in clock ticks] of the processes it may have acted on. */
  readonly processes: readonly (readonly [pid: number, startTicks: number])[];
  readonly steps: number;
  readonly met: number;
  /** Of those met, the collapses: the kernel counts them as it counts its own. */
  readonly collapses: number;
  readonly undone: UndoneBy;
  /** Run that it took back. */
  readonly undoes: string | null;
  readonly atMs: number;
}

/** A summary as it is kept: the fields in order, without their names. */
export const ColumnsSchema = z
  .tuple([
    z.enum(STATES),
    z.string(),
    z.string(),
    z.string(),
    z.string(),
    z.array(z.tuple([z.int(), z.int()]).readonly()).readonly(),
    Count,
    Count,
    Count,
    z.tuple([Count, Count, Count, Count]).readonly(),
    z.string().nullable(),
    z.number(),
  ])
  .readonly();

/** A summary as an array, as files keep it. */
export type Columns = z.infer<typeof ColumnsSchema>;

/** A row of the index; a damaged journal has one as well. */
export const RowSchema = z.union([ColumnsSchema, z.object({ damaged: z.string() }).readonly()]);

/** Returns a summary as columns. */
export function columnsOf(row: RunSummary): Columns {
  const { state, plan, bootId, target, policy, processes, steps, met, collapses, undone, undoes, atMs } = row;
  const by = [undone.octavo, undone.kernel, undone.process, undone.unknown] as const;
  return [state, plan, bootId, target, policy, processes, steps, met, collapses, by, undoes, atMs];
}

/** Returns the summary that columns stand for. */
export function summaryOfColumns(run: string, columns: Columns): RunSummary {
  const [state, plan, bootId, target, policy, processes, steps, met, collapses, by, undoes, atMs] = columns;
  const [octavo, kernel, process, unknown] = by;
  const undone = { octavo, kernel, process, unknown };
  return { run, state, plan, bootId, target, policy, processes, steps, met, collapses, undone, undoes, atMs };
}
