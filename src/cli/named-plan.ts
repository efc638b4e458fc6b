/** Plans of blocks that a person named, or that a run changed: their reverse, as far as the kernel allows. */
import { actuatorsOf } from '../config/assemble.js';
import { runName } from '../cycle/apply-plan.js';
import { readCosts } from '../cycle/cost-file.js';
import type { JournalPlace, ReadRun } from '../cycle/journal.js';
import { planTurn } from '../cycle/plan-turn.js';
import { runState } from '../cycle/recovery.js';
import { undoOutline } from '../cycle/undo.js';
import { DEFAULT_BUDGETS } from '../planning/budgets.js';
import { POLICIES } from '../policies/kinds/catalogue.js';
import { DEFAULT_PARAMETERS, type NamedBlocks, policyOf } from '../policies/policy.js';
import { OctavoError } from '../vocabulary/errors.js';
import type { Budgets, Plan } from '../vocabulary/plan.js';
import type { ProcessIdentity } from '../vocabulary/process.js';
import type { OctavoContext } from './context.js';

/** Blocks to be split or collapsed, and by which means. */
export interface NamedPlan {
  readonly target: string;
  readonly processes: readonly ProcessIdentity[];
  readonly named: readonly NamedBlocks[];
  readonly notes: readonly string[];
  readonly undoes?: string;
}

/** By what means, and within which bounds. */
export interface PlanMeans {
  readonly budgets?: Partial<Budgets>;
  /** All of the host when absent. */
  readonly actuators?: ReturnType<typeof actuatorsOf>;
}

/** Plans just these blocks; looks, and changes nothing. */
export async function namedPlan(
  { host, signal, progress }: Pick<OctavoContext, 'host' | 'signal' | 'progress'>,
  place: JournalPlace,
  { target, processes, named, notes, undoes }: NamedPlan,
  { budgets, actuators }: PlanMeans = {},
): Promise<Plan> {
  const costs = readCosts(place);
  const { plan } = await planTurn({
    host,
    id: `${undoes === undefined ? 'plan' : 'undo'}-${runName(host)}`,
    ...{ target, processes },
    sources: [],
    policy: policyOf(POLICIES['named-blocks']),
    parameters: { ...DEFAULT_PARAMETERS, named },
    actuators: actuators ?? actuatorsOf(host),
    // What was named is what is done: only the pressure guard and the pace still bind.
    budgets: { ...DEFAULT_BUDGETS, ...budgets, maxBlocks: 0, maxBytes: 0 },
    feuds: new Map(),
    costs: costs.book,
    insist: true,
    ...(undoes === undefined ? {} : { undoes }),
    notes: [...notes, ...costs.notes],
    signal,
    progress: (what, done, total, unit) => progress.show(what, done, total, unit),
  });
  return plan;
}

/** The plan that takes a run back. Throws RUN_ACTIVE, PLAN_OTHER_HOST. */
export function undoPlan(
  context: Pick<OctavoContext, 'host' | 'signal' | 'progress'>,
  place: JournalPlace,
  run: ReadRun,
  means: PlanMeans = {},
): Promise<Plan> {
  const { host } = context;
  if (runState(host, run) === 'active')
    throw new OctavoError('RUN_ACTIVE', { run: run.run, pid: run.begin.owner.pid });
  if (run.plan.bootId !== host.identity.bootId)
    throw new OctavoError('PLAN_OTHER_HOST', { planned: run.plan.bootId, found: host.identity.bootId });
  const { parts, irreversible } = undoOutline(run);
  const named: NamedPlan = {
    target: run.plan.target,
    processes: parts.length > 0 ? parts.map(({ process }) => process) : run.plan.processes,
    named: parts.map((part) => part.named),
    ...{ notes: irreversible, undoes: run.run },
  };
  return namedPlan(context, place, named, means);
}
