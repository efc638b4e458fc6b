/** How far down the curve the goal lets one go, and the price of a byte that it comes to. */
import type { Translation } from '../../vocabulary/translation.js';
import type { Bytes, Nanoseconds } from '../../vocabulary/units.js';
import { type Curve, cpuAt, savedByHuge } from './curve.js';
import type { Goal } from './goal.js';
import type { LayoutTable } from './layout-table.js';

export interface Cut {
  /** Blocks at the beginning of the curve's order that are to be huge. */
  readonly huge: number;
  /** Characteristic time of that layout, in seconds. */
  readonly tau: number;
  /** The CPU with the times of walks of that layout. */
  readonly cpu: Translation;
  /** Nanoseconds a second that a byte is worth: what the next block would cost to split. */
  readonly price: number;
  /** Nanoseconds a second that the layout loses against the fastest one. */
  readonly lostNs: Nanoseconds;
  /** Walk time a second of the fastest layout, and what the goal lets be lost against it: infinite where it is of bytes. */
  readonly fastestNs: Nanoseconds;
  readonly budgetNs: Nanoseconds;
  /** Bytes that the goal lets be wasted; infinite where it is a slowdown. */
  readonly allowed: Bytes;
}

export interface CutFacts {
  readonly table: LayoutTable;
  readonly curve: Curve;
  readonly cpu: Translation;
  readonly goal: Goal;
  /** CPUs that the processes keep busy: what a slowdown is a share of. */
  readonly busyCpus: number;
  /** Bytes that huge pages waste now. */
  readonly wastedNow: Bytes;
  /** As for curveOf(). */
  readonly extra: Float64Array | undefined;
}

/** Blocks next to the cut whose worth is found anew at its time. */
const NEXT_BLOCKS = 8;
/** Of USUAL_GOAL. */
const USUAL_SLOWDOWN = 0.01;

export function cutOf(facts: CutFacts): Cut {
  const { curve, goal, busyCpus, table } = facts;
  const all = table.count;
  const fastest = curve.walkNs.reduce((least, ns) => Math.min(least, ns), Number.POSITIVE_INFINITY);
  const budgetNs = goal.kind === 'slowdown' ? goal.share * busyCpus * 1e9 : Number.POSITIVE_INFINITY;
  const allowed =
    goal.kind === 'bloat'
      ? (1 - goal.share) * curve.waste[all]
      : goal.kind === 'bytes'
        ? Math.max(0, facts.wastedNow - goal.bytes)
        : Number.POSITIVE_INFINITY;
  const least = goal.kind === 'slowdown' ? fewest(curve, fastest + budgetNs) : most(curve, allowed);
  const huge = withFree(facts, least);
  const tau = curve.tau[huge];
  const layout = new Uint8Array(all);
  for (const block of curve.order.subarray(0, huge)) layout[block] = 1;
  const cpu = cpuAt(table, layout, facts.cpu);
  // Where nothing walks, bytes are worth what the usual budget would pay for all of them.
  const usualNs = Math.min(budgetNs, USUAL_SLOWDOWN * busyCpus * 1e9);
  const floor = usualNs / Math.max(1, curve.waste[all]);
  return {
    huge,
    tau,
    cpu,
    price: Math.max(floor, marginalPrice({ ...facts, cpu }, huge, tau)),
    lostNs: Math.max(0, curve.walkNs[huge] - fastest),
    fastestNs: fastest,
    budgetNs,
    allowed,
  };
}

/** The fewest huge blocks with which walks stay within `bound`. */
function fewest({ walkNs }: Curve, bound: Nanoseconds): number {
  for (let huge = 0; huge < walkNs.length; huge++) if (walkNs[huge] <= bound) return huge;
  return walkNs.length - 1;
}

/** With the blocks that come next and waste nothing: no goal asks to do without them. */
function withFree({ curve, table }: CutFacts, least: number): number {
  let huge = least;
  while (huge < table.count && table.waste[curve.order[huge]] === 0 && curve.score[huge] > 0) huge++;
  return huge;
}

/** The most huge blocks that waste no more than `allowed`. */
function most({ waste }: Curve, allowed: Bytes): number {
  let huge = waste.length - 1;
  while (huge > 0 && waste[huge] > allowed) huge--;
  return huge;
}

/**
 * What a byte costs where the layout ends: the dearest of the blocks that are not huge in it, at their turn and at the time of
 * the cut. The price of a tighter layout is therefore never lower.
 */
function marginalPrice({ table, curve, cpu, extra }: CutFacts, huge: number, tau: number): number {
  let price = 0;
  for (let at = huge; at < table.count; at++) {
    const block = curve.order[at];
    const waste = table.waste[block];
    if (waste === 0) continue;
    price = Math.max(price, curve.score[at]);
    if (at >= huge + NEXT_BLOCKS) continue;
    price = Math.max(price, (savedByHuge(table, block, tau, cpu) + (extra?.[block] ?? 0)) / waste);
  }
  return price;
}
