/**
 * The ping-pong guard: a block that khugepaged collapses again after a split is left alone for a while, twice as
 * long each time. Reporting the fight is better than winning it. What Octavo or the process itself did is no fight.
 * Pure; the cycle keeps the state between turns.
 */
import type { ProcessIdentity } from '../vocabulary/process.js';
import type { BlockNumber, Milliseconds } from '../vocabulary/units.js';

/** A block that was collapsed again after Octavo split it. */
export interface Feud {
  readonly pid: number;
  readonly startTicks: number;
  readonly block: BlockNumber;
  /** How often the split was undone. */
  readonly recollapses: number;
  /** Who undid it last: the kernel, or what cannot be told from it. */
  readonly by: 'kernel' | 'unknown';
  /** Not to be split again before this wall time. */
  readonly until: Milliseconds;
}

/** First pause; doubles with every further re-collapse. */
export const FIRST_PAUSE_MS: Milliseconds = 60_000;
/** Longest pause: a day. */
export const LONGEST_PAUSE_MS: Milliseconds = 86_400_000;

/** Feuds by `feudKey`. */
export type Feuds = ReadonlyMap<string, Feud>;

/** Returns the key of a block of a process; a reused pid has another start time. */
export function feudKey(process: Pick<ProcessIdentity, 'pid' | 'startTicks'>, block: BlockNumber): string {
  return `${process.pid}/${process.startTicks}/${block}`;
}

/** The feuds after a block was found collapsed again. */
export function withRecollapse(
  feuds: Feuds,
  process: ProcessIdentity,
  block: BlockNumber,
  nowMs: Milliseconds,
  by: Feud['by'] = 'kernel',
): Feuds {
  const key = feudKey(process, block);
  const recollapses = (feuds.get(key)?.recollapses ?? 0) + 1;
  const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (recollapses - 1));
  const { pid, startTicks } = process;
  const feud = { pid, startTicks, block, recollapses, by, until: nowMs + pause };
  return new Map(feuds).set(key, feud);
}

/** Whether a pause still lasts. One that would last longer than any can is of a clock that was set back since: it is over. */
export function isAhead(until: Milliseconds, nowMs: Milliseconds): boolean {
  return until > nowMs && until <= nowMs + LONGEST_PAUSE_MS;
}

/** Why a block is left alone now, undefined when it is not. */
export function pausedBecause(
  feuds: Feuds,
  process: ProcessIdentity,
  block: BlockNumber,
  nowMs: Milliseconds,
): string | undefined {
  const feud = feuds.get(feudKey(process, block));
  if (!feud || !isAhead(feud.until, nowMs)) return undefined;
  const times = feud.recollapses === 1 ? 'once' : `${feud.recollapses} times`;
  const who =
    feud.by === 'kernel' ? 'the kernel collapsed it again' : 'it was huge again, by whom cannot be told,';
  return `${who} ${times} after a split; left alone for another ${Math.ceil((feud.until - nowMs) / 1000)} s`;
}
