/**
 * Setting monitoring attributes, online too (mm/damon/core.c damon_set_attrs()), auto-tuning of intervals
 * (kdamond_tune_intervals()) and the moving-sum access count (damon_nr_accesses_mvsum()).
 */
import { failure, type Result, success } from '../../../../base/result.js';
import type { ErrnoName } from '../../../../vocabulary/errno.js';
import {
  type Attributes,
  atLeastOne,
  type Context,
  samplesPerAggregation,
  scheduleScheme,
} from './context.js';
import { MOST_PROBES, type RegionList } from './region-list.js';

/** Checks attributes as the kernel does before it takes them. */
export function checkAttributes(attributes: Attributes): Result<void, ErrnoName> {
  const fine =
    isValidGoal(attributes) &&
    attributes.leastRegions >= 3 &&
    attributes.leastRegions <= attributes.mostRegions &&
    attributes.sampleUs <= attributes.aggregationUs;
  return fine ? success(undefined) : failure('EINVAL');
}

function isValidGoal({ goal, sampleUs }: Attributes): boolean {
  if (goal.aggregations === 0) return true;
  return (
    goal.leastSampleUs <= goal.mostSampleUs && goal.leastSampleUs <= sampleUs && sampleUs <= goal.mostSampleUs
  );
}

/** True when a commit changes nothing, so that windows and deadlines go on. */
export function sameAttributes(a: Attributes, b: Attributes): boolean {
  return (
    a.sampleUs === b.sampleUs &&
    a.aggregationUs === b.aggregationUs &&
    a.updateUs === b.updateUs &&
    a.leastRegions === b.leastRegions &&
    a.mostRegions === b.mostRegions &&
    a.goal.accessBp === b.goal.accessBp &&
    a.goal.aggregations === b.goal.aggregations &&
    a.goal.leastSampleUs === b.goal.leastSampleUs &&
    a.goal.mostSampleUs === b.goal.mostSampleUs
  );
}

/** Takes checked attributes: rescales counts and ages, restarts the window, the update timer and all deadlines. */
export function setAttributes(context: Context, attributes: Attributes): void {
  const sample = atLeastOne(attributes.sampleUs);
  const aggregating = context.passed < context.nextAggregation;
  context.nextAggregation = context.passed + Math.floor(attributes.aggregationUs / sample);
  context.nextUpdate = context.passed + Math.floor(attributes.updateUs / sample);
  rescale(context, attributes, aggregating);
  context.attributes = attributes;
  for (const scheme of context.schemes) scheduleScheme(context, scheme);
}

function rescale(context: Context, next: Attributes, aggregating: boolean): void {
  const old = context.attributes;
  if (!(old.sampleUs && old.aggregationUs && next.sampleUs && next.aggregationUs)) return;
  for (const { regions } of context.targets) {
    if (context.behaviour.storesMovingSum) rescaleStored(regions, old, next);
    else rescaleRegions(regions, old, next, aggregating, context.probes.length);
  }
}

/** Kernels with a stored sum convert the present counts, wherever the window is, and start the sum from them. */
function rescaleStored(list: RegionList, old: Attributes, next: Attributes): void {
  for (let index = 0; index < list.count; index++) {
    list.accesses[index] = rescaleCount(list.accesses[index], old, next);
    list.movingBp[index] = list.accesses[index] * 10_000;
    list.age[index] = Math.floor((list.age[index] * old.aggregationUs) / next.aggregationUs);
  }
}

function rescaleRegions(
  list: RegionList,
  old: Attributes,
  next: Attributes,
  aggregating: boolean,
  probes: number,
): void {
  for (let index = 0; index < list.count; index++) {
    list.lastAccesses[index] = rescaleCount(list.lastAccesses[index], old, next);
    list.accesses[index] = aggregating ? 0 : rescaleCount(list.accesses[index], old, next);
    list.age[index] = Math.floor((list.age[index] * old.aggregationUs) / next.aggregationUs);
    for (let probe = 0; probe < Math.min(probes, MOST_PROBES); probe++) {
      const at = index * MOST_PROBES + probe;
      list.lastHits[at] = rescaleCount(list.lastHits[at], old, next);
      list.hits[at] = aggregating ? 0 : rescaleCount(list.hits[at], old, next);
    }
  }
}

/** By way of ten-thousandths of the window, each step rounded down. */
function rescaleCount(count: number, old: Attributes, next: Attributes): number {
  const bp = Math.floor((count * 10000) / samplesPerAggregation(old));
  return Math.floor((bp * samplesPerAggregation(next)) / 10000);
}

/** Factor in ten-thousandths, 5000 to 20000, by which intervals change for the observed access. */
export function intervalsFactor(context: Context): number {
  const raw = Math.floor(nextInput(100_000_000, intervalsScore(context)) / 10_000);
  return raw <= 10_000 ? 5_000 + Math.floor(raw / 2) : raw;
}

function intervalsScore(context: Context): number {
  let possible = 0;
  let observed = 0;
  for (const { regions } of context.targets) {
    for (let index = 0; index < regions.count; index++) {
      const size = regions.size(index);
      possible += size * context.attributes.samplesPerAggregation;
      observed += size * regions.accesses[index];
    }
  }
  const aim = Math.max(1, Math.floor((possible * context.attributes.goal.accessBp) / 10_000));
  return Math.floor((observed * 10_000) / aim);
}

/** Sets tuned intervals. Returns whether anything changed. */
export function tuneIntervals(context: Context): boolean {
  const factor = intervalsFactor(context);
  if (factor === 10_000) return false;
  const { attributes } = context;
  const { leastSampleUs, mostSampleUs } = attributes.goal;
  const wanted = Math.floor((attributes.sampleUs * factor) / 10_000);
  const sampleUs = Math.max(leastSampleUs, Math.min(mostSampleUs, wanted));
  const aggregationUs = sampleUs * attributes.samplesPerAggregation;
  const next = { ...attributes, sampleUs, aggregationUs };
  if (checkAttributes(next).ok) setAttributes(context, next);
  return true;
}

/** floor(value × numerator / denominator) without the product's size (mult_frac()). */
export function scaled(value: number, numerator: number, denominator: number): number {
  const whole = Math.floor(value / denominator);
  return whole * numerator + Math.floor(((value - whole * denominator) * numerator) / denominator);
}

const GOAL = 10_000;
const LEAST_INPUT = 10_000;
/** ULONG_MAX, as near as a double comes. */
export const UNLIMITED = 2 ** 64;

/** Feedback loop (damon_feed_loop_next_input()): the input that should bring a score to 10 000. */
export function nextInput(lastInput: number, score: number): number {
  if (score === GOAL) return lastInput;
  if (score >= GOAL * 2) return LEAST_INPUT;
  const distance = Math.abs(score - GOAL);
  const compensation =
    lastInput < UNLIMITED / distance
      ? Math.floor((lastInput * distance) / GOAL)
      : Math.floor(lastInput / GOAL) * distance;
  if (score > GOAL) return Math.max(lastInput - compensation, LEAST_INPUT);
  return Math.min(lastInput + compensation, UNLIMITED);
}

/** The count that schemes see between aggregations: the present window topped up with a share of the last one. */
export function movingAccesses(context: Context, list: RegionList, index: number): number {
  if (context.behaviour.storesMovingSum) return Math.floor(list.movingBp[index] / 10_000);
  return movingSum(list.accesses[index], list.lastAccesses[index], leftWindowBp(context));
}

/** One sample of a region (damon_update_region_access_rate()). Returns the count so far. */
export function countAccess(context: Context, list: RegionList, index: number, accessed: number): number {
  if (context.behaviour.storesMovingSum) addToMovingSum(context, list, index, accessed);
  list.accesses[index] += accessed;
  return list.accesses[index];
}

/** The assumed past value of this place in the window goes, the new one comes; the sum is 32 bits wide. */
function addToMovingSum(
  { attributes }: Context,
  { movingBp, lastAccesses }: RegionList,
  index: number,
  accessed: number,
): void {
  const window = attributes.sampleUs === 0 ? 1 : samplesPerAggregation(attributes);
  movingBp[index] += accessed * 10_000 - Math.floor((lastAccesses[index] * 10_000) / window);
}

/** Ten-thousandths of the aggregation window that are still to come. */
export function leftWindowBp(context: Context): number {
  const left = Math.max(0, context.nextAggregation - context.passed);
  return Math.floor((left * 10_000) / Math.max(1, samplesPerAggregation(context.attributes)));
}

/** Returns the access count of a region within an aggregation, `leftBp` basis points before its end. */
export function movingSum(current: number, last: number, leftBp: number): number {
  return leftBp === 10_000 ? last : current + Math.floor((last * leftBp) / 10_000);
}
