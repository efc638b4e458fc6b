/**
 * What a page may ask of the agent of this host. Each act is planned and shown here, and done by the agent alone, which judges it
 * by its own configuration (agent/asking): this process writes one small file, and nothing of the kernel's.
 */
import { type Letter, letterId, MOST_LETTER_BYTES, writeLetter } from '../../agent/asking/letter.js';
import type { Target } from '../../agent/configuration/configuration.js';
import { loadConfiguration } from '../../agent/configuration/read.js';
import type { Status, StatusTarget } from '../../agent/life/status.js';
import { actuatorsOf } from '../../config/assemble.js';
import type { JournalPlace } from '../../cycle/journal.js';
import { namedRun } from '../../cycle/named-run.js';
import { asIfRecovered } from '../../cycle/recovery.js';
import type { Actions, Prepared } from '../../dashboard/board.js';
import type { MapModel } from '../../dashboard/map/map-model.js';
import type { ActWish } from '../../dashboard/wire/act.js';
import { identityOf } from '../../verification/observe.js';
import { OctavoError } from '../../vocabulary/errors.js';
import type { Plan } from '../../vocabulary/plan.js';
import { plural } from '../../vocabulary/show.js';
import { blockToPage, pageGeometry, pageToAddress, pageToBlock } from '../../vocabulary/units.js';
import type { OctavoContext } from '../context.js';
import { namedPlan, undoPlan } from '../named-plan.js';
import { describePlan } from '../turns.js';

/** Where an agent keeps what its board shows. */
export interface AgentPlaces {
  readonly place: JournalPlace;
  /** Runtime directory, where the status is. */
  readonly runtime: string;
  readonly name: string;
}

/** What acts are made from. */
export interface ActFacts {
  readonly context: OctavoContext;
  readonly places: AgentPlaces;
  /** Undefined while no agent runs. */
  status(): Status | undefined;
  /** Name of the target of an id. */
  targetOf(id: string): string | undefined;
  /** Name of the target of a run that is in the log. */
  runTarget(run: string): string | undefined;
  map(): MapModel | undefined;
}

type Ask = Letter['ask'];
type Undecided = Omit<Prepared, 'letter'> & { readonly letter: Ask | undefined };

/** Lines and calls that are shown of a plan. */
const MOST_SHOWN = 20;

/** Prepares acts, and asks the agent for them. */
export class AgentActions implements Actions {
  readonly #facts: ActFacts;

  constructor(facts: ActFacts) {
    this.#facts = facts;
  }

  newId(): string {
    return letterId(this.#facts.context.host);
  }

  async prepare(wish: ActWish): Promise<Prepared> {
    if (this.#facts.status() === undefined) return refused('no agent runs: there is nobody to ask');
    switch (wish.act) {
      case 'pause':
      case 'resume':
        return this.#pause(wish.act, wish.target);
      case 'undo':
        return this.#undo(wish.run);
      case 'split':
      case 'collapse':
        return this.#block(wish);
    }
  }

  ask(id: string, { letter }: Prepared): string | undefined {
    const { context, places } = this.#facts;
    if (this.#facts.status() === undefined) return 'no agent runs: there is nobody to ask';
    const atMs = context.host.clock.wallMs();
    const document: Letter = { octavo: 'agent-request', version: 1, id, atMs, ask: letter as Ask };
    if (JSON.stringify(document).length > MOST_LETTER_BYTES)
      return 'it is too much for one request: ask for less, or use the command line';
    const written = writeLetter(context.host, places.runtime, document);
    return written.ok
      ? undefined
      : `the agent cannot be asked: ${written.error.call} (${written.error.errno})`;
  }

  #target(name: string | undefined): StatusTarget | undefined {
    return this.#facts.status()?.targets.find((one) => one.name === name);
  }

  #pause(act: 'pause' | 'resume', id: string): Undecided {
    const target = this.#target(this.#facts.targetOf(id));
    if (target === undefined) return refused('there is no such target');
    const { name } = target;
    if (!target.act) return refused(onlyWatched(name));
    const isPaused = target.pausedSinceMs != null;
    if (isPaused === (act === 'pause')) return refused(`${name} is ${isPaused ? 'paused' : 'not paused'}`);
    const lines =
      act === 'pause'
        ? [
            `Octavo goes on observing ${name} and planning for it, and does not act on it until somebody resumes it.`,
            'A run of its own that is going on stops at its next step. What was done before stays.',
            'It stays paused over a restart of the agent, and when its configuration is read again.',
          ]
        : [`Octavo acts on ${name} again, within its hours, guards and budgets.`];
    const title = act === 'pause' ? `Pause acting on ${name}` : `Resume acting on ${name}`;
    return { title, lines, calls: [], refusal: '', letter: { kind: act, target: name } };
  }

  async #undo(name: string): Promise<Undecided> {
    const { context, places } = this.#facts;
    const target = this.#target(this.#facts.runTarget(name));
    if (target === undefined) return refused('there is no such run of a target');
    if (!target.act) return refused(onlyWatched(target.name));
    const run = asIfRecovered(context.host, namedRun(places.place, name));
    const plan = await undoPlan(context, places.place, run, { actuators: this.#actuators(target.name) });
    const again =
      target.pausedSinceMs == null
        ? [`${target.name} is not paused: a later turn may do the same again if its policy finds it right.`]
        : [];
    return this.#planned(`Undo run ${name}`, target.name, plan, again);
  }

  async #block({ act, layout, segment, page }: BlockWish): Promise<Undecided> {
    const { context, places } = this.#facts;
    const { host } = context;
    const map = this.#facts.map();
    if (map === undefined || map.layout !== layout) return refused('the map has another layout by now');
    const found = map.parts.segments[segment]?.facts;
    if (found === undefined || page >= found.pages) return refused('the map has no such place');
    const target = this.#target(found.target);
    if (target === undefined) return refused(`process ${found.pid} is of no target`);
    if (!target.act) return refused(onlyWatched(target.name));
    const block = pageToBlock(found.firstPage + page, host.identity.geometry);
    const named = { pid: found.pid, split: [] as number[], collapse: [] as number[] };
    named[act].push(block);
    const plan = await namedPlan(
      context,
      places.place,
      {
        ...{ target: target.name, processes: [identityOf(host, found.pid)], named: [named] },
        notes: ['asked for by somebody on the dashboard'],
      },
      { actuators: this.#actuators(target.name) },
    );
    const address = pageToAddress(blockToPage(block, host.identity.geometry), host.identity.geometry);
    const title = `${act === 'split' ? 'Split' : 'Collapse'} the block at ${address}`;
    return this.#planned(title, target.name, plan, []);
  }

  /** Those that the configuration allows, as far as it can be read here; the agent knows better. */
  #actuators(name: string): ReturnType<typeof actuatorsOf> {
    const { host } = this.#facts.context;
    const target = this.#configured(name);
    const chosen = (target?.actuators ?? []) as Parameters<typeof actuatorsOf>[1];
    return actuatorsOf(host, chosen, { parameters: target?.actuatorParameters ?? {} });
  }

  #configured(name: string): Target | undefined {
    const file = this.#facts.status()?.configuration.file;
    try {
      const { host } = this.#facts.context;
      return file === undefined
        ? undefined
        : loadConfiguration(host, file).targets.find((one) => one.name === name);
    } catch (problem) {
      if (problem instanceof OctavoError) return undefined;
      throw problem;
    }
  }

  async #planned(title: string, target: string, plan: Plan, more: readonly string[]): Promise<Undecided> {
    const told = [...stepLines(plan), ...refusedLines(plan), ...more, ...plan.notes];
    if (plan.steps.length === 0)
      return { title, lines: told, calls: [], refusal: 'there is nothing left to do', letter: undefined };
    const calls = await describePlan(this.#facts.context, plan);
    const judged = `The agent carries it out within the hours, guards and budgets of ${target}, journals it as a run, and verifies it.`;
    return {
      ...{ title, lines: [...told, judged], calls: calls.slice(0, MOST_SHOWN), refusal: '' },
      letter: { kind: 'apply', target, plan },
    };
  }
}

type BlockWish = Extract<ActWish, { readonly segment: number }>;

const onlyWatched = (name: string) => `${name} is only watched: act is false in the agent’s configuration`;

const refused = (refusal: string): Undecided => ({
  ...{ title: 'This cannot be done', lines: [], calls: [], refusal, letter: undefined },
});

function stepLines(plan: Plan): readonly string[] {
  const geometry = pageGeometry(plan.geometry.pageBytes, plan.geometry.blockBytes);
  const lines = plan.steps.slice(0, MOST_SHOWN).map(({ proposal, actuator }) => {
    const { process, action, block } = proposal;
    const address = pageToAddress(blockToPage(block, geometry), geometry);
    return `${action} ${address} of ${process.command} (${process.pid}) by ${actuator}: ${proposal.reason}`;
  });
  const more = plan.steps.length - lines.length;
  return more > 0 ? [...lines, `and ${plural(more, 'block')} more`] : lines;
}

function refusedLines({ refused: all, passedOver }: Plan): readonly string[] {
  const reasons = new Map<string, number>();
  for (const { code, why } of all) reasons.set(`${code}: ${why}`, (reasons.get(`${code}: ${why}`) ?? 0) + 1);
  for (const { blocks, code, why } of passedOver)
    reasons.set(`${code}: ${why}`, (reasons.get(`${code}: ${why}`) ?? 0) + blocks);
  return [...reasons].map(([why, count]) => `left alone, ${plural(count, 'block')}: ${why}`);
}
