/** The end of an aggregation: ages, merges and cuts of regions, tuned intervals (mm/damon/core.c kdamond_fn()). */
import { tuneIntervals } from './attributes.js';
import { atLeastOne, type Context, probeWeights } from './context.js';
import { chopOversized, mergeAll, type SplitMemory, sizeLimit, splitAll } from './region-dynamics.js';
import type { RegionList } from './region-list.js';
import type { Tausworthe } from './tausworthe.js';

const listsOf = (context: Context): RegionList[] => context.targets.map((target) => target.regions);

/** The size that merged regions may have; where the kernel does so, larger ones are cut to it. */
export function limitRegions(context: Context): number {
  const { attributes, leastRegion, behaviour } = context;
  if (behaviour.enforcesMinimum) {
    return chopOversized(listsOf(context), attributes.leastRegions, leastRegion);
  }
  return sizeLimit(listsOf(context), attributes.leastRegions, leastRegion);
}

/** Ages regions and merges neighbours that are alike; `largest` is the largest count or weighted sum of any. */
export function mergeRegions(context: Context, largest: number, limit: number): void {
  const { attributes, behaviour } = context;
  const limits = {
    size: limit,
    regions: attributes.mostRegions,
    samples: Math.floor(attributes.aggregationUs / atLeastOne(attributes.sampleUs)),
  };
  const score = { weights: probeWeights(context) };
  mergeAll(listsOf(context), Math.floor(largest / 10), limits, score, behaviour);
}

/** Tunes the intervals if that is due. Returns whether they changed. */
export function tuneIfDue(context: Context, latchedAggregation: number): boolean {
  const { goal, samplesPerAggregation } = context.attributes;
  if (goal.aggregations === 0 || context.passed < context.nextTune) return false;
  context.nextAggregation = latchedAggregation;
  context.nextTune += samplesPerAggregation * goal.aggregations;
  return tuneIntervals(context);
}

/** Present counts become the last ones, and regions are split for the next aggregation. */
export function startNextAggregation(context: Context, memory: SplitMemory, random: Tausworthe): void {
  const lists = listsOf(context);
  for (const list of lists) list.closeAggregation();
  const limits = { mostRegions: context.attributes.mostRegions, minimumSize: context.leastRegion };
  splitAll(lists, limits, memory, random, context.behaviour);
}
