/** The summary of a run from its plan and records. Pure. */
import type { Plan, Verdict } from '../vocabulary/plan.js';
import type { JournalRecord, RecordOf } from './journal-records.js';
import type { RunSummary, UndoneBy } from './run-columns.js';

/** A run as far as it is written. */
export interface RunRecords {
  readonly run: string;
  readonly plan: Plan;
  /** The first of the records. */
  readonly begin: RecordOf<'begin'>;
  readonly records: readonly JournalRecord[];
}

/** Returns the summary of a run, its last verdicts counted. */
export function summaryOf(run: RunRecords): RunSummary {
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
export function lastVerdicts(run: Pick<RunRecords, 'records'>): ReadonlyMap<number, Verdict> {
  const last = new Map<number, Verdict>();
  for (const record of run.records) {
    if (record.kind !== 'verdicts' && record.kind !== 'recovered' && record.kind !== 'undone') continue;
    for (const verdict of record.verdicts) last.set(verdict.step, verdict);
  }
  return last;
}
