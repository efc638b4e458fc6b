/** Options of the commands that plan, declared once: those of policies, sources and actuators are among them. */
import { ACTUATORS, type ActuatorName } from '../actuators/catalogue.js';
import { chosenPolicy, type TurnRequest } from '../config/assemble.js';
import { KINDS, type Kinds } from '../config/kinds.js';
import { POLICIES, type PolicyName } from '../policies/catalogue.js';
import { SOURCES, type SourceName } from '../sources/catalogue.js';
import { OctavoError } from '../vocabulary/errors.js';
import type { PageGeometry } from '../vocabulary/units.js';
import { budgetsOf, type GuardFlags, guardFlags, type SizeFlags, sizeFlags } from './guard-flags.js';
import { givenParameters, withKindFlags } from './kind-flags.js';
import { heatBytesOf, maxMemoryFlag } from './memory-flag.js';
import { bytesBetween, countBetween, durationBetween, parseOrder, parseWord } from './parameters.js';
import { type WishFlags, wishFlags, wishOf } from './samples/options.js';
import { type ActingFlags, actingFlags, type ScopeFlags, scopeFlags } from './shared-flags.js';

const names = <Name extends string>(catalogue: Record<Name, unknown>) => Object.keys(catalogue) as Name[];

export type TurnFlags = ScopeFlags &
  ActingFlags &
  GuardFlags &
  SizeFlags &
  WishFlags & {
    /** Or the name of another kind, where a command is given more kinds than Octavo's own. */
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
    readonly readRate?: number;
  };

const commonFlags = {
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
    brief:
      'Where knowledge below 2 MiB comes from (default occupancy); damon-regions starts a kdamond and clears accessed bits',
    variadic: true,
    optional: true,
  },
  perf: {
    kind: 'parsed',
    parse: parseWord,
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
    parse: parseWord,
    brief: 'Heat from this file of octavo import',
    variadic: true,
    optional: true,
    placeholder: 'file',
  },
  event: {
    kind: 'parsed',
    parse: parseWord,
    brief: 'With --perf: heat of this event; otherwise of the one whose samples say most',
    optional: true,
    placeholder: 'name',
  },
  ...wishFlags,
  halfLife: {
    kind: 'parsed',
    parse: durationBetween(1, 366 * 86_400_000),
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
    parse: parseWord,
    brief: 'Split the block at ADDRESS, or all of START-END',
    variadic: true,
    optional: true,
    placeholder: 'address',
  },
  collapse: {
    kind: 'parsed',
    parse: parseWord,
    brief: 'Collapse the block at ADDRESS, or all of START-END',
    variadic: true,
    optional: true,
    placeholder: 'address',
  },
  order: {
    kind: 'parsed',
    parse: parseOrder,
    brief: 'Force this target order',
    optional: true,
    placeholder: 'order',
  },
  around: {
    kind: 'parsed',
    parse: countBetween(0, 8191),
    brief: 'With --split: shrink only the piece that holds this sub-page',
    optional: true,
    placeholder: 'sub-page',
  },
  readRate: {
    kind: 'parsed',
    parse: bytesBetween(1024, 2 ** 40),
    brief: 'Bytes per second that source occupancy may read (default 1G)',
    optional: true,
    placeholder: 'bytes',
  },
  ...sizeFlags,
  ...guardFlags,
} as const;

/** The options of a turn: those that any has, and those of the kinds that can be chosen. */
export function turnFlagsOf({ policies }: Kinds): typeof commonFlags {
  return withKindFlags(
    { ...commonFlags, policy: { ...commonFlags.policy, values: names(policies) as PolicyName[] } },
    policies,
  );
}

/** Combinations of options that mean nothing, with what is wrong. */
const SENSELESS: readonly (readonly [when: (flags: TurnFlags) => boolean, problem: string])[] = [
  [
    ({ policy, split, collapse }) => policy === 'named-blocks' && !split?.length && !collapse?.length,
    'policy named-blocks needs --split or --collapse',
  ],
  [
    (flags) => wishOf(flags) !== undefined && !flags.perf?.length,
    '--time, --tid, --comm, --cpu and --cgroup are for the samples of --perf',
  ],
  [({ event, perf }) => event !== undefined && !perf?.length, '--event is for the samples of --perf'],
  [({ resolve, perf }) => resolve && !perf?.length, '--resolve is for the samples of --perf'],
  [
    ({ around, split }) => around !== undefined && !split?.length,
    '--around is for a block named with --split',
  ],
];

/** Options to a request; absent ones fall back to the defaults of their rooms. */
export function turnRequest(
  target: string | undefined,
  flags: TurnFlags,
  { blockBytes }: PageGeometry,
  kinds: Kinds = KINDS,
): TurnRequest {
  const wish = wishOf(flags);
  const senseless = SENSELESS.find(([when]) => when(flags))?.[1];
  const nobody = target === undefined && !flags.heat?.length;
  const problem = nobody ? 'name a target, or give a heat file with --heat' : senseless;
  if (problem !== undefined) throw new OctavoError('USAGE', { problem, command: 'plan' });
  const chosen = { policy: flags.policy, split: flags.split ?? [], collapse: flags.collapse ?? [] };
  return {
    target,
    scope: { only: flags.only, deny: flags.deny },
    kinds,
    ...chosen,
    sources: flags.source ?? [],
    perf: flags.perf ?? [],
    heat: flags.heat ?? [],
    resolvePhysical: flags.resolve,
    ...(flags.event === undefined ? {} : { event: flags.event }),
    ...(wish === undefined ? {} : { wish }),
    halfLifeMs: flags.halfLife,
    ...(flags.maxMemory === undefined ? {} : { heatBytes: heatBytesOf(flags.maxMemory) }),
    actuators: flags.actuator ?? [],
    ...(flags.around === undefined ? {} : { aroundPage: flags.around }),
    ...(flags.readRate === undefined ? {} : { readBytesPerSecond: flags.readRate }),
    parameters: givenParameters(flags, kinds.policies, chosenPolicy(chosen), 'policy'),
    ...(flags.order === undefined ? {} : { order: flags.order }),
    budgets: budgetsOf(flags, blockBytes),
    acting: { allowSticky: flags.allowSticky, shareDamon: flags.shareDamon },
  };
}
