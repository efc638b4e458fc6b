/** A turn by way of the acting side: it looks and acts, here is decided. */
import { type AssembledTurn, assembleTurn, type TurnRequest } from '../../config/assemble.js';
import { runName } from '../../cycle/apply-plan.js';
import { keepBeliefs, keepOutcome, readBeliefs } from '../../cycle/belief-file.js';
import { readCosts } from '../../cycle/cost-file.js';
import { type PlannedTurn, planTurn } from '../../cycle/plan-turn.js';
import { learnUndone } from '../../cycle/policy-facts.js';
import type { Host } from '../../host/host.js';
import { feudKey } from '../../planning/guard.js';
import { regretKey } from '../../planning/regret.js';
import { OctavoError } from '../../vocabulary/errors.js';
import type { PageSizes } from '../../vocabulary/page-sizes.js';
import type { Plan } from '../../vocabulary/plan.js';
import type { ProcessIdentity } from '../../vocabulary/process.js';
import type { ProcessId } from '../../vocabulary/units.js';
import type { ActingSide } from '../hands/acting-side.js';
import type { LookedBack } from '../hands/protocol.js';
import { actingActuators } from './acting-actuators.js';
import { ActingSource, isLook } from './acting-source.js';
import { granted } from './granted.js';
import type { Done, Hands, Order, Taken, TurnWatch } from './hands.js';
import { seenIn } from './seen.js';

export interface TurnHandsParts {
  readonly host: Host;
  readonly acting: ActingSide;
  /** Directory of what was learned here. */
  readonly mind: string;
  /** Processes whose CPU time is the agent's, besides its own. */
  readonly processes: readonly ProcessId[];
  /** What only the caller knows of a host, such as a model's translation costs. */
  readonly extra?: Partial<TurnRequest>;
  /** Is told whom a turn waits with, and undefined at its end. */
  attend?(watch: TurnWatch | undefined): void;
}

const NOTHING_BACK: LookedBack = { feuds: [], regrets: [], undone: [], cameBack: [], damaged: [] };

export class TurnHands implements Hands {
  readonly processes: readonly ProcessId[];
  readonly #parts: TurnHandsParts;

  constructor(parts: TurnHandsParts) {
    this.#parts = parts;
    this.processes = parts.processes;
  }

  async take(order: Order, watch: TurnWatch): Promise<Taken> {
    this.#parts.attend?.(watch);
    try {
      return await this.#take(order, watch);
    } finally {
      this.#parts.attend?.(undefined);
    }
  }

  async reload(): Promise<void> {
    const told = await this.#parts.acting.reload();
    if (!told.ok) throw new OctavoError('HANDS_DENIED', { denial: told.error.code, why: told.error.why });
  }

  close(): Promise<void> {
    return this.#parts.acting.close();
  }

  async #take(order: Order, watch: TurnWatch): Promise<Taken> {
    const { acting, host } = this.#parts;
    const { actuators } = await granted(watch, () => acting.about());
    const here = await assembleTurn(host, this.#request(order));
    const assembled = { ...here, actuators: actingActuators(actuators, here.actuators) };
    const refs = order.processes.map(({ pid, startTicks }) => ({ pid, startTicks }));
    const back = order.act ? await granted(watch, () => acting.lookBack(refs)) : NOTHING_BACK;
    const planned = await this.#plan(assembled, back, order, watch);
    const plan = watch.allowed(planned.plan);
    const done = order.act && plan.steps.length > 0 ? await this.#act(plan, watch) : undefined;
    const cameBack = back.cameBack.reduce((sum, { cameBackBytes }) => sum + cameBackBytes, 0);
    const stillReturned = back.regrets.reduce(
      (sum, { returnedBytes, cameBackBytes }) => sum + Math.max(0, returnedBytes - cameBackBytes),
      0,
    );
    return {
      ...{ plan, done, cameBack, undone: back.undone.length, notes: plan.notes },
      seen: { ...seenIn(planned), stillReturned: order.act ? stillReturned : undefined },
    };
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
      ...{ halfLifeMs: order.halfLifeMs, split: [], collapse: [] },
      ...this.#parts.extra,
    };
  }

  async #plan(
    assembled: AssembledTurn,
    back: LookedBack,
    { act }: Order,
    watch: TurnWatch,
  ): Promise<PlannedTurn> {
    const { host, acting, mind, extra } = this.#parts;
    const place = { host, directory: mind };
    const costs = readCosts(place);
    const learned = assembled.policy.usesBeliefs === true ? readBeliefs(place) : undefined;
    const planned = await planTurn({
      ...{ host, id: `plan-${runName(host)}`, ...assembled },
      sources: assembled.sources.map((own) =>
        isLook(own.name) ? new ActingSource(own, acting, watch) : own,
      ),
      look: (process) => this.#look(process, watch),
      feuds: new Map(back.feuds.map((feud) => [feudKey(feud, feud.block), feud])),
      regrets: new Map(back.regrets.map((regret) => [regretKey(regret), regret])),
      costs: costs.book,
      ...(learned === undefined ? {} : { beliefs: learned.beliefs }),
      ...(extra?.translation === undefined ? {} : { translation: extra.translation }),
      notes: [...(learned?.notes ?? []), ...costs.notes],
      signal: watch.signal,
      progress: () => watch.tend(),
    });
    if (act && learned !== undefined) {
      const [process, another] = assembled.processes;
      if (another === undefined) learnUndone(learned.beliefs, process, back.undone.length);
      keepBeliefs(place, learned.beliefs);
    }
    return planned;
  }

  /** Of several processes one may have gone, or be hidden. */
  async #look(process: ProcessIdentity, watch: TurnWatch): Promise<PageSizes> {
    try {
      return await granted(watch, () => this.#parts.acting.observe(process));
    } catch (problem) {
      const { denial } = problem instanceof OctavoError ? problem.facts : {};
      if (denial === 'stale' || denial === 'not-a-target')
        throw new OctavoError('TARGET_GONE', { pid: process.pid });
      throw problem;
    }
  }

  async #act(plan: Plan, watch: TurnWatch): Promise<Done> {
    const { acting, host, mind } = this.#parts;
    const done = await granted(watch, () => acting.apply(plan, watch.signal));
    keepOutcome({ host, directory: mind }, plan, done.verdicts);
    return done;
  }
}
