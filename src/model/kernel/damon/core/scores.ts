/** Priority of a region for a scheme under a quota, 0 to 99 (mm/damon/ops-common.c, vaddr.c, paddr.c). */
import { movingAccesses } from './attributes.js';
import { type Context, type Scheme, samplesPerAggregation, type Target } from './context.js';
import type { ActionName } from './generations.js';

/** Largest priority (DAMOS_MAX_SCORE). */
export const MOST_SCORE = 99;
const MOST_SUBSCORE = 100;
const MOST_AGE_LOG = 32;

type Priority = 'hot' | 'cold';

/** Actions that rank regions; every other action scores MOST_SCORE for all. */
const RANKED: Readonly<Record<'virtual' | 'physical', Partial<Record<ActionName, Priority>>>> = {
  virtual: { pageout: 'cold', split: 'cold', migrate_hot: 'hot', migrate_cold: 'cold' },
  physical: {
    pageout: 'cold',
    split: 'cold',
    lru_prio: 'hot',
    lru_deprio: 'cold',
    migrate_hot: 'hot',
    migrate_cold: 'cold',
  },
};

/** Returns the priority of a region, hot or cold first as the action wants it. */
export function schemeScore(context: Context, target: Target, index: number, scheme: Scheme): number {
  const space = context.operations === 'paddr' ? 'physical' : 'virtual';
  const priority = RANKED[space][scheme.parameters.action];
  if (priority === undefined) return MOST_SCORE;
  const hot = hotScore(context, target, index, scheme);
  return priority === 'hot' ? hot : MOST_SCORE - hot;
}

/** Weighted mean of access frequency and the logarithm of age; idle regions count the colder the older. */
export function hotScore(context: Context, target: Target, index: number, scheme: Scheme): number {
  const { regions } = target;
  const accesses = context.behaviour.lateQuotas
    ? regions.accesses[index]
    : movingAccesses(context, regions, index);
  const samples = Math.max(1, samplesPerAggregation(context.attributes));
  const frequency = Math.floor((accesses * MOST_SUBSCORE) / samples);
  const age = ageSubscore(context, target.regions.age[index], frequency === 0);
  const { weightAccesses, weightAge } = scheme.quota.parameters;
  const weights = weightAccesses + weightAge;
  const weighted = weightAccesses * frequency + weightAge * age;
  const mean = weights === 0 ? weighted : Math.trunc(weighted / weights);
  return Math.max(0, Math.min(MOST_SCORE, Math.trunc((mean * MOST_SCORE) / MOST_SUBSCORE)));
}

function ageSubscore(context: Context, age: number, idle: boolean): number {
  const seconds = Math.floor((age * context.attributes.aggregationUs) / 1_000_000);
  const log = seconds === 0 ? 0 : Math.min(Math.floor(Math.log2(seconds)) + 1, MOST_AGE_LOG);
  return Math.trunc((((idle ? -log : log) + MOST_AGE_LOG) * MOST_SUBSCORE) / MOST_AGE_LOG / 2);
}
