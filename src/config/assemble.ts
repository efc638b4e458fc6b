/** From what a user asked for, and a host, to the parts of a ready turn. The only place that picks parts. */

import type { Actuator, ActuatorSetting } from '../actuators/actuator.js';
import type { ActuatorName } from '../actuators/kinds/catalogue.js';
import type { PlanTurnOptions } from '../cycle/plan-turn.js';
import type { Host } from '../host/host.js';
import { DEFAULT_BUDGETS } from '../planning/budgets.js';
import { DEFAULT_PARAMETERS, type NamedBlocks } from '../policies/policy.js';
import { HeatFileSource } from '../sources/heat-file.js';
import type { SourceName } from '../sources/kinds/catalogue.js';
import type { Source } from '../sources/source.js';
import { OctavoError } from '../vocabulary/errors.js';
import type { Kind } from '../vocabulary/kind.js';
import type { Budgets } from '../vocabulary/plan.js';
import type { ProcessIdentity } from '../vocabulary/process.js';
import type { Translation } from '../vocabulary/translation.js';
import {
  addressToPage,
  type BlockNumber,
  type Bytes,
  type Milliseconds,
  type Order,
  pageToBlock,
} from '../vocabulary/units.js';
import {
  checkedParameters,
  type Given,
  KINDS,
  type Kinds,
  kindNamed,
  ofKind,
  plainParameters,
} from './kinds.js';
import { recordedProcesses } from './recorded-processes.js';
import { resolveTarget, type TargetScope } from './targets.js';

/** What a user asked a turn for. */
export interface TurnRequest {
  /** Undefined only with heat files: then the processes they tell of. */
  readonly target: string | undefined;
  readonly scope: TargetScope;
  /** The processes that `target` stands for, where they are known already. */
  readonly processes?: readonly ProcessIdentity[];
  /** What can be chosen by name; Octavo's own kinds when absent. */
  readonly kinds?: Kinds;
  /** A kind of the catalogue; the one that fits the request when undefined (`chosenPolicy`). */
  readonly policy: string | undefined;
  readonly sources: readonly SourceName[];
  /** Sources made by the caller, such as a model's PMU. */
  readonly extraSources?: readonly Source[];
  /** Parameters of sources, by name, and the files of recordings: `perf`, `heat`. */
  readonly sourceParameters?: Given | undefined;
  /** Time after which recorded heat weighs half. */
  readonly halfLifeMs?: Milliseconds;
  /** Bytes that the counters of heat may take. */
  readonly heatBytes?: Bytes;
  /** Parameters of the policy's own kind, by name. */
  readonly parameters: Given;
  /** Target order that holds for any policy; each chooses for each block when absent. */
  readonly order?: Order;
  readonly budgets: Partial<Budgets>;
  readonly actuators: readonly ActuatorName[];
  /** Byte addresses named with --split and --collapse. */
  readonly split: readonly string[];
  readonly collapse: readonly string[];
  readonly aroundPage?: number;
  /** Parameters of actuators, by name. */
  readonly actuatorParameters?: Given;
  readonly askDamon?: boolean;
  /** Translation costs of the CPU where they are known beforehand: a model's. */
  readonly translation?: Translation;
}

/** How actuators act, beyond what they do. */
export interface Acting extends Omit<ActuatorSetting, 'host'> {
  /** Parameters of the actuators' kinds, by name. */
  readonly parameters?: Given | undefined;
}

/** Content is what can be had on any host. */
export const DEFAULT_SOURCE: SourceName = 'occupancy';

/** The parts that were picked, ready for `planTurn`. */
export type AssembledTurn = Pick<
  PlanTurnOptions,
  | 'target'
  | 'processes'
  | 'sources'
  | 'policy'
  | 'parameters'
  | 'settings'
  | 'actuators'
  | 'budgets'
  | 'insist'
  | 'halfLifeMs'
  | 'heatBytes'
>;

/** The policy asked for; `named-blocks` where blocks are named, else `chain`. */
export function chosenPolicy({
  policy,
  split,
  collapse,
}: Pick<TurnRequest, 'policy' | 'split' | 'collapse'>): string {
  return policy ?? (split.length + collapse.length > 0 ? 'named-blocks' : 'chain');
}

/** Throws an OctavoError that says what is wrong with the request. */
export async function assembleTurn(host: Host, request: TurnRequest): Promise<AssembledTurn> {
  const recorded = recordingsFor(host, request);
  const heat = recorded.filter((source) => source instanceof HeatFileSource);
  const target = request.target ?? heat.map(({ path }) => path).join(' ');
  const processes = request.processes ?? (await processesOf(host, request, heat, target));
  return assembleOn(host, request, { target, processes, recorded });
}

/** Processes that were found already, and the sources of recordings that were given. */
interface Found {
  readonly target: string;
  readonly processes: readonly ProcessIdentity[];
  readonly recorded: readonly Source[];
}

/** A turn over processes that the caller has found. Throws as `assembleTurn` does. */
export function assembleOn(host: Host, request: TurnRequest, found: Found): AssembledTurn {
  const { kinds = KINDS, actuatorParameters, askDamon } = request;
  const { target, processes, recorded } = found;
  requireInBlock(host, request);
  const named = namedBlocks(host, request, target, processes);
  const policy = chosenPolicy(request);
  const kind = kindNamed('policy', kinds.policies, policy);
  const own = checkedParameters(kind, policy, request.parameters);
  const budgets = { ...DEFAULT_BUDGETS, ...request.budgets };
  const acting = {
    ...(actuatorParameters && { parameters: actuatorParameters }),
    ...(askDamon && { askDamon }),
    budgets,
  };
  return {
    target,
    processes,
    sources: [...(request.extraSources ?? []), ...recorded, ...sourcesOf(host, request, named)],
    policy: kind.make(own),
    settings: plainParameters(own),
    parameters: { ...DEFAULT_PARAMETERS, order: request.order, named },
    actuators: actuatorsOf(host, request.actuators, acting, kinds),
    budgets,
    insist: named.length > 0,
    ...(request.halfLifeMs === undefined ? {} : { halfLifeMs: request.halfLifeMs }),
    ...(request.heatBytes === undefined ? {} : { heatBytes: request.heatBytes }),
  };
}

async function processesOf(
  host: Host,
  { target, scope }: TurnRequest,
  heat: readonly HeatFileSource[],
  name: string,
): Promise<readonly ProcessIdentity[]> {
  return target === undefined
    ? recordedProcesses(host, heat, name, scope)
    : resolveTarget(host, target, scope);
}

/** Sources of the recordings that a request gives. Throws PARAMETER_INVALID for what no source has. */
export function recordingsFor(
  host: Host,
  { kinds = KINDS, sourceParameters = {} }: TurnRequest,
): readonly Source[] {
  requireKnown([...Object.values(kinds.recordings), ...Object.values(kinds.sources)], sourceParameters);
  return recordingsOf(host, kinds, sourceParameters);
}

/** Throws PARAMETER_INVALID for what none of the kinds has. */
function requireKnown(kinds: readonly Kind[], given: Given): void {
  const strange = Object.keys(given).find(
    (name) => !kinds.some(({ parameters }) => name in parameters.shape),
  );
  if (strange === undefined) return;
  const problem = 'unknown parameter; no source has it';
  throw new OctavoError('PARAMETER_INVALID', { kind: 'sources', parameter: strange, problem });
}

/** Sources of the files that were given. */
function recordingsOf(host: Host, { recordings }: Kinds, given: Given): readonly Source[] {
  return Object.entries(recordings).flatMap(([name, kind]) =>
    given[kind.files] === undefined
      ? []
      : kind.make(checkedParameters(kind, name, ofKind(kind, given)), { host }),
  );
}

/** Orders and sub-pages of this host's huge pages: how large those are is known only here. */
function requireInBlock(host: Host, { order, aroundPage }: TurnRequest): void {
  const { hugeOrder, pagesPerBlock } = host.identity.geometry;
  const most = [
    ['--order', order, hugeOrder],
    ['--around', aroundPage, pagesPerBlock - 1],
  ] as const;
  for (const [option, value, bound] of most) {
    if (value === undefined || value <= bound) continue;
    const problem = `is too large: a huge page of this host goes up to ${bound}`;
    throw new OctavoError('VALUE_INVALID', { command: 'octavo plan', option, input: value, problem });
  }
}

/** The chosen actuators in the catalogue's order of preference; all when none was chosen. */
export function actuatorsOf(
  host: Host,
  chosen: readonly ActuatorName[] = [],
  { parameters = {}, ...setting }: Acting = {},
  { actuators }: Pick<Kinds, 'actuators'> = KINDS,
): readonly Actuator[] {
  return Object.entries(actuators)
    .filter(([name]) => chosen.length === 0 || chosen.includes(name as ActuatorName))
    .map(([name, kind]) =>
      kind.make(checkedParameters(kind, name, ofKind(kind, parameters)), { host, ...setting }),
    );
}

/** Of blocks named by address, only those that are to be split to base pages are read. */
function sourcesOf(host: Host, request: TurnRequest, named: readonly NamedBlocks[]): readonly Source[] {
  const { sources: kinds } = request.kinds ?? KINDS;
  const splits = named.some(({ split }) => split.length > 0) && (request.order ?? 0) === 0;
  const byDefault = named.length === 0 || splits ? [DEFAULT_SOURCE] : [];
  const names = request.sources.length > 0 ? request.sources : byDefault;
  const only = new Map(named.map(({ pid, split }) => [pid, new Set(split)]));
  const setting = { host, ...(named.length > 0 ? { only } : {}) };
  return names.flatMap((name) => {
    const kind = kindNamed('source', kinds, name);
    return kind.make(checkedParameters(kind, name, ofKind(kind, request.sourceParameters ?? {})), setting);
  });
}

function namedBlocks(
  host: Host,
  request: TurnRequest,
  target: string,
  processes: readonly ProcessIdentity[],
): readonly NamedBlocks[] {
  const { split, collapse, aroundPage } = request;
  if (split.length + collapse.length === 0) return [];
  if (processes.length !== 1) {
    throw new OctavoError('TARGET_AMBIGUOUS', {
      option: '--split/--collapse',
      target,
      count: processes.length,
    });
  }
  return [
    {
      pid: processes[0].pid,
      split: split.flatMap((text) => blocksAt(host, text)),
      collapse: collapse.flatMap((text) => blocksAt(host, text)),
      ...(aroundPage === undefined ? {} : { aroundPage }),
    },
  ];
}

/** Blocks of `ADDRESS` or of `START-END` (end exclusive; every block that the range touches). */
export function blocksAt(host: Host, text: string): readonly BlockNumber[] {
  const { geometry } = host.identity;
  const [first, last] = text.split('-');
  const start = addressToPage(first, geometry);
  const end = last === undefined ? undefined : addressToPage(last, geometry);
  if (start === undefined || (last !== undefined && (end === undefined || end <= start))) {
    throw new OctavoError('ADDRESS_SYNTAX', { address: text });
  }
  const from = pageToBlock(start, geometry);
  const to = end === undefined ? from : pageToBlock(end - 1, geometry);
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}
