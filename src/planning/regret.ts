/**
 * Memory regret: zero-filled pages that a split returned and that the process took back. Where most of it came back, the
 * process refills its memory (a heap that allocates in turn), and a split costs it page faults and saves nothing: its
 * zero-filled blocks are left alone for a while, twice as long each time. Pure; the cycle keeps the state between turns.
 */
import type { BlockState } from '../vocabulary/page-sizes.js';
import type { Proposal } from '../vocabulary/plan.js';
import type { ProcessIdentity } from '../vocabulary/process.js';
import type { Bytes, Fraction, Milliseconds } from '../vocabulary/units.js';
import { FIRST_PAUSE_MS, isAhead, LONGEST_PAUSE_MS } from './guard.js';

/** What a look back found of the memory that earlier runs returned to one process. */
export interface CameBack {
  /** Zero-filled pages that went back to the system. */
  readonly returnedBytes: Bytes;
  /** Those that are in use again. */
  readonly cameBackBytes: Bytes;
  /** Newest run of those looked at, and how long ago it began. */
  readonly run: string;
  readonly afterMs: Milliseconds;
}

/** What came back of the memory that one process returned. */
export interface Regret extends CameBack {
  readonly pid: number;
  readonly startTicks: number;
  /** Runs in a row of which most came back. */
  readonly times: number;
  /** Zero-filled blocks are not to be split before this wall time; 0 when they may be. */
  readonly until: Milliseconds;
}

/** Share that may come back before the process is left alone: beyond it faults and splits cost more than is saved. */
export const BEARABLE_SHARE: Fraction = 0.5;

/** Regrets by `regretKey`. */
export type Regrets = ReadonlyMap<string, Regret>;

/** Returns the key of a process; a reused pid has another start time. */
export function regretKey({ pid, startTicks }: Pick<ProcessIdentity, 'pid' | 'startTicks'>): string {
  return `${pid}/${startTicks}`;
}

/** The regrets after a look back at one process. A run counts once, however often it is looked at. */
export function withCameBack(
  regrets: Regrets,
  process: ProcessIdentity,
  found: CameBack,
  nowMs: Milliseconds,
): Regrets {
  const known = regrets.get(regretKey(process));
  const { pid, startTicks } = process;
  const entry = { ...found, pid, startTicks };
  const all = new Map(regrets);
  if (shareOf(found) < BEARABLE_SHARE) return all.set(regretKey(process), { ...entry, times: 0, until: 0 });
  if (known && known.times > 0 && known.run === found.run)
    return all.set(regretKey(process), { ...entry, times: known.times, until: known.until });
  const times = (known?.times ?? 0) + 1;
  const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (times - 1));
  return all.set(regretKey(process), { ...entry, times, until: nowMs + pause });
}

/** Share of the returned memory that is in use again. */
export function shareOf({ returnedBytes, cameBackBytes }: CameBack): Fraction {
  return returnedBytes === 0 ? 0 : cameBackBytes / returnedBytes;
}

/** Why a split for zero-filled pages must wait, undefined when it need not. Pages that no process maps do not come back. */
export function regretBecause(
  regrets: Regrets,
  proposal: Proposal,
  before: BlockState,
  pageBytes: Bytes,
  nowMs: Milliseconds,
): string | undefined {
  const regret = regrets.get(regretKey(proposal.process));
  const unmapped = (before.unmapped ?? 0) * pageBytes;
  if (!regret || !isAhead(regret.until, nowMs) || proposal.action !== 'split') return undefined;
  if ((proposal.gain.returnedBytes ?? 0) <= 2 * unmapped) return undefined;
  const percent = Math.round(100 * shareOf(regret));
  return `${percent} % of the zero-filled memory that earlier splits returned came back; left alone for another ${Math.ceil((regret.until - nowMs) / 1000)} s`;
}
