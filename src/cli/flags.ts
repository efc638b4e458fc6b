/** Options of the commands that plan, declared once: those of policies, sources and actuators are among them. */
import { ACTUATORS, type ActuatorName } from '../actuators/kinds/catalogue.js';
import { chosenPolicy, DEFAULT_SOURCE, type TurnRequest } from '../config/assemble.js';
import { KINDS, type Kinds } from '../config/kinds.js';
import { POLICIES, type PolicyName } from '../policies/kinds/catalogue.js';
import { SOURCES, type SourceName } from '../sources/kinds/catalogue.js';
import { OctavoError } from '../vocabulary/errors.js';
import type { PageGeometry } from '../vocabulary/units.js';
import { budgetsOf, type GuardFlags, guardFlags, type SizeFlags, sizeFlags } from './guard-flags.js';
import { type Choice, givenParameters, withKindFlags } from './kind-flags.js';
import { heatBytesOf, maxMemoryFlag } from './memory-flag.js';
import { countBetween, durationBetween, parseOrder, parseWord } from './parameters.js';
import { type ScopeFlags, scopeFlags } from './shared-flags.js';

const names = <Name extends string>(catalogue: Record<Name, unknown>) => Object.keys(catalogue) as Name[];

/** Parsed options that `plan` and `run` share. */
export type TurnFlags = ScopeFlags &
  GuardFlags &
  SizeFlags & {
    /** Or the name of another kind, where a command is given more kinds than Octavo's own. */
    readonly policy?: PolicyName;
    readonly source?: readonly SourceName[];
    readonly halfLife: number;
    readonly maxMemory?: number;
    readonly actuator?: readonly ActuatorName[];
    readonly split?: readonly string[];
    readonly collapse?: readonly string[];
    readonly order?: number;
    readonly around?: number;
  };

const commonFlags = {
  ...scopeFlags,
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
  ...sizeFlags,
  ...guardFlags,
} as const;

/** The options of a turn: those that any has, and those of the kinds that can be chosen. */
export function turnFlagsOf({ policies, sources, recordings, actuators }: Kinds): typeof commonFlags {
  const values = { policy: names(policies), source: names(sources), actuator: names(actuators) };
  const own = {
    ...commonFlags,
    policy: { ...commonFlags.policy, values: values.policy as PolicyName[] },
    source: { ...commonFlags.source, values: values.source as SourceName[] },
    actuator: { ...commonFlags.actuator, values: values.actuator as ActuatorName[] },
  };
  return withKindFlags(own, { ...policies, ...sources }, { ...recordings, ...actuators });
}

/** Combinations of options that mean nothing, with what is wrong. */
const SENSELESS: readonly (readonly [when: (flags: TurnFlags) => boolean, problem: string])[] = [
  [
    ({ policy, split, collapse }) => policy === 'named-blocks' && !split?.length && !collapse?.length,
    'policy named-blocks needs --split or --collapse',
  ],
  [
    ({ around, split }) => around !== undefined && !split?.length,
    '--around is for a block named with --split',
  ],
];

const NOBODY = 'name a target, or give a heat file with --heat';

/** Options to a request; absent ones fall back to the defaults of their rooms. */
export function turnRequest(
  target: string | undefined,
  flags: TurnFlags,
  { blockBytes }: PageGeometry,
  kinds: Kinds = KINDS,
): TurnRequest {
  const senseless = SENSELESS.find(([when]) => when(flags))?.[1];
  if (senseless !== undefined) throw new OctavoError('USAGE', { problem: senseless, command: 'plan' });
  const chosen = { policy: flags.policy, split: flags.split ?? [], collapse: flags.collapse ?? [] };
  const [parameters, ofSources, ofRecordings, ofActuators] = givenParameters(
    flags,
    choicesOf(flags, chosenPolicy(chosen), kinds),
  );
  if (target === undefined && ofRecordings.heat === undefined)
    throw new OctavoError('USAGE', { problem: NOBODY, command: 'plan' });
  return {
    target,
    scope: { only: flags.only, deny: flags.deny },
    kinds,
    ...chosen,
    sources: flags.source ?? [],
    sourceParameters: { ...ofSources, ...ofRecordings },
    halfLifeMs: flags.halfLife,
    ...(flags.maxMemory === undefined ? {} : { heatBytes: heatBytesOf(flags.maxMemory) }),
    actuators: flags.actuator ?? [],
    actuatorParameters: ofActuators,
    ...(flags.around === undefined ? {} : { aroundPage: flags.around }),
    parameters,
    ...(flags.order === undefined ? {} : { order: flags.order }),
    budgets: budgetsOf(flags, blockBytes),
  };
}

/** What a turn is told to use, by role. Recordings are chosen by giving their files. */
function choicesOf(flags: TurnFlags, policy: string, kinds: Kinds): readonly Choice[] {
  const { policies, sources, recordings, actuators } = kinds;
  const given = flags as unknown as Readonly<Record<string, readonly string[] | undefined>>;
  const files = Object.entries(recordings).filter(([, kind]) => (given[kind.files]?.length ?? 0) > 0);
  return [
    { role: 'policy', kinds: policies, chosen: [policy] },
    { role: 'source', kinds: sources, chosen: flags.source?.length ? flags.source : [DEFAULT_SOURCE] },
    {
      ...{ role: 'source', kinds: recordings, chosen: files.map(([name]) => name) },
      refusal: (option, owner) => `${option} is for the samples of --${recordings[owner].files}`,
    },
    {
      ...{ role: 'actuator', kinds: actuators },
      chosen: flags.actuator?.length ? flags.actuator : names(actuators),
    },
  ];
}
