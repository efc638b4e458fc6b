import type { JournalPlace, ReadRun } from '../../cycle/journal.js';
import { namedRun } from '../../cycle/named-run.js';
import { asIfRecovered, recoverRuns } from '../../cycle/recovery.js';
import { lockState } from '../../cycle/state-lock.js';
import type { Plan } from '../../vocabulary/plan.js';
import { command, jsonFlag } from '../command.js';
import type { OctavoContext } from '../context.js';
import { budgetsOf, type GuardFlags, guardFlags } from '../guard-flags.js';
import { type KeepFlags, keepFlags } from '../keep-flags.js';
import { undoPlan } from '../named-plan.js';
import { showPlan } from '../print/plan.js';
import { plural } from '../print/units.js';
import { type DryRunFlags, dryRunFlags, parseWord, type StateFlags, stateFlags } from '../shared-flags.js';
import { APPLY_EXITS, applyNow, describePlan, journalPlace } from '../turns.js';

type Flags = StateFlags &
  GuardFlags &
  DryRunFlags &
  KeepFlags & {
    readonly json: boolean;
  };

/** `octavo undo [RUN]`: the reverse of every step of a run that had an effect. */
export const undoCommand = command<Flags, [string]>(
  {
    brief: 'put back what a run changed, as far as the kernel allows',
    effect: { kind: 'acts', what: 'collapses and splits what a run changed' },
    description: [
      'Reads a run’s journal, plans the reverse of every step that had an effect, carries it out and verifies it like any',
      'plan. Says what cannot be put back: frames, folio orders between base pages and PMD size, references.',
    ].join('\n'),
    examples: [
      ['octavo runs', 'list the runs'],
      ['octavo undo 20260101T120000000Z-1a2b --dry-run', 'show what would be done'],
      ['octavo undo 20260101T120000000Z-1a2b', 'take it back'],
    ],
    exits: APPLY_EXITS,
  },
  {
    flags: {
      ...stateFlags,
      ...guardFlags,
      json: jsonFlag,
      ...dryRunFlags,
      ...keepFlags,
    },
    positional: {
      kind: 'tuple',
      parameters: [{ placeholder: 'run', brief: 'Run as listed by octavo runs', parse: parseWord }],
    },
  },
  async function (flags, name) {
    const place = journalPlace(this, flags.state);
    const run = flags.dryRun ? runToShow(this, place, name) : runToUndo(place, name);
    const bounds = budgetsOf(flags, this.host.identity.geometry.blockBytes);
    const plan = await undoPlan(this, place, run, { budgets: bounds });
    if (!flags.json) this.print(showPlan(plan));
    if (flags.dryRun) {
      const calls = await describePlan(this, plan);
      if (flags.json) this.printJson({ octavo: 'dry-run', version: 1, plan, calls });
      else for (const call of calls) this.print(call);
      return;
    }
    if (plan.steps.length > 0) return takeBack(this, place, plan, flags);
    if (flags.json) this.printJson(plan);
    if (plan.refused.length > 0) this.endsWith('refused');
    if (flags.json) return;
    this.print(
      plan.refused.length > 0
        ? `Nothing was taken back: ${plural(plan.refused.length, 'block')} refused, for the reasons above.`
        : 'Nothing to take back.',
    );
  },
);

/** What could be planned is done; that something was refused is told by the exit code as well. */
async function takeBack(
  context: OctavoContext,
  place: JournalPlace,
  plan: Plan,
  flags: Flags,
): Promise<void> {
  const { how, verdicts } = await applyNow(context, place, plan, { ...flags, acting: {} });
  const allMet = how === 'complete' && verdicts.every(({ outcome }) => outcome === 'met');
  if (plan.refused.length > 0 && allMet) context.endsWith('notAllMet');
}

/** A run that was killed is settled first, so that its undo knows what it did. */
function runToUndo(place: JournalPlace, name: string): ReadRun {
  const lock = lockState(place);
  try {
    recoverRuns(place);
  } finally {
    lock.release();
  }
  return namedRun(place, name);
}

/** The same without writing a word: what is open is looked at, and forgotten again. */
function runToShow(context: OctavoContext, place: JournalPlace, name: string): ReadRun {
  return asIfRecovered(context.host, namedRun(place, name));
}
