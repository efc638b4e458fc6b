/** From a run to the plan that takes it back, as far as the kernel allows. Pure but for looking at the memory now. */
import type { NamedBlocks } from '../policies/policy.js';
import type { Step } from '../vocabulary/plan.js';
import type { ProcessIdentity } from '../vocabulary/process.js';
import { changes } from './acts.js';
import type { ReadRun } from './journal.js';

/** Blocks of one process that are to be split or collapsed. */
export interface UndoPart {
  readonly process: ProcessIdentity;
  readonly named: NamedBlocks;
}

/** What an undo would do, and what it cannot. */
export interface UndoOutline {
  readonly parts: readonly UndoPart[];
  /** What cannot be put back, in words. */
  readonly irreversible: readonly string[];
}

/** What a run really changed, by process: splits to collapse again and collapses to split again. */
export function undoOutline(run: ReadRun): UndoOutline {
  const changed = changes(run);
  const byProcess = new Map<number, Step[]>();
  for (const { step } of changed) {
    const { pid } = step.proposal.process;
    byProcess.set(pid, [...(byProcess.get(pid) ?? []), step]);
  }
  const parts = [...byProcess.values()].map((steps) => ({
    process: steps[0].proposal.process,
    named: {
      pid: steps[0].proposal.process.pid,
      split: blocksOf(steps, 'collapse'),
      collapse: blocksOf(steps.filter(isUndoneByCollapse), 'split'),
    },
  }));
  return { parts, irreversible: irreversible(changed) };
}

/** A split of a folio that was partly unmapped left its pages mapped as they were: there is nothing to put back. */
function isUndoneByCollapse({ forecast }: Step): boolean {
  return forecast.reversible !== 'no';
}

function blocksOf(steps: readonly Step[], action: 'split' | 'collapse'): number[] {
  return steps.filter((step) => step.proposal.action === action).map((step) => step.proposal.block);
}

function irreversible(changed: readonly { step: Step }[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const { step } of changed) {
    const what = step.forecast.irreversible;
    counts.set(what, (counts.get(what) ?? 0) + 1);
  }
  return [...counts].map(([what, count]) => (count === 1 ? what : `${what} (${count} blocks)`));
}
