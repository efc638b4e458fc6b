/** What a terminal view shows at one moment, wherever it comes from: an agent's status and history, or a survey. Pure. */
import type { Amount } from '../survey/amount.js';
import type { Milliseconds, ProcessId } from '../vocabulary/units.js';

/** A row of the view. */
export interface TopTarget {
  /** Tells it apart from all others, from frame to frame. */
  readonly key: string;
  readonly name: string;
  readonly processes: number;
  /** Empty where an agent does not tell them. */
  readonly pids: readonly ProcessId[];
  readonly resident: Amount | undefined;
  readonly huge: Amount | undefined;
  /** Zero-filled in huge pages, and held by them although no process maps it. */
  readonly bloat: Amount | undefined;
  readonly cold: Amount | undefined;
  /** Samples of its memory a second; undefined where nothing samples it. */
  readonly heat: number | undefined;
  readonly returned: Amount | undefined;
  readonly cameBack: Amount | undefined;
  /** Whether Octavo acts on it, in a word or two. */
  readonly state: string;
}

/** A recent decision. */
export interface TopDecision {
  readonly atMs: Milliseconds;
  readonly who: string;
  readonly what: string;
}

/** Everything that the view shows at one moment. */
export interface Frame {
  readonly atMs: Milliseconds;
  /** Where the numbers come from, in a few words. */
  readonly from: string;
  readonly targets: readonly TopTarget[];
  /** The newest first. */
  readonly decisions: readonly TopDecision[];
  readonly notes: readonly string[];
}

/** Gives frame after frame. */
export interface Feed {
  next(): Promise<Frame>;
}

/** Orders of the targets, as `--by` takes them. */
export const TOP_ORDERS = ['bloat', 'heat', 'came-back', 'resident', 'name'] as const;
/** One of `TOP_ORDERS`. */
export type TopOrder = (typeof TOP_ORDERS)[number];

/** Largest first, what is not known last; names in their order. */
export function ordered(targets: readonly TopTarget[], by: TopOrder): readonly TopTarget[] {
  const name = (left: TopTarget, right: TopTarget) => (left.name < right.name ? -1 : 1);
  const rank = (target: TopTarget) => rankOf(target, by);
  return [...targets].sort((left, right) => rank(right) - rank(left) || name(left, right));
}

function rankOf(target: TopTarget, by: TopOrder): number {
  if (by === 'name') return 0;
  if (by === 'heat') return target.heat ?? -1;
  const amount = by === 'came-back' ? target.cameBack : target[by];
  return amount === undefined ? -1 : (amount.expected ?? amount.low);
}
