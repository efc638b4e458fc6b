/** The first half of a turn: observe, sample, map heat, ask the policy, plan. Changes nothing. */
import type { Actuator } from '../actuators/actuator.js';
import type { Beliefs } from '../belief/beliefs.js';
import { ledgerWords, NEW_LEDGER } from '../belief/ledger.js';
import type { Host } from '../host/host.js';
import { DEFAULT_HEAT_BYTES, HotMaps } from '../hotness/hot-maps.js';
import type { CostBook } from '../planning/cost-book.js';
import type { Feuds } from '../planning/guard.js';
import { type Means, makePlan, type ProcessProposals } from '../planning/planner.js';
import type { Regrets } from '../planning/regret.js';
import type { Policy, PolicyFacts, PolicyInput, PolicyOutput, PolicyParameters } from '../policies/policy.js';
import type { Source, SourceAccount } from '../sources/source.js';
import { emptyBlock, wholeBlockState } from '../verification/block-rows.js';
import { guestNotes } from '../verification/guest-memory.js';
import { observe } from '../verification/observe.js';
import { readThpSettings } from '../verification/read-thp-settings.js';
import { OctavoError } from '../vocabulary/errors.js';
import type { HotMap } from '../vocabulary/hot-map.js';
import { NATURES } from '../vocabulary/nature.js';
import { type BlockState, type PageSizes, rowOfBlock, wholeMapping } from '../vocabulary/page-sizes.js';
import type { Budgets, Plan } from '../vocabulary/plan.js';
import type { ProcessIdentity } from '../vocabulary/process.js';
import { throwIfStopped } from '../vocabulary/stopping.js';
import type { Translation } from '../vocabulary/translation.js';
import type { Bytes, Milliseconds, Order } from '../vocabulary/units.js';
import { memoryState } from './carry-out.js';
import { gatherHeat } from './gather-heat.js';
import { hostFacts, learn, learnWalks } from './policy-facts.js';
import { judgeHeat } from './whose-heat.js';

/** Which pages are hot changes within minutes in caches and within days in databases: an hour lies between. */
export const DEFAULT_HALF_LIFE_MS: Milliseconds = 3_600_000;

/** The parts of a turn, and what is known beside them. */
export interface PlanTurnOptions {
  readonly host: Host;
  readonly id: string;
  readonly target: string;
  readonly processes: readonly ProcessIdentity[];
  readonly sources: readonly Source[];
  readonly policy: Policy;
  /** What the policy is told, whatever its kind. */
  readonly parameters: PolicyParameters;
  /** The policy's own parameters, as the plan tells them. */
  readonly settings?: Plan['parameters'];
  readonly actuators: readonly Actuator[];
  readonly budgets: Budgets;
  readonly feuds: Feuds;
  /** What came back of returned memory (a look back tells). */
  readonly regrets?: Regrets;
  readonly costs?: CostBook;
  /** What earlier turns taught; this one's samples are added. Only for policies that use them. */
  readonly beliefs?: Beliefs;
  /** The CPU's translation costs where they are known beforehand. */
  readonly translation?: Translation;
  readonly insist: boolean;
  readonly undoes?: string;
  /** Page sizes of a process where another process looks; by this one when absent. Throws as `observe` does. */
  readonly look?: (process: ProcessIdentity) => Promise<PageSizes>;
  /** Heat known beforehand (a heat file), by process. */
  readonly heat?: readonly HotMap[];
  readonly notes?: readonly string[];
  /** Bytes that the counters of heat may take. */
  readonly heatBytes?: Bytes;
  /** Time after which recorded heat weighs half. */
  readonly halfLifeMs?: Milliseconds;
  readonly signal: AbortSignal;
  progress(what: string, done: number, total: number, unit: string): void;
}

/** A plan, and what it was made from. */
export interface PlannedTurn {
  readonly plan: Plan;
  readonly sizes: readonly PageSizes[];
  readonly heat: readonly HotMap[];
  readonly accounts: readonly { readonly source: string; readonly account: SourceAccount }[];
}

/** Observes, samples and plans. Throws an OctavoError where none of the processes can be observed. */
export async function planTurn(options: PlanTurnOptions): Promise<PlannedTurn> {
  const { sizes, unseen } = await observeAll(options);
  if (sizes.length === 0)
    throw unseen[0] ?? new OctavoError('TARGET_GONE', { pid: options.processes[0]?.pid ?? options.target });
  const guests = () => sizes.flatMap((one) => guestNotes(options.host, one));
  return planOn(options, sizes, { before: unseenNotes(unseen), after: guests });
}

interface LookNotes {
  /** What the look at page sizes left out. */
  readonly before: readonly string[];
  /** What is to be known of the processes beside the numbers. */
  after(): readonly string[];
}

/** Plans on page sizes that were looked at already, of some or all blocks. Throws NO_THP. */
export async function planOn(
  options: PlanTurnOptions,
  sizes: readonly PageSizes[],
  looked: LookNotes,
): Promise<PlannedTurn> {
  const { host } = options;
  const settings = readThpSettings(host);
  if (!settings.present) throw new OctavoError('NO_THP', { path: '/sys/kernel/mm/transparent_hugepage' });
  const { heat, accounts, notes } = await sample(options, sizes);
  const parameters = { ...options.parameters, splitOrders: reachableOrders(options.actuators) };
  const facts = hostFacts({ host, settings, translation: options.translation });
  const inputs = sizes.map((one) => {
    throwIfStopped(options.signal);
    return inputOf(options, one, heatOf(one, heat), { parameters, facts });
  });
  const outputs = outputsOf(options.policy, inputs);
  noteWalks(options.beliefs, inputs, outputs);
  const processes = inputs.map((input, index) => proposals(input.sizes, outputs[index]));
  const plan = makePlan({
    id: options.id,
    nowMs: host.clock.wallMs(),
    bootId: host.identity.bootId,
    target: options.target,
    policy: options.policy.name,
    parameters: { ...options.settings, order: parameters.order ?? 'chosen' },
    sources: [...options.sources.map((source) => source.name), ...(options.heat ? ['heat'] : [])],
    processes,
    means: meansOf(options.actuators),
    settings,
    budgets: options.budgets,
    memory: memoryState(host),
    feuds: options.feuds,
    ...(options.regrets === undefined ? {} : { regrets: options.regrets }),
    ...(options.costs === undefined ? {} : { costs: options.costs }),
    notes: [
      ...(options.notes ?? []),
      ...looked.before,
      ...notes,
      ...outputs.flatMap((output) => output.notes ?? []),
      ...beliefNotes(options.beliefs, inputs),
      ...accounts.flatMap(({ account }) => account.notes),
      ...lossNotes(accounts),
      ...looked.after(),
    ],
    insist: options.insist,
    ...(options.undoes === undefined ? {} : { undoes: options.undoes }),
  });
  return { plan, sizes, heat, accounts };
}

interface Observed {
  readonly sizes: readonly PageSizes[];
  /** Why processes that are still there were not looked at. */
  readonly unseen: readonly OctavoError[];
}

/** Page sizes of every process that is still there and that this user may look into. */
async function observeAll(options: PlanTurnOptions): Promise<Observed> {
  const { host, processes, progress, signal } = options;
  const look = options.look ?? (async ({ pid }) => observe(host, pid).sizes);
  const sizes: PageSizes[] = [];
  const unseen: OctavoError[] = [];
  for (const [index, process] of processes.entries()) {
    throwIfStopped(signal);
    progress('looking at page sizes', index, processes.length, 'processes');
    try {
      const seen = await look(process);
      if (seen.process.startTicks === process.startTicks) sizes.push(seen);
    } catch (error) {
      // With several targets one that just ended, or is another user's, is a normal outcome.
      if (!(error instanceof OctavoError)) throw error;
      if (error.code === 'PERMISSION') unseen.push(error);
      else if (error.code !== 'TARGET_GONE') throw error;
    }
  }
  return { sizes, unseen };
}

function unseenNotes(unseen: readonly OctavoError[]): readonly string[] {
  if (unseen.length === 0) return [];
  const many = unseen.length === 1 ? '1 process was' : `${unseen.length} processes were`;
  return [`${many} left out: ${unseen[0].message}`];
}

async function sample(options: PlanTurnOptions, sizes: readonly PageSizes[]) {
  const { host, signal, sources, progress } = options;
  const { heatBytes = DEFAULT_HEAT_BYTES, halfLifeMs = DEFAULT_HALF_LIFE_MS } = options;
  const processes = sizes.map((one) => one.process);
  const maps = new HotMaps({ geometry: host.identity.geometry, processes, mostBytes: heatBytes });
  await gatherHeat(maps, sources, { host, processes: sizes, progress, signal });
  const judged = judgeHeat(host, sources, processes, halfLifeMs);
  const heat = options.heat ?? maps.build(judged.origins, judged.without);
  const notes = [...judged.notes, ...natureNotes(heat, maps)];
  const accounts = sources.map((source) => ({ source: source.name, account: source.account() }));
  return { heat, accounts, notes };
}

/** Which samples the plan rests on, where there are several kinds, and what had to be left out. */
function natureNotes(heat: readonly HotMap[], maps: HotMaps): readonly string[] {
  const [map] = heat;
  const notes: string[] = [];
  if (map?.nature !== undefined && map.apart.length > 0) {
    const others = map.apart.map(({ nature }) => (nature === undefined ? '' : NATURES[nature].says));
    notes.push(
      `Samples of ${NATURES[map.nature].says} are used; those of ${others.join(', ')} are kept apart.`,
    );
  }
  if (maps.thinnedTo > 1) {
    notes.push(
      `Heat of 1 in ${maps.thinnedTo} blocks was kept, chosen at random, to stay within --max-memory; of the others nothing is known.`,
    );
  }
  return notes;
}

function heatOf(sizes: PageSizes, heat: readonly HotMap[]): HotMap | undefined {
  return heat.find((map) => map.process.pid === sizes.process.pid);
}

function inputOf(
  { host, policy, beliefs, regrets }: PlanTurnOptions,
  sizes: PageSizes,
  heat: HotMap | undefined,
  common: { readonly parameters: PolicyParameters; readonly facts: PolicyFacts },
): PolicyInput {
  const { parameters, facts } = common;
  if (beliefs === undefined || policy.usesBeliefs !== true) return { sizes, heat, parameters, facts };
  const belief = learn(beliefs, { host, process: sizes.process, heat, regrets });
  return { sizes, heat, parameters, facts: { ...facts, ...(belief === undefined ? {} : { belief }) } };
}

function outputsOf(policy: Policy, inputs: readonly PolicyInput[]): readonly PolicyOutput[] {
  return policy.proposeTogether?.(inputs) ?? inputs.map((input) => policy.propose(input));
}

function noteWalks(
  beliefs: Beliefs | undefined,
  inputs: readonly PolicyInput[],
  outputs: readonly PolicyOutput[],
): void {
  if (beliefs === undefined) return;
  outputs.forEach(({ walks }, index) => {
    if (walks) learnWalks(beliefs, inputs[index].sizes.process, walks.predicted, walks.observed);
  });
}

/** What was given up of the beliefs, and what became of earlier predictions. */
function beliefNotes(beliefs: Beliefs | undefined, inputs: readonly PolicyInput[]): readonly string[] {
  if (beliefs === undefined) return [];
  const ledgers = inputs.flatMap(({ sizes: { process } }) => {
    const words = ledgerWords(beliefs.of(process)?.ledger ?? NEW_LEDGER);
    return words === '' ? [] : [`${process.command} (pid ${process.pid}): ${words}.`];
  });
  return [...beliefs.notes(), ...ledgers];
}

function proposals(sizes: PageSizes, output: PolicyOutput): ProcessProposals {
  return {
    sizes,
    proposals: output.proposals,
    passedOver: output.passedOver,
    ...(output.wishes === undefined ? {} : { wishes: output.wishes }),
    state(block) {
      const row = rowOfBlock(sizes.blocks, block);
      if (row < 0) return unmappedState(sizes, block);
      return { state: wholeBlockState(sizes.blocks, row), mapping: sizes.blocks.mapping[row] };
    },
  };
}

/** A block of shared memory with nothing mapped; the page cache may hold all of it. */
function unmappedState(sizes: PageSizes, block: number) {
  const mapping = wholeMapping(sizes, block);
  if (mapping?.kind !== 'shmem') return undefined;
  const state: BlockState = { ...emptyBlock(block), flags: ['wholeInMapping'] };
  return { state, mapping: sizes.mappings.indexOf(mapping) };
}

/** Actuators as the planner sees them. */
function meansOf(actuators: readonly Actuator[]): readonly Means[] {
  return actuators.flatMap((actuator) =>
    actuator.abilities.map((ability) => ({
      actuator: actuator.name,
      action: ability.action,
      orders: ability.orders,
      missing: ability.missing,
      clearsReferences: actuator.clearsReferences,
      defeatedBy: actuator.defeatedBy,
    })),
  );
}

function reachableOrders(actuators: readonly Actuator[]): readonly Order[] {
  const orders = meansOf(actuators)
    .filter(({ action, missing }) => action === 'split' && missing === '')
    .flatMap((means) => means.orders);
  return [...new Set(orders)].sort((left, right) => left - right);
}

function lossNotes(accounts: PlannedTurn['accounts']): readonly string[] {
  return accounts.flatMap(({ source, account }) =>
    Object.entries(account.losses).map(([reason, count]) => `${source}: ${count} not used (${reason})`),
  );
}
