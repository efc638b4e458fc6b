/** A turn of a target, for history, metrics and tests. */

import type { GuardState } from '../../guards/guards.js';
import type { Milliseconds } from '../../vocabulary/units.js';
import type { TurnEnd } from '../life/target-life.js';
import type { Taken } from './hands.js';

/** One turn with its times, its end and what it came to. */
export interface TurnRecord {
  readonly target: string;
  /** Wall time at its end. */
  readonly atMs: Milliseconds;
  readonly end: TurnEnd;
  readonly why: string;
  /** Undefined when it could not be taken. */
  readonly taken: Taken | undefined;
  readonly standing: GuardState;
  /** CPU time of the agent that it took; undefined when not known. */
  readonly cpuMs: Milliseconds;
  /** From its beginning to its end. */
  readonly tookMs: Milliseconds;
}
