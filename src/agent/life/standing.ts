/**
 * What a target may be done: acted on, left alone for a while after something went wrong, or only observed. Each stop
 * doubles the pause; after several in a day the target is only observed until the configuration is read again or a day has
 * passed. Pure; times come from the caller.
 */
import type { Milliseconds } from '../../vocabulary/units.js';

export interface Standing {
  readonly state: 'free' | 'backing-off' | 'observe-only';
  /** Nothing is done before. 0 for `free`. */
  readonly untilMs: Milliseconds;
  /** Why it was stopped last. */
  readonly reason: string;
  /** When it was stopped, within the last day. */
  readonly stopsMs: readonly Milliseconds[];
}

export const FREE: Standing = { state: 'free', untilMs: 0, reason: '', stopsMs: [] };

export const FIRST_PAUSE: Milliseconds = 60_000;
export const LONGEST_PAUSE: Milliseconds = 3_600_000;
/** Stops of one day after which a target is only observed. */
export const MOST_STOPS = 3;
export const DAY: Milliseconds = 86_400_000;

/** After a failure or a guard's stop. */
export function stopped(standing: Standing, nowMs: Milliseconds, reason: string): Standing {
  const stopsMs = [...recent(standing, nowMs), nowMs].slice(-MOST_STOPS);
  if (stopsMs.length >= MOST_STOPS) return { state: 'observe-only', untilMs: nowMs + DAY, reason, stopsMs };
  const pause = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (stopsMs.length - 1));
  return { state: 'backing-off', untilMs: nowMs + pause, reason, stopsMs };
}

/** As it is now: a pause ends, and stops are forgotten after a day. */
export function current(standing: Standing, nowMs: Milliseconds): Standing {
  const stopsMs = recent(standing, nowMs);
  if (standing.state === 'free' || nowMs < standing.untilMs)
    return stopsMs.length === standing.stopsMs.length ? standing : { ...standing, stopsMs };
  return {
    ...standing,
    state: 'free',
    untilMs: 0,
    stopsMs: standing.state === 'observe-only' ? [] : stopsMs,
  };
}

function recent({ stopsMs }: Standing, nowMs: Milliseconds): readonly Milliseconds[] {
  return stopsMs.filter((atMs) => atMs > nowMs - DAY);
}
