import type { Budgets } from '../vocabulary/plan.js';
import { type Bytes, GIB, MIB } from '../vocabulary/units.js';

/**
 * Defaults that a production host bears, in bytes, since a block has 2 MiB with 4 KiB pages and 512 MiB with 64 KiB
 * pages: at most 4 GiB of memory per run and no bound on the number of blocks; a tenth of the time of a target's lock,
 * so that nine tenths of any second are the target's own; 128 MiB in huge blocks must stay free, since a collapse that
 * has to compact memory stalls for tens of milliseconds; no collapse when tasks waited for memory more than 10 % of
 * the last ten seconds. 0 switches a bound off, whichever it is.
 */
export const DEFAULT_BUDGETS: Budgets = Object.freeze({
  maxBlocks: 0,
  maxBytes: 4 * GIB,
  lockUsPerSecond: 100_000,
  minFreeBytes: 128 * MIB,
  maxPressure: 10,
});

/** What the host's memory looks like when a plan is made or carried out. */
export interface MemoryState {
  /** Memory free in whole huge blocks; undefined when the host does not tell. */
  readonly freeHugeBytes: Bytes | undefined;
  /** Size of one of them. */
  readonly blockBytes: Bytes;
  /** PSI memory `some avg10` in percent; undefined without PSI. */
  readonly pressure: number | undefined;
}

/** Why collapses must wait, undefined when they need not. `taken` blocks are already planned, and one more is to come. */
export function pressureReason(memory: MemoryState, budgets: Budgets, taken: number): string | undefined {
  const { freeHugeBytes, blockBytes, pressure } = memory;
  const { maxPressure, minFreeBytes } = budgets;
  if (maxPressure > 0 && pressure !== undefined && pressure > maxPressure) {
    return `memory pressure (PSI some avg10) is ${pressure} %, bound is ${maxPressure} % (--max-pressure)`;
  }
  if (minFreeBytes === 0 || freeHugeBytes === undefined) return undefined;
  const left = Math.max(0, freeHugeBytes - (taken + 1) * blockBytes);
  if (left >= minFreeBytes) return undefined;
  return `only ${inMiB(left)} MiB would stay free in huge blocks, bound is ${inMiB(minFreeBytes)} MiB (--min-free)`;
}

/** Why one step may not hold the target's lock at all: it alone takes more than a second's share. */
export function lockReason(lockUs: number, budgets: Budgets): string | undefined {
  const { lockUsPerSecond } = budgets;
  if (lockUsPerSecond === 0 || lockUs <= lockUsPerSecond) return undefined;
  const ms = (us: number) => Number((us / 1000).toPrecision(3));
  return (
    `it alone is expected to hold the target’s lock for ${ms(lockUs)} ms, ` +
    `and no second may have more than ${ms(lockUsPerSecond)} ms of that (--lock-share)`
  );
}

function inMiB(bytes: Bytes): number {
  return Math.round(bytes / MIB);
}
