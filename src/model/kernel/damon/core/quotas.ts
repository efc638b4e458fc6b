/** Size and time quotas with charge windows (mm/damon/core.c damos_adjust_quota(), damos_charge_quota()). */
import { movingAccesses, scaled, UNLIMITED } from './attributes.js';
import type { Context, Quota, Scheme, Target } from './context.js';
import { isFilteredOut } from './core-filters.js';
import { tunedQuotaBp } from './goals.js';
import type { MonitoredMemory } from './monitored-memory.js';
import { matchesPattern } from './pattern.js';
import { alignDown } from './region-dynamics.js';
import { MOST_SCORE, schemeScore } from './scores.js';

/** Ticks per second of the modelled kernels (CONFIG_HZ=250); charge windows are counted in them. */
export const TICKS_PER_SECOND = 250;
/** Nanoseconds of a jiffy. */
export const TICK_NS = 1e9 / TICKS_PER_SECOND;
/** Ticks that the kernel's counter shows at boot: it is set to overflow 32 bits after five minutes. */
const FIRST_JIFFIES = 2 ** 32 - 300 * TICKS_PER_SECOND;
/** Before any measurement a time quota assumes this many pages per millisecond. */
const FIRST_PAGES_PER_MS = 1024;

/** Returns the jiffies at a time. */
export const ticksAt = (nowNs: number): number => Math.floor(nowNs / TICK_NS);
const jiffiesAt = (nowNs: number): number => FIRST_JIFFIES + ticksAt(nowNs);
const ticksOfMs = (ms: number): number => Math.ceil((ms * TICKS_PER_SECOND) / 1000);

/** Whether anything is limited at all. */
const isWanted = ({ parameters, goals }: Quota): boolean =>
  parameters.bytes !== 0 || parameters.ms !== 0 || goals.length > 0;

/** Whether the quota is in force now. */
export function isQuotaSet({ behaviour }: Context, quota: Quota): boolean {
  return quota.effective !== 0 || (!behaviour.lateQuotas && isWanted(quota));
}

/** Whether the scheme must wait for the next charge window. */
export function isQuotaFull(context: Context, quota: Quota): boolean {
  if (!isQuotaSet(context, quota)) return false;
  if (quota.charged >= quota.effective) return true;
  return context.behaviour.restBelowRegionIsFull && quota.effective - quota.charged < context.leastRegion;
}

/** Charges a region: whole, or with a share of what failed where fail_charge is set. */
export function charge(quota: Quota, size: number, applied: number): void {
  const { failNumerator, failDenominator } = quota.parameters;
  const whole = failDenominator === 0 || applied > size;
  quota.charged += whole ? size : applied + scaled(size - applied, failNumerator, failDenominator);
}

/** What adjustQuota tells the trace events. */
export interface QuotaWatcher {
  effectiveChanged(scheme: Scheme): void;
}

/** Opens a new charge window when it is due, recomputes the effective quota and the score that regions need. */
export function adjustQuota(
  context: Context,
  scheme: Scheme,
  memory: MonitoredMemory,
  watcher: QuotaWatcher,
): void {
  const { quota } = scheme;
  const { lateQuotas } = context.behaviour;
  if (lateQuotas ? !isWanted(quota) : !isQuotaSet(context, quota)) return;
  const now = jiffiesAt(memory.nowNs());
  if (quota.totalCharged === 0 && quota.chargedFromJiffies === 0) {
    quota.chargedFromJiffies = now;
    if (!lateQuotas) {
      setEffective(context, scheme, memory);
      watcher.effectiveChanged(scheme);
    }
  }
  if (now >= quota.chargedFromJiffies + ticksOfMs(quota.parameters.resetMs)) {
    openWindow(context, scheme, memory, now, watcher);
  }
  quota.leastScore = leastEligibleScore(context, scheme);
}

function openWindow(
  context: Context,
  scheme: Scheme,
  memory: MonitoredMemory,
  now: number,
  watcher: QuotaWatcher,
): void {
  const { quota } = scheme;
  if (isQuotaFull(context, quota)) scheme.statistics.quotaExceeds++;
  quota.totalCharged += quota.charged;
  quota.chargedFromJiffies = now;
  quota.charged = 0;
  const before = quota.effective;
  setEffective(context, scheme, memory);
  if (quota.effective !== before) watcher.effectiveChanged(scheme);
}

/** The least of what bytes, time and goals allow. */
export function setEffective(context: Context, scheme: Scheme, memory: MonitoredMemory): void {
  const { quota } = scheme;
  const { ms, bytes } = quota.parameters;
  if (ms === 0 && quota.goals.length === 0) {
    quota.effective = bytes;
    return;
  }
  let effective = UNLIMITED;
  if (quota.goals.length > 0) {
    quota.tunedBp = tunedQuotaBp(context, scheme, memory);
    effective = Math.floor(quota.tunedBp / 10_000);
  }
  if (ms > 0) effective = Math.min(effective, timeQuota(context, quota, memory));
  if (bytes > 0) effective = Math.min(effective, bytes);
  quota.effective = effective;
}

function timeQuota(context: Context, quota: Quota, memory: MonitoredMemory): number {
  const perMs =
    quota.totalChargedNs === 0
      ? memory.geometry.pageBytes * FIRST_PAGES_PER_MS
      : scaled(quota.totalCharged, 1_000_000, quota.totalChargedNs);
  return Math.max(perMs * quota.parameters.ms, context.leastRegion);
}

const bytesByScore = new Float64Array(MOST_SCORE + 1);

/** Regions are taken from the highest score down until the quota is covered; that score is the least that fits. */
function leastEligibleScore(context: Context, scheme: Scheme): number {
  bytesByScore.fill(0);
  let highest = 0;
  for (const target of context.targets) {
    highest = Math.max(highest, addScores(context, scheme, target));
  }
  let cumulated = 0;
  for (let score = highest; ; score--) {
    cumulated += bytesByScore[score];
    if (cumulated >= scheme.quota.effective || score === 0) return score;
  }
}

function addScores(context: Context, scheme: Scheme, target: Target): number {
  const { regions } = target;
  let highest = 0;
  for (let index = 0; index < regions.count; index++) {
    const accesses = movingAccesses(context, regions, index);
    if (!matchesPattern(scheme.parameters.pattern, regions, index, accesses)) continue;
    if (!context.behaviour.lateQuotas && isFilteredOut(context, target, index, scheme)) continue;
    const score = schemeScore(context, target, index, scheme);
    bytesByScore[score] += regions.size(index);
    highest = Math.max(highest, score);
  }
  return highest;
}

/**
 * Whether the region was charged in the window before, so that this one starts behind it. Cuts a region that the
 * resume point lies in. The memory is forgotten when the target's last region has been looked at.
 *
 * Returns the region to go on with, undefined to skip. That is the one asked for, but in kernels with late quotas
 * the piece behind a cut.
 */
export function behindCharged(
  context: Context,
  target: Target,
  index: number,
  quota: Quota,
): number | undefined {
  if (quota.resumeTarget === undefined) return index;
  if (target !== quota.resumeTarget) return undefined;
  if (context.behaviour.lateQuotas) return behindResume(context, target, index, quota);
  return skipsCharged(context, target, index, quota) ? undefined : index;
}

/** The memory is forgotten with the first region that is not charged yet, or the last one, which is skipped. */
function behindResume(context: Context, target: Target, index: number, quota: Quota): number | undefined {
  const { regions } = target;
  const address = quota.resumeAddress;
  const isLast = index === regions.count - 1;
  if (!isLast && regions.end[index] <= address) return undefined;
  let place: number | undefined = isLast ? undefined : index;
  if (!isLast && regions.start[index] < address) {
    const cut = alignDown(address - regions.start[index], context.leastRegion) || context.leastRegion;
    if (regions.size(index) <= context.leastRegion) return undefined;
    place = regions.splitAt(index, cut) ? index + 1 : index;
  }
  forgetResume(quota);
  return place;
}

function skipsCharged(context: Context, target: Target, index: number, quota: Quota): boolean {
  const skip = quota.resumeAddress !== 0 && isBehindResume(context, target, index, quota);
  if (index === target.regions.count - 1) forgetResume(quota);
  return skip;
}

function isBehindResume(context: Context, target: Target, index: number, quota: Quota): boolean {
  const { regions } = target;
  if (regions.end[index] <= quota.resumeAddress) return true;
  if (regions.start[index] >= quota.resumeAddress) return false;
  const { leastRegion } = context;
  let cut = alignDown(quota.resumeAddress - regions.start[index], leastRegion);
  if (cut === 0) {
    if (regions.size(index) <= leastRegion) return true;
    cut = leastRegion;
  }
  regions.splitAt(index, cut);
  return true;
}

/** Begins the next window at the first region in place of where the last one ended. */
export function forgetResume(quota: Quota): void {
  quota.resumeTarget = undefined;
  quota.resumeAddress = 0;
}
