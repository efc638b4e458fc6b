/** What lists, recovery and retention need to know of a run, small enough for an index of thousands. Pure. */
import * as z from 'zod';
import type { Actor, Verdict } from '../vocabulary/plan.js';
import type { ReadRun } from './journal.js';

const Count = z.int().nonnegative();

/** How many steps were undone later, by who did it. */
export type UndoneBy = Readonly<Record<Actor['who'], number>>;

const STATES = ['unfinished', 'complete', 'interrupted', 'stopped', 'recovered'] as const;

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

/** A summary as the index keeps it: the fields in order, without their names. */
const ColumnsSchema = z
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

export type Columns = z.infer<typeof ColumnsSchema>;

/** A row of the index; a damaged journal has one as well. */
export const RowSchema = z.union([ColumnsSchema, z.object({ damaged: z.string() }).readonly()]);

export function columnsOf(row: RunSummary): Columns {
  const { state, plan, bootId, target, policy, processes, steps, met, collapses, undone, undoes, atMs } = row;
  const by = [undone.octavo, undone.kernel, undone.process, undone.unknown] as const;
  return [state, plan, bootId, target, policy, processes, steps, met, collapses, by, undoes, atMs];
}

export function summaryOfColumns(run: string, columns: Columns): RunSummary {
  const [state, plan, bootId, target, policy, processes, steps, met, collapses, by, undoes, atMs] = columns;
  const [octavo, kernel, process, unknown] = by;
  const undone = { octavo, kernel, process, unknown };
  return { run, state, plan, bootId, target, policy, processes, steps, met, collapses, undone, undoes, atMs };
}

export function summaryOf(run: ReadRun): RunSummary {
  const { plan, records } = run;
  const verdicts = lastVerdicts(run);
  const met = plan.steps.filter(({ id }) => verdicts.get(id)?.outcome === 'met');
  const end = records.findLast((record) => record.kind === 'end');
  return {
    run: run.run,
    state: end?.how ?? 'unfinished',
    plan: plan.id,
    bootId: plan.bootId,
    target: plan.target,
    policy: plan.policy,
    processes: plan.processes.map(({ pid, startTicks }) => [pid, startTicks] as const),
    steps: plan.steps.length,
    met: met.length,
    collapses: met.filter(({ proposal }) => proposal.action === 'collapse').length,
    undone: undoneBy([...verdicts.values()]),
    undoes: plan.undoes ?? null,
    atMs: run.begin.atMs,
  };
}

/** Steps that were undone later, by who did it. Verdicts of earlier versions do not say. */
export function undoneBy(verdicts: readonly Verdict[]): UndoneBy {
  const counts = { octavo: 0, kernel: 0, process: 0, unknown: 0 };
  for (const { outcome, by } of verdicts) if (outcome === 'undone-since') counts[by?.who ?? 'unknown']++;
  return counts;
}

/** The last verdict on each step, by step id. */
export function lastVerdicts(run: ReadRun): ReadonlyMap<number, Verdict> {
  const last = new Map<number, Verdict>();
  for (const record of run.records) {
    if (record.kind !== 'verdicts' && record.kind !== 'recovered' && record.kind !== 'undone') continue;
    for (const verdict of record.verdicts) last.set(verdict.step, verdict);
  }
  return last;
}
