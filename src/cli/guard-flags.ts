/** Options that guard a target and its host while Octavo acts, the same for every command that acts or plans it. */
import { DEFAULT_BUDGETS } from '../planning/budgets.js';
import type { Budgets } from '../vocabulary/plan.js';
import type { Bytes } from '../vocabulary/units.js';
import { bytesBetween, parseCount, parseFraction, parsePercent } from './parameters.js';

/** Guards that hold while a plan is carried out, also for plans from files. */
export type GuardFlags = {
  readonly lockShare?: number;
  readonly minFree?: Bytes;
  readonly minFreeBlocks?: number;
  readonly maxPressure?: number;
};

/** Declarations of the guards: share of lock time, pressure, free memory. */
export const guardFlags = {
  lockShare: {
    kind: 'parsed',
    parse: parseFraction,
    brief: 'Most of any second that acting may hold a target’s locks (default 10%; 0 for no bound)',
    optional: true,
    placeholder: 'share',
  },
  minFree: {
    kind: 'parsed',
    parse: bytesBetween(0, 2 ** 50),
    brief: 'Memory that collapses must leave free in huge blocks (default 128M; 0 for no bound)',
    optional: true,
    placeholder: 'bytes',
  },
  minFreeBlocks: {
    kind: 'parsed',
    parse: parseCount,
    brief: 'The same as a number of huge blocks',
    optional: true,
    placeholder: 'blocks',
  },
  maxPressure: {
    kind: 'parsed',
    parse: parsePercent,
    brief: `No collapse above this PSI memory avg10 in percent (default ${DEFAULT_BUDGETS.maxPressure}; 0 for no bound)`,
    optional: true,
    placeholder: 'percent',
  },
} as const;

/** Bounds on what a plan may hold. */
export type SizeFlags = {
  readonly maxBlocks?: number;
  readonly maxBytes?: Bytes;
};

/** Declarations of the bounds of a plan: blocks and bytes. */
export const sizeFlags = {
  maxBlocks: {
    kind: 'parsed',
    parse: parseCount,
    brief: 'Most blocks in a plan (default no bound but --max-bytes)',
    optional: true,
    placeholder: 'blocks',
  },
  maxBytes: {
    kind: 'parsed',
    parse: bytesBetween(0, 2 ** 50),
    brief: 'Most memory in a plan (default 4G; 0 for no bound)',
    optional: true,
    placeholder: 'bytes',
  },
} as const;

/** The bounds that were given; the others keep what they have. `blockBytes`: size of a huge block here. */
export function budgetsOf(flags: GuardFlags & SizeFlags, blockBytes: Bytes): Partial<Budgets> {
  const { maxBlocks, maxBytes, lockShare, minFree, minFreeBlocks, maxPressure } = flags;
  const minFreeBytes = minFree ?? (minFreeBlocks === undefined ? undefined : minFreeBlocks * blockBytes);
  return {
    ...(maxBlocks === undefined ? {} : { maxBlocks }),
    ...(maxBytes === undefined ? {} : { maxBytes }),
    ...(lockShare === undefined ? {} : { lockUsPerSecond: lockShare * 1e6 }),
    ...(minFreeBytes === undefined ? {} : { minFreeBytes }),
    ...(maxPressure === undefined ? {} : { maxPressure }),
  };
}
