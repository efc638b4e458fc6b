/** How far down the curve the goal lets one go, and the price of a byte that it comes to. */
import type { Translation } from '../../vocabulary/translation.js';
import type { Bytes, Nanoseconds } from '../../vocabulary/units.js';
import { type Curve, savedByHuge } from './curve.js';
import type { Goal } from './goal.js';
import type { LayoutTable } from './layout-table.js';

export interface Cut {
  /** Blocks at the beginning of the curve's order that are to be huge. */
  readonly huge: number;
  /** Characteristic time of that layout, in seconds. */
  readonly tau: number;
  /** Nanoseconds a second that a byte is worth: what the next block would cost to split. */
  readonly price: number;
  /** Nanoseconds a second that the layout loses against the fastest one. */
  readonly lostNs: Nanoseconds;
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
  // Where nothing walks, bytes are worth what the usual budget would pay for all of them.
  const usualNs = Math.min(budgetNs, USUAL_SLOWDOWN * busyCpus * 1e9);
  const floor = usualNs / Math.max(1, curve.waste[all]);
  return {
    huge,
    tau,
    price: Math.max(floor, marginalPrice(facts, huge, tau)),
    lostNs: Math.max(0, curve.walkNs[huge] - fastest),
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

/** What a byte costs where the layout ends: the dearest of the blocks next in the order, at the time of the cut. */
function marginalPrice({ table, curve, cpu, extra }: CutFacts, huge: number, tau: number): number {
  const near = Math.max(1, Math.ceil(table.count / 50));
  let price = 0;
  for (let at = huge; at < Math.min(table.count, huge + near); at++) {
    const block = curve.order[at];
    const saved = savedByHuge(table, block, tau, cpu) + (extra?.[block] ?? 0);
    price = Math.max(price, saved / Math.max(1, table.waste[block]));
  }
  return price;
}
