/** Words about the journal: runs that cannot be read, runs that were dropped, who undid what. */

import type { Applied } from '../../cycle/apply-plan.js';
import type { DamagedReading } from '../../cycle/journal.js';
import type { Dropped } from '../../cycle/retention.js';
import type { UndoneBy } from '../../cycle/run-columns.js';
import type { Plan, Verdict } from '../../vocabulary/plan.js';
import { plural, showBytes } from './units.js';

/** One line for each run that was left out, with how to set it aside. */
export function showDamaged(damaged: readonly DamagedReading[]): readonly string[] {
  return damaged.map(({ run, problem }) => `Run ${run} is left out: ${problem.message}. ${problem.advice}`);
}

/** Damaged runs in JSON. */
export function damagedDocuments(damaged: readonly DamagedReading[]) {
  return damaged.map(({ run, problem }) => ({
    run,
    code: problem.code,
    message: problem.message,
    advice: problem.advice,
  }));
}

/** What was thrown away; nothing to say when nothing was. */
export function showDropped({ runs, bytes, needed }: Dropped): readonly string[] {
  if (runs === 0) return [];
  const old = `Dropped ${plural(runs, 'old run')} (${showBytes(bytes)}) to keep the journal within its bounds`;
  if (needed.length === 0) return [`${old}; none could be taken back any more`];
  return [
    `${old}; ${needed.length} could still have been taken back: ${needed.join(', ')}. More are kept with --keep-runs and --keep-bytes`,
  ];
}

/** `12 kernel, 3 octavo`, or `-`. */
export function showUndoneBy(undone: UndoneBy): string {
  const parts = Object.entries(undone).filter(([, count]) => count > 0);
  return parts.map(([who, count]) => `${count} ${who}`).join(', ') || '-';
}

/** Notes of a plan about earlier splits that are undone, by who did it. */
export function undoneNotes(undone: readonly Verdict[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const { by } of undone) {
    const who = by?.who ?? 'unknown';
    counts.set(who, (counts.get(who) ?? 0) + 1);
  }
  return [...counts].flatMap(([who, count]) => {
    const splits = plural(count, 'earlier split');
    const verb = count === 1 ? 'is' : 'are';
    const blocks = count === 1 ? 'that block is' : 'those blocks are';
    if (who === 'octavo') return [`${splits} ${verb} undone by Octavo, in a later run`];
    if (who === 'process')
      return [`${splits} ${verb} undone by the process itself, which mapped or faulted the memory anew`];
    const whom =
      who === 'kernel' ? 'by the kernel' : '(by the kernel or by new memory of the process: cannot be told)';
    return [`${splits} ${verb} undone ${whom}; ${blocks} left alone for a while`];
  });
}

/** Why a run ended before its time, and what to do. */
export function showFailure(plan: Plan, { run, failure, closed, verdicts }: Applied): readonly string[] {
  const lines: string[] = [];
  if (failure) lines.push(`${failure.code}: ${failure.advice}`);
  if (!closed)
    lines.push(
      'The end of the run could not be written. What is announced in its journal is settled by page sizes at the next apply, run or undo.',
    );
  const changed = canBeTakenBack(plan, verdicts);
  if (changed || !closed)
    lines.push(
      failure?.code === 'FILE_UNWRITABLE'
        ? `Make room on the disk first, then take it back with: octavo undo ${run}`
        : `Take it back with: octavo undo ${run}`,
    );
  return lines;
}

/** Whether anything changed that undo would put back. */
function canBeTakenBack(plan: Plan, verdicts: readonly Verdict[]): boolean {
  const lasting = new Set(
    plan.steps.filter(({ forecast }) => forecast.reversible === 'no').map(({ id }) => id),
  );
  const changed = verdicts.filter(({ outcome }) => outcome === 'met' || outcome === 'partly');
  return changed.some(({ step }) => !lasting.has(step));
}
