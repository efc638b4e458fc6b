/**
 * What is known of a span of time: one turn in the raw tier, or many turns added up. Adding is exact for sums; of gauges the
 * least, the largest, the last and the sum for the mean stay. Pure.
 */
import type { Milliseconds } from '../vocabulary/units.js';
import {
  type ActingState,
  FIELD_NAMES,
  FIELDS,
  type FieldName,
  type Observation,
  together,
  worseState,
} from './observation.js';

/** What stays of a gauge over several turns. */
export interface GaugeRange {
  readonly least: number;
  readonly largest: number;
  readonly last: number;
}

/** Readings of one number. */
export interface Summary {
  /** Turns of which it is known, and its sum over them. */
  readonly known: number;
  readonly sum: number;
  /** Of a gauge. */
  readonly range: GaugeRange | undefined;
}

/** Every number of a target over a span; null where no turn knew it. */
export type Summaries = Readonly<Record<FieldName, Summary | null>>;

/** One target over a span. */
export interface TargetSpan {
  readonly target: string;
  /** The last. */
  readonly policy: string;
  /** The worst. */
  readonly state: ActingState;
  /** Turns that it was a target of. */
  readonly turns: number;
  readonly values: Summaries;
  readonly notes: readonly string[];
}

/** A stretch of time. */
export interface FromTo {
  readonly from: Milliseconds;
  readonly until: Milliseconds;
}

/** One turn, or several added up. */
export interface Span {
  /** Sequence numbers of the first and last turn: they only grow, whatever the clock does. */
  readonly first: number;
  readonly last: number;
  /** Time as it passed (lived-time.ts), and as the wall clock told it. */
  readonly lived: FromTo;
  readonly wall: FromTo;
  /** Of the last turn, since the boot; null where the kernel does not tell. */
  readonly uptimeMs: Milliseconds | null;
  readonly turns: number;
  /** Observations that could not be kept before this turn. */
  readonly dropped: number;
  /** By how much the wall clock moved more than time passed. */
  readonly jumpMs: Milliseconds;
  readonly targets: readonly TargetSpan[];
}

/** Targets of a span; what is beyond is added up under one name. */
const MOST_TARGETS = 2048;
/** The name under which targets beyond the bound are added up. */
export const OTHER_TARGETS = '(other targets)';
const MOST_NOTES = 4;
const LONGEST_TEXT = 200;

/** When a turn was, by every clock. */
export interface TurnTime {
  readonly sequence: number;
  readonly livedMs: Milliseconds;
  readonly wallMs: Milliseconds;
  readonly uptimeMs: Milliseconds | null;
  readonly jumpMs: Milliseconds;
  readonly dropped: number;
}

/** The span of one turn. */
export function spanOfTurn(observations: readonly Observation[], time: TurnTime, most = MOST_TARGETS): Span {
  const { sequence, livedMs, wallMs, ...rest } = time;
  const byTarget = new Map<string, Observation>();
  for (const observation of observations) {
    const name = cut(observation.target);
    const isRoom = byTarget.has(name) || byTarget.size < most;
    const target = isRoom ? name : OTHER_TARGETS;
    const known = byTarget.get(target);
    byTarget.set(target, known ? together(known, observation) : { ...observation, target });
  }
  return {
    first: sequence,
    last: sequence,
    lived: { from: livedMs, until: livedMs },
    wall: { from: wallMs, until: wallMs },
    ...rest,
    turns: 1,
    targets: [...byTarget.values()].map(spanOfObservation),
  };
}

function spanOfObservation({ target, policy, state, values, notes }: Observation): TargetSpan {
  const summaries = FIELD_NAMES.map((name) => [name, summaryOf(name, values[name])]);
  return {
    target,
    policy: cut(policy),
    state,
    turns: 1,
    values: Object.fromEntries(summaries) as Summaries,
    notes: distinct(notes.map(cut)),
  };
}

/** Numbers are whole and exact, so that sums are; what is no such number is not known. */
function summaryOf(name: FieldName, given: number | null): Summary | null {
  const value = given === null ? Number.NaN : Math.round(given);
  if (!Number.isSafeInteger(value)) return null;
  // Not the negative zero, which no file keeps.
  const exact = value + 0;
  return {
    known: 1,
    sum: exact,
    range: FIELDS[name].nature === 'gauge' ? { least: exact, largest: exact, last: exact } : undefined,
  };
}

function cut(text: string): string {
  return text.length <= LONGEST_TEXT ? text : `${text.slice(0, LONGEST_TEXT - 1)}…`;
}

function distinct(notes: readonly string[]): readonly string[] {
  return [...new Set(notes)].slice(0, MOST_NOTES);
}

/** Adds a later span to an earlier one. */
export function addSpans(earlier: Span, later: Span, most = MOST_TARGETS): Span {
  const targets = new Map(earlier.targets.map((target) => [target.target, target]));
  const names = new Set(targets.keys());
  for (const given of later.targets) {
    const isRoom = names.has(given.target) || names.size < most;
    if (isRoom) names.add(given.target);
    const target = isRoom ? given.target : OTHER_TARGETS;
    const known = targets.get(target);
    targets.set(target, known ? addTargets(known, given) : { ...given, target });
  }
  return {
    first: earlier.first,
    last: later.last,
    lived: { from: earlier.lived.from, until: later.lived.until },
    wall: { from: earlier.wall.from, until: later.wall.until },
    uptimeMs: later.uptimeMs,
    turns: earlier.turns + later.turns,
    dropped: earlier.dropped + later.dropped,
    jumpMs: earlier.jumpMs + later.jumpMs,
    targets: [...targets.values()],
  };
}

function addTargets(earlier: TargetSpan, later: TargetSpan): TargetSpan {
  const values = FIELD_NAMES.map((name) => [name, addSummaries(earlier.values[name], later.values[name])]);
  return {
    target: earlier.target,
    policy: later.policy,
    state: worseState(earlier.state, later.state),
    turns: earlier.turns + later.turns,
    values: Object.fromEntries(values) as Summaries,
    notes: distinct([...earlier.notes, ...later.notes]),
  };
}

function addSummaries(earlier: Summary | null, later: Summary | null): Summary | null {
  if (earlier === null || later === null) return earlier ?? later;
  const [before, after] = [earlier.range, later.range];
  return {
    known: earlier.known + later.known,
    sum: earlier.sum + later.sum,
    range: before && after && rangeOver(before, after),
  };
}

function rangeOver(before: GaugeRange, after: GaugeRange): GaugeRange {
  return {
    least: Math.min(before.least, after.least),
    largest: Math.max(before.largest, after.largest),
    last: after.last,
  };
}
