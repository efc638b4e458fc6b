/** Size and time quotas with charge windows (mm/damon/core.c damos_adjust_quota(), damos_charge_quota()). */
import { movingAccesses, UNLIMITED } from './attributes.js';
import type { Context, Quota, Scheme, Target } from './context.js';
import { isFilteredOut } from './core-filters.js';
import { tunedQuotaBp } from './goals.js';
import type { MonitoredMemory } from './monitored-memory.js';
import { matchesPattern } from './pattern.js';
import { alignDown } from './region-dynamics.js';
import { MOST_SCORE, schemeScore } from './scores.js';

/** Ticks per second of the modelled kernels (CONFIG_HZ=250); charge windows are counted in them. */
export const TICKS_PER_SECOND = 250;
export const TICK_NS = 1e9 / TICKS_PER_SECOND;
/** Before any measurement a time quota assumes this many pages per millisecond. */
const FIRST_PAGES_PER_MS = 1024;

export const ticksAt = (nowNs: number): number => Math.floor(nowNs / TICK_NS);
const ticksOfMs = (ms: number): number => Math.ceil((ms * TICKS_PER_SECOND) / 1000);

export function isQuotaSet({ effective, parameters, goals }: Quota): boolean {
  return effective !== 0 || parameters.bytes !== 0 || parameters.ms !== 0 || goals.length > 0;
}

export function isQuotaFull(context: Context, quota: Quota, restCountsAsFull: boolean): boolean {
  if (!isQuotaSet(quota)) return false;
  if (quota.charged >= quota.effective) return true;
  return restCountsAsFull && quota.effective - quota.charged < context.leastRegion;
}

/** Charges a region: whole, or with a share of what failed where fail_charge is set. */
export function charge(quota: Quota, size: number, applied: number): void {
  const { failNumerator, failDenominator } = quota.parameters;
  const whole = failDenominator === 0 || applied > size;
  quota.charged += whole ? size : applied + Math.floor(((size - applied) * failNumerator) / failDenominator);
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
  restCountsAsFull: boolean,
  watcher: QuotaWatcher,
): void {
  const { quota } = scheme;
  if (!isQuotaSet(quota)) return;
  const now = ticksAt(memory.nowNs());
  if (quota.totalCharged === 0 && quota.chargedFromJiffies === 0) {
    quota.chargedFromJiffies = now;
    setEffective(context, scheme, memory);
    watcher.effectiveChanged(scheme);
  }
  if (now >= quota.chargedFromJiffies + ticksOfMs(quota.parameters.resetMs)) {
    openWindow(context, scheme, memory, restCountsAsFull, now, watcher);
  }
  quota.leastScore = leastEligibleScore(context, scheme);
}

function openWindow(
  context: Context,
  scheme: Scheme,
  memory: MonitoredMemory,
  restCountsAsFull: boolean,
  now: number,
  watcher: QuotaWatcher,
): void {
  const { quota } = scheme;
  if (isQuotaFull(context, quota, restCountsAsFull)) scheme.statistics.quotaExceeds++;
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
      : Math.floor((quota.totalCharged * 1_000_000) / quota.totalChargedNs);
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
    if (isFilteredOut(context, target, index, scheme)) continue;
    const score = schemeScore(context, target, index, scheme);
    bytesByScore[score] += regions.size(index);
    highest = Math.max(highest, score);
  }
  return highest;
}

/**
 * Whether the region was charged in the window before, so that this one starts behind it. Cuts a region that the
 * resume point lies in. The memory is forgotten when the target's last region has been looked at.
 */
export function skipsCharged(context: Context, target: Target, index: number, quota: Quota): boolean {
  if (quota.resumeTarget === undefined) return false;
  if (target !== quota.resumeTarget) return true;
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

export function forgetResume(quota: Quota): void {
  quota.resumeTarget = undefined;
  quota.resumeAddress = 0;
}
