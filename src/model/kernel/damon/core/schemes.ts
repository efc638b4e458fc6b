/** One pass of the schemes over the regions (mm/damon/core.c kdamond_apply_schemes(), damos_apply_scheme()). */
import { movingAccesses } from './attributes.js';
import { type Context, type Scheme, scheduleScheme, type Target } from './context.js';
import { isFilteredOut } from './core-filters.js';
import type { MonitoredMemory } from './monitored-memory.js';
import type { Applied, Operations } from './operations.js';
import { matchesPattern } from './pattern.js';
import {
  adjustQuota,
  behindCharged,
  charge,
  forgetResume,
  isQuotaFull,
  isQuotaSet,
  TICK_NS,
  ticksAt,
} from './quotas.js';
import { alignDown, sizeLimit } from './region-dynamics.js';
import type { RegionList } from './region-list.js';
import { schemeScore } from './scores.js';

/** Who is told what a pass does: trace events and the walk of tried regions. */
export interface SchemeWatcher {
  /** Just before the action. `accesses` is the moving sum, the age the one before any reset. */
  beforeApply(scheme: number, target: number, regions: RegionList, index: number, accesses: number): void;
  /** The action was tried; the region still has its age. */
  tried(scheme: Scheme, regions: RegionList, index: number, accesses: number, passed: number): void;
  /** A due scheme has finished its pass. */
  passed(scheme: Scheme): void;
  effectiveChanged(scheme: Scheme): void;
}

/** Everything that one pass works with. */
export interface SchemePass {
  readonly context: Context;
  readonly memory: MonitoredMemory;
  readonly operations: Operations;
  readonly watcher: SchemeWatcher;
  /** Virtual time as the thread sees it: moves with every action. */
  readonly time: { ns: number };
}

/** Applies every due scheme to every region of every valid target. */
export function applySchemes(pass: SchemePass): void {
  const { context, operations } = pass;
  const due = context.schemes.filter((scheme) => isDue(context, scheme));
  const running = due.filter((scheme) => scheme.active);
  if (running.length === 0) return;
  for (const scheme of running) adjustQuota(context, scheme, pass.memory, pass.watcher);
  const limit = sizeLimit(
    context.targets.map((target) => target.regions),
    context.attributes.leastRegions,
    context.leastRegion,
  );
  for (const target of context.targets) {
    if (!context.behaviour.lateQuotas && operations.isValid?.(target) === false) {
      forgetTarget(context, target);
    } else applyToTarget(pass, target, limit);
  }
  for (const scheme of due) finish(pass, scheme);
}

const isDue = (context: Context, scheme: Scheme): boolean => context.passed >= scheme.nextApply;

function finish({ context, watcher }: SchemePass, scheme: Scheme): void {
  scheduleScheme(context, scheme);
  scheme.lastFolio = -1;
  scheme.drained = false;
  scheme.outOfMemory = undefined;
  watcher.passed(scheme);
}

/** Drops a target from every quota that would go on in it. */
export function forgetTarget(context: Context, target: Target): void {
  for (const { quota } of context.schemes) if (quota.resumeTarget === target) forgetResume(quota);
}

/**
 * Visits the regions in address order. Cuts put pieces right behind the region at hand, which are visited next;
 * until 6.12 the walk had fetched its successor already, so that such pieces wait for the next pass.
 */
function applyToTarget(pass: SchemePass, target: Target, limit: number): void {
  const { regions } = target;
  for (let index = 0; index < regions.count; index++) {
    const before = regions.count;
    applyToRegion(pass, target, index);
    const { visitsCutPieces, gluesAfterSchemes } = pass.context.behaviour;
    if (!visitsCutPieces) index += regions.count - before;
    else if (gluesAfterSchemes && index > 0 && canGlue(regions, index, limit)) {
      regions.end[index - 1] = regions.end[index];
      regions.remove(index--);
    }
  }
}

function canGlue(regions: RegionList, index: number, limit: number): boolean {
  const left = index - 1;
  return (
    regions.end[left] === regions.start[index] &&
    regions.age[left] === regions.age[index] &&
    regions.lastAccesses[left] === regions.lastAccesses[index] &&
    regions.accesses[left] === regions.accesses[index] &&
    regions.end[index] - regions.start[left] <= limit
  );
}

/** All schemes on one region, in their order: cuts and age resets of one are seen by the next. */
function applyToRegion(pass: SchemePass, target: Target, region: number): void {
  const { context } = pass;
  let index = region;
  for (const scheme of context.schemes) {
    if (!isDue(context, scheme) || !scheme.active) continue;
    if (isQuotaFull(context, scheme.quota)) continue;
    const place = behindCharged(context, target, index, scheme.quota);
    if (place === undefined) continue;
    index = place;
    const { mostSnapshots } = scheme.parameters;
    if (mostSnapshots > 0 && scheme.statistics.snapshots >= mostSnapshots) continue;
    if (isWanted(context, target, index, scheme)) tryScheme(pass, target, index, scheme);
    if (index === target.regions.count - 1) scheme.statistics.snapshots++;
  }
}

function isWanted(context: Context, target: Target, index: number, scheme: Scheme): boolean {
  const { regions } = target;
  const accesses = movingAccesses(context, regions, index);
  if (!matchesPattern(scheme.parameters.pattern, regions, index, accesses)) return false;
  if (!isQuotaSet(context, scheme.quota)) return true;
  return schemeScore(context, target, index, scheme) >= scheme.quota.leastScore;
}

function tryScheme(pass: SchemePass, target: Target, index: number, scheme: Scheme): void {
  const { context } = pass;
  const { regions } = target;
  const accesses = movingAccesses(context, regions, index);
  if (!fitsQuota(context, regions, index, scheme)) {
    count(scheme, 0, 0, 0);
    return;
  }
  const unfiltered = regions.size(index);
  if (isFilteredOut(context, target, index, scheme)) return;
  const { lateQuotas } = context.behaviour;
  const { applied, passed } = act(pass, target, index, scheme, accesses);
  const size = lateQuotas ? unfiltered : regions.size(index);
  pass.watcher.tried(scheme, regions, index, accesses, passed);
  charge(scheme.quota, size, applied);
  if (isQuotaFull(context, scheme.quota)) {
    scheme.quota.resumeTarget = target;
    scheme.quota.resumeAddress = regions.end[index] + (lateQuotas ? 1 : 0);
  }
  if (scheme.parameters.action !== 'stat') regions.age[index] = 0;
  count(scheme, size, applied, passed);
}

/** Cuts the region to what the quota leaves. False when not even a minimum region is left, or no memory to cut. */
function fitsQuota(context: Context, regions: RegionList, index: number, scheme: Scheme): boolean {
  const { quota } = scheme;
  if (!isQuotaSet(context, quota) || quota.charged + regions.size(index) <= quota.effective) return true;
  const rest = alignDown(quota.effective - quota.charged, context.leastRegion);
  return rest > 0 && regions.splitAt(index, rest);
}

function act(pass: SchemePass, target: Target, index: number, scheme: Scheme, accesses: number): Applied {
  const { context, memory, watcher } = pass;
  const place = context.schemes.indexOf(scheme);
  watcher.beforeApply(place, context.targets.indexOf(target), target.regions, index, accesses);
  const outcome = pass.operations.apply(context, target, index, scheme);
  const from = pass.time.ns;
  pass.time.ns += memory.takeActionNs();
  scheme.quota.totalChargedNs += coarseNs(from, pass.time.ns);
  return outcome;
}

/** Quota time is read from a clock that moves by ticks, so short actions mostly count as nothing. */
function coarseNs(from: number, to: number): number {
  return (ticksAt(to) - ticksAt(from)) * TICK_NS;
}

function count(scheme: Scheme, tried: number, applied: number, passed: number): void {
  const { statistics } = scheme;
  statistics.tried++;
  statistics.triedBytes += tried;
  if (applied > 0) statistics.applied++;
  statistics.appliedBytes += applied;
  statistics.passedBytes += passed;
}
