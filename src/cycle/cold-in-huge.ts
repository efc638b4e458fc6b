/** What a turn knows of cold memory inside huge pages: told by surveys and by the agent alike. */
import type { HotMap } from '../vocabulary/hot-map.js';
import type { Plan, Proposal } from '../vocabulary/plan.js';
import type { BlockNumber, Bytes, ProcessId } from '../vocabulary/units.js';

/** Splits that would be made of a process, and those that only the means are missing for. */
export function splitsOf(plan: Plan, pid: ProcessId): ReadonlyMap<BlockNumber, Proposal> {
  const made = plan.steps.map(({ proposal }) => proposal);
  const unable = plan.refused.filter(({ code }) => code === 'not-able').map(({ proposal }) => proposal);
  const splits = [...unable, ...made].filter(
    ({ process, action }) => process.pid === pid && action === 'split',
  );
  return new Map(splits.map((proposal) => [proposal.block, proposal]));
}

/**
 * Sub-pages of blocks that samples prove to be sparse, which take hardly any accesses: at least so many bytes. Undefined
 * without heat: samples alone tell cold memory.
 */
export function coldBytes(heat: HotMap | undefined, plan: Plan, pid: ProcessId): Bytes | undefined {
  if (heat?.nature === undefined) return undefined;
  const splits = splitsOf(plan, pid);
  return [...splits.values()].reduce((sum, { gain }) => sum + gain.reclaimableBytes, 0);
}
