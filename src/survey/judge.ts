/** What a policy would return of what was looked at and read, and what it would cost: read blocks stand for all. */
import { coldBytes, splitsOf } from '../cycle/cold-in-huge.js';
import type { PlannedTurn } from '../cycle/plan-turn.js';
import type { HotMap } from '../vocabulary/hot-map.js';
import type { Forecast, Plan, RefusalCode } from '../vocabulary/plan.js';
import type { BlockNumber, Bytes, ProcessId } from '../vocabulary/units.js';
import { type Amount, atLeast, capped, isExact } from './amount.js';
import type { Caps } from './caps.js';
import { learnedTotal, levelFigures, zeroBytes } from './figures.js';
import type { Look } from './look.js';
import type { DrawnPage } from './page-draw.js';

/** Whether a split would last, as the forecast of a plan says it. */
export type Lasting = Forecast['undoneByKernel'];

/** What a policy would return of one process. */
export interface Judged {
  readonly emptyInHuge: Amount;
  /** Undefined without heat: samples alone tell cold memory. */
  readonly cold: Amount | undefined;
  readonly returns: Amount;
  /** Microseconds of the process's lock that all the splits would take together. */
  readonly lockUs: Amount | undefined;
  readonly splits: Amount | undefined;
  /** Single pages looked at. */
  readonly pages: number;
  /** Huge blocks read, of those whose content can be read. */
  readonly read: number;
  readonly readable: Amount;
  /** Whether what a split takes was measured on this host. */
  readonly isMeasured: boolean;
  /** Bytes that the read blocks would return, by what becomes of them. */
  readonly lasts: Readonly<Partial<Record<Lasting, Bytes>>>;
  /** Blocks of which the policy knows too little. */
  readonly undecided: number;
  /** Bytes of read blocks that it would return if nothing stood against it, by what does. */
  readonly refused: readonly { readonly code: RefusalCode; readonly why: string; readonly bytes: Bytes }[];
}

/** What the policy's turn and the drawn pages told. */
export interface Verdicts {
  readonly turn: PlannedTurn;
  /** Blocks whose content was asked for. */
  readonly drawn: ReadonlyMap<ProcessId, ReadonlySet<BlockNumber>>;
  /** Single pages that were looked at. */
  readonly pages: ReadonlyMap<ProcessId, readonly DrawnPage[]>;
}

/** Returns the amounts of a process: read blocks counted, the others estimated from them. */
export function judge(look: Look, most: Caps, { turn, drawn, pages }: Verdicts): Judged {
  const { pid } = look.sizes.process;
  const heat = turn.heat.find((map) => map.process.pid === pid);
  const read = [...(drawn.get(pid) ?? [])].filter((block) => heat?.block(block)?.filled !== undefined);
  const { readable } = levelFigures(look, most);
  const total = (of: (block: BlockNumber) => number, largest: number) => {
    const values = read.map((block) => ({ block, value: of(block) }));
    return learnedTotal(look, { values, most: largest, perBlock: 1 }, readable);
  };
  const splits = splitsOf(turn.plan, pid);
  const { blockBytes } = look.sizes.geometry;
  const returned = (block: BlockNumber) => splits.get(block)?.gain.returnedBytes ?? 0;
  const dearest = Math.max(0, ...[...splits.values()].map(({ cost }) => cost.lockUs));
  const zero = (block: BlockNumber) => zeroBytes(look.sizes, heat, block);
  const byBlocks = total(zero, blockBytes);
  const single = pages.get(pid) ?? [];
  // By how many were drawn, not by what they say: a choice by the outcome would bend the bounds.
  const isBetter = single.length > read.length && !isExact(byBlocks);
  const emptyInHuge = (isBetter ? emptyByPages(look, single, readable) : undefined) ?? byBlocks;
  const isWhole = read.length > 0 || readable.high === 0;
  return {
    emptyInHuge,
    cold: coldOf(heat, turn.plan, pid),
    returns: within(total(returned, blockBytes), emptyInHuge),
    // Without a block that was read the effect of a split is unknown.
    lockUs: isWhole ? total((block) => splits.get(block)?.cost.lockUs ?? 0, dearest) : undefined,
    splits: isWhole ? total((block) => Number(splits.has(block)), 1) : undefined,
    read: read.length,
    pages: single.length,
    readable,
    ...detailsOf(turn.plan, pid),
  };
}

/** By single pages; undefined where none was drawn. */
function emptyByPages(look: Look, pages: readonly DrawnPage[], readable: Amount): Amount | undefined {
  if (pages.length === 0) return undefined;
  const { pageBytes, pagesPerBlock } = look.sizes.geometry;
  const values = pages.map(({ block, isZero }) => ({ block, value: isZero ? pageBytes : 0 }));
  return learnedTotal(look, { values, most: pageBytes, perBlock: pagesPerBlock }, readable);
}

/** A split returns zero-filled pages, so that there are no more bytes than those. */
function within(returns: Amount, empty: Amount): Amount {
  return empty.high === undefined ? returns : capped(returns, Math.max(empty.high, returns.low));
}

function coldOf(heat: HotMap | undefined, plan: Plan, pid: ProcessId): Amount | undefined {
  const bytes = coldBytes(heat, plan, pid);
  return bytes === undefined ? undefined : atLeast(bytes);
}

/** Policies that give memory back by samples. */
const BY_HEAT: ReadonlySet<string> = new Set(['split-sparse', 'octavo']);

function detailsOf(
  plan: Plan,
  pid: ProcessId,
): Pick<Judged, 'isMeasured' | 'lasts' | 'undecided' | 'refused'> {
  const steps = plan.steps.filter(
    ({ proposal: { process, action } }) => process.pid === pid && action === 'split',
  );
  const lasts: Partial<Record<Lasting, Bytes>> = {};
  for (const { proposal, forecast } of steps) {
    const key = forecast.undoneByKernel;
    lasts[key] = (lasts[key] ?? 0) + (proposal.gain.returnedBytes ?? 0);
  }
  const undecided = plan.passedOver
    .filter(
      ({ process, code, policy }) => process.pid === pid && code === 'unknown-heat' && BY_HEAT.has(policy),
    )
    .reduce((sum, { blocks }) => sum + blocks, 0);
  return {
    isMeasured: steps.length > 0 && steps.every(({ proposal }) => proposal.cost.measured !== undefined),
    lasts,
    undecided,
    refused: refusedOf(plan, pid),
  };
}

function refusedOf(plan: Plan, pid: ProcessId): Judged['refused'] {
  const groups = new Map<string, { code: RefusalCode; why: string; bytes: Bytes }>();
  for (const { proposal, code, why } of plan.refused) {
    if (proposal.process.pid !== pid || proposal.action !== 'split') continue;
    const group = groups.get(code) ?? { code, why, bytes: 0 };
    groups.set(code, { ...group, bytes: group.bytes + (proposal.gain.returnedBytes ?? 0) });
  }
  return [...groups.values()];
}
