/** When a target has its next turn. */
import type { Milliseconds } from '../../vocabulary/units.js';
import type { TargetGuards } from '../guarding/target-guards.js';
import type { TurnEnd } from '../life/target-life.js';

/** How often guards are told how things are. */
export const GUARD_EVERY: Milliseconds = 2000;
/** A target without processes is tried again when it grows, or after this. */
const AGAIN_AFTER: Milliseconds = 5000;
const HOUR: Milliseconds = 3_600_000;

/** What fails is not tried again before its pause is over, and then once an hour. */
export function nextTurnMs(
  startedMs: Milliseconds,
  everyMs: Milliseconds,
  end: TurnEnd,
  { decision, state }: TargetGuards,
): Milliseconds {
  if (end === 'gone') return startedMs + AGAIN_AFTER;
  if (end !== 'failed') return startedMs + everyMs;
  const untilMs = decision.state === 'backing-off' ? state.untilMs + 2 * GUARD_EVERY : startedMs + HOUR;
  return Math.max(startedMs + everyMs, untilMs);
}
