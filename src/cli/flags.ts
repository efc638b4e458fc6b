/** Options that several commands share, declared once. */
import { ACTUATORS, type ActuatorName } from '../actuators/catalogue.js';
import type { TurnRequest } from '../config/assemble.js';
import { DEFAULT_BUDGETS } from '../planning/budgets.js';
import { POLICIES, type PolicyName } from '../policies/catalogue.js';
import { DEFAULT_PARAMETERS } from '../policies/policy.js';
import { SOURCES, type SourceName } from '../sources/catalogue.js';
import { OctavoError } from '../vocabulary/errors.js';
import { heatBytesOf, maxMemoryFlag } from './memory-flag.js';
import { parseBytes, parseCount, parseDuration, parseFraction, showShare } from './parameters.js';
import { type ProbeFlags, probeFlags, probeOptions } from './probe-flags.js';

export { parseBytes, parseCount, parseDuration, parseFraction, parsePeriod } from './parameters.js';

const names = <Name extends string>(catalogue: Record<Name, unknown>) => Object.keys(catalogue) as Name[];

export const targetParameter = {
  kind: 'tuple',
  parameters: [{ placeholder: 'target', brief: 'Pid, command name, cgroup:/path, or all', parse: String }],
} as const;

/** A target that heat files may stand in for. */
export const optionalTargetParameter = {
  kind: 'tuple',
  parameters: [
    {
      placeholder: 'target',
      brief: 'Pid, command name, cgroup:/path, or all; with --heat the recorded processes when absent',
      parse: String,
      optional: true,
    },
  ],
} as const;

export type ScopeFlags = {
  readonly only?: readonly string[];
  readonly deny?: readonly string[];
};

export const scopeFlags = {
  only: {
    kind: 'parsed',
    parse: String,
    brief: 'Touch only these command names or cgroup:/paths',
    variadic: true,
    optional: true,
    placeholder: 'name',
  },
  deny: {
    kind: 'parsed',
    parse: String,
    brief: 'Never touch these command names or cgroup:/paths',
    variadic: true,
    optional: true,
    placeholder: 'name',
  },
} as const;

export type ActingFlags = {
  readonly allowSticky: boolean;
  readonly shareDamon: boolean;
};

export const actingFlags = {
  allowSticky: {
    kind: 'boolean',
    brief: 'Mark what is split VM_NOHUGEPAGE so that it stays split; this cannot be taken back',
    default: false,
    withNegated: false,
  },
  shareDamon: {
    kind: 'boolean',
    brief: 'Use a free slot of DAMON’s tree when another tool has set it up',
    default: false,
    withNegated: false,
  },
} as const;

export type TurnFlags = ScopeFlags &
  ActingFlags &
  ProbeFlags & {
    readonly policy?: PolicyName;
    readonly source?: readonly SourceName[];
    readonly perf?: readonly string[];
    readonly heat?: readonly string[];
    readonly event?: string;
    readonly halfLife: number;
    readonly maxMemory?: number;
    readonly resolve: boolean;
    readonly actuator?: readonly ActuatorName[];
    readonly split?: readonly string[];
    readonly collapse?: readonly string[];
    readonly order?: number;
    readonly around?: number;
    readonly sparseBelow: number;
    readonly denseAbove: number;
    readonly emptyAbove: number;
    readonly byResidency: boolean;
    readonly readRate?: number;
    readonly maxBlocks?: number;
    readonly maxBytes?: number;
    readonly lockShare?: number;
    readonly minFreeBlocks?: number;
    readonly maxPressure?: number;
  };

export const turnFlags = {
  ...scopeFlags,
  ...actingFlags,
  policy: {
    kind: 'enum',
    values: names(POLICIES),
    brief: 'Policy; chain unless blocks are named',
    optional: true,
  },
  source: {
    kind: 'enum',
    values: names(SOURCES),
    brief: 'Where knowledge below 2 MiB comes from (default occupancy)',
    variadic: true,
    optional: true,
  },
  perf: {
    kind: 'parsed',
    parse: String,
    brief: 'Samples from this perf.data file',
    variadic: true,
    optional: true,
    placeholder: 'file',
  },
  resolve: {
    kind: 'boolean',
    brief: 'With --perf: look up physical addresses in the page tables of the target (CAP_SYS_ADMIN)',
    default: false,
    withNegated: false,
  },
  heat: {
    kind: 'parsed',
    parse: String,
    brief: 'Heat from this file of octavo import',
    variadic: true,
    optional: true,
    placeholder: 'file',
  },
  event: {
    kind: 'parsed',
    parse: String,
    brief: 'With --perf: heat of this event; otherwise of the one whose samples say most',
    optional: true,
    placeholder: 'name',
  },
  halfLife: {
    kind: 'parsed',
    parse: parseHalfLife,
    brief: 'Time after which recorded heat weighs half',
    default: '1h',
    placeholder: 'duration',
  },
  maxMemory: maxMemoryFlag,
  actuator: {
    kind: 'enum',
    values: names(ACTUATORS),
    brief: 'Use only these ways of acting',
    variadic: true,
    optional: true,
  },
  split: {
    kind: 'parsed',
    parse: String,
    brief: 'Split the block at ADDRESS, or all of START-END',
    variadic: true,
    optional: true,
    placeholder: 'address',
  },
  collapse: {
    kind: 'parsed',
    parse: String,
    brief: 'Collapse the block at ADDRESS, or all of START-END',
    variadic: true,
    optional: true,
    placeholder: 'address',
  },
  order: {
    kind: 'parsed',
    parse: parseCount,
    brief: 'Force this target order',
    optional: true,
    placeholder: 'order',
  },
  around: {
    kind: 'parsed',
    parse: parseCount,
    brief: 'With --split: shrink only the piece that holds this sub-page',
    optional: true,
    placeholder: 'sub-page',
  },
  sparseBelow: {
    kind: 'parsed',
    parse: parseFraction,
    brief: 'split-sparse: split when at most this share is in use',
    default: showShare(DEFAULT_PARAMETERS.sparseBelow),
    placeholder: 'share',
  },
  denseAbove: {
    kind: 'parsed',
    parse: parseFraction,
    brief: 'collapse-dense: collapse when at least this share is there and hot',
    default: showShare(DEFAULT_PARAMETERS.denseAbove),
    placeholder: 'share',
  },
  emptyAbove: {
    kind: 'parsed',
    parse: parseFraction,
    brief: 'return-empty: split when more than this share is zeroes',
    default: String(DEFAULT_PARAMETERS.emptyAbove),
    placeholder: 'share',
  },
  byResidency: {
    kind: 'boolean',
    brief: 'Collapse full blocks even without any heat (implied by --policy collapse-dense)',
    default: false,
    withNegated: false,
  },
  readRate: {
    kind: 'parsed',
    parse: parseBytes,
    brief: 'Bytes per second that source occupancy may read (default 1G)',
    optional: true,
    placeholder: 'bytes',
  },
  ...probeFlags,
  maxBlocks: {
    kind: 'parsed',
    parse: parseCount,
    brief: `Most blocks in a plan (default ${DEFAULT_BUDGETS.maxBlocks})`,
    optional: true,
    placeholder: 'blocks',
  },
  maxBytes: {
    kind: 'parsed',
    parse: parseBytes,
    brief: 'Most memory in a plan (default 4G)',
    optional: true,
    placeholder: 'bytes',
  },
  lockShare: {
    kind: 'parsed',
    parse: parseFraction,
    brief: 'Most of a target’s time that acting may hold its locks (default 10%)',
    optional: true,
    placeholder: 'share',
  },
  minFreeBlocks: {
    kind: 'parsed',
    parse: parseCount,
    brief: `Huge blocks that collapses must leave free (default ${DEFAULT_BUDGETS.minFreeBlocks})`,
    optional: true,
    placeholder: 'blocks',
  },
  maxPressure: {
    kind: 'parsed',
    parse: Number,
    brief: `No collapse above this PSI memory avg10 in percent (default ${DEFAULT_BUDGETS.maxPressure})`,
    optional: true,
    placeholder: 'percent',
  },
} as const;

function parseHalfLife(text: string): number {
  const duration = parseDuration(text);
  if (duration <= 0) throw new SyntaxError('a half-life is longer than 0');
  return duration;
}

/** Options to a request; absent ones fall back to the defaults of their rooms. */
export function turnRequest(target: string | undefined, flags: TurnFlags): TurnRequest {
  if (target === undefined && !flags.heat?.length) {
    throw new OctavoError('USAGE', {
      problem: 'name a target, or give a heat file with --heat',
      command: 'plan',
    });
  }
  if (flags.policy === 'named-blocks' && !flags.split?.length && !flags.collapse?.length) {
    throw new OctavoError('USAGE', {
      problem: 'policy named-blocks needs --split or --collapse',
      command: 'plan',
    });
  }
  if (flags.event !== undefined && !flags.perf?.length) {
    throw new OctavoError('USAGE', { problem: '--event is for the samples of --perf', command: 'plan' });
  }
  if (flags.resolve && !flags.perf?.length) {
    throw new OctavoError('USAGE', { problem: '--resolve is for the samples of --perf', command: 'plan' });
  }
  return {
    target,
    scope: { only: flags.only, deny: flags.deny },
    policy: flags.policy,
    sources: flags.source ?? [],
    perf: flags.perf ?? [],
    heat: flags.heat ?? [],
    resolvePhysical: flags.resolve,
    ...(flags.event === undefined ? {} : { event: flags.event }),
    halfLifeMs: flags.halfLife,
    ...(flags.maxMemory === undefined ? {} : { heatBytes: heatBytesOf(flags.maxMemory) }),
    actuators: flags.actuator ?? [],
    split: flags.split ?? [],
    collapse: flags.collapse ?? [],
    ...(flags.around === undefined ? {} : { aroundPage: flags.around }),
    ...(flags.readRate === undefined ? {} : { readBytesPerSecond: flags.readRate }),
    parameters: {
      sparseBelow: flags.sparseBelow,
      denseAbove: flags.denseAbove,
      emptyAbove: flags.emptyAbove,
      order: flags.order,
      ...(flags.byResidency ? { collapseByResidency: true } : {}),
    },
    budgets: budgetsOf(flags),
    acting: { allowSticky: flags.allowSticky, shareDamon: flags.shareDamon },
    probe: probeOptions(flags),
  };
}

function budgetsOf(flags: TurnFlags): TurnRequest['budgets'] {
  const { maxBlocks, maxBytes, lockShare, minFreeBlocks, maxPressure } = flags;
  return {
    ...(maxBlocks === undefined ? {} : { maxBlocks }),
    ...(maxBytes === undefined ? {} : { maxBytes }),
    ...(lockShare === undefined ? {} : { lockUsPerSecond: Math.max(1, lockShare * 1e6) }),
    ...(minFreeBlocks === undefined ? {} : { minFreeBlocks }),
    ...(maxPressure === undefined ? {} : { maxPressure }),
  };
}

export type DryRunFlags = {
  readonly dryRun: boolean;
};

export const dryRunFlags = {
  dryRun: {
    kind: 'boolean',
    brief: 'Print the exact calls and writes, make none',
    default: false,
    withNegated: false,
  },
} as const;

export type StateFlags = {
  readonly state?: string;
};

export const stateFlags = {
  state: {
    kind: 'parsed',
    parse: String,
    brief: 'Directory for journals and back-off state',
    optional: true,
    placeholder: 'directory',
  },
} as const;
