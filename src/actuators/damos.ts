/**
 * DAMOS as an actuator: collapses, and splits where the kernel can, by a scheme of its own kdamond that is given
 * exactly the planned blocks and nothing else. DAMON's tree is put back as found after every call.
 */

import { surveyDamon } from '../damon/scratch.js';
import { DamonSlot } from '../damon/slot.js';
import { unmappedRanges } from '../damon/unmapped.js';
import { contextWrites } from '../damon/writes.js';
import { kilobytes, parseKeyed } from '../formats/proc/process-files.js';
import type { Host, Refusal } from '../host/host.js';
import { lateUs } from '../vocabulary/lock-wait.js';
import type { Budgets, Receipt, Step } from '../vocabulary/plan.js';
import type { Bytes, Order } from '../vocabulary/units.js';
import type { Ability, ActingContext, Actuator } from './actuator.js';
import { type BlockOrder, blockContext, NO_PACING, type Pacing, padsNeeded } from './damos/block-context.js';
import { type BlocksRun, runOnBlocks } from './damos/run-blocks.js';

/** How the DAMOS actuator deals with a DAMON tree that may belong to others, and its pace. */
export interface DamosOptions {
  /** Use a free slot of a tree that another tool set up. */
  readonly share: boolean;
  /** Ask a kernel without type information by a scratch slot of an empty tree. Not while only planning. */
  readonly ask: boolean;
  /** Become the scheme's quota and watermark; none when undefined. */
  readonly budgets: Pick<Budgets, 'lockUsPerSecond' | 'minFreeBytes'> | undefined;
}

/** Own tree only, no scratch slot, no bound on the pace. */
export const DAMOS_DEFAULTS: DamosOptions = { share: false, ask: false, budgets: undefined };

interface Abilities {
  readonly collapse: boolean;
  readonly split: boolean;
  readonly targetOrder: boolean;
  readonly coreFilters: boolean;
  readonly snapshotLimit: boolean;
  /** Why nothing works at all, empty otherwise. */
  readonly missing: string;
}

/** Steps of one call: each is one region of one kdamond. */
const BATCH = 256;
/** Anonymous memory has no folios of order 1. */
const SMALLEST_LARGE_ORDER = 2;

const CUT = 'EINVAL: the block no longer lies whole in one mapping of the process';

/** Asks this host what DAMON can do and builds the actuator; abilities that are missing say why. */
export function damosActuator(host: Host, options: DamosOptions = DAMOS_DEFAULTS): DamosActuator {
  const { features, occupied } = surveyDamon(host, options);
  const missing = occupied ? `DAMON is used by ${occupied.owner}. ${occupied.remedy}` : features.missing;
  return new DamosActuator(host, { ...features, missing }, options);
}

/**
 * Carries out splits and collapses by one DAMOS scheme for each call. A receipt tells tried and applied bytes
 * as the kernel counted them.
 */
export class DamosActuator implements Actuator {
  readonly name = 'damos';
  readonly batch = BATCH;
  readonly pacesItself = true;
  readonly clearsReferences = false;
  readonly defeatedBy = {};
  readonly abilities: readonly Ability[];
  readonly #host: Host;
  readonly #can: Abilities;
  readonly #options: DamosOptions;

  constructor(host: Host, can: Abilities, options: DamosOptions) {
    this.#host = host;
    this.#can = can;
    this.#options = options;
    this.abilities = abilitiesOf(can, host.identity.geometry.hugeOrder);
  }

  async apply(steps: readonly Step[], { target }: ActingContext): Promise<readonly Receipt[]> {
    // DAMON takes a pid, not a handle: check the identity as late as possible, before the pid may be reused.
    if (!target.isAlive()) return steps.map((step) => this.#receipt(step, { tried: false, answer: 'ESRCH' }));
    const slot = await DamonSlot.open(this.#host, this.#options);
    if (!slot.ok) {
      const answer = `EBUSY: DAMON is used by ${slot.error.owner}. ${slot.error.remedy}`;
      return steps.map((step) => this.#receipt(step, { tried: false, answer }));
    }
    try {
      return await this.#applyGroups(slot.value, steps, target.pid);
    } finally {
      await slot.value.close();
    }
  }

  async #applyGroups(slot: DamonSlot, steps: readonly Step[], pid: number): Promise<Receipt[]> {
    const receipts = new Map<number, Receipt>();
    for (const group of groupsOf(steps)) {
      const began = this.#host.clock.monotonicNs();
      const written = slot.written.length;
      const run = await runOnBlocks(slot, this.#order(group, pid), this.#pacing(group));
      const elapsedNs = this.#host.clock.monotonicNs() - began;
      const durationUs = (run.busyNs ?? elapsedNs) / 1e3 / group.length;
      const [first, ...others] = group.filter(({ proposal }) => !run.cut.includes(proposal.block));
      const outcome = { ...describeRun(run, others.length + 1), durationUs };
      if (first)
        receipts.set(first.id, this.#receipt(first, { ...outcome, calls: slot.written.slice(written) }));
      for (const step of others) {
        const calls = [`as with step ${first.id}, in the same scheme`];
        receipts.set(step.id, this.#receipt(step, { ...outcome, calls }));
      }
      for (const step of group.filter(({ id }) => !receipts.has(id))) {
        receipts.set(step.id, this.#receipt(step, { tried: false, answer: CUT }));
      }
    }
    return steps.map((step) => receipts.get(step.id) as Receipt);
  }

  #order(group: readonly Step[], pid: number): BlockOrder {
    const [{ proposal }] = group;
    return {
      pid,
      action: proposal.action,
      targetOrder: this.#can.targetOrder ? proposal.targetOrder : undefined,
      blocks: group.map((step) => step.proposal.block),
      snapshotLimit: this.#can.snapshotLimit,
    };
  }

  /** As many blocks a second as the budget of lock time pays for, and memory kept free while collapsing. */
  #pacing(group: readonly Step[]): Pacing {
    const { budgets } = this.#options;
    if (!budgets) return NO_PACING;
    const { action } = group[0].proposal;
    const heldUs = group.reduce((sum, { proposal }) => sum + proposal.cost.lockUs, 0) / group.length;
    const lockUs = heldUs > 0 ? heldUs + lateUs(action) : 0;
    const isCollapse = action === 'collapse';
    return {
      blocksPerSecond: lockUs * budgets.lockUsPerSecond > 0 ? budgets.lockUsPerSecond / lockUs : 0,
      minFreePermil: isCollapse ? permilOfMemory(this.#host, budgets.minFreeBytes) : 0,
    };
  }

  describe(steps: readonly Step[], pid: number): readonly string[] {
    const { geometry } = this.#host.identity;
    const maps = this.#host.files.readText(`/proc/${pid}/maps`);
    return groupsOf(steps).flatMap((group) => {
      const pads = unmappedRanges(maps.ok ? maps.value : '', padsNeeded(group.length), geometry);
      const context = blockContext(this.#order(group, pid), pads, this.#pacing(group), geometry);
      const writes = contextWrites(context, this.#can);
      const lines = writes.map(({ file, text }) => `write kdamond ${file} = ${text}`);
      return [...lines, 'write kdamond state = on', 'write kdamond state = off'];
    });
  }

  #receipt(step: Step, outcome: Partial<Receipt> & { readonly answer: string }): Receipt {
    const atMs = this.#host.clock.wallMs();
    const plain = { step: step.id, actuator: this.name, tried: true, calls: [], durationUs: 0, atMs };
    return { ...plain, ...outcome };
  }
}

function permilOfMemory(host: Host, bytes: Bytes): number {
  const text = host.files.readText('/proc/meminfo');
  const total = text.ok ? kilobytes(parseKeyed(text.value).get('MemTotal')) : undefined;
  return total ? (bytes * 1000) / total : 0;
}

function abilitiesOf(can: Abilities, hugeOrder: Order): Ability[] {
  const smaller = ordersBetween(SMALLEST_LARGE_ORDER, hugeOrder - 1);
  const collapse = can.targetOrder ? [...smaller, hugeOrder] : [hugeOrder];
  return [
    {
      action: 'collapse',
      orders: collapse,
      missing: can.missing || (can.collapse ? '' : 'this kernel’s DAMOS has no action collapse (since 7.2)'),
    },
    {
      action: 'split',
      orders: [0, ...smaller],
      missing: can.missing || splitMissing(can),
    },
  ];
}

function splitMissing(can: Abilities): string {
  if (can.split && can.targetOrder) return '';
  return 'this kernel’s DAMOS has no action split with a target_order (no release has; see kernel/)';
}

function ordersBetween(first: Order, last: Order): Order[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

/** Steps that can share a scheme: of one action and target order, in the order of the steps. */
function groupsOf(steps: readonly Step[]): Step[][] {
  const groups = new Map<string, Step[]>();
  for (const step of steps) {
    const key = `${step.proposal.action} ${step.proposal.targetOrder}`;
    groups.set(key, [...(groups.get(key) ?? []), step]);
  }
  return [...groups.values()];
}

function describeRun(run: BlocksRun, blocks: number): { tried: boolean; answer: string } {
  const { tried, applied, appliedBytes, triedBytes } = run.statistics;
  const counts = `DAMOS tried ${tried} of ${blocks} blocks (${triedBytes} bytes), applied to ${applied} (${appliedBytes} bytes)`;
  switch (run.end) {
    case 'done':
      return { tried: true, answer: counts };
    case 'target-gone':
      return { tried: tried > 0n, answer: `ECANCELED: the kdamond ended with its target; ${counts}` };
    case 'no-pass':
      return { tried: tried > 0n, answer: `no pass was completed in time; ${counts}` };
    case 'refused':
      return { tried: false, answer: `${run.refusal.errno}: ${run.refusal.call}${hint(run.refusal)}` };
  }
}

/** The kernel builds schemes with its allocator's error for every mistake in them. */
function hint({ errno }: Refusal): string {
  return errno === 'ENOMEM' ? ' (DAMON says ENOMEM for a bad filter or goal)' : '';
}
