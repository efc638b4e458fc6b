/** Hands of the agent's own process: on the model, in tests, and where privileges are not split. */
import { type AssembledTurn, actuatorsOf, assembleTurn, type TurnRequest } from '../../config/assemble.js';
import { lookBackUnderLock, readFeuds, readRegrets } from '../../cycle/aftermath.js';
import { applyPlan, runName } from '../../cycle/apply-plan.js';
import { keepBeliefs, keepOutcome, readBeliefs } from '../../cycle/belief-file.js';
import { readCosts } from '../../cycle/cost-file.js';
import type { JournalPlace } from '../../cycle/journal.js';
import { type PlannedTurn, planTurn } from '../../cycle/plan-turn.js';
import { learnUndone } from '../../cycle/policy-facts.js';
import { DEFAULT_RETENTION, type Retention } from '../../cycle/retention.js';
import type { Clock, Host } from '../../host/host.js';
import { MAPPING_LEVEL, type PageSizes } from '../../vocabulary/page-sizes.js';
import type { Plan } from '../../vocabulary/plan.js';
import type { ProcessId } from '../../vocabulary/units.js';
import type { Done, Hands, Order, Seen, Taken, TurnWatch } from './hands.js';

export class OwnHands implements Hands {
  readonly processes: readonly ProcessId[] = [];
  readonly #place: JournalPlace;
  #watch: TurnWatch | undefined;
  readonly #extra: Partial<TurnRequest>;
  readonly #retention: Retention;

  /** `extra`: what only the caller knows of a host, such as a model's translation costs. */
  constructor(
    place: JournalPlace,
    extra: Partial<TurnRequest> = {},
    retention: Retention = DEFAULT_RETENTION,
  ) {
    this.#place = { ...place, host: attentive(place.host, () => this.#watch) };
    this.#extra = extra;
    this.#retention = retention;
  }

  async take(order: Order, watch: TurnWatch): Promise<Taken> {
    this.#watch = watch;
    try {
      const assembled = await assembleTurn(this.#place.host, this.#request(order));
      const planned = await this.#plan(this.#place, assembled, order, watch);
      const plan = watch.allowed(planned.plan);
      const acts = order.act && plan.steps.length > 0;
      return { ...planned, plan, done: acts ? await this.#act(this.#place, plan, order, watch) : undefined };
    } finally {
      this.#watch = undefined;
    }
  }

  async close(): Promise<void> {
    // Nothing is held between turns.
  }

  #request(order: Order): TurnRequest {
    return {
      ...{ target: order.target, processes: order.processes, scope: {} },
      ...{ policy: order.policy, parameters: order.parameters, budgets: order.budgets },
      ...{ sources: order.sources as TurnRequest['sources'], sourceParameters: order.sourceParameters },
      ...{
        actuators: order.actuators as TurnRequest['actuators'],
        actuatorParameters: order.actuatorParameters,
      },
      ...{ halfLifeMs: order.halfLifeMs, split: [], collapse: [], askDamon: true },
      ...this.#extra,
    };
  }

  async #plan(
    place: JournalPlace,
    assembled: AssembledTurn,
    { act }: Order,
    watch: TurnWatch,
  ): Promise<Omit<Taken, 'done'>> {
    const { host } = place;
    const aftermath = act
      ? lookBackUnderLock(place, assembled.processes)
      : { feuds: readFeuds(place), regrets: readRegrets(place), undone: [], cameBack: [] };
    const costs = readCosts(place);
    const learned = assembled.policy.usesBeliefs === true ? readBeliefs(place) : undefined;
    const planned = await planTurn({
      ...{ host, id: `plan-${runName(host)}`, ...assembled },
      ...{ feuds: aftermath.feuds, regrets: aftermath.regrets, costs: costs.book },
      ...(learned === undefined ? {} : { beliefs: learned.beliefs }),
      ...(this.#extra.translation === undefined ? {} : { translation: this.#extra.translation }),
      notes: [...(learned?.notes ?? []), ...costs.notes],
      signal: watch.signal,
      progress: () => watch.tend(),
    });
    const undone = aftermath.undone.filter(({ by }) => by.who !== 'octavo').length;
    if (act && learned !== undefined) {
      if (assembled.processes.length === 1) learnUndone(learned.beliefs, assembled.processes[0], undone);
      keepBeliefs(place, learned.beliefs);
    }
    const cameBack = aftermath.cameBack.reduce((sum, { cameBackBytes }) => sum + cameBackBytes, 0);
    return { plan: planned.plan, undone, cameBack, seen: seenIn(planned), notes: planned.plan.notes };
  }

  async #act(place: JournalPlace, plan: Plan, order: Order, watch: TurnWatch): Promise<Done> {
    const acting = { parameters: order.actuatorParameters, askDamon: true, budgets: plan.budgets };
    const { run, how, why, receipts, verdicts, memory, failure } = await applyPlan({
      ...{ place, plan, retention: this.#retention, signal: watch.signal },
      actuators: actuatorsOf(place.host, order.actuators as TurnRequest['actuators'], acting),
      progress: () => watch.tend(),
    });
    keepOutcome(place, plan, verdicts);
    if (failure !== undefined) throw failure;
    return { run, how, why, receipts, verdicts, memory };
  }
}

/** The same host, on which duties are done while a turn waits. */
function attentive(host: Host, watch: () => TurnWatch | undefined): Host {
  const clock: Clock = {
    monotonicNs: () => host.clock.monotonicNs(),
    wallMs: () => host.clock.wallMs(),
    sleep: (duration, signal) => watch()?.sleep(duration, signal) ?? host.clock.sleep(duration, signal),
  };
  // By prototype: calls are loaded when they are first used.
  return Object.create(host, { clock: { value: clock } }) as Host;
}

function seenIn({ sizes }: PlannedTurn): Seen {
  return {
    processes: sizes.length,
    resident: sizes.reduce((sum, one) => sum + residentOf(one), 0),
    huge: sizes.reduce((sum, one) => sum + hugeOf(one), 0),
  };
}

function residentOf({ blocks, geometry }: PageSizes): number {
  let pages = 0;
  for (let row = 0; row < blocks.count; row++) pages += blocks.present[row];
  return pages * geometry.pageBytes;
}

function hugeOf({ blocks, geometry }: PageSizes): number {
  let count = 0;
  for (let row = 0; row < blocks.count; row++) if (blocks.level[row] === MAPPING_LEVEL.pmd) count++;
  return count * geometry.blockBytes;
}
