/**
 * Keeps a run that goes on within what the configuration allows by now: it may have been read again, which takes targets
 * out, forbids acts and lowers budgets, and the hours of a target end.
 */
import type { Leash } from '../../cycle/leash.js';
import type { Allowance } from './allowance.js';
import type { Grant } from './grants.js';
import { type Allowed, forbiddenBecause, type Judging, narrower, shapesProblem } from './judge.js';

/** `judging`: what holds now, with the grants that were read last. */
export function leashOf(judging: () => Judging, { plan, grant: first, bytes }: Allowed): Leash {
  let { grants } = judging();
  let grant = first;
  return (acted) => {
    const now = judging();
    if (now.grants !== grants) {
      const found = grantNow(now, plan.processes, first.name);
      if (typeof found === 'string') return found;
      const shape = shapesProblem(now.host, found, plan.steps);
      if (shape !== undefined) return shape.why;
      ({ grants } = now);
      grant = found;
    }
    const forbidden = forbiddenBecause(now.host, grant);
    if (forbidden !== undefined) return forbidden.why;
    const { blockBytes } = now.host.identity.geometry;
    const left = roomOf(grant, blockBytes, spentByOthers(now.allowance, grant, bytes));
    if (left.blocks <= acted) return `${acted} blocks are done, and ${left.why}`;
    return { budgets: narrower(plan.budgets, grant.budgets), steps: left.blocks - acted };
  };
}

/** The grant of all processes; or why there is none any more. */
function grantNow(
  { grants }: Judging,
  processes: Allowed['plan']['processes'],
  name: string,
): Grant | string {
  for (const process of processes) {
    const grant = grants.grantOf(process);
    if (grant === undefined) return `process ${process.pid} is of no target any more, or is denied`;
    if (grant.name !== name) return `process ${process.pid} is of target ${grant.name} now`;
  }
  return grants.grantOf(processes[0]) ?? 'there is no process any more';
}

/** Bytes of this hour but for those of the run itself. */
function spentByOthers(allowance: Allowance, { name }: Grant, own: number): number {
  return Math.max(0, allowance.spentBytes(name) - own);
}

/** How many blocks the run may act on in all by now, and what says so. */
function roomOf({ budgets, bytesPerHour }: Grant, blockBytes: number, spent: number) {
  const blocksIn = (bytes: number) => Math.floor(bytes / blockBytes);
  const bounds = [
    { blocks: budgets.maxBlocks, isBound: budgets.maxBlocks > 0, why: 'a run may have no more by now' },
    {
      blocks: blocksIn(budgets.maxBytes),
      isBound: budgets.maxBytes > 0,
      why: 'a run may have no more by now',
    },
    {
      blocks: blocksIn(Math.max(0, bytesPerHour - spent)),
      isBound: bytesPerHour > 0,
      why: 'this hour may have no more by now',
    },
  ];
  const none = { blocks: Number.POSITIVE_INFINITY, why: '' };
  return bounds
    .filter(({ isBound }) => isBound)
    .reduce((least, bound) => (bound.blocks < least.blocks ? bound : least), none);
}
