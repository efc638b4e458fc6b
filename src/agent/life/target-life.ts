/** What the agent remembers of one target. */
import { type BackOffState, NO_STOPS } from '../../guards/back-off.js';
import type { ProcessIdentity } from '../../vocabulary/process.js';
import type { Bytes, Milliseconds } from '../../vocabulary/units.js';
import { Allowance } from './allowance.js';

/** Sums since the state was begun. */
export interface Totals {
  readonly turns: number;
  readonly failures: number;
  readonly met: number;
  readonly notMet: number;
  readonly refused: number;
  /** Splits that others undid. */
  readonly undone: number;
  readonly returnedBytes: Bytes;
  readonly cameBackBytes: Bytes;
}

/** Totals of a target before its first turn. */
export const NO_TOTALS: Totals = {
  ...{ turns: 0, failures: 0, met: 0, notMet: 0, refused: 0, undone: 0 },
  ...{ returnedBytes: 0, cameBackBytes: 0 },
};

/** How a turn ended. `held`: it may act and was not let, for the reason told. */
export type TurnEnd = 'observed' | 'acted' | 'nothing-to-do' | 'held' | 'gone' | 'busy' | 'failed';

/** What became of a target's latest turn. */
export interface LastTurn {
  readonly atMs: Milliseconds;
  readonly end: TurnEnd;
  /** Why it failed or was held; empty otherwise. */
  readonly why: string;
  readonly processes: number;
  /** Null when the turn did not look. */
  readonly resident: Bytes | null;
  readonly huge: Bytes | null;
  /** Steps that were planned, and those that were met. */
  readonly planned: number;
  readonly met: number;
  readonly returnedBytes: Bytes;
  readonly notes: readonly string[];
}

/** Back-off, allowance and totals of one target, from one start of the agent to the next. */
export class TargetLife {
  readonly name: string;
  /** Stops of the last day, by the monotonic clock. */
  backOff: BackOffState;
  allowance: Allowance;
  totals: Totals;
  /** When its next turn is due, by the monotonic clock. */
  dueMs: Milliseconds = 0;
  last: LastTurn | undefined;
  /** Wall time since when somebody has paused it; undefined when it is not. */
  pausedSinceMs: Milliseconds | undefined;

  /** Processes of its last turn. */
  #met: ReadonlySet<string> | undefined;

  constructor(name: string, backOff = NO_STOPS, allowance = new Allowance(), totals = NO_TOTALS) {
    this.name = name;
    this.backOff = backOff;
    this.allowance = allowance;
    this.totals = totals;
  }

  /** Notes who a turn is of. Returns whether none of them was there at the last: a service that was started anew. */
  meets(processes: readonly ProcessIdentity[]): boolean {
    const before = this.#met;
    const now = new Set(processes.map(({ pid, startTicks }) => `${pid} ${startTicks}`));
    this.#met = now;
    return before !== undefined && now.size > 0 && [...now].every((one) => !before.has(one));
  }

  add(more: Partial<Totals>): void {
    const { totals } = this;
    const keys = Object.keys(totals) as (keyof Totals)[];
    this.totals = Object.fromEntries(
      keys.map((key) => [key, totals[key] + (more[key] ?? 0)]),
    ) as unknown as Totals;
  }
}
