/**
 * Metrics between turns: the last reading of the gauges of each target that is there, counters since the agent started. The
 * number of targets with series of their own is bounded; the others are added up under one name. Text is rendered when
 * something was observed, not when it is scraped. Pure.
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
import type { Milliseconds } from '../vocabulary/units.js';
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
/** A target that was away for so long gives its place free, and its counters go. */
const AWAY_MS: Milliseconds = 3_600_000;

type Sums = Record<FieldName, number | null>;

/** A series of its own: of one target, or of all that have none. */
interface Slot {
  readonly totals: Sums;
  seenMs: Milliseconds;
}

/** The same metrics in each format. */
export type MetricTexts = Readonly<Record<ExpositionFormat, string>>;

/** Takes observations of turns and renders texts when asked. */
export class Metrics {
  readonly #most: number;
  readonly #slots = new Map<string, Slot>();
  /** The last observation of each target that is there. */
  readonly #current = new Map<string, Observation>();
  #nowMs: Milliseconds = 0;

  constructor(mostTargets = MOST_TARGETS) {
    this.#most = mostTargets;
  }

  /** Takes in what was observed of a target in a turn. */
  observe(observation: Observation): void {
    const slot = this.#slotFor(observation.target);
    slot.seenMs = this.#nowMs;
    this.#current.set(observation.target, observation);
    for (const name of FIELD_NAMES)
      if (FIELDS[name].nature === 'sum')
        slot.totals[name] = addKnown(slot.totals[name], counted(observation.values[name]));
  }

  /** These are the targets that are there, at this time of a clock that never goes back: of others the gauges go. */
  keepOnly(targets: Iterable<string>, nowMs: Milliseconds): void {
    this.#nowMs = nowMs;
    const present = new Set(targets);
    for (const target of this.#current.keys()) if (!present.has(target)) this.#current.delete(target);
    for (const target of this.#current.keys()) this.#slotFor(target).seenMs = nowMs;
    for (const [name, { seenMs }] of this.#slots) if (nowMs - seenMs > AWAY_MS) this.#slots.delete(name);
  }

  /** Where a target is counted: in its own place while there is room. */
  #slotFor(target: string): Slot {
    const name = this.#placeOf(target);
    const slot = this.#slots.get(name) ?? { totals: noSums(), seenMs: this.#nowMs };
    this.#slots.set(name, slot);
    return slot;
  }

  #placeOf(target: string): string {
    if (this.#slots.has(target)) return target;
    const own = this.#slots.size - (this.#slots.has(OTHER) ? 1 : 0);
    return own < this.#most ? target : OTHER;
  }

  /** The text of both formats, as of now. */
  render(agent: AgentReading): MetricTexts {
    const ofAgent = AGENT_METRICS.map((kind) => ({ kind, samples: kind.read(agent) }));
    const families = [...ofAgent, ...this.#ofTargets()];
    return {
      prometheus: exposition(families, 'prometheus'),
      openmetrics: exposition(families, 'openmetrics'),
    };
  }

  #ofTargets(): readonly Family[] {
    const present = this.#present();
    const info = [...present]
      .filter(([target]) => target !== OTHER)
      .map(([target, { policy }]) => ({ labels: [target, policy], value: 1 }));
    const states = [...present].flatMap(([target, current]) =>
      ACTING_STATES.map((state) => ({ labels: [target, state], value: state === current.state ? 1 : 0 })),
    );
    return [
      { kind: TARGET_INFO, samples: info },
      { kind: STATE_METRIC, samples: states },
      ...TARGET_METRICS.map((kind) => ({ kind, samples: this.#samplesOf(kind, present) })),
    ];
  }

  /** Targets that are there by the names of their series. */
  #present(): ReadonlyMap<string, Observation> {
    const found = new Map<string, Observation>();
    for (const [target, observation] of this.#current) {
      const name = this.#placeOf(target);
      const known = found.get(name);
      found.set(name, known ? together(known, observation) : observation);
    }
    return found;
  }

  #samplesOf(
    { type, field, per }: TargetMetric,
    present: ReadonlyMap<string, Observation>,
  ): readonly MetricSample[] {
    const values =
      type === 'counter'
        ? [...this.#slots].map(([name, { totals }]) => [name, totals[field]] as const)
        : [...present].map(([name, { values }]) => [name, values[field]] as const);
    return values.flatMap(([name, value]) =>
      value === null ? [] : [{ labels: [name], value: value / per }],
    );
  }
}

/** A counter never goes down: memory that steps took instead of giving it back counts as nothing returned. */
function counted(value: number | null): number | null {
  return value === null ? null : Math.max(0, value);
}

function noSums(): Sums {
  return Object.fromEntries(FIELD_NAMES.map((name) => [name, null])) as Sums;
}
