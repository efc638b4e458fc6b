/** What is decided of a block, from what. */
import type { Bytes, Fraction, Nanoseconds } from '../../vocabulary/units.js';
import type { CostFacts } from './block-costs.js';
import type { Goal } from './goal.js';
import type { Parts } from './parts.js';

/** What a decision rests on. */
export interface DecisionFacts extends CostFacts {
  readonly goal: Goal;
  readonly busyCpus: number;
  readonly parts: Parts;
}

/** One block, by its number in the survey. */
export interface Decision {
  readonly block: number;
  readonly action: 'split' | 'collapse';
  /** Nanoseconds a second of walks that it saves, and those of walks, faults and the change itself that it costs. */
  readonly gainedNs: Nanoseconds;
  readonly lostNs: Nanoseconds;
  /** Bytes that go back; negative when it takes memory. */
  readonly bytes: Bytes;
  /** Probability that it is worth it. */
  readonly chance: Fraction;
}

/** Why a block that the cut would change is left as it is. */
export interface Held {
  readonly block: number;
  readonly action: 'split' | 'collapse';
  readonly why: 'unknown' | 'blind' | 'unread' | 'khugepaged' | 'dear' | 'reached';
  /** Nanoseconds a second that knowing for certain is expected to be worth. */
  readonly regretNs: Nanoseconds;
  readonly chance: Fraction;
}
