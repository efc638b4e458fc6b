/** Turns on a scripted host, as short as a test wants them. */
import { actuatorsOf } from '../../src/config/assemble.js';
import { type Applied, applyPlan } from '../../src/cycle/apply-plan.js';
import type { JournalPlace } from '../../src/cycle/journal.js';
import { planTurn } from '../../src/cycle/plan-turn.js';
import type { Retention } from '../../src/cycle/retention.js';
import { DEFAULT_BUDGETS } from '../../src/planning/budgets.js';
import type { CostBook } from '../../src/planning/cost-book.js';
import type { Feuds } from '../../src/planning/guard.js';
import { POLICIES } from '../../src/policies/kinds/catalogue.js';
import { DEFAULT_PARAMETERS, policyOf } from '../../src/policies/policy.js';
import { identityOf } from '../../src/verification/observe.js';
import type { Budgets, Plan } from '../../src/vocabulary/plan.js';
import { FIRST_BLOCK } from './drawing.js';
import { PID, type ScriptedHost } from './scripted-host.js';

export interface Wish {
  readonly split?: readonly number[];
  readonly collapse?: readonly number[];
  readonly order?: number;
  readonly budgets?: Partial<Budgets>;
  readonly feuds?: Feuds;
  readonly id?: string;
  readonly costs?: CostBook;
  /** Whether the user named the blocks; true unless told otherwise. */
  readonly insist?: boolean;
}

export const place = (host: ScriptedHost): JournalPlace => ({ host, directory: '/state' });

export async function planFor(host: ScriptedHost, wish: Wish): Promise<Plan> {
  const blocks = (list: readonly number[] = []) => list.map((block) => FIRST_BLOCK + block);
  const { plan } = await planTurn({
    host,
    id: wish.id ?? 'plan-1',
    target: String(PID),
    processes: [identityOf(host, PID)],
    sources: [],
    policy: policyOf(POLICIES['named-blocks']),
    parameters: {
      ...DEFAULT_PARAMETERS,
      order: wish.order,
      named: [{ pid: PID, split: blocks(wish.split), collapse: blocks(wish.collapse) }],
    },
    actuators: actuatorsOf(host),
    budgets: { ...DEFAULT_BUDGETS, ...wish.budgets },
    feuds: wish.feuds ?? new Map(),
    ...(wish.costs === undefined ? {} : { costs: wish.costs }),
    insist: wish.insist ?? true,
    signal: new AbortController().signal,
    progress: () => undefined,
  });
  return plan;
}

export function applyAny(
  host: ScriptedHost,
  plan: Plan,
  signal = new AbortController().signal,
  retention?: Retention,
): Promise<Applied> {
  return applyPlan({
    place: place(host),
    ...(retention ? { retention } : {}),
    plan,
    actuators: actuatorsOf(host),
    signal,
    progress: () => undefined,
  });
}

/** Of a plan with steps, so that there is a run. */
export async function apply(...given: Parameters<typeof applyAny>): Promise<Applied> {
  const applied = await applyAny(...given);
  if (applied.run === '') throw new Error('a plan without a step leaves no run');
  return applied;
}

/** Pulls the plug at the n-th durable write; answers whether there was one. */
export async function crashAt(host: ScriptedHost, n: number, act: () => Promise<unknown>): Promise<boolean> {
  let writes = 0;
  host.beforeWrite = () => {
    if (++writes < n) return;
    host.dead = true;
    throw new Error('the plug was pulled');
  };
  const crashed = await act().then(
    () => false,
    (problem: Error) => problem.message === 'the plug was pulled',
  );
  host.beforeWrite = () => undefined;
  host.dead = false;
  return crashed;
}

/** The crashed run's process is gone: its start time no longer matches. */
export function forgetOwner(host: ScriptedHost): void {
  const text = host.texts.get('/proc/1/stat')!;
  const fields = text.split(' ');
  fields[21] = String(Number(fields[21]) + 1);
  host.texts.set('/proc/1/stat', fields.join(' '));
}
