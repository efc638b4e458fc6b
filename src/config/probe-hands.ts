/**
 * Lends the probe what acts: every split and every collapse is a plan of named blocks that is carried out like any
 * other, with its guards, its verification and its journal. So a probe that is killed is settled by the next run, and
 * `octavo undo` takes back what it left.
 */
import type { Actuator } from '../actuators/actuator.js';
import { readFeuds } from '../cycle/aftermath.js';
import { applyPlan, runName } from '../cycle/apply-plan.js';
import { memoryState } from '../cycle/carry-out.js';
import type { JournalPlace } from '../cycle/journal.js';
import { planTurn } from '../cycle/plan-turn.js';
import { pressureReason } from '../planning/budgets.js';
import { POLICIES } from '../policies/kinds/catalogue.js';
import { DEFAULT_PARAMETERS, policyOf } from '../policies/policy.js';
import type { ProbeHands } from '../sources/probe.js';
import { OctavoError } from '../vocabulary/errors.js';
import type { Budgets, Plan } from '../vocabulary/plan.js';
import type { ProcessIdentity } from '../vocabulary/process.js';
import type { BlockNumber, Milliseconds, Order } from '../vocabulary/units.js';

/** What the hands work with. */
export interface HandsOptions {
  readonly place: JournalPlace;
  readonly actuators: readonly Actuator[];
  readonly budgets: Budgets;
  readonly signal: AbortSignal;
}

/** Another Octavo holds the lock for the length of one run: putting back waits for it, within reason. */
const PATIENCE_MS: Milliseconds = 30_000;
const TRY_EVERY_MS: Milliseconds = 200;
const NEVER = new AbortController().signal;

/** Splits and collapses blocks for a probe, each batch as a run of its own in the journal. */
export class JournalledHands implements ProbeHands {
  readonly missing: string;
  /** Names of the runs made so far. */
  readonly runs: string[] = [];
  readonly #options: HandsOptions;
  /** The run that split what is split now. */
  #splitRun: string | undefined;

  constructor(options: HandsOptions) {
    const { place, actuators } = options;
    this.#options = options;
    const { hugeOrder } = place.host.identity.geometry;
    const able = can(actuators, 'split', 0) && can(actuators, 'collapse', hugeOrder);
    this.missing = able ? '' : 'no actuators here that split to base pages and collapse';
  }

  async split(process: ProcessIdentity, blocks: readonly BlockNumber[]): Promise<void> {
    const { signal } = this.#options;
    this.#splitRun = await this.#carryOut(process, { split: blocks, collapse: [] }, signal);
  }

  async collapse(process: ProcessIdentity, blocks: readonly BlockNumber[]): Promise<void> {
    const { host } = this.#options.place;
    const until = host.clock.monotonicNs() + PATIENCE_MS * 1e6;
    for (;;) {
      try {
        await this.#carryOut(process, { split: [], collapse: blocks }, NEVER, this.#splitRun);
        return;
      } catch (problem) {
        const isHeld = problem instanceof OctavoError && problem.code === 'STATE_LOCKED';
        if (!isHeld || host.clock.monotonicNs() > until) throw problem;
        await host.clock.sleep(TRY_EVERY_MS);
      }
    }
  }

  pressure(blocks: number): string | undefined {
    return pressureReason(memoryState(this.#options.place.host), this.#options.budgets, blocks);
  }

  /** Returns the name of the run, undefined when there was nothing to do or the process has ended. */
  async #carryOut(
    process: ProcessIdentity,
    named: Named,
    signal: AbortSignal,
    undoes?: string,
  ): Promise<string | undefined> {
    const { place, actuators } = this.#options;
    try {
      const plan = await this.#plan(process, named, signal, undoes);
      if (plan.steps.length === 0) return undefined;
      const applied = await applyPlan({ place, plan, actuators, signal, progress: () => undefined });
      const { run } = applied;
      if (run === null) return undefined;
      this.runs.push(run);
      return run;
    } catch (problem) {
      // A process that ends while it is probed is no error: the probe counts what it could not look at.
      if (problem instanceof OctavoError && problem.code === 'TARGET_GONE') return undefined;
      throw problem;
    }
  }

  async #plan(process: ProcessIdentity, named: Named, signal: AbortSignal, undoes?: string): Promise<Plan> {
    const { place, actuators, budgets } = this.#options;
    const { plan } = await planTurn({
      host: place.host,
      id: `probe-${runName(place.host)}`,
      target: String(process.pid),
      processes: [process],
      sources: [],
      policy: policyOf(POLICIES['named-blocks']),
      parameters: { ...DEFAULT_PARAMETERS, named: [{ pid: process.pid, ...named }] },
      actuators,
      budgets,
      // A split that is likely to fail is none of the probe's; what it did split it puts back.
      feuds: named.split.length > 0 ? readFeuds(place) : new Map(),
      insist: named.collapse.length > 0,
      ...(undoes === undefined ? {} : { undoes }),
      notes: ['a probe of octavo'],
      signal,
      progress: () => undefined,
    });
    return plan;
  }
}

interface Named {
  readonly split: readonly BlockNumber[];
  readonly collapse: readonly BlockNumber[];
}

function can(actuators: readonly Actuator[], action: 'split' | 'collapse', order: Order): boolean {
  return actuators.some(({ abilities }) =>
    abilities.some(
      (ability) => ability.action === action && ability.missing === '' && ability.orders.includes(order),
    ),
  );
}
