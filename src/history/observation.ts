/**
 * What one turn saw and did of one target: the noun that the agent appends, and that history, metrics, top and the page
 * read. Its numbers are one table (FIELDS); how each adds up over time and over targets follows from its nature. Pure.
 */
import type { Milliseconds } from '../vocabulary/units.js';

/**
 * `gauge`: how it was at the end of the turn; over time it has a least, a largest and a mean. `sum`: what happened in the
 * turn; over time it adds up exactly.
 */
export type Nature = 'gauge' | 'sum';

/** What a number of an observation is, and how it adds up. */
export interface FieldKind {
  readonly nature: Nature;
  readonly unit: 'bytes' | 'nanoseconds' | 'count';
  /** What it counts, as it goes on behind "Bytes", "Nanoseconds" or "Number". */
  readonly tells: string;
}

const bytes = (nature: Nature, tells: string): FieldKind => ({ nature, unit: 'bytes', tells });
const count = (nature: Nature, tells: string): FieldKind => ({ nature, unit: 'count', tells });
const time = (tells: string): FieldKind => ({ nature: 'sum', unit: 'nanoseconds', tells });

/** Every number of an observation. Fields may be added; one that changes its meaning gets another name. */
export const FIELDS = {
  processes: count('gauge', 'of processes of the target'),
  residentBytes: bytes('gauge', 'resident in the processes of the target (RSS)'),
  hugeBytes: bytes('gauge', 'of it mapped by huge pages'),
  emptyInHugeBytes: bytes('gauge', 'of zero-filled sub-pages inside huge pages'),
  unmappedHeldBytes: bytes('gauge', 'of huge pages that no process maps any more and that stay allocated'),
  holeBytes: bytes('gauge', 'that collapses of all blocks without a huge page would fill'),
  coldBytes: bytes('gauge', 'inside huge pages that are known to be cold'),
  stillReturnedBytes: bytes('gauge', 'returned by earlier splits that are not in use again'),
  returnedBytes: bytes('sum', 'that the system got back by steps of the turn, by their verdicts'),
  predictedBytes: bytes('sum', 'that the same steps were predicted to give back'),
  cameBackBytes: bytes('sum', 'of earlier returned memory that were found in use again'),
  splits: count('sum', 'of huge pages split'),
  collapses: count('sum', 'of huge pages made by collapsing'),
  refused: count('sum', 'of proposals that budgets, guards or rules refused'),
  failed: count('sum', 'of steps that were carried out and not met'),
  undone: count('sum', 'of earlier steps that were found undone, by whomever'),
  verdicts: count('sum', 'of steps of the turn that got a verdict'),
  verdictsMet: count('sum', 'of those verdicts that say met'),
  samples: count('sum', 'of samples of the memory of the target'),
  lockNs: time('that steps held a lock of the target or of its pages'),
  ownCpuNs: time('of CPU time that Octavo spent on the target'),
} as const satisfies Readonly<Record<string, FieldKind>>;

/** Name of a number in an observation. */
export type FieldName = keyof typeof FIELDS;
/** Names of all numbers, in the order of files and tables. */
export const FIELD_NAMES = Object.keys(FIELDS) as readonly FieldName[];

/** A whole number for each field; null where it is not known, never 0 for that. */
export type Values = Readonly<Record<FieldName, number | null>>;

/**
 * Whether Octavo acts on a target, from the harmless to what needs attention: `observing`, it is told to only look, or it is
 * not its hour; `acting`; `backing-off`, a guard keeps it from acting for a time; `stopped`, a guard made it look only
 * until an operator decides.
 */
export const ACTING_STATES = ['observing', 'acting', 'backing-off', 'stopped'] as const;
/** Whether the target was acted on, observed, held or backed off. */
export type ActingState = (typeof ACTING_STATES)[number];

/** One turn of one target. A number that is not known is null. */
export interface Observation {
  /** Name of the target in the configuration, or of the unit, container or VM that it stands for. */
  readonly target: string;
  /** Wall time of the end of the turn, the same for all targets of a turn. Only told: time is kept by the history. */
  readonly atMs: Milliseconds;
  readonly policy: string;
  readonly state: ActingState;
  readonly values: Values;
  /** What a reader has to know beside the numbers, such as the guard's reason. A few short sentences. */
  readonly notes: readonly string[];
}

/** Values of which only some are known. */
export function valuesOf(known: Partial<Values>): Values {
  return Object.fromEntries(FIELD_NAMES.map((name) => [name, known[name] ?? null])) as Values;
}

/** Sum of what is known of two values; null where neither is. */
export function addKnown(left: number | null, right: number | null): number | null {
  if (left === null || right === null) return left ?? right;
  return left + right;
}

/** Two targets of one turn as one. */
export function together(left: Observation, right: Observation): Observation {
  const sums = FIELD_NAMES.map((name) => [name, addKnown(left.values[name], right.values[name])]);
  return {
    ...left,
    state: worseState(left.state, right.state),
    values: Object.fromEntries(sums) as Values,
    notes: [...left.notes, ...right.notes],
  };
}

/** What needs attention more. */
export function worseState(left: ActingState, right: ActingState): ActingState {
  return ACTING_STATES.indexOf(left) >= ACTING_STATES.indexOf(right) ? left : right;
}

/** Whether there is a number of this name. */
export function isFieldName(name: string): name is FieldName {
  return Object.hasOwn(FIELDS, name);
}
