/**
 * What no layout of huge and small pages can beat on a TLB that replaces what was used longest ago. By Che's reckoning, in which
 * every entry stays for the same time t after its last use, an entry with a share p of the accesses is there with probability
 * q(p) = 1 − e^(−pt); t is such that as many are there as the TLB has. An entry that is hit in the second level saves a walk less
 * its hit there (w − c), one in the first level the whole walk. So for any layout that has its own t, and for any prices of an
 * entry (ν), of one of a small page (σ), of a place in the first level (δ) and of a wasted byte (μ), the time that is saved
 * against walking each time is at most
 *
 *   ν (E₁ + E₂) + δ E₁ + μ W + Σ over blocks of max( Σ_i small(p_i),  huge(P) − μ e )
 *
 * with E₁ and E₂ entries, W bytes allowed to be wasted, p_i the share of the accesses that entry i of a block in small pages gets,
 * P their sum, e the block's empty bytes, and
 *
 *   small(p) = (p (w − c) − σ) q(p) + (p c − δ) r(p),   huge(P) = P (w − h) + (P (h − c) − ν) q(P) + (P c − δ) r(P).
 *
 * σ is ν, except where sets leave small pages only E₀ of E₂: then it is a price of its own, σ (E₁ + E₀) is paid as well, and t is theirs
 * alone. The first level is LRU too, and r is q at its own time. Of places that small pages leave alone (in few sets, or in an
 * array of huge pages) huge ones are taken to keep what is worth most. The largest over all times is the bound: times are cut
 * into spans, in each of which hits are those of its end and entries those of its beginning, and the spans that matter are cut
 * again. Two levels are at most one LRU TLB of E₁ + E₂: whatever is hit was followed by fewer others. By how much chance may
 * make it better than its mean is part of its entries (lru-times.ts).
 */
import type { Fraction, Nanoseconds } from '../vocabulary/units.js';
import { type BlockRates, columnsOf, type Piece, STEPS } from './bound-columns.js';
import { BoundSearch, type StepRange } from './bound-search.js';
import type { BoundCosts } from './bound-sums.js';
import { seemingEntries } from './lru-times.js';

export { type BlockRates, type Piece, STEPS } from './bound-columns.js';

/** A CPU as the bound sees it: entries of its TLB and the time of a miss. */
export interface TranslationCosts {
  /** Entries of the first level: those that small pages may have; of an array of its own for huge ones; and of the second. */
  readonly firstEntries: number;
  readonly hugeFirstEntries?: number;
  readonly secondEntries: number;
  /** Of the second level, what small pages can have together where their sets bound it; all where that is not told. */
  readonly smallEntries?: number;
  /** A hit in the second level, and the least that a walk to a huge page takes. */
  readonly hitNs: Nanoseconds;
  readonly hugeNs: Nanoseconds;
}

/** What walks to small pages take where a share of the bloat is removed. */
export interface WalkTime {
  readonly removed: Fraction;
  readonly walkNs: Nanoseconds;
}

/** Sets that hold less than this of the entries crowd small pages. */
const CROWDED = 0.9;

/**
 * Least nanoseconds of translation an access, at each share of the bloat removed; `walks` in rising order. `known`: what some
 * layout takes, which the bound is never above.
 */
export function leastTimes(
  blocks: readonly BlockRates[],
  costs: TranslationCosts,
  walks: readonly WalkTime[],
  known: Float64Array = new Float64Array(STEPS + 1).fill(Number.POSITIVE_INFINITY),
): Float64Array {
  const accesses = blocks.reduce((sum, { pieces }) => sum + totalOf(pieces), 0);
  if (accesses === 0) return new Float64Array(STEPS + 1);
  const columns = columnsOf(blocks, accesses);
  const search = new BoundSearch(columns, boundCosts(costs));
  const curves = walks.map(({ walkNs }, index) => {
    const smallNs = Math.max(walkNs, costs.hugeNs);
    const steps = stepsNear(walks, index);
    return search.mostSaved(smallNs, steps, known).map((saved) => Math.max(0, smallNs - saved));
  });
  return Float64Array.from({ length: STEPS + 1 }, (_, step) => between(walks, curves, step));
}

function boundCosts(costs: TranslationCosts): BoundCosts {
  const { firstEntries, hugeFirstEntries, secondEntries, smallEntries, hitNs, hugeNs } = costs;
  const isCrowded = smallEntries !== undefined && smallEntries < CROWDED * secondEntries;
  const inFirst = firstEntries + (hugeFirstEntries ?? 0);
  return {
    entries: seemingEntries(inFirst + secondEntries),
    crowdedEntries: isCrowded ? seemingEntries(firstEntries + smallEntries) : undefined,
    firstEntries: seemingEntries(firstEntries),
    ...{ hugeFirstEntries, hitNs, hugeNs },
  };
}

/** Steps at which a time of walks matters: from the one before to the one behind it. */
function stepsNear(walks: readonly WalkTime[], index: number): StepRange {
  const stepOf = (walk: WalkTime | undefined, otherwise: number) =>
    walk === undefined ? otherwise : Math.min(STEPS, Math.max(0, walk.removed * STEPS));
  return {
    from: Math.floor(stepOf(walks[index - 1], 0)),
    to: Math.ceil(stepOf(walks[index + 1], STEPS)),
  };
}

/** What is least at a time of walks is concave in it, so that a line between two such times is below. */
function between(walks: readonly WalkTime[], curves: readonly Float64Array[], step: number): Nanoseconds {
  const removed = step / STEPS;
  const above = walks.findIndex((walk) => walk.removed >= removed);
  if (above <= 0) return curves[above < 0 ? curves.length - 1 : 0][step];
  const [from, to] = [walks[above - 1].removed, walks[above].removed];
  const share = to > from ? (removed - from) / (to - from) : 1;
  return (1 - share) * curves[above - 1][step] + share * curves[above][step];
}

function totalOf(pieces: readonly Piece[]): number {
  return pieces.reduce((sum, { entries }) => sum + entries.reduce((all, count) => all + count, 0), 0);
}
