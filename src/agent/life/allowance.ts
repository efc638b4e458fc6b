/** How much may be done to a target in any minute and in any hour. Pure; times come from the caller. */
import { predictionOf } from '../../planning/planner.js';
import type { Plan, Receipt, RefusalCode, Step } from '../../vocabulary/plan.js';
import type { Bytes, Milliseconds } from '../../vocabulary/units.js';
import type { TimedBudgets } from '../configuration/configuration.js';

/** What acts took: blocks and bytes that were changed, milliseconds under the target's locks. */
export interface Used {
  readonly blocks: number;
  readonly bytes: Bytes;
  readonly lockMs: Milliseconds;
}

/** Blocks and bytes that were acted on at one time. */
export interface Entry extends Used {
  readonly atMs: Milliseconds;
}

const MINUTE: Milliseconds = 60_000;
const HOUR: Milliseconds = 3_600_000;
/** Entries of one hour, at most: acts closer to each other are put together. */
const GRAIN: Milliseconds = 5000;

const NOTHING: Used = { blocks: 0, bytes: 0, lockMs: 0 };

/** Sums of the last minute and hour of one target, and what they leave of its budgets. */
export class Allowance {
  #entries: Entry[];

  /** `entries`: what was used before, by the same clock. */
  constructor(entries: readonly Entry[] = []) {
    this.#entries = [...entries];
  }

  /** What is still within the last hour. */
  entries(nowMs: Milliseconds): readonly Entry[] {
    this.#entries = this.#entries.filter(({ atMs }) => atMs > nowMs - HOUR);
    return this.#entries;
  }

  note(nowMs: Milliseconds, used: Used): void {
    if (used.blocks === 0 && used.bytes === 0 && used.lockMs === 0) return;
    const last = this.#entries.at(-1);
    if (last !== undefined && nowMs - last.atMs < GRAIN) {
      // Counted from the later of the two, so that no window gets more than its bound.
      this.#entries[this.#entries.length - 1] = { atMs: nowMs, ...sum(last, used) };
    } else this.#entries.push({ atMs: nowMs, ...used });
  }

  /** What is left of the tightest window; infinite where nothing bounds it. */
  left(nowMs: Milliseconds, budgets: TimedBudgets): Used {
    const hour = this.entries(nowMs).reduce<Used>(sum, NOTHING);
    const minute = this.#entries.filter(({ atMs }) => atMs > nowMs - MINUTE).reduce<Used>(sum, NOTHING);
    return {
      blocks: Math.min(
        room(budgets.blocksPerMinute, minute.blocks),
        room(budgets.blocksPerHour, hour.blocks),
      ),
      bytes: Math.min(room(budgets.bytesPerMinute, minute.bytes), room(budgets.bytesPerHour, hour.bytes)),
      lockMs: Math.min(room(budgets.lockPerMinute, minute.lockMs), room(budgets.lockPerHour, hour.lockMs)),
    };
  }
}

function room(bound: number, used: number): number {
  return bound === 0 ? Number.POSITIVE_INFINITY : Math.max(0, bound - used);
}

function sum(left: Used, right: Used): Used {
  return {
    blocks: left.blocks + right.blocks,
    bytes: left.bytes + right.bytes,
    lockMs: left.lockMs + right.lockMs,
  };
}

/** What a step is expected to take. */
function expected({ proposal }: Step, blockBytes: Bytes): Used {
  return { blocks: 1, bytes: blockBytes, lockMs: proposal.cost.lockUs / 1000 };
}

/** Returns what all steps of a plan are expected to take. */
export function expectedOf({ steps, geometry }: Plan): Used {
  return steps.reduce<Used>((all, step) => sum(all, expected(step, geometry.blockBytes)), NOTHING);
}

/** The plan with the steps that fit into what is left, the most preferred first; the others are refused with the reason. */
export function withinAllowance(plan: Plan, left: Used): Plan {
  const { blockBytes } = plan.geometry;
  let used = NOTHING;
  let over: Overrun | undefined;
  const steps = plan.steps.filter((step) => {
    const next = sum(used, expected(step, blockBytes));
    over ??= overrun(next, left);
    if (over === undefined) used = next;
    return over === undefined;
  });
  if (over === undefined) return plan;
  const { code, what } = over;
  const why = `the ${what} of this minute or hour are used up`;
  const refused = plan.steps.slice(steps.length).map(({ proposal }) => ({ proposal, code, why }));
  const { prediction: _, ...rest } = plan;
  return { ...rest, steps, refused: [...plan.refused, ...refused], ...predictionOf(steps) };
}

interface Overrun {
  readonly code: RefusalCode;
  readonly what: string;
}

function overrun(used: Used, left: Used): Overrun | undefined {
  if (used.blocks > left.blocks) return { code: 'budget-blocks', what: 'blocks' };
  if (used.bytes > left.bytes) return { code: 'budget-bytes', what: 'bytes' };
  return used.lockMs > left.lockMs ? { code: 'budget-time', what: 'milliseconds of locks' } : undefined;
}

/** What a run took, by its receipts. */
export function usedBy(receipts: readonly Receipt[], blockBytes: Bytes): Used {
  const tried = receipts.filter((receipt) => receipt.tried);
  const lockMs = tried.reduce((total, { durationUs }) => total + durationUs / 1000, 0);
  return { blocks: tried.length, bytes: tried.length * blockBytes, lockMs };
}
