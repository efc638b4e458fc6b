/** Lends the probe the actuators that it may not know: the first that splits to base pages and collapses. */
import type { Actuator } from '../actuators/actuator.js';
import { memoryState } from '../cycle/carry-out.js';
import type { Host } from '../host/host.js';
import { pressureReason } from '../planning/budgets.js';
import type { ProbeHands } from '../sources/probe.js';
import { emptyBlock } from '../verification/block-rows.js';
import { identityOf } from '../verification/observe.js';
import { OctavoError } from '../vocabulary/errors.js';
import type { Budgets, Step } from '../vocabulary/plan.js';
import type { ProcessIdentity } from '../vocabulary/process.js';
import type { BlockNumber, Order, ProcessId } from '../vocabulary/units.js';

export function probeHands(host: Host, actuators: readonly Actuator[], budgets: Budgets): ProbeHands {
  const { hugeOrder, pagesPerBlock } = host.identity.geometry;
  const splitter = handy(actuators, 'split', 0);
  const collapser = handy(actuators, 'collapse', hugeOrder);
  return {
    missing: !splitter || !collapser ? 'no actuator here both splits to base pages and collapses' : '',
    split: (pid, blocks) =>
      act(host, splitter, pid, blocks, { action: 'split', targetOrder: 0, pagesPerBlock, hugeOrder }),
    collapse: (pid, blocks) =>
      act(host, collapser, pid, blocks, {
        action: 'collapse',
        targetOrder: hugeOrder,
        pagesPerBlock,
        hugeOrder,
      }),
    pressure: (blocks) => pressureReason(memoryState(host), budgets, blocks),
  };
}

function handy(
  actuators: readonly Actuator[],
  action: 'split' | 'collapse',
  order: Order,
): Actuator | undefined {
  return actuators.find(({ abilities }) =>
    abilities.some(
      (ability) => ability.action === action && ability.missing === '' && ability.orders.includes(order),
    ),
  );
}

interface Wanted {
  readonly action: 'split' | 'collapse';
  readonly targetOrder: Order;
  readonly pagesPerBlock: number;
  readonly hugeOrder: Order;
}

async function act(
  host: Host,
  actuator: Actuator | undefined,
  pid: ProcessId,
  blocks: readonly BlockNumber[],
  wanted: Wanted,
): Promise<void> {
  if (!actuator) return;
  const target = host.calls.openProcess(pid);
  if (!target.ok) return;
  const process = identityWhileAlive(host, pid);
  if (process === undefined) return target.value.close();
  const steps = blocks.map((block, index) => stepFor(process, actuator.name, block, index, wanted));
  try {
    await actuator.apply(steps, { host, target: target.value });
  } finally {
    target.value.close();
  }
}

/** A process that ends while it is probed is no error: the probe counts what it could not look at. */
function identityWhileAlive(host: Host, pid: ProcessId): ProcessIdentity | undefined {
  try {
    return identityOf(host, pid);
  } catch (problem) {
    if (problem instanceof OctavoError && problem.code === 'TARGET_GONE') return undefined;
    throw problem;
  }
}

function stepFor(
  process: Step['proposal']['process'],
  actuator: string,
  block: BlockNumber,
  id: number,
  { action, targetOrder, pagesPerBlock }: Wanted,
): Step {
  const before = action === 'split' ? { level: 'pmd' as const, present: pagesPerBlock } : {};
  return {
    id,
    actuator,
    before: { ...emptyBlock(block), ...before },
    warnings: [],
    forecast: { undoneByKernel: 'unknown', why: '', keptBy: '', reversible: 'yes', irreversible: '' },
    proposal: {
      ...{ process, block, action, targetOrder, policy: 'probe', reason: 'probing', priority: 0 },
      gain: { returnedBytes: 0, reclaimableBytes: 0, tlbReachBytes: 0 },
      cost: { durationUs: 0, lockUs: 0, copiedBytes: 0, grownBytes: 0 },
    },
  };
}
