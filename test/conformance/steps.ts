/** Plan steps made by hand, for scenarios that are about an actuator and not about a policy. */
import type { Host } from '../../src/host/host.js';
import { emptyBlock } from '../../src/verification/block-rows.js';
import { identityOf } from '../../src/verification/observe.js';
import type { Step } from '../../src/vocabulary/plan.js';
import type { BlockNumber, Order, PageRange, ProcessId } from '../../src/vocabulary/units.js';

export interface WantedAction {
  readonly action: 'split' | 'collapse';
  readonly targetOrder: Order;
  readonly actuator: string;
}

export function stepsFor(
  host: Host,
  pid: ProcessId,
  blocks: readonly BlockNumber[],
  wanted: WantedAction,
): Step[] {
  const process = identityOf(host, pid);
  return blocks.map((block, index) => ({
    id: index + 1,
    actuator: wanted.actuator,
    before: emptyBlock(block),
    warnings: [],
    forecast: { undoneByKernel: 'unknown', why: '', keptBy: '', reversible: 'yes', irreversible: '' },
    proposal: {
      process,
      block,
      action: wanted.action,
      targetOrder: wanted.targetOrder,
      policy: 'scenario',
      reason: 'a scenario asks for it',
      gain: { returnedBytes: 0, reclaimableBytes: 0, tlbReachBytes: 0 },
      cost: { durationUs: 0, lockUs: 0, copiedBytes: 0, grownBytes: 0 },
      priority: 0,
    },
  }));
}

/** Numbers of the blocks of a range by their place in it. */
export function blocksOf(host: Host, range: PageRange, places: readonly number[]): BlockNumber[] {
  const first = range.start / host.identity.geometry.pagesPerBlock;
  return places.map((place) => first + place);
}

/** Whole numbers from `first` up to, without, `end`. */
export function upTo(first: number, end: number): number[] {
  return Array.from({ length: end - first }, (_, index) => first + index);
}
