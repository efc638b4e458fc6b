/** How far down the curve the goal lets one go, and the price of a byte that it comes to. */
import type { Translation, WalkTimes } from '../../vocabulary/translation.js';
import type { Bytes, Fraction, Nanoseconds } from '../../vocabulary/units.js';
import { type Curve, cpuAt, savedByHuge } from './curve.js';
import type { Goal } from './goal.js';
import type { LayoutTable } from './layout-table.js';

/** The layout that the goal asks for. */
export interface Cut {
  /** Blocks at the beginning of the curve's order that are to be huge. */
  readonly huge: number;
  /** Characteristic time of that layout, in seconds. */
  readonly tau: number;
  /** The CPU with the times of walks of that layout. */
  readonly cpu: WalkTimes;
  /** Nanoseconds a second that a byte is worth: what the next block would cost to split. */
  readonly price: number;
  /** Nanoseconds a second that the layout loses against the fastest one. */
  readonly lostNs: Nanoseconds;
  /** Walk time a second of the fastest layout, and what the goal lets be lost against it: infinite where it is of bytes. */
  readonly fastestNs: Nanoseconds;
  readonly budgetNs: Nanoseconds;
  /** Bytes that the goal, or its knee, lets be wasted; infinite where it is a slowdown. */
  readonly allowed: Bytes;
  /** Between these nothing is changed for the goal's sake: estimates move by as much. */
  readonly tolerated: { readonly least: Bytes; readonly most: Bytes };
}

/** The curve, the goal and the CPU. */
export interface CutFacts {
  readonly table: LayoutTable;
  readonly curve: Curve;
  readonly cpu: Translation;
  readonly goal: Goal;
  /** CPUs that the processes keep busy: what a slowdown is a share of. */
  readonly busyCpus: number;
  /** Bytes that huge pages waste now. */
  readonly wastedNow: Bytes;
  /** What the blocks take in small pages. */
  readonly dataBytes: Bytes;
  /** As for curveOf(). */
  readonly extra: Float64Array;
}

type MarginFacts = Pick<CutFacts, 'table' | 'curve' | 'extra'> & { readonly cpu: WalkTimes };

/** Blocks next to the cut whose worth is found anew at its time. */
const NEXT_BLOCKS = 8;
/** Below these shares, of the data and of the CPUs' time, there is no bloat to give back and no gain to keep. */
const LEAST_BLOAT = 0.01;
const LEAST_SAVED = 0.002;
/** A goal that is missed by less than this share of what it allows counts as reached. */
export const NEAR: Fraction = 0.1;
/**
 * The knee is flat: a layout whose product is below the best by less is as good. Splits give memory back at once, collapses
 * take it and hold up who touches the block, so that they have to bring more.
 */
const NEAR_KNEE = { split: 0.01, collapse: 0.03 } as const;
/** Of USUAL_GOAL. */
const USUAL_SLOWDOWN = 0.01;

/** Returns the shortest beginning of the curve that meets the goal. */
export function cutOf(facts: CutFacts): Cut {
  const { curve, goal, busyCpus, table } = facts;
  const all = table.count;
  const fastest = curve.walkNs.reduce((least, ns) => Math.min(least, ns), Number.POSITIVE_INFINITY);
  const budgetNs = goal.kind === 'slowdown' ? goal.share * busyCpus * 1e9 : Number.POSITIVE_INFINITY;
  const least = fewestHuge(facts, fastest + budgetNs);
  const huge = withFree(facts, least);
  const tau = curve.tau[huge];
  const layout = new Uint8Array(all);
  for (const block of curve.order.subarray(0, huge)) layout[block] = 1;
  const cpu = cpuAt(table, layout, tau, facts.cpu);
  // Where nothing walks, bytes are worth what the usual budget would pay for all of them.
  const usual = goal.kind === 'balanced' ? LEAST_SAVED : USUAL_SLOWDOWN;
  const usualNs = Math.min(budgetNs, usual * busyCpus * 1e9);
  const floor = usualNs / Math.max(1, curve.waste[all]);
  return {
    huge,
    tau,
    cpu,
    price: Math.max(floor, marginalPrice({ ...facts, cpu }, huge, tau)),
    lostNs: Math.max(0, curve.walkNs[huge] - fastest),
    fastestNs: fastest,
    budgetNs,
    ...allowance(facts, huge),
  };
}

function allowance(facts: CutFacts, huge: number): Pick<Cut, 'allowed' | 'tolerated'> {
  const { goal, curve } = facts;
  if (goal.kind !== 'balanced') {
    const allowed = allowedBy(facts);
    return { allowed, tolerated: { least: allowed * (1 - NEAR), most: allowed } };
  }
  const best = balanceAt(curve, huge);
  // Where huge pages save next to nothing there is no product: every layout would be as good, and all would stay huge.
  if (best === 0 && !isWithoutBloat(facts)) {
    const most = curve.waste[huge] + NEAR_KNEE.split * curve.waste[curve.order.length];
    return { allowed: curve.waste[huge], tolerated: { least: curve.waste[huge], most } };
  }
  const isAsGood = (at: number, near: Fraction) => balanceAt(curve, at) >= (1 - near) * best;
  let [low, high] = [huge, huge];
  while (low > 0 && isAsGood(low - 1, NEAR_KNEE.collapse)) low--;
  while (high < curve.order.length && isAsGood(high + 1, NEAR_KNEE.split)) high++;
  return { allowed: curve.waste[huge], tolerated: { least: curve.waste[low], most: curve.waste[high] } };
}

/** Bytes given back × nanoseconds kept, with so many huge blocks. */
function balanceAt({ walkNs, waste }: Curve, huge: number): number {
  return (waste[waste.length - 1] - waste[huge]) * (walkNs[0] - walkNs[huge]);
}

/** Bytes that a goal of bytes lets be wasted. */
function allowedBy({ goal, curve, table, wastedNow }: CutFacts): Bytes {
  if (goal.kind === 'bloat') return (1 - goal.share) * curve.waste[table.count];
  return goal.kind === 'bytes' ? Math.max(0, wastedNow - goal.bytes) : Number.POSITIVE_INFINITY;
}

/** `bound`: walk time a second that a slowdown budget allows. */
function fewestHuge(facts: CutFacts, bound: Nanoseconds): number {
  const { goal, curve } = facts;
  if (goal.kind === 'slowdown') return fewest(curve, bound);
  return goal.kind === 'balanced' ? knee(facts) : most(curve, allowedBy(facts));
}

/**
 * Where (share of the bloat that goes back) × (share kept of what huge pages save) is largest. Without bloat the fastest
 * layout; where huge pages save next to nothing, none of them.
 */
function knee(facts: CutFacts): number {
  const { curve, busyCpus } = facts;
  const { walkNs } = curve;
  let fastest = 0;
  for (let huge = 1; huge < walkNs.length; huge++) if (walkNs[huge] < walkNs[fastest]) fastest = huge;
  if (isWithoutBloat(facts)) return fastest;
  if (walkNs[0] - walkNs[fastest] < LEAST_SAVED * busyCpus * 1e9) return 0;
  let [best, most] = [0, 0];
  for (let huge = 0; huge <= fastest; huge++) {
    const product = balanceAt(curve, huge);
    if (product > most) [best, most] = [huge, product];
  }
  return best;
}

function isWithoutBloat({ curve, table, dataBytes }: CutFacts): boolean {
  return curve.waste[table.count] < LEAST_BLOAT * dataBytes;
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
function marginalPrice({ table, curve, cpu, extra }: MarginFacts, huge: number, tau: number): number {
  let price = 0;
  for (let at = huge; at < table.count; at++) {
    const block = curve.order[at];
    const waste = table.waste[block];
    if (waste === 0) continue;
    price = Math.max(price, curve.score[at]);
    if (at >= huge + NEXT_BLOCKS) continue;
    price = Math.max(price, (savedByHuge(table, block, tau, cpu) + extra[block]) / waste);
  }
  return price;
}
