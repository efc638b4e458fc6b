/**
 * Samples by a fixed period that may be in step with a walk. A loop over the pages of a block, one access a page, sampled at
 * every 10,000th access shows each 16th page and never another: 10,000 and 512 share the factor 16. The block is evenly hot
 * and looks sparse, however many samples there are. What gives it away are the distances: all are multiples of one number,
 * which divides the period, and hardly any of these pages lacks. Memory whose hot pages do lie so far apart cannot be told
 * from it; then a period that is prime, or jitter, decides.
 */
import type { InStep } from '../vocabulary/hot-map.js';
import type { SampleOrigin } from '../vocabulary/sample.js';

/** Fewer pages have some distance in common by chance. */
const FEWEST_PAGES = 4;
/** Pages that a walk in step shows may lack samples by the end of the window. */
const SHARE_SHOWN = 0.75;
/** Pages with less than this share of the mean are of other accesses. */
const SHARE_OF_MEAN = 0.5;

/** Periods by which the heat of some origins was sampled without any chance. */
export function stepPeriods(origins: readonly SampleOrigin[]): readonly number[] {
  return origins.flatMap(({ tells, stepPeriods: periods = [] }) => (tells === 'heat' ? periods : []));
}

/** Undefined where samples by these periods cannot be in step with an even walk over the block. */
export function inStepOf(counts: Uint16Array, periods: readonly number[]): InStep | undefined {
  if (periods.length === 0) return undefined;
  const distance = commonDistance(counts);
  const period = periods.find((each) => distance > 1 && each % distance === 0);
  return period === undefined ? undefined : { distance, period };
}

/** Distance of which those of all hot pages are multiples, when most pages that far apart are hot; else 0. */
function commonDistance(counts: Uint16Array): number {
  let touched = 0;
  let samples = 0;
  for (let page = 0; page < counts.length; page++) {
    if (counts[page] === 0) continue;
    touched++;
    samples += counts[page];
  }
  if (touched < FEWEST_PAGES) return 0;
  const least = (SHARE_OF_MEAN * samples) / touched;
  let [first, last, hot, distance] = [-1, -1, 0, 0];
  for (let page = 0; page < counts.length; page++) {
    if (counts[page] < least) continue;
    if (first < 0) first = page;
    distance = greatestCommonDivisor(page - first, distance);
    last = page;
    hot++;
  }
  const isFull = hot >= FEWEST_PAGES && hot >= SHARE_SHOWN * ((last - first) / distance + 1);
  return isFull && reachesAll(first, last, distance, counts.length) ? distance : 0;
}

/** Whether no further page of the distance would find room: a walk goes over the whole block. */
function reachesAll(first: number, last: number, distance: number, pages: number): boolean {
  return first < distance && last + distance >= pages;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
