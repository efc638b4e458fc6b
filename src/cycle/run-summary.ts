/** What lists, recovery and retention need to know of a run, small enough for an index of thousands. Pure. */
import { z } from 'zod';
import type { Verdict } from '../vocabulary/plan.js';
import type { ReadRun } from './journal.js';

const Count = z.int().nonnegative();

/** How many steps were undone later, by who did it. */
export const UndoneBySchema = z
  .object({ octavo: Count, kernel: Count, process: Count, unknown: Count })
  .readonly();

export type UndoneBy = z.infer<typeof UndoneBySchema>;

export const RunSummarySchema = z
  .object({
    run: z.string(),
    /** How it ended; `unfinished` when its journal has no end. */
    state: z.enum(['unfinished', 'complete', 'interrupted', 'stopped', 'recovered']),
    plan: z.string(),
    bootId: z.string(),
    target: z.string(),
    policy: z.string(),
    /** [pid, start time in clock ticks] of the processes it may have acted on. */
    processes: z.array(z.tuple([z.int(), z.int()]).readonly()).readonly(),
    steps: Count,
    met: Count,
    /** Of those met, the collapses: the kernel counts them as it counts its own. */
    collapses: Count,
    undone: UndoneBySchema,
    undoes: z.string().nullable(),
    atMs: z.number(),
  })
  .readonly();

export type RunSummary = z.infer<typeof RunSummarySchema>;

export function summaryOf(run: ReadRun): RunSummary {
  const { plan, records } = run;
  const verdicts = lastVerdicts(run);
  const met = plan.steps.filter(({ id }) => verdicts.get(id)?.outcome === 'met');
  const end = records.findLast((record) => record.kind === 'end');
  const begin = records[0];
  return {
    run: run.run,
    state: end?.kind === 'end' ? end.how : 'unfinished',
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
    atMs: begin.kind === 'begin' ? begin.atMs : 0,
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
