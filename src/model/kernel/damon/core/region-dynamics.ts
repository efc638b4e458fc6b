/**
 * How regions age, merge and split from one aggregation to the next (mm/damon/core.c: damon_merge_regions_of(),
 * kdamond_merge_regions(), damon_apply_min_nr_regions(), kdamond_split_regions()).
 */
import type { CoreBehaviour } from './generations.js';
import { MOST_PROBES, MOST_REGIONS, RegionList } from './region-list.js';
import type { Tausworthe } from './tausworthe.js';

/** What the merge compares: counts, or weighted probe hits when any probe has a weight. */
export interface MergeScore {
  /** Weights of the probes; empty for plain access counts. */
  readonly weights: readonly number[];
}

/** Merging by accesses alone, without probes. */
export const ACCESS_SCORE: MergeScore = { weights: [] };

/** Bounds of merging. */
export interface MergeLimits {
  /** Largest size of a merged region. */
  readonly size: number;
  /** max_nr_regions. */
  readonly regions: number;
  /** Samples per aggregation: the largest difference that a threshold needs to cover. */
  readonly samples: number;
}

/**
 * Ages every region and merges similar neighbours. Repeats with a growing threshold, without ageing, until the
 * number of regions over all lists is within the limit.
 */
export function mergeAll(
  lists: readonly RegionList[],
  threshold: number,
  limits: MergeLimits,
  score: MergeScore,
  behaviour: CoreBehaviour,
): void {
  let current = threshold;
  let ageing = true;
  for (;;) {
    let regions = 0;
    for (const list of lists) {
      if (ageing) ageRegions(list, current, score, behaviour);
      mergeNeighbours(list, current, limits.size, score);
      regions += list.count;
    }
    ageing = behaviour.agesEverySweep;
    if (regions <= limits.regions || limits.samples <= current) return;
    current = nextThreshold(current, limits.samples, behaviour);
  }
}

/** Doubles; later kernels stop at what covers every difference. */
function nextThreshold(current: number, samples: number, { agesEverySweep }: CoreBehaviour): number {
  if (agesEverySweep) return Math.max(1, current * 2);
  return current < Math.floor(samples / 2) ? Math.max(1, current * 2) : samples;
}

/** Age + 1 where the score stayed within `threshold` of the last one, else 0. */
export function ageRegions(
  list: RegionList,
  threshold: number,
  score: MergeScore,
  behaviour: CoreBehaviour,
): void {
  for (let index = 0; index < list.count; index++) {
    const now = scoreOf(list, list.accesses, list.hits, index, score);
    const last = scoreOf(list, list.lastAccesses, list.lastHits, index, score);
    const crossed = behaviour.zeroCrossingResetsAge && (now === 0) !== (last === 0);
    list.age[index] = Math.abs(now - last) > threshold || crossed ? 0 : list.age[index] + 1;
  }
}

/** One sweep: each region is absorbed by the last surviving one if they touch, are similar and fit the limit. */
export function mergeNeighbours(list: RegionList, threshold: number, limit: number, score: MergeScore): void {
  const bounds = { threshold, limit };
  let kept = -1;
  for (let index = 0; index < list.count; index++) {
    if (kept >= 0 && canMerge(list, kept, index, bounds, score)) list.absorb(kept, index);
    else list.move(index, ++kept);
  }
  list.count = kept + 1;
}

function canMerge(
  list: RegionList,
  left: number,
  right: number,
  { threshold, limit }: { readonly threshold: number; readonly limit: number },
  score: MergeScore,
): boolean {
  if (list.end[left] !== list.start[right]) return false;
  const difference =
    scoreOf(list, list.accesses, list.hits, left, score) -
    scoreOf(list, list.accesses, list.hits, right, score);
  return Math.abs(difference) <= threshold && list.size(left) + list.size(right) <= limit;
}

function scoreOf(
  _list: RegionList,
  accesses: Uint32Array,
  hits: Uint8Array,
  index: number,
  { weights }: MergeScore,
): number {
  if (weights.length === 0) return accesses[index];
  let sum = 0;
  for (let probe = 0; probe < weights.length; probe++) {
    sum += hits[index * MOST_PROBES + probe] * weights[probe];
  }
  return sum;
}

/** Largest weighted probe sum of one region, for the merge threshold. */
export function probeScore(list: RegionList, index: number, weights: readonly number[]): number {
  return scoreOf(list, list.accesses, list.hits, index, { weights });
}

/** Upper limit of a region's size: an even share of the total, at least a minimum region. */
export function sizeLimit(lists: readonly RegionList[], minimumRegions: number, minimumSize: number): number {
  let total = 0;
  for (const list of lists) total += list.totalSize();
  return Math.max(Math.floor(total / minimumRegions), minimumSize);
}

/** Chops every region above the limit (rounded up to minimum regions) from its left. Returns the rounded limit. */
export function chopOversized(
  lists: readonly RegionList[],
  minimumRegions: number,
  minimumSize: number,
): number {
  const limit = alignUp(sizeLimit(lists, minimumRegions, minimumSize), minimumSize);
  for (const list of lists) {
    for (let index = 0; index < list.count; index++) {
      if (list.size(index) > limit && !list.splitAt(index, limit)) return limit;
    }
  }
  return limit;
}

/** What splitting remembers. Two values are one for the whole system, shared by all kdamonds. */
export interface SplitMemory {
  /** Regions counted at the previous split of any kdamond. */
  lastRegions: number;
  /** Turns the choice of regions when only some are split. */
  rotation: number;
}

/** Bounds of splitting. */
export interface SplitLimits {
  readonly mostRegions: number;
  readonly minimumSize: number;
}

/** Splits regions at random so that different parts can show different access. */
export function splitAll(
  lists: readonly RegionList[],
  limits: SplitLimits,
  memory: SplitMemory,
  random: Tausworthe,
  behaviour: CoreBehaviour,
): void {
  let regions = 0;
  for (const list of lists) regions += list.count;
  const { minimumSize } = limits;
  const mostRegions = Math.min(limits.mostRegions, MOST_REGIONS);
  if (regions <= mostRegions / 2) {
    const thrice = memory.lastRegions === regions && regions < Math.floor(mostRegions / 3);
    for (const list of lists) splitEach(list, thrice ? 3 : 2, minimumSize, random);
  } else if (!behaviour.splitsAboveHalf) return;
  else if (regions < mostRegions) {
    const step = Math.floor(mostRegions / (mostRegions - regions));
    splitEveryNth(lists, step, memory.rotation++ % step, minimumSize, random);
  }
  memory.lastRegions = regions;
}

const passSpare = new RegionList(64);

/** Each region into up to `pieces`, cutting off from the left at 10 to 90 percent. */
function splitEach(list: RegionList, pieces: number, minimumSize: number, random: Tausworthe): void {
  const source = copyInto(passSpare, list);
  const cuts = { pieces, minimumSize };
  list.count = 0;
  for (let index = 0; index < source.count; index++) {
    appendPieces(list, source, index, cuts, random);
  }
}

/** Cuts are found from the right: each one halves what remains on the left. */
function appendPieces(
  list: RegionList,
  source: RegionList,
  index: number,
  { pieces, minimumSize }: { readonly pieces: number; readonly minimumSize: number },
  random: Tausworthe,
): void {
  const start = source.start[index];
  const first = list.count;
  let end = source.end[index];
  for (let cut = 0; cut < pieces - 1 && end - start > 2 * minimumSize; cut++) {
    const left = randomCut(end - start, minimumSize, random);
    if (left === 0 || left >= end - start) continue;
    list.appendPiece(source, index, start + left, end);
    end = start + left;
  }
  list.appendPiece(source, index, start, end);
  reverseOrder(list, first);
}

/** Pieces were appended right to left; at most three of them. */
function reverseOrder(list: RegionList, first: number): void {
  for (let low = first, high = list.count - 1; low < high; low++, high--) {
    const start = list.start[low];
    const end = list.end[low];
    list.start[low] = list.start[high];
    list.end[low] = list.end[high];
    list.start[high] = start;
    list.end[high] = end;
  }
}

function splitEveryNth(
  lists: readonly RegionList[],
  step: number,
  offset: number,
  minimumSize: number,
  random: Tausworthe,
): void {
  let position = 0;
  for (const list of lists) {
    const source = copyInto(passSpare, list);
    list.count = 0;
    for (let index = 0; index < source.count; index++) {
      const chosen = position++ % step === offset && source.size(index) >= 2 * minimumSize;
      const left = chosen ? randomCut(source.size(index), minimumSize, random) : 0;
      appendCut(list, source, index, left);
    }
  }
}

function appendCut(list: RegionList, source: RegionList, index: number, left: number): void {
  const start = source.start[index];
  const end = source.end[index];
  if (left === 0 || left >= end - start) {
    list.appendPiece(source, index, start, end);
    return;
  }
  list.appendPiece(source, index, start, start + left);
  list.appendPiece(source, index, start + left, end);
}

/** k tenths of the size, k uniform in 1…9, in whole minimum regions. */
function randomCut(size: number, minimumSize: number, random: Tausworthe): number {
  return alignDown(Math.floor((random.between(1, 10) * size) / 10), minimumSize);
}

function copyInto(spare: RegionList, list: RegionList): RegionList {
  spare.count = 0;
  for (let index = 0; index < list.count; index++) {
    spare.appendPiece(list, index, list.start[index], list.end[index]);
  }
  return spare;
}

/** Returns the largest multiple of `granule` that is not above `value`. */
export const alignDown = (value: number, granule: number): number => Math.floor(value / granule) * granule;
/** Returns the smallest multiple of `granule` that is not below `value`. */
export const alignUp = (value: number, granule: number): number => Math.ceil(value / granule) * granule;
