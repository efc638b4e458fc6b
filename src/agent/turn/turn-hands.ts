/** A turn by way of the acting side: it looks and acts, here is decided. */
import { type AssembledTurn, assembleTurn, type TurnRequest } from '../../config/assemble.js';
import { runName } from '../../cycle/apply-plan.js';
import { keepBeliefsOf, keepOutcome, readBeliefs } from '../../cycle/belief-file.js';
import { type PlannedTurn, planTurn } from '../../cycle/plan-turn.js';
import { learnUndone } from '../../cycle/policy-facts.js';
import type { Host } from '../../host/host.js';
import { CostBook } from '../../planning/cost-book.js';
import { feudKey } from '../../planning/guard.js';
import { regretKey } from '../../planning/regret.js';
import { AUTO } from '../../sampling/budget.js';
import type { Source } from '../../sources/source.js';
import { OctavoError } from '../../vocabulary/errors.js';
import type { PageSizes } from '../../vocabulary/page-sizes.js';
import type { Plan } from '../../vocabulary/plan.js';
import type { ProcessIdentity } from '../../vocabulary/process.js';
import { COMPLETE, type SampleOrigin } from '../../vocabulary/sample.js';
import type { ProcessId } from '../../vocabulary/units.js';
import type { ActingSide } from '../hands/acting-side.js';
import type { LookedBack, LookOffers, Outcome } from '../hands/protocol.js';
import { actingActuators } from './acting-actuators.js';
import { ActingSource, isLook } from './acting-source.js';
import { attentive } from './attentive.js';
import { ChosenLooks } from './chosen-looks.js';
import { granted } from './granted.js';
import type { Hands, Order, Taken, TurnWatch } from './hands.js';
import { KnownContent } from './known-content.js';
import { seenIn } from './seen.js';

/** What a turn over the acting side needs. */
export interface TurnHandsParts {
  readonly host: Host;
  readonly acting: ActingSide;
  /** Directory of what was learned here. */
  readonly mind: string;
  /** Processes whose CPU time is the agent's, besides its own. */
  readonly processes: readonly ProcessId[];
  /** Turns of different targets at the same time; one where both sides are in one process. */
  readonly turnsAtOnce: number;
  /** What only the caller knows of a host, such as a model's translation costs. */
  readonly extra?: Partial<TurnRequest>;
  /** Where both sides are in one process: is told whom a turn waits with, and undefined at its end. */
  attend?(watch: TurnWatch | undefined): void;
}

/** Of a source before it was read: it tells by itself what its samples are. */
const UNREAD: SampleOrigin = {
  ...{ source: 'auto', detail: '', tells: 'presence', nature: 'unknown', windowNs: undefined },
  granularity: { pages: 1, blindInsideHugePages: false, blindToCachedTranslations: false },
  ...COMPLETE,
};

const NOTHING_BACK: LookedBack = { feuds: [], regrets: [], undone: [], cameBack: [], damaged: [] };

/** Decides here, by the policies and what was learned, and has the acting side look and act. */
export class TurnHands implements Hands {
  readonly processes: readonly ProcessId[];
  readonly turnsAtOnce: number;
  readonly #parts: TurnHandsParts;
  readonly #looks: ChosenLooks;
  readonly #content = new KnownContent();
  /** What acts take here, as the acting side has measured it. */
  #costs: CostBook | undefined;

  constructor(parts: TurnHandsParts) {
    this.#parts = parts;
    this.processes = parts.processes;
    this.turnsAtOnce = parts.turnsAtOnce;
    this.#looks = new ChosenLooks(() => parts.host.clock.monotonicNs() / 1e6);
  }

  take(order: Order, watch: TurnWatch): Promise<Taken> {
    return this.#attended(watch, () => this.#take(order, watch));
  }

  carryOut(plan: Plan, watch: TurnWatch): Promise<Outcome> {
    return this.#attended(watch, () => this.#act(plan, watch));
  }

  async #attended<Value>(watch: TurnWatch, act: () => Promise<Value>): Promise<Value> {
    this.#parts.attend?.(watch);
    try {
      return await act();
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
    const { acting } = this.#parts;
    const host = attentive(this.#parts.host, () => watch);
    const { actuators, offers, costs } = await granted(watch, () => acting.about());
    this.#costs ??= new CostBook(costs);
    const here = await assembleTurn(host, this.#request(order));
    const sources = this.#sources(order, here, offers, watch);
    const assembled = { ...here, actuators: actingActuators(actuators, here.actuators), sources };
    const refs = order.processes.map(({ pid, startTicks }) => ({ pid, startTicks }));
    const back = order.act ? await granted(watch, () => acting.lookBack(refs)) : NOTHING_BACK;
    const planned = await this.#plan(host, assembled, back, order, watch);
    this.#noteLooks(order, sources, planned.plan);
    const plan = watch.allowed(planned.plan);
    const done = order.act && plan.steps.length > 0 ? await this.#act(plan, watch) : undefined;
    const cameBack = back.cameBack.reduce((sum, { cameBackBytes }) => sum + cameBackBytes, 0);
    const stillReturned = back.regrets.reduce(
      (sum, { returnedBytes, cameBackBytes }) => sum + Math.max(0, returnedBytes - cameBackBytes),
      0,
    );
    return {
      ...{ plan, done, cameBack, undone: back.undone.length, notes: plan.notes },
      seen: {
        ...seenIn(planned),
        emptyInHuge: this.#content.note(order.target, planned.sizes, planned.heat),
        stillReturned: order.act ? stillReturned : undefined,
      },
    };
  }

  #request(order: Order): TurnRequest {
    return {
      ...{ target: order.target, processes: order.processes, scope: {} },
      ...{ policy: order.policy, parameters: order.parameters, budgets: order.budgets },
      sources: order.sources.filter((name) => name !== AUTO) as TurnRequest['sources'],
      sourceParameters: order.sourceParameters,
      ...{
        actuators: order.actuators as TurnRequest['actuators'],
        actuatorParameters: order.actuatorParameters,
      },
      ...{ halfLifeMs: order.halfLifeMs, split: [], collapse: [] },
      ...this.#parts.extra,
    };
  }

  /** By the configuration, or as far as the host offers them and the share of a CPU allows. */
  #sources(
    { target, sources: names }: Order,
    { sources }: AssembledTurn,
    offers: LookOffers,
    watch: TurnWatch,
  ): readonly Source[] {
    const { acting } = this.#parts;
    if (!names.includes(AUTO))
      return sources.map((own) => (isLook(own.name) ? new ActingSource(own, acting, watch) : own));
    return this.#looks.next(target, offers).map((name) => {
      const failed = (why: string) => this.#looks.failed(name, why);
      const only = this.#looks.wished(target, name);
      return new ActingSource({ name, origin: UNREAD }, acting, watch, { only, failed });
    });
  }

  #noteLooks({ target, sources: names }: Order, sources: readonly Source[], plan: Plan): void {
    if (!names.includes(AUTO)) return;
    for (const source of sources)
      if (source instanceof ActingSource && isLook(source.name))
        this.#looks.took(target, source.name, source.looked?.ownCpuNs ?? 0);
    this.#looks.note(target, plan);
  }

  async #plan(
    host: Host,
    assembled: AssembledTurn,
    back: LookedBack,
    { act }: Order,
    watch: TurnWatch,
  ): Promise<PlannedTurn> {
    const { mind, extra } = this.#parts;
    const place = { host, directory: mind };
    const learned = assembled.policy.usesBeliefs === true ? readBeliefs(place) : undefined;
    const planned = await planTurn({
      ...{ host, id: `plan-${runName(host)}`, ...assembled },
      look: (process) => this.#look(process, watch),
      feuds: new Map(back.feuds.map((feud) => [feudKey(feud, feud.block), feud])),
      regrets: new Map(back.regrets.map((regret) => [regretKey(regret), regret])),
      ...(this.#costs === undefined ? {} : { costs: this.#costs }),
      ...(learned === undefined ? {} : { beliefs: learned.beliefs }),
      ...(extra?.translation === undefined ? {} : { translation: extra.translation }),
      notes: learned?.notes ?? [],
      signal: watch.signal,
      progress: () => watch.tend(),
    });
    if (act && learned !== undefined) {
      const [process, another] = assembled.processes;
      if (another === undefined) learnUndone(learned.beliefs, process, back.undone.length);
      // Other targets' turns may have learned of their processes meanwhile.
      keepBeliefsOf(place, learned.beliefs, assembled.processes);
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

  async #act(plan: Plan, watch: TurnWatch): Promise<Outcome> {
    const { acting, host, mind } = this.#parts;
    const done = await granted(watch, () => acting.apply(plan, watch.signal));
    this.#costs = new CostBook(done.costs);
    keepOutcome({ host, directory: mind }, plan, done.verdicts);
    return done;
  }
}
