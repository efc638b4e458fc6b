/** From what a user asked for, and a host, to the parts of a ready turn. The only place that picks parts. */

import type { Actuator } from '../actuators/actuator.js';
import { ACTUATORS, type ActuatorName } from '../actuators/catalogue.js';
import { DAMOS_DEFAULTS, damosActuator } from '../actuators/damos.js';
import { stayingSplit } from '../actuators/keep-split.js';
import type { PlanTurnOptions } from '../cycle/plan-turn.js';
import type { Host } from '../host/host.js';
import { DEFAULT_BUDGETS } from '../planning/budgets.js';
import { DEFAULT_PARAMETERS, type NamedBlocks } from '../policies/policy.js';
import { SOURCES, type SourceName } from '../sources/catalogue.js';
import { HeatFileSource } from '../sources/heat-file.js';
import { PerfFileSource } from '../sources/perf-file.js';
import { ResolvedSource } from '../sources/resolved.js';
import { Resolver } from '../sources/resolver.js';
import type { Source } from '../sources/source.js';
import { OctavoError } from '../vocabulary/errors.js';
import type { Budgets } from '../vocabulary/plan.js';
import type { ProcessIdentity } from '../vocabulary/process.js';
import type { SampleWish } from '../vocabulary/sample-wish.js';
import type { Translation } from '../vocabulary/translation.js';
import {
  addressToPage,
  type BlockNumber,
  type Bytes,
  type Milliseconds,
  type Order,
  pageToBlock,
} from '../vocabulary/units.js';
import { checkedParameters, type Given, KINDS, type Kinds, kindNamed, plainParameters } from './kinds.js';
import { recordedProcesses } from './recorded-processes.js';
import { resolveTarget, type TargetScope } from './targets.js';

export interface TurnRequest {
  /** Undefined only with heat files: then the processes they tell of. */
  readonly target: string | undefined;
  readonly scope: TargetScope;
  /** What can be chosen by name; Octavo's own kinds when absent. */
  readonly kinds?: Kinds;
  /** A kind of the catalogue; the one that fits the request when undefined (`chosenPolicy`). */
  readonly policy: string | undefined;
  readonly sources: readonly SourceName[];
  /** Sources made by the caller, such as a model's PMU. */
  readonly extraSources?: readonly Source[];
  /** perf.data files with samples of the target. */
  readonly perf?: readonly string[];
  /** Look up physical addresses of those samples in the page tables of the target. */
  readonly resolvePhysical?: boolean;
  /** Only samples of the event of this name. */
  readonly event?: string;
  /** Only samples of these moments, threads, commands, CPUs and cgroups. */
  readonly wish?: SampleWish;
  /** Time after which recorded heat weighs half. */
  readonly halfLifeMs?: Milliseconds;
  /** Bytes that the counters of heat may take. */
  readonly heatBytes?: Bytes;
  /** Heat files made by `octavo import`. */
  readonly heat?: readonly string[];
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
  readonly readBytesPerSecond?: Bytes;
  readonly acting?: ActingOptions;
  /** Translation costs of the CPU where they are known beforehand: a model's. */
  readonly translation?: Translation;
}

/** How actuators act, beyond what they do. */
export interface ActingOptions {
  /** Mark what is split VM_NOHUGEPAGE, which cannot be taken back. */
  readonly allowSticky: boolean;
  /** Use a free slot of a DAMON tree that another tool set up. */
  readonly shareDamon: boolean;
  /** Ask a kernel without type information what its DAMON can do, by a scratch slot: only where one is about to act. */
  readonly askDamon?: boolean;
  /** Bounds that DAMOS keeps by itself. */
  readonly budgets?: Budgets;
}

export const ACTING_DEFAULTS: ActingOptions = { allowSticky: false, shareDamon: false };

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

/** Throws an OctavoError for whatever is wrong with the request. */
export async function assembleTurn(host: Host, request: TurnRequest): Promise<AssembledTurn> {
  const recorded = (request.heat ?? []).map((path) => openHeat(host, path));
  const target = request.target ?? (request.heat ?? []).join(' ');
  const processes =
    request.target === undefined
      ? await recordedProcesses(host, recorded, target, request.scope)
      : resolveTarget(host, request.target, request.scope);
  requireInBlock(host, request);
  const named = namedBlocks(host, request, target, processes);
  const policy = chosenPolicy(request);
  const kind = kindNamed('policy', (request.kinds ?? KINDS).policies, policy);
  const own = checkedParameters(kind, policy, request.parameters);
  return {
    target,
    processes,
    sources: [
      ...(request.extraSources ?? []),
      ...perfSources(host, request),
      ...recorded,
      ...sourcesOf(host, request, named),
    ],
    policy: kind.make(own),
    settings: plainParameters(own),
    parameters: { ...DEFAULT_PARAMETERS, order: request.order, named },
    actuators: actuatorsOf(host, request.actuators, {
      ...ACTING_DEFAULTS,
      ...request.acting,
      budgets: { ...DEFAULT_BUDGETS, ...request.budgets },
    }),
    budgets: { ...DEFAULT_BUDGETS, ...request.budgets },
    insist: named.length > 0,
    ...(request.halfLifeMs === undefined ? {} : { halfLifeMs: request.halfLifeMs }),
    ...(request.heatBytes === undefined ? {} : { heatBytes: request.heatBytes }),
  };
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
  acting: ActingOptions = ACTING_DEFAULTS,
): readonly Actuator[] {
  const made: Record<ActuatorName, (host: Host) => Actuator> = {
    ...ACTUATORS,
    damos: () =>
      damosActuator(host, {
        ...DAMOS_DEFAULTS,
        share: acting.shareDamon,
        ask: acting.askDamon === true,
        budgets: acting.budgets,
      }),
  };
  return Object.entries(made)
    .filter(([name]) => chosen.length === 0 || chosen.includes(name as ActuatorName))
    .map(([, make]) => lasting(make(host), host, acting));
}

/** Splits that leave references behind are prepared to last, and so is every split that may be made sticky. */
function lasting(actuator: Actuator, host: Host, acting: ActingOptions): Actuator {
  const splits = actuator.abilities.some(({ action, missing }) => action === 'split' && missing === '');
  if (!splits || (actuator.clearsReferences && !acting.allowSticky)) return actuator;
  return stayingSplit(actuator, host, acting);
}

/** Content is what can be had on any host. Of blocks named by address, those that are to be split alone are read. */
function sourcesOf(host: Host, request: TurnRequest, named: readonly NamedBlocks[]): readonly Source[] {
  const [blocks] = named;
  const reads = blocks === undefined || (blocks.split.length > 0 && (request.order ?? 0) === 0);
  const byDefault = reads ? (['occupancy'] as const) : [];
  const names = request.sources.length > 0 ? request.sources : byDefault;
  const occupancy = {
    ...(request.readBytesPerSecond === undefined ? {} : { bytesPerSecond: request.readBytesPerSecond }),
    ...(named.length > 0 ? { only: new Map(named.map(({ pid, split }) => [pid, new Set(split)])) } : {}),
  };
  const { shareDamon: share } = { ...ACTING_DEFAULTS, ...request.acting };
  const parts = { geometry: host.identity.geometry, occupancy, damon: { share } };
  return names.map((name) => SOURCES[name](parts));
}

/** Heat counted in other page sizes than this host's means nothing here. */
function openHeat(host: Host, path: string): HeatFileSource {
  const file = HeatFileSource.open(host.files, path);
  const { pageBytes, blockBytes } = host.identity.geometry;
  if (file.geometry.pageBytes !== pageBytes || file.geometry.blockBytes !== blockBytes) {
    const problem = `was recorded with ${file.geometry.pageBytes} byte pages, this host has ${pageBytes}`;
    throw new OctavoError('FILE_MALFORMED', { path, problem, place: 'its page geometry' });
  }
  return file;
}

function perfSources(host: Host, request: TurnRequest): readonly Source[] {
  const { geometry } = host.identity;
  const sources = (request.perf ?? []).map(
    (path) => new PerfFileSource({ path, geometry, event: request.event, wish: request.wish }),
  );
  if (request.resolvePhysical !== true) return sources;
  return sources.map(
    (source) =>
      new ResolvedSource(source, ({ processes }) =>
        Resolver.of(
          host,
          processes.map(({ process }) => process.pid),
        ),
      ),
  );
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
