/**
 * Metrics between turns: the last reading of gauges, counters since the agent started. The number of targets with a series of
 * their own is bounded; the others are added up under one name. A turn is rendered once, when it ends: a scrape gets text that
 * is there. Pure.
 */
import {
  ACTING_STATES,
  addKnown,
  FIELD_NAMES,
  FIELDS,
  type FieldName,
  type Observation,
  together,
} from '../history/observation.js';
import type { AgentReading } from './agent-reading.js';
import { type ExpositionFormat, exposition, type Family } from './exposition.js';
import {
  AGENT_METRICS,
  type MetricSample,
  STATE_METRIC,
  TARGET_INFO,
  TARGET_METRICS,
  type TargetMetric,
} from './table.js';

/** Targets with series of their own, unless told otherwise. */
const MOST_TARGETS = 200;
/** Label of all targets beyond the bound; a target of this name is among them. */
export const OTHER = 'other';
/** A target that was away for so many turns gives its place free, and its counters go. */
const TURNS_AWAY = 120;

type Sums = Record<FieldName, number | null>;

interface Slot {
  /** Of the last turn; undefined when the target was not in it. */
  current: Observation | undefined;
  /** Of all turns. */
  readonly totals: Sums;
  seenInTurn: number;
}

export type MetricTexts = Readonly<Record<ExpositionFormat, string>>;

export class Metrics {
  readonly #most: number;
  readonly #slots = new Map<string, Slot>();
  #turn = 0;

  constructor(mostTargets = MOST_TARGETS) {
    this.#most = mostTargets;
  }

  /** Takes in a turn: all its observations at once. */
  observe(observations: readonly Observation[]): void {
    this.#turn++;
    for (const [name, slot] of this.#slots) {
      slot.current = undefined;
      if (this.#turn - slot.seenInTurn > TURNS_AWAY) this.#slots.delete(name);
    }
    for (const observation of observations) this.#take(observation);
  }

  #take(observation: Observation): void {
    const slot = this.#slotOf(observation.target);
    slot.seenInTurn = this.#turn;
    slot.current = slot.current ? together(slot.current, observation) : observation;
    for (const name of FIELD_NAMES)
      if (FIELDS[name].nature === 'sum')
        slot.totals[name] = addKnown(slot.totals[name], counted(observation.values[name]));
  }

  /** The slot of a target: its own while there is room. */
  #slotOf(target: string): Slot {
    const own = this.#slots.get(target);
    if (own !== undefined) return own;
    const ownSlots = this.#slots.size - (this.#slots.has(OTHER) ? 1 : 0);
    const name = ownSlots < this.#most ? target : OTHER;
    const slot = this.#slots.get(name) ?? { current: undefined, totals: noSums(), seenInTurn: this.#turn };
    this.#slots.set(name, slot);
    return slot;
  }

  /** The text of both formats, as of the last turn. */
  render(agent: AgentReading): MetricTexts {
    const families = [
      ...AGENT_METRICS.map((kind) => ({ kind, samples: kind.read(agent) })),
      ...this.#targets(),
    ];
    return {
      prometheus: exposition(families, 'prometheus'),
      openmetrics: exposition(families, 'openmetrics'),
    };
  }

  #targets(): readonly Family[] {
    const slots = [...this.#slots];
    const present = slots.flatMap(([target, { current }]) => (current ? [{ target, current }] : []));
    const info = present
      .filter(({ target }) => target !== OTHER)
      .map(({ target, current }) => ({ labels: [target, current.policy], value: 1 }));
    const states = present.flatMap(({ target, current }) =>
      ACTING_STATES.map((state) => ({ labels: [target, state], value: state === current.state ? 1 : 0 })),
    );
    return [
      { kind: TARGET_INFO, samples: info },
      { kind: STATE_METRIC, samples: states },
      ...TARGET_METRICS.map((kind) => ({ kind, samples: samplesOf(kind, slots) })),
    ];
  }
}

function samplesOf({ type, field, per }: TargetMetric, slots: readonly [string, Slot][]): MetricSample[] {
  return slots.flatMap(([target, { current, totals }]) => {
    const value = type === 'counter' ? totals[field] : (current?.values[field] ?? null);
    return value === null ? [] : [{ labels: [target], value: value / per }];
  });
}

/** A counter never goes down: memory that steps took instead of giving it back counts as nothing returned. */
function counted(value: number | null): number | null {
  return value === null ? null : Math.max(0, value);
}

function noSums(): Sums {
  return Object.fromEntries(FIELD_NAMES.map((name) => [name, null])) as Sums;
}
