/**
 * Taking a context's parameters into a running one (mm/damon/core.c damon_commit_ctx()). The commit is checked
 * first and only then carried out, which is what the kernel's rehearsal on a clone is for.
 */
import { failure, type Result, success } from '../../../../base/result.js';
import type { ErrnoName } from '../../../../vocabulary/errno.js';
import { checkAttributes, sameAttributes, setAttributes } from './attributes.js';
import {
  type Context,
  type Goal,
  newQuota,
  newScheme,
  probeWeights,
  type Quota,
  type Scheme,
  samplesPerAggregation,
  scheduleScheme,
  type Target,
} from './context.js';
import { setDefaults } from './core-filters.js';
import { type AddressRange, fitRegions } from './range-fitting.js';
import { RegionList } from './region-list.js';
import { forgetTarget } from './schemes.js';

type Outcome = Result<void, ErrnoName>;
const EINVAL: Outcome = failure('EINVAL');
const DONE: Outcome = success(undefined);

/** What `on` checks with a commit into an empty context. */
export function checkStart(context: Context): Outcome {
  if (context.targets.some((target) => target.obsolete)) return EINVAL;
  return checkParameters(context);
}

/** Commits `from` into the running `into`. On refusal `into` is untouched. */
export function commitContext(into: Context, from: Context): Outcome {
  const checked = checkCommit(into, from);
  if (!checked.ok) return checked;
  commitSchemes(into, from);
  commitTargets(into, from);
  if (into.behaviour.commitsRestart || !sameAttributes(into.attributes, from.attributes)) {
    setAttributes(into, from.attributes);
  }
  into.paused = from.paused;
  into.operations = from.operations;
  into.probes = [...from.probes];
  into.addressUnit = from.addressUnit;
  into.leastRegion = from.leastRegion;
  return DONE;
}

function checkCommit(into: Context, from: Context): Outcome {
  const parameters = checkParameters(from);
  if (!parameters.ok) return parameters;
  if (from.targets.slice(into.targets.length).some((target) => target.obsolete)) return EINVAL;
  return checkAttributes(from.attributes);
}

function checkParameters(context: Context): Outcome {
  if (!isPowerOfTwo(context.leastRegion)) return EINVAL;
  const goals = context.schemes.flatMap((scheme) => scheme.quota.goals);
  const needsPhysical = goals.some((goal) => goal.metric === 'node_eligible_mem_bp');
  if (needsPhysical && context.operations !== 'paddr') return EINVAL;
  if (!hasValidProbes(context) || !context.schemes.every(hasValidOrder)) return EINVAL;
  return DONE;
}

const isPowerOfTwo = (value: number): boolean => value > 0 && Math.log2(value) % 1 === 0;

const MOST_HITS = 255;
const MOST_SUM = 2 ** 32 - 1;

/** Hits are counted in 8 bits and their weighted sum in 32. */
function hasValidProbes(context: Context): boolean {
  const weights = probeWeights(context);
  if (weights.length === 0) return true;
  const samples = samplesPerAggregation(context.attributes);
  if (samples > MOST_HITS) return false;
  return weights.reduce((sum, weight) => sum + weight * samples, 0) <= MOST_SUM;
}

/** A PMD-sized folio can only be split into something smaller; anonymous folios of order 1 do not exist. */
function hasValidOrder({ parameters }: Scheme): boolean {
  const { action, targetOrder } = parameters;
  if (action === 'collapse') return targetOrder !== 1;
  if (action === 'split') return targetOrder !== 1 && targetOrder < 9;
  return true;
}

/** By index: parameters are replaced; statistics, charge window and tuned quota stay. */
function commitSchemes(into: Context, from: Context): void {
  into.schemes.length = Math.min(into.schemes.length, from.schemes.length);
  from.schemes.forEach((source, index) => {
    const known = into.schemes[index];
    const scheme = known ?? newScheme(source.parameters, newQuota(source.quota.parameters, []));
    scheme.parameters = source.parameters;
    if (known === undefined) {
      scheduleScheme(into, scheme);
      into.schemes.push(scheme);
    }
    scheme.active = true;
    commitQuota(scheme.quota, source.quota);
    setDefaults(scheme);
  });
}

function commitQuota(into: Quota, from: Quota): void {
  into.parameters = from.parameters;
  commitGoals(into, from.goals);
}

/** By index. A user_input goal takes the value given; the pressure metric starts anew. */
export function commitGoals(into: Quota, from: readonly Goal[]): void {
  into.goals = from.map((source, index) => ({
    ...source,
    current: source.metric === 'user_input' ? source.current : (into.goals[index]?.current ?? 0),
    lastPressureUs: undefined,
  }));
}

/** By index: obsolete and missing ones go, surplus ones are appended. */
function commitTargets(into: Context, from: Context): void {
  const kept: Target[] = [];
  into.targets.forEach((target, index) => {
    const source = from.targets[index];
    if (source === undefined || source.obsolete) forgetTarget(into, target);
    else kept.push(commitTarget(target, source, from.leastRegion));
  });
  for (const source of from.targets.slice(into.targets.length)) {
    const fresh: Target = { space: source.space, regions: new RegionList(), obsolete: false };
    kept.push(commitTarget(fresh, source, from.leastRegion));
  }
  into.targets = kept;
}

/** The process is swapped; monitoring results stay unless the source has regions. */
function commitTarget(target: Target, source: Target, granule: number): Target {
  target.space = source.space;
  if (source.regions.count > 0) fitRegions(target.regions, contiguousRanges(source.regions), granule, true);
  return target;
}

function contiguousRanges(list: RegionList): AddressRange[] {
  const ranges: { start: number; end: number }[] = [];
  for (let index = 0; index < list.count; index++) {
    const last = ranges.at(-1);
    if (last?.end === list.start[index]) last.end = list.end[index];
    else ranges.push({ start: list.start[index], end: list.end[index] });
  }
  return ranges;
}
