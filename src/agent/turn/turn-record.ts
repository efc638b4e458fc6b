/** A turn of a target, for history, metrics and tests. */

import type { GuardState } from '../../guards/guards.js';
import type { Milliseconds } from '../../vocabulary/units.js';
import type { Target } from '../configuration/configuration.js';
import type { TurnEnd } from '../life/target-life.js';
import type { Taken } from './hands.js';

/** One turn with its times, its end and what it came to. */
export interface TurnRecord {
  readonly target: string;
  /** Of the target as it was configured when the turn began: the configuration may have been read again since. */
  readonly by: Pick<Target, 'policy' | 'act'>;
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
