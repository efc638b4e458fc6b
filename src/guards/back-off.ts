/**
 * What a stop leads to: a pause, twice as long each time up to a bound, and after some stops within a day only watching,
 * until a person says otherwise. Pure; the state is plain data, so that a restart does not forgive.
 */
import type { Milliseconds } from '../vocabulary/units.js';

/** How long pauses are, and how many stops are too many. */
export interface BackOffOptions {
  readonly firstMs: Milliseconds;
  readonly longestMs: Milliseconds;
  /** Stops within the memory after which the target is only watched. */
  readonly most: number;
  /** Stops older than this no longer count. */
  readonly memoryMs: Milliseconds;
}

/** 5 minutes, doubled up to 6 hours; after 4 stops in 24 hours only watching. */
export const USUAL_BACK_OFF: BackOffOptions = {
  firstMs: 300_000,
  longestMs: 6 * 3_600_000,
  most: 4,
  memoryMs: 24 * 3_600_000,
};

/** A stop and its reason. */
export interface Stop {
  readonly atMs: Milliseconds;
  readonly why: string;
}

/** What is kept. `untilMs` is 0 when nothing is waited for. */
export interface BackOffState {
  readonly stops: readonly Stop[];
  readonly untilMs: Milliseconds;
  /** Since when the target is only watched; undefined when it is not. */
  readonly observeOnlySinceMs?: Milliseconds | undefined;
}

/** The state of a target that was never stopped. */
export const NO_STOPS: BackOffState = Object.freeze({ stops: [], untilMs: 0 });

/** The state after a stop. One that comes while another is being waited for changes nothing. */
export function stopped(
  state: BackOffState,
  nowMs: Milliseconds,
  why: string,
  options: BackOffOptions = USUAL_BACK_OFF,
): BackOffState {
  if (waitsAt(settled(state, nowMs, options), nowMs)) return state;
  const stops = [...remembered(state, nowMs, options), { atMs: nowMs, why }].slice(-options.most);
  const pause = Math.min(options.longestMs, options.firstMs * 2 ** (stops.length - 1));
  const untilMs = nowMs + pause;
  return stops.length < options.most ? { stops, untilMs } : { stops, untilMs, observeOnlySinceMs: nowMs };
}

/** The state now: what a clock that was set leaves of it. A pause is never longer than the longest. */
export function settled(
  state: BackOffState,
  nowMs: Milliseconds,
  options: BackOffOptions = USUAL_BACK_OFF,
): BackOffState {
  const stops = state.stops.map((stop) => (stop.atMs > nowMs ? { ...stop, atMs: nowMs } : stop));
  return { ...state, stops, untilMs: Math.min(state.untilMs, nowMs + options.longestMs) };
}

/** Why the target is left alone now; undefined when it is not. */
export function waitingBecause(state: BackOffState, nowMs: Milliseconds): string | undefined {
  const last = state.stops.at(-1);
  const why = last?.why ?? 'it was stopped';
  if (state.observeOnlySinceMs !== undefined)
    return `only watched since ${state.stops.length} stops: ${why}; reload the agent to let it act again`;
  if (!waitsAt(state, nowMs)) return undefined;
  return `backing off for another ${Math.ceil((state.untilMs - nowMs) / 1000)} s: ${why}`;
}

function waitsAt({ untilMs, observeOnlySinceMs }: BackOffState, nowMs: Milliseconds): boolean {
  return observeOnlySinceMs !== undefined || nowMs < untilMs;
}

function remembered(state: BackOffState, nowMs: Milliseconds, options: BackOffOptions): readonly Stop[] {
  return settled(state, nowMs, options).stops.filter(({ atMs }) => nowMs - atMs < options.memoryMs);
}
