/** The bound of processes that each have a TLB for themselves: they share what may be wasted, and no entries. */
import { power } from '../base/power.js';
import type { Bytes, Fraction, Nanoseconds } from '../vocabulary/units.js';
import { STEPS } from './bound-columns.js';

/** A process by itself. */
export interface OwnBound {
  /** Of the accesses of all. */
  readonly share: Fraction;
  /** What it takes in addition in huge pages alone. */
  readonly bloat: Bytes;
  /** For one of its accesses, at each share of its bloat removed. */
  readonly leastNs: Float64Array;
}

const PRICES = 64;
/** The cheapest price of a byte that is tried is so much of the dearest. */
const SPAN = 1e-4;

/**
 * Least nanoseconds of an access at each share of all bloat removed. With W bytes wasted by all it is at least
 * Σ over processes of min over its steps j of (a L(j) + μ w(j)), less μ W, for any price μ of a byte: a is the share of the
 * process, L its bound, and w the least that is wasted by a layout which removes from j to less than j + 1 % of its bloat.
 */
export function leastTogether(processes: readonly OwnBound[]): Float64Array {
  const bloat = processes.reduce((sum, one) => sum + one.bloat, 0);
  const least = new Float64Array(STEPS + 1);
  for (const price of prices(processes)) {
    const whole = processes.reduce((sum, one) => sum + leastAt(one, price), 0);
    for (let step = 0; step <= STEPS; step++)
      least[step] = Math.max(least[step], whole - price * bloat * (1 - step / STEPS));
  }
  return least;
}

function leastAt({ share, bloat, leastNs }: OwnBound, price: number): Nanoseconds {
  return leastNs.reduce((least, ns, step) => {
    const wasted = bloat * Math.max(0, 1 - (step + 1) / STEPS);
    return Math.min(least, share * ns + price * wasted);
  }, Number.POSITIVE_INFINITY);
}

/** 0, and a geometric row up to what a hundredth of a process's bloat is worth where that is all its huge pages save. */
function prices(processes: readonly OwnBound[]): readonly number[] {
  const dearest = processes.reduce((most, { share, bloat, leastNs }) => {
    return bloat === 0 ? most : Math.max(most, (share * leastNs[STEPS] * STEPS) / bloat);
  }, 0);
  return [0, ...Array.from({ length: PRICES }, (_, index) => dearest * power(SPAN, index / (PRICES - 1)))];
}
