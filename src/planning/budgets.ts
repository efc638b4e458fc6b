import type { Budgets } from '../vocabulary/plan.js';
import { GIB } from '../vocabulary/units.js';

/**
 * Defaults that a production host bears: at most 4 GiB of memory per run; a tenth of the time of a target's lock, so
 * that nine tenths of any second are the target's own; 64 huge blocks (128 MiB) must stay free, since a collapse that
 * has to compact memory stalls for tens of milliseconds; no collapse when tasks waited for memory more than 10 % of
 * the last ten seconds.
 */
export const DEFAULT_BUDGETS: Budgets = Object.freeze({
  maxBlocks: 2048,
  maxBytes: 4 * GIB,
  lockUsPerSecond: 100_000,
  minFreeBlocks: 64,
  maxPressure: 10,
});

/** What the host's memory looks like when a plan is made or carried out. */
export interface MemoryState {
  /** Free PMD-sized blocks; undefined when the host does not tell. */
  readonly freeBlocks: number | undefined;
  /** PSI memory `some avg10` in percent; undefined without PSI. */
  readonly pressure: number | undefined;
}

/** Why collapses must wait, undefined when they need not. `taken` blocks are already planned. */
export function pressureReason(memory: MemoryState, budgets: Budgets, taken: number): string | undefined {
  const { freeBlocks, pressure } = memory;
  if (pressure !== undefined && pressure > budgets.maxPressure) {
    return `memory pressure (PSI some avg10) is ${pressure} %, bound is ${budgets.maxPressure} % (--max-pressure)`;
  }
  if (freeBlocks !== undefined && freeBlocks - taken <= budgets.minFreeBlocks) {
    return `only ${Math.max(0, freeBlocks - taken)} huge blocks would stay free, bound is ${budgets.minFreeBlocks} (--min-free-blocks)`;
  }
  return undefined;
}
