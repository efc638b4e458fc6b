/** Octavo itself inside a scenario: whole turns on the model, through the same host door as on Linux. */

import type { TurnRequest } from '../../config/assemble.js';
import { KINDS, type Kinds } from '../../config/kinds.js';
import { separated } from '../../config/policy-words.js';
import { takeTurn } from '../../config/take-turn.js';
import type { Pmu } from '../../model/hardware/pmu.js';
import { OctavoError } from '../../vocabulary/errors.js';
import { COMPLETE } from '../../vocabulary/sample.js';
import type { Nanoseconds } from '../../vocabulary/units.js';
import type { Scenario } from '../scenario/scenario.js';
import type { Machine } from './host-machine.js';
import { modelTranslation } from './model-translation.js';
import type { AgentOutcome } from './outcome.js';
import { SplitKeeping } from './split-keeping.js';

/**
 * What a turn computes for each huge page's worth of resident memory: census, content, heat, policy, plan. `octavo plan`
 * used 45 ms more user time for 256 blocks more, on the machine of costs.ts; what the kernel does for it comes apart.
 */
const PLANNING_NS_PER_BLOCK: Nanoseconds = 160_000;

type Agent = NonNullable<Scenario['agent']>;
type ExtraSource = NonNullable<TurnRequest['extraSources']>[number];

/** Takes the turns of a scenario's agent when they are due. */
export class OctavoTurns {
  readonly #machine: Machine;
  readonly #agent: Agent;
  /** Kinds that only the one who runs the simulation knows; Octavo's own when undefined. */
  readonly #kinds: Kinds;
  /** When the next turn is due. */
  due: Nanoseconds;
  turns = 0;
  met = 0;
  notMet = 0;
  undone = 0;
  /** Proposals that the planner refused, in all turns. */
  refused = 0;
  /** Blocks that the last turn left alone for want of evidence. */
  unknown = 0;
  /** Time of its calls that split or collapsed. */
  callNs: Nanoseconds = 0;
  readonly #keeping = new SplitKeeping();
  /** Samples handed to earlier turns or taken during them, of layouts that are no more; and when the last one ended. */
  #sampled = 0;
  #sampledFrom: Nanoseconds = 0;

  constructor(machine: Machine, agent: Agent, policies: Kinds['policies'] = KINDS.policies) {
    this.#machine = machine;
    this.#agent = agent;
    this.#kinds = { ...KINDS, policies };
    this.due = agent.start;
  }

  /** Takes a turn for each target; returns what it did, in words. */
  async take(): Promise<string[]> {
    const { kernel } = this.#machine;
    this.due = Math.max(this.due + this.#agent.every, kernel.clock.now);
    this.turns++;
    const notes: string[] = [];
    this.unknown = 0;
    for (const target of this.#agent.targets) {
      const before = `${(kernel.clock.now / 1e9).toFixed(3)} s Octavo (${this.#agent.policy}) on ${target}`;
      const turn = await this.#turnOn(target);
      if (turn === undefined) {
        notes.push(`${before}: no such process now`);
        continue;
      }
      kernel.clock.spend(this.#planningNs(target));
      kernel.clock.settle();
      const verdicts = turn.applied?.verdicts ?? [];
      this.#keeping.note(turn.plan, verdicts);
      for (const { durationUs } of turn.applied?.receipts ?? []) this.callNs += durationUs * 1000;
      const met = verdicts.filter(({ outcome }) => outcome === 'met').length;
      const freed = verdicts.reduce((sum, { residentDelta }) => sum + residentDelta, 0);
      this.met += met;
      this.notMet += verdicts.length - met;
      this.undone += turn.undone;
      this.refused += turn.plan.refused.length;
      for (const { code, blocks } of turn.plan.passedOver)
        if (code === 'unknown-heat') this.unknown += blocks;
      notes.push(`${before}: ${inWords(turn.plan.steps.length, turn.plan.refused, met, freed, turn.undone)}`);
    }
    this.#sampled = this.#machine.pmu?.samples.count ?? 0;
    this.#sampledFrom = kernel.clock.now;
    return notes;
  }

  /** One turn; undefined when the process has not started yet, or was killed for want of memory. */
  async #turnOn(target: string): Promise<Awaited<ReturnType<typeof takeTurn>> | undefined> {
    try {
      return await takeTurn(this.#machine.host, this.#request(target), new AbortController().signal);
    } catch (problem) {
      if (problem instanceof OctavoError && problem.code === 'TARGET_NOT_FOUND') return undefined;
      throw problem;
    }
  }

  /** What it did in all, and what is left of it now. */
  outcome(): AgentOutcome {
    const { turns, met, notMet } = this;
    return { turns, met, notMet, splits: this.#keeping.atEnd(this.#machine.kernel) };
  }

  /** CPU time of Octavo's own code, which is not the model's. */
  #planningNs(target: string): Nanoseconds {
    const { kernel } = this.#machine;
    const task = [...kernel.processes.values()].find(({ command }) => command === target);
    return ((task?.mm?.rss ?? 0) / kernel.geometry.pagesPerBlock) * PLANNING_NS_PER_BLOCK;
  }

  #request(target: string): TurnRequest {
    const { policy, parameters, sources } = this.#agent;
    const { own, order } = separated(parameters);
    const { pmu, kernel } = this.#machine;
    return {
      target,
      scope: {},
      kinds: this.#kinds,
      policy,
      sources: sources.filter((name) => name !== 'pmu'),
      extraSources:
        pmu !== undefined && sources.includes('pmu')
          ? [pmuSource(pmu, this.#sampled, kernel.clock.now - this.#sampledFrom)]
          : [],
      parameters: own,
      ...(order === undefined ? {} : { order }),
      budgets: {},
      actuators: [],
      split: [],
      collapse: [],
      translation: modelTranslation(this.#machine.cpu),
    };
  }
}

function inWords(
  steps: number,
  refused: readonly { readonly code: string }[],
  met: number,
  residentDelta: number,
  undone: number,
): string {
  const parts = [`${steps} steps, ${met} met`];
  if (residentDelta !== 0) parts.push(`${(residentDelta / 2 ** 20).toFixed(1)} MiB resident`);
  if (undone > 0) parts.push(`${undone} earlier splits found undone`);
  const held = refused.filter(({ code }) => code === 'ping-pong').length;
  if (held > 0) parts.push(`${held} held back by the ping-pong guard`);
  if (refused.length > held) parts.push(`${refused.length - held} refused`);
  return parts.join(', ');
}

/** What the model's PMU has recorded between the last turn's end and now, as a source of samples. */
function pmuSource(pmu: Pmu, from: number, windowNs: Nanoseconds): ExtraSource {
  const { period, kind } = pmu.settings;
  const to = pmu.samples.count;
  return {
    name: 'pmu',
    origin: {
      source: 'pmu',
      detail: `model ${kind}, period ${period}`,
      granularity: { pages: 1, blindInsideHugePages: false, blindToCachedTranslations: false },
      tells: 'heat',
      nature: 'all-accesses',
      ...COMPLETE,
      windowNs,
    },
    async *read({ host }) {
      yield { kind: 'samples', batch: pmu.samples.batch(host.identity.geometry, period, from, to) };
    },
    account: () => ({
      losses: { collisions: pmu.counters.collisions },
      bytesRead: 0,
      notes: [],
    }),
  };
}
