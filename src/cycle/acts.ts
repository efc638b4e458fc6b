/** What Octavo itself did to a process's blocks, run by run, so that it is never attributed to others. Pure. */
import { feudKey } from '../planning/guard.js';
import type { BlockState } from '../vocabulary/page-sizes.js';
import type { Actor, Plan, Step, Verdict } from '../vocabulary/plan.js';
import type { ProcessIdentity } from '../vocabulary/process.js';
import type { ReadRun } from './journal.js';
import { lastVerdicts } from './run-summary.js';

/** A verdict that says whose doing it was. */
export type AttributedVerdict = Verdict & { readonly by: Actor };

/** A step of a run that was met, by its last verdict. */
export interface Act {
  readonly run: ReadRun;
  readonly step: Step;
  readonly verdict: Verdict;
}

/** A split that a later run took back. */
export interface Superseded extends Act {
  readonly later: Act;
}

/** Splits of earlier runs, by whether they still stand. */
export interface Acts {
  /** Splits that were the last act on their blocks. */
  readonly standing: readonly Act[];
  /** Splits of blocks that a later run collapsed, which their own journals do not say yet. */
  readonly superseded: readonly Superseded[];
}

/** The splits of a process in these runs, newest run first. */
export function actsOn(runs: readonly ReadRun[], process: ProcessIdentity): Acts {
  const latest = new Map<number, Act>();
  const standing: Act[] = [];
  const superseded: Superseded[] = [];
  for (const run of runs) {
    for (const act of metSteps(run, process)) {
      const { block, action } = act.step.proposal;
      const later = latest.get(block);
      if (!later) latest.set(block, act);
      if (action !== 'split') continue;
      if (!later) standing.push(act);
      else if (later.step.proposal.action === 'collapse') superseded.push({ ...act, later });
    }
  }
  return { standing, superseded };
}

/** Steps on a process that are met, and were the run's own doing: a block that was so already was not. */
function metSteps(run: ReadRun, { pid, startTicks }: ProcessIdentity): readonly Act[] {
  return changes(run).filter(({ step, verdict }) => {
    const { process } = step.proposal;
    return process.pid === pid && process.startTicks === startTicks && verdict.outcome === 'met';
  });
}

/** Steps that the run itself carried out, wholly or partly, as far as they are not known to be undone. */
export function changes(run: ReadRun): readonly Act[] {
  const verdicts = lastVerdicts(run);
  const tried = triedSteps(run);
  return run.plan.steps.flatMap((step) => {
    const verdict = verdicts.get(step.id);
    const changed = verdict?.outcome === 'met' || verdict?.outcome === 'partly';
    return changed && tried.has(step.id) ? [{ run, step, verdict }] : [];
  });
}

function triedSteps(run: ReadRun): ReadonlySet<number> {
  const tried = new Set<number>();
  for (const record of run.records) {
    if (record.kind === 'receipts')
      for (const receipt of record.receipts) if (receipt.tried) tried.add(receipt.step);
    if (record.kind === 'recovered') for (const verdict of record.verdicts) tried.add(verdict.step);
  }
  return tried;
}

/** Verdicts for the journal of an undone run: its steps whose blocks `undo` met. */
export function takenBackBy(
  undone: ReadRun,
  undo: Plan,
  run: string,
  verdicts: readonly Verdict[],
): Verdict[] {
  const met = new Map(
    verdicts.filter(({ outcome }) => outcome === 'met').map((verdict) => [verdict.step, verdict]),
  );
  const after = new Map(
    undo.steps.flatMap(({ id, proposal }) => {
      const verdict = met.get(id);
      return verdict ? [[feudKey(proposal.process, proposal.block), verdict.after] as const] : [];
    }),
  );
  return changes(undone).flatMap(({ step, verdict }) => {
    const now = after.get(feudKey(step.proposal.process, step.proposal.block));
    return now ? [takenBack(step, verdict, now, run)] : [];
  });
}

/** The verdict on a step whose effect a later run of Octavo ended. */
export function takenBack(step: Step, verdict: Verdict, now: BlockState, run: string): AttributedVerdict {
  return {
    step: step.id,
    outcome: 'undone-since',
    cause: 'acted-on-since',
    why: `Octavo took it back in run ${run}`,
    by: { who: 'octavo', run },
    before: verdict.after,
    after: now,
    residentDelta: 0,
  };
}
